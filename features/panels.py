"""Panels: what a hospital measures. Less measured means fewer events; the code stays the same.

Doses, grades, cultures and facts of the patient belong to every panel: they are charted, not
measured. So do weight, height and scores asked at the bedside.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import pandas as pd

from features.catalogue import ANALYTES, AnalyteKind

MEASURED = frozenset(
    key
    for key, row in ANALYTES.items()
    if row.kind in (AnalyteKind.LABORATORY, AnalyteKind.VITAL_SIGN)
)
"""Keys of the catalogue that a panel may lack."""


@dataclass(frozen=True)
class Panel:
    """What is measured: keys of the catalogue. `meaning` says it in words."""

    name: str
    keys: frozenset[str]
    meaning: str


BLOOD_COUNT = frozenset(
    {
        "wbc", "neutrophils", "lymphocytes", "monocytes", "neutrophils_percent",
        "lymphocytes_percent", "monocytes_percent", "platelets", "hemoglobin", "hematocrit",
        "red_cells",
    }
)  # fmt: skip
BLOOD_PRESSURE = frozenset({"systolic_bp", "diastolic_bp", "mean_arterial_pressure"})
MINIMAL = frozenset({"crp", "temperature", "spo2"}) | BLOOD_COUNT | BLOOD_PRESSURE
CYTOKINES = frozenset(
    {"il2", "il4", "il6", "il10", "il17a", "tnf_alpha", "ifn_gamma", "soluble_il2r"}
)
SPECIAL = CYTOKINES | {
    "ferritin", "d_dimer", "procalcitonin", "beta2_microglobulin", "igg", "prealbumin",
    "bone_marrow_plasma_cells", "troponin_i", "troponin_t", "bnp", "nt_probnp", "hbdh",
    "ldh_pyruvate_to_lactate", "triglycerides", "etco2",
}  # fmt: skip
"""What a general hospital does not measure every day (a choice of this project)."""

FULL = Panel("full", MEASURED, "everything that was measured")
PANELS: tuple[Panel, ...] = (
    FULL,
    Panel(
        "standard",
        MEASURED - SPECIAL,
        "daily chemistry, coagulation, blood count, blood gases and vital signs; no cytokines, "
        "ferritin, D-dimer or other special tests",
    ),
    Panel(
        "minimal",
        MINIMAL,
        "CRP, blood count, temperature, blood pressure and oxygen saturation",
    ),
)
WITHOUT: tuple[Panel, ...] = tuple(
    Panel(f"without {words}", MEASURED - keys, f"everything but {words}")
    for words, keys in (
        ("IL-6", {"il6"}),
        ("ferritin", {"ferritin"}),
        ("D-dimer", {"d_dimer"}),
        ("IL-6, ferritin and D-dimer", {"il6", "ferritin", "d_dimer"}),
        ("cytokines", CYTOKINES),
    )
)
"""The full panel without tests that are often missing."""

PANEL: Mapping[str, Panel] = MappingProxyType({panel.name: panel for panel in (*PANELS, *WITHOUT)})
"""Every panel by name."""


def only(events: pd.DataFrame, panel: Panel) -> pd.DataFrame:
    """The events that a hospital with this panel has, in the order of `events`.

    Labels and as-of times belong to all events: take them before.

    >>> events = pd.DataFrame({"key": ["crp", "il6", "therapy"], "value": [58.0, 900.0, 1.5]})
    >>> only(events, PANEL["minimal"])["key"].tolist()
    ['crp', 'therapy']
    """
    lacking = MEASURED - panel.keys
    return events[~events["key"].isin(lacking)].reset_index(drop=True)
