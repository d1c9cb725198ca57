"""The compiled pass over patients' events that fills the trajectory columns.

Plain arrays in, float32 columns out; what the columns mean is declared in `trajectory.py`. Each
patient is gathered and sorted on its own, so that memory beside input and output stays small and
a patient's numbers never depend on who stands beside them. Of one patient and one key, one walk
back from the latest event serves all windows at once; what counts everything known is read from
running columns. Every number is a function of the events known at its moment alone, in their order.
"""

from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numba import njit

MICROSECONDS_PER_HOUR = 3_600_000_000
FOREVER = np.iinfo(np.int64).max
ALWAYS = np.iinfo(np.int64).min
"""The time of a static event, which is known at every as-of time; as `until`, never superseded."""
NO_WINDOW = 0
"""The window of a statistic that is read from the running columns."""
SHORT_RUN = 16
"""Events that are sorted fastest by insertion (a choice, without effect on any number)."""
LOW, HIGH, LOGARITHM = range(3)
UNCHANGED, POSITIVE, PEAK = range(3)
"""Rows of the running columns: what is true of a key's first events, by the last of them. The
second three are places of events, -1 without one: since when the value has been what it is, the
first positive one, and the latest of the highest at or after the course's start."""
SHORTEST_SPREAD = 1e-9
"""Squared hours (0.1 s) over which values must lie for a slope."""


class Code(IntEnum):
    """The kernel's number for each statistic."""

    LAST = 0
    AGE = 1
    AGE_OF_SECOND = 2
    AGE_OF_THIRD = 3
    HOURS_SINCE_FIRST = 4
    BASELINE = 5
    CHANGE_FROM_BASELINE = 6
    FOLD_OF_BASELINE = 7
    HOURS_UNCHANGED = 8
    HOURS_SINCE_POSITIVE = 9
    PEAK_SINCE_START = 10
    HOURS_SINCE_PEAK = 11
    RUN_AT_LEAST = 12
    RUN_BELOW = 13
    COUNT = 14
    RATE = 15
    MINIMUM = 16
    MAXIMUM = 17
    MEAN = 18
    SPREAD = 19
    SLOPE = 20
    LOG_SLOPE = 21
    CHANGE = 22
    SUM = 23
    TIME_WEIGHTED_MEAN = 24
    AREA = 25
    HOURS_AT_LEAST = 26
    HOURS_BELOW = 27


LAST, AGE = Code.LAST, Code.AGE
AGE_OF_SECOND, AGE_OF_THIRD = Code.AGE_OF_SECOND, Code.AGE_OF_THIRD
HOURS_SINCE_FIRST, BASELINE = Code.HOURS_SINCE_FIRST, Code.BASELINE
CHANGE_FROM_BASELINE, FOLD_OF_BASELINE = Code.CHANGE_FROM_BASELINE, Code.FOLD_OF_BASELINE
HOURS_UNCHANGED, HOURS_SINCE_POSITIVE = Code.HOURS_UNCHANGED, Code.HOURS_SINCE_POSITIVE
PEAK_SINCE_START, HOURS_SINCE_PEAK = Code.PEAK_SINCE_START, Code.HOURS_SINCE_PEAK
RUN_AT_LEAST, RUN_BELOW = Code.RUN_AT_LEAST, Code.RUN_BELOW
COUNT, RATE, MINIMUM, MAXIMUM = Code.COUNT, Code.RATE, Code.MINIMUM, Code.MAXIMUM
MEAN, SPREAD, SLOPE, LOG_SLOPE = Code.MEAN, Code.SPREAD, Code.SLOPE, Code.LOG_SLOPE
CHANGE, SUM, AREA = Code.CHANGE, Code.SUM, Code.AREA
TIME_WEIGHTED_MEAN = Code.TIME_WEIGHTED_MEAN
HOURS_AT_LEAST, HOURS_BELOW = Code.HOURS_AT_LEAST, Code.HOURS_BELOW


class Events(NamedTuple):
    """The events in any order, one entry an event.

    `patient` is the number of its patient, -1 for none; `key` is the place of its key, -1 for none.
    Times are microseconds; `ALWAYS` marks a static `time`, a `known` that is no later than `time`,
    and an `until` of a value that nothing superseded.
    """

    patient: np.ndarray
    key: np.ndarray
    time: np.ndarray
    known: np.ndarray
    until: np.ndarray
    value: np.ndarray


