"""Observed rates against stated intervals, by hand."""

import numpy as np
import pytest

from training.judging.doubt.interval_coverage import PROMISE, interval_coverage


def test_bands_by_hand():
    # 40 rows foretold 0.05 with 2 events, ten foretold 0.5 with 9, two foretold 0.0001 with none
    risk = np.repeat([0.05, 0.5, 0.0001], [40, 10, 2])
    label = np.zeros(52)
    label[[3, 8, *range(40, 49)]] = 1.0
    low, high = risk / 2.0, np.minimum(1.6 * risk, 1.0)
    found = interval_coverage(label, risk, low, high, np.arange(52))
    assert found["promise"] == PROMISE
    assert (found["level"], found["bands_counted"], found["bands_within"]) == (0.90, 2, 1)
    assert found["rows_within"] == pytest.approx(40 / 50)
    tiny, small, large = found["groups"]
    assert (small["from"], small["below"], small["rows"], small["events"]) == (0.03, 0.1, 40, 2)
    assert (small["observed"], small["within"]) == (pytest.approx(0.05), True)
    assert (small["low"], small["high"]) == (pytest.approx(0.025), pytest.approx(0.08))
    assert (large["observed"], large["within"]) == (pytest.approx(0.9), False)
    assert tiny["within"] is None  # 0.0002 foretold events cannot be held against anything
    assert tiny["chance_high"] > 0.5


def test_a_certain_risk_has_a_place_and_no_row_at_all_says_so():
    one = interval_coverage(
        np.array([1.0, 1.0]), np.ones(2), np.full(2, 0.5), np.ones(2), np.array(["a", "b"])
    )
    assert [(g["below"], g["within"]) for g in one["groups"]] == [(1.0, True)]
    nothing = interval_coverage(*(np.zeros(0) for _ in range(4)), np.zeros(0))
    assert (nothing["groups"], nothing["rows_within"]) == ([], None)


@pytest.mark.parametrize(("low", "within"), [(0.0001, True), (0.0009, False)])
def test_without_an_event_the_rate_that_chance_leaves_open_is_held_against_the_interval(
    low, within
):
    """0 of 4,000: a rate of up to 0.00075 is left open (one side of an exact 90 % interval)."""
    rows = 4000
    columns = (np.zeros(rows), np.full(rows, 0.0005), np.full(rows, low), np.full(rows, 0.002))
    (band,) = interval_coverage(*columns, np.arange(rows))["groups"]
    assert band["chance_high"] == pytest.approx(1 - 0.05 ** (1 / rows), rel=0.3)
    assert band["within"] is within
