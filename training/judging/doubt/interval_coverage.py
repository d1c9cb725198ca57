"""Whether the interval keeps its promise: the rate observed in each band of risk against it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from models.calibration import INTERVAL_LEVEL
from models.calibration_band import design_effect, exact_limits
from training.judging.rows.sample import Numbers

BANDS = (0.0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
"""Edges of the bands of risk, each about three times the one before; the last one holds 1, too."""

FEWEST_EXPECTED = 1.0
"""With fewer foretold events a band says nothing of its rate and is not counted."""

PROMISE = (
    "At least nine times in ten the interval holds the rate at which the event follows among "
    "patients given such a risk; it does not say where the risk of one patient would lie if "
    "everything about that patient were known."
)


def interval_coverage(
    label: Numbers, risk: Numbers, low: Numbers, high: Numbers, patient: NDArray[Any]
) -> dict[str, Any]:
    """The promise, and by band of risk the rate foretold, observed and stated by the interval.

    `low` and `high` are means over the band's rows; the observed rate has an exact 90 % interval of
    its own (patients as clusters) in `chance_low` and `chance_high`. `within`: the observed rate
    lies in the mean interval (without an event: a rate that chance leaves open does, because no
    interval begins at 0); None where fewer events are foretold than `FEWEST_EXPECTED`.
    """
    band = np.clip(np.digitize(risk, BANDS) - 1, 0, len(BANDS) - 2)
    effect = design_effect(band, label, patient) if len(label) else 1.0
    groups = [
        _group(place, band == place, label, risk, low, high, patient, effect)
        for place in np.unique(band)
    ]
    counted = [group for group in groups if group["within"] is not None]
    rows = sum(group["rows"] for group in counted)
    inside = sum(group["rows"] for group in counted if group["within"])
    return {
        "level": INTERVAL_LEVEL,
        "promise": PROMISE,
        "bands_counted": len(counted),
        "bands_within": sum(group["within"] for group in counted),
        "rows_within": inside / rows if rows else None,
        "mean_width_log_odds": _width(low, high) if len(label) else None,
        "design_effect": effect,
        "groups": groups,
    }


def _group(
    place: int,
    here: NDArray[np.bool_],
    label: Numbers,
    risk: Numbers,
    low: Numbers,
    high: Numbers,
    patient: NDArray[Any],
    effect: float,
) -> dict[str, Any]:
    rows, events = int(here.sum()), float(label[here].sum())
    ends = float(low[here].mean()), float(high[here].mean())
    observed = events / rows
    chance = exact_limits(np.array([events / effect]), np.array([rows / effect]))
    enough = risk[here].sum() >= FEWEST_EXPECTED
    is_held = ends[0] <= (observed or float(chance[1][0])) and observed <= ends[1]
    return {
        "from": BANDS[place],
        "below": BANDS[place + 1],
        "rows": rows,
        "patients": len(np.unique(patient[here])),
        "events": int(events),
        "foretold": float(risk[here].mean()),
        "observed": observed,
        "low": ends[0],
        "high": ends[1],
        "chance_low": float(chance[0][0]),
        "chance_high": float(chance[1][0]),
        "within": bool(is_held) if enough else None,
    }


def _width(low: Numbers, high: Numbers) -> float:
    tiny = np.finfo(float).tiny
    ends = logit(np.clip(np.stack([low, high]), tiny, expit(36.0)))
    return float((ends[1] - ends[0]).mean())
