"""Recalibration that a handful of events cannot lead astray: shrunk towards leaving all as it is.

log-odds = intercept + slope x the given log-odds, with normal priors around 0 and 1: the maximum a
posteriori of a logistic regression (penalised, as van Houwelingen and Le Cessie 1990, Stat Med
9:1303, and Steyerberg 2004, Stat Med 23:2567, advise for small validation samples).
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from models.calibration import Calibration, straight
from training.judging.rows.resampled import FEWEST_EVENT_PATIENTS

INTERCEPT_SPREAD, SLOPE_SPREAD = 1.0, 0.5
"""Standard deviations of the priors: a hospital's odds of an event are within 7 times the shipped
model's either way, and its slope between 0 and 2 (choice of this project, before any trial)."""
STEPS = 100


@dataclass(frozen=True)
class Line:
    """`intercept` + `slope` x log-odds; `covariance` of (slope, intercept) as `Calibration`'s."""

    intercept: float
    slope: float
    covariance: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def of(self, log_odds: np.ndarray) -> np.ndarray:
        """The line's log-odds."""
        return self.intercept + self.slope * log_odds

    def after(self, calibration: Calibration) -> Calibration:
        """This line behind a calibration whose own uncertainty counts as known."""
        inner, base = calibration.slope, calibration.intercept
        slope, both, intercept = self.covariance
        moved = (
            inner * inner * slope,
            inner * (base * slope + both),
            base * base * slope + 2.0 * base * both + intercept,
        )
        return straight(
            self.slope * inner, self.slope * base + self.intercept, moved, calibration.folds
        )


AS_IT_IS = Line(0.0, 1.0)
NOTHING = Line(0.0, 0.0)


def shrunk_line(
    log_odds: np.ndarray,
    label: np.ndarray,
    patient: np.ndarray,
    intercept_spread: float = INTERCEPT_SPREAD,
    slope_from: int = FEWEST_EVENT_PATIENTS,
) -> Line:
    """The line through labels 0 and 1 that the priors and these rows make likeliest.

    Below `slope_from` patients with an event the slope stays 1; without any event nothing is moved,
    because an outcome that did not happen looks like one nobody wrote down. A slope below 0 becomes
    0.
    """
    events = len(np.unique(patient[label == 1]))
    if not events:
        return AS_IT_IS
    both = events >= slope_from
    precision = np.diag([intercept_spread**-2, SLOPE_SPREAD**-2])
    line = _fit(log_odds, label, precision, free=np.array([True, both]))
    if line[1] < 0.0:
        line = _fit(log_odds, label, precision, free=np.array([True, False]), slope=0.0)
    spread = _covariance(log_odds, label, patient, precision, line, both=both)
    return Line(float(line[0]), float(line[1]), spread)


def _fit(
    log_odds: np.ndarray,
    label: np.ndarray,
    precision: np.ndarray,
    free: np.ndarray,
    slope: float = 1.0,
) -> np.ndarray:
    """Intercept and slope by damped Newton steps; a slope that is not free stays `slope`."""
    design = np.column_stack([np.ones_like(log_odds), log_odds])
    found = np.array([0.0, slope])
    for _ in range(STEPS):
        risk = expit(design @ found)
        uphill = design.T @ (label - risk) - precision @ (found - [0.0, 1.0])
        bend = design.T @ (design * (risk * (1.0 - risk))[:, None]) + precision
        step = np.zeros(2)
        step[free] = np.linalg.solve(bend[np.ix_(free, free)], uphill[free])
        found = found + step * min(1.0, 1.0 / max(float(np.abs(step).max()), 1e-12))
        if np.abs(step).max() < 1e-9:
            break
    return found


def _covariance(
    log_odds: np.ndarray,
    label: np.ndarray,
    patient: np.ndarray,
    precision: np.ndarray,
    line: np.ndarray,
    both: bool,
) -> tuple[float, float, float]:
    """Of (slope, intercept): sandwich over patients with the priors as one more observation."""
    design = np.column_stack([np.ones_like(log_odds), log_odds * both])
    risk = expit(line[0] + line[1] * log_odds)
    bread = np.linalg.inv(design.T @ (design * (risk * (1.0 - risk))[:, None]) + precision)
    _, cluster = np.unique(patient, return_inverse=True)
    scores = np.zeros((cluster.max() + 1, 2))
    np.add.at(scores, cluster, design * (label - risk)[:, None])
    spread = bread @ (scores.T @ scores + precision) @ bread
    return float(spread[1, 1] * both), float(spread[0, 1] * both), float(spread[0, 0])
