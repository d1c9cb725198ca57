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
    """The events in any order, one entry an event; `order` lists them patient by patient.

    Patient p owns `order[bounds[p]:bounds[p + 1]]`. `key` is the plan's number of the key. Times
    are microseconds; `ALWAYS` marks a static `time`, a `known` that is no later than `time`, and
    an `until` of a value that nothing superseded.
    """

    order: np.ndarray
    bounds: np.ndarray
    key: np.ndarray
    time: np.ndarray
    known: np.ndarray
    until: np.ndarray
    value: np.ndarray


class Plan(NamedTuple):
    """What to compute: key k owns entries `bounds[k]:bounds[k + 1]`, by ascending `window`.

    `start_rank[k]` is below the number of keys where the key starts a course, the lowest first.
    `members[g, k]` says that the group whose number is the count of plain keys + g repeats key k.
    `empty` is a row of a patient without events.
    """

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


class Segment(NamedTuple):
    """Events of one patient sorted by (key, time, known time, value), or a slice of them."""

    time: np.ndarray
    known: np.ndarray
    until: np.ndarray
    value: np.ndarray


class Running(NamedTuple):
    """What is true of a segment's first events, by the place of the last of them.

    The peak is the latest of the highest values at or after the course's start.
    """

    low: np.ndarray
    high: np.ndarray
    unchanged_since: np.ndarray
    positive_since: np.ndarray
    peak: np.ndarray
    peak_time: np.ndarray
    logarithm: np.ndarray


@njit(cache=True, nogil=True)
def patient_order(patient, patients):  # type: ignore[no-untyped-def]
    """The places of events patient by patient (a counting sort), and each patient's bounds.

    A patient of -1 is left out.
    """
    bounds = np.zeros(patients + 2, dtype=np.int64)
    for code in patient:
        bounds[code + 2] += 1
    bounds[1] = 0
    for place in range(2, patients + 2):
        bounds[place] += bounds[place - 1]
    order = np.empty(bounds[-1], dtype=np.uint32)
    for event, code in enumerate(patient):
        if code >= 0:
            order[bounds[code + 1]] = event
            bounds[code + 1] += 1
    return order, bounds[:-1].copy()


@njit(cache=True, nogil=True)
def _gathered(order, events, keys):  # type: ignore[no-untyped-def]
    """One patient's events by key (in the order they come), and each key's bounds."""
    bounds = np.zeros(keys + 1, dtype=np.int64)
    for event in order:
        bounds[events.key[event] + 1] += 1
    for key in range(keys):
        bounds[key + 1] += bounds[key]
    free = bounds[:-1].copy()
    count = len(order)
    time, known = np.empty(count, np.int64), np.empty(count, np.int64)
    until, value = np.empty(count, np.int64), np.empty(count, np.float64)
    for event in order:
        place = free[events.key[event]]
        free[events.key[event]] += 1
        time[place] = events.time[event]
        known[place] = max(events.time[event], events.known[event])
        until[place] = FOREVER if events.until[event] == ALWAYS else events.until[event]
        value[place] = events.value[event]
    return Segment(time, known, until, value), bounds


@njit(cache=True, nogil=True)
def _is_before(left, right, segment):  # type: ignore[no-untyped-def]
    """Whether event `left` comes strictly before `right`; a missing value comes last."""
    if segment.time[left] != segment.time[right]:
        return segment.time[left] < segment.time[right]
    if segment.known[left] != segment.known[right]:
        return segment.known[left] < segment.known[right]
    if np.isnan(segment.value[right]):
        return not np.isnan(segment.value[left])
    return segment.value[left] < segment.value[right]


