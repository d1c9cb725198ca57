"""The one path from records to feature rows, for a cohort in training and a patient in serving."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import pandas as pd

from features.arrays import NEVER, ROW_INDEX, EventArrays, Moments, event_arrays, in_pandas_time
from features.catalogue.naming import is_measured
from features.declared import FEATURES, Column
from features.harmonise import Harmonised, harmonise
from features.kinetics.rows import KineticColumn, kinetics_rows
from features.outcomes import GRADE_HOLDS_HOURS, GRADES, OutcomeSource, with_outcomes
from features.plurals import columns_missing
from features.scores import Score
from features.scores.points import Sheet, Total, fill_totals, sheet_of
from features.tables import TIME_TYPE, InvalidInputError, InvalidTableError
from features.trajectory import Feature, Statistic, Trajectories, trajectories

MOST_ROWS_OF_A_PATIENT = 100_000
"""Eleven years by the hour: more is a wrong date."""

LONGEST_SILENCE = pd.Timedelta(days=30)
"""A patient of whom nothing more became known for so long is under nobody's observation (a choice).
Without this limit one wrong date lays a grid of decades."""

STAYS_KNOWN = {Statistic.AGE, Statistic.PEAK_SINCE_START, Statistic.HOURS_SINCE_PEAK}
"""What an old grade still tells: of the past, not of now."""

COURSE_START_KEYS = ("therapy", "icu_admission", "admission")
"""What starts a course, the first that exists: the first dose, else an admission."""


def events_from_records(
    records: pd.DataFrame, outcomes_from: OutcomeSource = OutcomeSource.DOCUMENTED
) -> Harmonised:
    """Records to events and rejects, with grades and infections from where `outcomes_from` says.

    Training, batch prediction and service all take this way, so that they see the same events.

    Raises:
        InvalidTableError: a table that breaks its contract.
    """
    harmonised = harmonise(records)
    if outcomes_from == OutcomeSource.DOCUMENTED:
        return harmonised
    derived = with_outcomes(harmonised.events, outcomes_from)
    return replace(harmonised, arrays=event_arrays(derived))


def feature_rows(
    events: pd.DataFrame | EventArrays,
    as_of: pd.DataFrame | Moments,
    columns: Sequence[Column] = FEATURES,
) -> pd.DataFrame:
    """The declared columns at each as-of time, in the order of `as_of`.

    A row uses only events with time <= as_of, known by then and not yet superseded. A patient
    without events gets a row of missing values. A grade that nobody renewed for
    `GRADE_HOLDS_HOURS` is not known any more: its columns are missing, but for its age.

    Returns:
        DataFrame indexed by (patient_id, as_of), one float32 column a declared column.
    """
    arrays, moments = event_arrays(events), _checked_moments(as_of)
    laid_out = _kept(_Itself(tuple(columns)))
    values = laid_out.trajectories.rows(arrays, moments)
    for age, positions in laid_out.of_grades.items():
        old = np.flatnonzero(values[:, age] > GRADE_HOLDS_HOURS)
        if old.size:
            values[old[:, np.newaxis], positions] = np.nan
    if laid_out.kinetics:
        values[:, list(laid_out.kinetics)] = kinetics_rows(
            arrays, moments, tuple(laid_out.kinetics.values())
        )
    fill_totals(values, laid_out.points)
    for position, score, inputs in laid_out.scores:
        values[:, position] = score.compute(*values.T[inputs].astype(np.float64))
    return pd.DataFrame(values[:, : len(columns)], index=moments.index, columns=laid_out.names)


def as_of_grid(events: pd.DataFrame, every: pd.Timedelta) -> pd.DataFrame:
    """As-of times every `every` from each course's start to the end of its observation.

    The start itself is asked about only where something had been measured by then. A patient
    without a course start counts from the first event; one without timed events has no row. There
    is no row later than `LONGEST_SILENCE` after the last thing known, until the next one is.

    Returns:
        DataFrame with columns `patient_id`, `as_of`, sorted by both.
    """
    if every <= pd.Timedelta(0):
        raise InvalidInputError(f"the step between as-of times must be positive, not {every}")
    period = observation_periods(events)
    period = period[period["start"].notna()]
    anchor, first, last = (period[name] for name in ("start", "first_known", "end"))
    first_step = np.ceil((first - anchor) / every).clip(lower=0).astype("int64")
    last_step = np.floor((last - anchor) / every).astype("int64")
    steps = (last_step - first_step + 1).clip(lower=0).to_numpy()
    if len(steps) and steps.max() > MOST_ROWS_OF_A_PATIENT:
        raise InvalidInputError(
            f"{steps.max()} as-of times for one patient, {MOST_ROWS_OF_A_PATIENT} at most: "
            f"is a date wrong, or the step of {every} too short?"
        )
    row = np.repeat(np.arange(len(period)), steps)
    within = np.arange(len(row)) - np.repeat(np.cumsum(steps) - steps, steps)
    step = first_step.to_numpy()[row] + within
    as_of = anchor.reset_index(drop=True).take(row).reset_index(drop=True) + step * every
    grid = pd.DataFrame(
        {"patient_id": period.index.to_numpy()[row], "as_of": as_of.astype(TIME_TYPE)}
    )
    long = period.index[last - anchor > LONGEST_SILENCE]
    return _without_silence(grid, events[events["patient_id"].isin(long)])


def _without_silence(grid: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    """The grid without rows of these patients of whom nothing had become known for too long."""
    if events.empty:
        return grid
    known = events[["time", "known_time"]].max(axis=1)
    heard = pd.DataFrame({"patient_id": events["patient_id"].astype("str"), "heard": known})
    heard = heard.dropna().sort_values("heard")
    asked = grid.reset_index().sort_values("as_of")
    latest = pd.merge_asof(asked, heard, left_on="as_of", right_on="heard", by="patient_id")
    silent = latest["as_of"] - latest["heard"] > LONGEST_SILENCE
    return grid.drop(latest.loc[silent, "index"]).reset_index(drop=True)


def course_starts(events: pd.DataFrame) -> pd.Series:
    """When each patient's course starts, by patient_id; a patient without a start is left out."""
    starts = pd.Series(dtype=TIME_TYPE)
    for key in COURSE_START_KEYS:
        times = events.loc[events["key"] == key].groupby("patient_id", observed=True)["time"].min()
        times.index = times.index.astype("str")
        starts = times if starts.empty else starts.combine_first(times)
    return starts.astype(TIME_TYPE)


