"""How far probabilities can be believed: errors, logistic recalibration, smooth observed rate."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.judging.rows.sample import Numbers, Sample

SMALLEST_PROBABILITY = 1e-9  # keeps logarithms finite
KNOT_QUANTILES = (0.05, 0.35, 0.65, 0.95)  # Harrell, Regression Modeling Strategies 2015, table 2.3
FEW_LEVELS = 10  # up to so many distinct risks, observed rates per level replace a smooth curve


@dataclass(frozen=True)
class LogisticFit:
    """Coefficients of a logistic regression; not `converged` where one runs to infinity."""

    coefficients: Numbers
    converged: bool


def log_odds(risk: Numbers) -> Numbers:
    """Log-odds of probabilities, kept finite."""
    kept = np.clip(risk, SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY)
    return np.log(kept) - np.log1p(-kept)


def probability(margin: Numbers) -> Numbers:
    """Probabilities of log-odds."""
    return 1.0 / (1.0 + np.exp(-np.clip(margin, -40, 40)))


def fit_logistic(
    design: Numbers,
    label: Numbers,
    offset: Numbers | float = 0.0,
    weight: Numbers | float = 1.0,
) -> LogisticFit:
    """Unpenalised logistic regression by Newton steps; `design` is rows by coefficients."""
    coefficients = np.zeros(design.shape[1])
    for _ in range(50):
        risk = probability(design @ coefficients + offset)
        information = design.T @ (design * (weight * risk * (1 - risk))[:, None])
        step = np.linalg.lstsq(information, design.T @ (weight * (label - risk)), rcond=None)[0]
        longest = float(np.abs(step).max())
        coefficients = coefficients + step * min(1.0, 3.0 / max(longest, 1e-12))
        if longest < 1e-8:
            return LogisticFit(coefficients, bool(np.linalg.matrix_rank(information) == len(step)))
    return LogisticFit(coefficients, False)


def _replicate_fit(
    sample: Sample, design: Numbers, fit: LogisticFit, draws: Numbers, offset: Numbers | float = 0.0
) -> Numbers:
    """Coefficients per resample (resamples by coefficients): one Newton step from the fit.

    The step needs per-patient sums only, so that hundreds of resamples of a large cohort take no
    time; it differs from a full refit by terms that vanish with the number of patients. All NaN
    where the fit did not converge.
    """
    if not fit.converged:
        return np.full((len(draws), design.shape[1]), math.nan)
    risk = probability(design @ fit.coefficients + offset)
    slope = sample.patient_sums(design * (sample.label - risk)[:, None])
    spread = (design * (risk * (1 - risk))[:, None])[:, :, None] * design[:, None, :]
    information = np.einsum("rp,pij->rij", draws, sample.patient_sums(spread), optimize=True)
    steady = 1e-10 * np.trace(information, axis1=1, axis2=2) + 1e-300
    information = information + steady[:, None, None] * np.eye(design.shape[1])
    step = np.linalg.solve(information, (draws @ slope)[:, :, None])[:, :, 0]
    return fit.coefficients + step


def spline(values: Numbers, knots: Numbers) -> Numbers:
    """Columns 1, value, Harrell's restricted cubic terms: linear beyond the outer knots."""
    columns = [np.ones_like(values), values]
    if len(knots) >= 3:
        last, beside = knots[-1], knots[-2]
        width = last - knots[0]
        for knot in knots[:-2]:
            inner = np.maximum(values - knot, 0) ** 3
            outer = np.maximum(values - beside, 0) ** 3 * (last - knot) / (last - beside)
            end = np.maximum(values - last, 0) ** 3 * (beside - knot) / (last - beside)
            columns.append((inner - outer + end) / width**2)
    return np.stack(columns, axis=1)


def knots_of(values: Numbers) -> Numbers:
    """Where the spline bends: distinct quantiles of `values`."""
    return np.unique(np.quantile(values, KNOT_QUANTILES))


def both_classes(sample: Sample, draws: Numbers) -> NDArray[np.bool_]:
    """Which resamples hold rows with and without an event."""
    counts = draws @ sample.patient_sums(np.stack([sample.label, 1 - sample.label], axis=1))
    found: NDArray[np.bool_] = np.all(counts > 0, axis=1)
    return found


def error_figures(sample: Sample, draws: Numbers) -> dict[str, Numbers]:
    """Errors of the probabilities and observed over expected events, one value a resample."""
    risk, label = sample.risk, sample.label
    kept = np.clip(risk, SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY)
    surprise = -(label * np.log(kept) + (1 - label) * np.log1p(-kept))
    columns = np.stack([np.ones_like(risk), label, risk, (risk - label) ** 2, surprise], axis=1)
    rows, events, expected, square, loss = (draws @ sample.patient_sums(columns)).T
    rate = events / rows
    return {
        "brier": square / rows,
        "scaled_brier": 1 - square / rows / (rate * (1 - rate)),
        "log_loss": loss / rows,
        "observed_to_expected": events / expected,
    }


def calibration_figures(sample: Sample, draws: Numbers) -> dict[str, Numbers]:
    """Slope, calibration in the large and integrated calibration index, one value a resample."""
    margin = log_odds(sample.risk)
    line, level = spline(margin, np.empty(0)), np.ones((len(sample), 1))
    weight = draws[0][sample.patient]
    slope_fit = fit_logistic(line, sample.label, weight=weight)
    level_fit = fit_logistic(level, sample.label, margin, weight)
    return {
        "calibration_slope": _replicate_fit(sample, line, slope_fit, draws)[:, 1],
        "calibration_intercept": _replicate_fit(sample, level, level_fit, draws, margin)[:, 0],
        "ici": _integrated_calibration(sample, draws),
    }


def _integrated_calibration(sample: Sample, draws: Numbers) -> Numbers:
    """Mean distance of risk from the observed rate: per level with few levels, else by a spline."""
    levels, code = np.unique(sample.risk, return_inverse=True)
    if len(levels) <= FEW_LEVELS:
        member = np.eye(len(levels))[code]
        rows = draws @ sample.patient_sums(member)
        events = draws @ sample.patient_sums(member * sample.label[:, None])
        return np.abs(events - rows * levels).sum(axis=1) / rows.sum(axis=1)
    margin = log_odds(sample.risk)
    design = spline(margin, knots_of(margin))
    fit = fit_logistic(design, sample.label, weight=draws[0][sample.patient])
    coefficients = _replicate_fit(sample, design, fit, draws)
    distances = (np.abs(probability(design @ each) - sample.risk) for each in coefficients)
    weights = (draw[sample.patient] for draw in draws)
    return np.array([w @ d / w.sum() for w, d in zip(weights, distances, strict=True)])