@njit(cache=True, nogil=True)
def _merged(order, spare, segment):  # type: ignore[no-untyped-def]
    """The places in ascending order of their events: a merge sort from the bottom up."""
    count, width = len(order), 1
    while width < count:
        for begin in range(0, count, 2 * width):
            middle, end = min(begin + width, count), min(begin + 2 * width, count)
            left, right = begin, middle
            for place in range(begin, end):
                from_right = left == middle or (
                    right < end and _is_before(order[right], order[left], segment)
                )
                if from_right:
                    spare[place] = order[right]
                    right += 1
                else:
                    spare[place] = order[left]
                    left += 1
        order, spare = spare, order
        width *= 2
    return order


@njit(cache=True, nogil=True)
def _part(segment, begin, end):  # type: ignore[no-untyped-def]
    return Segment(
        segment.time[begin:end],
        segment.known[begin:end],
        segment.until[begin:end],
        segment.value[begin:end],
    )


@njit(cache=True, nogil=True)
def _sort(segment):  # type: ignore[no-untyped-def]
    """Sort a segment where it stands; most come sorted."""
    count = len(segment.time)
    for place in range(1, count):
        if _is_before(place, place - 1, segment):
            break
    else:
        return
    order = _merged(np.arange(count), np.empty(count, np.int64), segment)
    segment.time[:] = segment.time[order]
    segment.known[:] = segment.known[order]
    segment.until[:] = segment.until[order]
    segment.value[:] = segment.value[order]


@njit(cache=True, nogil=True)
def _of_members(segment, bounds, member):  # type: ignore[no-untyped-def]
    """The events of several keys as one sorted segment."""
    count = 0
    for key in range(len(member)):
        if member[key]:
            count += bounds[key + 1] - bounds[key]
    both = Segment(
        np.empty(count, np.int64),
        np.empty(count, np.int64),
        np.empty(count, np.int64),
        np.empty(count, np.float64),
    )
    place = 0
    for key in range(len(member)):
        if member[key]:
            for event in range(bounds[key], bounds[key + 1]):
                both.time[place] = segment.time[event]
                both.known[place] = segment.known[event]
                both.until[place] = segment.until[event]
                both.value[place] = segment.value[event]
                place += 1
    _sort(both)
    return both


@njit(cache=True, nogil=True)
def _course_starts(as_of, segment, bounds, start_rank):  # type: ignore[no-untyped-def]
    """When the course started as far as was known at each as-of time; `ALWAYS` where it had not."""
    starts = np.full(len(as_of), ALWAYS)
    best = np.full(len(as_of), len(start_rank))
    for key in range(len(start_rank)):
        rank = start_rank[key]
        if rank == len(start_rank):
            continue
        for place in range(len(as_of)):
            for event in range(bounds[key], bounds[key + 1] if rank < best[place] else 0):
                if segment.time[event] > as_of[place]:
                    break
                if (
                    segment.time[event] != ALWAYS
                    and segment.known[event] <= as_of[place] < segment.until[event]
                ):
                    starts[place], best[place] = segment.time[event], rank
                    break
    return starts


@njit(cache=True, nogil=True)
def _is_orderly(segment):  # type: ignore[no-untyped-def]
    """Whether events became known in their order, for good: what is known is then a beginning."""
    for event in range(len(segment.time)):
        if segment.until[event] != FOREVER:
            return False
        if event > 0 and segment.known[event] < segment.known[event - 1]:
            return False
    return True


@njit(cache=True, nogil=True)
def _choose_known(segment, as_of, chosen):  # type: ignore[no-untyped-def]
    """Copy what is known at the as-of time to `chosen`; how many, and when that next changes."""
    count, next_change = 0, FOREVER
    for event in range(len(segment.time)):
        if segment.known[event] > as_of:
            next_change = min(next_change, segment.known[event])
        elif segment.until[event] > as_of:
            next_change = min(next_change, segment.until[event])
            chosen.time[count] = segment.time[event]
            chosen.value[count] = segment.value[event]
            count += 1
    return count, next_change


