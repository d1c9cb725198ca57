"""Labels: what happened in the horizon after each as-of time. The only code that looks ahead."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import numpy as np
import pandas as pd

from features.catalogue.naming import is_measured
from features.matrix import observation_periods
from features.outcomes import Outcome, as_it_was, at_risk, happenings
from features.tables import TIME_TYPE

MOMENT = pd.Timedelta(microseconds=1)
WATCHED = pd.Timedelta(hours=24)
"""Whoever was measured at home within it is followed: a temperature a day is what wards ask for."""
ADMISSIONS = ("admission", "icu_admission")


class Fate(StrEnum):
    """What became of an as-of row."""

    EVENT = "event"  # the outcome happened within the horizon
    NO_EVENT = "no_event"  # the horizon was observed and the outcome did not happen
    NOT_AT_RISK = "not_at_risk"  # already inside the outcome at the as-of time
    CENSORED = "censored"  # records end, or nobody looked, within the horizon


@dataclass(frozen=True)
class Labels:
    """`label` (1, 0, or NaN where not at risk or censored) and `fate`, one an as-of row."""

    label: np.ndarray
    fate: np.ndarray

    def of(self, chosen: np.ndarray) -> "Labels":
        """The labels of some rows (a bool array)."""
        return Labels(self.label[chosen], self.fate[chosen])

    @property
    def counts(self) -> dict[str, int]:
        """Rows by fate."""
        return {str(fate): int((self.fate == fate).sum()) for fate in Fate}


def label_rows(
    events: pd.DataFrame, as_of: pd.DataFrame, outcome: Outcome, horizon: pd.Timedelta
) -> Labels:
    """Label each as-of row by (as_of, as_of + horizon].

    The rules, in this order:
      1. inside the outcome at the as-of time (by what was true, known yet or not): not at risk;
      2. at home (discharged and not admitted again) while nobody watches, which is where nothing
         was measured in the `WATCHED` before and no follow-up is documented to the horizon's end:
         censored whatever follows, for else those who came back ill would stand for all at home;
         who was never admitted is at home where such a follow-up is documented;
      3. the outcome happens within the horizon: event;
      4. the patient was discharged within the horizon and records end there: no event (discharged
         without it), so that short stays are not lost from the population;
      5. death within the horizon, records that end before it does, or in hospital a horizon without
         a single measurement: censored, left out of training and scoring, and counted;
      6. else no event: at home a silent day is one, for either outcome would have been charted.
    """
    truth = as_it_was(events)
    rows = as_of.reset_index(drop=True)
    inside = ~at_risk(truth, rows, outcome)
    happened = any_within(rows, happenings(events, outcome), horizon)
    home = _at_home(truth, rows, horizon)
    fate = np.where(happened, Fate.EVENT, Fate.NO_EVENT).astype(object)
    fate[~happened & ~_observed(truth, rows, horizon, home)] = Fate.CENSORED
    fate[home & ~_watched(truth, rows, horizon)] = Fate.CENSORED
    fate[inside] = Fate.NOT_AT_RISK
    label = np.select([fate == Fate.EVENT, fate == Fate.NO_EVENT], [1.0, 0.0], np.nan)
    return Labels(label, fate)


def hours_to_event(events: pd.DataFrame, as_of: pd.DataFrame, outcome: Outcome) -> np.ndarray:
    """Hours from each as-of row to the outcome's next happening, NaN where none follows.

    For a row at risk that is the next onset. Of use to judge alarms by, never to learn from.
    """
    found = _next(as_of.reset_index(drop=True), happenings(events, outcome))
    return (found / pd.Timedelta(hours=1)).to_numpy(dtype=float)


@dataclass(frozen=True)
class Nearness:
    """How a learning target sharpens as the event comes near.

    Rows within `hours` before the event weigh `share` more than rows merely within the horizon, and
    rows up to `after_hours` behind it, when wards mostly do not know yet, are learnt like them.
    """

    hours: float
    share: float
    after_hours: float


NEARNESS = {
    # The signs of an infection gather in its last hours; a target that says so ranks the 24-hour
    # question better than the 24-hour label itself (cross-validated on the public stays).
    Outcome.INFECTION: Nearness(hours=6.0, share=0.7, after_hours=6.0),
}


def learning_target(
    events: pd.DataFrame, as_of: pd.DataFrame, outcome: Outcome, labels: Labels
) -> np.ndarray:
    """What a model of this outcome learns, 0 to 1; NaN on rows that it does not learn from.

    The label itself where the outcome has no `NEARNESS`. Evaluation and calibration use labels.
    """
    nearness = NEARNESS.get(outcome)
    if nearness is None:
        return labels.label
    rows = as_of.reset_index(drop=True)
    times = happenings(events, outcome)
    near = any_within(rows, times, pd.Timedelta(hours=nearness.hours))
    after = pd.Timedelta(hours=nearness.after_hours)
    earlier = rows.assign(as_of=rows["as_of"] - after - MOMENT)
    just_happened = any_within(earlier, times, after + MOMENT)
    target = np.where(near, 1.0, (1.0 - nearness.share) * labels.label)
    target[np.isin(labels.fate, (Fate.NOT_AT_RISK, Fate.CENSORED))] = np.nan
    return np.where(just_happened, 1.0, target)


def _observed(
    truth: pd.DataFrame, rows: pd.DataFrame, horizon: pd.Timedelta, home: np.ndarray
) -> np.ndarray:
    """Whether each horizon was watched to its end; a silent one counts where the row is at home."""
    end = rows["patient_id"].map(observation_periods(truth)["end"])
    reached = ((rows["as_of"] + horizon) <= end).to_numpy()
    looked = home | any_within(rows, times_of(truth[is_measured(truth["key"])]), horizon)
    discharged = any_within(rows, _moves(truth).left, horizon)
    died = any_within(rows, times_of(truth[truth["key"] == "death"]), horizon)
    return ((reached & looked) | discharged) & ~died


@dataclass(frozen=True)
class _Moves:
    """When patients left a hospital and when they came to one: `patient_id` and `time`."""

    left: pd.DataFrame
    came: pd.DataFrame


def _moves(truth: pd.DataFrame) -> _Moves:
    """Every move but a discharge and an admission of one moment, which is a transfer or a visit."""
    left = times_of(truth[truth["key"] == "discharge"])
    came = times_of(truth[truth["key"].isin(ADMISSIONS)])
    both = left.merge(came).drop_duplicates()
    return _Moves(_without(left, both), _without(came, both))


def _without(times: pd.DataFrame, others: pd.DataFrame) -> pd.DataFrame:
    known = pd.MultiIndex.from_frame(others)
    return times[~pd.MultiIndex.from_frame(times).isin(known)]


def _at_home(truth: pd.DataFrame, rows: pd.DataFrame, horizon: pd.Timedelta) -> np.ndarray:
    """Whether the last move of each row's patient so far is a discharge; without any, whether a
    follow-up is documented: an outpatient."""
    moves = _moves(truth)
    left, came = _last(rows, moves.left), _last(rows, moves.came)
    outpatient = (left.isna() & came.isna()).to_numpy() & _followed(truth, rows, horizon)
    return (left.notna() & ~(came >= left)).to_numpy() | outpatient


def _watched(truth: pd.DataFrame, rows: pd.DataFrame, horizon: pd.Timedelta) -> np.ndarray:
    """Whether a row stands under watch for reasons that do not look ahead of it."""
    measured = _last(rows, times_of(truth[is_measured(truth["key"])]))
    recently = (rows["as_of"] - measured <= WATCHED).to_numpy()
    return recently | _followed(truth, rows, horizon)


def _followed(truth: pd.DataFrame, rows: pd.DataFrame, horizon: pd.Timedelta) -> np.ndarray:
    """Whether a follow-up to the horizon's end is documented."""
    ends = times_of(truth[truth["key"] == "observation_end"])
    end = ends.groupby("patient_id")["time"].max().reindex(rows["patient_id"])
    followed: np.ndarray = np.asarray((rows["as_of"] + horizon).array <= end.array)
    return followed


