"""From records in any source's codes and units to events in the catalogue's keys and units.

    record                                     becomes
    LOINC//1988-5  5.8 mg/dL                   event crp 58 (mg/L)
    LOINC//1988-5  5.8                         reject ambiguous_unit
    ATC//L04AC07   640 mg                      events tocilizumab, il6_receptor_blocker, ...
    LOINC//85354-9 "120/80"                    events systolic_bp 120, diastolic_bp 80

Nothing is dropped: a record is an event or a reject with its reason, and a blood pressure of two
numbers is two of these. A drug's event is repeated under the keys of its class.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import inf, nan

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.catalogue import (
    ANALYTES,
    BLOOD_PRESSURE,
    CLASS_KEYS,
    DRUGS,
    KEYS,
    STATES,
    StateKind,
    key_of,
)
from features.conversions import Route, Way, route
from features.record_arrays import Source, record_arrays, words_of
from features.repeats import NEVER, Flags, Floats, Integers, Moments, resolve, tied_lines
from features.tables import (
    EVENT_COLUMNS,
    RECORD_COLUMNS,
    REJECT_COLUMNS,
    InvalidTableError,
    RejectReason,
)
from features.text_values import (
    is_comparison,
    is_skin_commensal,
    meaning_of,
    parse_pressures,
)


@dataclass(frozen=True)
class Harmonised:
    """`events`, sorted by patient, key, time and known time, and `rejects`, each with its reason.

    `patient_id` and `key` of the events are categoricals whose categories are sorted as strings;
    a drug without a dose and a state without a number have the value NaN.
    """

    events: pd.DataFrame
    rejects: pd.DataFrame


_REASONS = tuple(RejectReason)
_ACCEPTED = -1
_LARGEST_DOSE = 1e12
_SPLIT_KEYS = (*KEYS, BLOOD_PRESSURE)  # the panel stands behind the keys that events can have
_INDEX = {key: place for place, key in enumerate(_SPLIT_KEYS)}
_PANEL = _INDEX[BLOOD_PRESSURE]


@dataclass(frozen=True)
class _KeyTable:
    """What harmonising asks of every key, as arrays in the order of the keys."""

    low: Floats
    high: Floats
    middle: Floats  # NaN where only one side, or no side, has a reference
    direction: Floats  # without a middle: +1 more is worse, -1 less is worse
    timeless: Flags
    needs_value: Flags
    takes_value: Flags
    only_rises: Flags


def _limits(key: str) -> tuple[float, float]:
    if key in ANALYTES:
        return ANALYTES[key].plausible_low, ANALYTES[key].plausible_high
    if key in STATES:
        return STATES[key].low, STATES[key].high
    return (0.0, _LARGEST_DOSE) if key in DRUGS else (-inf, inf)


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


def _key_table() -> _KeyTable:
    limits = np.array([_limits(key) for key in _SPLIT_KEYS], dtype=np.float64)
    middles = np.array([_middle(key) for key in _SPLIT_KEYS], dtype=np.float64)
    moment = np.array([_kind(key) is StateKind.MOMENT for key in _SPLIT_KEYS])
    return _KeyTable(
        low=limits[:, 0],
        high=limits[:, 1],
        middle=middles[:, 0],
        direction=middles[:, 1],
        timeless=np.array([_is_timeless(key) for key in _SPLIT_KEYS]),
        needs_value=~moment & np.array([key not in DRUGS for key in _SPLIT_KEYS]),
        takes_value=~moment,
        only_rises=np.array([_kind(key) is StateKind.CULTURE for key in _SPLIT_KEYS]),
    )


_TABLE = _key_table()


@dataclass(frozen=True)
class _Lines:
    """Candidate events as arrays: `row` is the record's place, `reason` -1 while it stands."""

    row: Integers
    key: npt.NDArray[np.int16]
    number: Floats
    reason: npt.NDArray[np.int8]
    in_mg: Flags

    def refused(self, where: Flags, reason: RejectReason) -> "_Lines":
        """The lines that still stand and are marked in `where` get this reason."""
        code = np.int8(_REASONS.index(reason))
        return replace(self, reason=np.where((self.reason < 0) & where, code, self.reason))


