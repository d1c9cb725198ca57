"""Infection from cultures, foci, signs and antimicrobials: episodes with onset, end and kind.

    kind              needs                                                               source
    microbiological   a pathogen (culture, PCR, antigen) and systemic treatment within    Young 2016
                      3 days either way, with signs; a skin commensal needs a second      NHSN
                      culture within 2 days
    clinical          a documented focus and systemic treatment within 3 days either way  Young 2016
    suspected         culture, then treatment within 72 h; or treatment, then culture     Seymour
                      within 24 h; and treatment on 4 days or to death or discharge       2016

Young JH et al. Biol Blood Marrow Transplant 2016;22:359, doi 10.1016/j.bbmt.2015.09.013 (BMT CTN);
Seymour CW et al. JAMA 2016;315:762, doi 10.1001/jama.2016.0288 (as in Sepsis-3); CDC NHSN for
commensals. Prophylaxis is not treatment, and fever alone is no infection. What a record cannot tell
(another cause of fever, a contaminated culture) a documented onset does.
"""

from collections.abc import Iterator
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
    doses = _doses(timed, rules)
    found = pd.concat(
        [
            _with_treatment(_pathogens(timed, rules), doses, rules, InfectionKind.MICROBIOLOGICAL),
            _with_treatment(_of(timed, "infection_focus"), doses, rules, InfectionKind.CLINICAL),
            _suspected(timed, doses, rules),
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


def _doses(timed: pd.DataFrame, rules: InfectionRules) -> pd.DataFrame:
    """Doses of systemic antimicrobials, with the `end` of the treatment that each belongs to."""
    doses = _of(timed, "antimicrobial_treatment")
    doses = doses[doses["value"] != 0.0].drop(columns="value")
    course = _course(doses, rules)
    last = doses["time"].groupby(course).transform("max")
    return doses.assign(end=last + 24 * HOUR)


def _course(doses: pd.DataFrame, rules: InfectionRules) -> pd.Series:
    """A number for the treatment that each dose belongs to."""
    doses = doses.sort_values(["patient_id", "time", "known"])
    gap = doses["time"].diff() > rules.same_course * HOUR
    return (gap | (doses["patient_id"] != doses["patient_id"].shift())).cumsum()


def _treatments(doses: pd.DataFrame, left: pd.DataFrame, rules: InfectionRules) -> pd.DataFrame:
    """Treatments that lasted: `patient_id`, `start`, `lasted`, `end`.

    `lasted` is when that was known: on the fourth day, or at death or discharge under treatment.
    """
    doses = doses.sort_values(["patient_id", "time", "known"])
    course = _course(doses, rules)
    found = doses.groupby(course).agg(
        patient_id=("patient_id", "first"), start=("time", "min"), last=("time", "max"),
        known=("known", "first"), end=("end", "max"),
    )  # fmt: skip
    late = doses["time"] >= doses["time"].groupby(course).transform("min") + rules.lasting * HOUR
    fourth = doses["known"][late].groupby(course[late]).min()
    under = found.reset_index(names="course").merge(left, on="patient_id", suffixes=("", "_left"))
    under = under[
        (under["time"] >= under["start"])
        & (under["time"] <= under["last"] + rules.same_course * HOUR)
    ]
    ended = under.groupby("course")["known_left"].min()
    lasted = pd.concat([fourth, ended], axis=1).min(axis=1).reindex(found.index)
    lasted = lasted.astype(TIME_TYPE).clip(lower=found["known"])
    return found.assign(lasted=lasted)[["patient_id", "start", "lasted", "end"]].dropna()


def _as_charted(doses: pd.DataFrame) -> Iterator[tuple[pd.DataFrame, pd.Series]]:
    """The doses as they stood before, and after, each time that earlier ones were charted late.

    A dose charted late can join two treatments or move the start of one, which changes nothing
    that was known before. Yields the doses with, by patient, since when they stood so.
    """
    ordered = doses.sort_values(["known", "time"])
    clock = ordered["time"].astype("int64")
    late = clock < clock.groupby(ordered["patient_id"]).cummax()
    turns = ordered.loc[late, ["patient_id", "known"]].drop_duplicates()
    turns = turns.assign(turn=turns.groupby("patient_id").cumcount() + 1)
    stood = pd.merge_asof(ordered, turns, on="known", by="patient_id")
    stood["turn"] = stood["turn"].fillna(0)
    yield stood[stood["turn"] == 0], pd.Series(dtype=TIME_TYPE)
    for turn, here in turns.groupby("turn"):
        whom = stood["patient_id"].isin(here["patient_id"])
        yield stood[whom & (stood["turn"] <= turn)], here.set_index("patient_id")["known"]


def _pathogens(timed: pd.DataFrame, rules: InfectionRules) -> pd.DataFrame:
    """Pathogens, or skin commensals that grew twice, in a patient with signs."""
    grown = _of(timed, "blood_culture", "pathogen_test")
    grown = grown[grown["value"] > 0.0]
    report = ["patient_id", "time", "known"]
    commensal = _of(timed, "skin_commensal")[report]
    at = grown.merge(commensal, on=report, how="left", indicator="also")
    pathogens = at[at["also"] == "left_only"][report]
    pairs = commensal.merge(commensal, on="patient_id", suffixes=("", "_second"))
    apart = pairs["time_second"] - pairs["time"]
    pairs = pairs[(apart > pd.Timedelta(0)) & (apart <= rules.commensals * HOUR)]
    second = pairs.assign(known=pairs[["known", "known_second"]].max(axis=1))
    cause = pd.concat([pathogens, second[report]], ignore_index=True)
    return _near(cause, _signs(timed, rules), rules.signs)


def _suspected(timed: pd.DataFrame, doses: pd.DataFrame, rules: InfectionRules) -> pd.DataFrame:
    """Cultures and treatments that lasted, by the order and hours of Seymour 2016."""
    cultures = _of(timed, "blood_culture", "pathogen_test")[["patient_id", "time", "known"]]
    left = _of(timed, "death", "discharge")[["patient_id", "time", "known"]]
    parts = []
    for stood, since in _as_charted(doses):
        both = cultures.merge(_treatments(stood, left, rules), on="patient_id")
        wait = (both["start"] - both["time"]) / HOUR
        both = both[(wait <= rules.culture_first) & (wait >= -rules.treatment_first)]
        stood_since = since.reindex(both["patient_id"]).array
        known = both[["known", "lasted"]].assign(since=stood_since).max(axis=1)
        onset = both[["time", "start"]].min(axis=1)
        parts.append(_lines(both, onset, known, InfectionKind.SUSPECTED))
    return pd.concat(parts, ignore_index=True)


def _lines(
    found: pd.DataFrame, onset: pd.Series, known: pd.Series, kind: InfectionKind
) -> pd.DataFrame:
    lines = found[["patient_id", "end"]].assign(onset=onset, known=known, kind=str(kind))
    return lines[list(EPISODE_COLUMNS)]


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
    causes: pd.DataFrame, doses: pd.DataFrame, rules: InfectionRules, kind: InfectionKind
) -> pd.DataFrame:
    """Causes that were treated: the onset is the cause, or the treatment where that came first.

    Each cause stands with the doses that were known when it was first known to be treated.
    """
    causes = causes[["patient_id", "time", "known"]]
    both = causes.merge(doses, on="patient_id", suffixes=("", "_dose"))
    both = both[(both["time_dose"] - both["time"]).abs() <= rules.treated * HOUR]
    onset = both[["time", "time_dose"]].min(axis=1)
    lines = _lines(both, onset, both[["known", "known_dose"]].max(axis=1), kind)
    lines = lines.assign(cause=both["time"]).sort_values(["known", "onset"])
    return lines.drop_duplicates(["patient_id", "cause"])[list(EPISODE_COLUMNS)]


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
