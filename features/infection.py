"""Infection from cultures, foci, signs and antimicrobials: episodes with onset, end and kind.

    kind              needs                                                               source
    microbiological   a pathogen and systemic treatment within 3 days either way, with    Young 2016
                      signs; a skin commensal needs a second culture within 2 days        NHSN
    clinical          a documented focus and systemic treatment within 3 days either way  Young 2016
    suspected         culture, then treatment within 72 h; or treatment, then culture     Seymour
                      within 24 h; and treatment on 4 days or to death or discharge       2016

Young JH et al. Biol Blood Marrow Transplant 2016;22:359, doi 10.1016/j.bbmt.2015.09.013 (BMT CTN);
Seymour CW et al. JAMA 2016;315:762, doi 10.1001/jama.2016.0288 (as in Sepsis-3); CDC NHSN for
commensals. Prophylaxis is not treatment, and fever alone is no infection. What a record cannot tell
(another cause of fever, a contaminated culture) a documented onset does.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd

from features.tables import EVENT_COLUMNS, TIME_TYPE

HOUR = pd.Timedelta(hours=1)


class InfectionKind(StrEnum):
    """By what an infection is known."""

    MICROBIOLOGICAL = "microbiological"
    CLINICAL = "clinical"
    SUSPECTED = "suspected"


@dataclass(frozen=True)
class InfectionRules:
    """Hours. Seymour 2016: `culture_first`, `treatment_first`, `lasting` (on four days: the last
    dose begins the fourth). Choices of this project: `same_course` (doses no further apart are one
    treatment), `treated` (how far treatment stands from a pathogen or a focus), `signs` (how far
    fever, hypothermia or low pressure do), `commensals` (how far the second culture does),
    `episode` (a new onset within it belongs to the one before: Young 2016, bacteria).
    """

    culture_first: float = 72.0
    treatment_first: float = 24.0
    lasting: float = 72.0
    same_course: float = 48.0
    treated: float = 72.0
    signs: float = 24.0
    commensals: float = 48.0
    episode: float = 14 * 24.0
    fever: float = 38.0  # Cel, ASTCT 2019
    hypothermia: float = 36.0  # Cel, SIRS (Bone 1992)
    low_systolic: float = 90.0  # mm[Hg], adults


RULES = InfectionRules()
EPISODE_COLUMNS = ("patient_id", "onset", "known", "end", "kind")


def infection_episodes(events: pd.DataFrame, rules: InfectionRules = RULES) -> pd.DataFrame:
    """Episodes of infection by patient and onset.

    Returns:
        DataFrame with `patient_id`, `onset`, `known` (when the definition was first met by what
        was known), `end` (of the treatment, a day after its last dose), `kind`. An episode that was
        known first stands; what falls within `rules.episode` of it belongs to it.
    """
    timed = _timed(events)
    courses = _treatments(timed, rules)
    found = pd.concat(
        [
            _microbiological(timed, courses, rules),
            _clinical(timed, courses, rules),
            _suspected(timed, courses, rules),
        ],
        ignore_index=True,
    )
    found = found.sort_values(["patient_id", "known", "onset", "kind"], ignore_index=True)
    return found[_first_of_episodes(found, rules)].reset_index(drop=True)


def onset_events(events: pd.DataFrame, rules: InfectionRules = RULES) -> pd.DataFrame:
    """`infection_episodes` as events of key `infection_onset`: at the onset, known when met."""
    episodes = infection_episodes(events, rules)
    return pd.DataFrame(
        {
            "patient_id": episodes["patient_id"],
            "time": episodes["onset"],
            "known_time": episodes["known"],
            "until_time": pd.Series(pd.NaT, index=episodes.index, dtype=TIME_TYPE),
            "key": "infection_onset",
            "value": np.nan,
        }
    )[list(EVENT_COLUMNS)]


def _timed(events: pd.DataFrame) -> pd.DataFrame:
    """Events with `known` never before `time`.

    Also those that were corrected later: what was believed then counts, so that no correction
    changes an earlier answer.
    """
    timed = events[events["time"].notna()]
    known = timed[["time", "known_time"]].max(axis=1)
    return timed.assign(
        patient_id=timed["patient_id"].astype("str"), key=timed["key"].astype("str"), known=known
    )[["patient_id", "key", "time", "known", "value"]]


def _of(timed: pd.DataFrame, *keys: str) -> pd.DataFrame:
    return timed[timed["key"].isin(keys)].drop(columns="key")


def _treatments(timed: pd.DataFrame, rules: InfectionRules) -> pd.DataFrame:
    """Courses of systemic antimicrobials: `start`, `known`, `end`, and when they had lasted.

    `lasted` is when the treatment was known to count (on its fourth day, or at death or discharge
    under it); missing where it never did.
    """
    doses = _of(timed, "antimicrobial_treatment")
    doses = doses[doses["value"] != 0.0].sort_values(["patient_id", "time", "known"])
    gap = doses.groupby("patient_id")["time"].diff() > rules.same_course * HOUR
    new = gap | (doses["patient_id"] != doses["patient_id"].shift())
    course = new.cumsum()
    grouped = doses.groupby(course)
    found = grouped.agg(
        patient_id=("patient_id", "first"), start=("time", "min"), last=("time", "max"),
        known=("known", "first"),
    )  # fmt: skip
    start = doses.groupby(course)["time"].transform("min")
    late = doses["time"] >= start + rules.lasting * HOUR
    fourth = doses["known"][late].groupby(course[late]).min()
    left = _of(timed, "death", "discharge")[["patient_id", "time", "known"]]
    under = found.reset_index(names="course").merge(left, on="patient_id", suffixes=("", "_left"))
    under = under[
        (under["time"] >= under["start"])
        & (under["time"] <= under["last"] + rules.same_course * HOUR)
    ]
    ended = under.groupby("course")["known_left"].min()
    lasted = pd.concat([fourth, ended], axis=1).min(axis=1).reindex(found.index)
    lasted = lasted.astype(TIME_TYPE).clip(lower=found["known"])
    return found.assign(lasted=lasted, end=found["last"] + 24 * HOUR).reset_index(drop=True)


def _microbiological(
    timed: pd.DataFrame, courses: pd.DataFrame, rules: InfectionRules
) -> pd.DataFrame:
    grown = _of(timed, "blood_culture", "pathogen_test")
    grown = grown[grown["value"] > 0.0]
    commensal = _of(timed, "skin_commensal")[["patient_id", "time", "known"]]
    at = grown.merge(commensal[["patient_id", "time"]], how="left", indicator="also")
    pathogens = at[at["also"] == "left_only"][["patient_id", "time", "known"]]
    pairs = commensal.merge(commensal, on="patient_id", suffixes=("", "_second"))
    apart = pairs["time_second"] - pairs["time"]
    pairs = pairs[(apart > pd.Timedelta(0)) & (apart <= rules.commensals * HOUR)]
    second = pairs.assign(known=pairs[["known", "known_second"]].max(axis=1))
    cause = pd.concat([pathogens, second[["patient_id", "time", "known"]]], ignore_index=True)
    cause = _near(cause, _signs(timed, rules), rules.signs)
    return _with_treatment(cause, courses, rules, InfectionKind.MICROBIOLOGICAL)


def _clinical(timed: pd.DataFrame, courses: pd.DataFrame, rules: InfectionRules) -> pd.DataFrame:
    focus = _of(timed, "infection_focus")[["patient_id", "time", "known"]]
    return _with_treatment(focus, courses, rules, InfectionKind.CLINICAL)


def _suspected(timed: pd.DataFrame, courses: pd.DataFrame, rules: InfectionRules) -> pd.DataFrame:
    cultures = _of(timed, "blood_culture", "pathogen_test")[["patient_id", "time", "known"]]
    both = cultures.merge(courses, on="patient_id", suffixes=("_culture", "_course"))
    wait = (both["start"] - both["time"]) / HOUR
    paired = both[
        (wait <= rules.culture_first) & (wait >= -rules.treatment_first) & both["lasted"].notna()
    ]
    return pd.DataFrame(
        {
            "patient_id": paired["patient_id"],
            "onset": paired[["time", "start"]].min(axis=1),
            "known": paired[["known_culture", "lasted"]].max(axis=1),
            "end": paired["end"],
            "kind": str(InfectionKind.SUSPECTED),
        }
    )


def _signs(timed: pd.DataFrame, rules: InfectionRules) -> pd.DataFrame:
    """When fever, hypothermia or low pressure was there."""
    temperature = _of(timed, "temperature")
    hot = (temperature["value"] >= rules.fever) | (temperature["value"] < rules.hypothermia)
    pressure = _of(timed, "systolic_bp")
    low = pressure["value"] < rules.low_systolic
    signs = [temperature[hot], pressure[low], _of(timed, "vasopressor")]
    return pd.concat(signs, ignore_index=True)[["patient_id", "time", "known"]]


def _near(causes: pd.DataFrame, others: pd.DataFrame, hours: float) -> pd.DataFrame:
    """The causes that have another event within `hours` either way, known when both are."""
    both = causes.merge(others, on="patient_id", suffixes=("", "_other"))
    both = both[(both["time_other"] - both["time"]).abs() <= hours * HOUR]
    both = both.assign(known=both[["known", "known_other"]].max(axis=1))
    return both.groupby(["patient_id", "time"], as_index=False)["known"].min()


def _with_treatment(
    causes: pd.DataFrame, courses: pd.DataFrame, rules: InfectionRules, kind: InfectionKind
) -> pd.DataFrame:
    """Causes that were treated: the onset is the cause, or the treatment where that came first."""
    both = causes.merge(courses, on="patient_id", suffixes=("", "_course"))
    near = (both["start"] <= both["time"] + rules.treated * HOUR) & (
        both["last"] >= both["time"] - rules.treated * HOUR
    )
    both = both[near]
    begun = both["start"].where(both["start"] >= both["time"] - rules.treated * HOUR)
    return pd.DataFrame(
        {
            "patient_id": both["patient_id"],
            "onset": pd.concat([both["time"], begun], axis=1).min(axis=1),
            "known": both[["known", "known_course"]].max(axis=1),
            "end": both["end"],
            "kind": str(kind),
        }
    )


def _first_of_episodes(found: pd.DataFrame, rules: InfectionRules) -> np.ndarray:
    """Which lines (by patient and time of knowledge) begin an episode of their own."""
    kept = np.zeros(len(found), dtype=bool)
    patient: str | None = None
    onsets: list[pd.Timestamp] = []
    for place, (name, onset) in enumerate(zip(found["patient_id"], found["onset"], strict=True)):
        if name != patient:
            patient, onsets = name, []
        if all(abs(onset - other) > rules.episode * HOUR for other in onsets):
            kept[place] = True
            onsets.append(onset)
    return kept
