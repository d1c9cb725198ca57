"""Values that were written in where nothing was measured, one for each state of the same day.

    analyte  grade 0            grade 1            grade 2
    crp      5.68 in 63 of 132  17.8 in 32 of 104  28.3 in 15 of 55 patients, next to nowhere else

Such a value is the state itself in the clothes of a measurement. A limit of detection or a coarse
rounding recurs too, but in every state; a fill recurs in one and is as rare as its neighbours, or
absent, in the others. The public daily values of CAR-T patients (see `features.readers.prcrs`) are
filled in this way.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from features.catalogue import ANALYTES, AnalyteKind
from features.outcomes import DEFINITIONS, Outcome, happenings
from features.tables import TIME_TYPE
from training.leaks.finding import Finding

CHECK = "filled values"
SAME_DAY = pd.Timedelta(hours=12)
"""A value belongs to the state charted nearest to it, this far away at most."""

FEWEST_PATIENTS = 4
LEAST_SHARE = 0.1
NEIGHBOURS = 5
OVER_NEIGHBOURS = 4.0
OVER_ELSEWHERE = 10.0
STATES_FILLED = 2
LEAST_NEIGHBOURS = 4
"""A value is filled in for a state where it has at least so many patients, this share of the
state's patients, so many times the median of its neighbours on either side, and so many times its
share of the patients in every other state together. An analyte is filled where at least
`STATES_FILLED` states have such a value each, of another size in each. Choices of this project: of
the analytes of the public workbook 34 of 41 pass them as published and none once the constants are
set aside; no analyte of the virtual cohort or of the public intensive-care stays does."""

STATE_WORDS = {Outcome.SEVERE_CRS: "grade", Outcome.INFECTION: "infection"}
NAMED = 6  # analytes that the sentence names


@dataclass(frozen=True)
class Fill:
    """A value that stands for "not measured" in one state, with its patients and all of them."""

    key: str
    state: str
    value: float
    patients: int
    of_patients: int


def filled_values(events: pd.DataFrame, outcomes: tuple[Outcome, ...]) -> list[Finding]:
    """Analytes whose values are constants written in by the state of the same day.

    `events` are a cohort's, with grades and onsets. The state is the grade charted nearest to the
    value, and for infection whether an onset lies within half a day.
    """
    found: dict[str, list[Fill]] = {}
    for outcome in outcomes:
        for key, fills in _by_analyte(_with_state(events, outcome), STATE_WORDS[outcome]):
            found.setdefault(key, fills)
    return [_finding(found)] if found else []


def _finding(found: dict[str, list[Fill]]) -> Finding:
    worst = sorted(found, key=lambda key: -max(f.patients / f.of_patients for f in found[key]))
    more = f" and {len(worst) - NAMED} more" if len(worst) > NAMED else ""
    shown = "; ".join(_shown(found[key]) for key in worst[:1])
    return Finding(
        CHECK,
        ", ".join(worst[:NAMED]) + more,
        f"{len(found)} analyte(s) hold constants written in by the state of the same day, such as "
        f"{shown}; at most {STATES_FILLED - 1} state may have a value of its own that recurs "
        f"{OVER_NEIGHBOURS:g} times as often as its neighbours and {OVER_ELSEWHERE:g} times as "
        "often as elsewhere: set them to missing",
    )


def _shown(fills: list[Fill]) -> str:
    values = ", ".join(
        f"{f.value:g} in {f.patients} of {f.of_patients} patients at {f.state}" for f in fills
    )
    return f"{fills[0].key} {values}"


def _with_state(events: pd.DataFrame, outcome: Outcome) -> pd.DataFrame:
    """Laboratory values with the state charted at the time: `key`, `value`, `state`, `patient`.

    `state` and `patient` are running numbers; a value without a state nearby has no line.
    """
    states = _states(events, outcome)
    laboratory = [k for k, row in ANALYTES.items() if row.kind is AnalyteKind.LABORATORY]
    here = events["key"].isin(laboratory) & events["until_time"].isna() & events["time"].notna()
    if states.empty or not here.any():
        return pd.DataFrame({"key": [], "value": [], "state": [], "patient": []})
    values = events.loc[here, ["patient_id", "time", "key", "value"]].sort_values("time")
    values = values.assign(patient_id=values["patient_id"].astype("str"))
    tolerance = SAME_DAY if outcome is Outcome.SEVERE_CRS else None
    joined = pd.merge_asof(
        values, states, on="time", by="patient_id", direction="nearest", tolerance=tolerance
    )
    if outcome is Outcome.INFECTION:
        joined["state"] = ((joined["time"] - joined["at"]).abs() <= SAME_DAY).astype("float64")
    joined = joined.dropna(subset=["state", "value"])
    return joined.assign(
        patient=pd.factorize(joined["patient_id"])[0], value=joined["value"].round(9)
    )[["key", "value", "state", "patient"]]


def _states(events: pd.DataFrame, outcome: Outcome) -> pd.DataFrame:
    """When which state was charted: `patient_id`, `time`, `state` (a grade; infection: 1), `at`."""
    if outcome is Outcome.INFECTION:
        charted = happenings(events, outcome).assign(state=1.0)
    else:
        key = DEFINITIONS[outcome].key
        chosen = (events["key"] == key) & events["until_time"].isna() & events["time"].notna()
        charted = events.loc[chosen, ["patient_id", "time", "value"]]
        charted = charted.rename(columns={"value": "state"})
    typed = charted.astype({"patient_id": "str", "time": TIME_TYPE})
    return typed.assign(at=typed["time"]).sort_values("time")


def _by_analyte(values: pd.DataFrame, word: str) -> Iterator[tuple[str, list[Fill]]]:
    """The filled analytes, each with its values by state."""
    for key, lines in values.groupby("key", observed=True, sort=True):
        state, value, patients = (lines[name].to_numpy() for name in ("state", "value", "patient"))
        fills = [
            replace(f, key=str(key), state=f"{word} {f.state}")
            for f in _fills(state, value, patients)
        ]
        if len({fill.value for fill in fills}) >= STATES_FILLED:
            yield str(key), fills


def _fills(state: np.ndarray, value: np.ndarray, patient: np.ndarray) -> list[Fill]:
    """The most frequent filled value of each state, where there is one."""
    levels, place = np.unique(state, return_inverse=True)
    distinct, which = np.unique(value, return_inverse=True)
    carriers = _patients_by(which, place, patient, (len(distinct), len(levels)))
    present = _patients_by(np.zeros_like(which), place, patient, (1, len(levels)))[0]
    found = []
    for column, level in enumerate(levels):
        here = carriers[:, column]
        elsewhere = (carriers.sum(axis=1) - here + 0.5) / max(1, present.sum() - present[column])
        enough = (here >= FEWEST_PATIENTS) & (here >= LEAST_SHARE * present[column])
        far = here / present[column] >= OVER_ELSEWHERE * elsewhere
        for row in sorted(np.flatnonzero(enough & far), key=lambda row: -here[row]):
            if here[row] >= OVER_NEIGHBOURS * _neighbours(here, int(row)):
                fill = float(distinct[row]), int(here[row]), int(present[column])
                found.append(Fill("", f"{level:g}", *fill))
                break
    return found


def _patients_by(
    value: np.ndarray, state: np.ndarray, patient: np.ndarray, shape: tuple[int, int]
) -> np.ndarray:
    """How many patients have each value in each state, values down and states across."""
    cell = value.astype(np.int64) * shape[1] + state
    pairs = np.unique(cell * (int(patient.max()) + 1) + patient) // (int(patient.max()) + 1)
    return np.bincount(pairs, minlength=shape[0] * shape[1]).reshape(shape)


def _neighbours(here: np.ndarray, row: int) -> float:
    """The median count of the next values below and above that the state has, at least 1.

    Infinite where there are too few of them to know what is usual.
    """
    below = here[:row][here[:row] > 0][-NEIGHBOURS:]
    above = here[row + 1 :][here[row + 1 :] > 0][:NEIGHBOURS]
    beside = np.concatenate([below, above])
    return max(1.0, float(np.median(beside))) if len(beside) >= LEAST_NEIGHBOURS else np.inf
