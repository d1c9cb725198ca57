"""From records in any source's codes and units to events in the catalogue's keys and units.

    record                                     becomes
    LOINC//1988-5  5.8 mg/dL                   event crp 58 (mg/L)
    LOINC//1988-5  5.8                         reject ambiguous_unit
    ATC//L04AC07   640 mg                      events tocilizumab, il6_receptor_blocker, ...
    LOINC//85354-9 "120/80"                    events systolic_bp 120, diastolic_bp 80

Nothing is dropped: a record is an event or a reject with its reason, and a blood pressure of two
numbers is two of these. A drug's event is repeated under the keys of its class.
A text beside a number may contradict it (`remarks`), and different doses of one moment add up
(`doses`).
"""

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate
from math import inf, nan

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.arrays import NEVER, EventArrays, events_table
from features.catalogue import KEYS, key_of
from features.harmonising.accepted import accepted_events
from features.harmonising.columns import Source, record_arrays
from features.harmonising.doses import added_up
from features.harmonising.lines import (
    BIRTH,
    INDEX,
    PANEL,
    SPLIT_KEYS,
    TABLE,
    Lines,
    line_rank,
    routes_of,
    stacked,
    taken,
)
from features.harmonising.passes import (
    ACCEPTED,
    FAULTS,
    REASONS,
    Edges,
    convert,
    first_fault,
    read_numbers,
    told_apart,
)
from features.harmonising.reject_table import Refused, reject_table
from features.harmonising.remarks import without_contradicted
from features.harmonising.repeats import (
    Flags,
    Floats,
    Integers,
    Moments,
    Resolution,
    resolve,
    tied_lines,
)
from features.harmonising.text_values import meaning_of
from features.plurals import columns_missing
from features.tables import (
    EARLIEST_BIRTH,
    EARLIEST_TIME,
    LATEST_TIME,
    RECORD_COLUMNS,
    InvalidTableError,
    RejectReason,
)
from features.written_numbers import parse_comparison, parse_pressures


@dataclass(frozen=True)
class Harmonised:
    """`events`, sorted by patient, key, time and known time, and `rejects`, each with its reason.

    `arrays` are the events as a row is computed from them. The two tables are made when they are
    first asked for: a row does not wait for them.
    """

    arrays: EventArrays
    refused: Refused

    @cached_property
    def events(self) -> pd.DataFrame:
        """The events table: `patient_id` and `key` are categoricals whose categories are sorted.

        A drug without a dose and a state without a number have the value NaN.
        """
        return events_table(self.arrays)

    @cached_property
    def rejects(self) -> pd.DataFrame:
        """The records table's columns with `reason` and `detail`, sorted by what they say."""
        return reject_table(self.refused)


def _opened(source: Source) -> Lines:
    """One line a record, with its key."""
    keys = [key_of(code) for code in source.code.words]
    key_of_place = np.array([*(-1 if k is None else INDEX[k] for k in keys), -1], dtype=np.int16)
    key = key_of_place[source.code.place]
    return Lines(
        row=np.arange(key.size),
        key=key,
        number=source.given,
        reason=first_fault(
            source.patient.place, key, source.time, source.known, TABLE.timeless, _EDGES, FAULTS
        ),
        in_mg=np.zeros(key.size, dtype=bool),
    )


def _microsecond(moment: pd.Timestamp) -> int:
    return int(moment.to_datetime64().astype("datetime64[us]").astype(np.int64))


_NOTHING = np.array([], dtype=np.int64)
_DUPLICATE, _CONFLICT = map(REASONS.index, (RejectReason.DUPLICATE, RejectReason.CONFLICT))
_EDGES = Edges(
    earliest=_microsecond(EARLIEST_TIME),
    earliest_birth=_microsecond(EARLIEST_BIRTH),
    latest=_microsecond(LATEST_TIME),
    birth=BIRTH,
)


def _split_pressures(lines: Lines, source: Source) -> Lines:
    """A panel with two pressures in its text becomes two lines; any other is refused."""
    panel = lines.key == PANEL
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
            taken(lines, both),
            key=np.full(both.sum(), INDEX[key], dtype=np.int16),
            number=pressures[place[both], side],
        )
        for side, key in enumerate(("systolic_bp", "diastolic_bp"))
    ]
    return stacked([taken(lines, ~both), *halves])


def _is_read(lines: Lines, source: Source) -> Flags:
    """Lines whose text speaks: no number beside it, or a comparison that the number hides."""
    compares = np.array(
        [*(parse_comparison(word) is not None for word in source.text.words), False]
    )
    place = source.text.place[lines.row]
    speaks = (place >= 0) & (np.isnan(lines.number) | compares[place])
    return speaks & (lines.reason < 0) & TABLE.takes_value[lines.key]


