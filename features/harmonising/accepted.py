"""The events: accepted lines in order, each drug repeated under the keys of its class."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress
from math import nan

import numpy as np

from features.arrays import EventArrays
from features.catalogue import CLASS_KEYS, DRUGS, KEYS
from features.harmonising.columns import Source
from features.harmonising.cultures import is_skin_commensal
from features.harmonising.lines import INDEX, SPLIT_KEYS, Lines
from features.harmonising.repeats import Floats, Integers

_IS_DRUG = np.array([key in DRUGS for key in SPLIT_KEYS])
_BLOOD_CULTURE = INDEX["blood_culture"]


@dataclass(frozen=True)
class _Rows:
    """Events to be: `line` is the line they come from."""

    line: Integers
    key: Integers
    value: Floats

    def taken(self, where: Integers) -> "_Rows":
        return _Rows(self.line[where], self.key[where], self.value[where])


def _joined(parts: Sequence[_Rows]) -> _Rows:
    return _Rows(
        np.concatenate([part.line for part in parts]),
        np.concatenate([part.key for part in parts]),
        np.concatenate([part.value for part in parts]),
    )


def _class_rows(lines: Lines) -> list[_Rows]:
    """Each drug's lines once more under every key of its class."""
    rows: list[_Rows] = []
    of_drugs = lines.key[_IS_DRUG[lines.key]]
    for key in np.unique(of_drugs) if of_drugs.size else ():
        drug = DRUGS[SPLIT_KEYS[key]]
        given = np.flatnonzero(lines.key == key)
        value = lines.number[given]
        if drug.dexamethasone_equivalent is not None:
            value = np.where(lines.in_mg[given], value * drug.dexamethasone_equivalent, nan)
        repeated = CLASS_KEYS[drug.drug_class]
        rows.extend(_Rows(given, np.full(given.size, INDEX[name]), value) for name in repeated)
    return rows


def _commensal_rows(lines: Lines, source: Source) -> list[_Rows]:
    """Cultures of skin commensals once more under their own key."""
    grew = np.flatnonzero((lines.key == _BLOOD_CULTURE) & (lines.number > 0))
    if grew.size == 0:
        return []
    named = np.array([*(is_skin_commensal(word) for word in source.text.words), False])
    line = grew[named[source.text.place[lines.row[grew]]]]
    return [_Rows(line, np.full(line.size, INDEX["skin_commensal"]), np.ones(line.size))]


def _merged(lines: Lines, source: Source) -> _Rows:
    """Lines (which stand in order) and their repeats, in order.

    No class key is a drug's key, so a (patient, key) pair's rows all come from one of the two.
    """

    def pair(rows: _Rows) -> Integers:
        return source.patient.place[lines.row[rows.line]].astype(np.int64) * len(KEYS) + rows.key

    own = _Rows(np.arange(lines.row.size), lines.key.astype(np.int64), lines.number)
    parts = [*_class_rows(lines), *_commensal_rows(lines, source)]
    if not parts:
        return own
    repeats = _joined(parts)
    row = lines.row[repeats.line]
    order = np.lexsort((repeats.value, source.known[row], source.time[row], pair(repeats)))
    repeats = repeats.taken(order)
    place = np.insert(
        np.arange(own.line.size),
        np.searchsorted(pair(own), pair(repeats)),
        own.line.size + np.arange(repeats.line.size),
    )
    return _joined([own, repeats]).taken(place)


def accepted_events(lines: Lines, until: Integers, source: Source) -> EventArrays:
    """The events of accepted lines that stand in order.

    `until` says for each line when a correction ends it (`NEVER`: none does).
    """
    rows = _merged(lines, source)
    record = lines.row[rows.line]
    place = source.patient.place[record]
    present = np.bincount(place, minlength=len(source.patient.words)) > 0
    return EventArrays(
        patients=tuple(compress(source.patient.words, present)),
        patient=(np.cumsum(present) - 1)[place],
        key=rows.key,
        time=source.time[record],
        known=source.known[record],
        until=until[rows.line],
        value=rows.value,
    )
