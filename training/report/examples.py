"""Four patients whom a rule picks: a true alarm, a missed event, a false alarm, a quiet course."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd

from features.outcomes import Outcome, happenings
from training.finished import Run
from training.judging.rows.metrics import FIRST_BASELINE, MAIN_MODEL
from training.train import ELEVATED_SHARE
from training.words.judged_patients import PUBLIC_FORMATS

FEWEST_ROWS_OF_A_COURSE = 4
DAY = pd.Timedelta(days=1)
EXAMPLE = "example_"


class Kind(StrEnum):
    """How a patient's alarms met what happened."""

    TRUE_ALARM = "true alarm"
    MISSED = "missed event"
    FALSE_ALARM = "false alarm"
    QUIET = "quiet course"

    @property
    def figure(self) -> str:
        """The name of its figure."""
        return f"{EXAMPLE}{self.replace(' ', '_')}"


RULE = (
    f"An alarm is a risk among the highest {ELEVATED_SHARE:.0%} of all judged rows. A patient "
    "with a row before an event counts as a true alarm where one of these rows alarms, else as a "
    "missed event; a patient without one counts as a false alarm where any row alarms, else as "
    "quiet. Of each kind the patient is drawn whose highest risk is the middle one among those "
    f"with at least {FEWEST_ROWS_OF_A_COURSE} judged rows: neither the best nor the worst, and "
    "nobody chose."
)


@dataclass(frozen=True)
class Mark:
    """Something that happened: on which day since the first row, on which line, and in words."""

    day: float
    line: str
    words: str


@dataclass(frozen=True)
class Course:
    """One patient's course in days since the first row; risks are NaN where no row was judged."""

    kind: Kind
    day: Sequence[float]
    risk: Sequence[float]
    persistence: Sequence[float]
    alarm_from: float
    onsets: Sequence[float]
    crp_day: Sequence[float]
    crp: Sequence[float]
    marks: Sequence[Mark]
    virtual: bool


@dataclass(frozen=True)
class Examples:
    """Patients of each kind, counted for the model and for persistence, and the courses drawn.

    `counted` has columns `kind`, `model` and `persistence` (patients); `why_none` says why nobody,
    or nobody of some kind, is drawn; else it is empty.
    """

    counted: pd.DataFrame
    courses: tuple[Course, ...]
    why_none: str


GRADE_LINE = "Grade"
LINES: Mapping[str, tuple[str, ...]] = {
    GRADE_LINE: ("crs_grade",),
    "T-cell engager": ("therapy",),
    "Anti-IL-6": ("il6_blocker",),
    "Steroid": ("corticosteroid",),
    "Antimicrobial": ("antimicrobial_treatment",),
}
"""The lines of a course, top to bottom, and the keys that they show."""


def examples(run: Run, outcome: Outcome) -> Examples:
    """The patients of one outcome by kind; one of each is drawn where nobody real is exposed."""
    scored = run.trained[outcome].scored
    ours = scored[scored["model"] == MAIN_MODEL]
    theirs = scored[scored["model"] == FIRST_BASELINE]
    kinds, level = kinds_of(ours)
    counted = pd.DataFrame(
        {
            "kind": [str(kind) for kind in Kind],
            "model": [int((kinds == kind).sum()) for kind in Kind],
            "persistence": [int((kinds_of(theirs)[0] == kind).sum()) for kind in Kind],
        }
    )
    source = run.evaluation["judged_on"]
    if not (source["virtual"] or source["format"] in PUBLIC_FORMATS):
        reason = "Nobody is drawn: a report travels, and these patients' records are not public."
        return Examples(counted, (), reason)
    picked = {kind: middle_patient(ours, kinds, kind) for kind in Kind}
    courses = tuple(
        _course(run, outcome, patient, kind, level)
        for kind, patient in picked.items()
        if patient is not None
    )
    return Examples(counted, courses, _not_drawn(picked))


def _not_drawn(picked: Mapping[Kind, str | None]) -> str:
    none = [str(kind) for kind, patient in picked.items() if patient is None]
    if not none:
        return ""
    return f"Nobody with enough rows to draw: {', '.join(none)}."


