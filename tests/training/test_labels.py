"""What becomes of an as-of row, on hand-drawn patients; the horizon is 24 hours."""

import numpy as np
import pandas as pd
import pytest

from features.outcomes import Outcome
from training.labels import NEARNESS, Fate, label_rows, learning_target

DAY = pd.Timedelta(hours=24)
NAN = np.nan
MICROSECOND = 1 / 3.6e9
QUIET = (("a", "therapy", 0.0, NAN), *(("a", "temperature", h, 37.0) for h in (0.0, 20.0, 200.0)))
"""Measured at 20 h, so a horizon from 0 h is looked at, and observed until 200 h."""


@pytest.fixture
def fate_of(draw_events, ask_at):
    def fate(*lines, at=0.0, outcome=Outcome.SEVERE_CRS):
        found = label_rows(draw_events(*lines), ask_at(("a", at)), outcome, DAY)
        expected = {Fate.EVENT: 1.0, Fate.NO_EVENT: 0.0}.get(found.fate[0], NAN)
        assert found.label[0] == pytest.approx(expected, nan_ok=True)
        return found.fate[0]

    return fate


@pytest.mark.parametrize(
    ("hour", "expected"),
    [
        (-1.0, Fate.NOT_AT_RISK),
        (0.0, Fate.NOT_AT_RISK),
        (MICROSECOND, Fate.EVENT),
        (23.9, Fate.EVENT),
        (24.0, Fate.EVENT),
        (24.0 + MICROSECOND, Fate.NO_EVENT),
    ],
)
def test_the_horizon_is_open_at_the_as_of_time_and_closed_at_its_end(hour, expected, fate_of):
    assert fate_of(*QUIET, ("a", "crs_grade", hour, 3.0)) == expected
    onset = ("a", "infection_onset", hour, NAN)
    assert fate_of(*QUIET, onset, outcome=Outcome.INFECTION) == expected


def test_only_grade_three_and_more_is_severe(fate_of):
    assert fate_of(*QUIET, ("a", "crs_grade", 5.0, 2.0)) == Fate.NO_EVENT
    assert fate_of(*QUIET, ("a", "crs_grade", 5.0, 4.0)) == Fate.EVENT


def test_a_grade_charted_late_is_an_event_at_the_hour_it_was_there(fate_of):
    assert fate_of(*QUIET, ("a", "crs_grade", 20.0, 3.0, 30.0)) == Fate.EVENT
    assert fate_of(*QUIET, ("a", "crs_grade", -2.0, 3.0, 10.0)) == Fate.NOT_AT_RISK
    assert fate_of(*QUIET, ("a", "crs_grade", 25.0, 3.0, 25.0)) == Fate.NO_EVENT


def test_a_grade_that_was_corrected_away_is_no_event(fate_of):
    corrected = (("a", "crs_grade", 5.0, 3.0, 5.0, 9.0), ("a", "crs_grade", 5.0, 1.0, 9.0))
    assert fate_of(*QUIET, *corrected) == Fate.NO_EVENT
    assert fate_of(*QUIET, *corrected, at=6.0) != Fate.NOT_AT_RISK


def test_a_horizon_that_nobody_measured_in_is_censored(fate_of):
    assert fate_of(*QUIET, at=50.0) == Fate.CENSORED
    assert fate_of(*QUIET, ("a", "crs_grade", 60.0, 0.0), at=50.0) == Fate.CENSORED
    assert fate_of(*QUIET, ("a", "crp", 60.0, 3.0), at=50.0) == Fate.NO_EVENT


def test_a_measurement_at_the_as_of_time_is_none_within_the_horizon(fate_of):
    assert fate_of(*QUIET, ("a", "crp", 50.0, 3.0), at=50.0) == Fate.CENSORED
    assert fate_of(*QUIET, ("a", "crp", 74.0, 3.0), at=50.0) == Fate.NO_EVENT


def test_records_that_end_within_the_horizon_are_censored_unless_the_event_came(fate_of):
    short = QUIET[:3]  # ends at 20 h
    assert fate_of(*short) == Fate.CENSORED
    assert fate_of(*short, ("a", "crs_grade", 10.0, 3.0)) == Fate.EVENT
    assert fate_of(*short, ("a", "crp", 24.0, 3.0)) == Fate.NO_EVENT


def test_a_discharge_within_the_horizon_is_no_event(fate_of):
    short = QUIET[:3]
    assert fate_of(*short, ("a", "discharge", 21.0, NAN)) == Fate.NO_EVENT
    assert fate_of(*short, ("a", "discharge", 0.0, NAN)) == Fate.CENSORED
    with_event = (("a", "discharge", 21.0, NAN), ("a", "crs_grade", 10.0, 3.0))
    assert fate_of(*short, *with_event) == Fate.EVENT


