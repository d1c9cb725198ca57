"""A figure with its interval over resampled patients, or null with the reason for the gap."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from training.judging.rows.sample import Numbers

INTERVAL_LEVEL = 0.95
FEWEST_EVENT_PATIENTS = 5
"""With fewer patients who have an event there is no interval: resampled handfuls are narrow."""

NO_SPREAD = "no interval: the same in every resample, or nearly every one"
"""All events caught, say: the next patients may still hold one that is not."""

ROUNDING = 1e-12
"""A width of so small a part of the ends is that of sums taken in another order."""


def percentile_interval(draws: Numbers, by_nature: bool = False) -> tuple[float, float] | None:
    """The percentiles of resampled values; None without a value or where they have no width.

    What nearly every resample repeats is not thereby certain: no width is no interval. But it is
    one `by_nature`: where no patients could make it another, as a difference of the same risks.
    """
    known, tail = draws[np.isfinite(draws)], (1 - INTERVAL_LEVEL) / 2
    if not len(known):
        return None
    low, high = np.quantile(known, (tail, 1 - tail))
    wide = high - low > ROUNDING * max(1.0, abs(low), abs(high))
    return (float(low), float(high)) if wide or by_nature else None


def with_interval(values: Numbers, event_patients: int, by_nature: bool = False) -> dict[str, Any]:
    """Estimate (first value) with the percentile interval of the rest.

    The estimate must be finite. `event_patients`: how many patients with an event stand behind it.
    `by_nature`: as in `percentile_interval`.
    """
    estimate, draws = values[0], values[1:]
    found: dict[str, Any] = {"value": float(estimate), "low": None, "high": None, "reason": None}
    if not len(values) > 1:
        return found | {"reason": "no resampling was asked for"}
    if event_patients < FEWEST_EVENT_PATIENTS:
        told = "1 patient" if event_patients == 1 else f"{event_patients} patients"
        return found | {"reason": f"no interval: {told} with an event"}
    if np.isfinite(draws).sum() < 0.9 * len(draws):
        return found | {"reason": "no interval: not defined in more than a tenth of the resamples"}
    ends = percentile_interval(draws, by_nature)
    return found | ({"low": ends[0], "high": ends[1]} if ends else {"reason": NO_SPREAD})


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
