"""The opponents: what they learn by hand-made tables, and that their state is all they need."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.special import expit

from features.matrix import feature_rows
from features.outcomes import Outcome
from features.scores import SCORES
from models.baselines import (
    BASELINE_COLUMNS,
    BASELINES,
    PUBLISHED,
    LastValueLogistic,
    Persistence,
    PublishedScore,
    RuleRate,
    TodaysGrade,
    baselines_for,
)
from models.rules import RULE_COLUMNS, crp_rule, fever

EACH = [(outcome, name) for outcome in Outcome for name in BASELINES[outcome]]


@pytest.mark.parametrize(("outcome", "name"), EACH)
def test_a_restored_baseline_gives_the_same_bits(outcome, name, ward_training):
    training = ward_training[outcome].judged_rows
    learnt = BASELINES[outcome][name]().fit(training.rows, training.label)
    state = json.loads(json.dumps(learnt.state, allow_nan=False))
    again = BASELINES[outcome][name]().restore(state)
    risk = learnt.risk(training.rows)
    assert (again.risk(training.rows) == risk).all()
    assert ((risk > 0) & (risk < 1)).all()


@pytest.mark.parametrize(("outcome", "name"), EACH)
def test_a_baseline_gives_a_row_of_missing_values_a_risk(outcome, name, ward_training):
    training = ward_training[outcome].judged_rows
    learnt = BASELINES[outcome][name]().fit(training.rows, training.label)
    nothing = training.rows.iloc[[0]] * np.nan
    assert 0.0 < learnt.risk(nothing)[0] < 1.0


def grades(*counts: tuple[float, int, int]) -> tuple[pd.DataFrame, np.ndarray]:
    """Rows of day 0 from tuples (grade, rows without, rows with the outcome)."""
    grade = np.concatenate([np.full(without + having, level) for level, without, having in counts])
    label = np.concatenate([np.r_[np.zeros(a), np.ones(b)] for _, a, b in counts])
    return pd.DataFrame({"crs_grade.last": grade, "therapy.hours_since_first": 0.0}), label


def test_persistence_on_a_two_by_two_table_solves_the_ridge_equations():
    rows, label = grades((0.0, 90, 10), (1.0, 20, 80))

    def penalised(parameters):  # L2 weight 1/2 on the slope alone, intercept free
        slope, intercept = parameters
        eta = intercept + slope * (rows["crs_grade.last"].to_numpy() == 1)
        return 0.5 * slope**2 + np.sum(np.logaddexp(0, eta) - label * eta)

    slope, intercept = minimize(penalised, [0.0, 0.0], tol=1e-10).x
    risk = Persistence().fit(rows, label).risk(rows)
    assert risk[0] == pytest.approx(expit(intercept), abs=1e-4)
    assert risk[-1] == pytest.approx(expit(intercept + slope), abs=1e-4)
    assert 0.10 < risk[0] < 0.14  # observed 0.10, drawn a little to the middle
    assert 0.76 < risk[-1] < 0.80


def test_persistence_orders_grades_and_treats_an_unknown_one_by_its_own_rate():
    rows, label = grades((0.0, 95, 5), (1.0, 80, 20), (2.0, 50, 50), (np.nan, 60, 40))
    learnt = Persistence().fit(rows, label)
    asked = pd.DataFrame(
        {"crs_grade.last": [0.0, 1.0, 2.0, np.nan], "therapy.hours_since_first": 0.0}
    )
    none, one, two, unknown = learnt.risk(asked)
    assert none < one < unknown < two


def test_persistence_without_any_grade_knows_the_day():
    day = np.repeat([1.0, 5.0], 200)
    label = np.r_[np.zeros(180), np.ones(20), np.zeros(100), np.ones(100)]
    by_therapy = pd.DataFrame({"therapy.hours_since_first": 24 * day})
    by_admission = pd.DataFrame({"icu_admission.hours_since_first": 24 * day})
    for rows in (by_therapy, by_admission):
        risk = Persistence().fit(rows, label).risk(rows)
        assert risk[0] == pytest.approx(0.1, abs=0.02)
        assert risk[-1] == pytest.approx(0.5, abs=0.02)


def test_a_rule_gives_its_three_rates_with_half_an_event_on_each_side():
    rows = pd.DataFrame({"temperature.maximum_24h": [39.0] * 3 + [36.0] * 5 + [np.nan] * 2})
    label = np.array([1, 1, 0, 0, 0, 0, 0, 1, 0, 0], dtype=float)
    risk = RuleRate(fever).fit(rows, label).risk(rows)
    assert risk[[0, 3, 8]] == pytest.approx([2.5 / 4, 1.5 / 6, 0.5 / 3])


def test_last_values_fill_a_gap_with_the_median_and_mark_it():
    random = np.random.default_rng(0)
    value = np.r_[random.lognormal(3, 1, 300), np.full(100, np.nan)]
    label = np.r_[(random.random(300) < 0.1), (random.random(100) < 0.7)].astype(float)
    rows = pd.DataFrame({"crp.last": value, "crp.slope_72h": 1.0})
    learnt = LastValueLogistic().fit(rows, label)
    assert learnt.state["used"] == ["crp.last"]
    assert learnt.state["median"] == pytest.approx([np.median(np.log1p(value[:300]))])
    asked = pd.DataFrame({"crp.last": [np.nan, np.expm1(learnt.state["median"][0])]})
    missing, median = learnt.risk(asked)
    assert missing > 0.35 > 0.2 > median


def test_last_values_that_no_patient_has_leave_the_base_rate():
    rows = pd.DataFrame({"crp.last": [np.nan] * 8})
    label = np.array([1.0, 1, 0, 0, 0, 0, 0, 0])
    for columns in (None, ("easix.log2",)):
        assert LastValueLogistic(columns).fit(rows, label).risk(rows) == pytest.approx(0.25)


def test_what_baselines_read_is_declared():
    read = {column.name for column in RULE_COLUMNS} | set(BASELINE_COLUMNS)
    assert {"crp.last", "crp.minimum_36h", "temperature.maximum_24h", "crs_grade.last"} <= read


@pytest.mark.parametrize(
    ("last", "change", "expected"),
    [
        (60.0, 20.0, 1),  # +20 mg/L in 24 h
        (60.0, 19.9, 0),  # less than +20 and less than doubled
        (41.0, 20.5, 1),  # doubled
        (41.0, 41.0, 1),  # from nothing
        (40.0, 30.0, 0),  # not above 40 mg/L
        (40.1, 30.0, 1),
        (400.0, 0.0, 0),  # high and steady
        (100.0, -50.0, 0),  # falling
        (100.0, np.nan, np.nan),  # nothing to compare with
        (np.nan, np.nan, np.nan),
    ],
)
def test_the_crp_rule_case_by_case(last, change, expected):
    age = np.nan if np.isnan(last) else 3.0
    rows = pd.DataFrame(
        {
            "crp.last": [last],
            "crp.age": [age],
            "crp.minimum_36h": [min(last, last - change)],
            "crp.count_36h": [1.0 if np.isnan(change) else 2.0],
        }
    )
    assert crp_rule(rows) == pytest.approx([expected], nan_ok=True)


def test_an_old_crp_says_nothing_of_today(draw_events, ask_at):
    events = draw_events(("a", "crp", 0.0, 10.0), ("a", "crp", 20.0, 100.0))
    hours = (0.0, 20.0, 35.9, 36.0, 44.1)
    rows = feature_rows(events, ask_at(*(("a", hour) for hour in hours)), RULE_COLUMNS)
    assert crp_rule(rows) == pytest.approx([np.nan, 1.0, 1.0, np.nan, np.nan], nan_ok=True)


def test_a_rise_over_weeks_is_no_rapid_one_and_a_rise_within_hours_is(draw_events, ask_at):
    slow = draw_events(("a", "crp", 0.0, 10.0), ("a", "crp", 480.0, 60.0))
    fast = draw_events(("a", "crp", 460.0, 10.0), ("a", "crp", 480.0, 90.0))
    asked = ask_at(("a", 480.0))
    assert np.isnan(crp_rule(feature_rows(slow, asked, RULE_COLUMNS))[0])
    assert crp_rule(feature_rows(fast, asked, RULE_COLUMNS))[0] == 1.0


@pytest.mark.parametrize(
    ("highest", "expected"), [(37.9, 0), (38.0, 1), (40.5, 1), (np.nan, np.nan)]
)
def test_fever_begins_at_38_degrees(highest, expected):
    rows = pd.DataFrame({"temperature.maximum_24h": np.array([highest], dtype=np.float32)})
    assert fever(rows) == pytest.approx([expected], nan_ok=True)


def test_todays_grade_alone_learns_nothing_and_orders_by_grade():
    rows, label = grades((np.nan, 3, 3), (0.0, 3, 3), (1.0, 3, 0), (2.0, 0, 3), (4.0, 3, 3))
    risk = TodaysGrade().fit(rows, label).risk(rows)
    assert risk[[0, 6, 12, 15, 18]] == pytest.approx([0.004, 0.004, 0.04, 0.4, 0.4])


RISING = pd.DataFrame({"score.points": np.repeat([0.0, 1.0, 2.0, np.nan], 50)})
WITH_IT = np.concatenate([np.r_[np.ones(n), np.zeros(50 - n)] for n in (5, 15, 35, 20)])


@pytest.mark.parametrize(("rises", "label"), [(True, WITH_IT), (False, 1.0 - WITH_IT)])
def test_a_published_score_ranks_rows_the_way_it_was_published(rises, label):
    risk = PublishedScore("score.points", rises).fit(RISING, label).risk(RISING)
    steps = np.diff(risk[[0, 50, 100]])
    assert (steps > 0.05).all() if rises else (steps < -0.05).all()


@pytest.mark.parametrize(("rises", "label"), [(False, WITH_IT), (True, 1.0 - WITH_IT)])
def test_a_published_score_never_ranks_rows_against_what_was_published(rises, label):
    learnt = PublishedScore("score.points", rises).fit(RISING, label)
    risk = learnt.risk(RISING)
    assert risk[0] == risk[50] == risk[100]
    assert risk[0] == pytest.approx(label[:150].mean(), abs=0.03)
    again = PublishedScore("score.points", rises).restore(learnt.state)
    assert (again.risk(RISING) == risk).all()


def test_published_scores_that_no_row_holds_are_left_out():
    nothing = pd.DataFrame({"crp.last": [1.0], "shock_index.last": [np.nan]})
    for outcome in Outcome:
        published = {row.name for row in PUBLISHED if outcome in row.outcomes} | {"four_signs"}
        assert set(BASELINES[outcome]) - set(baselines_for(outcome, nothing)) == (
            published & set(BASELINES[outcome])
        )
    held = pd.DataFrame({"shock_index.last": [0.7]})
    assert "shock_index" in baselines_for(Outcome.INFECTION, held)
    assert "sirs" not in baselines_for(Outcome.INFECTION, held)


def test_every_published_score_reads_a_declared_column():
    declared = {score.name for score in SCORES}
    assert {row.column for row in PUBLISHED} <= declared
    assert {row.column for row in PUBLISHED} <= set(BASELINE_COLUMNS)
    assert all(row.outcomes and row.source for row in PUBLISHED)
