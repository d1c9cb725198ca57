"""The learning curve in figures with paired intervals, and from how many patients on it gains."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from training.adaptation.curve import ADAPTED, Judged
from training.adaptation.local import Local
from training.adaptation.ways import SCRATCH, SHIPPED
from training.judging.rows.metrics import FIRST_BASELINE
from training.judging.rows.ranking import Ranking
from training.judging.rows.recalibration import both_classes, error_figures
from training.judging.rows.resampled import FEWEST_EVENT_PATIENTS, percentile_interval
from training.judging.rows.sample import Sample, patient_draws

FIGURES = ("auroc", "auprc", "log_loss")
OPPONENTS = (SHIPPED, SCRATCH, FIRST_BASELINE)
SIGN = {"auroc": 1.0, "auprc": 1.0, "log_loss": -1.0}
"""Whether more of a figure is better."""


def curve_figures(
    local: Local, judged: Sequence[Judged], bootstrap: int, seed: int
) -> list[dict[str, Any]]:
    """One entry a size, as the evaluation holds it.

    `models` has each scorer's figures (means over the repeats), `differences` the adapted model's
    less each opponent's, paired over resampled patients; `chosen` counts the ways taken. Without
    `FEWEST_EVENT_PATIENTS` patients with an event there are no intervals.
    """
    rows = local.judged_part
    draws = patient_draws(
        len(np.unique(rows.patient)),
        bootstrap if local.event_patients >= FEWEST_EVENT_PATIENTS else 0,
        seed,
    )
    return [_entry(rows, one, draws) for one in judged]


def _entry(rows: Local, judged: Judged, draws: np.ndarray) -> dict[str, Any]:
    found = {name: _replicates(rows, risks, draws) for name, risks in judged.risks.items()}
    ours = found[ADAPTED]
    return {
        "patients": judged.size,
        "chosen": dict(judged.chosen),
        "models": {
            name: {key: _ends(values) for key, values in each.items()}
            for name, each in found.items()
        },
        "differences": {
            name: {
                key: _ends(
                    ours[key] - found[name][key],
                    np.array_equal(judged.risks[ADAPTED], judged.risks[name]),
                )
                for key in FIGURES
            }
            for name in OPPONENTS
            if name in found
        },
    }


def _replicates(rows: Local, risks: np.ndarray, draws: np.ndarray) -> dict[str, np.ndarray]:
    """Each figure under each line of `draws`, the mean over the repeats; NaN with one class."""
    runs = [_one_run(Sample.of(rows.label, risk, rows.patient), draws) for risk in risks.T]
    return {key: np.mean([run[key] for run in runs], axis=0) for key in FIGURES}


def _one_run(sample: Sample, draws: np.ndarray) -> dict[str, np.ndarray]:
    areas = Ranking(sample).replicates(draws)
    loss = np.full(len(draws), np.nan)
    usable = both_classes(sample, draws)
    if usable.any():
        loss[usable] = error_figures(sample, draws[usable])["log_loss"]
    return {"auroc": areas[:, 0], "auprc": areas[:, 1], "log_loss": loss}


def _ends(values: np.ndarray, same_risks: bool = False) -> dict[str, float | None]:
    """The first value with the percentile interval of the others; None where not defined."""
    value = float(values[0]) if np.isfinite(values[0]) else None
    low, high = percentile_interval(values[1:], same_risks) or (None, None)
    return {"value": value, "low": low, "high": high}


def sizes_ahead(
    curve: Sequence[Mapping[str, Any]], opponent: str, figure: str, better: bool = True
) -> list[int]:
    """At how many local patients the whole interval says that the adapted model is better than the
    opponent (or worse, with `better` False)."""
    way = SIGN[figure] if better else -SIGN[figure]
    gaps = [(entry["patients"], entry["differences"].get(opponent)) for entry in curve]
    near = "low" if way > 0 else "high"
    return [
        size
        for size, gap in gaps
        if gap is not None and gap[figure][near] is not None and gap[figure][near] * way > 0.0
    ]


def beats_from(curve: Sequence[Mapping[str, Any]], opponent: str, figure: str) -> int | None:
    """From how many local patients on the adapted model is better: there and at every larger size;
    None where that is nowhere so."""
    ahead, first = sizes_ahead(curve, opponent, figure), None
    for size in reversed([entry["patients"] for entry in curve]):
        if size not in ahead:
            return first
        first = size
    return first
