"""Derived outcomes obey the laws of every feature: no future, no neighbours, one story."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from features.matrix import events_from_records, feature_rows
from features.outcomes import Outcome, OutcomeSource, at_risk
from features.trajectory import Feature, Statistic
from models.predict import predict_patient, predict_rows
from models.prediction import Verdict
from serving.answers import answer_bytes
from training.tracking import pyfunc

ASKED = 100.0  # hours after the start
HOURS = (0.0, 1.0, 20.0, 30.0, 51.0, 60.0, 75.0, 77.0, 88.0, 99.0, 100.0)
DELAYS = (0.0, 0.0, 0.0, 1.0, 12.0, 40.0)
GIVEN = (
    ("teclistamab", "mg/kg", (1.5,)),
    ("temperature", "Cel", (36.6, 38.0, 39.5)),
    ("systolic_bp", "mm[Hg]", (80.0, 100.0, 135.0)),
    ("spo2", "%", (88.0, 97.0)),
    ("oxygen_flow", "L/min", (0.0, 4.0, 8.0)),
    ("norepinephrine", "ug/kg/min", (0.0, 0.1)),
    ("epinephrine", "ug/kg/min", (0.1,)),
    ("tocilizumab", "mg/kg", (8.0,)),
    ("acetaminophen", "mg", (1000.0,)),
    ("oxygen_device", None, ("room_air", "nasal_cannula", "high_flow", "ventilator")),
    ("blood_culture", None, ("negative", "Staphylococcus epidermidis", "Escherichia coli")),
    ("infection_focus", None, ("pneumonia",)),
    ("meropenem", "mg", (1000.0, None)),
    ("meropenem", "mg", (1000.0, None)),
    ("ice_score", "{score}", (10.0, 8.0, 1.0)),
    ("crs_grade", None, (0.0, 2.0, 3.0)),
    ("infection_onset", None, (None,)),
    ("discharge", None, (None,)),
)
COLUMNS = [
    Feature(key, statistic)
    for key in ("crs_grade", "icans_grade", "infection_onset")
    for statistic in (Statistic.LAST, Statistic.AGE, Statistic.COUNT, Statistic.HOURS_UNCHANGED)
]
DERIVING = (OutcomeSource.DERIVED, OutcomeSource.EITHER)
SLOW = settings(
    max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.generate),  # an example takes long: none is made smaller
)  # fmt: skip
Line = tuple[float, float, str, str | None, float | str | None]


@st.composite
def stays(draw: st.DrawFn) -> list[Line]:
    """Lines (hour, known hour, code, unit, value) of a patient under therapy; many come late."""
    lines: list[Line] = [(0.0, draw(st.sampled_from(DELAYS)), "teclistamab", "mg/kg", 1.5)]
    for _ in range(draw(st.integers(3, 22))):
        code, unit, values = draw(st.sampled_from(GIVEN))
        hour = draw(st.sampled_from(HOURS))
        known = hour + draw(st.sampled_from(DELAYS))
        lines.append((hour, known, code, unit, draw(st.sampled_from(values))))
    return lines


def records(lines: Sequence[tuple[str, Line]], start: pd.Timestamp) -> pd.DataFrame:
    def instants(hours: list[float]) -> pd.Series:
        moments = [start + pd.Timedelta(hours=hour) for hour in hours]
        return pd.Series(moments, dtype="datetime64[us, UTC]")

    return pd.DataFrame(
        {
            "patient_id": pd.Series([patient for patient, _ in lines], dtype="str"),
            "time": instants([line[0] for _, line in lines]),
            "result_time": instants([line[1] for _, line in lines]),
            "code": pd.Series([line[2] for _, line in lines], dtype="str"),
            "unit": pd.Series([line[3] for _, line in lines], dtype="str"),
            "numeric_value": [
                line[4] if isinstance(line[4], float) else np.nan for _, line in lines
            ],
            "text_value": pd.Series(
                [line[4] if isinstance(line[4], str) else None for _, line in lines], dtype="str"
            ),
            "source": "drawn",
        }
    )


def state(events: pd.DataFrame, moments: pd.DataFrame) -> np.ndarray:
    """What a row knows of the outcomes, and whether it is at risk of each."""
    risk = [at_risk(events, moments, outcome).astype(float) for outcome in Outcome]
    return np.column_stack([feature_rows(events, moments, COLUMNS).to_numpy(), *risk])


@pytest.mark.parametrize("source", DERIVING)
@SLOW
@given(lines=stays())
def test_what_comes_later_changes_no_derived_outcome_of_before(source, lines, ask_at):
    same_when_cut(source, lines, (ASKED - 40.0, ASKED - 12.0, ASKED), ask_at)


MEROPENEM = ("meropenem", "mg", 1000.0)
FEVER = ("temperature", "Cel", 39.0)
CULTURE = ("blood_culture", None, "negative")
LATE: dict[str, tuple[list[Line], float]] = {
    "the first dose": ([(5.0, 40.0, "teclistamab", "mg/kg", 1.5), (6.0, 6.0, *FEVER)], 10.0),
    "a dose that moves the start of a treatment": (
        [(60.0, 60.0, *CULTURE), *((hour, hour, *MEROPENEM) for hour in (62.0, 86.0, 110.0, 134.0)),
         (20.0, 140.0, *MEROPENEM)],
        136.0,
    ),
    "a dose that joins two treatments": (
        [(0.0, 0.0, *CULTURE), (2.0, 2.0, *MEROPENEM), (90.0, 90.0, *MEROPENEM),
         (48.0, 150.0, *MEROPENEM)],
        100.0,
    ),
    "a documented grade": (
        [(0.0, 0.0, "teclistamab", "mg/kg", 1.5), (12.0, 12.0, *FEVER),
         (10.0, 60.0, "crs_grade", None, 2.0)],
        20.0,
    ),
    "a documented infection": (
        [(0.0, 0.0, "infection_focus", None, "pneumonia"), (2.0, 2.0, *MEROPENEM),
         (1.0, 60.0, "infection_onset", None, None)],
        20.0,
    ),
}  # fmt: skip


@pytest.mark.parametrize("source", DERIVING)
@pytest.mark.parametrize("what", LATE)
def test_what_is_charted_late_changes_no_derived_outcome_of_before(what, source, ask_at):
    lines, hour = LATE[what]
    same_when_cut(source, lines, (hour, 200.0), ask_at)


def same_when_cut(
    source: OutcomeSource, lines: list[Line], hours: Sequence[float], ask_at: Callable
) -> None:
    """Asserts that rows are those of the records that were known by then."""
    moments = ask_at(*(("a", hour) for hour in hours))
    start = moments["as_of"].iloc[0] - pd.Timedelta(hours=hours[0])
    whole = events_from_records(records([("a", line) for line in lines], start), source).events
    full = state(whole, moments)
    for row, hour in enumerate(hours):
        then = [("a", line) for line in lines if max(line[:2]) <= hour]
        known = events_from_records(records(then, start), source).events
        np.testing.assert_array_equal(full[row], state(known, moments.iloc[[row]])[0])


@pytest.mark.parametrize("source", DERIVING)
@SLOW
@given(own=stays(), other=stays(), order=st.randoms(use_true_random=False))
def test_neighbours_and_the_order_of_lines_change_no_derived_outcome(
    source, own, other, order, ask_at
):
    moments = ask_at(("a", ASKED), ("a", ASKED - 30.0))
    start = moments["as_of"].iloc[0] - pd.Timedelta(hours=ASKED)
    mine = [("a", line) for line in own]
    both = [*(("0", line) for line in other), *mine, *(("b", line) for line in other)]
    order.shuffle(both)
    alone, inside = (
        events_from_records(records(lines, start), source).events for lines in (mine, both)
    )
    np.testing.assert_array_equal(state(alone, moments), state(inside, moments))


# A stay by hand: fever and a vasopressor, a culture and antimicrobials on four days, no grade
SICK: list[Line] = [
    (0.0, 0.0, "teclistamab", "mg/kg", 1.5), (20.0, 20.0, "temperature", "Cel", 39.2),
    (24.0, 24.0, "norepinephrine", "ug/kg/min", 0.1), (24.0, 26.0, "crp", "mg/L", 120.0),
    (24.0, 24.5, "platelets", "10*9/L", 80.0), (24.0, 24.5, "ldh", "U/L", 400.0),
    (20.0, 60.0, "blood_culture", None, "negative"), (30.0, 30.0, "temperature", "Cel", 38.4),
]  # fmt: skip


@pytest.mark.parametrize("source", DERIVING)
def test_training_service_and_registered_model_see_the_same_derived_outcomes(
    source, ward_bundle, ask_at
):
    bundle = replace(ward_bundle, outcomes_from=source)
    moments = ask_at(("a", 31.0))
    as_of = moments["as_of"].iloc[0]
    start = as_of - pd.Timedelta(hours=31.0)
    of_all = [(name, line) for name in "abc" for line in SICK]
    cohort = events_from_records(records(of_all, start), bundle.outcomes_from).events
    batch = predict_rows(bundle, cohort, moments).set_index("outcome")
    assert batch["at_risk"].to_dict() == {"severe_crs": False, "infection": True}

    own = records([("a", line) for line in SICK], start)
    answer = predict_patient(bundle, own, as_of)
    assert [rule.value for rule in answer.rules if rule.rule == "crs_grade"] == [3.0]
    registered = pyfunc.BundleModel()
    registered.bundle = bundle
    theirs = registered.predict(None, own, {"as_of": as_of.isoformat()}).set_index("outcome")
    for one in answer.outcomes:
        line = batch.loc[one.outcome]
        assert (one.risk, one.at_risk) == (line["risk"], line["at_risk"])
        assert one.contributions == {
            key: value for key, value in line["contributions"].items() if key != "base"
        }
        pd.testing.assert_series_equal(theirs.loc[one.outcome], line)

    asked = {"patient_id": "a", "as_of": as_of.isoformat(), "records": [
        {"time": (start + pd.Timedelta(hours=hour)).isoformat(), "code": code, "unit": unit,
         "result_time": (start + pd.Timedelta(hours=known)).isoformat(), "value": value}
        for hour, known, code, unit, value in SICK
    ]}  # fmt: skip
    body = json.dumps(asked).encode()
    served = json.loads(answer_bytes(bundle, body, "1", as_of.to_pydatetime()))
    for one in served["outcomes"]:
        line = batch.loc[one["outcome"]]
        assert (one["at_risk"], one["verdict"]) == (line["at_risk"], line["verdict"])
        if one["verdict"] != Verdict.ABSTAIN:
            assert one["risk"] == line["risk"]
    plain = predict_patient(ward_bundle, own, as_of)
    assert [one.at_risk for one in plain.outcomes] == [True, True]
