"""Strata: the groups within which a model is judged, each a row of one table.

    patient  as_of  ->  sex     age_group  product      cover     day_since_dose  site
    a        day 1      female  26-64      teclistamab  none      0-1             Lyon
    a        day 4      female  26-64      teclistamab  anti-IL-6 2-3             Lyon
    b        day 1      male    0-17       no dose yet  none      no dose yet     unknown

A row's group is what was known at its as-of time, like every column that a model reads.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from features.declared import Column
from features.matrix import feature_rows
from features.panels import PANELS
from features.trajectory import Feature, Statistic
from models.bedside import RECEPTOR_BLOCKED_HOURS, SILTUXIMAB_BLOCKED_HOURS
from training.dataset import Events
from training.judging.groups.values import (
    AGE,
    AGE_BANDS,
    CLASSES,
    COVERS,
    DAY_BANDS,
    LABORATORY,
    NOT_MEASURED,
    NOT_YET,
    PANEL_HOURS,
    STEROID_HOURS,
    THERAPIES,
    UNKNOWN,
    Names,
    Values,
    age_of,
    banded,
    counted,
    cover,
    disease_names,
    last,
    latest,
    named,
    panel,
    words_of,
)


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


_FIRST_DOSE = Feature("therapy", Statistic.HOURS_SINCE_FIRST)
_LAST_DOSE = age_of("therapy")
DAY_NAMES = tuple(band.name for band in DAY_BANDS)

STRATA = (
    Stratum(
        "product",
        "product",
        "the T-cell-engaging therapy given last",
        tuple(age_of(key) for key in THERAPIES),
        lambda values: latest(values, THERAPIES),
        (*THERAPIES.values(), NOT_YET),
    ),
    Stratum(
        "therapy_class",
        "class of therapy",
        "the class of the therapy given last",
        tuple(age_of(key) for key in CLASSES),
        lambda values: latest(values, CLASSES),
        (*CLASSES.values(), NOT_YET),
    ),
    Stratum(
        "disease",
        "disease",
        "the disease under treatment",
        (last("disease"),),
        lambda values: named(values["disease.last"], disease_names()),
        tuple(disease_names().values()),
        fairness=True,
    ),
    Stratum(
        "sex",
        "sex",
        "as on record",
        (last("sex"),),
        lambda values: named(values["sex.last"], words_of("sex")),
        ("female", "male"),
        fairness=True,
    ),
    Stratum(
        "age_group",
        "age group",
        "years: up to 17 ICH E11(R1), up to 25 doi 10.1056/NEJMoa1709866, from 65 on ICH E7",
        (AGE,),
        lambda values: banded(values[AGE.name], AGE_BANDS),
        tuple(band.name for band in AGE_BANDS),
        fairness=True,
    ),
    Stratum(
        "site",
        "site of care",
        "as on record",
        (last("site"),),
        lambda values: named(values["site.last"], {}),
        fairness=True,
    ),
    Stratum(
        "panel",
        "panel measured",
        f"the smallest panel that holds every laboratory value of the last {PANEL_HOURS} h",
        tuple(counted(key) for key in LABORATORY),
        panel,
        (*(panel.name for panel in reversed(PANELS)), NOT_MEASURED),
    ),
    Stratum(
        "cover",
        "cover by anti-IL-6 or steroids",
        f"anti-IL-6 within {RECEPTOR_BLOCKED_HOURS / 24:g} d (siltuximab "
        f"{SILTUXIMAB_BLOCKED_HOURS / 24:g} d), a steroid within {STEROID_HOURS} h",
        (age_of("il6_blocker"), age_of("siltuximab"), age_of("corticosteroid")),
        cover,
        COVERS,
    ),
    Stratum(
        "day_since_dose",
        "day since the last dose",
        "whole days since the last dose of the therapy",
        (_LAST_DOSE,),
        lambda values: banded(values[_LAST_DOSE.name], DAY_BANDS, NOT_YET),
        (*DAY_NAMES, NOT_YET),
    ),
    Stratum(
        "day_since_first_dose",
        "day since the first dose",
        "whole days since the first dose of the therapy",
        (_FIRST_DOSE,),
        lambda values: banded(values[_FIRST_DOSE.name], DAY_BANDS, NOT_YET),
        (*DAY_NAMES, NOT_YET),
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
    groups["site"] = named(values["site.last"], source.sites)  # events carry numbers alone
    return pd.DataFrame({name: pd.Categorical(names) for name, names in groups.items()},
                        index=as_of.index)  # fmt: skip


def in_order(stratum: str, groups: Sequence[str]) -> list[str]:
    """Groups of a stratum as readers meet them: as declared, others by name, the unknown last."""
    declared = STRATUM[stratum].order if stratum in STRATUM else ()
    known = [name for name in declared if name in groups]
    others = sorted(set(groups) - set(known) - {UNKNOWN})
    return [*known, *others, *([UNKNOWN] if UNKNOWN in groups else [])]
