"""The curves that carry a model's margin to a calibrated probability: a line, beta, isotonic."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np
from scipy.special import logit
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from features.tables import InvalidInputError


class Kind(StrEnum):
    """How a margin becomes a probability, the simplest first."""

    LOGISTIC = "logistic"  # a line in log-odds
    BETA = "beta"  # two slopes: one for small, one for large probabilities
    ISOTONIC = "isotonic"  # any curve that never falls


class Curve(Protocol):
    """Calibrated log-odds of margins; never falling, always finite."""

    def log_odds(self, margin: np.ndarray) -> np.ndarray:
        """Calibrated log-odds, float64 of the margin's shape."""
        ...

    def check(self, place: str) -> None:
        """Refuse a state that is no such curve."""
        ...


@dataclass(frozen=True)
class Line:
    """log-odds = slope x margin + intercept (Platt 1999)."""

    slope: float
    intercept: float

    def log_odds(self, margin: np.ndarray) -> np.ndarray:
        """Calibrated log-odds of margins."""
        return self.slope * margin + self.intercept

    def check(self, place: str) -> None:
        """Any two numbers are a line."""


@dataclass(frozen=True)
class Beta:
    """log-odds = a ln(p) - b ln(1 - p) + c of the margin's probability p.

    Kull, Silva Filho and Flach 2017, doi 10.1214/17-EJS1338SI; a and b are 0 or more.
    """

    a: float
    b: float
    c: float

    def log_odds(self, margin: np.ndarray) -> np.ndarray:
        """Calibrated log-odds of margins."""
        return _beta_terms(margin) @ np.array([self.a, self.b]) + self.c

    def check(self, place: str) -> None:
        """Refuse a curve that falls."""
        if min(self.a, self.b) < 0.0:
            raise InvalidInputError(f"{place}: a and b must not lie below 0")


@dataclass(frozen=True)
class Isotonic:
    """Risks at rising margins, linear between them and constant beyond (Zadrozny and Elkan 2002).

    No risk is 0 or 1: see `fit_isotonic`.
    """

    margins: tuple[float, ...]
    risks: tuple[float, ...]

    def log_odds(self, margin: np.ndarray) -> np.ndarray:
        """Calibrated log-odds of margins."""
        found: np.ndarray = logit(np.interp(margin, self.margins, self.risks))
        return found

    def check(self, place: str) -> None:
        """Refuse knots that do not rise, and risks that fall or are 0 or 1."""
        if not self.margins or len(self.margins) != len(self.risks):
            raise InvalidInputError(f"{place}: needs one risk for each margin, and at least one")
        if (np.diff(self.margins) <= 0.0).any() or (np.diff(self.risks) < 0.0).any():
            raise InvalidInputError(f"{place}: margins must rise and risks must not fall")
        if not 0.0 < self.risks[0] <= self.risks[-1] < 1.0:
            raise InvalidInputError(f"{place}: risks must lie between 0 and 1")


def fit_line(margin: np.ndarray, label: np.ndarray, counts: np.ndarray | None = None) -> Line:
    """Fit without penalty; margins without any signal give slope 0 and the base rate.

    `counts` is how many rows of the population each stands for, here and below.
    """
    logistic = LogisticRegression(C=np.inf, tol=1e-8).fit(margin[:, None], label, counts)
    slope, intercept = float(logistic.coef_[0, 0]), float(logistic.intercept_[0])
    if slope <= 0.0:
        return Line(0.0, _base_rate(label, counts))
    return Line(slope, intercept)


def fit_beta(margin: np.ndarray, label: np.ndarray, counts: np.ndarray | None = None) -> Beta:
    """Fit without penalty; a slope that comes out below 0 is set to 0 and the other fitted anew."""
    terms = _beta_terms(margin)
    slopes, used = np.zeros(2), np.array([True, True])
    while used.any():
        logistic = LogisticRegression(C=np.inf, tol=1e-8, solver="newton-cholesky", max_iter=1000)
        logistic.fit(terms[:, used], label, counts)
        slopes[used] = logistic.coef_[0]
        if (slopes >= 0.0).all():
            return Beta(float(slopes[0]), float(slopes[1]), float(logistic.intercept_[0]))
        used &= slopes > slopes.min()
        slopes[~used] = 0.0
    return Beta(0.0, 0.0, _base_rate(label, counts))


def fit_isotonic(
    margin: np.ndarray, label: np.ndarray, counts: np.ndarray | None = None
) -> Isotonic:
    """Fit by pooling adjacent violators, then keep every log-odds finite.

    A lowest group of n rows without an event gets 1 / (n + 2), a highest group of n rows with
    nothing but events (n + 1) / (n + 2): Laplace's rule of succession, as far as the next group's
    risk allows. No other risk is moved.
    """
    fitted = IsotonicRegression(out_of_bounds="clip").fit(margin, label, counts)
    risk = fitted.predict(margin)
    worth = np.ones(len(label)) if counts is None else counts
    found = fitted.y_thresholds_
    between = found[(found > 0.0) & (found < 1.0)]
    least = 1.0 / (worth[risk == 0.0].sum() + 2.0)
    most = 1.0 - 1.0 / (worth[risk == 1.0].sum() + 2.0)
    if len(between):
        least, most = min(least, between.min()), max(most, between.max())
    kept = np.where(found == 0.0, least, np.where(found == 1.0, max(most, least), found))
    return Isotonic(tuple(map(float, fitted.X_thresholds_)), tuple(map(float, kept)))


def _beta_terms(margin: np.ndarray) -> np.ndarray:
    """ln(p) and -ln(1 - p) of the margins' probabilities, without rounding them to 0 or 1."""
    return np.stack([-np.logaddexp(0.0, -margin), np.logaddexp(0.0, margin)], axis=-1)


def _base_rate(label: np.ndarray, counts: np.ndarray | None) -> float:
    rate = float(np.average(label, weights=counts))
    return float(np.log(rate / (1.0 - rate)))
