"""Rows to learn from between the judged ones: only where something new had become known."""

import numpy as np
import pandas as pd
import pytest

from features.matrix import as_of_grid
from features.outcomes import Outcome
from training.config import TrainingConfig
from training.dataset import Events, label_cohort, load_events
from training.train import training_rows

HOUR, DAY = pd.Timedelta(hours=1), pd.Timedelta(hours=24)
START = pd.Timestamp("2026-03-01T06:00Z")


def cohort_of(events, learn_every):
    source = Events(events, pd.DataFrame({"reason": []}), len(events), (), virtual=False)
    return label_cohort(source, DAY, tuple(Outcome), DAY, learn_every)


def hours_of(cohort, patient, chosen):
    rows = cohort.as_of[chosen & (cohort.as_of["patient_id"] == patient).to_numpy()]
    return ((rows["as_of"] - START) / HOUR).tolist()


@pytest.fixture
def one_stay(draw_events):
    """Three days; the second CRP is taken at hour 30 and known at hour 37."""
    return draw_events(
        ("a", "sex", None, 1.0),
        ("a", "therapy", 0.0, np.nan),
        ("a", "crp", 2.0, 5.0),
        ("a", "crp", 30.0, 50.0, 37.0),
        ("a", "crp", 42.0, 60.0),
        ("a", "crp", 54.5, 70.0),
        ("a", "crp", 72.0, 80.0),
    )


def test_the_rows_between_stand_where_something_had_become_known(one_stay):
    cohort = cohort_of(one_stay, 6 * HOUR)
    assert hours_of(cohort, "a", cohort.reported) == [24.0, 48.0, 72.0]
    # steps of 6 h: hour 2 is known at 6, hour 37 (not 30) at 42 with that of 42 itself, 54.5 at 60
    assert hours_of(cohort, "a", ~cohort.reported) == [6.0, 42.0, 60.0]


def test_what_became_known_just_at_a_step_is_new_there_and_nowhere_later(draw_events):
    events = draw_events(
        ("a", "therapy", 0.0, np.nan), ("a", "crp", 12.0, 5.0), ("a", "crp", 48.0, 5.0)
    )
    cohort = cohort_of(events, 4 * HOUR)
    assert hours_of(cohort, "a", ~cohort.reported) == [12.0]


def test_one_patients_news_are_not_anothers(draw_events):
    daily = [("b", "crp", 24.0 * day, 5.0) for day in range(4)]
    events = draw_events(
        ("a", "therapy", 0.0, np.nan), ("a", "crp", 31.0, 5.0), ("a", "crp", 72.0, 5.0),
        ("b", "therapy", 0.0, np.nan), *daily,
    )  # fmt: skip
    cohort = cohort_of(events, HOUR)
    assert hours_of(cohort, "a", ~cohort.reported) == [31.0]
    assert hours_of(cohort, "b", ~cohort.reported) == []


def test_without_a_step_to_learn_there_is_the_grid_alone(ward_events):
    cohort = cohort_of(ward_events, None)
    pd.testing.assert_frame_equal(cohort.as_of, as_of_grid(ward_events, DAY), check_dtype=False)
    assert cohort.reported.all()


@pytest.mark.parametrize("step", [HOUR, 5 * HOUR])
def test_what_is_judged_is_the_grid_whatever_is_learnt_from(step, ward_events, tmp_path):
    config = TrainingConfig(tmp_path, "table", tmp_path, folds=3, repeats=1)
    grid = as_of_grid(ward_events, DAY)
    cohort = cohort_of(ward_events, step)
    reported = cohort.as_of[cohort.reported].reset_index(drop=True)
    pd.testing.assert_frame_equal(reported, grid, check_dtype=False)
    assert not cohort.as_of.duplicated().any()
    for outcome in Outcome:
        label = cohort_of(ward_events, None).labels[outcome].label
        judged = training_rows(cohort, outcome, config).judged_rows
        assert list(judged.rows.index) == list(grid[~np.isnan(label)].itertuples(index=False))
        assert np.array_equal(judged.label, label[~np.isnan(label)])


def test_the_folds_keep_a_patients_learning_rows_with_its_judged_ones(ward_events, tmp_path):
    config = TrainingConfig(tmp_path, "table", tmp_path, folds=3, repeats=2)
    training = training_rows(cohort_of(ward_events, HOUR), Outcome.INFECTION, config)
    assert (~training.judged).sum() > 100
    for repeat in training.plan.T:
        folds = pd.Series(repeat).groupby(training.patient).nunique()
        assert (folds == 1).all()


def test_a_denser_step_adds_nothing_to_data_of_one_value_a_day(tmp_path):
    lines = [f"p{n},{day},male,50,{140 + day}" for n in range(3) for day in range(6)]
    path = tmp_path / "labs.csv"
    path.write_text("patient,Relative date,sex,age,sodium\n" + "\n".join(lines) + "\n")
    source = load_events(path, "prcrs")
    daily = label_cohort(source, DAY, (Outcome.SEVERE_CRS,), DAY)
    assert len(daily.rows) >= 15
    for step in (HOUR, 6 * HOUR):
        dense = label_cohort(source, DAY, (Outcome.SEVERE_CRS,), DAY, step)
        pd.testing.assert_frame_equal(dense.as_of, daily.as_of)
        assert dense.reported.all()
