"""The compiled passes over records: which of them can stand, and what their numbers become.

A request of 300 records goes through in microseconds, where each array operation costs one of its
own. What the passes know of reasons and limits they are told, so that compiled code kept from an
earlier run never answers with an earlier table.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from features.arrays import NEVER
from features.tables import RejectReason

REASONS = tuple(RejectReason)
ACCEPTED = -1


LOW, HIGH, SLOPE, OFFSET, OF_LOG10 = range(5)
"""The columns of a table of ways."""


SPREAD = 2_654_435_761
"""2^32 times the golden section: neighbours land far apart (Knuth 1998, volume 3, section 6.4)."""


class Faults(NamedTuple):
    """The codes (places in `REASONS`) of what a pass may find wrong with a record."""

    no_patient: int
    unknown_code: int
    no_time: int
    implausible_time: int
    result_before_collection: int
    no_value: int
    not_given: int
    implausible: int


class Edges(NamedTuple):
    """The earliest time of a record, that of a birth, and the time that none reaches, in µs."""

    earliest: int
    earliest_birth: int
    latest: int
    birth: int  # the key's place


FAULTS = Faults(*(REASONS.index(RejectReason(name)) for name in Faults._fields))


@njit(cache=True)
def first_fault(patient, key, time, known, timeless, edges, faults):  # type: ignore[no-untyped-def]
    """The first thing wrong with each record (int8), `ACCEPTED` where nothing is."""
    found = np.empty(key.size, np.int8)
    for line in range(key.size):
        at, heard = time[line], known[line]
        earliest = edges.earliest_birth if key[line] == edges.birth else edges.earliest
        if patient[line] < 0:
            found[line] = faults.no_patient
        elif key[line] < 0:
            found[line] = faults.unknown_code
        elif at == NEVER and not timeless[key[line]]:
            found[line] = faults.no_time
        elif (at != NEVER and at < earliest) or at >= edges.latest or heard >= edges.latest:
            found[line] = faults.implausible_time
        elif heard < at:
            found[line] = faults.result_before_collection
        else:
            found[line] = ACCEPTED
    return found


@njit(cache=True)
def told_apart(numbers):  # type: ignore[no-untyped-def]
    """Each number's place among the distinct ones, and these in the order of their appearance."""
    slots = 2
    while slots < 2 * numbers.size:
        slots *= 2
    holds = np.full(slots, -1, np.int64)
    place, distinct = np.empty(numbers.size, np.int64), np.empty(numbers.size, np.int64)
    count = 0
    for line in range(numbers.size):
        slot = (numbers[line] * SPREAD >> 7) & (slots - 1)
        while holds[slot] >= 0 and distinct[holds[slot]] != numbers[line]:
            slot = (slot + 1) & (slots - 1)
        if holds[slot] < 0:
            holds[slot], distinct[count] = count, numbers[line]
            count += 1
        place[line] = holds[slot]
    return place, distinct[:count].copy()


@njit(cache=True)
def read_numbers(key, given, reason, needs_value, takes_value, is_dose, faults):  # type: ignore[no-untyped-def]
    """Each line's number where its key takes one, and what is wrong with having none."""
    number, found = np.empty(key.size), reason.copy()
    for line in range(key.size):
        place = key[line]
        number[line] = given[line] if takes_value[place] else np.nan
        if reason[line] != ACCEPTED:
            continue
        if needs_value[place] and np.isnan(given[line]):
            found[line] = faults.no_value
        elif is_dose[place] and number[line] == 0.0:
            found[line] = faults.not_given
    return number, found


@njit(cache=True)
def _taken_along(given, ways):  # type: ignore[no-untyped-def]
    """The number that the first way which takes `given` makes of it; NaN where none does."""
    for way in range(len(ways)):
        if ways[way, LOW] <= given <= ways[way, HIGH]:
            if ways[way, OF_LOG10] == 0.0:
                return ways[way, SLOPE] * given + ways[way, OFFSET]
            if given > 0.0:
                return ways[way, SLOPE] * np.log10(given) + ways[way, OFFSET]
    return np.nan


@njit(cache=True)
def convert(key, given, route, bounds, ways, refusal, low, high, is_grade, faults):  # type: ignore[no-untyped-def]
    """Numbers in canonical units, and what is wrong with each (int8).

    `route` is each line's route, `ways[bounds[r]:bounds[r + 1]]` are those of route r, `refusal[r]`
    is the code for a number that none of them takes. `low`, `high` and `is_grade` go by key.
    """
    number, found = np.empty(key.size), np.full(key.size, ACCEPTED, np.int8)
    for line in range(key.size):
        along, place = route[line], key[line]
        value = _taken_along(given[line], ways[bounds[along] : bounds[along + 1]])
        number[line] = value
        if np.isnan(value):
            if not np.isnan(given[line]):
                found[line] = refusal[along]
        elif value < low[place] or value > high[place] or (is_grade[place] and value % 1 != 0):
            found[line] = faults.implausible
    return number, found
