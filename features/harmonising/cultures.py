"""What the report of a blood culture says: that nothing grew, that something did, or neither.

    report                                        read as
    No significant growth                         0
    E. coli in 2/2 bottles                        1
    Gram-negative rods, identification pending    1
    Culture in progress                           no value
    CoNS, probable contaminant                    no value
    Aerobic: E. coli; anaerobic: no growth        1: one bottle with a pathogen is enough
    Growth: none                                  not understood: it says both in one clause
    No MRSA                                       not understood: others may have grown
    haemolysed                                    not understood

The words are those of `features/catalogue/cultures.py`. "No growth to date" is no growth until a
later report replaces it.
"""

import re
from enum import Enum, auto

from features.catalogue.cultures import (
    CONTAMINATED,
    DENIALS,
    DESCRIBED_AS_NEGATIVE,
    GROWTH,
    NEGATIONS,
    NOT_REPORTED,
    ORGANISMS,
    PLUS_SIGNS,
    PREVIOUS,
    SHAPES,
    SKIN_COMMENSALS,
    STERILE,
)
from features.harmonising.meaning import Meaning
from features.harmonising.phrases import any_of, plain
from features.tables import RejectReason
from features.written_numbers import parse_number


class _Says(Enum):
    NOTHING_GREW = auto()
    SOMETHING_GREW = auto()
    BOTH = auto()
    NO_RESULT = auto()


_ORGANISM, _COMMENSAL = any_of((*ORGANISMS, *SKIN_COMMENSALS)), any_of(SKIN_COMMENSALS)
_SHAPE, _GROWTH, _STERILE = any_of(SHAPES), any_of(GROWTH), any_of(STERILE)
_NEGATION, _NOT_REPORTED = any_of(NEGATIONS), any_of(NOT_REPORTED)
_CONTAMINATED, _PREVIOUS = any_of(CONTAMINATED), any_of(PREVIOUS)
_NO_CONTAMINATION = re.compile(
    rf"\b(?:no|not|without|unlikely)\s(?:(?!exclud|rul)\w+\s){{0,2}}{_CONTAMINATED.pattern}"
    rf"|{_CONTAMINATED.pattern}\s(?:(?!not|cannot|can)\w+\s){{0,2}}{any_of(DENIALS).pattern}"
)
_DESCRIPTION = re.compile(rf"\b({'|'.join(DESCRIBED_AS_NEGATIVE)}) neg(?:ative)?\b")
_END_OF_CLAUSE = re.compile(r"[,;\n]|(?<=\w\w)\.(?=\s|$)| - | but ")
_END_OF_PHRASE = re.compile(r"[:()]")


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


def _clause_said(clause: str) -> _Says | None:
    """What one clause says, whose phrases (a bottle, its result) belong together."""
    said = {_said(plain(phrase)) for phrase in _END_OF_PHRASE.split(clause)}
    if {_Says.SOMETHING_GREW, _Says.NOTHING_GREW} <= said:
        return _Says.BOTH
    for answer in (_Says.SOMETHING_GREW, _Says.NOTHING_GREW, _Says.NO_RESULT):
        if answer in said:
            return answer
    return None


def _has_pathogen(clause: str) -> bool:
    """True where a clause about this culture names what grew, or says positive."""
    words = plain(_END_OF_PHRASE.sub(" ", clause))
    named = _ORGANISM.search(words) or _SHAPE.search(words) or "positiv" in words
    return bool(named) and not _PREVIOUS.search(words)


def culture_meaning(key: str, report: str) -> Meaning:
    """0 for no growth, 1 for growth, or the reason why the report says neither.

    >>> culture_meaning("blood_culture", "No growth after 5 days").number
    0.0
    >>> culture_meaning("blood_culture", "Coagulase-negative staphylococci").number
    1.0
    """
    number = 1.0 if report.strip() in PLUS_SIGNS else parse_number(report)
    if number is not None:
        return Meaning(number)
    clauses = [_NO_CONTAMINATION.sub(" ", clause) for clause in _clauses(report)]
    if any(_CONTAMINATED.search(plain(clause)) for clause in clauses):
        return Meaning(reason=RejectReason.NO_VALUE, detail=f"{key}: held for contaminated")
    said = [_clause_said(clause) for clause in clauses]
    grew = [c for c, s in zip(clauses, said, strict=True) if s is _Says.SOMETHING_GREW]
    is_mixed = bool(grew) and _Says.NOTHING_GREW in said
    if _Says.BOTH in said or (is_mixed and not any(map(_has_pathogen, grew))):
        detail = f"{key}: says that something grew and that nothing did"
        return Meaning(reason=RejectReason.NOT_A_NUMBER, detail=detail)
    if grew or _Says.NOTHING_GREW in said:
        return Meaning(float(bool(grew)))
    if _Says.NO_RESULT in said:
        return Meaning(reason=RejectReason.NO_VALUE, detail=f"{key}: no result yet, or never one")
    return Meaning(
        reason=RejectReason.NOT_A_NUMBER, detail=f"{key}: tells neither growth nor its absence"
    )


def _clauses(report: str) -> list[str]:
    return _END_OF_CLAUSE.split(report.lower())


def is_skin_commensal(report: str) -> bool:
    """True where a report names organisms that contaminate more often than infect, and no other.

    >>> is_skin_commensal("Staphylococcus epidermidis"), is_skin_commensal("CoNS and E. coli")
    (True, False)
    """
    said = plain(_END_OF_PHRASE.sub(" ", " ".join(_clauses(report))))
    rest = _COMMENSAL.sub(" ", said)
    return rest != said and not _ORGANISM.search(rest)
