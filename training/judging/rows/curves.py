"""The curves behind the figures, thinned to what an eye can see."""

from typing import Any

import numpy as np

from training.judging.rows.ranking import Ranking
from training.judging.rows.recalibration import (
    FEW_LEVELS,
    fit_logistic,
    knots_of,
    log_odds,
    probability,
    spline,
)
from training.judging.rows.sample import Numbers, Sample

CURVE_POINTS = 120
CALIBRATION_QUANTILES = (0.0, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 0.98, 1.0)
"""Finer among the high risks: where events are rare, tenths of the rows leave them in one group."""
DECISION_THRESHOLDS = np.round(
    np.concatenate(
        [
            np.arange(0.0005, 0.005, 0.0005),
            np.arange(0.005, 0.05, 0.005),
            np.arange(0.05, 0.51, 0.01),
        ]
    ),
    4,
)


def _thin(*columns: Numbers) -> list[list[float]]:
    """At most `CURVE_POINTS` points of a curve, spread evenly over what the curve travels."""
    if len(columns[0]) > CURVE_POINTS:
        travelled = np.cumsum(sum(np.abs(np.diff(column, prepend=column[0])) for column in columns))
        stops = np.linspace(0, travelled[-1], CURVE_POINTS)
        chosen = np.unique(np.append(np.searchsorted(travelled, stops), [0, len(travelled) - 1]))
        columns = tuple(column[chosen.clip(max=len(column) - 1)] for column in columns)
    return [[round(float(value), 5) for value in column] for column in columns]


def curves(sample: Sample, multiplicity: Numbers | None = None) -> dict[str, Any]:
    """What the figures draw: ROC, precision and recall, calibration, net benefit, numbers per risk.

    Empty where a class is missing; calibration and net benefit only where the score is a
    probability (net benefit also for a rule). `multiplicity` is how often each patient counts,
    once where it is not said.
    """
    if not len(sample) or not 0 < sample.label.sum() < len(sample):
        return {}
    multiplicity = np.ones(sample.patients) if multiplicity is None else multiplicity
    events, others = Ranking(sample).counts(multiplicity)
    recall, false_rate = events / events[-1], others / others[-1]
    false_rates, sensitivities = _thin(np.append(0, false_rate), np.append(0, recall))
    recalls, precisions = _thin(recall, events / (events + others))
    found: dict[str, Any] = {
        "roc": {"false_alarm_rate": false_rates, "sensitivity": sensitivities},
        "precision_recall": {"sensitivity": recalls, "precision": precisions},
    }
    known = sample.scored
    if len(known) and (known.is_rule or known.is_probability):
        found["net_benefit"] = net_benefit(known, multiplicity)
    if known.is_probability and 0 < known.label.sum() < len(known):
        found["calibration"] = calibration_curve(known, multiplicity)
    return found


def net_benefit(sample: Sample, multiplicity: Numbers | None = None) -> dict[str, list[float]]:
    """Net benefit of acting above each threshold (Vickers 2006, doi 10.1177/0272989X06295361).

    True alarms per row minus false ones weighed by the odds of the threshold; a rule acts on its
    yes.
    """
    odds = DECISION_THRESHOLDS / (1 - DECISION_THRESHOLDS)
    cut = np.full(len(DECISION_THRESHOLDS), 1.0) if sample.is_rule else DECISION_THRESHOLDS
    order = np.argsort(sample.risk)
    counts = np.ones(sample.patients) if multiplicity is None else multiplicity
    weight = counts[sample.patient[order]]
    place = np.searchsorted(sample.risk[order], cut, side="left")
    right = _from_here(weight * sample.label[order])[place]
    alarms = _from_here(weight)[place]
    rate = float(np.average(sample.label[order], weights=weight))
    return {
        "threshold": DECISION_THRESHOLDS.tolist(),
        "net_benefit": ((right - (alarms - right) * odds) / weight.sum()).round(6).tolist(),
        "act_on_all": (rate - (1 - rate) * odds).round(6).tolist(),
    }


def _from_here(weight: Numbers) -> Numbers:
    """The sum of each element and all after it, with a closing 0."""
    return np.append(np.cumsum(weight[::-1])[::-1], 0.0)


def calibration_curve(sample: Sample, multiplicity: Numbers) -> dict[str, Any]:
    """Observed rate against foretold risk: in groups, and smooth where risks are many."""
    edges = np.unique(np.quantile(sample.risk, CALIBRATION_QUANTILES))
    group = np.searchsorted(edges[1:-1], sample.risk, side="right")
    group = np.unique(group, return_inverse=True)[1]  # ties leave groups empty
    weight = multiplicity[sample.patient]
    rows = np.bincount(group).astype(np.float64)
    counted = np.bincount(group, weight)
    rate = np.bincount(group, weight * sample.label) / counted
    risk = np.bincount(group, weight * sample.risk) / counted
    low, high = _wilson(rate, rows)
    bins = float(sample.risk.max()) * np.linspace(0.0, 1.0, 41) ** 2  # even on a square-root scale
    counts, _ = np.histogram(sample.risk, bins)
    found = {
        "groups": {
            "risk": risk.tolist(), "observed": rate.tolist(), "low": low.tolist(),
            "high": high.tolist(), "rows": np.bincount(group).tolist(),
        },
        "histogram": {"edges": bins.tolist(), "rows": counts.tolist()},
    }  # fmt: skip
    if len(np.unique(sample.risk)) > FEW_LEVELS:
        margin = log_odds(sample.risk)
        knots = knots_of(margin)
        fit = fit_logistic(spline(margin, knots), sample.label, weight=weight)
        low_end, high_end = np.quantile(margin, (0.01, 0.99))
        at = np.linspace(float(low_end), float(high_end), 60)
        if fit.converged:
            found["smooth"] = {
                "risk": probability(at).tolist(),
                "observed": probability(spline(at, knots) @ fit.coefficients).tolist(),
            }
    return found


def _wilson(rate: Numbers, rows: Numbers) -> tuple[Numbers, Numbers]:
    """Wilson's 95 % interval of a proportion (J Am Stat Assoc 1927;22:209)."""
    z2 = 1.959964**2
    centre = (rate + z2 / (2 * rows)) / (1 + z2 / rows)
    half = np.sqrt(z2 * (rate * (1 - rate) / rows + z2 / (4 * rows**2))) / (1 + z2 / rows)
    return np.maximum(centre - half, 0), np.minimum(centre + half, 1)
