"""When a risk may be used: a table of cases."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.outcomes import Outcome
from models.guard import absent_evidence, evidence_columns, judge
from models.prediction import Verdict
from models.reference import (
    AnalyteReference,
    FeatureReference,
    Reference,
    TherapyReference,
    describe_features,
    describe_therapy,
)
from models.stated import read_as

ANALYTES = {
    "crp": AnalyteReference(importance=0.50, present=0.95, usual_age_hours=30.0),
    "platelets": AnalyteReference(importance=0.26, present=0.90, usual_age_hours=10.0),
    "ferritin": AnalyteReference(importance=0.24, present=0.60, usual_age_hours=40.0),
    "il6": AnalyteReference(importance=0.90, present=0.20, usual_age_hours=24.0),
}
WIDE = FeatureReference(1.0, 0.0, 50.0, 500.0)
REFERENCE = Reference(
    {f"{key}.{what}": WIDE for key in ANALYTES for what in ("last", "age", "change_24h")}
    | {"age.years": FeatureReference(1.0, 18.0, 50.0, 80.0)},
    {str(Outcome.SEVERE_CRS): ANALYTES},
    {str(Outcome.SEVERE_CRS): TherapyReference(present=1.0, longest_hours=30 * 24.0)},
)
FRESH = {
    **{f"{key}.last": 50.0 for key in ANALYTES}, **{f"{key}.age": 5.0 for key in ANALYTES}
}  # fmt: skip


def judge_alike(rows, outcome, at_risk, reference):
    """Rows that serve as evidence too, with the guard's own columns where they are not drawn."""
    named = [column.name for column in evidence_columns(reference) if column.name not in rows]
    evidence = rows.assign(
        **dict.fromkeys(named, np.nan) | {"therapy.age": 30.0, "crs_grade.last": 1.0} | dict(rows)
    )
    return judge(rows, evidence, outcome, at_risk, reference)


def judged(at_risk: bool = True, **changed: float):
    row = {**FRESH, **{name.replace("__", "."): value for name, value in changed.items()}}
    return judge_alike(pd.DataFrame([row]), Outcome.SEVERE_CRS, np.array([at_risk]), REFERENCE)[0]


def gone(key: str) -> dict[str, float]:
    return {f"{key}__last": np.nan, f"{key}__age": np.nan}