def kinds_of(scored: pd.DataFrame) -> tuple[pd.Series, float]:
    """The kind of each patient with a judged row, and the risk from which a row alarms.

    `scored` are one scorer's rows: `patient_id`, `label` and `risk`, both NaN where not judged.
    """
    judged = scored.dropna(subset=["label", "risk"])
    if judged.empty:
        return pd.Series(dtype=object), np.nan
    level = float(np.quantile(judged["risk"], 1.0 - ELEVATED_SHARE))
    rows = pd.DataFrame(
        {
            "patient": judged["patient_id"].astype("str"),
            "event": judged["label"] == 1,
            "alarm": judged["risk"] >= level,
            "right": (judged["label"] == 1) & (judged["risk"] >= level),
        }
    )
    had = rows.groupby("patient")[["event", "alarm", "right"]].any()
    kinds = np.select(
        [had["right"], had["event"], had["alarm"]],
        [str(Kind.TRUE_ALARM), str(Kind.MISSED), str(Kind.FALSE_ALARM)],
        str(Kind.QUIET),
    )
    return pd.Series(kinds, index=had.index), level


def middle_patient(scored: pd.DataFrame, kinds: pd.Series, kind: Kind) -> str | None:
    """The patient of a kind whose highest risk is the middle one; None where nobody has rows."""
    judged = scored.dropna(subset=["label", "risk"])
    patients = judged.groupby(judged["patient_id"].astype("str"))["risk"]
    enough = patients.count() >= FEWEST_ROWS_OF_A_COURSE
    of_kind = kinds.reindex(enough.index) == kind
    highest = patients.max()[enough & of_kind].sort_index().sort_values(kind="stable")
    return None if highest.empty else str(highest.index[len(highest) // 2])


def _course(run: Run, outcome: Outcome, patient: str, kind: Kind, level: float) -> Course:
    scored = run.trained[outcome].scored
    own = scored[scored["patient_id"] == patient].sort_values("as_of")
    ours, theirs = (own[own["model"] == name] for name in (MAIN_MODEL, FIRST_BASELINE))
    start, end = ours["as_of"].iloc[0], ours["as_of"].iloc[-1] + DAY
    events = run.cohort.source.events
    lived = events[(events["patient_id"] == patient) & events["until_time"].isna()]
    lived = lived[lived["time"].between(start - DAY, end)].sort_values("time")
    lived = lived.assign(patient_id=patient)  # its few rows need no list of all patients
    happened = happenings(lived, outcome)["time"]
    crp = lived[lived["key"] == "crp"]
    return Course(
        kind=kind,
        day=_days(ours["as_of"], start),
        risk=ours["risk"].tolist(),
        persistence=theirs["risk"].tolist(),
        alarm_from=level,
        onsets=_days(happened, start)[:1],
        crp_day=_days(crp["time"], start),
        crp=crp["value"].tolist(),
        marks=_marks(lived, start),
        virtual=run.evaluation["judged_on"]["virtual"],
    )


def _marks(lived: pd.DataFrame, start: pd.Timestamp) -> list[Mark]:
    doses = {line: keys for line, keys in LINES.items() if line != GRADE_LINE}
    marks = _grade_marks(lived[lived["key"].isin(LINES[GRADE_LINE])], start)
    for line, keys in doses.items():
        given = lived.loc[lived["key"].isin(keys), "time"].drop_duplicates()
        marks += [Mark(day, line, "") for day in _days(given, start)]
    return marks


def _grade_marks(graded: pd.DataFrame, start: pd.Timestamp) -> list[Mark]:
    """The worst grade of each day, where it differs from the day before."""
    day = ((graded["time"] - start) // DAY).to_numpy()
    worst = graded["value"].groupby(day).max()
    changed = worst[worst.ne(worst.shift())]
    return [Mark(at + 0.5, GRADE_LINE, f"{grade:.0f}") for at, grade in changed.items()]


def _days(moments: pd.Series, start: pd.Timestamp) -> list[float]:
    days: list[float] = ((moments - start) / DAY).tolist()
    return days
