"""Calibration on simulated margins whose truth is known."""

import json

import numpy as np
import pytest
from scipy.special import expit, logit

from models.calibration import INTERVAL_LEVEL, Calibration, fit_calibration, read_calibration
from models.calibration_curves import Line


def simulated(slope: float, intercept: float, rows: int = 20_000, seed: int = 0):
    random = np.random.default_rng(seed)
    margin = random.normal(-1.0, 1.5, rows)
    label = (random.random(rows) < expit(slope * margin + intercept)).astype(float)
    return margin, label


@pytest.mark.parametrize(("slope", "intercept"), [(1.0, 0.0), (0.5, -1.0), (2.0, 0.7)])
def test_slope_and_intercept_are_recovered(slope, intercept):
    margin, label = simulated(slope, intercept)
    found = fit_calibration(margin, label, np.arange(len(label)), 5)
    assert found.slope == pytest.approx(slope, abs=0.08)
    assert found.intercept == pytest.approx(intercept, abs=0.08)
    assert found.risk(margin).mean() == pytest.approx(label.mean(), abs=1e-5)


def test_the_sandwich_equals_the_spread_of_repeated_fits():
    estimates, stated = [], []
    for seed in range(80):
        margin, label = simulated(1.0, -0.5, rows=600, seed=seed)
        found = fit_calibration(margin, label, np.arange(600), 5)
        estimates.append((found.slope, found.intercept))
        stated.append(found.covariance)
    spread = np.cov(np.array(estimates).T)
    expected = [spread[0, 0], spread[0, 1], spread[1, 1]]
    np.testing.assert_allclose(np.mean(stated, axis=0), expected, rtol=0.4)


def test_rows_of_one_patient_count_as_one_witness():
    margin, label = simulated(1.0, 0.0, rows=500)
    single = fit_calibration(margin, label, np.arange(500), 5)
    copies = fit_calibration(np.tile(margin, 4), np.tile(label, 4), np.tile(np.arange(500), 4), 5)
    np.testing.assert_allclose(copies.covariance, single.covariance, rtol=1e-3)


def test_a_model_without_signal_gives_the_base_rate_and_never_a_reversed_sign():
    margin, label = simulated(-1.0, 0.0, rows=2000)
    found = fit_calibration(margin, label, np.arange(2000), 5)
    assert found.slope == 0.0
    np.testing.assert_allclose(found.risk(margin), label.mean(), rtol=1e-12)


def test_the_interval_holds_the_risk_and_widens_with_doubt():
    line = Line(0.8, -0.3)
    calibration = Calibration(line, (0.02, 0.001, 0.03), 5, line)
    margin = np.linspace(-6, 6, 25)
    agreed = np.tile(margin[:, None], 5)
    apart = agreed + np.array([-1.0, -0.5, 0.0, 0.5, 1.0])
    low, high = calibration.interval(margin, agreed)
    wide_low, wide_high = calibration.interval(margin, apart)
    risk = calibration.risk(margin)
    assert (low < risk).all()
    assert (risk < high).all()
    assert (wide_low < low).all()
    assert (high < wide_high).all()


def test_the_interval_by_hand():
    line = Line(0.5, 1.0)
    calibration = Calibration(line, (0.04, -0.01, 0.09), 3, line)
    low, high = calibration.interval(np.array([2.0]), np.array([[1.0, 2.0, 3.0]]))
    # members: (3 - 1) x 0.5 squared x 2/3 = 1/3; calibration: 4 x 0.04 - 4 x 0.01 + 0.09 = 0.21
    half = 1.6448536 * np.sqrt(1 / 3 + 0.21)
    assert logit([low[0], high[0]]) == pytest.approx([2.0 - half, 2.0 + half], rel=1e-6)
    assert INTERVAL_LEVEL == 0.90


def test_it_survives_json_bit_for_bit():
    margin, label = simulated(1.3, -0.2, rows=300)
    found = fit_calibration(margin, label, np.arange(300) // 3, 5)
    assert read_calibration(json.loads(json.dumps(found.to_json())), "file") == found
