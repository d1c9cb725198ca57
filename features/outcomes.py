"""What the outcomes are, read from events: when one happens, and who is at risk of it."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd

from features import crs, infection
from features.arrays import EventArrays, Moments
from features.scores import age_in_years
from features.tables import EVENT_COLUMNS
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


def at_risk(
    events: pd.DataFrame | EventArrays, as_of: pd.DataFrame | Moments, outcome: Outcome
) -> np.ndarray:
    """Whether each as-of row is outside the outcome, by what was known then (bool array)."""
    definition = DEFINITIONS[outcome]
    state = (Feature(definition.key, Statistic.LAST), Feature(definition.key, Statistic.AGE))
    last, age = trajectory_rows(events, as_of, state).T
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
"""Lowest ICE score (0 to 10) -> ICANS grade; a full 10 is 0. ASTCT 2019, table 5: 7-9, 3-6, 0-2.
Grade 4, seizures, weakness and oedema need more than the score: a documented grade."""

ICE_FROM_YEARS = 12.0
"""Children below are scored by CAPD (ASTCT 2019), which the catalogue does not know."""


def with_outcomes(events: pd.DataFrame, source: OutcomeSource) -> pd.DataFrame:
    """The events with grades and infections from where `source` says, in the order of events.

    Each derived event is known from the moment at which its definition was met by what was known
    then. With `EITHER` a derived one is said only where no documented one was known that still
    counts: `GRADE_HOLDS_HOURS` for grades, an episode's length for infections.
    """
    if source == OutcomeSource.DOCUMENTED:
        return events
    graded, icans, onsets = (
        crs.graded_moments(events),
        _icans(events),
        infection.onset_events(events),
    )
    charted = events
    if source == OutcomeSource.EITHER:
        graded = graded[~_documented(events, "crs_grade", graded)]
        icans = icans[~_documented(events, "icans_grade", _known_at(icans))]
        onsets = onsets[~_documented(events, "infection_onset", _known_at(onsets))]
    else:
        charted = events[~events["key"].isin([*GRADES, "infection_onset"])]
    derived = pd.concat([crs.grade_events(graded), icans, onsets])
    types = {name: events[name].dtype for name in EVENT_COLUMNS}
    return pd.concat([charted, derived.astype(types)]).sort_values(
        ["patient_id", "key", "time", "known_time", "value"], ignore_index=True
    )


def _documented(events: pd.DataFrame, key: str, moments: pd.DataFrame) -> np.ndarray:
    """Whether at each moment an event of this key was known that still counted."""
    lasts = {definition.key: definition.lasts_hours for definition in DEFINITIONS.values()}
    chosen = events[events["key"] == key]
    age = trajectory_rows(chosen, moments, (Feature(key, Statistic.AGE),))[:, 0]
    return age <= (lasts.get(key) or GRADE_HOLDS_HOURS)


def _known_at(events: pd.DataFrame) -> pd.DataFrame:
    """When each event was known, as as-of rows."""
    known = events[["time", "known_time"]].max(axis=1)
    return pd.DataFrame({"patient_id": events["patient_id"].astype("str"), "as_of": known})


def _icans(events: pd.DataFrame) -> pd.DataFrame:
    """Each ICE score after the first dose once more as the ICANS grade that it gives."""
    ice = events[events["key"] == "ice_score"]
    asked = (
        Feature("therapy", Statistic.AGE),
        Feature("birth", Statistic.AGE),
        Feature("age", Statistic.LAST),
    )
    since_dose, since_birth, stated = trajectory_rows(events, _known_at(ice), asked).T
    child = age_in_years(since_birth, stated) < ICE_FROM_YEARS
    ice = ice[~np.isnan(since_dose) & ~child]
    grade = np.zeros(len(ice))
    for below, level in ICANS_BY_ICE:
        grade[(ice["value"] < 9.5) & (ice["value"] > below) & (grade == 0.0)] = level
    return ice.assign(key="icans_grade", value=grade)
