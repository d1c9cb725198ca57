"""Alarms and events: counted by hand, and against a slow count patient by patient."""

import numpy as np
import pytest

from features.outcomes import Outcome
from training.judging.alarms.alarms import BUDGETS, Budget, Watch, alarms_of, alarms_within
from training.judging.alarms.events import (
    EARLY_HOURS,
    event_figures,
    judge_events,
    onsets_of,
    tally,
    watch_of,
)
from training.judging.rows.resampled import told
from training.judging.rows.sample import Sample, patient_draws
from training.labels import hours_to_event

DAY = 24.0


def watch(*rows, days=None):
    """Rows (patient, hour, hours to the onset or None) as a watch."""
    patient = np.array([row[0] for row in rows])
    ahead = np.array([np.nan if row[2] is None else row[2] for row in rows])
    hour = np.array([row[1] for row in rows], dtype=float)
    count = int(patient.max()) + 1
    found = np.bincount(patient, minlength=count).astype(float) if days is None else days
    return Watch(patient, hour, ahead, count, np.asarray(found, dtype=float))


def days_of_cohort(patients=40, rows=8, seed=0):
    """A row a day; a third of the patients have one onset, after which nothing is asked."""
    generator = np.random.default_rng(seed)
    found = []
    for patient in range(patients):
        onset = generator.uniform(10, 24 * rows) if patient % 3 == 0 else None
        for day in range(rows):
            ahead = None if onset is None else onset - DAY * day
            if ahead is None or ahead > 0:
                found.append((patient, DAY * day, ahead))
    return watch(*found)


def test_hours_to_the_next_onset_count_from_the_row(draw_events, ask_at):
    events = draw_events(("a", "infection_onset", 30.0, None), ("a", "infection_onset", 90.0, None),
                         ("b", "crs_grade", 5.0, 3.0), ("b", "crs_grade", 9.0, 2.0))  # fmt: skip
    rows = ask_at(("a", 90.0), ("a", 0.0), ("b", 0.0), ("a", 30.0), ("b", 5.0))
    assert hours_to_event(events, rows, Outcome.INFECTION) == pytest.approx(
        [np.nan, 30.0, np.nan, 60.0, np.nan], nan_ok=True
    )
    assert hours_to_event(events, rows, Outcome.SEVERE_CRS)[[2, 4]] == pytest.approx(
        [5.0, np.nan], nan_ok=True
    )


def test_after_an_alarm_a_patient_is_silent_for_its_hours_and_no_other_patient_is():
    rows = watch((0, 0, None), (0, 12, None), (0, 24, None), (0, 36, None), (0, 48, None),
                 (1, 12, None))  # fmt: skip
    calls = np.array([False, True, True, True, True, True])
    assert alarms_of(rows, calls, 24.0).tolist() == [False, True, False, True, False, True]
    assert alarms_of(rows, calls, 0.0).tolist() == calls.tolist()


def test_the_threshold_is_the_lowest_that_keeps_the_budget():
    rows = watch(*((0, DAY * day, None) for day in range(20)))
    risk = np.linspace(0.0, 0.95, 20)
    (sounds,) = alarms_within(rows, risk, Budget(10))  # 20 patient-days allow two alarms
    assert np.flatnonzero(sounds).tolist() == [18, 19]


def test_a_silenced_row_leaves_its_alarm_to_another():
    rows = watch((0, 0, None), (0, 12, None), (0, 48, None), (1, 0, None), days=[5, 5])
    (sounds,) = alarms_within(rows, np.array([0.9, 0.8, 0.1, 0.7]), Budget(5))
    assert sounds.tolist() == [True, False, False, True]


def test_equal_risks_sound_by_lot_and_neither_missing_ones_nor_the_no_of_a_rule_do():
    rows = watch(*((patient, 0, None) for patient in range(40)))
    lots = list(alarms_within(rows, np.full(40, 0.3), Budget(10)))
    assert [lot.sum() for lot in lots] == [4] * len(lots)
    assert len({tuple(lot) for lot in lots}) == len(lots) > 1
    risk = np.full(40, np.nan)
    risk[7] = 0.2
    assert [np.flatnonzero(lot).tolist() for lot in alarms_within(rows, risk, Budget(10))] == [[7]]
    rule = np.zeros(40)
    rule[[3, 5]] = 1.0
    assert all(np.flatnonzero(lot).tolist() == [3, 5]
               for lot in alarms_within(rows, rule, Budget(10)))  # fmt: skip


