"""Strata: the groups within which a model is judged, each a row of one table.

    patient  as_of  ->  sex     age_group  product      cover     day_since_dose  site
    a        day 1      female  26-64      teclistamab  none      0-1             Lyon
    a        day 4      female  26-64      teclistamab  anti-IL-6 2-3             Lyon
    b        day 1      male    0-17       unknown      none      unknown         unknown

A row's group is what was known at its as-of time, like every column that a model reads.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.catalogue import ANALYTES, CLASS_KEYS, DRUGS, STATES, AnalyteKind
from features.declared import Column
from features.matrix import feature_rows
from features.panels import MEASURED, PANELS
from features.scores import SCORES
from features.trajectory import Feature, Statistic
from models.bedside import RECEPTOR_BLOCKED_HOURS, SILTUXIMAB_BLOCKED_HOURS
from training.dataset import Events

UNKNOWN = "unknown"
"""The group of a row of which the records do not tell."""

Names = NDArray[np.object_]
Values = Mapping[str, NDArray[np.float64]]
"""The columns that a stratum asks for, one value a row, NaN = missing."""


@dataclass(frozen=True)
class Stratum:
    """One way to part rows into groups.

    `groups` gives each row's group from `columns`; `order` is how readers meet the groups (others
    follow by name). `fairness`: whether a gap between its groups is reported as one. `meaning` says
    how a group is found, with the source of its limits.
    """

    name: str
    title: str
    meaning: str
    columns: tuple[Column, ...]
    groups: Callable[[Values], Names]
    order: tuple[str, ...] = ()
    fairness: bool = False


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

_AGE = next(score for score in SCORES if score.name == "age.years")
_NOT_YET = "no dose yet"
_NOT_MEASURED = "no laboratory value"


def _age_of(key: str) -> Feature:
    return Feature(key, Statistic.AGE)


def _last(key: str) -> Feature:
    return Feature(key, Statistic.LAST)


def _words(key: str) -> dict[float, str]:
    """The first word of each number of a state."""
    return {number: word for word, number in reversed(list(STATES[key].words.items()))}


def _named(values: NDArray[np.float64], names: Mapping[float, str]) -> Names:
    """Each number's name, `UNKNOWN` where it is missing; a number without a name stays one."""
    distinct, place = np.unique(values, return_inverse=True)
    words = [UNKNOWN if np.isnan(v) else names.get(float(v), f"{v:g}") for v in distinct]
    return np.array(words, dtype=object)[place]


def _banded(values: NDArray[np.float64], bands: Sequence[Band], missing: str = UNKNOWN) -> Names:
    """The band of each value; `missing` where there is none."""
    limits = [band.at_least for band in bands]
    place = np.searchsorted(limits, values, side="right") - 1
    names = np.array([*(band.name for band in bands), missing], dtype=object)
    return names[np.where(np.isnan(values), len(bands), place)]


def _latest(values: Values, titles: Mapping[str, str]) -> Names:
    """Which of these drugs was given last; the first of the table where two were given at once."""
    ages = np.stack([values[_age_of(key).name] for key in titles])
    ages = np.where(np.isnan(ages), inf, ages)
    names = np.array(list(titles.values()), dtype=object)[ages.argmin(axis=0)]
    return np.where(np.isfinite(ages.min(axis=0)), names, _NOT_YET)


def _cover(values: Values) -> Names:
    """What is in force that hides fever and CRP."""
    blocked = values[_age_of("il6_blocker").name] <= RECEPTOR_BLOCKED_HOURS
    blocked |= values[_age_of("siltuximab").name] <= SILTUXIMAB_BLOCKED_HOURS
    steroid = values[_age_of("corticosteroid").name] <= STEROID_HOURS
    return np.array(COVERS, dtype=object)[blocked + 2 * steroid]


def _panel(values: Values) -> Names:
    """The smallest declared panel that holds every laboratory value of the last days."""
    names = np.full(len(next(iter(values.values()))), _NOT_MEASURED, dtype=object)
    smaller: frozenset[str] = frozenset()
    for panel in reversed(PANELS):
        beyond = [values[_counted(key).name] > 0 for key in LABORATORY
                  if key in panel.keys and key not in smaller]  # fmt: skip
        names[np.any(beyond, axis=0)] = panel.name
        smaller = panel.keys
    return names


def _counted(key: str) -> Feature:
    return Feature(key, Statistic.COUNT, PANEL_HOURS)


