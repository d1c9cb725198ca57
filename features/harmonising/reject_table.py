"""The rejects table: every refused record with its reason and one sentence about it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.catalogue import ANALYTES, STATES
from features.harmonising.columns import Source
from features.harmonising.lines import (
    INDEX,
    PANEL,
    REASONS,
    SPLIT_KEYS,
    TABLE,
    Lines,
    line_rank,
    routes_of,
    taken,
)
from features.harmonising.text_values import meaning_of
from features.tables import (
    EARLIEST_BIRTH,
    EARLIEST_TIME,
    LATEST_TIME,
    RECORD_COLUMNS,
    RejectReason,
)

_YEARS = f"{EARLIEST_TIME:%Y-%m-%d} (a birth: {EARLIEST_BIRTH:%Y-%m-%d}) to {LATEST_TIME:%Y-%m-%d}"
_SENTENCES = {
    RejectReason.UNKNOWN_CODE: "the catalogue does not know this code",
    RejectReason.NO_PATIENT: "patient_id is empty",
    RejectReason.NO_TIME: "{key}: a time is needed",
    RejectReason.IMPLAUSIBLE_TIME: f"{{key}}: its time is not within {_YEARS}",
    RejectReason.NO_VALUE: "{key}: neither a number nor a text with a result",
    RejectReason.NOT_A_NUMBER: "{key}: the text is no value of it",
    RejectReason.RESULT_BEFORE_COLLECTION: "{key}: result_time lies before time",
    RejectReason.NOT_GIVEN: "{key}: not given: held, refused or only ordered, or a dose of 0",
    RejectReason.ADDED_UP: "{key}: added to another dose of the same moment",
    RejectReason.CONTRADICTED: "{key}: the text beside the number says otherwise",
    RejectReason.DUPLICATE: "{key}: the same value at the same time is there already",
    RejectReason.CONFLICT: "{key}: a more abnormal value of the same time was kept",
}


def _implausible(key: str, number: float) -> str:
    place = INDEX[key]
    row = ANALYTES.get(key) or STATES.get(key)
    unit = row.unit if row else "dose as given"
    low, high = TABLE.low[place], TABLE.high[place]
    if TABLE.is_grade[place]:
        return f"{key}: {number:g} is no whole number from {low:g} to {high:g}"
    return f"{key}: {number:g} outside {low:g} to {high:g} ({unit})"


def _general_details(lines: Lines) -> npt.NDArray[np.object_]:
    """The sentence of each line's reason, with its key; built once per (reason, key)."""
    width = len(SPLIT_KEYS) + 1
    place, pairs = pd.factorize(lines.reason.astype(np.int64) * width + lines.key + 1)
    sentences = [
        _SENTENCES.get(REASONS[pair // width], "").format(key=("", *SPLIT_KEYS)[pair % width])
        for pair in pairs
    ]
    return np.array(sentences, dtype=object)[place]


def _details(lines: Lines, source: Source) -> npt.NDArray[np.object_]:
    """One sentence a refused line, without the patient."""
    details = _general_details(lines)
    asked = np.flatnonzero(np.isin(lines.reason, _UNIT_REASONS))
    if asked.size:
        place, routes = routes_of(taken(lines, asked), source)
        details[asked] = np.array([told.detail for told in routes], dtype=object)[place]
    has_text = (source.text.place[lines.row] >= 0) & (lines.key != PANEL)
    asked = np.flatnonzero(np.isin(lines.reason, _TEXT_REASONS) & has_text)
    if asked.size:
        told = _of_texts(taken(lines, asked), source)
        details[asked] = np.where(told == "", details[asked], told)
    for line in np.flatnonzero(lines.reason == REASONS.index(RejectReason.IMPLAUSIBLE)):
        details[line] = _implausible(SPLIT_KEYS[lines.key[line]], lines.number[line])
    return details


def _of_texts(lines: Lines, source: Source) -> npt.NDArray[np.object_]:
    """What is wrong with the text of each line; built once per (key, text)."""
    width = len(source.text.words)
    pair = lines.key.astype(np.int64) * width + source.text.place[lines.row]
    place, pairs = pd.factorize(pair)
    told = [meaning_of(SPLIT_KEYS[p // width], source.text.words[p % width]).detail for p in pairs]
    return np.array(told, dtype=object)[place]


_TEXT_REASONS = [
    REASONS.index(reason) for reason in (RejectReason.NO_VALUE, RejectReason.NOT_A_NUMBER)
]
_UNIT_REASONS = [
    REASONS.index(reason) for reason in (RejectReason.UNKNOWN_UNIT, RejectReason.AMBIGUOUS_UNIT)
]


@dataclass(frozen=True)
class Refused:
    """Lines that became no event, and the records that they come from."""

    lines: Lines
    source: Source


def reject_table(told: Refused) -> pd.DataFrame:
    """The refused lines as their records, sorted by what they say, with reason and detail."""
    refused, source = told.lines, told.source
    rank = line_rank(refused, source)
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
    refused = taken(refused, order)
    said = {name: source.records[name].array.take(refused.row) for name in RECORD_COLUMNS}
    said["reason"] = [str(REASONS[code]) for code in refused.reason]
    said["detail"] = _details(refused, source)
    return pd.DataFrame(said)
