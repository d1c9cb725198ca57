"""How a key is called when the project speaks to people."""

from collections.abc import Mapping
from types import MappingProxyType

import pandas as pd

from features.catalogue import ANALYTES, DRUGS, STATES

CLASS_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "therapy": "T-cell-engaging therapy",
        "bispecific": "bispecific antibody",
        "car_t": "CAR-T cells",
        "il6_receptor_blocker": "IL-6 receptor blocker",
        "il6_blocker": "anti-IL-6 drug",
        "cytokine_blocker": "cytokine blocker",
        "jak_inhibitor": "JAK inhibitor",
        "corticosteroid": "corticosteroid",
        "g_csf": "G-CSF",
        "vasopressor": "vasopressor",
        "inotrope": "inotrope",
        "antipyretic": "antipyretic",
        "immunoglobulin": "immunoglobulin",
        "antimicrobial_prophylaxis": "antimicrobial prophylaxis",
        "antimicrobial_treatment": "antimicrobial treatment",
        "cytotoxic": "cytotoxic drug",
        "anti_cd20": "antibody against CD20",
        "skin_commensal": "culture with a skin commensal",
        "any_laboratory": "laboratory test",
        "any_vital_sign": "vital sign",
        "blood_gas": "blood gas",
    }
)


def name_of(key: str) -> str:
    """The name of an analyte, drug, state or drug class; of anything else, the key in words.

    >>> name_of("crp"), name_of("il6_blocker"), name_of("shock_index")
    ('C-reactive protein', 'anti-IL-6 drug', 'shock index')
    """
    for table in (ANALYTES, DRUGS, STATES):
        if key in table:
            return table[key].name
    return CLASS_NAMES.get(key, key.replace("_", " "))


def unit_of(key: str) -> str:
    """The canonical UCUM unit of an analyte or state; empty for what has none.

    >>> unit_of("crp"), unit_of("tocilizumab")
    ('mg/L', '')
    """
    if key in ANALYTES:
        return ANALYTES[key].unit
    unit = STATES[key].unit if key in STATES else ""
    return "" if unit == "1" else unit


def is_measured(keys: pd.Series) -> pd.Series:
    """Which of these keys are analytes or vital signs, against drugs, states and moments."""
    return keys.isin(list(ANALYTES))
