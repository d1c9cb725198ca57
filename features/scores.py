"""Ratios and published scores over trajectory columns; missing wherever an item is missing."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from features.trajectory import Feature, Statistic

MG_PER_DL_CREATININE = 1 / 88.4  # umol/L -> mg/dL, molar mass 113.12 g/mol
MG_PER_DL_CRP = 0.1  # mg/L -> mg/dL
HOURS_PER_YEAR = 365.25 * 24


@dataclass(frozen=True)
class Score:
    """One column computed from others.

    `inputs` are trajectory features in the order of the arguments of `compute`, which takes and
    returns float64 arrays of shape (rows,).
    """

    name: str
    inputs: tuple[Feature, ...]
    compute: Callable[..., np.ndarray]
    meaning: str
    source: str
    needs_every_key: bool = True  # False: one of its keys is enough for the column to exist


def _last(key: str) -> Feature:
    return Feature(key, Statistic.LAST)


def _ratio(top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    return np.divide(top, bottom, out=np.full_like(top, np.nan), where=bottom > 0)


def _log2_positive(value: np.ndarray) -> np.ndarray:
    return np.log2(value, out=np.full_like(value, np.nan), where=value > 0)


def easix(ldh: np.ndarray, creatinine: np.ndarray, platelets: np.ndarray) -> np.ndarray:
    """EASIX as log2: LDH (U/L) x creatinine (umol/L, used as mg/dL) / platelets (10*9/L).

    Luft T et al. Lancet Haematol 2017;4:e414-e423.

    >>> easix(np.array([256.0]), np.array([88.4]), np.array([64.0]))
    array([2.])
    """
    return _log2_positive(_ratio(ldh * creatinine * MG_PER_DL_CREATININE, platelets))


def modified_easix(ldh: np.ndarray, crp: np.ndarray, platelets: np.ndarray) -> np.ndarray:
    """m-EASIX as log2: LDH (U/L) x CRP (mg/L, used as mg/dL) / platelets (10*9/L).

    Pennisi M et al. Blood Adv 2021;5:3397-3406.

    >>> modified_easix(np.array([256.0]), np.array([10.0]), np.array([64.0]))
    array([2.])
    """
    return _log2_positive(_ratio(ldh * crp * MG_PER_DL_CRP, platelets))


SCORES: tuple[Score, ...] = (
    Score(
        "age.years",
        (Feature("birth", Statistic.AGE), _last("age")),
        lambda hours, stated: np.where(np.isnan(hours), stated, hours / HOURS_PER_YEAR),
        "age in years",
        "date of birth, else the age on record",
        needs_every_key=False,
    ),
    Score(
        "easix.log2",
        (_last("ldh"), _last("creatinine"), _last("platelets")),
        easix,
        "endothelial activation and stress index",
        "Luft 2017, Lancet Haematol 4:e414",
    ),
    Score(
        "modified_easix.log2",
        (_last("ldh"), _last("crp"), _last("platelets")),
        modified_easix,
        "EASIX with CRP in the place of creatinine",
        "Pennisi 2021, Blood Adv 5:3397",
    ),
    Score(
        "shock_index.last",
        (_last("heart_rate"), _last("systolic_bp")),
        _ratio,
        "heart rate over systolic pressure",
        "Allgower 1967, Dtsch Med Wochenschr 92:1947",
    ),
    Score(
        "pulse_pressure.last",
        (_last("systolic_bp"), _last("diastolic_bp")),
        lambda systolic, diastolic: systolic - diastolic,
        "systolic less diastolic pressure, mm[Hg]",
        "definition",
    ),
    Score(
        "spo2_fio2.last",
        (_last("spo2"), _last("fio2")),
        _ratio,
        "oxygen saturation (%) over inspired fraction",
        "Rice 2007, Chest 132:410",
    ),
    Score(
        "neutrophil_lymphocyte_ratio.last",
        (_last("neutrophils"), _last("lymphocytes")),
        _ratio,
        "neutrophils over lymphocytes",
        "Zahorec 2001, Bratisl Lek Listy 102:5",
    ),
    Score(
        "crp_albumin_ratio.last",
        (_last("crp"), _last("albumin")),
        _ratio,
        "CRP (mg/L) over albumin (g/L)",
        "Fairclough 2009, Clin Med 9:30",
    ),
    Score(
        "urea_creatinine_ratio.last",
        (_last("urea"), _last("creatinine")),
        _ratio,
        "urea (mmol/L) over creatinine (umol/L)",
        "definition",
    ),
)
