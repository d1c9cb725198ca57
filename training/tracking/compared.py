"""The figures by which runs are compared in MLflow, named so that what matters comes first.

An evaluation holds thousands of figures, which stay in metrics.json, report.json and the tables
beside them. MLflow's metrics are these alone, for the model and for persistence:

    infection/01_auroc                 infection/01_auroc_persistence
    infection/01_auroc_low             infection/01_auroc_gain
    infection/01_auroc_high            infection/01_auroc_gain_low, infection/01_auroc_gain_high
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from features.outcomes import Outcome
from training.judging.alarms.decisions import THRESHOLDS
from training.judging.rows.metrics import FIRST_BASELINE, MAIN_MODEL

Judgement = Mapping[str, Any]
"""`models` by scorer and `differences` of the model to each, with figures by name."""

PAIR = ("", "_persistence")
INTERVAL = (*PAIR, "_low", "_high")
GAIN = (*INTERVAL, "_gain", "_gain_low", "_gain_high")
"""What of a figure is logged: the model's and persistence's, the model's 95 % interval, and how
much more the model has than persistence, with the interval of that."""

COUNTS = ("events", "patients_with_event", "patients", "rows")


class Of(StrEnum):
    """What a figure judges."""

    ROWS = "rows"
    EVENTS = "events"  # alarms at the main budget
    UTILITY = "utility"  # of the PhysioNet 2019 challenge


@dataclass(frozen=True)
class Compared:
    """One figure: its name in MLflow, what it judges, its name there, and what of it is logged."""

    name: str
    of: str
    figure: str
    parts: tuple[str, ...]


COMPARED = (
    Compared("01_auroc", Of.ROWS, "auroc", GAIN),
    Compared("02_auprc", Of.ROWS, "auprc", GAIN),
    Compared("03_sensitivity_at_budget", Of.ROWS, "sensitivity_at_budget", GAIN),
    Compared("04_ppv_at_budget", Of.ROWS, "ppv_at_budget", PAIR),
    Compared("05_events_found", Of.EVENTS, "found", GAIN),
    Compared("06_lead_median_hours", Of.EVENTS, "lead_median", PAIR),
    Compared("07_alarms_per_event_found", Of.EVENTS, "alarms_per_found", PAIR),
    Compared("08_scaled_brier", Of.ROWS, "scaled_brier", GAIN),
    Compared("09_brier", Of.ROWS, "brier", PAIR),
    Compared("10_calibration_slope", Of.ROWS, "calibration_slope", INTERVAL),
    Compared("11_calibration_intercept", Of.ROWS, "calibration_intercept", PAIR),
    Compared("12_observed_to_expected", Of.ROWS, "observed_to_expected", INTERVAL),
    Compared("13_ici", Of.ROWS, "ici", PAIR),
    *(Compared(f"14_net_benefit_at_{at:.2f}", f"{at:g}", "net_benefit", PAIR) for at in THRESHOLDS),
    Compared("15_challenge_utility", Of.UTILITY, "utility", GAIN),
)
"""At most 141 figures of two outcomes with their counts. What is gained is better when it is more,
of every figure whose gain is logged."""


def compared_figures(evaluation: Mapping[str, Any]) -> dict[str, float]:
    """The defined ones of `COMPARED` by outcome, and the counts that they rest on.

    `infection/01_auroc`, ..., `infection/90_events`; lead times in hours.
    """
    found: dict[str, float] = {}
    for outcome, judged in evaluation["outcomes"].items():
        judgements = _judgements(evaluation, outcome, judged)
        for row in COMPARED:
            for part, value in _parts(judgements.get(row.of) or {}, row.figure):
                if part in row.parts and value is not None:
                    found[f"{outcome}/{row.name}{part}"] = float(value)
        counts = enumerate((name, judged["counts"].get(name)) for name in COUNTS)
        found |= {
            f"{outcome}/{90 + place}_{name}": float(count)
            for place, (name, count) in counts
            if count is not None
        }
    return found


def _judgements(
    evaluation: Mapping[str, Any], outcome: str, judged: Mapping[str, Any]
) -> dict[str, Judgement]:
    """Each judgement of an outcome in the same shape; decisions by their threshold."""
    rows = {
        "models": {name: one["metrics"] for name, one in judged["models"].items()},
        "differences": judged["differences"],
    }
    budgets = (judged.get("events") or {}).get("budgets") or {}
    found: dict[str, Judgement] = {Of.ROWS: rows, Of.EVENTS: next(iter(budgets.values()), {})}
    if outcome == Outcome.INFECTION:
        found[Of.UTILITY] = evaluation.get("challenge_utility_intervals") or {}
    return found | (judged.get("decisions") or {})


def _parts(judgement: Judgement, figure: str) -> Iterator[tuple[str, float | None]]:
    """Every part of one figure with its value; None where it is not defined."""
    models, gaps = judgement.get("models") or {}, judgement.get("differences") or {}
    ours, theirs = (models.get(name, {}).get(figure) for name in (MAIN_MODEL, FIRST_BASELINE))
    gap = gaps.get(FIRST_BASELINE, {}).get(figure)
    for prefix, found in (("", ours), ("_gain", gap)):
        if found is not None:
            yield prefix, found["value"]
            yield from ((f"{prefix}_{end}", found[end]) for end in ("low", "high"))
    if theirs is not None:
        yield "_persistence", theirs["value"]
