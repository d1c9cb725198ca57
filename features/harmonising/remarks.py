"""What a text beside a number lets the number be: the same, anything, or nothing at all.

    number  text beside it             then
    58      58, 58 mg/L, H, fasting    58: it says the same, or nothing about the value
    5       <5                         2.5: within its limit, the comparison speaks
    58      99, <5                     contradicted
    58      haemolysed, cancelled      contradicted: the laboratory takes the number back
    1       Grade 3 (a CRS grade)      contradicted
    560     refused by patient         not given

Words that nobody listed say nothing about the value, so that a free remark never costs a number.
"""

import re
from dataclasses import dataclass
from math import inf

import numpy as np

from features.catalogue import DRUGS, STATES, StateKind
from features.harmonising.administrations import STOPPED
from features.harmonising.columns import Source
from features.harmonising.lines import SPLIT_KEYS, TABLE, Lines
from features.harmonising.passes import told_apart
from features.harmonising.phrases import any_of, plain
from features.harmonising.text_values import meaning_of
from features.tables import RejectReason
from features.units import ucum_units
from features.written_numbers import parse_amount, parse_comparison, parse_number

CANCELS = any_of((
    "cancel*", "invalid", "haemolysed", "hemolysed", "haemolyzed", "hemolyzed", "clotted",
    "insufficient", "quantity not sufficient", "qns", "error", "contaminated", "contaminant",
    "contamination", "rejected", "unsatisfactory", "unsuitable", "void", "mislabelled",
    "mislabeled", "wrong patient", "wrong sample", "not given", "not done", "not performed",
    "not measured", "not tested", "not valid",
))  # fmt: skip
"""Words by which a laboratory or a ward takes the number back."""
DENIED = re.compile(
    r"\b(?:no|not|non|without) (?:error|ha?emoly\w+|clotted|contamina\w+|rejected|cancel\w*)\b"
)
"""What "not haemolysed" and "no contamination" say is that the number stands."""
AS_BLANK = "none"
"""What some programs write into an empty cell."""
_CATEGORICAL = (StateKind.WORD, StateKind.GRADE, StateKind.CULTURE)
_SLACK = 1e-9  # relative: a limit is met by a rounding of it


@dataclass(frozen=True)
class Allowed:
    """The numbers, from `low` to `high`, that a text lets stand; `reason` for any other."""

    low: float = -inf
    high: float = inf
    reason: RejectReason = RejectReason.CONTRADICTED


ANY, NOTHING = Allowed(), Allowed(inf, -inf)


def _near(number: float, slack: float = 0.0) -> Allowed:
    slack = max(slack, _SLACK * abs(number))
    return Allowed(number - slack, number + slack)


def _last_place(text: str) -> float:
    """Half a unit of the last decimal that is written: what a rounding may differ by."""
    decimals = re.search(r"[.,](\d+)\D*$", text)
    return 0.5 * 10.0 ** -(len(decimals.group(1)) if decimals else 0)


def _stated(text: str, unit: str | None) -> Allowed:
    """What a text allows that may state a number, alone or in the record's own unit."""
    compared = parse_comparison(text)
    if compared is not None:
        edge = _near(compared.limit)
        return Allowed(high=edge.high) if compared.is_below else Allowed(low=edge.low)
    number, amount = parse_number(text), parse_amount(text)
    if number is not None:
        return _near(number, _last_place(text))
    if amount is not None and set(ucum_units(amount.unit)) & set(ucum_units(unit or "")):
        return _near(amount.number, _last_place(amount.written))
    return ANY


def allowed_beside(key: str, text: str, unit: str | None) -> Allowed:
    """Which numbers of a key, in this unit, may stand beside a text.

    >>> allowed_beside("crp", "58 mg/L", "mg/L")
    Allowed(low=57.5, high=58.5, reason=<RejectReason.CONTRADICTED: 'contradicted'>)
    """
    words = plain(text)
    if words == AS_BLANK:
        return ANY
    is_categorical = key in STATES and STATES[key].kind in _CATEGORICAL
    if key in DRUGS or is_categorical:
        said = meaning_of(key, text)
        if said.reason is RejectReason.NOT_GIVEN:
            return Allowed(inf, -inf, RejectReason.NOT_GIVEN)
        if said.reason is RejectReason.NO_VALUE:
            return NOTHING
        if said.reason is None and (is_categorical or words in STOPPED):
            return _near(said.number)
    if CANCELS.search(DENIED.sub(" ", words)):
        return NOTHING
    return ANY if is_categorical else _stated(text, unit)


def without_contradicted(lines: Lines, source: Source) -> Lines:
    """The lines, those refused whose number their own text does not allow."""
    text = source.text.place[lines.row]
    speaks = (text >= 0) & ~np.isnan(lines.number) & TABLE.takes_value[lines.key]
    both = np.flatnonzero(speaks & (lines.reason < 0))
    if both.size == 0:
        return lines
    units, texts = len(source.unit.words) + 1, len(source.text.words)
    triple = (lines.key[both].astype(np.int64) * texts + text[both]) * units
    place, triples = told_apart(triple + source.unit.place[lines.row[both]] + 1)
    allowed = []
    for number in triples.tolist():
        pair, unit = divmod(number, units)
        key, word = divmod(pair, texts)
        allowed.append(
            allowed_beside(SPLIT_KEYS[key], source.text.words[word], source.unit.at(unit - 1))
        )
    low = np.array([one.low for one in allowed], dtype=np.float64)[place]
    high = np.array([one.high for one in allowed], dtype=np.float64)[place]
    wrong = (lines.number[both] < low) | (lines.number[both] > high)
    for reason in (RejectReason.NOT_GIVEN, RejectReason.CONTRADICTED):
        because = np.array([one.reason is reason for one in allowed], dtype=bool)[place]
        refused = np.zeros(text.size, dtype=bool)
        refused[both] = wrong & because
        lines = lines.refused(refused, reason)
    return lines