class Plan(NamedTuple):
    """What to compute: key k owns entries `bounds[k]:bounds[k + 1]`, by ascending `window`.

    `number[place]` is the k of the key at an events' `place`, -1 for one that is not read; its last
    entry is that of the place -1.
    `start_rank[k]` is below the number of keys where the key starts a course, the lowest first.
    `members[g, k]` says that the group whose number is the count of plain keys + g repeats key k.
    `empty` is a row of a patient without events.
    """

    number: np.ndarray
    bounds: np.ndarray
    statistic: np.ndarray
    window: np.ndarray
    level: np.ndarray
    column: np.ndarray
    start_rank: np.ndarray
    members: np.ndarray
    empty: np.ndarray


class Questions(NamedTuple):
    """The as-of rows: patient p owns `row[bounds[p]:bounds[p + 1]]`, by ascending `as_of`."""

    row: np.ndarray
    bounds: np.ndarray
    as_of: np.ndarray


@njit(cache=True, nogil=True)
def patient_order(patient, key, number, asked):  # type: ignore[no-untyped-def]
    """The places of events patient by patient (a counting sort), and each patient's bounds.

    `asked` are the bounds of the patients' questions: an event of a patient without one, or of a
    key that is not read, is left out.
    """
    patients = len(asked) - 1
    bounds = np.zeros(patients + 2, dtype=np.int64)
    for event, code in enumerate(patient):
        if code >= 0 and asked[code] < asked[code + 1] and number[key[event]] >= 0:
            bounds[code + 2] += 1
    for place in range(2, patients + 2):
        bounds[place] += bounds[place - 1]
    order = np.empty(bounds[-1], dtype=np.uint32)
    for event, code in enumerate(patient):
        if code >= 0 and asked[code] < asked[code + 1] and number[key[event]] >= 0:
            order[bounds[code + 1]] = event
            bounds[code + 1] += 1
    return order, bounds[:-1].copy()


@njit(cache=True, nogil=True)
def _key_bounds(order, key, number, keys):  # type: ignore[no-untyped-def]
    """Where each key's events begin among a patient's, once these stand key by key."""
    bounds = np.zeros(keys + 1, dtype=np.int64)
    for event in order:
        bounds[number[key[event]] + 1] += 1
    for place in range(keys):
        bounds[place + 1] += bounds[place]
    return bounds


@njit(cache=True, nogil=True)
def _gather(order, bounds, events, number, times, value):  # type: ignore[no-untyped-def]
    """Copy a patient's events key by key: rows time, known and until of `times`, and `value`."""
    free = bounds[:-1].copy()
    for event in order:
        key = number[events.key[event]]
        place = free[key]
        free[key] += 1
        moment, superseded = events.time[event], events.until[event]
        times[0, place] = moment
        times[1, place] = max(moment, events.known[event])
        times[2, place] = FOREVER if superseded == ALWAYS else superseded
        value[place] = events.value[event]


@njit(cache=True, inline="always")
def _is_before(left, right, times, value):  # type: ignore[no-untyped-def]
    """Whether event `left` comes strictly before `right`; a missing value comes last."""
    if times[0, left] != times[0, right]:
        return times[0, left] < times[0, right]
    if times[1, left] != times[1, right]:
        return times[1, left] < times[1, right]
    if np.isnan(value[right]):
        return not np.isnan(value[left])
    return value[left] < value[right]


@njit(cache=True, nogil=True)
def _sort_run(order, begin, end, times, value):  # type: ignore[no-untyped-def]
    """Sort a short run of places by insertion."""
    for place in range(begin + 1, end):
        event, hole = order[place], place
        while hole > begin and _is_before(event, order[hole - 1], times, value):
            order[hole] = order[hole - 1]
            hole -= 1
        order[hole] = event


@njit(cache=True, nogil=True)
def _merge(order, spare, begin, middle, end, times, value):  # type: ignore[no-untyped-def]
    """Merge two sorted runs that stand side by side."""
    for place in range(begin, middle):
        spare[place] = order[place]
    left, right, place = begin, middle, begin
    while left < middle:
        if right < end and _is_before(order[right], spare[left], times, value):
            order[place] = order[right]
            right += 1
        else:
            order[place] = spare[left]
            left += 1
        place += 1


@njit(cache=True, nogil=True)
def _is_sorted(begin, end, times, value):  # type: ignore[no-untyped-def]
    """Whether the events stand in order; most come so."""
    place = begin + 1
    while place < end and not _is_before(place, place - 1, times, value):
        place += 1
    return place >= end


