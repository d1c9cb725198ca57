"""The utility of alarms as the PhysioNet/CinC Challenge 2019 scores them.

Reyna et al., Crit Care Med 2020;48:210, doi 10.1097/CCM.0000000000004145. An alarm is worth most
six hours before the onset, less earlier and later; silence near the onset costs, an alarm in a stay
without onset costs a little. The sum is divided so that silence scores 0 and the best possible
alarms score 1.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class UtilityCurve:
    """The paper's constants: hours from the onset (negative = before it) and utilities."""

    earliest_hours: float = -12.0  # from here on an early alarm earns
    optimal_hours: float = -6.0  # an alarm earns most here; silence costs from here on
    latest_hours: float = 3.0  # nothing counts later
    best_alarm: float = 1.0
    worst_silence: float = -2.0
    false_alarm: float = -0.05
    true_silence: float = 0.0


PUBLISHED = UtilityCurve()


@dataclass(frozen=True)
class BestThreshold:
    """Alarm where risk >= `threshold`; `utility` is the normalised utility that this reaches."""

    threshold: float
    utility: float


def row_utilities(
    hour: ArrayLike, onset_hour: ArrayLike, curve: UtilityCurve = PUBLISHED
) -> tuple[Numbers, Numbers]:
    """Utility of an alarm and of silence for each row.

    `hour` is each row's hour in the stay, `onset_hour` the hour of that stay's onset, NaN where the
    stay has none. Both arrays have one element a row; so have the two that come back.
    """
    distance = np.asarray(hour, dtype=float) - np.asarray(onset_hour, dtype=float)
    with_onset = ~np.isnan(distance)
    before, after = distance <= curve.optimal_hours, distance <= curve.latest_hours
    rise = (distance - curve.earliest_hours) / (curve.optimal_hours - curve.earliest_hours)
    fall = (curve.latest_hours - distance) / (curve.latest_hours - curve.optimal_hours)
    lateness = 1.0 - fall
    alarm = np.select(
        [~with_onset, before, after],
        [
            curve.false_alarm,
            np.maximum(curve.best_alarm * rise, curve.false_alarm),
            curve.best_alarm * fall,
        ],
        default=0.0,
    )
    silence = np.select(
        [~with_onset, before, after],
        [curve.true_silence, 0.0, curve.worst_silence * lateness],
        default=0.0,
    )
    return alarm, silence


def normalised_utility(
    hour: ArrayLike, onset_hour: ArrayLike, alarm: ArrayLike, curve: UtilityCurve = PUBLISHED
) -> float:
    """Normalised utility of binary alarms over all rows of all stays: 1 is the best, 0 is silence.

    Rows need no order: each is scored by its own distance from its stay's onset. NaN where no alarm
    could earn anything, as when no stay has an onset.

    >>> round(normalised_utility([0, 1, 2, 3], [9, 9, 9, 9], [0, 0, 0, 1]), 3)
    0.333
    """
    sounded, silent = row_utilities(hour, onset_hour, curve)
    possible = float(np.maximum(sounded, silent).sum() - silent.sum())
    earned = float(np.where(np.asarray(alarm, dtype=bool), sounded - silent, 0.0).sum())
    return earned / possible if possible > 0 else float("nan")


def best_threshold(
    hour: ArrayLike, onset_hour: ArrayLike, risk: ArrayLike, curve: UtilityCurve = PUBLISHED
) -> BestThreshold:
    """The threshold on `risk` with the highest normalised utility, among all distinct risks.

    A missing risk (NaN) never sounds. Where silence is best the threshold is infinite and the
    utility 0.
    """
    sounded, silent = row_utilities(hour, onset_hour, curve)
    possible = float(np.maximum(sounded, silent).sum() - silent.sum())
    score = np.asarray(risk, dtype=float)
    order = np.argsort(-score, kind="stable")
    order = order[~np.isnan(score[order])]
    if possible <= 0 or not len(order):
        return BestThreshold(float("inf"), float("nan") if possible <= 0 else 0.0)
    descending = score[order]
    last_of_tie = np.append(np.flatnonzero(np.diff(descending)), len(order) - 1)
    gained = np.cumsum((sounded - silent)[order])[last_of_tie]
    best = int(np.argmax(gained))
    if gained[best] <= 0:
        return BestThreshold(float("inf"), 0.0)
    return BestThreshold(float(descending[last_of_tie[best]]), float(gained[best] / possible))
