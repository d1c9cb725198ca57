"""The choice of a calibration: the simplest that is as good as the best in patients apart."""

import numpy as np
import pytest
from scipy.special import expit

from models.calibration import fit_calibration
from models.calibration_curves import Kind
from training.calibrating import Choice, _as_good, calibrate, choose


def drawn(curve, patients=1500, seed=0):
    random = np.random.default_rng(seed)
    margin = random.normal(-1.0, 1.5, 3 * patients)
    label = (random.random(len(margin)) < expit(curve(margin))).astype(float)
    return margin, label, np.repeat(np.arange(patients), 3)


@pytest.mark.parametrize(
    ("curve", "expected"),
    [
        (lambda m: 0.8 * m - 0.5, Kind.LOGISTIC),
        (lambda m: 3.0 * np.logaddexp(0.0, m) - 0.2 * np.logaddexp(0.0, -m) - 3.0, Kind.BETA),
        (lambda m: np.where(m < -1.0, -4.0, np.where(m < 0.5, 0.0, 3.0)), Kind.ISOTONIC),
    ],
    ids=["a line", "two slopes", "steps"],
)
def test_auto_takes_the_simplest_that_the_truth_allows(curve, expected):
    margin, label, patient = drawn(curve)
    assert choose(margin, label, patient, 5) == expected
    found = calibrate(margin, label, patient, 5, Choice.AUTO)
    assert found == fit_calibration(margin, label, patient, 5, expected)


def test_a_few_events_keep_the_line():
    margin, label, patient = drawn(lambda m: m - 3.0, patients=60)
    assert 2 < label.sum() < 15
    assert choose(margin, label, patient, 5) == Kind.LOGISTIC
    alone = (np.arange(len(label)) == 7).astype(float)
    assert choose(margin, alone, patient, 5) == Kind.LOGISTIC  # one patient cannot be set apart


def test_the_rule_by_hand():
    # gaps 1, 1, 4 of three patients: sum 6, standard error of the sum sqrt(3) x sqrt(3) = 3
    assert not _as_good(np.array([1.0, 1.0, 4.0]))
    # gaps -2, 1, 4.5: sum 3.5, standard error sqrt(3) x 3.25 = 5.6
    assert _as_good(np.array([-2.0, 1.0, 4.5]))
    assert _as_good(np.zeros(3))


def test_a_kind_that_is_asked_for_is_taken():
    margin, label, patient = drawn(lambda m: m - 3.0, patients=100)
    for choice in (Choice.LOGISTIC, Choice.BETA, Choice.ISOTONIC):
        assert calibrate(margin, label, patient, 5, choice).kind == str(choice)
