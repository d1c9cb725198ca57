"""What a text says where a number is wanted: numbers, comparators, and the catalogue's own words.

Comparators. ">5000" becomes its limit: the true value is at least that. "<5" becomes half its limit
where the quantity can be zero, the usual replacement for skewed data below a detection limit
(Hornung RW, Reed LD. Appl Occup Environ Hyg 1990;5:46, doi 10.1080/1047322X.1990.10389587), and
its limit elsewhere: nobody has half of the lowest readable temperature or pH.
"""

import re
from dataclasses import dataclass
from math import nan

from features.catalogue import (
    ANALYTES,
    DRUGS,
    NO_GROWTH,
    SKIN_COMMENSALS,
    STATES,
    UNDECIDED,
    State,
    StateKind,
)
from features.tables import RejectReason

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)
_COMPARED = re.compile(
    r"\s*(<=|>=|=<|=>|≤|≥|<|>|less than|more than|greater than)\s*(.+)", re.IGNORECASE
)
_PRESSURES = re.compile(
    r"\s*(\d{2,3}(?:\.\d+)?)\s*/\s*(\d{1,3}(?:\.\d+)?)\s*(mm ?\[?hg\]?)?\s*", re.IGNORECASE
)
_STOPPED = {"stopped", "stop", "discontinued", "off", "paused"}


@dataclass(frozen=True)
class Meaning:
    """The number that a text stands for, or the reason why it stands for none."""

    number: float = nan
    reason: RejectReason | None = None
    detail: str = ""


def parse_number(text: str) -> float | None:
    """A number in the writing of either side of the Atlantic; None where there is none.

    One comma with one, two or more than three digits after it is decimal; with exactly three it
    may be either, so it is no number.

    >>> parse_number("12,5"), parse_number("1,234.5"), parse_number("1,234"), parse_number("n/a")
    (12.5, 1234.5, None, None)
    """
    plain = text.strip().replace(" ", "").replace("\u00a0", "")
    if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+\.\d+|[+-]?\d{1,3}(,\d{3}){2,}", plain):
        plain = plain.replace(",", "")
    elif re.fullmatch(r"[+-]?\d{1,3}(\.\d{3})+,\d+", plain):
        plain = plain.replace(".", "").replace(",", ".")
    elif re.fullmatch(r"[+-]?\d+,(\d{1,2}|\d{4,})", plain):
        plain = plain.replace(",", ".")
    return float(plain) if _NUMBER.fullmatch(plain) else None


def is_comparison(text: str) -> bool:
    """True for texts such as "<5" and ">= 100"."""
    return _COMPARED.fullmatch(text) is not None


def parse_pressures(text: str) -> tuple[float, float] | None:
    """Systolic and diastolic pressure of a text such as "120/80"; None for any other text.

    >>> parse_pressures("120/80"), parse_pressures("120")
    ((120.0, 80.0), None)
    """
    found = _PRESSURES.fullmatch(text)
    return (float(found.group(1)), float(found.group(2))) if found else None


def _number(key: str, text: str, has_detection_limit: bool) -> Meaning:
    compared = _COMPARED.fullmatch(text)
    number = parse_number(compared.group(2) if compared else text)
    if number is None:
        return Meaning(reason=RejectReason.NOT_A_NUMBER, detail=f"{key}: a number is needed")
    is_below = compared is not None and compared.group(1).lower() in {
        "<",
        "<=",
        "=<",
        "≤",
        "less than",
    }
    return Meaning(number / 2 if is_below and has_detection_limit else number)


def _word(state: State, text: str) -> Meaning:
    word = re.sub(r"[\s-]+", "_", text.strip().lower())
    if word in state.words:
        return Meaning(state.words[word])
    number = parse_number(text)
    if number is not None:
        return Meaning(number)
    expected = ", ".join(state.words)
    return Meaning(reason=RejectReason.NOT_A_NUMBER, detail=f"{state.key}: none of {expected}")


def _culture(state: State, text: str) -> Meaning:
    said = text.strip().lower()
    if said.startswith(UNDECIDED):
        return Meaning(reason=RejectReason.NO_VALUE, detail=f"{state.key}: no result yet")
    return Meaning(0.0 if said.startswith(NO_GROWTH) else 1.0)


def is_skin_commensal(text: str) -> bool:
    """True for the name of an organism that contaminates cultures more often than it infects."""
    return text.strip().lower().startswith(SKIN_COMMENSALS)


def _state_meaning(state: State, text: str) -> Meaning:
    match state.kind:
        case StateKind.MOMENT:
            return Meaning()
        case StateKind.WORD:
            return _word(state, text)
        case StateKind.CULTURE:
            return _culture(state, text)
        case StateKind.NUMBER:
            return _number(state.key, text, has_detection_limit=False)


def meaning_of(key: str, text: str) -> Meaning:
    """What a text says under a catalogue key.

    >>> meaning_of("crp", "<5").number, meaning_of("sex", "Female").number
    (2.5, 0)
    >>> meaning_of("crp", "haemolysed").reason
    <RejectReason.NOT_A_NUMBER: 'not_a_number'>
    """
    if key in STATES:
        return _state_meaning(STATES[key], text)
    if key in DRUGS:
        if text.strip().lower() in _STOPPED:
            return Meaning(0.0)
        number = parse_number(text)
        return Meaning(nan if number is None else number)
    return _number(key, text, ANALYTES[key].has_detection_limit)