@njit(cache=True, nogil=True)
def _arrange(begin, end, order, column, spare):  # type: ignore[no-untyped-def]
    """Put a column's lines into the order of these places."""
    for place in range(begin, end):
        spare[place] = column[order[place]]
    for place in range(begin, end):
        column[place] = spare[place]


@njit(cache=True, nogil=True)
def _sort(begin, end, times, value, order, spare, spare_value):  # type: ignore[no-untyped-def]
    """Sort the events `begin` to `end` where they stand.

    Short runs of places by insertion, then merged from the bottom up.
    """
    if _is_sorted(begin, end, times, value):
        return
    for run in range(begin, end, SHORT_RUN):
        stop = min(run + SHORT_RUN, end)
        for place in range(run, stop):
            order[place] = place
        _sort_run(order, run, stop, times, value)
    width = SHORT_RUN
    while width < end - begin:
        for run in range(begin, end - width, 2 * width):
            _merge(order, spare, run, run + width, min(run + 2 * width, end), times, value)
        width *= 2
    for column in range(len(times)):
        _arrange(begin, end, order, times[column], spare)
    _arrange(begin, end, order, value, spare_value)


@njit(cache=True, nogil=True)
def _gather_members(bounds, members, group, times, value, both, both_value):  # type: ignore[no-untyped-def]
    """Copy the events of a group's members; how many these are."""
    count = 0
    for key in range(members.shape[1]):
        if members[group, key]:
            for event in range(bounds[key], bounds[key + 1]):
                both[0, count] = times[0, event]
                both[1, count] = times[1, event]
                both[2, count] = times[2, event]
                both_value[count] = value[event]
                count += 1
    return count


@njit(cache=True, nogil=True)
def _first_known(as_of, times, begin, end):  # type: ignore[no-untyped-def]
    """The time of the first dated event that is known and stands; `ALWAYS` without one."""
    for event in range(begin, end):
        if times[0, event] > as_of:
            break
        if times[0, event] != ALWAYS and times[1, event] <= as_of < times[2, event]:
            return times[0, event]
    return ALWAYS


@njit(cache=True, nogil=True)
def _find_starts(as_of, times, bounds, start_rank, starts, best):  # type: ignore[no-untyped-def]
    """When the course started as far as was known at each as-of time; `ALWAYS` where it had not."""
    for place in range(len(as_of)):
        starts[place], best[place] = ALWAYS, len(start_rank)
    for key in range(len(start_rank)):
        if bounds[key] == bounds[key + 1] or start_rank[key] == len(start_rank):
            continue
        for place in range(len(as_of)):
            if start_rank[key] < best[place]:
                start = _first_known(as_of[place], times, bounds[key], bounds[key + 1])
                if start != ALWAYS:
                    starts[place], best[place] = start, start_rank[key]


@njit(cache=True, nogil=True)
def _is_orderly(times, begin, end):  # type: ignore[no-untyped-def]
    """Whether events became known in their order, for good: what is known is then a beginning."""
    for event in range(begin, end):
        if times[2, event] != FOREVER or (event > begin and times[1, event] < times[1, event - 1]):
            return False
    return True


@njit(cache=True, nogil=True)
def _choose_known(times, value, begin, end, as_of, time_seen, value_seen):  # type: ignore[no-untyped-def]
    """Copy what is known at the as-of time; how many, and when that next changes."""
    count, next_change = 0, FOREVER
    for event in range(begin, end):
        if times[1, event] > as_of:
            next_change = min(next_change, times[1, event])
        elif times[2, event] > as_of:
            next_change = min(next_change, times[2, event])
            time_seen[count] = times[0, event]
            value_seen[count] = value[event]
            count += 1
    return count, next_change


@njit(cache=True, nogil=True)
def _count_known(times, begin, end, as_of, first, stop, counts):  # type: ignore[no-untyped-def]
    """How many of orderly events are known at each as-of time."""
    known = begin
    for place in range(first, stop):
        while known < end and times[1, known] <= as_of[place]:
            known += 1
        counts[place] = known - begin


@njit(cache=True, nogil=True)
def _run_along(time, value, count, start, numbers, places, with_logarithm):  # type: ignore[no-untyped-def]
    """Fill the running columns of the first `count` events."""
    low, high = np.inf, -np.inf
    unchanged, positive, peak = -1, -1, -1
    for event in range(count):
        now = value[event]
        low = now if now < low or np.isnan(now) else low
        high = now if now > high or np.isnan(now) else high
        if event == 0 or now != value[event - 1]:
            unchanged = -1 if np.isnan(now) else event
        if positive < 0 and now > 0.0:
            positive = event
        if start != ALWAYS and time[event] >= start and (peak < 0 or now >= value[peak]):
            peak = peak if np.isnan(now) else event
        numbers[LOW, event], numbers[HIGH, event] = low, high
        places[UNCHANGED, event], places[POSITIVE, event] = unchanged, positive
        places[PEAK, event] = peak
        if with_logarithm:
            numbers[LOGARITHM, event] = np.log2(now) if now > 0.0 else np.nan


