"""The declared trajectory features: one row of a table each, computed by the compiled kernel."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, lru_cache

import numba
import numpy as np
import pandas as pd

from features import kernel
from features.arrays import EventArrays, Moments, event_arrays, moments_of
from features.catalogue import KEYS
from features.groups import GROUPS
from features.tables import InvalidInputError

PATIENTS_WORTH_ALL_CORES = 64
PARTS_PER_CORE = 8
"""So that no core waits long for the one with the longest histories."""


class Statistic(StrEnum):
    """What is computed from the values of one key that are known at the as-of time.

    A window of h hours holds the events with as_of - h < time <= as_of; without hours it holds all.
    A value is held from its time until the next one's, the last until the as-of time; one taken
    before a window opened is held into it. Slopes need values at least 0.1 s apart. `meanings.py`
    says what each is, in words.
    """

    LAST = "last"
    AGE = "age"
    AGE_OF_SECOND = "age_of_second"
    AGE_OF_THIRD = "age_of_third"
    HOURS_SINCE_FIRST = "hours_since_first"
    BASELINE = "baseline"
    CHANGE_FROM_BASELINE = "change_from_baseline"
    FOLD_OF_BASELINE = "fold_of_baseline"
    HOURS_UNCHANGED = "hours_unchanged"
    HOURS_SINCE_POSITIVE = "hours_since_positive"
    PEAK_SINCE_START = "peak_since_start"
    HOURS_SINCE_PEAK = "hours_since_peak"
    RUN_AT_LEAST = "run_at_least"
    RUN_BELOW = "run_below"
    COUNT = "count"
    RATE = "rate"
    MINIMUM = "minimum"
    MAXIMUM = "maximum"
    MEAN = "mean"
    SPREAD = "spread"
    SLOPE = "slope"
    LOG_SLOPE = "log_slope"
    CHANGE = "change"
    SUM = "sum"
    TIME_WEIGHTED_MEAN = "time_weighted_mean"
    AREA = "area"
    HOURS_AT_LEAST = "hours_at_least"
    HOURS_BELOW = "hours_below"


NEVER_WINDOWED = frozenset(
    statistic for statistic in Statistic if kernel.Code[statistic.name] < kernel.Code.COUNT
)
ALWAYS_WINDOWED = frozenset({Statistic.CHANGE, Statistic.RATE})
READ_AT_ONCE = NEVER_WINDOWED | {Statistic.COUNT, Statistic.MINIMUM, Statistic.MAXIMUM}
"""What needs no walk over the events where it has no window."""
LEVELLED = frozenset(
    {Statistic.RUN_AT_LEAST, Statistic.RUN_BELOW, Statistic.HOURS_AT_LEAST, Statistic.HOURS_BELOW}
)
COUNTED = frozenset({Statistic.COUNT, Statistic.SUM, Statistic.RATE})
"""What is 0 where nothing is known."""


@dataclass(frozen=True)
class Feature:
    """One column: a statistic of one key, over the last `hours` or over everything known.

    `level` is the limit, in the key's unit, of the statistics that have one.

    Raises:
        InvalidInputError: a window or a level where the statistic has none, or none where it needs
            one.
    """

    key: str
    statistic: Statistic
    hours: int | None = None
    level: float | None = None

    def __post_init__(self) -> None:
        if self.hours is not None and (self.statistic in NEVER_WINDOWED or self.hours <= 0):
            raise InvalidInputError(f"{self.name}: a window of {self.hours} h is impossible")
        if self.hours is None and self.statistic in ALWAYS_WINDOWED:
            raise InvalidInputError(f"{self.name}: a window in hours is needed")
        if (self.level is not None) != (self.statistic in LEVELLED):
            raise InvalidInputError(f"{self.name}: a level belongs to {sorted(LEVELLED)} alone")

    def __hash__(self) -> int:
        return self._hash

    def __reduce__(self) -> tuple[type, tuple]:
        """A kept hash holds in its own process alone, so it does not travel."""
        return Feature, (self.key, self.statistic, self.hours, self.level)

    @cached_property
    def _hash(self) -> int:
        """Kept, because every request looks its columns up."""
        return hash((self.key, self.statistic, self.hours, self.level))

    @cached_property
    def name(self) -> str:
        """Column name.

        >>> Feature("crp", Statistic.MAXIMUM, 72).name
        'crp.maximum_72h'
        >>> Feature("temperature", Statistic.HOURS_AT_LEAST, 24, 38.0).name
        'temperature.hours_at_least_38_24h'
        """
        level = "" if self.level is None else f"_{self.level:g}"
        window = "" if self.hours is None else f"_{self.hours}h"
        return f"{self.key}.{self.statistic}{level}{window}"


@dataclass(frozen=True)
class Trajectories:
    """A set of features as the kernel computes them: column by column of its rows."""

    columns: int
    plan: kernel.Plan

    def rows(self, events: EventArrays, moments: Moments) -> np.ndarray:
        """The columns at each as-of time: float32, NaN where a value does not exist."""
        asked = events.place_of(moments)
        questions = _questions(asked, moments.time, len(events.patients))
        rows = np.empty((asked.size, self.columns), dtype=np.float32)
        rows[asked < 0] = self.plan.empty
        order, bounds = kernel.patient_order(
            events.patient, events.key, self.plan.number, questions.bounds
        )
        told = kernel.Events(
            events.patient, events.key, events.time, events.known, events.until, events.value
        )
        _in_parts(
            lambda part: kernel.fill_rows(*part, order, bounds, told, questions, self.plan, rows),
            bounds,
        )
        return rows


def trajectory_rows(
    events: pd.DataFrame | EventArrays,
    as_of: pd.DataFrame | Moments,
    features: Sequence[Feature | None],
    start_keys: Sequence[str] = (),
) -> np.ndarray:
    """The declared columns for each as-of time.

    Args:
        events: the events, in any order.
        as_of: columns `patient_id`, `as_of` (any order, any patients).
        features: what to compute; names must be distinct. None leaves a column missing, for what
            the caller computes.
        start_keys: what starts a course and so ends the baseline: the first known event of the
            first of these keys that has one.

    Returns:
        float32 array (rows of `as_of` x features), NaN where a value does not exist.
    """
    planned = trajectories(tuple(features), tuple(start_keys))
    return planned.rows(event_arrays(events), moments_of(as_of))


def _in_parts(fill: Callable[[tuple[int, int]], None], bounds: np.ndarray) -> None:
    """Fill all patients' rows, those of a cohort on all cores."""
    cores = numba.get_num_threads()
    parts = _parts(bounds, cores)
    if len(parts) == 1:
        fill(parts[0])
        return
    with ThreadPoolExecutor(cores) as threads:
        list(threads.map(fill, parts))