def test_found_lead_and_cost_by_hand():
    # patient 0: onset at 80 h, alarms 70 and 22 h before it; patient 1: an alarm 60 h before the
    # onset and none in the last day; patient 2: no onset, one alarm; patient 3: missed altogether
    rows = watch((0, 10, 70.0), (0, 34, 46.0), (0, 58, 22.0),
                 (1, 0, 60.0), (1, 48, 12.0), (2, 0, None), (2, 24, None), (3, 0, 20.0),
                 days=[3, 2, 2, 1])  # fmt: skip
    sounds = np.array([True, False, True, True, False, True, False, False])
    found = tally(rows, onsets_of(rows), 24.0, [sounds])
    figures = {name: value[0] for name, value in event_figures(found, np.ones((1, 4))).items()}
    assert figures == pytest.approx(
        {
            "found": 1 / 3,
            "found_early": 2 / 3,
            "lead_median": 65.0,  # of 60 and 70: the mean of the two
            "lead_low": 60.0,
            "lead_high": 70.0,
            "ppv": 1 / 4,
            "alarms_per_found": 4.0,
            "false_alarms_per_day": 3 / 8,
            "alarms_per_day": 4 / 8,
        }
    )


def slow(rows, sounds, draw, horizon=24.0):
    """The figures again, patient by patient, each as often as drawn."""
    events = found = early = alarms = right = days = 0
    leads = []
    for patient, times in enumerate(draw.astype(int)):
        for _ in range(times):
            mine = rows.patient == patient
            days += rows.days[patient]
            alarms += sounds[mine].sum()
            right += sum(rows.ahead[mine & sounds] <= horizon)
            near = rows.ahead[mine][rows.ahead[mine] <= EARLY_HOURS]
            if not len(near):
                continue
            events += 1
            heard = [a for a in rows.ahead[mine & sounds] if a <= EARLY_HOURS]
            found += any(a <= horizon for a in heard)
            early += bool(heard)
            leads += [max(heard)] if heard else []
    median = np.median(leads) if leads else np.nan
    return {"found": found / events, "found_early": early / events, "lead_median": median,
            "ppv": right / alarms, "alarms_per_day": alarms / days}  # fmt: skip


def test_figures_under_any_resample_are_those_of_a_slow_count():
    rows = days_of_cohort()
    generator = np.random.default_rng(3)
    sounds = generator.random(len(rows)) < 0.3
    draws = patient_draws(rows.patients, 6, seed=4)
    figures = event_figures(tally(rows, onsets_of(rows), 24.0, [sounds]), draws)
    for number, draw in enumerate(draws):
        expected = slow(rows, sounds, draw)
        assert {name: figures[name][number] for name in expected} == pytest.approx(expected)


def judged(rows, **risks):
    """The rows as samples, one repeat a scorer."""
    label = (rows.ahead <= 24.0).astype(float)
    day = np.arange(len(rows))
    return {name: [Sample(label, risk, rows.patient, rows.patients, day)]
            for name, risk in risks.items()}  # fmt: skip


def test_a_model_that_knows_is_better_than_one_that_guesses_beyond_chance():
    rows = days_of_cohort(patients=90)
    known = np.where(rows.ahead <= 24.0, 0.9, 0.1) + 0.001 * np.arange(len(rows)) / len(rows)
    guessed = np.random.default_rng(1).random(len(rows))
    samples = judged(rows, model=known, persistence=guessed)
    draws = patient_draws(rows.patients, 100, seed=0)
    found = judge_events(rows, samples, draws, 24.0)
    assert found["events"] == found["patients_with_event"] == 30
    assert list(found["budgets"]) == [budget.title for budget in BUDGETS]
    main = found["budgets"]["1 alarm in 10 patient-days"]
    assert main["models"]["model"]["found"]["value"] == pytest.approx(1.0)
    assert main["models"]["model"]["alarms_per_day"]["value"] <= 0.1
    gap = main["differences"]["persistence"]["found"]
    assert gap["low"] > 0
    assert gap["value"] == pytest.approx(1.0 - main["models"]["persistence"]["found"]["value"])


def test_a_figure_that_every_resample_repeats_has_no_interval():
    rows = days_of_cohort(patients=90)
    known = np.where(rows.ahead <= 24.0, 0.9, 0.1) + 0.001 * np.arange(len(rows)) / len(rows)
    found = judge_events(rows, judged(rows, model=known), patient_draws(90, 50, 0), 24.0)
    everything = found["budgets"]["1 alarm in 10 patient-days"]["models"]["model"]["found"]
    assert (everything["value"], everything["low"]) == (1.0, None)
    assert "same in every resample" in everything["reason"]
    assert told(np.array([1.0, np.nan, 1.0, 1.0]), 9, "")["low"] is None


def test_patient_days_of_a_watch_are_counted_once_a_day():
    sample = Sample(np.zeros(4), np.zeros(4), np.array([0, 0, 0, 1]), 2, np.array([0, 0, 1, 7]))
    found = watch_of(sample, np.arange(4.0), np.full(4, np.nan))
    assert found.days.tolist() == [2.0, 1.0]