@njit(cache=True, inline="always")
def _hours(as_of, moment):  # type: ignore[no-untyped-def]
    """Hours from `moment` to `as_of`; missing for a static event."""
    return np.nan if moment == ALWAYS else (as_of - moment) / MICROSECONDS_PER_HOUR


@njit(cache=True, nogil=True)
def _based(time, count, start):  # type: ignore[no-untyped-def]
    """The place of the last event up to the start, else of the first."""
    low, high = 0, count
    while low < high:
        middle = (low + high) // 2
        if time[middle] <= start:
            low = middle + 1
        else:
            high = middle
    return max(low - 1, 0)


@njit(cache=True, nogil=True)
def _run_hours(statistic, level, as_of, count, time, value):  # type: ignore[no-untyped-def]
    """Hours since the run of values on one side of the level began; 0 on the other side."""
    since = as_of
    for event in range(count - 1, -1, -1):
        if np.isnan(value[event]) or (value[event] >= level) != (statistic == RUN_AT_LEAST):
            break
        since = time[event]
    return np.nan if np.isnan(value[count - 1]) else _hours(as_of, since)


@njit(cache=True, nogil=True)
def _fill_running(  # type: ignore[no-untyped-def]  # noqa: C901 - one choice a statistic
    as_of, counts, first, end, start, time, value, numbers, places,
    statistics, levels, columns, entry, stop, rows, out,
):  # fmt: skip
    """The entries that need no walk over the events, for as-of times with the same start."""
    for place in range(first, end):
        count, now = counts[place], as_of[place]
        last = count - 1
        based = _based(time, count, start)
        for item in range(entry, stop if count > 0 else entry):
            statistic, result, event = statistics[item], np.nan, -1
            if statistic == LAST:
                result = value[last]
            elif statistic == AGE:
                event = last
            elif statistic == COUNT:
                result = float(count)
            elif statistic == MINIMUM:
                result = numbers[LOW, last]
            elif statistic == MAXIMUM:
                result = numbers[HIGH, last]
            elif statistic == HOURS_SINCE_FIRST:
                event = 0
            elif statistic == AGE_OF_SECOND:
                event = last - 1
            elif statistic == AGE_OF_THIRD:
                event = last - 2
            elif statistic == HOURS_UNCHANGED:
                event = places[UNCHANGED, last]
            elif statistic == HOURS_SINCE_POSITIVE:
                event = places[POSITIVE, last]
            elif statistic == HOURS_SINCE_PEAK:
                event = places[PEAK, last]
            elif statistic == PEAK_SINCE_START:
                result = value[places[PEAK, last]] if places[PEAK, last] >= 0 else np.nan
            elif statistic == BASELINE:
                result = value[based]
            elif statistic == CHANGE_FROM_BASELINE:
                result = value[last] - value[based] if based < last else np.nan
            elif statistic == FOLD_OF_BASELINE:
                is_one = based < last and value[based] > 0.0
                result = value[last] / value[based] if is_one else np.nan
            else:
                result = _run_hours(statistic, levels[item], now, count, time, value)
            out[rows[place], columns[item]] = _hours(now, time[event]) if event >= 0 else result


@njit(cache=True, nogil=True)
def _log_slope(oldest, count, time, value, numbers):  # type: ignore[no-untyped-def]
    """Least-squares slope per hour of log2 of the positive values from place `oldest` on."""
    counted, x, xx, y, xy = 0, 0.0, 0.0, 0.0, 0.0
    pivot, origin = np.nan, ALWAYS
    for event in range(count - 1, oldest - 1, -1):
        logarithm = numbers[LOGARITHM, event]
        if np.isnan(value[event]):
            return np.nan
        if np.isnan(logarithm):
            continue
        if counted == 0:
            pivot, origin = logarithm, time[event]
        counted += 1
        hours = -_hours(origin, time[event])
        x += hours
        xx += hours * hours
        y += logarithm - pivot
        xy += hours * (logarithm - pivot)
    across = xx - x * x / max(counted, 1)
    return (xy - x * y / counted) / across if across > SHORTEST_SPREAD else np.nan