@njit(cache=True, nogil=True)
def _run_along(segment, first, count, start, running, with_logarithm):  # type: ignore[no-untyped-def]
    """Fill the running columns of events `first` to `count` from those before them."""
    low, high, peak = np.inf, -np.inf, np.nan
    unchanged, positive, peak_time = ALWAYS, FOREVER, ALWAYS
    if first > 0:
        low, high, peak = running.low[first - 1], running.high[first - 1], running.peak[first - 1]
        unchanged, positive = running.unchanged_since[first - 1], running.positive_since[first - 1]
        peak_time = running.peak_time[first - 1]
    for event in range(first, count):
        moment, value = segment.time[event], segment.value[event]
        low = value if value < low or np.isnan(value) else low
        high = value if value > high or np.isnan(value) else high
        if np.isnan(value):
            unchanged = ALWAYS
        elif event == 0 or value != segment.value[event - 1]:
            unchanged = moment
        if positive == FOREVER and value > 0.0:
            positive = moment
        if start != ALWAYS and moment >= start and not (np.isnan(value) or value < peak):
            peak, peak_time = value, moment
        running.low[event], running.high[event], running.peak[event] = low, high, peak
        running.unchanged_since[event], running.positive_since[event] = unchanged, positive
        running.peak_time[event] = peak_time
        if with_logarithm:
            running.logarithm[event] = np.log2(value) if value > 0.0 else np.nan


@njit(cache=True, inline="always")
def _hours(as_of, moment):  # type: ignore[no-untyped-def]
    """Hours from `moment` to `as_of`; missing for a static event."""
    return np.nan if moment == ALWAYS else (as_of - moment) / MICROSECONDS_PER_HOUR


@njit(cache=True, nogil=True)
def _baseline(time, count, start):  # type: ignore[no-untyped-def]
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
def _from_baseline(statistic, count, start, segment):  # type: ignore[no-untyped-def]
    based = _baseline(segment.time, count, start)
    last, baseline = segment.value[count - 1], segment.value[based]
    if statistic == BASELINE:
        return baseline
    if based == count - 1:  # nothing was measured since
        return np.nan
    if statistic == CHANGE_FROM_BASELINE:
        return last - baseline
    return last / baseline if baseline > 0.0 else np.nan


@njit(cache=True, nogil=True)
def _run_hours(statistic, level, as_of, count, segment):  # type: ignore[no-untyped-def]
    """Hours since the run of values on one side of the level began; 0 on the other side."""
    since = as_of
    for event in range(count - 1, -1, -1):
        value = segment.value[event]
        if np.isnan(value) or (value >= level) != (statistic == RUN_AT_LEAST):
            break
        since = segment.time[event]
    return np.nan if np.isnan(segment.value[count - 1]) else _hours(as_of, since)


@njit(cache=True, nogil=True)
def _running_statistic(statistic, level, as_of, count, start, segment, running):  # type: ignore[no-untyped-def]  # noqa: C901, PLR0911 - one choice a statistic
    """One statistic of everything known, which are the first `count` (> 0) events."""
    last = count - 1
    if statistic == LAST:
        return segment.value[last]
    if statistic == AGE:
        return _hours(as_of, segment.time[last])
    if statistic == COUNT:
        return float(count)
    if statistic == MINIMUM:
        return running.low[last]
    if statistic == MAXIMUM:
        return running.high[last]
    if statistic == HOURS_SINCE_FIRST:
        return _hours(as_of, segment.time[0])
    if statistic == PEAK_SINCE_START:
        return running.peak[last]
    if statistic == HOURS_SINCE_PEAK:
        return _hours(as_of, running.peak_time[last])
    if statistic == HOURS_UNCHANGED:
        return _hours(as_of, running.unchanged_since[last])
    if statistic == HOURS_SINCE_POSITIVE:
        positive = running.positive_since[last]
        return np.nan if positive == FOREVER else _hours(as_of, positive)
    if statistic == AGE_OF_SECOND:
        return _hours(as_of, segment.time[last - 1]) if count > 1 else np.nan
    if statistic == AGE_OF_THIRD:
        return _hours(as_of, segment.time[last - 2]) if count > 2 else np.nan
    if statistic == RUN_AT_LEAST or statistic == RUN_BELOW:
        return _run_hours(statistic, level, as_of, count, segment)
    return _from_baseline(statistic, count, start, segment)