def _opened(source: Source) -> _Lines:
    """One line a record, with its key."""
    keys = [key_of(code) for code in source.code.words]
    key_of_place = np.array([*(-1 if k is None else _INDEX[k] for k in keys), -1], dtype=np.int16)
    count = source.given.size
    lines = _Lines(
        row=np.arange(count),
        key=key_of_place[source.code.place],
        number=source.given,
        reason=np.full(count, _ACCEPTED, dtype=np.int8),
        in_mg=np.zeros(count, dtype=bool),
    )
    lines = lines.refused(source.patient.place < 0, RejectReason.NO_PATIENT)
    lines = lines.refused(lines.key < 0, RejectReason.UNKNOWN_CODE)
    undated = (source.time == NEVER) & ~_TABLE.timeless[lines.key]
    lines = lines.refused(undated, RejectReason.NO_TIME)
    return lines.refused(source.known < source.time, RejectReason.RESULT_BEFORE_COLLECTION)


def _split_pressures(lines: _Lines, source: Source) -> _Lines:
    """A panel with two pressures in its text becomes two lines; any other is refused."""
    panel = lines.key == _PANEL
    if not panel.any():
        return lines
    place = source.text.place[lines.row]
    pressures = np.full((len(source.text.words) + 1, 2), nan)
    for used in np.unique(place[panel & (place >= 0)]):
        pressures[used] = parse_pressures(source.text.words[used]) or (nan, nan)
    both = panel & (lines.reason < 0) & ~np.isnan(pressures[place, 0])
    empty = (place < 0) & np.isnan(lines.number)
    lines = lines.refused(panel & ~both & empty, RejectReason.NO_VALUE)
    lines = lines.refused(panel & ~both, RejectReason.NOT_A_NUMBER)
    halves = [
        replace(
            _taken(lines, both),
            key=np.full(both.sum(), _INDEX[key], dtype=np.int16),
            number=pressures[place[both], side],
        )
        for side, key in enumerate(("systolic_bp", "diastolic_bp"))
    ]
    return _stacked([_taken(lines, ~both), *halves])


def _taken(lines: _Lines, where: npt.NDArray) -> _Lines:
    return _Lines(
        lines.row[where],
        lines.key[where],
        lines.number[where],
        lines.reason[where],
        lines.in_mg[where],
    )


def _stacked(parts: Sequence[_Lines]) -> _Lines:
    return _Lines(
        np.concatenate([part.row for part in parts]),
        np.concatenate([part.key for part in parts]),
        np.concatenate([part.number for part in parts]),
        np.concatenate([part.reason for part in parts]),
        np.concatenate([part.in_mg for part in parts]),
    )


def _is_read(lines: _Lines, source: Source) -> Flags:
    """Lines whose text speaks: no number beside it, or a comparison that the number hides."""
    compares = np.array([*(is_comparison(word) for word in source.text.words), False])
    place = source.text.place[lines.row]
    speaks = (place >= 0) & (np.isnan(lines.number) | compares[place])
    return speaks & (lines.reason < 0) & _TABLE.takes_value[lines.key]


