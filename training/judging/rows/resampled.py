"""A figure with its interval over resampled patients, or null with the reason for the gap."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from training.judging.rows.sample import Numbers

INTERVAL_LEVEL = 0.95
FEWEST_EVENT_PATIENTS = 5
"""With fewer patients who have an event there is no interval: resampled handfuls are narrow."""

NO_SPREAD = "no interval: the same in every resample"


def with_interval(values: Numbers, event_patients: int) -> dict[str, Any]:
    """Estimate (first value) with the percentile interval of the rest.

    The estimate must be finite. `event_patients`: how many patients with an event stand behind it.
    """
    estimate, draws = values[0], values[1:][np.isfinite(values[1:])]
    found: dict[str, Any] = {"value": float(estimate), "low": None, "high": None, "reason": None}
    if not len(values) > 1:
        return found | {"reason": "no resampling was asked for"}
    if event_patients < FEWEST_EVENT_PATIENTS:
        told = "1 patient" if event_patients == 1 else f"{event_patients} patients"
        return found | {"reason": f"no interval: {told} with an event"}
    if len(draws) < 0.9 * (len(values) - 1):
        return found | {"reason": "no interval: not defined in more than a tenth of the resamples"}
    tail = (1 - INTERVAL_LEVEL) / 2
    low, high = np.quantile(draws, (tail, 1 - tail))
    return found | {"low": float(low), "high": float(high)}


def recentred(values: Numbers) -> Numbers:
    """The estimate, and its resamples moved so that their median is the estimate.

    For a distance from zero such as the integrated calibration index: a resample repeats patients,
    so its smooth curve follows chance more closely than the estimate's did, and nearly all of them
    can lie above the estimate (Austin 2019, doi 10.1002/sim.8281, resamples it; median bias: Efron
    1987, doi 10.1080/01621459.1987.10478410). Efron's own correction picks other percentiles of the
    same resamples, and the basic interval mirrors them: neither holds the estimate where all lie on
    one side of it. What remains is the estimate's own excess over the truth in few rows.
    """
    draws = values[1:]
    if not np.isfinite(draws).any():
        return values
    return np.append(values[:1], draws - (np.nanmedian(draws) - values[0]))


def told(values: Numbers, event_patients: int, why_undefined: str) -> dict[str, Any]:
    """`with_interval` where the estimate is defined, else null with this reason."""
    if not np.isfinite(values[0]):
        return {"value": None, "low": None, "high": None, "reason": why_undefined}
    known = values[np.isfinite(values)]
    if len(known) > 1 and np.ptp(known) < 1e-12:  # all found, say: no width is no certainty
        return {"value": float(values[0]), "low": None, "high": None, "reason": NO_SPREAD}
    return with_interval(values, event_patients)


def over(above: Numbers, below: Numbers) -> Numbers:
    """The quotient, NaN where there is nothing to divide by."""
    found: Numbers = np.divide(above, below, out=np.full(len(above), np.nan), where=below > 0)
    return found


def compared(
    values: Mapping[str, Mapping[str, Numbers]], event_patients: int, main: str, undefined: str
) -> dict[str, Any]:
    """Every scorer's figures with intervals, and the main one's less each other one's (paired).

    `values`: figures by scorer and name, one a resample, the estimate first; `undefined`: why a
    figure has no value.
    """
    ours = values.get(main)
    return {
        "models": {
            scorer: {name: told(value, event_patients, undefined) for name, value in one.items()}
            for scorer, one in values.items()
        },
        "differences": {
            scorer: {
                name: told(ours[name] - value, event_patients, "not defined for both")
                for name, value in theirs.items()
            }
            for scorer, theirs in values.items()
            if ours is not None and scorer != main
        },
    }