@njit(cache=True, nogil=True)
def _log_slope(oldest, count, segment, running):  # type: ignore[no-untyped-def]
    """Least-squares slope per hour of log2 of the positive values from place `oldest` on."""
    counted, x, xx, y, xy = 0, 0.0, 0.0, 0.0, 0.0
    pivot, origin = np.nan, ALWAYS
    for event in range(count - 1, oldest - 1, -1):
        if np.isnan(segment.value[event]):
            return np.nan
        logarithm = running.logarithm[event]
        if np.isnan(logarithm):
            continue
        if counted == 0:
            pivot, origin = logarithm, segment.time[event]
        counted += 1
        hours = -_hours(origin, segment.time[event])
        x += hours
        xx += hours * hours
        y += logarithm - pivot
        xy += hours * (logarithm - pivot)
    if counted < 2:
        return np.nan
    across = xx - x * x / counted
    return (xy - x * y / counted) / across if across > SHORTEST_SPREAD else np.nan


@njit(cache=True, nogil=True)
def _hours_beyond(statistic, level, as_of, since, count, segment):  # type: ignore[no-untyped-def]
    """Hours after `since` on one side of a level, each value held until the next one."""
    hours, held_until, covered = 0.0, as_of, False
    for event in range(count - 1, -1, -1):
        value, begins = segment.value[event], max(segment.time[event], since)
        if np.isnan(value) or begins == ALWAYS:
            return np.nan
        covered = covered or begins < held_until
        if (value >= level) == (statistic == HOURS_AT_LEAST):
            hours += _hours(held_until, begins)
        held_until = begins
        if segment.time[event] <= since:
            break
    return hours if covered else np.nan


@njit(cache=True, inline="always")
def _window_statistic(  # type: ignore[no-untyped-def]  # noqa: C901, PLR0911 - one choice a statistic
    statistic, count, window, pivot, total, squares, low, high, x, xx, xd
):
    """One statistic of the values inside a window.

    `total` and `squares` sum the values' distances to `pivot` (the last value), which keeps the
    spread of large, nearly constant values exact; `x` sums hours before the last value.
    """
    if statistic == COUNT:
        return float(count)
    if statistic == RATE:
        return count / (window / (24.0 * MICROSECONDS_PER_HOUR))
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
    return (xd - x * total / count) / across if across > SHORTEST_SPREAD else np.nan


@njit(cache=True, nogil=True)
def _fill_windows(as_of, count, segment, running, plan, entry, stop, row):  # type: ignore[no-untyped-def]  # noqa: C901 - one walk is what makes it fast
    """The windowed entries `entry` to `stop` of one as-of time, which knows `count` (> 0) events."""
    last, last_time = segment.value[count - 1], segment.time[count - 1]
    event, inside = count - 1, 0
    total, squares, x, xx, xd = 0.0, 0.0, 0.0, 0.0, 0.0
    low, high = np.inf, -np.inf
    area, held_until = 0.0, as_of
    while entry < stop:
        window = plan.window[entry]
        since = ALWAYS if window == FOREVER else as_of - window
        while event >= 0 and (segment.time[event] > since or window == FOREVER):
            moment, value = segment.time[event], segment.value[event]
            hours, distance = -_hours(last_time, moment), value - last
            inside += 1
            total += distance
            squares += distance * distance
            x += hours
            xx += hours * hours
            xd += hours * distance
            low, high = min(low, value), max(high, value)
            area += value * _hours(held_until, moment)
            held_until = moment
            event -= 1
        while entry < stop and plan.window[entry] == window:
            statistic = plan.statistic[entry]
            if statistic == CHANGE:
                result = last - segment.value[event] if event >= 0 else np.nan
            elif statistic == AREA or statistic == TIME_WEIGHTED_MEAN:
                begins, whole = held_until, area
                if event >= 0:
                    begins = since
                    whole += segment.value[event] * _hours(held_until, since)
                covered = _hours(as_of, begins)
                result = whole if covered > 0.0 else np.nan
                if statistic == TIME_WEIGHTED_MEAN:
                    result /= covered
            elif statistic == LOG_SLOPE:
                result = _log_slope(event + 1, count, segment, running)
            elif statistic == HOURS_AT_LEAST or statistic == HOURS_BELOW:
                level = plan.level[entry]
                result = _hours_beyond(statistic, level, as_of, since, count, segment)
            else:
                result = _window_statistic(
                    statistic, inside, window, last, total, squares, low, high, x, xx, xd
                )
            row[plan.column[entry]] = result
            entry += 1


