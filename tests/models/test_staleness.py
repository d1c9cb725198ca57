"""Old measurements are no evidence, whatever columns the model itself kept."""

from dataclasses import replace

import pandas as pd
import pytest

from features.outcomes import Outcome
from models.guard import EVIDENCE, evidence_columns
from models.predict import predict_patient, predict_rows
from models.prediction import Verdict

LAST_KNOWN = pd.Timestamp("2026-03-08T07:00Z")


@pytest.fixture(params=list(Outcome))
def alone(request, ward_bundle):
    """The bundle with one of its models."""
    return replace(ward_bundle, models={request.param: ward_bundle.models[request.param]})


@pytest.mark.parametrize("days", [30, 10_000])
def test_without_a_fresh_measurement_each_model_alone_abstains(alone, days, ward_events):
    patients = ward_events["patient_id"].astype("str").unique()
    late = LAST_KNOWN + pd.Timedelta(days=days)
    asked = pd.DataFrame({"patient_id": patients, "as_of": [late] * len(patients)})
    answers = predict_rows(alone, ward_events, asked, contributions=False)
    assert set(answers["verdict"]) == {"abstain"}
    open_questions = answers[answers["at_risk"]]["verdict_reasons"]
    assert len(open_questions) > 40
    assert open_questions.str.contains("nothing that the model rests on was measured").all()


def test_one_patient_is_refused_as_the_cohort_is(alone, ward_records):
    own = ward_records[ward_records["patient_id"] == "patient-00"]
    answer = predict_patient(alone, own, LAST_KNOWN + pd.Timedelta(days=10_000))
    assert answer.outcomes[0].verdict == Verdict.ABSTAIN


def test_the_guard_asks_for_the_age_of_all_evidence_though_no_model_keeps_it(alone):
    [outcome] = alone.models
    usual = set(alone.reference.analytes[outcome]) & EVIDENCE
    assert {"crp", "platelets", "ldh", "creatinine", "temperature"} <= usual
    asked = {column.name for column in evidence_columns(alone.reference)}
    assert {f"{key}.{shape}" for key in usual for shape in ("last", "age")} <= asked
    assert {"il6_blocker.age", "death.age"} <= asked
