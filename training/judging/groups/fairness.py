"""Gaps between groups of patients: how far the best is from the worst, beyond chance or not.

The two groups are picked after looking, so their interval is widened for all pairs that could have
been picked (Bonferroni): estimate +- z of the resamples' standard deviation.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from statistics import NormalDist
from typing import Any

import numpy as np

from training.judging.rows.resampled import INTERVAL_LEVEL
from training.judging.rows.sample import Numbers


class Gap(StrEnum):
    """What the data say of a gap."""

    SHOWN = "gap shown"
    NOT_SHOWN = "no gap shown"
    UNKNOWN = "cannot tell"


@dataclass(frozen=True)
class FairMetric:
    """A figure that groups should share.

    `is_ratio`: the gap is how many times the one is the other, else their difference. `means`:
    what a gap means for the patients of the group that has less (of a ratio: more).
    """

    name: str
    title: str
    is_ratio: bool
    means: str


FAIR_METRICS = (
    FairMetric("auroc", "AUROC", False, "rows are told apart less well"),
    FairMetric(
        "sensitivity", "share caught at the common threshold", False, "more events are missed"
    ),
    FairMetric(
        "observed_to_expected",
        "observed over expected events",
        True,
        "more events come, for the risks foretold, than in the other group",
    ),
)


def gaps(groups: Mapping[str, Mapping[str, Numbers]]) -> dict[str, dict[str, Any]]:
    """The gap of each of `FAIR_METRICS` between the groups (figures under every resample).

    A group enters a metric where its estimate is defined. With fewer than two there is none.
    """
    return {metric.name: _gap(metric, groups) for metric in FAIR_METRICS}


def _gap(metric: FairMetric, groups: Mapping[str, Mapping[str, Numbers]]) -> dict[str, Any]:
    values = {name: _scaled(metric, figures[metric.name]) for name, figures in groups.items()}
    known = {name: value for name, value in values.items() if math.isfinite(value[0])}
    if len(known) < 2:
        reason = f"groups with events enough: {len(known)}, two are needed"
        return {"finding": str(Gap.UNKNOWN), "reason": reason}
    highest = max(known, key=lambda name: known[name][0])
    lowest = min(known, key=lambda name: known[name][0])
    apart = known[highest] - known[lowest]
    pairs = len(list(combinations(known, 2)))
    half = _half_width(apart[1:], pairs)
    back = math.exp if metric.is_ratio else float
    found = {"highest": highest, "lowest": lowest, "pairs": pairs, "value": back(apart[0])}
    if half is None:
        return found | {"finding": str(Gap.UNKNOWN), "reason": "no interval", "low": None,
                        "high": None}  # fmt: skip
    low, high = apart[0] - half, apart[0] + half
    finding = Gap.SHOWN if low > 0 else Gap.NOT_SHOWN
    return found | {"finding": str(finding), "reason": None, "low": back(low), "high": back(high)}


def _scaled(metric: FairMetric, values: Numbers) -> Numbers:
    """The figures, those of a ratio as logarithms; what has none is NaN."""
    if not metric.is_ratio:
        return values
    return np.log(values, out=np.full(len(values), math.nan), where=values > 0)


def _half_width(draws: Numbers, pairs: int) -> float | None:
    """Half the interval's width; None where a tenth of the resamples has no figure or all agree."""
    known = draws[np.isfinite(draws)]
    if len(known) < max(2, 0.9 * len(draws)):
        return None
    spread = float(known.std(ddof=1))
    z = NormalDist().inv_cdf(1 - (1 - INTERVAL_LEVEL) / (2 * pairs))
    return z * spread if spread > 0 else None
