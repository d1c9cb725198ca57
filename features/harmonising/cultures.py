"""What the report of a blood culture says: that nothing grew, that something did, or neither.

    report                                        read as
    No significant growth                         0
    E. coli in 2/2 bottles                        1
    Gram-negative rods, identification pending    1
    Culture in progress                           no value
    CoNS, probable contaminant                    no value
    No growth aerobic, E. coli anaerobic          not understood: it says both
    No MRSA                                       not understood: others may have grown
    haemolysed                                    not understood

The words are those of `features/catalogue/cultures.py`. "No growth to date" is no growth until a
later report replaces it.
"""

import re
from collections.abc import Sequence
from enum import Enum, auto

from features.catalogue.cultures import (
    CONTAMINATED,
    DESCRIBED_AS_NEGATIVE,
    GROWTH,
    NEGATIONS,
    NOT_REPORTED,
    ORGANISMS,
    SHAPES,
    SKIN_COMMENSALS,
    STERILE,
)
from features.harmonising.meaning import Meaning
from features.tables import RejectReason
from features.written_numbers import parse_number


class _Says(Enum):
    NOTHING_GREW = auto()
    SOMETHING_GREW = auto()
    NO_RESULT = auto()


def _any_of(words: Sequence[str]) -> re.Pattern[str]:
    """Finds each of the words as a whole, longer ones first; a star stands for any ending."""
    longest_first = sorted(words, key=len, reverse=True)
    alternatives = "|".join(re.escape(word).replace(r"\*", r"\w*") for word in longest_first)
    return re.compile(rf"\b(?:{alternatives})\b")


_ORGANISM, _COMMENSAL = _any_of((*ORGANISMS, *SKIN_COMMENSALS)), _any_of(SKIN_COMMENSALS)
_SHAPE, _GROWTH, _STERILE = _any_of(SHAPES), _any_of(GROWTH), _any_of(STERILE)
_NEGATION, _NOT_REPORTED = _any_of(NEGATIONS), _any_of(NOT_REPORTED)
_CONTAMINATED = _any_of(CONTAMINATED)
_DESCRIPTION = re.compile(rf"\b({'|'.join(DESCRIBED_AS_NEGATIVE)}) neg(?:ative)?\b")
_END_OF_PHRASE = re.compile(r"[,;:()\n]|(?<=\w\w)\.(?=\s|$)| - | but ")


def _plain(phrase: str) -> str:
    """Lower case, with single blanks in the place of hyphens and full stops."""
    return re.sub(r"[-._\s]+", " ", phrase.lower()).strip()


def _said(phrase: str) -> _Says | None:
    """What one phrase says; None where it says nothing about growth."""
    rest = _NOT_REPORTED.sub(" ", _DESCRIPTION.sub(r"\1", phrase))
    names = bool(_ORGANISM.search(rest) or _SHAPE.search(rest))
    grows = bool(_GROWTH.search(rest))
    if _STERILE.search(rest) or (_NEGATION.search(rest) and (names or grows)):
        return None if names else _Says.NOTHING_GREW
    if names or grows:
        return _Says.SOMETHING_GREW
    return _Says.NO_RESULT if _NOT_REPORTED.search(phrase) else None


def culture_meaning(key: str, report: str) -> Meaning:
    """0 for no growth, 1 for growth, or the reason why the report says neither.

    >>> culture_meaning("blood_culture", "No growth after 5 days").number
    0.0
    >>> culture_meaning("blood_culture", "Coagulase-negative staphylococci").number
    1.0
    """
    number = parse_number(report)
    if number is not None:
        return Meaning(number)
    phrases = [_plain(phrase) for phrase in _END_OF_PHRASE.split(report.lower())]
    if any(_CONTAMINATED.search(phrase) for phrase in phrases):
        return Meaning(reason=RejectReason.NO_VALUE, detail=f"{key}: held for contaminated")
    said = {_said(phrase) for phrase in phrases}
    if {_Says.SOMETHING_GREW, _Says.NOTHING_GREW} <= said:
        detail = f"{key}: says that something grew and that nothing did"
        return Meaning(reason=RejectReason.NOT_A_NUMBER, detail=detail)
    if _Says.SOMETHING_GREW in said or _Says.NOTHING_GREW in said:
        return Meaning(float(_Says.SOMETHING_GREW in said))
    if _Says.NO_RESULT in said:
        return Meaning(reason=RejectReason.NO_VALUE, detail=f"{key}: no result yet, or never one")
    return Meaning(
        reason=RejectReason.NOT_A_NUMBER, detail=f"{key}: tells neither growth nor its absence"
    )


def is_skin_commensal(report: str) -> bool:
    """True where a report names organisms that contaminate more often than infect, and no other.

    >>> is_skin_commensal("Staphylococcus epidermidis"), is_skin_commensal("CoNS and E. coli")
    (True, False)
    """
    said = _plain(_END_OF_PHRASE.sub(" ", report.lower()))
    rest = _COMMENSAL.sub(" ", said)
    return rest != said and not _ORGANISM.search(rest)
