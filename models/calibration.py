"""From a model's margin to a calibrated probability with its interval: affine in the margin."""

from dataclasses import asdict, dataclass

import numpy as np
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

INTERVAL_LEVEL = 0.90
NORMAL_QUANTILE = 1.6448536269514722  # standard normal, two-sided 90 %


@dataclass(frozen=True)
class Calibration:
    """log-odds = slope x margin + intercept (Platt 1999), with what is known of its uncertainty.

    `covariance` is the patient-clustered covariance (slope variance, covariance, intercept
    variance); `folds` is the number of patient folds behind one set of members.
    """

    slope: float
    intercept: float
    covariance: tuple[float, float, float]
    folds: int

    def log_odds(self, margin: np.ndarray) -> np.ndarray:
        """Calibrated log-odds of margins."""
        return self.slope * margin + self.intercept

    def risk(self, margin: np.ndarray) -> np.ndarray:
        """Calibrated probability of margins."""
        return expit(self.log_odds(margin))

    def interval(
        self, margin: np.ndarray, member_margins: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper limit of the risk at `INTERVAL_LEVEL`.

        Two sources of doubt, added as variances of the log-odds: which patients the members saw
        (delete-a-fold jackknife: folds - 1 times the members' variance; Efron 1982) and how well
        the calibration is known (delta method).
        """
        slope_variance, covariance, intercept_variance = self.covariance
        of_members = (self.folds - 1) * self.slope**2 * member_margins.var(axis=1)
        of_calibration = margin**2 * slope_variance + 2 * margin * covariance + intercept_variance
        half = NORMAL_QUANTILE * np.sqrt(of_members + of_calibration)
        centre = self.log_odds(margin)
        return expit(centre - half), expit(centre + half)

    def to_json(self) -> dict:
        """Plain values for JSON."""
        return asdict(self) | {"kind": "affine", "interval_level": INTERVAL_LEVEL}


def fit_calibration(
    margin: np.ndarray,
    label: np.ndarray,
    patient: np.ndarray,
    folds: int,
    weight: np.ndarray | None = None,
) -> Calibration:
    """Fit on margins that the members gave for patients they had not seen.

    A model without any signal there gets slope 0 and the base rate, never a reversed sign. `weight`
    is how many rows of the population each stands for; the mean risk is the population's rate.
    """
    counts = np.ones(len(margin)) if weight is None else weight
    logistic = LogisticRegression(C=np.inf, tol=1e-8).fit(margin[:, None], label, counts)
    slope, intercept = float(logistic.coef_[0, 0]), float(logistic.intercept_[0])
    if slope <= 0.0:
        rate = float(np.average(label, weights=counts))
        slope, intercept = 0.0, float(np.log(rate / (1.0 - rate)))
    risk = expit(slope * margin + intercept)
    covariance = _clustered_covariance(margin, label, risk, patient, counts)
    return Calibration(slope, intercept, covariance, folds)


def _clustered_covariance(
    margin: np.ndarray,
    label: np.ndarray,
    risk: np.ndarray,
    patient: np.ndarray,
    counts: np.ndarray,
) -> tuple[float, float, float]:
    """Sandwich covariance of (slope, intercept), patients as clusters (Liang and Zeger 1986)."""
    design = np.column_stack([margin, np.ones_like(margin)])
    information = design.T @ (design * (counts * risk * (1.0 - risk))[:, None])
    _, cluster = np.unique(patient, return_inverse=True)
    scores = np.zeros((cluster.max() + 1, 2))
    np.add.at(scores, cluster, design * (counts * (label - risk))[:, None])
    bread = np.linalg.pinv(information)
    covariance = bread @ (scores.T @ scores) @ bread
    return float(covariance[0, 0]), float(covariance[0, 1]), float(covariance[1, 1])
