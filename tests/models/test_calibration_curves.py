"""Beta and isotonic curves beside the line: second routes, ends, and states on file."""

import json

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit, logit
from sklearn.isotonic import IsotonicRegression

from features.tables import InvalidInputError
from models.calibration import fit_calibration, read_calibration
from models.calibration_curves import Isotonic, Kind, fit_beta, fit_isotonic

FAR = np.linspace(-60.0, 60.0, 241)


def drawn(curve, rows=4000, seed=1):
    random = np.random.default_rng(seed)
    margin = random.normal(-1.0, 1.8, rows)
    return margin, (random.random(rows) < expit(curve(margin))).astype(float)


def beta_curve(a, b, c):
    return lambda margin: a * np.log(expit(margin)) - b * np.log1p(-expit(margin)) + c


def test_beta_is_the_maximum_of_its_likelihood():
    margin, label = drawn(beta_curve(0.6, 1.7, 0.3), rows=600)
    found = fit_beta(margin, label)

    def surprise(state):
        return -np.mean(
            label * beta_curve(*state)(margin) - np.logaddexp(0, beta_curve(*state)(margin))
        )

    best = minimize(surprise, [1.0, 1.0, 0.0], method="Nelder-Mead",
                    options={"xatol": 1e-7, "fatol": 1e-13, "maxiter": 4000}).x  # fmt: skip
    assert (found.a, found.b, found.c) == pytest.approx(best, abs=1e-3)


def test_beta_recovers_the_curve_that_drew_the_labels():
    margin, label = drawn(beta_curve(0.5, 2.0, -0.2), rows=40_000)
    found = fit_beta(margin, label)
    assert (found.a, found.b, found.c) == pytest.approx((0.5, 2.0, -0.2), abs=0.12)


def test_a_falling_side_of_beta_is_held_level_and_no_signal_gives_the_base_rate():
    margin, label = drawn(lambda m: -2.0 - np.abs(m + 1.0) * (m < -1.0) * -1.0 + 2.0 * (m > -1.0))
    held = fit_beta(margin, label)
    assert (held.a, held.b > 0.0) == (0.0, True)
    margin, label = drawn(lambda m: -m)
    flat = fit_beta(margin, label)
    assert (flat.a, flat.b) == (0.0, 0.0)
    np.testing.assert_allclose(expit(flat.log_odds(margin)), label.mean())


def test_isotonic_by_hand():
    # -2 and -1: 0 events of 2 rows; 0 and 1 are pooled to 1 of 2; 2: 1 of 1
    found = fit_isotonic(np.arange(-2.0, 3.0), np.array([0.0, 0.0, 1.0, 0.0, 1.0]))
    assert expit(found.log_odds(np.array([-9.0, -1.5, 0.0, 0.7, 2.0, 9.0]))) == pytest.approx(
        [1 / 4, 1 / 4, 1 / 2, 1 / 2, 2 / 3, 2 / 3]  # Laplace: (0 + 1) / (2 + 2), (1 + 1) / (1 + 2)
    )


def test_isotonic_is_scikit_learns_between_its_ends():
    margin, label = drawn(lambda m: m - 2.0)
    found = expit(fit_isotonic(margin, label).log_odds(margin))
    theirs = IsotonicRegression().fit_transform(margin, label)
    between = (theirs > 0.0) & (theirs < 1.0)
    least = min(1.0 / ((theirs == 0.0).sum() + 2.0), theirs[between].min())
    most = max(1.0 - 1.0 / ((theirs == 1.0).sum() + 2.0), theirs[between].max())
    np.testing.assert_allclose(found[between], theirs[between], rtol=1e-9)
    np.testing.assert_allclose(found[theirs == 0.0], least, rtol=1e-9)
    np.testing.assert_allclose(found[theirs == 1.0], most, rtol=1e-9)