def _read_texts(lines: _Lines, source: Source) -> _Lines:
    """Numbers for the texts, once per (key, text)."""
    read = np.flatnonzero(_is_read(lines, source))
    width = len(source.text.words) + 1
    pair = lines.key[read].astype(np.int64) * width + source.text.place[lines.row[read]]
    place, pairs = pd.factorize(pair)
    meanings = [
        meaning_of(_SPLIT_KEYS[key], source.text.words[text])
        for key, text in zip(pairs // width, pairs % width, strict=True)
    ]
    number, reason = lines.number.copy(), lines.reason.copy()
    number[read] = np.array([meaning.number for meaning in meanings], dtype=np.float64)[place]
    codes = [_ACCEPTED if m.reason is None else _REASONS.index(m.reason) for m in meanings]
    reason[read] = np.array(codes, dtype=np.int8)[place]
    silent = np.isnan(number) & _TABLE.needs_value[lines.key]
    number = np.where(_TABLE.takes_value[lines.key], number, nan)
    return replace(lines, number=number, reason=reason).refused(silent, RejectReason.NO_VALUE)


def _routes(lines: _Lines, source: Source) -> tuple[Integers, list[Route]]:
    """Each line's place in the list of routes, one route per (key, code, unit)."""
    units, codes = len(source.unit.words) + 1, len(source.code.words) + 1
    triple = lines.key.astype(np.int64) * codes + source.code.place[lines.row]
    triple = triple * units + source.unit.place[lines.row] + 1
    place, triples = pd.factorize(triple)
    routes = []
    for number in triples:
        pair, unit = divmod(int(number), units)
        key, code = divmod(pair, codes)
        routes.append(route(_SPLIT_KEYS[key], source.code.words[code], source.unit.at(unit - 1)))
    return place, routes


def _filled(routes: Sequence[Route], step: int, read: Callable[[Way], float]) -> Floats:
    """A property of each route's way number `step`; NaN where it has fewer."""
    return np.array([read(r.ways[step]) if step < len(r.ways) else nan for r in routes])


def _converted(lines: _Lines, source: Source) -> _Lines:
    """Numbers in canonical units, implausible ones set aside."""
    standing = np.flatnonzero(lines.reason < 0)
    subset = _taken(lines, standing)
    place, routes = _routes(subset, source)
    given = subset.number
    number = np.full(given.size, nan)
    taken = np.isnan(given)
    for step in range(max((len(r.ways) for r in routes), default=0)):
        fits = given >= _filled(routes, step, lambda way: way.low)[place]
        fits &= (given <= _filled(routes, step, lambda way: way.high)[place]) & ~taken
        slope = _filled(routes, step, lambda way: way.conversion.slope)[place]
        offset = _filled(routes, step, lambda way: way.conversion.offset)[place]
        logarithm = _filled(routes, step, lambda way: float(way.conversion.of_log10))[place] == 1
        base = np.log10(given, out=given.copy(), where=logarithm & (given > 0))
        base = np.where(logarithm & (given <= 0), nan, base)
        number = np.where(fits, slope * base + offset, number)
        taken = taken | fits
    codes = [_ACCEPTED if r.reason is None else _REASONS.index(r.reason) for r in routes]
    reason = np.where(taken, np.int8(_ACCEPTED), np.array(codes, dtype=np.int8)[place])
    in_mg = np.array([r.in_mg for r in routes], dtype=bool)[place]
    done = replace(subset, number=number, reason=reason.astype(np.int8), in_mg=in_mg)
    within = (number >= _TABLE.low[done.key]) & (number <= _TABLE.high[done.key])
    return _stacked(
        [
            _taken(lines, lines.reason >= 0),
            done.refused(~within & ~np.isnan(given), RejectReason.IMPLAUSIBLE),
        ]
    )


def _abnormality(key: npt.NDArray[np.int16], number: Floats) -> Floats:
    """Distance from the middle of the reference range; a missing value is least abnormal."""
    middle, direction = _TABLE.middle[key], _TABLE.direction[key]
    distance = np.where(np.isnan(middle), direction * number, np.abs(number - middle))
    return np.where(np.isnan(distance), -inf, distance)


def _line_rank(lines: _Lines, source: Source, records: pd.DataFrame) -> Integers:
    """An order of lines by what their records say, so that no result depends on row order."""
    origin = words_of(records["source"].iloc[lines.row]).place
    text, code, unit = (words.place[lines.row] for words in (source.text, source.code, source.unit))
    given = source.given[lines.row]
    order = np.lexsort((given, text, unit, code, origin))
    rank = np.empty(order.size, dtype=np.int64)
    rank[order] = np.arange(order.size)
    return rank


def _settled(
    lines: _Lines, source: Source, records: pd.DataFrame
) -> tuple[_Lines, Integers, Integers]:
    """Lines with repeats set aside, until when each holds, and the standing ones' order."""
    until = np.full(lines.row.size, NEVER)
    standing = np.flatnonzero(lines.reason < 0)
    subset = _taken(lines, standing)
    group = source.patient.place[subset.row].astype(np.int64) * len(KEYS) + subset.key
    time, known = source.time[subset.row], source.known[subset.row]
    order = np.lexsort((known, time, group))
    tied = tied_lines(group, time, order)
    few = _taken(subset, tied)
    resolution = resolve(
        Moments(
            group=group[tied],
            time=time[tied],
            known=known[tied],
            value=few.number,
            abnormality=_abnormality(few.key, few.number),
            rank=_line_rank(few, source, records),
            only_rises=_TABLE.only_rises[few.key],
        )
    )
    until[standing[tied]] = resolution.until
    reason = lines.reason.copy()
    duplicate, conflict = (
        np.int8(_REASONS.index(r)) for r in (RejectReason.DUPLICATE, RejectReason.CONFLICT)
    )
    reason[standing[tied[resolution.duplicate]]] = duplicate
    reason[standing[tied[resolution.conflict]]] = conflict
    ordered = standing[order]
    return replace(lines, reason=reason), until, ordered[reason[ordered] < 0]


def _commensal_lines(lines: _Lines, source: Source) -> Flags:
    named = np.array([*(is_skin_commensal(word) for word in source.text.words), False])
    culture = lines.key == _INDEX["blood_culture"]
    return culture & (lines.number > 0) & named[source.text.place[lines.row]]


def _class_repeats(lines: _Lines, source: Source) -> tuple[Integers, Integers, Floats]:
    """Places of the lines to repeat, the key and the value of each repeat."""
    where, keys, values = [], [], []
    for drug in DRUGS.values():
        given = np.flatnonzero(lines.key == _INDEX[drug.key])
        factor = drug.dexamethasone_equivalent
        value = lines.number[given]
        if factor is not None:
            value = np.where(lines.in_mg[given], value * factor, nan)
        for key in CLASS_KEYS[drug.drug_class] if given.size else ():
            where.append(given)
            keys.append(np.full(given.size, _INDEX[key]))
            values.append(value)
    skin = np.flatnonzero(_commensal_lines(lines, source))
    where.append(skin)
    keys.append(np.full(skin.size, _INDEX["skin_commensal"]))
    values.append(np.ones(skin.size))
    return np.concatenate(where), np.concatenate(keys), np.concatenate(values)


def _instants(microseconds: Integers) -> pd.Series:
    return pd.Series(microseconds.view("datetime64[us]")).dt.tz_localize("UTC")


def _events(lines: _Lines, until: Integers, source: Source) -> pd.DataFrame:
    """The events table of lines that stand already in order."""
    where, repeat_key, repeat_value = _class_repeats(lines, source)
    origin = np.concatenate([np.arange(lines.row.size), where])
    row = lines.row[origin]
    key = np.concatenate([lines.key, repeat_key])
    value = np.concatenate([lines.number, repeat_value])
    time, known, patient = source.time[row], source.known[row], source.patient.place[row]
    if where.size:
        group = patient.astype(np.int64) * len(KEYS) + key
        order = np.lexsort((value, known, time, group))
    else:
        order = np.arange(row.size)
    present = np.unique(patient)
    return pd.DataFrame(
        {
            "patient_id": pd.Categorical.from_codes(
                np.searchsorted(present, patient[order]),
                categories=pd.Index([source.patient.words[p] for p in present], dtype="str"),
            ),
            "time": _instants(time[order]),
            "known_time": _instants(known[order]),
            "until_time": _instants(until[origin][order]),
            "key": pd.Categorical.from_codes(key[order], categories=pd.Index(KEYS, dtype="str")),
            "value": value[order],
        },
        columns=list(EVENT_COLUMNS),
    )


_SENTENCES = {
    RejectReason.UNKNOWN_CODE: "the catalogue does not know this code",
    RejectReason.NO_PATIENT: "patient_id is empty",
    RejectReason.NO_TIME: "{key}: a time is needed",
    RejectReason.NO_VALUE: "{key}: neither a number nor a text with a result",
    RejectReason.NOT_A_NUMBER: "{key}: the text is no value of it",
    RejectReason.RESULT_BEFORE_COLLECTION: "{key}: result_time lies before time",
    RejectReason.DUPLICATE: "{key}: the same value at the same time is there already",
    RejectReason.CONFLICT: "{key}: a more abnormal value of the same time was kept",
}


def _implausible(key: str, number: float) -> str:
    place = _INDEX[key]
    row = ANALYTES.get(key) or STATES.get(key)
    unit = row.unit if row else "dose as given"
    low, high = _TABLE.low[place], _TABLE.high[place]
    return f"{key}: {number:g} outside {low:g} to {high:g} ({unit})"


def _general_details(lines: _Lines) -> npt.NDArray[np.object_]:
    """The sentence of each line's reason, with its key; built once per (reason, key)."""
    width = len(_SPLIT_KEYS) + 1
    place, pairs = pd.factorize(lines.reason.astype(np.int64) * width + lines.key + 1)
    sentences = [
        _SENTENCES.get(_REASONS[pair // width], "").format(key=("", *_SPLIT_KEYS)[pair % width])
        for pair in pairs
    ]
    return np.array(sentences, dtype=object)[place]


def _details(lines: _Lines, source: Source) -> npt.NDArray[np.object_]:
    """One sentence a refused line, without the patient."""
    details = _general_details(lines)
    asked = np.flatnonzero(np.isin(lines.reason, _UNIT_REASONS))
    place, routes = _routes(_taken(lines, asked), source)
    details[asked] = np.array([told.detail for told in routes], dtype=object)[place]
    for line in np.flatnonzero(lines.reason == _REASONS.index(RejectReason.IMPLAUSIBLE)):
        details[line] = _implausible(_SPLIT_KEYS[lines.key[line]], lines.number[line])
    return details


_UNIT_REASONS = [
    _REASONS.index(reason) for reason in (RejectReason.UNKNOWN_UNIT, RejectReason.AMBIGUOUS_UNIT)
]


def _rejects(lines: _Lines, source: Source, records: pd.DataFrame) -> pd.DataFrame:
    refused = _taken(lines, lines.reason >= 0)
    rank = _line_rank(refused, source, records)
    order = np.lexsort(
        (
            refused.key,
            rank,
            refused.reason,
            source.known[refused.row],
            source.time[refused.row],
            source.patient.place[refused.row],
        )
    )
    refused = _taken(refused, order)
    table = records.iloc[refused.row].reset_index(drop=True)
    return table.assign(
        reason=[str(_REASONS[code]) for code in refused.reason], detail=_details(refused, source)
    )[list(REJECT_COLUMNS)]


def harmonise(records: pd.DataFrame) -> Harmonised:
    """Events and rejects of a records table; neither depends on the order of the records.

    Raises `InvalidTableError` where a required column is missing or has the wrong type.

    >>> records = pd.DataFrame(
    ...     {
    ...         "patient_id": ["a"],
    ...         "time": pd.to_datetime(["2026-01-01T06:00Z"]),
    ...         "code": ["LOINC//1988-5"],
    ...         "numeric_value": [5.8],
    ...         "unit": ["mg/dL"],
    ...     }
    ... )
    >>> harmonise(records).events[["key", "value"]].values.tolist()
    [['crp', 58.0]]
    """
    table = _checked(records)
    source = record_arrays(table)
    lines = _split_pressures(_opened(source), source)
    lines = _converted(_read_texts(lines, source), source)
    lines, until, order = _settled(lines, source, table)
    return Harmonised(
        events=_events(_taken(lines, order), until[order], source),
        rejects=_rejects(lines, source, table),
    )


def _checked(records: pd.DataFrame) -> pd.DataFrame:
    missing = [name for name in _REQUIRED if name not in records.columns]
    if missing:
        raise InvalidTableError(f"records: column(s) missing: {', '.join(missing)}")
    return records.reindex(columns=list(RECORD_COLUMNS))


_REQUIRED = ("patient_id", "time", "code", "numeric_value")