HOME = (("a", "therapy", 0.0, NAN), ("a", "temperature", 20.0, 37.0), ("a", "discharge", 30.0, NAN))
BACK = (("a", "admission", 150.0, NAN), *(("a", "temperature", h, 39.0) for h in (150.0, 170.0)))


@pytest.mark.parametrize("event", [(), (("a", "crs_grade", 149.0, 3.0),)])
def test_who_comes_back_does_not_decide_whose_days_at_home_count(event, fate_of):
    assert fate_of(*HOME, *BACK, *event, at=130.0) == Fate.CENSORED
    followed = ("a", "observation_end", 400.0, NAN)
    expected = Fate.EVENT if event else Fate.NO_EVENT
    assert fate_of(*HOME, *BACK, *event, followed, at=130.0) == expected
    until = ("a", "observation_end", 153.9, NAN)  # not to the horizon's end
    assert fate_of(*HOME, *BACK, *event, until, at=130.0) == Fate.CENSORED


@pytest.mark.parametrize("event", [(), (("a", "crs_grade", 149.0, 3.0),)])
def test_who_is_measured_at_home_counts_also_through_a_silent_day(event, fate_of):
    at_home = ("a", "temperature", 106.0, 37.0)
    expected = Fate.EVENT if event else Fate.NO_EVENT
    assert fate_of(*HOME, *BACK, *event, at_home, at=130.0) == expected
    earlier = ("a", "temperature", 106.0 - MICROSECOND, 37.0)
    assert fate_of(*HOME, *BACK, *event, earlier, at=130.0) == Fate.CENSORED


def test_after_an_admission_the_days_are_those_of_a_hospital(fate_of):
    later = ("a", "crp", 400.0, 3.0)
    assert fate_of(*HOME, *BACK, later, at=200.0) == Fate.CENSORED  # silent for 24 h
    assert fate_of(*HOME, *BACK, later, ("a", "crp", 210.0, 3.0), at=200.0) == Fate.NO_EVENT


def test_a_visit_of_one_moment_and_a_transfer_move_nobody(fate_of):
    visit = (("a", "admission", 40.0, NAN), ("a", "discharge", 40.0, NAN))
    assert fate_of(*HOME, *visit, ("a", "temperature", 106.0, 37.0), ("a", "crp", 400.0, 3.0),
                   at=130.0) == Fate.NO_EVENT  # fmt: skip
    stay = (("a", "therapy", 0.0, NAN), ("a", "admission", 0.0, NAN), ("a", "crp", 22.0, 3.0))
    moved = (("a", "discharge", 30.0, NAN), ("a", "admission", 30.0, NAN), ("a", "crp", 36.0, 3.0))
    assert fate_of(*stay, *moved, at=24.0) == Fate.CENSORED  # the records stop in hospital


@pytest.mark.parametrize("event", [(), (("a", "infection_onset", 149.0, NAN),)])
def test_silent_days_of_outpatients_count_where_a_follow_up_is_documented(event, fate_of):
    visits = (("a", "therapy", 0.0, NAN), *(("a", "crp", h, 3.0) for h in (0.0, 168.0)))
    followed = (*visits, ("a", "observation_end", 400.0, NAN))
    expected = Fate.EVENT if event else Fate.NO_EVENT
    assert fate_of(*followed, *event, at=130.0, outcome=Outcome.INFECTION) == expected


def test_a_follow_up_takes_nothing_from_those_who_leave_within_the_horizon(fate_of):
    leaves = (("a", "therapy", 0.0, NAN), ("a", "admission", 0.0, NAN), ("a", "crp", 24.0, 3.0),
              ("a", "discharge", 30.0, NAN))  # fmt: skip
    assert fate_of(*leaves, at=26.0) == Fate.NO_EVENT
    assert fate_of(*leaves, ("a", "observation_end", 200.0, NAN), at=26.0) == Fate.NO_EVENT


def test_what_is_censored_is_not_learnt_however_near_an_onset_comes(draw_events, ask_at):
    events = draw_events(*HOME, *BACK, ("a", "infection_onset", 149.0, NAN))
    rows = ask_at(("a", 148.0))
    labels = label_rows(events, rows, Outcome.INFECTION, DAY)
    assert labels.fate[0] == Fate.CENSORED
    assert np.isnan(learning_target(events, rows, Outcome.INFECTION, labels)).all()


