"""Events that compete with an outcome: who reaches what first, and what the label rules do then.

| patient | day | cause |
|---|---|---|
| a | 3.5 | severe_crs |
| b | 9.0 | discharge |
| c | 12.0 | (none: records end) |
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.catalogue.naming import is_measured
from features.matrix import observation_periods
from features.outcomes import Outcome, as_it_was, happenings
from training.judging.rows.metrics import auprc, auroc, brier
from training.judging.rows.sample import Numbers
from training.labels import Fate, Labels, any_within, times_of

DAY = pd.Timedelta(days=1)
DAYS_TOLD = (1, 3, 7, 14, 21, 28)
DEATH, DISCHARGE, NONE = "death", "discharge", ""

RULES = {
    DEATH: "Death within the horizon, without the outcome before it: the row is left out and "
    "counted (censored), for nobody can say what would have followed.",
    DISCHARGE: "Discharge within the horizon, with the records ending there: no event, for the "
    "patient left without it (docs/adr/0003).",
    "other": "The other outcome within the horizon: it ends nothing. Each outcome is labelled by "
    "itself, for a patient with an infection can still come to severe CRS and the other way round.",
}
"""The stated rule of each competing event, in the label's words (`training/labels.py`)."""


COUNTED = {"event_rows": Fate.EVENT, "no_event": Fate.NO_EVENT, "censored": Fate.CENSORED}
"""Under which name the rows of each fate are counted."""


@dataclass(frozen=True)
class Incidence:
    """Cumulative incidence at `day` (rising, from 0): the share of patients by first event.

    `by_cause` has one array a cause; `left` is how many patients are still watched just before
    each day.
    """

    day: Numbers
    by_cause: Mapping[str, Numbers]
    left: NDArray[np.int64]

    def at(self, day: float) -> dict[str, float]:
        """Each cause's incidence by the end of a day."""
        place = int(np.searchsorted(self.day, day, side="right")) - 1
        return {cause: float(found[place]) for cause, found in self.by_cause.items()}


def cumulative_incidence(day: Numbers, cause: NDArray[Any], causes: Sequence[str]) -> Incidence:
    """Aalen and Johansen's estimator (1978, Scand J Stat 5:141), one event a patient at most.

    `day` until the event or the end of the records; `cause` is one of `causes`, or `NONE` where
    the records end first (censored: after the events of the same moment).
    """
    times = np.unique(day[cause != NONE])
    watched = np.array([(day >= time).sum() for time in times], dtype=np.int64)
    happened = {
        name: np.array([((day == time) & (cause == name)).sum() for time in times], dtype=float)
        for name in causes
    }
    free = np.cumprod(1.0 - sum(happened.values(), np.zeros(len(times))) / np.maximum(watched, 1))
    before = np.concatenate([[1.0], free[:-1]])[: len(times)]
    curves = {
        name: np.concatenate([[0.0], np.cumsum(before * count / np.maximum(watched, 1))])
        for name, count in happened.items()
    }
    return Incidence(np.concatenate([[0.0], times]), curves, np.concatenate([[len(day)], watched]))


def first_events(events: pd.DataFrame, outcomes: Sequence[Outcome]) -> pd.DataFrame:
    """What each patient came to first after the start of the course: `day` and `cause`.

    Causes are `outcomes`, death, and a discharge after which nothing was measured; of the same
    moment the first in this order counts. Patients without time after their start are left out.
    """
    truth = as_it_was(events)
    period = observation_periods(truth)
    period = period[period["end"] > period["start"]]
    found = {str(outcome): _first(happenings(truth, outcome), period) for outcome in outcomes}
    found[DEATH] = _first(times_of(truth[truth["key"] == "death"]), period)
    found[DISCHARGE] = _first(_final_discharges(truth), period)
    days = pd.DataFrame(found, index=period.index)
    end = (period["end"] - period["start"]) / DAY
    day = days.min(axis=1)
    cause = days.fillna(np.inf).idxmin(axis=1).where(day.notna(), NONE)
    return pd.DataFrame({"day": day.fillna(end), "cause": cause.astype(object)})


def _first(times: pd.DataFrame, period: pd.DataFrame) -> pd.Series:
    """Days from the start to the first of a patient's times after it; NaN where there is none."""
    since = times["time"] - times["patient_id"].map(period["start"])
    days = (since / DAY)[since > pd.Timedelta(0)]
    found: pd.Series = days.groupby(times["patient_id"]).min().reindex(period.index)
    return found