def times_of(events: pd.DataFrame) -> pd.DataFrame:
    """The timed ones of events: columns `patient_id` (string) and `time`."""
    timed = events.loc[events["time"].notna(), ["patient_id", "time"]]
    return timed.assign(patient_id=timed["patient_id"].astype("str"))


def any_within(rows: pd.DataFrame, times: pd.DataFrame, horizon: pd.Timedelta) -> np.ndarray:
    """Whether any of the patient's `times` lies in (as_of, as_of + horizon]."""
    within: np.ndarray = (_next(rows, times) <= horizon).to_numpy()
    return within


def _last(rows: pd.DataFrame, times: pd.DataFrame) -> pd.Series:
    """The patient's latest of `times` up to each as-of time; missing where none is."""
    return _nearest(rows, times, "backward", same_moment=True)


def _next(rows: pd.DataFrame, times: pd.DataFrame) -> pd.Series:
    """How long after each as-of time the patient's next of `times` is; missing where none is."""
    ahead: pd.Series = _nearest(rows, times, "forward", same_moment=False) - rows["as_of"]
    return ahead


def _nearest(
    rows: pd.DataFrame,
    times: pd.DataFrame,
    direction: Literal["backward", "forward"],
    same_moment: bool,
) -> pd.Series:
    """The patient's nearest of `times` on one side of each as-of time, in the rows' order."""
    if times.empty:
        return pd.Series(pd.NaT, index=range(len(rows)), dtype=TIME_TYPE)
    asked = rows.assign(row=np.arange(len(rows))).sort_values("as_of")
    joined = pd.merge_asof(
        asked,
        times.sort_values("time"),
        left_on="as_of",
        right_on="time",
        by="patient_id",
        direction=direction,
        allow_exact_matches=same_moment,
    )
    return joined["time"].iloc[np.argsort(joined["row"].to_numpy())].reset_index(drop=True)
