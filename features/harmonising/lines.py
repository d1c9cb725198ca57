"""Candidate events as arrays, and what is asked of each key."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf, nan

import numpy as np
import numpy.typing as npt

from features.catalogue import ANALYTES, BLOOD_PRESSURE, DRUGS, KEYS, STATES, StateKind
from features.harmonising.columns import Source, words_of
from features.harmonising.conversions import Route, route
from features.harmonising.passes import REASONS, told_apart
from features.harmonising.repeats import Flags, Floats, Integers, changes
from features.tables import RejectReason

LARGEST_DOSE = 1e12
SPLIT_KEYS = (*KEYS, BLOOD_PRESSURE)  # the panel stands behind the keys that events can have
INDEX = {key: place for place, key in enumerate(SPLIT_KEYS)}
PANEL, BIRTH = INDEX[BLOOD_PRESSURE], INDEX["birth"]


@dataclass(frozen=True)
class KeyTable:
    """What harmonising asks of every key, as arrays in the order of the keys."""

    low: Floats
    high: Floats
    middle: Floats  # NaN where only one side, or no side, has a reference
    direction: Floats  # without a middle: +1 more is worse, -1 less is worse
    timeless: Flags
    needs_value: Flags
    takes_value: Flags
    only_rises: Flags
    is_grade: Flags  # no number but a whole one
    is_dose: Flags  # given at once, so that 0 is none; a rate of 0 ends an infusion


def _limits(key: str) -> tuple[float, float]:
    if key in ANALYTES:
        return ANALYTES[key].plausible_low, ANALYTES[key].plausible_high
    if key in STATES:
        return STATES[key].low, STATES[key].high
    return (0.0, LARGEST_DOSE) if key in DRUGS else (-inf, inf)


def _middle(key: str) -> tuple[float, float]:
    """The middle of the reference range, and the bad direction where there is none."""
    analyte = ANALYTES.get(key)
    if analyte is None or analyte.reference_low is None:
        return nan, 1.0
    if analyte.reference_high is None:
        return nan, -1.0
    return (analyte.reference_low + analyte.reference_high) / 2, 1.0


def _is_timeless(key: str) -> bool:
    row = ANALYTES.get(key) or STATES.get(key)
    return row is not None and row.timeless


def _kind(key: str) -> StateKind | None:
    return STATES[key].kind if key in STATES else None


def _key_table() -> KeyTable:
    limits = np.array([_limits(key) for key in SPLIT_KEYS], dtype=np.float64)
    middles = np.array([_middle(key) for key in SPLIT_KEYS], dtype=np.float64)
    moment = np.array([_kind(key) is StateKind.MOMENT for key in SPLIT_KEYS])
    return KeyTable(
        low=limits[:, 0],
        high=limits[:, 1],
        middle=middles[:, 0],
        direction=middles[:, 1],
        timeless=np.array([_is_timeless(key) for key in SPLIT_KEYS]),
        needs_value=~moment & np.array([key not in DRUGS for key in SPLIT_KEYS]),
        takes_value=~moment,
        is_grade=np.array([_kind(key) is StateKind.GRADE for key in SPLIT_KEYS]),
        is_dose=np.array([key in DRUGS and not DRUGS[key].is_infusion for key in SPLIT_KEYS]),
        only_rises=np.array([_kind(key) is StateKind.CULTURE for key in SPLIT_KEYS]),
    )


TABLE = _key_table()


@dataclass(frozen=True)
class Lines:
    """Candidate events as arrays: `row` is the record's place, `reason` -1 while it stands."""

    row: Integers
    key: npt.NDArray[np.int16]
    number: Floats
    reason: npt.NDArray[np.int8]
    in_mg: Flags

    def refused(self, where: Flags, reason: RejectReason) -> "Lines":
        """The lines that still stand and are marked in `where` get this reason."""
        if not where.any():
            return self
        code = np.int8(REASONS.index(reason))
        return replace(self, reason=np.where((self.reason < 0) & where, code, self.reason))


def taken(lines: Lines, where: npt.NDArray) -> Lines:
    """The lines at these places, or marked in this mask."""
    return Lines(
        lines.row[where],
        lines.key[where],
        lines.number[where],
        lines.reason[where],
        lines.in_mg[where],
    )


def stacked(parts: Sequence[Lines]) -> Lines:
    """Lines one below the other."""
    return Lines(
        np.concatenate([part.row for part in parts]),
        np.concatenate([part.key for part in parts]),
        np.concatenate([part.number for part in parts]),
        np.concatenate([part.reason for part in parts]),
        np.concatenate([part.in_mg for part in parts]),
    )


def line_rank(lines: Lines, source: Source) -> Integers:
    """An order of lines by what their records say, so that no result depends on row order."""
    if lines.row.size < 2:
        return np.zeros(lines.row.size, dtype=np.int64)
    given = np.unique(source.given[lines.row], return_inverse=True)[1].astype(np.int64)
    words = (source.text, source.unit, source.code)
    said = [given, *(column.place[lines.row].astype(np.int64) for column in words)]
    order = np.lexsort(said)
    if not changes(*(column[order] for column in said)).all():
        order = np.lexsort([*_as_written(lines, source), *said])
    rank = np.empty(order.size, dtype=np.int64)
    rank[order] = np.arange(order.size)
    return rank


def _as_written(lines: Lines, source: Source) -> list[Integers]:
    """What tells records apart that say the same, the weightiest last: their source, then blanks.

    And whether a result's time was given, or is that of the record.
    """
    origin = words_of(source.records["source"].array.take(lines.row))
    written = [
        column.written[lines.row]
        for column in (source.text, source.unit, source.code, source.patient)
        if column.written is not None
    ]
    timed = source.records["result_time"].array.take(lines.row).isna().astype(np.int64)
    of_origin = [] if origin.written is None else [origin.written]
    return [timed, *of_origin, *written, origin.place.astype(np.int64)]


def routes_of(lines: Lines, source: Source) -> tuple[Integers, list[Route]]:
    """Each line's place in the list of routes, one route per (key, code, unit)."""
    units, codes = len(source.unit.words) + 1, len(source.code.words) + 1
    triple = lines.key.astype(np.int64) * codes + source.code.place[lines.row]
    triple = triple * units + source.unit.place[lines.row] + 1
    place, triples = told_apart(triple)
    routes = []
    for number in triples.tolist():
        pair, unit = divmod(number, units)
        key, code = divmod(pair, codes)
        routes.append(route(SPLIT_KEYS[key], source.code.words[code], source.unit.at(unit - 1)))
    return place, routes
