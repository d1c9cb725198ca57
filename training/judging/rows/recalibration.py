"""How far probabilities can be believed: errors, logistic recalibration, smooth observed rate."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.judging.rows.refits import Levels, refitted
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
    """Slope, calibration in the large and integrated calibration index, one value a resample.

    Each is fitted anew in every resample; NaN where a fit has no finite answer.
    """
    margin = log_odds(sample.risk)
    levels = Levels.of(sample, margin, draws)
    weight = draws[0][sample.patient]
    line, level = spline(margin, np.empty(0)), np.ones((len(sample), 1))
    slope_fit = fit_logistic(line, sample.label, weight=weight)
    level_fit = fit_logistic(level, sample.label, margin, weight)
    line, level = spline(levels.margin, np.empty(0)), np.ones((len(levels.margin), 1))
    missing = np.full(len(draws), math.nan)
    return {
        "calibration_slope": refitted(levels, line, slope_fit.coefficients).known(1)
        if slope_fit.converged else missing,
        "calibration_intercept":
            refitted(levels, level, level_fit.coefficients, levels.margin).known(0)
            if level_fit.converged else missing,
        "ici": _integrated_calibration(sample, levels, draws),
    }  # fmt: skip


def _integrated_calibration(sample: Sample, levels: Levels, draws: Numbers) -> Numbers:
    """Mean distance of risk from the observed rate: per risk with few risks, else by a spline.

    A spline's curve has its limit also where its coefficients run to infinity in a resample.
    """
    risks, code = np.unique(sample.risk, return_inverse=True)
    if len(risks) <= FEW_LEVELS:
        member = np.eye(len(risks))[code]
        rows = draws @ sample.patient_sums(member)
        events = draws @ sample.patient_sums(member * sample.label[:, None])
        return np.abs(events - rows * risks).sum(axis=1) / rows.sum(axis=1)
    margin = log_odds(sample.risk)
    knots = knots_of(margin)
    fit = fit_logistic(spline(margin, knots), sample.label, weight=draws[0][sample.patient])
    if not fit.converged:
        return np.full(len(draws), math.nan)
    design = spline(levels.margin, knots)
    rate = probability(refitted(levels, design, fit.coefficients).coefficients @ design.T)
    return (levels.rows * np.abs(rate - levels.risk)).sum(axis=1) / levels.rows.sum(axis=1)
