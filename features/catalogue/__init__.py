"""What the project knows how to read: analytes, drugs and states, and which code means which.

>>> key_of("LOINC//1988-5"), key_of("ATC//L04AC07"), key_of("CRP"), key_of("LOINC//0000-0")
('crp', 'tocilizumab', 'crp', None)
>>> ANALYTES["crp"].unit, CLASS_KEYS[DRUGS["tocilizumab"].drug_class]
('mg/L', ('il6_receptor_blocker', 'il6_blocker', 'cytokine_blocker'))
"""

from collections.abc import Iterator, Mapping
from itertools import chain
from types import MappingProxyType

from features.catalogue import bedside, drugs, laboratory, states
from features.catalogue.drugs import CLASS_KEYS
from features.catalogue.kinds import (
    Analyte,
    AnalyteKind,
    AssumedUnit,
    Drug,
    DrugClass,
    State,
    StateKind,
)
from features.catalogue.states import (
    BLOOD_PRESSURE,
    BLOOD_PRESSURE_CODES,
)

__all__ = [
    "ANALYTES",
    "BLOOD_PRESSURE",
    "CLASS_KEYS",
    "DRUGS",
    "KEYS",
    "STATES",
    "Analyte",
    "AnalyteKind",
    "AssumedUnit",
    "Drug",
    "DrugClass",
    "State",
    "StateKind",
    "codes_of",
    "key_of",
]

ANALYTES: Mapping[str, Analyte] = MappingProxyType(
    {row.key: row for row in (*laboratory.LABORATORY, *bedside.BEDSIDE)}
)
DRUGS: Mapping[str, Drug] = MappingProxyType({row.key: row for row in drugs.DRUGS})
STATES: Mapping[str, State] = MappingProxyType({row.key: row for row in states.STATES})

KEYS: tuple[str, ...] = tuple(
    sorted(
        {*ANALYTES, *DRUGS, *STATES, *chain.from_iterable(CLASS_KEYS.values()), "skin_commensal"}
    )
)
"""Every key that an event can have, sorted."""


def _entries() -> Iterator[tuple[str, str]]:
    """Each code in the words of a records table, with the key that it stands for."""
    for analyte in ANALYTES.values():
        yield from ((f"LOINC//{code}", analyte.key) for code in analyte.loinc)
        yield from ((f"OMOP//{concept}", analyte.key) for concept in analyte.omop)
    for drug in DRUGS.values():
        yield from ((f"ATC//{code}", drug.key) for code in drug.atc)
        yield from ((f"RXNORM//{code}", drug.key) for code in drug.rxnorm)
        yield from ((f"OMOP//{concept}", drug.key) for concept in drug.omop)
    for state in STATES.values():
        yield from ((code, state.key) for code in state.codes)
    yield from ((code, BLOOD_PRESSURE) for code in BLOOD_PRESSURE_CODES)
    yield from ((key, key) for key in (*ANALYTES, *DRUGS, *STATES))


CODES: Mapping[str, str] = MappingProxyType(dict(_entries()))


def key_of(code: str) -> str | None:
    """The catalogue key of a source code; None where the catalogue does not know it.

    The vocabulary's name (RxNorm//, LOINC//) and our own keys may be in any case; blanks around do
    not count.
    """
    vocabulary, stroke, rest = code.strip().partition("//")
    if stroke:
        return CODES.get(f"{vocabulary.upper()}//{rest}")
    return CODES.get(vocabulary) or CODES.get(vocabulary.lower())


def codes_of(key: str) -> tuple[str, ...]:
    """Every source code that stands for a key, the key itself last; empty for an unknown key."""
    return tuple(code for code, meant in CODES.items() if meant == key)