def _final_discharges(truth: pd.DataFrame) -> pd.DataFrame:
    """Discharges after which nothing was measured: the others were followed by a return."""
    measured = times_of(truth[is_measured(truth["key"])])
    last = measured.groupby("patient_id")["time"].max()
    left = times_of(truth[truth["key"] == "discharge"])
    later = left["patient_id"].map(last)
    return left[~(later > left["time"])]


def incidence_table(events: pd.DataFrame, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Cumulative incidence of whatever comes first, in figures for files and reports."""
    first = first_events(events, outcomes)
    causes = [*map(str, outcomes), DEATH, DISCHARGE]
    cause = first["cause"].to_numpy()
    found = cumulative_incidence(first["day"].to_numpy(dtype=float), cause, causes)
    return {
        "patients": len(first),
        "first": {name: int((cause == name).sum()) for name in causes},
        "records_end": int((cause == NONE).sum()),
        "by_day": [{"day": day, **found.at(day)} for day in DAYS_TOLD],
        "curve": {
            "day": found.day.tolist(),
            **{name: curve.tolist() for name, curve in found.by_cause.items()},
        },
    }


@dataclass(frozen=True)
class InHorizon:
    """Which as-of rows have a competing event within the horizon (bool arrays)."""

    death: NDArray[np.bool_]
    discharge: NDArray[np.bool_]
    other: NDArray[np.bool_]


def in_horizon(
    events: pd.DataFrame, as_of: pd.DataFrame, outcome: Outcome, horizon: pd.Timedelta
) -> InHorizon:
    """Look ahead from each as-of row for what competes with the outcome."""
    truth, rows = as_it_was(events), as_of.reset_index(drop=True)
    others = [happenings(truth, one) for one in Outcome if one != outcome]
    return InHorizon(
        any_within(rows, times_of(truth[truth["key"] == "death"]), horizon),
        any_within(rows, times_of(truth[truth["key"] == "discharge"]), horizon),
        any_within(rows, pd.concat(others), horizon),
    )


def competing_rows(found: InHorizon, labels: Labels, risk: Numbers) -> dict[str, Any]:
    """What the rules did with rows at risk and a competing event, and the figures if they differed.

    `risk` has a value wherever it is known, rows left out for a death included.
    """
    at_risk = labels.fate != Fate.NOT_AT_RISK
    parts = {DEATH: found.death, DISCHARGE: found.discharge, "other": found.other}
    return {
        "rows": [
            {
                "event": name,
                "rule": RULES[name],
                "rows": int((at_risk & here).sum()),
                **{
                    name_of_count: int((here & (labels.fate == fate)).sum())
                    for name_of_count, fate in COUNTED.items()
                },
            }
            for name, here in parts.items()
        ],
        "sensitivity": _sensitivity(found, labels, risk),
    }


def _sensitivity(found: InHorizon, labels: Labels, risk: Numbers) -> list[dict[str, Any]]:
    """The model's figures under other rules for deaths and discharges."""
    died = found.death & (labels.fate == Fate.CENSORED)
    left = found.discharge & (labels.fate == Fate.NO_EVENT)
    others = {
        "as the rules say": labels.label,
        "deaths counted as events": np.where(died, 1.0, labels.label),
        "deaths counted as no events": np.where(died, 0.0, labels.label),
        "discharges left out": np.where(left, np.nan, labels.label),
    }
    return [{"rule": rule, **_figures(label, risk)} for rule, label in others.items()]


def _figures(label: Numbers, risk: Numbers) -> dict[str, Any]:
    known = ~np.isnan(label) & ~np.isnan(risk)
    truth, mine = label[known], risk[known]
    events = int(truth.sum())
    counts: dict[str, Any] = {"rows": len(truth), "events": events}
    if not 0 < events < len(truth):
        return counts | dict.fromkeys(("auroc", "auprc", "brier", "observed_to_expected"))
    figures = {
        "auroc": auroc(truth, mine),
        "auprc": auprc(truth, mine),
        "brier": brier(truth, mine),
    }
    figures["observed_to_expected"] = events / float(mine.sum())
    return counts | {name: value if np.isfinite(value) else None for name, value in figures.items()}