def test_death_within_the_horizon_is_censored_and_after_an_event_an_event(fate_of):
    short = QUIET[:3]
    died = ("a", "death", 22.0, NAN)
    assert fate_of(*QUIET, died) == Fate.CENSORED
    assert fate_of(*short, ("a", "discharge", 21.0, NAN), died) == Fate.CENSORED
    assert fate_of(*QUIET, died, ("a", "crs_grade", 10.0, 4.0)) == Fate.EVENT
    assert fate_of(*QUIET, ("a", "death", 24.0 + MICROSECOND, NAN)) == Fate.NO_EVENT


def test_inside_an_episode_wins_over_every_other_fate(fate_of):
    first = ("a", "infection_onset", -13 * 24.0, NAN)
    again = ("a", "infection_onset", 5.0, NAN)
    assert fate_of(*QUIET, first, again, outcome=Outcome.INFECTION) == Fate.NOT_AT_RISK
    old = ("a", "infection_onset", -14 * 24.0 - 1.0, NAN)
    assert fate_of(*QUIET, old, again, outcome=Outcome.INFECTION) == Fate.EVENT


def test_a_patient_whose_crs_came_down_is_at_risk_again(fate_of):
    history = (("a", "crs_grade", -20.0, 3.0), ("a", "crs_grade", -5.0, 1.0))
    assert fate_of(*QUIET, *history) == Fate.NO_EVENT
    assert fate_of(*QUIET, *history, ("a", "crs_grade", 9.0, 3.0)) == Fate.EVENT


def test_no_patient_takes_anothers_event_and_rows_keep_their_order(draw_events, ask_at):
    others = [("b" if p == "a" else p, *rest) for p, *rest in QUIET]
    events = draw_events(
        *QUIET, *others, ("b", "crs_grade", 30.0, 3.0), ("a", "temperature", 40.0, 37.0),
        ("b", "temperature", 40.0, 37.0),
    )  # fmt: skip
    asked = ask_at(("b", 24.0), ("a", 24.0), ("b", 0.0), ("a", 0.0), ("b", 30.0), ("nobody", 0.0))
    found = label_rows(events, asked, Outcome.SEVERE_CRS, DAY)
    assert found.fate.tolist() == [
        Fate.EVENT, Fate.NO_EVENT, Fate.NO_EVENT, Fate.NO_EVENT, Fate.NOT_AT_RISK, Fate.CENSORED
    ]  # fmt: skip
    assert found.counts == {"event": 1, "no_event": 3, "not_at_risk": 1, "censored": 1}


def test_the_horizon_can_be_shorter(draw_events, ask_at):
    events = draw_events(*QUIET, ("a", "crs_grade", 10.0, 3.0), ("a", "crp", 5.0, 1.0))
    asked = ask_at(("a", 0.0))
    six, twelve = (pd.Timedelta(hours=h) for h in (6, 12))
    assert label_rows(events, asked, Outcome.SEVERE_CRS, six).fate.tolist() == [Fate.NO_EVENT]
    assert label_rows(events, asked, Outcome.SEVERE_CRS, twelve).fate.tolist() == [Fate.EVENT]


def test_the_learning_target_is_the_label_where_no_nearness_is_declared(draw_events, ask_at):
    assert Outcome.SEVERE_CRS not in NEARNESS
    events = draw_events(*QUIET, ("a", "crs_grade", 30.0, 3.0))
    asked = ask_at(("a", 0.0), ("a", 20.0), ("a", 30.0))
    labels = label_rows(events, asked, Outcome.SEVERE_CRS, DAY)
    target = learning_target(events, asked, Outcome.SEVERE_CRS, labels)
    assert np.array_equal(target, labels.label, equal_nan=True)


def test_the_learning_target_of_infection_sharpens_towards_the_onset(draw_events, ask_at):
    near = NEARNESS[Outcome.INFECTION]
    onset = 100.0
    events = draw_events(
        *QUIET, *(("a", "crp", float(h), 1.0) for h in range(0, 200, 9)),
        ("a", "infection_onset", onset, NAN),
    )  # fmt: skip
    hours = (
        onset - 30.0, onset - 24.0, onset - near.hours - 0.1, onset - near.hours, onset - 0.1,
        onset, onset + near.after_hours, onset + near.after_hours + 0.1,
    )  # fmt: skip
    asked = ask_at(*(("a", hour) for hour in hours))
    labels = label_rows(events, asked, Outcome.INFECTION, DAY)
    found = learning_target(events, asked, Outcome.INFECTION, labels)
    far = 1.0 - near.share
    assert found == pytest.approx([0.0, far, far, 1.0, 1.0, 1.0, 1.0, NAN], nan_ok=True)
