"""Values that were written in where nothing was measured, one for each state of the same day.

    analyte  grade 0            grade 1            grade 2
    crp      5.68 in 63 of 132  17.8 in 32 of 104  28.3 in 15 of 55 patients, next to nowhere else

Such a value is the state itself in the clothes of a measurement. A limit of detection or a coarse
rounding recurs too, but in every state; a fill recurs in one and is as rare as its neighbours, or
absent, in the others. The public daily values of CAR-T patients (see `features.readers.prcrs`) are
filled in this way.

How such a value is told from honest ones: see `fills`. What cannot be told: a fill at an edge (0 at
grade 0), one in a few patients, one that the others often have, too, such as a potassium of 4.0
where all are rounded to one digit, one under noise of about one per cent or more, or under less in
an analyte whose honest values lie as close together as those of sodium.
"""

from collections.abc import Iterator

import pandas as pd

from features.catalogue import ANALYTES, AnalyteKind
from features.outcomes import DEFINITIONS, Outcome, happenings
from features.tables import TIME_TYPE
from training.leaks.fills import OVER_ELSEWHERE, OVER_NEIGHBOURS, Fill, fills
from training.leaks.finding import Finding

CHECK = "filled values"
SAME_DAY = pd.Timedelta(hours=12)
"""A value belongs to the state charted nearest to it, this far away at most."""

STATE_WORDS = {Outcome.SEVERE_CRS: "grade", Outcome.INFECTION: "infection"}
NAMED, SHOWN = 6, 2  # analytes that a finding names, and values of the first


def filled_values(events: pd.DataFrame, outcomes: tuple[Outcome, ...]) -> list[Finding]:
    """Analytes whose values are constants written in by the state of the same day.

    `events` are a cohort's, with grades and onsets. The state is the grade charted nearest to the
    value, then the worst one charted on its day; for infection whether an onset lies within half a
    day.
    """
    found: dict[str, str] = {}
    shares: dict[str, float] = {}
    for word, values in _by_state(events, outcomes):
        for key, of_states in _by_analyte(values):
            found.setdefault(key, _shown(key, word, of_states))
            shares.setdefault(key, max(fill.patients / fill.of_patients for fill in of_states))
    worst = sorted(found, key=lambda key: -shares[key])
    return [_finding(worst, found[worst[0]])] if found else []


def _by_state(
    events: pd.DataFrame, outcomes: tuple[Outcome, ...]
) -> Iterator[tuple[str, pd.DataFrame]]:
    """The laboratory values with their `state`, in each way of telling it, and the state's name."""
    values = _laboratory(events)
    for outcome in outcomes:
        states = _states(events, outcome)
        yield STATE_WORDS[outcome], _with_state(values, states, outcome)
        if outcome is Outcome.SEVERE_CRS:
            yield STATE_WORDS[outcome], _with_worst_of_day(values, states)


def _finding(worst: list[str], first: str) -> Finding:
    more = f" and {len(worst) - NAMED} more" if len(worst) > NAMED else ""
    count = "1 analyte holds" if len(worst) == 1 else f"{len(worst)} analytes hold"
    return Finding(
        CHECK,
        ", ".join(worst[:NAMED]) + more,
        f"{count} a state's constants: {first} (limit {OVER_NEIGHBOURS:g} x its "
        f"neighbours, {OVER_ELSEWHERE:g} x elsewhere): set them to missing",
    )


def _shown(key: str, word: str, of_states: list[Fill]) -> str:
    values = ", ".join(
        f"{_value(fill)} in {fill.patients} of {fill.of_patients} patients at {word} {fill.level:g}"
        for fill in of_states[:SHOWN]
    )
    return f"{key} {values}"


def _value(fill: Fill) -> str:
    return f"about {fill.value:.3g}" if fill.about else f"{fill.value:g}"


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


def _by_analyte(values: pd.DataFrame) -> Iterator[tuple[str, list[Fill]]]:
    """The filled analytes, each with its values by state."""
    for key, lines in values.groupby("key", observed=True, sort=True):
        found = fills(*(lines[name].to_numpy() for name in ("state", "value", "patient")))
        if found:
            yield str(key), found