def observation_periods(events: pd.DataFrame) -> pd.DataFrame:
    """When each patient is under observation.

    Returns:
        DataFrame by patient_id: `start` of the course, `first_known` (when the first value was
        known, or the documented start of observation), `end` (documented, else the last event).
        Missing where nothing is timed.
    """
    timed = events[events["time"].notna()]
    timed = timed[timed["key"] != "birth"]
    known = timed[["time", "known_time"]].max(axis=1)
    by_patient = timed["patient_id"].astype("str")
    measured = is_measured(timed["key"]) | (timed["key"] == "observation_start")
    ending = timed["key"] == "observation_end"
    period = pd.DataFrame(
        {
            "first_event": timed["time"].groupby(by_patient).min(),
            "first_known": known[measured].groupby(by_patient[measured]).min(),
            "documented_end": timed.loc[ending, "time"].groupby(by_patient[ending]).max(),
            "last_known": known.groupby(by_patient).max(),
        }
    )
    start = course_starts(events).reindex(period.index)
    return pd.DataFrame(
        {
            "start": start.fillna(period["first_event"]),
            "first_known": period["first_known"],
            "end": period["documented_end"].fillna(period["last_known"]),
        }
    ).dropna()


@dataclass(frozen=True)
class _LaidOut:
    """Where everything stands in the matrix.

    `trajectories`: the columns, nothing in the place of another kind, and behind them what scores
    and the age of grades are computed from. `points`: the bedside scores, computed at once.
    `scores`: position, score and positions of its inputs for the others.
    `kinetics`: the kinetic column at each position.
    `of_grades`: for the position of a grade's age, those of what the grade says of now.
    """

    names: pd.Index
    trajectories: Trajectories
    points: Sheet
    scores: tuple[tuple[int, Score, np.ndarray], ...]
    kinetics: Mapping[int, KineticColumn]
    of_grades: Mapping[int, list[int]]


class _Itself:
    """Columns that are found again by what they are, not by what they hold.

    Every request asks for the same few hundred columns: to compare them one by one takes longer
    than to fill them.
    """

    __slots__ = ("columns",)

    def __init__(self, columns: tuple[Column, ...]) -> None:
        self.columns = columns

    def __hash__(self) -> int:
        return id(self.columns)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Itself) and self.columns is other.columns


@lru_cache(maxsize=64)
def _kept(asked: _Itself) -> _LaidOut:
    return _laid_out(asked.columns)


@lru_cache(maxsize=64)
def _laid_out(columns: tuple[Column, ...]) -> _LaidOut:
    asked = [column if isinstance(column, Feature) else None for column in columns]
    behind = dict.fromkeys(f for c in columns if isinstance(c, Score) for f in c.inputs)
    keys = {feature.key for feature in (*asked, *behind) if feature}
    grades = [key for key in GRADES if key in keys]
    behind |= dict.fromkeys(Feature(key, Statistic.AGE) for key in grades)
    already = set(asked)
    features = (*asked, *(feature for feature in behind if feature not in already))
    place = {feature: position for position, feature in enumerate(features) if feature}
    scores = tuple(
        (position, column, np.array([place[item] for item in column.inputs]))
        for position, column in enumerate(columns)
        if isinstance(column, Score)
    )
    return _LaidOut(
        names=pd.Index([column.name for column in columns]),
        trajectories=trajectories(features, COURSE_START_KEYS),
        points=sheet_of(
            [(at, s.compute, i) for at, s, i in scores if isinstance(s.compute, Total)]
        ),
        scores=tuple(one for one in scores if not isinstance(one[1].compute, Total)),
        kinetics={
            position: column
            for position, column in enumerate(columns)
            if isinstance(column, KineticColumn)
        },
        of_grades={
            place[Feature(key, Statistic.AGE)]: [
                position
                for feature, position in place.items()
                if feature.key == key and feature.statistic not in STAYS_KNOWN
            ]
            for key in grades
        },
    )


def _checked_moments(as_of: pd.DataFrame | Moments) -> Moments:
    if isinstance(as_of, Moments):
        return as_of
    missing = [name for name in ROW_INDEX if name not in as_of]
    if missing:
        raise InvalidTableError(f"as-of times: {columns_missing(missing)}")
    patient, time = as_of["patient_id"], in_pandas_time(as_of["as_of"])
    if not isinstance(time.dtype, pd.DatetimeTZDtype):
        raise InvalidInputError("as-of times need a time zone, for example 2026-03-01T06:00+00:00")
    moments = Moments.of(patient, time)
    if (moments.time == NEVER).any():
        raise InvalidInputError("an as-of time is missing")
    return moments
