"""One value per moment: duplicates, corrections and contradictions among a patient's events.

    same patient, key and time                  what happens
    the same value again                        the repeat is set aside as duplicate
    another value, known later                  a correction: the earlier one holds until then
    another value, known at the same moment     a conflict: the more abnormal one stays
    a culture that grew, then one that did not  two bottles of one set: the growth stays

On a ward one acts on the more abnormal of two readings; so does this file.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.arrays import NEVER

_SAME = 1e-9  # relative: two roundings of one number after unit conversion

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Moments:
    """Values with their place: `group` counts (patient, key) pairs; times are microseconds.

    `abnormality` grows with the distance from the middle of the reference range. `rank` orders
    lines that are equal in all else by what they are, never by where they stood. `only_rises` marks
    cultures.
    """

    group: Integers
    time: Integers
    known: Integers
    value: Floats
    abnormality: Floats
    rank: Integers
    only_rises: Flags


@dataclass(frozen=True)
class Resolution:
    """Per line: whether it was set aside as duplicate or conflict, and until when it holds."""

    duplicate: Flags
    conflict: Flags
    until: Integers


def changes(*columns: Integers) -> Flags:
    """True where a sorted table's line differs from the one before in any column."""
    changed = np.zeros(columns[0].size, dtype=bool)
    changed[:1] = True
    for column in columns:
        changed[1:] |= column[1:] != column[:-1]
    return changed


def same_value(left: Floats, right: Floats) -> Flags:
    """True where two numbers are one, but for rounding, or both are missing."""
    close = np.abs(left - right) <= _SAME * np.maximum(np.abs(left), np.abs(right))
    return close | (np.isnan(left) & np.isnan(right))


def tied_lines(group: Integers, time: Integers, order: Integers) -> Integers:
    """Lines (in the given order) that share patient, key and time with another."""
    starts = changes(group[order], time[order])
    ends = np.append(starts[1:], True)
    return order[~(starts & ends)]


def resolve(moments: Moments) -> Resolution:
    """Which lines stay, and until when, of lines that may share patient, key and time."""
    order = np.lexsort(
        (
            moments.rank,
            -moments.value,
            -moments.abnormality,
            moments.known,
            moments.time,
            moments.group,
        )
    )
    group, time, known = moments.group[order], moments.time[order], moments.known[order]
    value = moments.value[order]
    first = changes(group, time, known)
    chosen = value[np.maximum.accumulate(np.where(first, np.arange(first.size), 0))]
    repeated = ~first & same_value(value, chosen)
    contradicted = ~first & ~repeated

    kept = np.flatnonzero(first)
    opens = changes(group[kept], time[kept])
    fell = moments.only_rises[order][kept] & _below_peak(value[kept], opens)
    contradicted[kept[fell]] = True
    kept, opens = kept[~fell], opens[~fell]
    unchanged = ~opens & np.append(False, same_value(value[kept][1:], value[kept][:-1]))
    repeated[kept[unchanged]] = True
    kept, opens = kept[~unchanged], opens[~unchanged]

    until = np.full(order.size, NEVER)
    corrected = np.flatnonzero(~opens[1:])
    until[kept[corrected]] = known[kept[corrected + 1]]
    return Resolution(*(_unsorted(column, order) for column in (repeated, contradicted, until)))


def _below_peak(value: Floats, opens: Flags) -> Flags:
    """True where a value (0 to 1) lies below an earlier one of the same patient, key and time."""
    moment = np.cumsum(opens)
    return np.maximum.accumulate(2.0 * moment + np.nan_to_num(value)) > 2.0 * moment + value


def _unsorted(column: npt.NDArray, order: Integers) -> npt.NDArray:
    original = np.empty_like(column)
    original[order] = column
    return original
