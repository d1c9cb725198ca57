"""How a row's group is found from what was known then: limits, windows and names, with sources."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf

import numpy as np
from numpy.typing import NDArray

from features.catalogue import ANALYTES, CLASS_KEYS, DRUGS, STATES, AnalyteKind
from features.panels import MEASURED, PANELS
from features.scores import SCORES
from features.trajectory import Feature, Statistic
from models.bedside import RECEPTOR_BLOCKED_HOURS, SILTUXIMAB_BLOCKED_HOURS

UNKNOWN = "unknown"
"""The group of a row of which the records do not tell."""

Names = NDArray[np.object_]
Values = Mapping[str, NDArray[np.float64]]
"""The columns that a stratum asks for, one value a row, NaN = missing."""


@dataclass(frozen=True)
class Band:
    """Values from `at_least` on, up to the next band."""

    at_least: float
    name: str


AGE_BANDS = (
    Band(0.0, "0-17"),
    Band(18.0, "18-25"),
    Band(26.0, "26-64"),
    Band(65.0, "65 and over"),
)
"""Years. Children and adolescents up to 17: ICH E11(R1). Young adults up to 25, as in the trial of
tisagenlecleucel in children and young adults: Maude 2018, doi 10.1056/NEJMoa1709866. Older patients
from 65 on: ICH E7."""

DAY_BANDS = (
    Band(0.0, "0-1"),
    Band(48.0, "2-3"),
    Band(96.0, "4-7"),
    Band(192.0, "8-14"),
    Band(360.0, "15 and later"),
)
"""Whole days behind the dose, as hours (a choice of this project)."""

STEROID_HOURS = 24
"""The window over which the declared columns sum corticosteroids."""

PANEL_HOURS = 72
"""So far back a laboratory value counts as measured: the guard calls nothing older fresh."""

LABORATORY = tuple(key for key in sorted(MEASURED) if ANALYTES[key].kind is AnalyteKind.LABORATORY)

THERAPIES = {
    drug.key: drug.name
    for drug in DRUGS.values()
    if "therapy" in CLASS_KEYS.get(drug.drug_class, ())
}
CLASSES = {"bispecific": "bispecific antibody", "car_t": "CAR-T cells"}

DISEASES = {
    "other": "another disease",
    "myeloma": "multiple myeloma",
    "dlbcl": "large B-cell lymphoma",
    "fl": "follicular lymphoma",
    "mcl": "mantle cell lymphoma",
    "b_all": "B-cell acute lymphoblastic leukaemia",
    "sclc": "small cell lung cancer",
    "uveal_melanoma": "uveal melanoma",
}
"""The catalogue's words for diseases, as people write them."""

AGE = next(score for score in SCORES if score.name == "age.years")
NOT_YET = "no dose yet"
NOT_MEASURED = "no laboratory value"


def age_of(key: str) -> Feature:
    """Hours since the latest."""
    return Feature(key, Statistic.AGE)


def last(key: str) -> Feature:
    """The latest value."""
    return Feature(key, Statistic.LAST)


def words_of(key: str) -> dict[float, str]:
    """The first word of each number of a state."""
    return {number: word for word, number in reversed(list(STATES[key].words.items()))}


def disease_names() -> dict[float, str]:
    """The name of each number of a disease."""
    return {number: DISEASES[word] for number, word in words_of("disease").items()}


def named(values: NDArray[np.float64], names: Mapping[float, str]) -> Names:
    """Each number's name, `UNKNOWN` where it is missing; a number without a name stays one."""
    distinct, place = np.unique(values, return_inverse=True)
    words = [UNKNOWN if np.isnan(v) else names.get(float(v), f"{v:.12g}") for v in distinct]
    return np.array(words, dtype=object)[place]


def banded(values: NDArray[np.float64], bands: Sequence[Band], missing: str = UNKNOWN) -> Names:
    """The band of each value; `missing` where there is none."""
    limits = [band.at_least for band in bands]
    place = np.searchsorted(limits, values, side="right") - 1
    names = np.array([*(band.name for band in bands), missing], dtype=object)
    return names[np.where(np.isnan(values), len(bands), place)]


def latest(values: Values, titles: Mapping[str, str]) -> Names:
    """Which of these drugs was given last; the first of the table where two were given at once."""
    ages = np.stack([values[age_of(key).name] for key in titles])
    ages = np.where(np.isnan(ages), inf, ages)
    names = np.array(list(titles.values()), dtype=object)[ages.argmin(axis=0)]
    return np.where(np.isfinite(ages.min(axis=0)), names, NOT_YET)


def cover(values: Values) -> Names:
    """What is in force that hides fever and CRP."""
    blocked = values[age_of("il6_blocker").name] <= RECEPTOR_BLOCKED_HOURS
    blocked |= values[age_of("siltuximab").name] <= SILTUXIMAB_BLOCKED_HOURS
    steroid = values[age_of("corticosteroid").name] <= STEROID_HOURS
    return np.array(COVERS, dtype=object)[blocked + 2 * steroid]


def panel(values: Values) -> Names:
    """The smallest declared panel that holds every laboratory value of the last days."""
    names = np.full(len(next(iter(values.values()))), NOT_MEASURED, dtype=object)
    smaller: frozenset[str] = frozenset()
    for one in reversed(PANELS):
        beyond = [values[counted(key).name] > 0 for key in LABORATORY
                  if key in one.keys and key not in smaller]  # fmt: skip
        names[np.any(beyond, axis=0)] = one.name
        smaller = one.keys
    return names


def counted(key: str) -> Feature:
    """How often it was measured of late."""
    return Feature(key, Statistic.COUNT, PANEL_HOURS)


COVERS = ("none", "anti-IL-6", "steroid", "anti-IL-6 and steroid")
