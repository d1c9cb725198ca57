"""What the outcomes are, read from events: when one happens, and who is at risk of it."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd

from features import crs, infection
from features.trajectory import Feature, Statistic, trajectory_rows

GRADE_HOLDS_HOURS = 72.0
"""A documented grade is the current one for so long, then nothing is known: labels and guidelines
ask for an assessment at least every day, and three missed ones tell that nobody looked. A choice of
this project."""

GRADES = ("crs_grade", "icans_grade")


class OutcomeSource(StrEnum):
    """Where grades and infections come from."""

    DOCUMENTED = "documented"  # as charted
    DERIVED = "derived"  # from signs, treatment and cultures alone
    EITHER = "either"  # as charted; derived where nothing was charted


class Outcome(StrEnum):
    """What is predicted."""

    SEVERE_CRS = "severe_crs"
    INFECTION = "infection"


@dataclass(frozen=True)
class Definition:
    """One outcome in terms of documented events.

    It happens at each event of `key` with a value of at least `at_least` (any value where that is
    None). A patient is inside it, so not at risk, while the latest such event says so and is at
    most `lasts_hours` old (no limit where None).
    """

    outcome: Outcome
    key: str
    at_least: float | None
    lasts_hours: float | None
    meaning: str
    inside: str
    source: str


DEFINITIONS = {
    Outcome.SEVERE_CRS: Definition(
        Outcome.SEVERE_CRS,
        key="crs_grade",
        at_least=3.0,
        lasts_hours=GRADE_HOLDS_HOURS,
        meaning="cytokine release syndrome of ASTCT grade 3 or more",
        inside="already in CRS of grade 3 or more",
        source="ASTCT, Lee DW et al. 2019, doi 10.1016/j.bbmt.2018.12.758",
    ),
    Outcome.INFECTION: Definition(
        Outcome.INFECTION,
        key="infection_onset",
        at_least=None,
        lasts_hours=14 * 24.0,
        meaning="onset of a clinically significant infection",
        inside="already inside an infection episode",
        source="episodes 14 days apart: Young JH et al. Biol Blood Marrow Transplant 2016;22:359",
    ),
}


def happenings(events: pd.DataFrame, outcome: Outcome) -> pd.DataFrame:
    """The events at which the outcome is present: columns `patient_id` (string) and `time`."""
    definition = DEFINITIONS[outcome]
    chosen = (events["key"] == definition.key) & events["until_time"].isna()
    if definition.at_least is not None:
        chosen &= events["value"] >= definition.at_least
    found = events.loc[chosen, ["patient_id", "time"]]
    return found.assign(patient_id=found["patient_id"].astype("str"))


def at_risk(events: pd.DataFrame, as_of: pd.DataFrame, outcome: Outcome) -> np.ndarray:
    """Whether each as-of row is outside the outcome, by what was known then (bool array)."""
    definition = DEFINITIONS[outcome]
    state = (Feature(definition.key, Statistic.LAST), Feature(definition.key, Statistic.AGE))
    chosen = events[events["key"] == definition.key]
    if chosen.empty:
        return np.ones(len(as_of), dtype=bool)
    last, age = trajectory_rows(chosen, as_of, state).T
    inside = ~np.isnan(age)
    if definition.at_least is not None:
        inside &= last >= definition.at_least
    if definition.lasts_hours is not None:
        inside &= age <= definition.lasts_hours
    return ~inside


def as_it_was(events: pd.DataFrame) -> pd.DataFrame:
    """Events as they truly were: known at once, corrections applied from the start."""
    final = events[events["until_time"].isna()]
    return final.assign(known_time=final["time"])


ICANS_BY_ICE = ((6.5, 1.0), (2.5, 2.0), (-0.5, 3.0))
"""Lowest ICE score (0 to 10) -> ICANS grade; a full 10 is 0. ASTCT 2019, table 5: 7-9, 3-6, 0-2;
grade 4 needs more than the score."""


def with_outcomes(events: pd.DataFrame, source: OutcomeSource) -> pd.DataFrame:
    """The events with grades and infections from where `source` says.

    With `EITHER` a derived CRS grade is said where no documented one was known for
    `GRADE_HOLDS_HOURS`; infections and ICANS grades of both kinds stand side by side.
    """
    if source == OutcomeSource.DOCUMENTED:
        return events
    grades, rest = crs.grade_events(events), [infection.onset_events(events), _icans(events)]
    if source == OutcomeSource.EITHER:
        asked = grades[["patient_id", "time"]].rename(columns={"time": "as_of"})
        documented = events[events["key"] == "crs_grade"]
        age = trajectory_rows(documented, asked, (Feature("crs_grade", Statistic.AGE),))[:, 0]
        grades = grades[~(age <= GRADE_HOLDS_HOURS)]
        charted = events
    else:
        charted = events[~events["key"].isin([*GRADES, "infection_onset"])]
    plain = charted.astype({"patient_id": "str", "key": "str"})
    return pd.concat([plain, grades, *rest], ignore_index=True)


def _icans(events: pd.DataFrame) -> pd.DataFrame:
    """Each ICE score once more as the ICANS grade that it gives."""
    ice = events[events["key"] == "ice_score"]
    grade = np.zeros(len(ice))
    for below, level in ICANS_BY_ICE:
        grade[(ice["value"] < 9.5) & (ice["value"] > below) & (grade == 0.0)] = level
    return ice.assign(key="icans_grade", value=grade)
