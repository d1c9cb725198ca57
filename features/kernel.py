"""The compiled pass over one patient's sorted events that fills the trajectory columns.

Plain arrays in, float32 columns out; what the columns mean is declared in `trajectory.py`. One
backward walk over a group of events (one patient, one key) serves all its windows at once, always
from the latest event to the oldest, so a patient's numbers never depend on who stands beside them.
"""

from enum import IntEnum

import numpy as np
from numba import njit, prange

MICROSECONDS_PER_HOUR = 3_600_000_000
FOREVER = np.iinfo(np.int64).max
ALWAYS = np.iinfo(np.int64).min
"""The time of a static event, which is known at every as-of time."""
NO_WINDOW = 0
"""The window of a statistic that needs the latest value alone."""


class Code(IntEnum):
    """The kernel's number for each statistic."""

    LAST = 0
    AGE = 1
    HOURS_SINCE_FIRST = 2
    COUNT = 3
    MINIMUM = 4
    MAXIMUM = 5
    MEAN = 6
    SPREAD = 7
    SLOPE = 8
    CHANGE = 9
    SUM = 10
    BASELINE = 11
    CHANGE_FROM_BASELINE = 12
    FOLD_OF_BASELINE = 13
    HOURS_UNCHANGED = 14
    HOURS_SINCE_POSITIVE = 15


LAST, AGE, HOURS_SINCE_FIRST, COUNT = Code.LAST, Code.AGE, Code.HOURS_SINCE_FIRST, Code.COUNT
MINIMUM, MAXIMUM, MEAN, SPREAD = Code.MINIMUM, Code.MAXIMUM, Code.MEAN, Code.SPREAD
SLOPE, CHANGE, SUM, BASELINE = Code.SLOPE, Code.CHANGE, Code.SUM, Code.BASELINE
CHANGE_FROM_BASELINE, FOLD_OF_BASELINE = Code.CHANGE_FROM_BASELINE, Code.FOLD_OF_BASELINE
HOURS_UNCHANGED, HOURS_SINCE_POSITIVE = Code.HOURS_UNCHANGED, Code.HOURS_SINCE_POSITIVE


@njit(cache=True, inline="always")
def _hours(as_of, moment):  # type: ignore[no-untyped-def]
    """Hours from `moment` to `as_of`; missing for a static event."""
    return np.nan if moment == ALWAYS else (as_of - moment) / MICROSECONDS_PER_HOUR


@njit(cache=True, inline="always")
def _window_statistic(  # type: ignore[no-untyped-def]  # noqa: C901 - one choice a statistic
    statistic, count, pivot, total, squares, low, high, x, xx, xd
):
    """One statistic of the values inside a window.

    `total` and `squares` sum the values' distances to `pivot` (the last value), which keeps the
    spread of large, nearly constant values exact; `x` sums hours before the as-of time.
    """
    if statistic == COUNT:
        return float(count)
    if count == 0:
        return 0.0 if statistic == SUM else np.nan
    if np.isnan(total):  # a drug without a dose among them
        return np.nan
    if statistic == MINIMUM:
        return low
    if statistic == MAXIMUM:
        return high
    if statistic == MEAN:
        return pivot + total / count
    if statistic == SUM:
        return pivot * count + total
    if count == 1:
        return np.nan
    if statistic == SPREAD:
        return np.sqrt(max(0.0, (squares - total * total / count) / (count - 1)))
    across = xx - x * x / count
    return (xd - x * total / count) / across if across > 1e-9 else np.nan


