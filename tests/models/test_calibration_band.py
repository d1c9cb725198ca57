"""The band of observed rates: exact limits, patients as clusters, and coverage that is measured."""

import numpy as np
import pytest
from scipy.special import expit, logit
from scipy.stats import binomtest

from features.tables import InvalidInputError
from models.calibration import fit_calibration
from models.calibration_band import Band, design_effect, exact_limits, fit_band


@pytest.mark.parametrize(("events", "rows"), [(1, 10), (5, 10), (9, 10), (3, 500)])
def test_the_limits_are_those_of_clopper_and_pearson(events, rows):
    low, high = exact_limits(np.array([events]), np.array([rows]))
    expected = binomtest(events, rows).proportion_ci(0.90, method="exact")
    assert (low[0], high[0]) == pytest.approx((expected.low, expected.high), rel=1e-9)


def test_nothing_seen_in_ten_rows_leaves_a_quarter_possible_and_no_limit_is_0_or_1():
    low, high = exact_limits(np.array([0.0, 10.0]), np.array([10.0, 10.0]))
    assert high[0] == pytest.approx(1.0 - 0.05**0.1)  # 0.259: (1 - p) to the tenth is 5 %
    assert low[1] == pytest.approx(0.05**0.1)
    assert 0.0 < low[0] < 1e-3
    assert 1.0 - 1e-3 < high[1] < 1.0


def test_rows_that_always_agree_within_a_patient_count_once():
    label = np.array([0.0, 1.0, 0.0, 0.0] * 5)
    one_each = design_effect(np.zeros(20, dtype=int), label, np.arange(20))
    four_each = design_effect(
        np.zeros(80, dtype=int), np.repeat(label, 4), np.repeat(np.arange(20), 4)
    )
    assert (one_each, four_each) == (1.0, pytest.approx(4.0))


def test_a_band_by_hand():
    # 100 rows foretold 0.04 with 10 events, 100 foretold 0.5 with 50: two groups. Pooled with the
    # other group, neither limit would be tighter if the risks were right, but for one.
    risk = np.repeat([0.04, 0.5], 100)
    label = np.concatenate([np.ones(10), np.zeros(90), np.ones(50), np.zeros(50)])
    band = fit_band(logit(risk), label, np.arange(200))
    rare, even = (binomtest(k, 100).proportion_ci(0.90, method="exact") for k in (10, 50))
    assert expit(band.log_odds) == pytest.approx([0.04, 0.5])
    assert expit(band.low) == pytest.approx([rare.low, even.low])
    assert expit(band.high) == pytest.approx([rare.high, even.high])
    low, high = band.limits(logit([0.001, 0.5, 0.9]))
    fallen = band.low[0] - (logit(0.04) - logit(0.001))  # below all groups it falls with the risk
    risen = band.high[1] + logit(0.9) - logit(0.5)
    assert low == pytest.approx([fallen, band.low[1], band.low[1]])
    assert high == pytest.approx([band.high[0], band.high[1], risen])


def test_four_copies_of_every_row_of_a_patient_teach_nothing_new():
    log_odds, label = logit(np.repeat([0.04, 0.5], 100)), np.tile([1.0, 0.0, 0.0, 0.0], 50)
    once = fit_band(log_odds, label, np.arange(200))
    often = fit_band(*(np.repeat(each, 4) for each in (log_odds, label, np.arange(200))))
    assert (once.low, once.high) == (pytest.approx(often.low), pytest.approx(often.high))


def test_rows_above_bound_the_rate_of_the_few_below():
    # 30 rows foretold 0.001 and 300 foretold 0.004, none with an event, then 100 at a half: alone
    # the 30 allow 1 - 0.05^(1/30) = 9.5 %, with the 300 above them 0.9 %
    risk = np.repeat([0.001, 0.004, 0.5], [30, 300, 100])
    label = np.concatenate([np.zeros(330), np.ones(50), np.zeros(50)])
    band = fit_band(logit(risk), label, np.arange(430))
    assert expit(band.high[0]) == pytest.approx(1.0 - 0.05 ** (1 / 330), rel=1e-6)
    assert expit(band.low[2]) > 0.4  # the rows below hold no event and do not lower it


def test_thirty_events_leave_the_band_wide_and_finite():
    log_odds = np.linspace(-9.0, 1.0, 850)
    label = np.zeros(850)
    label[-60::2] = 1.0
    band = fit_band(log_odds, label, np.arange(850))
    assert np.isfinite([*band.low, *band.high]).all()
    assert min(np.array(band.high) - np.array(band.low)) > 0.9  # odds at least 2.4-fold apart
    assert expit(band.high[0]) > 0.003  # some 600 rows without an event exclude no less


@pytest.mark.parametrize(
    ("band", "says"),
    [
        (Band((0.0,), (0.0,), ()), "differ in length"),
        (Band((0.0, 0.0), (0.0, 0.0), (0.0, 0.0)), "must rise"),
        (Band((0.0,), (0.2,), (0.1,)), "low must not lie above high"),
    ],
)
def test_a_state_that_is_no_band_is_refused(band, says):
    with pytest.raises(InvalidInputError, match=f"file: band: .*{says}"):
        band.check("file: band")


ASKED = np.linspace(-4.0, 3.0, 8)


def bent(margin):
    """A truth that no line in log-odds can follow: flat below, steep above."""
    return -5.0 + 1.8 * np.maximum(margin, 0.0)


def rate_at(margin, spread):
    """Rate at a margin, patients' own log-odds averaged out (Gauss and Hermite)."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    return (expit(bent(margin)[:, None] + spread * nodes) * weights).sum(axis=1) / weights.sum()


@pytest.mark.parametrize("spread", [0.0, 1.5])
def test_the_interval_holds_the_true_rate_nine_times_in_ten_though_the_line_is_wrong(spread):
    truth, held, held_by_the_line = rate_at(ASKED, spread), [], []
    for seed in range(50):
        random = np.random.default_rng(seed)
        patient = np.repeat(np.arange(200), 6)
        margin = random.normal(-0.5, 2.0, 1200)
        own = np.repeat(random.normal(0.0, spread, 200), 6)
        label = (random.random(1200) < expit(bent(margin) + own)).astype(float)
        found = fit_calibration(margin, label, patient, 5)
        agreed = np.tile(ASKED[:, None], 5)
        low, high = found.interval(ASKED, agreed)
        held.append((low <= truth) & (truth <= high))
        half = 1.645 * np.sqrt(
            ASKED**2 * found.covariance[0] + 2 * ASKED * found.covariance[1] + found.covariance[2]
        )
        apart = np.abs(found.log_odds(ASKED) - logit(truth))
        held_by_the_line.append(apart <= half)
    assert np.mean(held) >= 0.90
    assert np.mean(held, axis=0).min() >= 0.84  # 42 of 50
    assert np.mean(held_by_the_line) < 0.60
