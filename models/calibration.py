"""From a model's margin to a calibrated probability with its interval.

The interval's promise: at least nine times in ten it holds the rate at which the event follows
among patients to whom the model gives such a risk. It says nothing narrower of one patient: what
cannot be measured there, nothing can tell (docs/adr/0007).
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
from scipy.special import expit

from features.tables import InvalidInputError
from models.calibration_band import LEVEL, Band, fit_band
from models.calibration_curves import (
    Beta,
    Curve,
    Isotonic,
    Kind,
    Line,
    fit_beta,
    fit_isotonic,
    fit_line,
)
from models.stated import read_as

INTERVAL_LEVEL = LEVEL
NORMAL_QUANTILE = 1.6448536269514722  # standard normal, two-sided 90 %
CONTRIBUTION = "calibration"
"""The name of the contribution that a curve adds to those of the line."""


@dataclass(frozen=True)
class Calibration:
    """A curve from margins to log-odds, with what is known of its uncertainty.

    `line` is the best straight line of the same rows: contributions are carried through it, and
    `remainder` is what the curve adds (nothing where the curve is the line). `covariance` is the
    line's patient-clustered covariance (slope variance, covariance, intercept variance); `folds` is
    the number of patient folds behind one set of members; `band` is what was observed.
    """

    line: Line
    covariance: tuple[float, float, float]
    folds: int
    curve: Curve
    band: Band = field(default_factory=Band)

    @property
    def slope(self) -> float:
        """Slope of the line."""
        return self.line.slope

    @property
    def intercept(self) -> float:
        """Intercept of the line."""
        return self.line.intercept

    @property
    def kind(self) -> Kind:
        """Which curve it is."""
        return next(kind for kind, shape in SHAPES.items() if isinstance(self.curve, shape))

    def log_odds(self, margin: np.ndarray) -> np.ndarray:
        """Calibrated log-odds of margins."""
        return self.curve.log_odds(margin)

    def risk(self, margin: np.ndarray) -> np.ndarray:
        """Calibrated probability of margins."""
        risk: np.ndarray = expit(self.log_odds(margin))
        return risk

    def remainder(self, margin: np.ndarray) -> np.ndarray:
        """Log-odds that the curve adds to the line's."""
        return self.log_odds(margin) - self.line.log_odds(margin)

    def interval(
        self, margin: np.ndarray, member_margins: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper limit of the risk at `INTERVAL_LEVEL`: on each side the wider of two.

        What the training leaves open, as variances of the log-odds: which patients the members saw
        (delete-a-fold jackknife: folds - 1 times the members' variance; Efron 1982) and how well
        the line is known (delta method). And the band of what was observed at such risks.
        """
        slope_variance, covariance, intercept_variance = self.covariance
        of_members = (self.folds - 1) * self.slope**2 * member_margins.var(axis=1)
        of_calibration = margin**2 * slope_variance + 2 * margin * covariance + intercept_variance
        half = NORMAL_QUANTILE * np.sqrt(of_members + of_calibration)
        centre = self.log_odds(margin)
        low, high = self.band.limits(centre)
        return expit(np.minimum(centre - half, low)), expit(np.maximum(centre + half, high))

    def to_json(self) -> dict[str, Any]:
        """Plain values for JSON."""
        stated = {
            "kind": str(self.kind),
            **asdict(self.line),
            "covariance": self.covariance,
            "folds": self.folds,
            "interval_level": INTERVAL_LEVEL,
            "band": asdict(self.band),
        }
        return stated if self.curve is self.line else stated | {"curve": asdict(self.curve)}  # type: ignore[call-overload]


SHAPES: Mapping[Kind, type[Any]] = MappingProxyType(
    {Kind.LOGISTIC: Line, Kind.BETA: Beta, Kind.ISOTONIC: Isotonic}
)
FITS: Mapping[Kind, Callable[[np.ndarray, np.ndarray, np.ndarray], Curve]] = MappingProxyType(
    {Kind.LOGISTIC: fit_line, Kind.BETA: fit_beta, Kind.ISOTONIC: fit_isotonic}
)


def fit_calibration(
    margin: np.ndarray,
    label: np.ndarray,
    patient: np.ndarray,
    folds: int,
    kind: Kind = Kind.LOGISTIC,
    weight: np.ndarray | None = None,
) -> Calibration:
    """Fit on margins that the members gave for patients they had not seen.

    A model without any signal there gets slope 0 and the base rate, never a reversed sign. `weight`
    is how many rows of the population each stands for; the mean risk is the population's rate.
    """
    counts = np.ones(len(margin)) if weight is None else weight
    line = fit_line(margin, label, counts)
    curve = line if kind == Kind.LOGISTIC else FITS[kind](margin, label, counts)
    risk = expit(line.log_odds(margin))
    covariance = _clustered_covariance(margin, label, risk, patient, counts)
    band = fit_band(curve.log_odds(margin), label, patient, counts)
    return Calibration(line, covariance, folds, curve, band)


def straight(
    slope: float, intercept: float, covariance: tuple[float, float, float], folds: int
) -> Calibration:
    """A line that was fitted elsewhere, without a band."""
    line = Line(slope, intercept)
    return Calibration(line, covariance, folds, line)


@dataclass(frozen=True)
class _Stated:
    slope: float
    intercept: float
    covariance: tuple[float, float, float]
    folds: int
    kind: str


def read_calibration(stated: Any, place: str) -> Calibration:
    """A calibration from its JSON; one written before there were bands has none, kind `affine`.

    Raises:
        InvalidInputError: names the place of a value that is missing, of another type, or no curve.
    """
    plain: _Stated = read_as(_Stated, stated, place)
    name = {"affine": str(Kind.LOGISTIC)}.get(plain.kind, plain.kind)
    if name not in set(Kind):
        raise InvalidInputError(f"{place}: kind: {name!r}, not of {', '.join(Kind)}")
    if plain.slope < 0.0 or plain.folds < 1:
        raise InvalidInputError(f"{place}: slope must not lie below 0, nor folds below 1")
    line = Line(plain.slope, plain.intercept)
    curve: Curve = line
    if name != Kind.LOGISTIC:
        where = f"{place}: curve"
        curve = read_as(SHAPES[Kind(name)], stated.get("curve"), where)
        curve.check(where)
    band = read_as(Band, stated["band"], f"{place}: band") if "band" in stated else Band()
    band.check(f"{place}: band")
    return Calibration(line, plain.covariance, plain.folds, curve, band)


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
