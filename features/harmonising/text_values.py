"""What a text says where a number is wanted: numbers, comparators, and the catalogue's own words.

Comparators. ">5000" becomes its limit: the true value is at least that. "<5" becomes half its limit
where the quantity can be zero, the usual replacement for skewed data below a detection limit
(Hornung RW, Reed LD. Appl Occup Environ Hyg 1990;5:46, doi 10.1080/1047322X.1990.10389587), and
its limit elsewhere: nobody has half of the lowest readable temperature or pH.
"""

import re

from features.catalogue import ANALYTES, DRUGS, STATES, State, StateKind
from features.harmonising.administrations import administration_meaning
from features.harmonising.cultures import culture_meaning
from features.harmonising.meaning import Meaning
from features.harmonising.phrases import plain
from features.harmonising.site_names import number_of_name
from features.tables import RejectReason
from features.written_numbers import parse_comparison, parse_number

_GRADE = re.compile(
    r"(?:(?:crs|icans)\s*)?(?:(?:grade|grad|gr\.?|g)(?:-|[\s:]*))?(\S+)", re.IGNORECASE
)
_ROMAN = {"0": 0, "I": 1, "II": 2, "III": 3, "IV": 4, "V": 5}


def _number(key: str, text: str, has_detection_limit: bool) -> Meaning:
    compared = parse_comparison(text)
    number = parse_number(text) if compared is None else compared.limit
    if number is None:
        return Meaning(reason=RejectReason.NOT_A_NUMBER, detail=f"{key}: a number is needed")
    is_halved = compared is not None and compared.is_below and has_detection_limit
    return Meaning(number / 2 if is_halved else number)


def _word(state: State, text: str) -> Meaning:
    word = re.sub(r"[\s-]+", "_", text.strip().lower())
    if word in state.words:
        return Meaning(state.words[word])
    number = parse_number(text)
    if number is not None:
        return Meaning(number)
    expected = ", ".join(state.words)
    return Meaning(reason=RejectReason.NOT_A_NUMBER, detail=f"{state.key}: none of {expected}")


def _grade(state: State, text: str) -> Meaning:
    """A number, alone or behind the word "grade", in Arabic or Roman digits, or the word none."""
    if plain(text) in ("none", f"no {state.key.partition('_')[0]}"):
        return Meaning(0.0)
    found = _GRADE.fullmatch(text.strip())
    written = found.group(1) if found else ""
    number = _ROMAN.get(written.upper(), parse_number(written))
    if number is None:
        expected = f"{state.low:g} to {state.high:g}"
        return Meaning(
            reason=RejectReason.NOT_A_NUMBER, detail=f"{state.key}: no single grade of {expected}"
        )
    return Meaning(float(number))


def _state_meaning(state: State, text: str) -> Meaning:
    match state.kind:
        case StateKind.MOMENT:
            return Meaning()
        case StateKind.WORD:
            return _word(state, text)
        case StateKind.NAME:
            return Meaning(number_of_name(text))
        case StateKind.CULTURE:
            return culture_meaning(state.key, text)
        case StateKind.GRADE:
            return _grade(state, text)
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
        return administration_meaning(DRUGS[key], text)
    return _number(key, text, ANALYTES[key].has_detection_limit)
