"""What the report says of the model's reasons is what its trees do; examples follow the rule."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xgboost as xgb

from features.outcomes import Outcome
from models.calibration import CONTRIBUTION
from models.calibration_curves import Beta
from models.explain import by_analyte
from models.recipes import Recipe
from models.reference import analytes_of
from models.risk import fit_member, join_members
from models.start import fit_start
from training.finished import Run, TrainedOutcome
from training.judging.doubt.added import Given
from training.judging.judged import scored_rows
from training.report.examples import Kind, examples, kinds_of, middle_patient
from training.report.explained import explain_rows
from training.report.interactions import interactions, pairs


@pytest.fixture(scope="module")
def model(ward_bundle):
    return ward_bundle.models[Outcome.SEVERE_CRS]


@pytest.fixture(scope="module")
def explained(model, ward_training):
    return explain_rows(model, ward_training[Outcome.SEVERE_CRS].rows)


def test_interactions_are_those_of_xgboost_itself_summed_by_analyte(
    model, ward_training, ward_bundle
):
    rows = ward_training[Outcome.SEVERE_CRS].rows.iloc[::40]
    booster = xgb.Booster(model_file=ward_bundle.folder / "severe_crs.ubj")
    matrix = xgb.DMatrix(rows[list(model.risk.names)])
    features = booster.predict(matrix, pred_interactions=True)[:, :-1, :-1].astype(float)
    features *= model.calibration.slope
    names = model.risk.names
    halves = [by_analyte(features[:, :, place], names) for place in range(len(names))]
    stacked = np.stack([half.to_numpy() for half in halves], axis=2)  # rows x analytes x features
    expected = np.stack(
        [by_analyte(stacked[:, place], names).to_numpy() for place in range(stacked.shape[1])],
        axis=1,
    )
    found = interactions(model, rows)
    assert found.shape == (len(rows), *[len(set(analytes_of(names)))] * 2)
    assert np.abs(expected).max() > 0.01
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_pairs_count_both_halves_and_leave_an_analyte_alone_out():
    values = np.array([[[9.0, 0.1], [0.1, 9.0]], [[9.0, -0.3], [-0.3, 9.0]]])
    found = pairs(values, ["crp", "ferritin"])
    assert found.to_dict("records") == [
        {"first": "crp", "second": "ferritin", "strength": pytest.approx(0.4)}
    ]


def test_what_was_given_has_a_value_of_yes_or_no(explained, ward_training):
    rows = ward_training[Outcome.SEVERE_CRS].rows
    assert "therapy" in explained.contributions
    assert set(explained.values["therapy"]) <= {0.0, 1.0}
    assert explained.values["crs_grade"].max() == rows["crs_grade.last"].max()


def test_importance_is_ordered_sums_to_one_and_marks_what_persistence_knows(explained):
    found = explained.importance
    assert found["mean_absolute"].is_monotonic_decreasing
    assert found["share"].sum() == pytest.approx(1.0)
    known = set(found.loc[found["persistence"], "analyte"])
    assert known == {"crs_grade", "therapy"} & set(found["analyte"])
    first = found.iloc[0]
    column = explained.contributions[first["analyte"]]
    assert first["mean_absolute"] == pytest.approx(column.abs().mean())


# Example patients -----------------------------------------------------------------------------


def rows(*patients):
    """Rows of (name, labels, risks), one a day."""
    return pd.concat(
        [
            pd.DataFrame({"patient_id": name, "label": labels, "risk": risks})
            for name, labels, risks in patients
        ],
        ignore_index=True,
    ).astype({"label": float})


CALM = [(f"calm{n}", [0, 0, 0, 0], [0.01, 0.01, 0.02, 0.01 + n / 1000]) for n in range(8)]
"""Eight patients of four rows each, without an event and without much of a risk."""


def test_each_patient_is_of_one_kind_by_hand():
    scored = rows(
        *CALM,
        ("caught", [0, 0, 0, 1], [0.1, 0.2, 0.6, 0.9]),  # an alarm on the row before the event
        ("late", [0, 1, 0, 0], [0.7, 0.1, 0.1, 0.1]),  # alarm too early, none before the event
    )
    scored.loc[len(scored)] = ["crier", 0.0, 0.8]
    scored.loc[len(scored)] = ["unjudged", np.nan, 0.99]
    kinds, level = kinds_of(scored)
    assert level == 0.2  # the 37th of 41 judged rows: 32 of the calm, four of 0.1, then 0.2
    assert kinds["caught"] == Kind.TRUE_ALARM
    assert kinds["late"] == Kind.MISSED
    assert kinds["crier"] == Kind.FALSE_ALARM
    assert "unjudged" not in kinds
    assert (kinds.filter(like="calm") == Kind.QUIET).all()


def test_the_middle_patient_of_a_kind_is_drawn_and_nobody_with_few_rows():
    scored = rows(*CALM[:5], ("short", [0], [0.0]))
    kinds, _ = kinds_of(scored.assign(risk=0.0))  # ties: everybody alarms alike
    assert set(kinds) == {str(Kind.FALSE_ALARM)}
    # highest risks: calm0 to calm4 have 0.02 (their third row), so the order is that of the names
    assert middle_patient(scored, kinds, Kind.FALSE_ALARM) == "calm2"
    assert middle_patient(scored, kinds, Kind.QUIET) is None


@pytest.fixture(scope="module")
def run(ward_bundle, ward_cohort, ward_training):
    """A run of the drawn ward whose model's risk is the day's grade and whose rival knows less."""

    def made(virtual, file_format="table"):
        outcome = Outcome.SEVERE_CRS
        count = int(ward_cohort.reported.sum())
        judged = ~np.isnan(ward_cohort.labels[outcome].of(ward_cohort.reported).label)
        rising = np.where(judged, np.linspace(0.0, 0.5, count), np.nan)
        scored = scored_rows(ward_cohort, outcome, {"model": rising, "persistence": rising[::-1]})
        nothing = np.full(count, np.nan)
        given = Given(nothing, nothing, nothing)
        trained = TrainedOutcome(ward_bundle.models[outcome], ward_training[outcome], scored, given)
        evaluation = {"judged_on": {"virtual": virtual, "format": file_format}}
        return Run(ward_bundle, evaluation, scored, ward_cohort, {outcome: trained})

    return made


def test_courses_of_real_patients_are_drawn_only_of_published_files(run):
    hidden = examples(run(virtual=False), Outcome.SEVERE_CRS)
    assert hidden.courses == ()
    assert "are not public" in hidden.why_none
    assert hidden.counted["model"].sum() == hidden.counted["persistence"].sum() > 0
    public = examples(run(virtual=False, file_format="prcrs"), Outcome.SEVERE_CRS)
    assert public.courses
    assert not any(course.virtual for course in public.courses)


def test_a_course_keeps_what_happened_to_its_patient_alone(run, ward_events):
    made = run(virtual=True)
    found = examples(made, Outcome.SEVERE_CRS)
    scored = made.trained[Outcome.SEVERE_CRS].scored
    for course in found.courses:
        assert course.virtual
        own = [p for p, risk in scored[scored["model"] == "model"].groupby("patient_id")["risk"]
               if np.array_equal(risk, course.risk, equal_nan=True)]  # fmt: skip
        assert len(own) == 1
        crp = ward_events[(ward_events["patient_id"] == own[0]) & (ward_events["key"] == "crp")]
        assert set(course.crp) <= set(crp["value"])
        assert len(course.day) == len(course.risk) == len(course.persistence)
        grades = [mark.day for mark in course.marks if mark.line == "Grade"]
        assert len(set(grades)) == len(grades)  # one a day


def test_what_a_curve_adds_is_shown_and_acts_with_no_analyte(model, ward_training):
    bent = replace(model.calibration, curve=Beta(0.8, 1.3, 0.1))
    rows = ward_training[Outcome.SEVERE_CRS].rows
    found = explain_rows(replace(model, calibration=bent), rows)
    assert CONTRIBUTION in found.contributions
    assert CONTRIBUTION not in set(found.pairs["first"]) | set(found.pairs["second"])


def test_members_of_unequal_rounds_have_the_interactions_of_their_trees(model, ward_training):
    training = ward_training[Outcome.SEVERE_CRS]
    columns = ["crs_grade.last", "crp.last", "temperature.last"]
    rows, target = training.rows[columns], np.nan_to_num(training.label)
    start = fit_start(rows, target)
    recipes = [Recipe(rounds, 0.3, 2, 1.0, 1.0) for rounds in (2, 5)]
    fit = [fit_member(rows, target, start, one, (0, 0, 0), 1) for one in recipes]
    joined = replace(model, risk=join_members(fit, columns))
    alone = [replace(model, risk=join_members([one], columns)) for one in fit]
    found = interactions(joined, rows.iloc[:20])
    expected = np.mean([interactions(one, rows.iloc[:20]) for one in alone], axis=0)
    np.testing.assert_allclose(found, expected, atol=1e-6)
