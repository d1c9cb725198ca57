"""The declared trajectory features: one row of a table each, computed by the compiled kernel."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd

from features import kernel
from features.groups import with_groups

PATIENTS_WORTH_ALL_CORES = 64


class Statistic(StrEnum):
    """What is computed from the values of one key that are known at the as-of time.

    A window of h hours holds the events with as_of - h < time <= as_of; without hours it holds all.
    """

    LAST = "last"  # latest value
    AGE = "age"  # hours since the latest value
    HOURS_SINCE_FIRST = "hours_since_first"  # hours since the first value
    COUNT = "count"  # number of values in the window; never missing
    MINIMUM = "minimum"
    MAXIMUM = "maximum"
    MEAN = "mean"
    SPREAD = "spread"  # sample standard deviation; missing below two values
    SLOPE = "slope"  # least-squares slope per hour; missing below two distinct times
    CHANGE = "change"  # last value less the one that was current h hours before the as-of time
    SUM = "sum"  # 0 where the window holds nothing; missing where it holds a drug without a dose
    BASELINE = "baseline"  # last value up to the course's start, as known then, else the first
    CHANGE_FROM_BASELINE = "change_from_baseline"  # missing where the baseline is the last value
    FOLD_OF_BASELINE = "fold_of_baseline"  # the same; missing also where it is not positive
    HOURS_UNCHANGED = "hours_unchanged"  # hours since the latest value became what it is
    HOURS_SINCE_POSITIVE = "hours_since_positive"  # hours since the first value above 0


@dataclass(frozen=True)
class Feature:
    """One column: a statistic of one key, over the last `hours` or over everything known."""

    key: str
    statistic: Statistic
    hours: int | None = None

    @property
    def name(self) -> str:
        """Column name.

        >>> Feature("crp", Statistic.MAXIMUM, 72).name
        'crp.maximum_72h'
        """
        window = "" if self.hours is None else f"_{self.hours}h"
        return f"{self.key}.{self.statistic}{window}"


@dataclass(frozen=True)
class SortedEvents:
    """Events as the kernel reads them: arrays sorted by (patient, key, time, known time)."""

    patients: pd.Index
    keys: pd.Index
    group_patient: np.ndarray
    group_key: np.ndarray
    event_bounds: np.ndarray
    time: np.ndarray
    known: np.ndarray
    until: np.ndarray
    value: np.ndarray


def trajectory_rows(
    events: pd.DataFrame,
    as_of: pd.DataFrame,
    features: Sequence[Feature],
    start_keys: Sequence[str] = (),
) -> np.ndarray:
    """The declared columns for each as-of time.

    Args:
        events: the events table.
        as_of: columns `patient_id`, `as_of` (any order, any patients).
        features: what to compute; names must be distinct.
        start_keys: what starts a course and so ends the baseline: the first known event of the
            first of these keys that has one.

    Returns:
        float32 array (rows of `as_of` x features), NaN where a value does not exist.
    """
    wanted = {feature.key for feature in features}
    prepared = sort_events(with_groups(events, wanted))
    patient = prepared.patients.get_indexer(as_of["patient_id"].astype("str"))
    moment = _microseconds(as_of["as_of"], kernel.ALWAYS)
    order = np.lexsort((moment, patient))
    order = order[patient[order] >= 0]  # patients without events keep their missing values
    sorted_rows = _empty_rows(len(order), features)
    patients = np.arange(len(prepared.patients) + 1)
    plan_bounds, statistics, windows, columns = _plan(features, prepared.keys)
    rank = {key: place for place, key in enumerate(start_keys)}
    start_rank = np.array([rank.get(key, len(prepared.keys)) for key in prepared.keys], np.int64)
    many = len(prepared.patients) >= PATIENTS_WORTH_ALL_CORES
    fill_columns = kernel.fill_columns_parallel if many else kernel.fill_columns
    fill_columns(
        moment[order],
        np.searchsorted(patient[order], patients),
        start_rank,
        np.searchsorted(prepared.group_patient, patients),
        prepared.group_key,
        prepared.event_bounds,
        prepared.time,
        prepared.known,
        prepared.until,
        prepared.value,
        plan_bounds,
        statistics,
        windows,
        columns,
        sorted_rows,
    )
    rows = _empty_rows(len(as_of), features)
    rows[order] = sorted_rows
    return rows


def _empty_rows(rows: int, features: Sequence[Feature]) -> np.ndarray:
    """What a patient without a single event gets: nothing counted, all else missing."""
    counted = (Statistic.COUNT, Statistic.SUM)
    empty = np.array([0.0 if f.statistic in counted else np.nan for f in features], np.float32)
    return np.tile(empty, (rows, 1))


def sort_events(events: pd.DataFrame) -> SortedEvents:
    """Sort the events table for the kernel; the order of its lines does not matter."""
    patient_id = events["patient_id"].astype("category")
    key = events["key"].astype("category")
    patient, key_code = patient_id.cat.codes.to_numpy(), key.cat.codes.to_numpy()
    time = _microseconds(events["time"], kernel.ALWAYS)
    known = _microseconds(events["known_time"], kernel.ALWAYS)
    until = _microseconds(events["until_time"], kernel.FOREVER)
    value = events["value"].to_numpy(dtype=np.float64)
    order = np.lexsort((value, known, time, key_code, patient))
    group = patient[order].astype(np.int64) * len(key.cat.categories) + key_code[order]
    new_group = np.flatnonzero(np.diff(group, prepend=-1))
    return SortedEvents(
        patients=pd.Index(patient_id.cat.categories.astype("str")),
        keys=key.cat.categories,
        group_patient=patient[order][new_group],
        group_key=key_code[order][new_group].astype(np.int64),
        event_bounds=np.append(new_group, len(order)),
        time=time[order],
        known=known[order],
        until=until[order],
        value=value[order],
    )


def _microseconds(times: pd.Series, missing: int) -> np.ndarray:
    """Timestamps as microseconds since 1970, `missing` where there is none."""
    stamps = times.astype("datetime64[us, UTC]")
    return np.where(stamps.isna(), missing, stamps.astype("int64"))


def _plan(
    features: Sequence[Feature], keys: pd.Index
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The features as arrays sorted by (key, window); a key without features has an empty plan."""
    key = keys.get_indexer([feature.key for feature in features])
    window = np.array([_window(feature) for feature in features], dtype=np.int64)
    statistic = np.array([kernel.Code[f.statistic.name] for f in features], dtype=np.int64)
    column = np.lexsort((statistic, window, key))
    column = column[key[column] >= 0]
    bounds = np.searchsorted(key[column], np.arange(len(keys) + 1))
    return bounds, statistic[column], window[column], column


def _window(feature: Feature) -> int:
    if feature.statistic in (Statistic.LAST, Statistic.AGE):
        return kernel.NO_WINDOW
    if feature.hours is None:
        return kernel.FOREVER
    return feature.hours * kernel.MICROSECONDS_PER_HOUR
