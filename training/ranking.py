"""How well risks put the rows before an event first: counted on one sort, under any resample."""

import math

import numpy as np
from numpy.typing import NDArray

from training.sample import Numbers, Sample

ALARM_BUDGET = 0.1
"""Patient-days with an alarm, per patient-day: one in ten."""
TARGET_SENSITIVITY = 0.8


class Ranking:
    """A sample sorted once by falling risk, to be counted again under every resample."""

    def __init__(self, sample: Sample) -> None:
        score = np.where(np.isnan(sample.risk), -np.inf, sample.risk)
        order, self._last = _ranked(score)
        self._event = sample.label[order]
        self._patient = sample.patient[order]
        self.scores = score[order][self._last]  # the distinct scores, falling
        day_score, day_patient = _highest_of_day(sample, score)
        day_order, day_last = _ranked(day_score)
        self._day_patient = day_patient[day_order]
        # per distinct score: position of the last patient-day that reaches it, -1 where none does
        self._day_end = np.append(-1, day_last)[
            np.searchsorted(-day_score[day_order][day_last], -self.scores, side="right")
        ]

    def counts(self, multiplicity: Numbers) -> tuple[Numbers, Numbers]:
        """Weighted rows with and without an event at or above each distinct score."""
        weight = multiplicity[self._patient]
        events = np.cumsum(weight * self._event)[self._last]
        return events, np.cumsum(weight)[self._last] - events

    def figures(self, multiplicity: Numbers) -> Numbers:
        """The five ranking figures in the order of `METRICS`; NaN unless both classes are there."""
        events, others = self.counts(multiplicity)
        if not len(events) or events[-1] == 0 or others[-1] == 0:
            return np.full(5, math.nan)
        days = np.append(0.0, np.cumsum(multiplicity[self._day_patient]))[self._day_end + 1]
        caught, false = _at_share(days, ALARM_BUDGET, events, others)
        (alarm_days,) = _at_share(events, TARGET_SENSITIVITY, days)
        return np.array([
            _area_under_roc(events, others),
            _average_precision(events, others),
            caught / events[-1],
            caught / (caught + false) if caught + false > 0 else math.nan,
            alarm_days / days[-1],
        ])  # fmt: skip


def _ranked(score: Numbers) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The order of falling score, and the position of the last of each tie in that order."""
    order = np.argsort(-score, kind="stable")
    falling = score[order]
    if not len(falling):
        return order, order
    return order, np.append(np.flatnonzero(falling[1:] != falling[:-1]), len(falling) - 1)


def _highest_of_day(sample: Sample, score: Numbers) -> tuple[Numbers, NDArray[np.int64]]:
    """Each patient-day's highest score and its patient."""
    distinct, first, code = np.unique(sample.day, return_index=True, return_inverse=True)
    highest = np.full(len(distinct), -np.inf)
    np.maximum.at(highest, code, score)
    return highest, sample.patient[first]


def _area_under_roc(events: Numbers, others: Numbers) -> float:
    middle = events - np.diff(events, prepend=0.0) / 2
    return float(np.dot(np.diff(others, prepend=0.0), middle) / (events[-1] * others[-1]))


def _average_precision(events: Numbers, others: Numbers) -> float:
    found = events + others
    precision = np.divide(events, found, out=np.zeros_like(events), where=found > 0)
    return float(np.dot(np.diff(events, prepend=0.0), precision) / events[-1])


def _at_share(cumulative: Numbers, share: float, *others: Numbers) -> tuple[float, ...]:
    """`others` where `cumulative` reaches `share` of its total; inside a tie, alarms sound by lot.

    The lot makes a scorer with few levels (today's grade) comparable with one that has many.
    """
    target = share * cumulative[-1]
    place = int(np.searchsorted(cumulative, target, side="left"))
    before = cumulative[place - 1] if place else 0.0
    part = (target - before) / (cumulative[place] - before)
    starts = (other[place - 1] if place else 0.0 for other in others)
    return tuple(
        float(start + part * (other[place] - start))
        for start, other in zip(starts, others, strict=True)
    )