def _with_meanings(lines: Lines, source: Source, read: Integers) -> Lines:
    """The lines at `read` with what their texts say, once per (key, text)."""
    width = len(source.text.words) + 1
    pair = lines.key[read].astype(np.int64) * width + source.text.place[lines.row[read]]
    place, pairs = told_apart(pair)
    meanings = [
        meaning_of(SPLIT_KEYS[key], source.text.words[text])
        for key, text in (divmod(number, width) for number in pairs.tolist())
    ]
    number, reason = lines.number.copy(), lines.reason.copy()
    number[read] = np.array([meaning.number for meaning in meanings], dtype=np.float64)[place]
    codes = [ACCEPTED if m.reason is None else REASONS.index(m.reason) for m in meanings]
    reason[read] = np.array(codes, dtype=np.int8)[place]
    return replace(lines, number=number, reason=reason)


def _read_texts(lines: Lines, source: Source) -> Lines:
    """Numbers for the texts; what needs a number and has none is refused."""
    read = np.flatnonzero(_is_read(lines, source)) if source.text.words else _NOTHING
    if read.size:
        lines = _with_meanings(lines, source, read)
    number, reason = read_numbers(
        lines.key, lines.number, lines.reason, TABLE.needs_value, TABLE.takes_value, TABLE.is_dose,
        FAULTS,
    )  # fmt: skip
    return replace(lines, number=number, reason=reason)


def _converted(lines: Lines, source: Source) -> Lines:
    """Numbers in canonical units; those without a way, and implausible ones, set aside."""
    standing = np.flatnonzero(lines.reason == ACCEPTED)
    told = taken(lines, standing)
    place, routes = routes_of(told, source)
    ways = np.array([way for one in routes for way in one.numbers], dtype=np.float64)
    bounds = np.array([0, *accumulate(len(one.ways) for one in routes)])
    refusal = np.array([one.refusal for one in routes], dtype=np.int8)
    number, reason, in_mg = lines.number.copy(), lines.reason.copy(), lines.in_mg.copy()
    number[standing], reason[standing] = convert(
        told.key, told.number, place, bounds, ways.reshape(-1, 5), refusal, TABLE.low, TABLE.high,
        TABLE.is_grade, FAULTS,
    )  # fmt: skip
    in_mg[standing] = np.array([one.in_mg for one in routes], dtype=bool)[place]
    return replace(lines, number=number, reason=reason, in_mg=in_mg)


def _abnormality(key: npt.NDArray[np.int16], number: Floats) -> Floats:
    """Distance from the middle of the reference range; a missing value is least abnormal."""
    middle, direction = TABLE.middle[key], TABLE.direction[key]
    distance = np.where(np.isnan(middle), direction * number, np.abs(number - middle))
    return np.where(np.isnan(distance), -inf, distance)


def _resolved(tied: Lines, group: Integers, source: Source) -> Resolution:
    """What becomes of lines that share patient, key (`group`) and time with another."""
    return resolve(
        Moments(
            group=group,
            time=source.time[tied.row],
            known=source.known[tied.row],
            value=tied.number,
            abnormality=_abnormality(tied.key, tied.number),
            rank=line_rank(tied, source),
            only_rises=TABLE.only_rises[tied.key],
        )
    )


def _settled(lines: Lines, source: Source) -> tuple[Lines, Integers, Integers]:
    """Lines with repeats set aside, until when each holds, and the standing ones' order."""
    reason, until = lines.reason.copy(), np.full(lines.row.size, NEVER)
    standing = np.flatnonzero(lines.reason < 0)
    row, key = lines.row[standing], lines.key[standing]
    group = source.patient.place[row].astype(np.int64) * len(KEYS) + key
    order = np.lexsort((source.known[row], source.time[row], group))
    tied = tied_lines(group, source.time[row], order)
    if tied.size:
        few = standing[tied]
        resolution = _resolved(taken(lines, few), group[tied], source)
        until[few] = resolution.until
        reason[few[resolution.duplicate]] = _DUPLICATE
        reason[few[resolution.conflict]] = _CONFLICT
    ordered = standing[order]
    return replace(lines, reason=reason), until, ordered[reason[ordered] < 0]


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
    source = record_arrays(_columns(records))
    lines = without_contradicted(_split_pressures(_opened(source), source), source)
    lines = _converted(_read_texts(lines, source), source)
    lines = added_up(lines, source)
    lines, until, order = _settled(lines, source)
    return Harmonised(
        arrays=accepted_events(taken(lines, order), until[order], source),
        refused=Refused(taken(lines, lines.reason >= 0), source),
    )


def _columns(records: pd.DataFrame) -> dict[str, pd.Series]:
    """Each column of a records table, read once: in pandas that costs its price every time."""
    absent = [name for name in RECORD_COLUMNS if name not in records.columns]
    missing = [name for name in absent if name in _REQUIRED]
    if missing:
        raise InvalidTableError(f"records: {columns_missing(missing)}")
    if absent:
        records = records.reindex(columns=list(RECORD_COLUMNS))
    return {name: records[name] for name in RECORD_COLUMNS}


_REQUIRED = ("patient_id", "time", "code", "numeric_value")
