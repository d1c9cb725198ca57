"""A group counts what its members count, at every moment."""

import numpy as np
import pandas as pd
import pytest

from features.catalogue import ANALYTES
from features.groups import BLOOD_GAS, GROUPS
from features.matrix import as_of_grid, feature_rows
from features.trajectory import Feature, Statistic


@pytest.fixture(scope="module")
def mixed_events(draw_events):
    """Three patients with 300 results each of everything that is measured, most known later."""
    random = np.random.default_rng(1)
    keys = [*ANALYTES, "tocilizumab"]
    lines = []
    for patient in "abc":
        for _ in range(300):
            key, hour = random.choice(keys), round(72.0 * random.random(), 1)
            lines.append((patient, str(key), hour, 1.0, hour + random.choice([0, 1, 9])))
    return draw_events(*lines)


@pytest.mark.parametrize("hours", [None, 24, 7])
@pytest.mark.parametrize("group", GROUPS)
def test_a_group_counts_the_sum_of_its_members_at_every_moment(group, hours, mixed_events):
    moments = as_of_grid(mixed_events, pd.Timedelta(hours=1))
    count = [Feature(key, Statistic.COUNT, hours) for key in (group, *sorted(GROUPS[group]))]
    rows = feature_rows(mixed_events, moments, count)
    assert (rows.iloc[:, 0] == rows.iloc[:, 1:].sum(axis=1)).all()
    assert rows.iloc[:, 0].nunique() > 3


def test_a_result_counts_once_known_and_no_more_once_corrected(draw_events, ask_at):
    events = draw_events(
        ("a", "crp", 0.0, 5.0, 2.0),
        ("a", "platelets", 1.0, 150.0, 1.0, 4.0),  # superseded at hour 4
        ("a", "platelets", 1.0, 120.0, 4.0),
        ("a", "temperature", 1.0, 38.0),  # a vital sign
        ("b", "crp", 0.0, 5.0),
    )
    asked = ask_at(*(("a", hour) for hour in (0.5, 1.0, 2.0, 3.9, 4.0, 24.5)))
    count = Feature("any_laboratory", Statistic.COUNT, 24)
    assert feature_rows(events, asked, [count])[count.name].tolist() == [0, 1, 2, 2, 2, 1]


def test_the_age_of_a_group_is_that_of_its_latest_member(draw_events, ask_at):
    events = draw_events(("a", "ph", 1.0, 7.4), ("a", "pao2", 3.0, 80.0), ("a", "crp", 5.0, 9.0))
    age = Feature("blood_gas", Statistic.AGE)
    found = feature_rows(events, ask_at(("a", 0.0), ("a", 2.0), ("a", 6.0)), [age])[age.name]
    assert np.isnan(found.iloc[0])
    assert found.iloc[1:].tolist() == [1.0, 3.0]


def test_a_group_beside_its_members_changes_nothing_of_theirs(draw_events, ask_at):
    events = draw_events(*(("a", key, 0.0, 1.0) for key in (*BLOOD_GAS, "crp", "sex")))
    asked, last = ask_at(("a", 1.0)), [Feature(key, Statistic.LAST) for key in (*BLOOD_GAS, "crp")]
    count = Feature("blood_gas", Statistic.COUNT)
    together = feature_rows(events, asked, [count, *last])
    pd.testing.assert_frame_equal(
        together[[f.name for f in last]], feature_rows(events, asked, last)
    )
    assert together[count.name].tolist() == [len(BLOOD_GAS)]