@njit(cache=True, nogil=True)
def _fill_key(segment, as_of, starts, rows, plan, key, out):  # type: ignore[no-untyped-def]
    """All columns of one key (or group) for one patient's as-of times."""
    entry, stop = plan.bounds[key], plan.bounds[key + 1]
    windowed, with_logarithm = entry, False
    for place in range(entry, stop):
        windowed += plan.window[place] == NO_WINDOW
        with_logarithm = with_logarithm or plan.statistic[place] == LOG_SLOPE
    size, orderly = len(segment.time), _is_orderly(segment)
    seen = segment
    if not orderly:
        seen = Segment(np.empty(size, np.int64), segment.known, segment.until, np.empty(size))
    running = Running(
        np.empty(size), np.empty(size), np.empty(size, np.int64), np.empty(size, np.int64),
        np.empty(size), np.empty(size, np.int64), np.empty(size if with_logarithm else 0),
    )  # fmt: skip
    count, ran, next_change = 0, 0, ALWAYS
    for place in range(len(as_of)):
        moment, start = as_of[place], starts[place]
        if place > 0 and start != starts[place - 1]:
            ran = 0
        if orderly:
            while count < size and segment.known[count] <= moment:
                count += 1
        elif moment >= next_change:
            count, next_change = _choose_known(segment, moment, seen)
            ran = 0
        if count == 0:
            continue
        _run_along(seen, ran, count, start, running, with_logarithm)
        ran, row = count, out[rows[place]]
        for running_entry in range(entry, windowed):
            row[plan.column[running_entry]] = _running_statistic(
                plan.statistic[running_entry], plan.level[running_entry], moment, count, start,
                seen, running,
            )  # fmt: skip
        _fill_windows(moment, count, seen, running, plan, windowed, stop, row)


@njit(cache=True, nogil=True)
def fill_rows(first, stop, events, questions, plan, out):  # type: ignore[no-untyped-def]
    """Fill the rows of patients `first` to `stop` in `out` (rows x columns, float32).

    Safe to call from several threads at once for different patients; it does not hold the
    interpreter's lock.
    """
    plain_keys = plan.members.shape[1]
    for patient in range(first, stop):
        asked = slice(questions.bounds[patient], questions.bounds[patient + 1])
        rows, as_of = questions.row[asked], questions.as_of[asked]
        if len(rows) == 0:
            continue
        for row in rows:
            out[row, :] = plan.empty
        own = events.order[events.bounds[patient] : events.bounds[patient + 1]]
        gathered, bounds = _gathered(own, events, plain_keys)
        for key in range(plain_keys):
            _sort(_part(gathered, bounds[key], bounds[key + 1]))
        starts = _course_starts(as_of, gathered, bounds, plan.start_rank)
        for key in range(len(plan.bounds) - 1):
            if plan.bounds[key] == plan.bounds[key + 1]:
                continue
            if key < plain_keys:
                segment = _part(gathered, bounds[key], bounds[key + 1])
            else:
                segment = _of_members(gathered, bounds, plan.members[key - plain_keys])
            if len(segment.time) > 0:
                _fill_key(segment, as_of, starts, rows, plan, key, out)
