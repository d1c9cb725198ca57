"""Values that were written in where nothing was measured, one for each state of the same day.

    analyte  grade 0            grade 1            grade 2
    crp      5.68 in 63 of 132  17.8 in 32 of 104  28.3 in 15 of 55 patients, next to nowhere else

Such a value is the state itself in the clothes of a measurement. A limit of detection or a coarse
rounding recurs too, but in every state; a fill recurs in one and is as rare as its neighbours, or
absent, in the others. The public daily values of CAR-T patients (see `features.readers.prcrs`) are
filled in this way.

Two states of an analyte, each with a value of its own, convict each other. One state alone must be
clearer, and its value must not be what a limit of detection would be: the lowest of all where the
state's other values are low as well, or the highest where they are high; nor one that its own
patients hardly ever pass on one side, as where two assays have two limits; nor one of several that
recur, as rounded values do. What cannot be told from honest values: a fill at such an edge (0 at
grade 0), one in a few patients, one with noise added, or one that the others often have, too, such
as a potassium of 4.0 where all are rounded to one digit.
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
the analytes of the public workbook 36 of 41 are filled as published and none once the constants are
set aside; no analyte of the virtual cohort or of the public intensive-care stays does."""

FEWEST_ALONE = 8
SHARE_ALONE = 0.2
"""What one state must have where no other is filled. Among 150 drawn patients a rare state's value
recurs by chance in at most 6 of 45, or 4 of 8."""

LEAST_BEYOND = 0.1
OVER_SECOND = 2.5
"""At least this share of a lone fill's patients have other values below it and as many above it,
where they have others, and it has so many times the patients of the state's next commonest value
(choices, as above)."""

STATE_WORDS = {Outcome.SEVERE_CRS: "grade", Outcome.INFECTION: "infection"}
NAMED, SHOWN = 6, 2  # analytes that a finding names, and values of the first


@dataclass(frozen=True)
class Fill:
    """A value that stands for "not measured" in one state, with its patients and all of them.

    `alone`: whether it is clear enough where no other state is filled.
    """

    key: str
    state: str
    value: float
    patients: int
    of_patients: int
    alone: bool


def filled_values(events: pd.DataFrame, outcomes: tuple[Outcome, ...]) -> list[Finding]:
    """Analytes whose values are constants written in by the state of the same day.

    `events` are a cohort's, with grades and onsets. The state is the grade charted nearest to the
    value, then the worst one charted on its day; for infection whether an onset lies within half a
    day.
    """
    found: dict[str, list[Fill]] = {}
    for outcome in outcomes:
        states, values = _states(events, outcome), _laboratory(events)
        word = STATE_WORDS[outcome]
        for key, fills in _by_analyte(_with_state(values, states, outcome), word):
            found.setdefault(key, fills)
        if outcome is Outcome.SEVERE_CRS:
            for key, fills in _by_analyte(_with_worst_of_day(values, states), word):
                found.setdefault(key, fills)
    return [_finding(found)] if found else []


def _finding(found: dict[str, list[Fill]]) -> Finding:
    worst = sorted(found, key=lambda key: -max(f.patients / f.of_patients for f in found[key]))
    more = f" and {len(worst) - NAMED} more" if len(worst) > NAMED else ""
    count = "1 analyte holds" if len(found) == 1 else f"{len(found)} analytes hold"
    return Finding(
        CHECK,
        ", ".join(worst[:NAMED]) + more,
        f"{count} a state's constants: {_shown(found[worst[0]])} (limit {OVER_NEIGHBOURS:g} x its "
        f"neighbours, {OVER_ELSEWHERE:g} x elsewhere): set them to missing",
    )


def _shown(fills: list[Fill]) -> str:
    values = ", ".join(
        f"{f.value:g} in {f.patients} of {f.of_patients} patients at {f.state}"
        for f in fills[:SHOWN]
    )
    return f"{fills[0].key} {values}"