@njit(cache=True, nogil=True)
def _hours_beyond(statistic, level, as_of, since, count, time, value):  # type: ignore[no-untyped-def]
    """Hours after `since` on one side of a level, each value held until the next one."""
    hours, held_until = 0.0, as_of
    for event in range(count - 1, -1, -1):
        begins = max(time[event], since)
        if np.isnan(value[event]) or begins == ALWAYS:
            return np.nan
        if (value[event] >= level) == (statistic == HOURS_AT_LEAST):
            hours += _hours(held_until, begins)
        held_until = begins
        if time[event] <= since:
            break
    return hours if held_until < as_of else np.nan


@njit(cache=True, inline="always")
def _slope(count, total, x, xx, xd):  # type: ignore[no-untyped-def]
    """Least-squares slope from sums of hours (x) and distances; missing over too short a time."""
    across = xx - x * x / count
    return (xd - x * total / count) / across if across > SHORTEST_SPREAD else np.nan


@njit(cache=True, nogil=True)
def _fill_windows(  # type: ignore[no-untyped-def]  # noqa: C901 - one walk for all
    as_of, counts, first, end, time, value, numbers,
    statistics, windows, levels, columns, entry, stop, rows, out,
):  # fmt: skip
    """The entries with a window, by one walk back from the latest event of each as-of time.

    `total` and `squares` sum the values' distances to the last value, which keeps the spread of
    large, nearly constant values exact; `x` sums hours before it. A value that is no number (a
    drug without a dose) makes what is computed from values missing.
    """
    for place in range(first, end):
        now, row, event, inside = as_of[place], rows[place], counts[place] - 1, 0
        if event < 0:
            continue
        last, last_time = value[event], time[event]
        total, squares, x, xx, xd = 0.0, 0.0, 0.0, 0.0, 0.0
        low, high = np.inf, -np.inf
        area, held_until, window, since = 0.0, now, NO_WINDOW, now
        for item in range(entry, stop):
            if windows[item] != window:
                window = windows[item]
                since = ALWAYS if window == FOREVER else now - window
                while event >= 0 and (time[event] > since or window == FOREVER):
                    hours, distance = -_hours(last_time, time[event]), value[event] - last
                    inside += 1
                    total += distance
                    squares += distance * distance
                    x += hours
                    xx += hours * hours
                    xd += hours * distance
                    low, high = min(low, value[event]), max(high, value[event])
                    area += value[event] * _hours(held_until, time[event])
                    held_until = time[event]
                    event -= 1
            statistic, result = statistics[item], np.nan
            if statistic == COUNT:
                result = float(inside)
            elif statistic == RATE:
                result = inside / (window / (24.0 * MICROSECONDS_PER_HOUR))
            elif statistic == CHANGE:
                result = last - value[event] if event >= 0 else np.nan
            elif AREA >= statistic >= TIME_WEIGHTED_MEAN:
                whole, covered = area, _hours(now, held_until)
                if event >= 0:
                    whole += value[event] * _hours(held_until, since)
                    covered = _hours(now, since)
                if covered > 0.0:
                    result = whole / covered if statistic == TIME_WEIGHTED_MEAN else whole
            elif statistic == LOG_SLOPE:
                result = _log_slope(event + 1, counts[place], time, value, numbers)
            elif statistic >= HOURS_AT_LEAST:
                result = _hours_beyond(
                    statistic, levels[item], now, since, counts[place], time, value
                )
            elif inside == 0:
                result = 0.0 if statistic == SUM else np.nan
            elif np.isnan(total):
                result = np.nan
            elif statistic == MINIMUM:
                result = low
            elif statistic == MAXIMUM:
                result = high
            elif statistic == MEAN:
                result = last + total / inside
            elif statistic == SUM:
                result = last * inside + total
            elif inside > 1 and statistic == SPREAD:
                result = np.sqrt(max(0.0, (squares - total * total / inside) / (inside - 1)))
            elif inside > 1:
                result = _slope(inside, total, x, xx, xd)
            out[row, columns[item]] = result


