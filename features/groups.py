"""Groups of analytes that count as one: how often anything of a kind was measured."""

from collections.abc import Mapping
from types import MappingProxyType

from features.catalogue import ANALYTES, AnalyteKind

BLOOD_GAS = ("ph", "paco2", "pao2", "sao2", "base_excess", "bicarbonate", "fio2")

GROUPS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "any_laboratory": frozenset(
            key for key, row in ANALYTES.items() if row.kind == AnalyteKind.LABORATORY
        ),
        "any_vital_sign": frozenset(
            key for key, row in ANALYTES.items() if row.kind == AnalyteKind.VITAL_SIGN
        ),
        "blood_gas": frozenset(BLOOD_GAS),
    }
)
"""Group key -> the analytes whose events it repeats, each at its own time."""