def _laboratory(events: pd.DataFrame) -> pd.DataFrame:
    """Laboratory values in the order of time, with `patient`, a running number."""
    laboratory = [k for k, row in ANALYTES.items() if row.kind is AnalyteKind.LABORATORY]
    here = events["key"].isin(laboratory) & events["until_time"].isna() & events["time"].notna()
    values = events.loc[here, ["patient_id", "time", "key", "value"]].sort_values("time")
    values = values.dropna(subset=["value"]).astype({"patient_id": "str"})
    patient = pd.factorize(values["patient_id"])[0]
    return values.assign(patient=patient, value=values["value"].round(9))


def _with_state(values: pd.DataFrame, states: pd.DataFrame, outcome: Outcome) -> pd.DataFrame:
    """The values with the `state` charted nearest to them; one without a state has no line."""
    if states.empty or values.empty:
        return values.iloc[:0].assign(state=0.0)
    tolerance = SAME_DAY if outcome is Outcome.SEVERE_CRS else None
    joined = pd.merge_asof(
        values, states, on="time", by="patient_id", direction="nearest", tolerance=tolerance
    )
    if outcome is Outcome.INFECTION:
        joined["state"] = ((joined["time"] - joined["at"]).abs() <= SAME_DAY).astype("float64")
    return joined.dropna(subset=["state"])


def _with_worst_of_day(values: pd.DataFrame, states: pd.DataFrame) -> pd.DataFrame:
    """The values with the highest `state` charted on their day; one without has no line."""
    days = states.assign(day=states["time"].dt.floor("D"))
    worst = days.groupby(["patient_id", "day"], as_index=False)["state"].max()
    return values.assign(day=values["time"].dt.floor("D")).merge(worst, on=["patient_id", "day"])


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
        several = len({fill.value for fill in fills}) >= STATES_FILLED
        if several or any(fill.alone for fill in fills):
            yield str(key), fills if several else [fill for fill in fills if fill.alone]


def _fills(state: np.ndarray, value: np.ndarray, patient: np.ndarray) -> list[Fill]:
    """The clearest filled value of each state, where there is one."""
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
        alone = (here >= FEWEST_ALONE) & (here >= SHARE_ALONE * present[column])
        alone[_limits(state == level, value, distinct)] = False
        for row in np.flatnonzero(alone[1:-1]) + 1:
            is_passed = _passed_on_both_sides(value, patient, distinct[row])
            alone[row] = is_passed and _stands_out(here, int(row))
        for row in sorted(np.flatnonzero(enough & far), key=lambda row: (~alone[row], -here[row])):
            if here[row] >= OVER_NEIGHBOURS * _neighbours(here, int(row)):
                fill = float(distinct[row]), int(here[row]), int(present[column]), bool(alone[row])
                found.append(Fill("", f"{level:g}", *fill))
                break
    return found


def _limits(here: np.ndarray, value: np.ndarray, distinct: np.ndarray) -> list[int]:
    """Which of the distinct values may be a limit of detection that this state alone reaches.

    The lowest, unless the state's other values lie above those elsewhere; and so for the highest.
    """
    found = []
    for row, sign in ((0, 1.0), (len(distinct) - 1, -1.0)):
        others, elsewhere = value[here & (value != distinct[row])], value[~here]
        unknown = not len(others) or not len(elsewhere)
        if unknown or sign * float(np.median(others)) <= sign * float(np.median(elsewhere)):
            found.append(row)
    return found


def _passed_on_both_sides(value: np.ndarray, patient: np.ndarray, fill: float) -> bool:
    """Whether enough of a value's patients who have other values have them below and above it."""
    carriers = np.intersect1d(patient[value == fill], patient[value != fill])
    below, above = (
        np.intersect1d(carriers, patient[beyond]).size for beyond in (value < fill, value > fill)
    )
    return min(below, above) >= LEAST_BEYOND * carriers.size


def _stands_out(here: np.ndarray, row: int) -> bool:
    """Whether far more patients of a state have one value than any other."""
    return bool(here[row] >= OVER_SECOND * np.delete(here, row).max(initial=0))


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