@njit(cache=True, nogil=True)
def _fill_key(  # type: ignore[no-untyped-def]
    times, value, begin, end, time_seen, value_seen, numbers, places, counts,
    rows, as_of, starts, statistics, windows, levels, columns, entry, stop, out,
):  # fmt: skip
    """All columns of one key's events `begin` to `end`, the plan's `entry` to `stop`.

    As-of times are taken in stretches over which the course's start stays the same, and the known
    events too unless they became known in their order.
    """
    windowed, with_logarithm = entry, False
    for item in range(entry, stop):
        windowed += windows[item] == NO_WINDOW
        with_logarithm = with_logarithm or statistics[item] == LOG_SLOPE
    orderly = _is_orderly(times, begin, end)
    first = 0
    while first < len(as_of):
        asked = FOREVER - 1 if orderly else as_of[first]
        count, next_change = _choose_known(times, value, begin, end, asked, time_seen, value_seen)
        after = first
        while after < len(as_of) and as_of[after] < next_change and starts[after] == starts[first]:
            counts[after] = count
            after += 1
        if orderly:
            _count_known(times, begin, end, as_of, first, after, counts)
        _run_along(
            time_seen, value_seen, counts[after - 1], starts[first], numbers, places, with_logarithm
        )
        _fill_running(
            as_of, counts, first, after, starts[first], time_seen, value_seen, numbers, places,
            statistics, levels, columns, entry, windowed, rows, out,
        )  # fmt: skip
        _fill_windows(
            as_of, counts, first, after, time_seen, value_seen, numbers,
            statistics, windows, levels, columns, windowed, stop, rows, out,
        )  # fmt: skip
        first = after


@njit(cache=True, nogil=True)
def _most(first, stop, bounds):  # type: ignore[no-untyped-def]
    """The most lines that one of the patients has."""
    most = 0
    for patient in range(first, stop):
        most = max(most, bounds[patient + 1] - bounds[patient])
    return most


@njit(cache=True, nogil=True)
def fill_rows(first, stop, order, event_bounds, events, questions, plan, out):  # type: ignore[no-untyped-def]  # noqa: C901 - owns the scratch of all steps
    """Fill the rows of patients `first` to `stop` in `out` (rows x columns, float32).

    Patient p owns the events at `order[event_bounds[p]:event_bounds[p + 1]]` (see `patient_order`).
    Safe to call from several threads at once for different patients; it does not hold the
    interpreter's lock.
    """
    statistics, windows, levels, columns = plan.statistic, plan.window, plan.level, plan.column
    plan_bounds, members, start_rank, empty = (
        plan.bounds, plan.members, plan.start_rank, plan.empty
    )  # fmt: skip
    plain_keys = members.shape[1]
    most, most_rows = _most(first, stop, event_bounds), _most(first, stop, questions.bounds)
    times, value = np.empty((3, most), np.int64), np.empty(most)
    both, both_value = np.empty((3, most), np.int64), np.empty(most)
    line, spare, spare_value = np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most)
    time_seen, value_seen = np.empty(most, np.int64), np.empty(most)
    numbers, places = np.empty((3, most)), np.empty((3, most), np.int64)
    starts, counts = np.empty(most_rows, np.int64), np.empty(most_rows, np.int64)
    for patient in range(first, stop):
        asked = slice(questions.bounds[patient], questions.bounds[patient + 1])
        rows, as_of = questions.row[asked], questions.as_of[asked]
        if len(rows) == 0:
            continue
        for row in rows:
            for column in range(len(empty)):
                out[row, column] = empty[column]
        own = order[event_bounds[patient] : event_bounds[patient + 1]]
        bounds = _key_bounds(own, events.key, plan.number, plain_keys)
        _gather(own, bounds, events, plan.number, times, value)
        for place in range(plain_keys):
            _sort(bounds[place], bounds[place + 1], times, value, line, spare, spare_value)
        _find_starts(as_of, times, bounds, start_rank, starts, counts)
        for place in range(plain_keys):
            if bounds[place] < bounds[place + 1] and plan_bounds[place] < plan_bounds[place + 1]:
                _fill_key(
                    times, value, bounds[place], bounds[place + 1], time_seen, value_seen,
                    numbers, places, counts, rows, as_of, starts, statistics, windows, levels,
                    columns, plan_bounds[place], plan_bounds[place + 1], out,
                )  # fmt: skip
        for group in range(len(members)):
            count = _gather_members(bounds, members, group, times, value, both, both_value)
            _sort(0, count, both, both_value, line, spare, spare_value)
            entry, end = plan_bounds[plain_keys + group], plan_bounds[plain_keys + group + 1]
            if count > 0:
                _fill_key(
                    both, both_value, 0, count, time_seen, value_seen, numbers, places, counts,
                    rows, as_of, starts, statistics, windows, levels, columns, entry, end, out,
                )  # fmt: skip
