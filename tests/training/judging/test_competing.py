"""Cumulative incidence on a worked example, first events drawn by hand, rules and their figures."""

import numpy as np
import pytest

from features.outcomes import Outcome
from training.judging.doubt.competing import (
    NONE,
    competing_rows,
    cumulative_incidence,
    first_events,
    in_horizon,
    incidence_table,
)
from training.labels import label_rows

DAY = np.timedelta64(24, "h")
BOTH = (Outcome.SEVERE_CRS, Outcome.INFECTION)


def test_aalen_and_johansen_by_hand():
    # day:    1 crs | 2 end | 3 death | 3 crs | 4 end
    # watched 5     | 4     | 3       | 3     | 1
    # free    4/5   |       | 4/5 x 1/3
    day = np.array([1.0, 2.0, 3.0, 3.0, 4.0])
    cause = np.array(["crs", NONE, "death", "crs", NONE], dtype=object)
    found = cumulative_incidence(day, cause, ("crs", "death"))
    assert found.day.tolist() == [0.0, 1.0, 3.0]
    assert found.by_cause["crs"] == pytest.approx([0.0, 1 / 5, 1 / 5 + 4 / 5 * 1 / 3])
    assert found.by_cause["death"] == pytest.approx([0.0, 0.0, 4 / 5 * 1 / 3])
    assert found.left.tolist() == [5, 5, 3]
    assert found.at(2.9) == pytest.approx({"crs": 0.2, "death": 0.0})
    assert found.at(9.0)["crs"] == pytest.approx(7 / 15)


def test_without_censoring_it_is_the_share_of_patients():
    random = np.random.default_rng(0)
    day, cause = random.integers(1, 9, 400).astype(float), random.choice(["a", "b"], 400)
    found = cumulative_incidence(day, cause.astype(object), ("a", "b", "never"))
    for when in (1, 4, 8):
        shares = {name: np.mean((day <= when) & (cause == name)) for name in ("a", "b")}
        assert found.at(when) == pytest.approx(shares | {"never": 0.0})


def test_those_who_die_first_can_no_longer_come_to_it():
    # ten patients, five die on day 1, the others come to CRS on day 2: half of all, not everybody
    day, cause = np.repeat([1.0, 2.0], 5), np.repeat(["death", "crs"], 5).astype(object)
    assert cumulative_incidence(day, cause, ("crs", "death")).at(2.0)["crs"] == pytest.approx(0.5)
    ignored = np.where(cause == "death", NONE, cause)  # deaths taken for records that end
    assert cumulative_incidence(day, ignored, ("crs",)).at(2.0)["crs"] == pytest.approx(1.0)


def test_nobody_with_an_event_gives_a_flat_curve():
    found = cumulative_incidence(np.array([3.0, 4.0]), np.array([NONE, NONE]), ("a",))
    assert found.at(99.0) == {"a": 0.0}


WARD = (
    *((name, "therapy", 0.0, np.nan) for name in "abcdef"),
    *((name, "temperature", 1.0, 37.0) for name in "abcdef"),
    ("a", "crs_grade", 36.0, 3.0), ("a", "death", 60.0, np.nan),
    ("b", "discharge", 48.0, np.nan), ("b", "crp", 72.0, 5.0),
    ("b", "infection_onset", 96.0, np.nan),
    ("c", "discharge", 48.0, np.nan), ("c", "crp", 24.0, 5.0),
    ("d", "death", 24.0, np.nan),
    ("e", "crp", 120.0, 5.0), ("e", "crs_grade", -5.0, 4.0), ("e", "crs_grade", 30.0, 2.0),
    ("f", "death", 24.0, np.nan), ("f", "crs_grade", 24.0, 3.0),
)  # fmt: skip


def test_first_events_by_hand(draw_events):
    found = first_events(draw_events(*WARD), BOTH)
    told = {name: (row["day"], row["cause"]) for name, row in found.iterrows()}
    assert told == {
        "a": (1.5, "severe_crs"),  # the death comes later
        "b": (4.0, "infection"),  # the first discharge was followed by a return
        "c": (2.0, "discharge"),
        "d": (1.0, "death"),
        "e": (5.0, NONE),  # grade 4 before the first dose, grade 2 after it
        "f": (1.0, "severe_crs"),  # at the same moment the outcome counts
    }
    table = incidence_table(draw_events(*WARD), BOTH)
    assert table["first"] == {"severe_crs": 2, "infection": 1, "death": 1, "discharge": 1}
    assert (table["patients"], table["records_end"]) == (6, 1)
    assert table["by_day"][0] == pytest.approx(
        {"day": 1, "severe_crs": 1 / 6, "death": 1 / 6, "infection": 0.0, "discharge": 0.0}
    )


def test_rules_are_counted_and_their_change_is_told(draw_events, ask_at):
    lines = (
        ("a", "therapy", 0.0, np.nan), ("a", "crp", 10.0, 5.0), ("a", "death", 20.0, np.nan),
        ("b", "therapy", 0.0, np.nan), ("b", "crp", 10.0, 5.0), ("b", "discharge", 12.0, np.nan),
        ("c", "therapy", 0.0, np.nan), ("c", "crs_grade", 20.0, 3.0), ("c", "crp", 60.0, 5.0),
        ("d", "therapy", 0.0, np.nan), ("d", "crp", 10.0, 5.0), ("d", "crp", 60.0, 5.0),
        ("d", "infection_onset", 5.0, np.nan),
    )  # fmt: skip
    events, as_of = draw_events(*lines), ask_at(*((name, 0.0) for name in "abcd"))
    labels = label_rows(events, as_of, Outcome.SEVERE_CRS, DAY)
    ahead = in_horizon(events, as_of, Outcome.SEVERE_CRS, DAY)
    found = competing_rows(ahead, labels, np.array([0.6, 0.2, 0.5, 0.1]))
    counts = {
        line["event"]: tuple(line[k] for k in ("rows", "event_rows", "no_event", "censored"))
        for line in found["rows"]
    }
    assert counts == {"death": (1, 0, 0, 1), "discharge": (1, 0, 1, 0), "other": (1, 0, 1, 0)}
    ruled, events_too, none_too, left_out = found["sensitivity"]
    assert (ruled["rows"], ruled["events"], ruled["auroc"]) == (3, 1, 1.0)
    assert (events_too["rows"], events_too["events"], events_too["auroc"]) == (4, 2, 1.0)
    assert (none_too["events"], none_too["auroc"]) == (1, pytest.approx(2 / 3))
    assert (left_out["rows"], left_out["events"]) == (2, 1)
    assert ruled["observed_to_expected"] == pytest.approx(1 / 0.8)


def test_figures_that_are_not_defined_are_null(draw_events, ask_at):
    events, as_of = (
        draw_events(("a", "therapy", 0.0, np.nan), ("a", "crp", 30.0, 5.0)),
        ask_at(("a", 0)),
    )
    labels = label_rows(events, as_of, Outcome.INFECTION, DAY)
    ahead = in_horizon(events, as_of, Outcome.INFECTION, DAY)
    found = competing_rows(ahead, labels, np.array([0.1]))
    assert {line["auroc"] for line in found["sensitivity"]} == {None}