@njit(cache=True)
def _fill_row(  # type: ignore[no-untyped-def]  # noqa: C901 - one loop is what makes it fast
    as_of, start, time, known, until, value, begin, end, statistics, windows, columns, out
):
    """All columns of one key for one as-of time; `windows` ascend within the key's plan."""
    count, total, squares, x, xx, xd = 0, 0.0, 0.0, 0.0, 0.0, 0.0
    low, high = np.inf, -np.inf
    last, last_time = np.nan, ALWAYS
    first_value, first_time = np.nan, ALWAYS
    baseline, baseline_event, last_event, first_event = np.nan, -1, -1, -1
    run_time, in_run, positive_time = ALWAYS, True, ALWAYS
    plan, planned = 0, len(statistics)
    for event in range(end - 1, begin - 1, -1):
        if known[event] > as_of or until[event] <= as_of:
            continue
        moment = time[event]
        if count == 0:
            last, last_time, last_event = value[event], moment, event
            while plan < planned and windows[plan] == NO_WINDOW:
                out[columns[plan]] = last if statistics[plan] == LAST else _hours(as_of, last_time)
                plan += 1
        while plan < planned and windows[plan] != FOREVER and moment <= as_of - windows[plan]:
            if statistics[plan] == CHANGE:
                out[columns[plan]] = last - value[event]
            else:
                out[columns[plan]] = _window_statistic(
                    statistics[plan], count, last, total, squares, low, high, x, xx, xd
                )
            plan += 1
        if plan == planned:
            return
        hours = 0.0 if moment == ALWAYS else -_hours(as_of, moment)
        distance = value[event] - last
        count += 1
        total += distance
        squares += distance * distance
        x += hours
        xx += hours * hours
        xd += hours * distance
        low = min(low, value[event])
        high = max(high, value[event])
        if baseline_event < 0 and moment <= start:
            baseline, baseline_event = value[event], event
        first_value, first_time, first_event = value[event], moment, event
        in_run = in_run and value[event] == last
        if in_run:
            run_time = moment
        if value[event] > 0.0:
            positive_time = moment
    if baseline_event < 0:
        baseline, baseline_event = first_value, first_event
    while plan < planned:
        statistic = statistics[plan]
        if windows[plan] == NO_WINDOW or statistic == CHANGE:
            result = np.nan
        elif statistic == HOURS_SINCE_FIRST:
            result = _hours(as_of, first_time)
        elif statistic == HOURS_UNCHANGED:
            result = _hours(as_of, run_time)
        elif statistic == HOURS_SINCE_POSITIVE:
            result = _hours(as_of, positive_time)
        elif statistic == BASELINE:
            result = baseline
        elif baseline_event == last_event and statistic >= CHANGE_FROM_BASELINE:
            result = np.nan  # nothing was measured since
        elif statistic == CHANGE_FROM_BASELINE:
            result = last - baseline
        elif statistic == FOLD_OF_BASELINE:
            result = last / baseline if baseline > 0.0 else np.nan
        else:
            result = _window_statistic(statistic, count, last, total, squares, low, high, x, xx, xd)
        out[columns[plan]] = result
        plan += 1


@njit(cache=True)
def _course_start(  # type: ignore[no-untyped-def]
    as_of, first_group, stop_group, group_key, event_bounds, time, known, until, start_rank
):
    """When the course started as far as was known at `as_of`; `ALWAYS` where it had not."""
    start, best = ALWAYS, len(start_rank)
    for group in range(first_group, stop_group):
        rank = start_rank[group_key[group]]
        for event in range(event_bounds[group], event_bounds[group + 1] if rank < best else 0):
            if time[event] > as_of:
                break
            if time[event] != ALWAYS and known[event] <= as_of < until[event]:
                start, best = time[event], rank
                break
    return start


def _fill_columns(  # type: ignore[no-untyped-def]
    as_of, row_bounds, start_rank, group_bounds, group_key, event_bounds,
    time, known, until, value, plan_bounds, statistics, windows, columns, out,
):  # fmt: skip
    """Fill `out` (rows x columns, float32) for all patients, in parallel over patients.

    Patient p owns rows `row_bounds[p]:row_bounds[p + 1]` (ascending `as_of`) and groups
    `group_bounds[p]:group_bounds[p + 1]`; group g holds key `group_key[g]` and events
    `event_bounds[g]:event_bounds[g + 1]` (ascending `time`); key k plans
    `plan_bounds[k]:plan_bounds[k + 1]` and starts a course where `start_rank[k]` is below
    len(start_rank), the lowest rank first. Times are microseconds.
    """
    for patient in prange(len(row_bounds) - 1):
        rows = range(row_bounds[patient], row_bounds[patient + 1])
        starts = np.empty(len(rows), dtype=np.int64)
        for place, row in enumerate(rows):
            starts[place] = _course_start(
                as_of[row], group_bounds[patient], group_bounds[patient + 1], group_key,
                event_bounds, time, known, until, start_rank,
            )  # fmt: skip
        for group in range(group_bounds[patient], group_bounds[patient + 1]):
            key = group_key[group]
            plan = slice(plan_bounds[key], plan_bounds[key + 1])
            if plan.stop == plan.start:
                continue
            begin, stop = event_bounds[group], event_bounds[group + 1]
            end = begin
            for place, row in enumerate(rows):
                while end < stop and time[end] <= as_of[row]:
                    end += 1
                _fill_row(
                    as_of[row], starts[place], time, known, until, value, begin, end,
                    statistics[plan], windows[plan], columns[plan], out[row],
                )  # fmt: skip


fill_columns = njit(cache=True)(_fill_columns)
"""The pass on one thread: safe to call from several threads at once."""

fill_columns_parallel = njit(cache=True, parallel=True)(_fill_columns)
"""The same pass over all cores, for cohorts; numba's thread pool serves one caller at a time."""