NO_GRADE = {"crs_grade__last": np.nan}
FEBRILE = {"temperature__maximum_24h": 38.0, "crs_grade__last": 1.0}
CASES = {
    "all there": ({}, Verdict.ANSWER, ""),
    "a rare analyte is not missed": (gone("il6"), Verdict.ANSWER, ""),
    "a little is missing": (gone("ferritin"), Verdict.ANSWER, ""),
    "a quarter is missing": (gone("platelets"), Verdict.CAUTION, "26% .*latelets"),
    "half is missing": (gone("crp"), Verdict.CAUTION, "50% .*C-reactive protein"),
    "more than half is missing": (
        gone("platelets") | gone("crp"), Verdict.ABSTAIN, "76% .*C-reactive protein"
    ),
    "everything usual is missing": (
        gone("crp") | gone("platelets") | gone("ferritin"), Verdict.ABSTAIN, "100%"
    ),
    "crp is fresh at twice its usual age": ({"crp__age": 60.0}, Verdict.ANSWER, ""),
    "crp is stale beyond": ({"crp__age": 60.1}, Verdict.CAUTION, "too old"),
    "daily blood is never stale": ({"platelets__age": 48.0}, Verdict.ANSWER, ""),
    "older than two days is": ({"platelets__age": 48.1}, Verdict.CAUTION, "too old"),
    "just blocked": ({"il6_blocker__age": 2.0}, Verdict.CAUTION, "anti-IL-6 given 2 h ago"),
    "blocked three weeks ago": ({"il6_blocker__age": 504.0}, Verdict.CAUTION, "anti-IL-6"),
    "blocked longer ago": ({"il6_blocker__age": 504.1}, Verdict.ANSWER, ""),
    "by siltuximab two months ago": (
        {"il6_blocker__age": 1440.0, "siltuximab__age": 1440.0}, Verdict.CAUTION,
        "anti-IL-6 given 60 d ago",
    ),
    "by siltuximab long ago": (
        {"il6_blocker__age": 2160.1, "siltuximab__age": 2160.1}, Verdict.ANSWER, ""
    ),
    "nothing measured for three days": (
        {f"{key}__age": 72.1 for key in ANALYTES}, Verdict.ABSTAIN, "76%.*too old"
    ),
    "one value yesterday": (
        {f"{key}__age": 72.1 for key in ANALYTES} | {"crp__age": 20.0}, Verdict.CAUTION, "too old"
    ),
    "death is on record": ({"death__age": 10.0}, Verdict.ABSTAIN, "death is on record"),
    "never treated": ({"therapy__age": np.nan}, Verdict.ABSTAIN, "no dose of a T-cell-engaging"),
    "treated as long ago as any": ({"therapy__age": 720.0}, Verdict.ANSWER, ""),
    "treated longer ago": ({"therapy__age": 960.0}, Verdict.CAUTION, "last dose 40 d ago.* 30 d"),
    "a vasopressor and no grade": (
        {"vasopressor__age": 3.0, **NO_GRADE}, Verdict.ABSTAIN, "a vasopressor .* grade first"
    ),
    "a vasopressor in grade 2": (
        {"vasopressor__age": 3.0, "crs_grade__last": 2.0}, Verdict.CAUTION, "3 or more already"
    ),
    "a vasopressor days ago": ({"vasopressor__age": 24.1}, Verdict.ANSWER, ""),
    "high flow in grade 1": (
        {"oxygen_device__last": 2.0, "oxygen_device__age": 1.0, "crs_grade__last": 1.0},
        Verdict.CAUTION, "oxygen by high flow",
    ),
    "a nasal cannula": (
        {"oxygen_device__last": 1.0, "oxygen_device__age": 1.0}, Verdict.ANSWER, ""
    ),
    "intubated, charted yesterday": (
        {"oxygen_device__last": 5.0, "oxygen_device__age": 30.0}, Verdict.CAUTION, "oxygen by high"
    ),
    "high flow days ago": (
        {"oxygen_device__last": 2.0, "oxygen_device__age": 72.1}, Verdict.ANSWER, ""
    ),
    "6 L/min": ({"oxygen_flow__maximum_24h": 6.0}, Verdict.ANSWER, ""),
    "more than 6 L/min": ({"oxygen_flow__maximum_24h": 6.1}, Verdict.CAUTION, "oxygen by high"),
    "four fifths oxygen": ({"fio2__maximum_24h": 0.8}, Verdict.CAUTION, "oxygen by high flow"),
    "fever and low pressure in grade 1": (
        FEBRILE | {"systolic_bp__minimum_12h": 89.0}, Verdict.CAUTION,
        "fever with systolic pressure 89 .*signs of grade 2 or more, the documented grade is 1",
    ),
    "fever and a low mean pressure, no systolic one": (
        FEBRILE | {"systolic_bp__minimum_12h": np.nan, "mean_arterial_pressure__minimum_12h": 60.0},
        Verdict.CAUTION, "fever with mean arterial pressure 60 .*signs of grade 2 or more",
    ),
    "fever and low pressure in grade 2": (
        FEBRILE | {"systolic_bp__minimum_12h": 89.0, "crs_grade__last": 2.0}, Verdict.ANSWER, ""
    ),
    "fever and low saturation without a grade": (
        FEBRILE | {"spo2__minimum_12h": 91.0} | NO_GRADE, Verdict.ABSTAIN,
        "fever with oxygen saturation 91 % and no current CRS grade: grade first",
    ),
    "low pressure without fever or blockade": (
        {"systolic_bp__minimum_12h": 80.0} | NO_GRADE, Verdict.ANSWER, ""
    ),
    "low pressure under blockade, without fever": (
        {"systolic_bp__minimum_12h": 80.0, "il6_blocker__age": 5.0} | NO_GRADE, Verdict.ABSTAIN,
        "anti-IL-6, which hides fever, with systolic pressure 80",
    ),
    "a child of five with 80 mm[Hg]": (
        FEBRILE | {"systolic_bp__minimum_12h": 80.0, "age__years": 5.0}, Verdict.CAUTION, "age 5"
    ),
    "a child of five with 79 mm[Hg]": (
        FEBRILE | {"systolic_bp__minimum_12h": 79.0, "age__years": 5.0}, Verdict.CAUTION,
        "fever with systolic pressure 79",
    ),
    "younger than any": ({"age__years": 0.1}, Verdict.CAUTION, "age 0 years.* 18 to 80"),
    "of unknown age": ({"age__years": np.nan}, Verdict.ANSWER, ""),
    "never blocked": ({"il6_blocker__age": np.nan}, Verdict.ANSWER, ""),
    "four strange inputs": (
        {f"{key}__last": 900.0 for key in ANALYTES}, Verdict.ANSWER, ""
    ),
    "five strange inputs": (
        {f"{key}__last": 900.0 for key in ANALYTES} | {"crp__change_24h": -1.0},
        Verdict.CAUTION, "5 inputs from 4 items of the record lie outside",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_the_verdict_case_by_case(case):
    changed, verdict, words = CASES[case]
    found = judged(**changed)
    assert found.verdict == verdict
    assert bool(found.reasons) == bool(words)
    if words:
        assert pd.Series([found.reasons[0]]).str.contains(words).all()


@pytest.mark.parametrize(("present", "verdict"), [(0.9, Verdict.CAUTION), (0.2, Verdict.ANSWER)])
def test_a_grade_that_the_model_usually_knows_is_missed_by_name(present, verdict):
    """It would be read as no CRS, however little the model makes of it in the mean."""
    graded = AnalyteReference(importance=0.05, present=present, usual_age_hours=24.0)
    reference = replace(
        REFERENCE, analytes={str(Outcome.SEVERE_CRS): ANALYTES | {"crs_grade": graded}}
    )
    row = pd.DataFrame([FRESH | {"crs_grade.last": np.nan, "crs_grade.age": np.nan}])
    (found,) = judge_alike(row, Outcome.SEVERE_CRS, np.array([True]), reference)
    assert found.verdict == verdict
    assert any("no current CRS grade" in said for said in found.reasons) == (present > 0.5)


def test_a_patient_inside_the_outcome_is_not_asked_about():
    found = judged(at_risk=False)
    assert found.verdict == Verdict.ABSTAIN
    assert found.reasons == ("already in CRS of grade 3 or more: not asked again",)


def test_each_row_gets_its_own_judgement():
    rows = pd.DataFrame([FRESH, {**FRESH, "crp.last": np.nan, "crp.age": np.nan}, FRESH])
    found = judge_alike(rows, Outcome.SEVERE_CRS, np.array([True, True, False]), REFERENCE)
    assert [j.verdict for j in found] == [Verdict.ANSWER, Verdict.CAUTION, Verdict.ABSTAIN]


def test_absent_evidence_sums_to_one_where_nothing_is_there():
    rows = pd.DataFrame([dict.fromkeys(FRESH, np.nan), FRESH])
    absent = absent_evidence(rows, ANALYTES)
    assert absent.sum(axis=1).tolist() == pytest.approx([1.0, 0.0])
    assert list(absent) == ["crp", "platelets", "ferritin"]


def test_a_model_without_usual_evidence_always_abstains():
    reference = Reference({}, {str(Outcome.SEVERE_CRS): {}})
    found = judge_alike(pd.DataFrame([FRESH]), Outcome.SEVERE_CRS, np.array([True]), reference)
    assert found[0].verdict == Verdict.ABSTAIN


def test_the_reference_survives_json_and_counts_presence():
    rows = pd.DataFrame({"crp.last": [1.0, 2.0, np.nan, 3.0], "il6.last": [np.nan] * 4})
    features = describe_features(rows)
    assert set(features) == {"crp.last"}
    assert (features["crp.last"].present, features["crp.last"].median) == (0.75, 2.0)
    again = read_as(Reference, REFERENCE.to_json(), "file")
    assert again == REFERENCE


def test_a_model_that_learnt_from_untreated_patients_too_answers_for_them():
    mixed = {str(Outcome.SEVERE_CRS): TherapyReference(present=0.6, longest_hours=720.0)}
    reference = Reference(REFERENCE.features, REFERENCE.analytes, mixed)
    row = pd.DataFrame([{**FRESH, "therapy.age": np.nan}])
    found = judge_alike(row, Outcome.SEVERE_CRS, np.array([True]), reference)
    assert found[0].verdict == Verdict.ANSWER


def test_what_is_absent_and_unimportant_does_not_count_as_fresh():
    idle = {"albumin": AnalyteReference(importance=0.0, present=0.9, usual_age_hours=24.0)}
    row = pd.DataFrame([dict.fromkeys(FRESH, np.nan)])
    assert absent_evidence(row, ANALYTES | idle).columns.tolist() == list(
        absent_evidence(row, ANALYTES).columns
    )


def test_how_training_stood_to_the_therapy():
    hours = pd.Series([0.0, 48.0, np.nan, 12.0])
    assert describe_therapy(hours) == TherapyReference(0.75, 48.0)
    assert describe_therapy(pd.Series([np.nan])) == TherapyReference(0.0, 0.0)


def test_a_weight_is_no_fresh_measurement():
    analytes = {
        "crp": ANALYTES["crp"],
        "weight": AnalyteReference(importance=0.5, present=1.0, usual_age_hours=1e9),
    }
    reference = Reference({}, {str(Outcome.SEVERE_CRS): analytes})
    row = pd.DataFrame([{"crp.last": np.nan, "crp.age": np.nan, "weight.last": 70.0}])
    found = judge_alike(row, Outcome.SEVERE_CRS, np.array([True]), reference)
    assert found[0].verdict == Verdict.ABSTAIN