def _parts(bounds: np.ndarray, cores: int) -> list[tuple[int, int]]:
    """Ranges of patients with about as many events each; one range for few patients."""
    patients = len(bounds) - 1
    if patients < PATIENTS_WORTH_ALL_CORES or cores == 1:
        return [(0, patients)]
    shares = np.linspace(0, bounds[-1], cores * PARTS_PER_CORE + 1)[1:-1]
    edges = np.unique([0, *np.searchsorted(bounds, shares), patients])
    return list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))


def _plain_keys(features: Sequence[Feature | None], start_keys: Sequence[str]) -> list[str]:
    """Every key whose events are read, groups by their members."""
    wanted = {feature.key for feature in features if feature is not None}
    members = (GROUPS[group] for group in wanted if group in GROUPS)
    return sorted({*(wanted - GROUPS.keys()), *start_keys}.union(*members))


@lru_cache(maxsize=64)
def trajectories(features: tuple[Feature | None, ...], start_keys: tuple[str, ...]) -> Trajectories:
    """The features as arrays sorted by (key, window), the groups behind the plain keys."""
    keys = _plain_keys(features, start_keys)
    groups = sorted({f.key for f in features if f is not None} & GROUPS.keys())
    place = {key: number for number, key in enumerate((*keys, *groups))}
    rank = {key: number for number, key in enumerate(start_keys)}
    entries = sorted(
        (place[f.key], _window(f), kernel.Code[f.statistic.name], column, f.level or 0.0)
        for column, f in enumerate(features)
        if f is not None
    )
    key, window, statistic, column, level = zip(*entries, strict=True) if entries else [()] * 5
    empty = [0.0 if f is not None and f.statistic in COUNTED else np.nan for f in features]
    members = [[key in GROUPS[group] for key in keys] for group in groups]
    number = {key: place[key] for key in keys}
    plan = kernel.Plan(
        number=np.array([*(number.get(key, -1) for key in KEYS), -1], np.int64),
        bounds=np.searchsorted(np.array(key, np.int64), np.arange(len(place) + 1)),
        statistic=np.array(statistic, np.int64),
        window=np.array(window, np.int64),
        level=np.array(level, np.float64),
        column=np.array(column, np.int64),
        start_rank=np.array([rank.get(key, len(keys)) for key in keys], np.int64),
        members=np.array(members, bool).reshape(len(groups), len(keys)),
        empty=np.array(empty, np.float32),
    )
    return Trajectories(len(features), plan)


def _window(feature: Feature) -> int:
    if feature.hours is not None:
        return feature.hours * kernel.MICROSECONDS_PER_HOUR
    return kernel.NO_WINDOW if feature.statistic in READ_AT_ONCE else kernel.FOREVER


def _questions(patient: np.ndarray, as_of: np.ndarray, patients: int) -> kernel.Questions:
    """The as-of rows by patient and time; those of unknown patients are left out."""
    order = np.lexsort((as_of, patient))
    order = order[patient[order].searchsorted(0) :]
    bounds = patient[order].searchsorted(np.arange(patients + 1))
    return kernel.Questions(order, bounds, as_of[order])
