"""Groups of analytes that count as one: how often anything of a kind was measured."""

from collections.abc import Collection, Mapping
from types import MappingProxyType

import pandas as pd

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
"""Group key -> the analytes whose events it repeats."""


def with_groups(events: pd.DataFrame, wanted: Collection[str]) -> pd.DataFrame:
    """The events, with those of each wanted group's members repeated under the group's key."""
    repeated = [
        events[events["key"].isin(members)].assign(key=group)
        for group, members in GROUPS.items()
        if group in wanted
    ]
    if not repeated:
        return events
    plain = events.assign(key=events["key"].astype("str"))
    return pd.concat([plain, *repeated], ignore_index=True)
