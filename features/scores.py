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


def age_in_years(since_birth: np.ndarray, stated: np.ndarray) -> np.ndarray:
    """Age from the hours since birth, else the stated age in years.

    >>> age_in_years(np.array([8766.0, np.nan]), np.array([40.0, 41.0]))
    array([ 1., 41.])
    """
    return np.where(np.isnan(since_birth), stated, since_birth / HOURS_PER_YEAR)


@dataclass(frozen=True)
class Sign:
    """One sign of a bedside score: its points by band, `points[k]` from `bounds[k - 1]` up.

    `worst` names the statistics of a window among which its worst value is: the maximum, the
    minimum, or both where a sign may leave its range on either side.
    """

    key: str
    worst: tuple[Statistic, ...]
    bounds: tuple[float, ...]
    points: tuple[float, ...]

    def award(self, value: np.ndarray) -> np.ndarray:
        """Points of each value; a sign that was not measured gives none.

        >>> Sign("spo2", LOW, (92, 94, 96), (3, 2, 1, 0)).award(
        ...     np.array([91.0, 92.0, 97.0, np.nan])
        ... )
        array([3., 2., 0., 0.])
        """
        band = np.searchsorted(np.array(self.bounds), np.nan_to_num(value), side="right")
        return np.where(np.isnan(value), 0.0, np.array(self.points)[band])

    def inputs(self, hours: int | None) -> tuple[Feature, ...]:
        """The columns it reads: its latest value (`hours` None), or its worst of a window."""
        if hours is None:
            return (_last(self.key),)
        return tuple(Feature(self.key, statistic, hours) for statistic in self.worst)


JUST_ABOVE = 1e-4
"""Turns the "more than x" of a published table into "from x + 0.0001 on"."""

HIGH, LOW = (Statistic.MAXIMUM,), (Statistic.MINIMUM,)
BOTH = HIGH + LOW

NEWS2 = (
    (Sign("respiratory_rate", BOTH, (8 + JUST_ABOVE, 12, 21, 25), (3, 1, 0, 2, 3)),),
    (Sign("spo2", LOW, (92, 94, 96), (3, 2, 1, 0)),),
    (
        Sign("fio2", HIGH, (0.21 + JUST_ABOVE,), (0, 2)),
        Sign("oxygen_flow", HIGH, (JUST_ABOVE,), (0, 2)),
        Sign("oxygen_device", HIGH, (1,), (0, 2)),
    ),
    (Sign("systolic_bp", BOTH, (90 + JUST_ABOVE, 101, 111, 220), (3, 2, 1, 0, 3)),),
    (Sign("heart_rate", BOTH, (40 + JUST_ABOVE, 51, 91, 111, 131), (3, 1, 0, 1, 2, 3)),),
    (
        Sign(
            "temperature",
            BOTH,
            (35 + JUST_ABOVE, 36 + JUST_ABOVE, 38 + JUST_ABOVE, 39 + JUST_ABOVE),
            (3, 1, 0, 1, 2),
        ),
    ),
)
QSOFA = (
    (Sign("respiratory_rate", HIGH, (22,), (0, 1)),),
    (Sign("systolic_bp", LOW, (100 + JUST_ABOVE,), (1, 0)),),
)
SIRS = (
    (Sign("temperature", BOTH, (36, 38 + JUST_ABOVE), (1, 0, 1)),),
    (Sign("heart_rate", HIGH, (90 + JUST_ABOVE,), (0, 1)),),
    (Sign("respiratory_rate", HIGH, (20 + JUST_ABOVE,), (0, 1)),),
    (Sign("wbc", BOTH, (4, 12 + JUST_ABOVE), (1, 0, 1)),),
)
SOFA = (
    (Sign("mean_arterial_pressure", LOW, (70,), (1, 0)),),
    (Sign("creatinine", HIGH, (106, 176.5, 309, 441.5), (0, 1, 2, 3, 4)),),
    (Sign("bilirubin_total", HIGH, (20, 33, 102, 205), (0, 1, 2, 3, 4)),),
    (Sign("platelets", LOW, (20, 50, 100, 150), (4, 3, 2, 1, 0)),),
)
"""Items of one or more signs, of which the worst counts. SOFA's creatinine in umol/L is bounded so
that 1.2, 2.0, 3.5 and 5.0 mg/dL (the publication's own limits) fall where they belong; the rounded
limits printed beside them (110, 171, 300, 440) would move 1.2 and 3.4 mg/dL."""

BEDSIDE_SCORES = (
    ("partial_news2", NEWS2, "NEWS2 without consciousness", "Royal College of Physicians 2017"),
    ("partial_qsofa", QSOFA, "qSOFA without mentation", "Singer 2016, JAMA 315:801"),
    ("partial_sirs", SIRS, "SIRS without PaCO2", "Bone 1992, Chest 101:1644"),
    (
        "partial_sofa",
        SOFA,
        "SOFA of circulation, kidney, liver and coagulation",
        "Vincent 1996, Intensive Care Med 22:707",
    ),
)
"""Name, items, meaning, source. "Partial": a sign that was not measured counts as normal, as SOFA's
authors do, so that the score exists wherever one of its signs does."""


def _points_score(
    name: str, items: tuple[tuple[Sign, ...], ...], hours: int | None, meaning: str, source: str
) -> Score:
    """Points of the latest values (`hours` None), or of each sign's worst in a window."""
    signs = [(place, sign) for place, item in enumerate(items) for sign in item]
    read = [(place, sign, column) for place, sign in signs for column in sign.inputs(hours)]
    window = "last" if hours is None else f"worst_{hours}h"

    def total(*values: np.ndarray) -> np.ndarray:
        points = np.zeros((len(items), len(values[0])))
        for (place, sign, _), value in zip(read, values, strict=True):
            points[place] = np.maximum(points[place], sign.award(value))
        nothing = np.logical_and.reduce([np.isnan(value) for value in values])
        return np.where(nothing, np.nan, points.sum(axis=0))

    inputs = tuple(column for _, _, column in read)
    return Score(f"{name}.{window}", inputs, total, meaning, source, needs_every_key=False)


SCORES: tuple[Score, ...] = (
    *(
        _points_score(name, items, hours, meaning, source)
        for name, items, meaning, source in BEDSIDE_SCORES
        for hours in (None, 12, 24)
    ),
    Score(
        "age.years",
        (Feature("birth", Statistic.AGE), _last("age")),
        age_in_years,
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