@pytest.mark.parametrize("kind", list(Kind))
def test_every_curve_is_finite_never_falls_and_keeps_the_mean(kind):
    margin, label = drawn(beta_curve(0.5, 2.0, -1.0))
    found = fit_calibration(margin, label, np.arange(len(label)) // 4, 5, kind)
    far = found.log_odds(FAR)
    assert np.isfinite(far).all()
    assert (np.diff(far) >= 0.0).all()
    assert found.risk(margin).mean() == pytest.approx(label.mean(), rel=0.01)
    low, high = found.interval(FAR, np.tile(FAR[:, None], 3))
    assert ((low <= found.risk(FAR)) & (found.risk(FAR) <= high)).all()


@pytest.mark.parametrize("kind", list(Kind))
def test_line_and_remainder_make_the_curve(kind):
    margin, label = drawn(beta_curve(0.5, 2.0, -1.0))
    found = fit_calibration(margin, label, np.arange(len(label)), 5, kind)
    line = found.slope * margin + found.intercept
    np.testing.assert_allclose(line + found.remainder(margin), found.log_odds(margin), atol=1e-12)
    assert np.abs(found.remainder(margin)).max() == 0.0 if kind == Kind.LOGISTIC else 0.3


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_survives_json_bit_for_bit(kind):
    margin, label = drawn(beta_curve(0.5, 2.0, -1.0), rows=500)
    found = fit_calibration(margin, label, np.arange(500), 5, kind)
    again = read_calibration(json.loads(json.dumps(found.to_json())), "file")
    assert again == found
    assert again.kind == kind


def test_a_state_from_before_there_were_bands_answers_as_it_did():
    stated = {"kind": "affine", "slope": 0.5, "intercept": 1.0, "folds": 3,
              "covariance": [0.04, -0.01, 0.09], "interval_level": 0.9}  # fmt: skip
    found = read_calibration(stated, "file")
    assert found.kind == Kind.LOGISTIC
    low, high = found.interval(np.array([2.0]), np.array([[1.0, 2.0, 3.0]]))
    half = 1.6448536 * np.sqrt(1 / 3 + 0.21)  # as in test_the_interval_by_hand
    assert logit([low[0], high[0]]) == pytest.approx([2.0 - half, 2.0 + half], rel=1e-6)


ISOTONIC = {"margins": [-1.0, 1.0], "risks": [0.1, 0.4]}
WRONG = [
    ({"kind": "spline"}, "file: kind: 'spline', not of logistic, beta, isotonic"),
    ({"slope": -0.1}, "file: slope must not lie below 0"),
    ({"folds": 0}, "nor folds below 1"),
    ({"kind": "beta"}, "file: curve: is null, not an object"),
    ({"kind": "beta", "curve": {"a": 1.0, "b": 1.0}}, "file: curve: c is missing"),
    ({"kind": "beta", "curve": {"a": -1.0, "b": 1.0, "c": 0.0}}, "must not lie below 0"),
    ({"kind": "isotonic", "curve": ISOTONIC | {"risks": [0.1]}}, "one risk for each margin"),
    ({"kind": "isotonic", "curve": ISOTONIC | {"margins": [1.0, 1.0]}}, "margins must rise"),
    ({"kind": "isotonic", "curve": ISOTONIC | {"risks": [0.4, 0.1]}}, "risks must not fall"),
    ({"kind": "isotonic", "curve": ISOTONIC | {"risks": [0.0, 0.1]}}, "between 0 and 1"),
    ({"kind": "isotonic", "curve": ISOTONIC | {"risks": [0.5, 1.0]}}, "between 0 and 1"),
    ({"kind": "isotonic", "curve": {"margins": [], "risks": []}}, "at least one"),
    ({"band": {"log_odds": [0.0], "low": [0.0]}}, "file: band: high is missing"),
    ({"band": {"log_odds": [0.0], "low": [0.2], "high": [0.1]}}, "file: band: low must not"),
]


@pytest.mark.parametrize(("changed", "says"), WRONG)
def test_a_state_that_is_no_calibration_is_refused_by_its_place(changed, says):
    margin, label = drawn(lambda m: m, rows=200)
    stated = fit_calibration(margin, label, np.arange(200), 5).to_json()
    with pytest.raises(InvalidInputError) as refused:
        read_calibration(json.loads(json.dumps(stated | changed)), "file")
    assert says in str(refused.value)


def test_one_knot_is_a_level():
    assert expit(Isotonic((0.0,), (0.2,)).log_odds(FAR)) == pytest.approx(np.full(len(FAR), 0.2))


def test_a_lowest_group_without_an_event_lifts_no_other_group():
    """One row below all events: Laplace's 1/3 would stand above the rate of everybody else."""
    margin = np.arange(1000.0)
    label = np.zeros(1000)
    label[1::50] = 1.0
    risk = expit(fit_isotonic(margin, label).log_odds(margin))
    assert risk.mean() == pytest.approx(label.mean(), rel=0.02)


def test_rows_that_count_for_several_give_the_isotonic_curve_of_repeated_rows():
    margin = np.linspace(-3.0, 3.0, 60)
    label = (np.arange(60) % 7 == 3).astype(float) * (margin > -1.0)
    counts = 1.0 + np.arange(60) % 3
    repeated = [np.repeat(each, counts.astype(int)) for each in (margin, label)]
    weighted = fit_isotonic(margin, label, counts).log_odds(margin)
    assert weighted == pytest.approx(fit_isotonic(*repeated).log_odds(margin))