COVERS = ("none", "anti-IL-6", "steroid", "anti-IL-6 and steroid")
_FIRST_DOSE = Feature("therapy", Statistic.HOURS_SINCE_FIRST)
_LAST_DOSE = _age_of("therapy")
DAY_NAMES = tuple(band.name for band in DAY_BANDS)

STRATA = (
    Stratum(
        "product",
        "product",
        "the T-cell-engaging therapy given last",
        tuple(_age_of(key) for key in THERAPIES),
        lambda values: _latest(values, THERAPIES),
        (*THERAPIES.values(), _NOT_YET),
    ),
    Stratum(
        "therapy_class",
        "class of therapy",
        "the class of the therapy given last",
        tuple(_age_of(key) for key in CLASSES),
        lambda values: _latest(values, CLASSES),
        (*CLASSES.values(), _NOT_YET),
    ),
    Stratum(
        "disease",
        "disease",
        "the disease under treatment",
        (_last("disease"),),
        lambda values: _named(values["disease.last"], _words("disease")),
        tuple(_words("disease").values()),
        fairness=True,
    ),
    Stratum(
        "sex",
        "sex",
        "as on record",
        (_last("sex"),),
        lambda values: _named(values["sex.last"], _words("sex")),
        ("female", "male"),
        fairness=True,
    ),
    Stratum(
        "age_group",
        "age group",
        "years: up to 17 ICH E11(R1), up to 25 doi 10.1056/NEJMoa1709866, from 65 on ICH E7",
        (_AGE,),
        lambda values: _banded(values[_AGE.name], AGE_BANDS),
        tuple(band.name for band in AGE_BANDS),
        fairness=True,
    ),
    Stratum(
        "site",
        "site of care",
        "as on record",
        (_last("site"),),
        lambda values: _named(values["site.last"], {}),
        fairness=True,
    ),
    Stratum(
        "panel",
        "panel measured",
        f"the smallest panel that holds every laboratory value of the last {PANEL_HOURS} h",
        tuple(_counted(key) for key in LABORATORY),
        _panel,
        (*(panel.name for panel in reversed(PANELS)), _NOT_MEASURED),
    ),
    Stratum(
        "cover",
        "cover by anti-IL-6 or steroids",
        f"anti-IL-6 within {RECEPTOR_BLOCKED_HOURS / 24:g} d (siltuximab "
        f"{SILTUXIMAB_BLOCKED_HOURS / 24:g} d), a steroid within {STEROID_HOURS} h",
        (_age_of("il6_blocker"), _age_of("siltuximab"), _age_of("corticosteroid")),
        _cover,
        COVERS,
    ),
    Stratum(
        "day_since_dose",
        "day since the last dose",
        "whole days since the last dose of the therapy",
        (_LAST_DOSE,),
        lambda values: _banded(values[_LAST_DOSE.name], DAY_BANDS, _NOT_YET),
        (*DAY_NAMES, _NOT_YET),
    ),
    Stratum(
        "day_since_first_dose",
        "day since the first dose",
        "whole days since the first dose of the therapy",
        (_FIRST_DOSE,),
        lambda values: _banded(values[_FIRST_DOSE.name], DAY_BANDS, _NOT_YET),
        (*DAY_NAMES, _NOT_YET),
    ),
)  # fmt: skip
"""Every stratum but today's grade, whose column the judged rows carry already."""

STRATUM: Mapping[str, Stratum] = {stratum.name: stratum for stratum in STRATA}


def strata_rows(source: Events, as_of: pd.DataFrame) -> pd.DataFrame:
    """Each as-of row's group in every stratum of `STRATA`, categorical, in the order of `as_of`."""
    columns = tuple(dict.fromkeys(column for stratum in STRATA for column in stratum.columns))
    found = feature_rows(source.events, as_of[["patient_id", "as_of"]], columns)
    values = {name: found[name].to_numpy(dtype=float) for name in found}
    groups = {stratum.name: stratum.groups(values) for stratum in STRATA}
    groups["site"] = _named(values["site.last"], source.sites)  # events carry numbers alone
    return pd.DataFrame({name: pd.Categorical(names) for name, names in groups.items()},
                        index=as_of.index)  # fmt: skip


def in_order(stratum: str, groups: Sequence[str]) -> list[str]:
    """Groups of a stratum as readers meet them: as declared, others by name, the unknown last."""
    declared = STRATUM[stratum].order if stratum in STRATUM else ()
    known = [name for name in declared if name in groups]
    others = sorted(set(groups) - set(known) - {UNKNOWN})
    return [*known, *others, *([UNKNOWN] if UNKNOWN in groups else [])]
