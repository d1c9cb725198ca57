"""How well risks put the rows before an event first: sorted once, counted under any resample."""

import numba
import numpy as np
from numpy.typing import NDArray

from training.judging.rows.sample import Numbers, Sample

ALARM_BUDGET = 0.1
"""Patient-days with an alarm, per patient-day: one in ten."""
TARGET_SENSITIVITY = 0.8

Places = NDArray[np.int64]


class Ranking:
    """A sample sorted by falling risk; rows of the same risk are one level (0 = the highest).

    All `_until` arrays count what lies at or above each level, with a leading 0 for nothing at all.
    Inside a level alarms sound by lot: that makes a scorer with few levels (today's grade)
    comparable with one that has many.
    """

    def __init__(self, sample: Sample) -> None:
        score = np.where(np.isnan(sample.risk), -np.inf, sample.risk)
        self._score, self._patients = score, sample.patients
        self.levels = -np.unique(-score)
        order = np.argsort(-score, kind="stable")
        self._patient = sample.patient[order]
        self._rows_until = _count_until(score, self.levels)
        is_event = sample.label[order] == 1
        self._event_patient = self._patient[is_event]
        event_score = score[order][is_event]
        self._events_until = _count_until(event_score, self.levels)
        day_score, day_patient = _highest_of_day(sample, score)
        day_order = np.argsort(-day_score, kind="stable")
        self._day_patient = day_patient[day_order]
        self._days_until = _count_until(day_score, self.levels)

    def counts(self, multiplicity: Numbers) -> tuple[Numbers, Numbers]:
        """Weighted rows with and without an event at or above each level."""
        events = _at_or_above(multiplicity, (self._event_patient, self._events_until))[1:]
        return events, _at_or_above(multiplicity, (self._patient, self._rows_until))[1:] - events

    def shares_at_budget(self) -> Numbers:
        """How surely each row sounds when the budget is used up on all rows: 1, 0, or by lot."""
        days = _at_or_above(np.ones(self._patients), (self._day_patient, self._days_until))
        level, part = _reached(ALARM_BUDGET, days)
        threshold = self.levels[level]
        return np.where(self._score > threshold, 1.0, np.where(self._score == threshold, part, 0.0))

    def replicates(self, draws: Numbers) -> Numbers:
        """The five ranking figures in the order of `METRICS` under every line of `draws`.

        Resamples by five; NaN where not both classes are there.
        """
        return _figures(
            np.ascontiguousarray(draws, dtype=np.float64),
            (self._patient, self._rows_until),
            (self._event_patient, self._events_until),
            (self._day_patient, self._days_until),
        )


def _count_until(score: Numbers, levels: Numbers) -> Places:
    """How many scores reach each level, after a leading 0."""
    return np.append(0, np.searchsorted(np.sort(-score), -levels, side="right"))


Counted = tuple[Places, Places]
"""The patients of things by falling risk, and how many things lie at or above each level."""


@numba.njit(cache=True, nogil=True)
def _at_or_above(weight: Numbers, counted: Counted) -> Numbers:
    """Weight of the things at or above each level, after a leading 0."""
    patient, until = counted
    found = np.zeros(len(until))
    running = 0.0
    for level in range(len(until) - 1):
        for place in range(until[level], until[level + 1]):
            running += weight[patient[place]]
        found[level + 1] = running
    return found


@numba.njit(cache=True, nogil=True)
def _reached(share: float, running: Numbers) -> tuple[int, float]:
    """The level in which `running` reaches `share` of its total, and the part of it needed."""
    target = share * running[-1]
    level = np.searchsorted(running, target) - 1
    return level, (target - running[level]) / (running[level + 1] - running[level])


@numba.njit(cache=True, nogil=True)
def _between(running: Numbers, level: int, part: float) -> float:
    """What `running` is where a level is gone through in part."""
    return running[level] + part * (running[level + 1] - running[level])


@numba.njit(cache=True, nogil=True)
def _areas(rows: Numbers, events: Numbers) -> tuple[float, float]:
    """Area under the ROC, and average precision: sums over the levels."""
    others = rows[-1] - events[-1]
    roc, precision = 0.0, 0.0
    for level in range(len(rows) - 1):
        here = events[level + 1] - events[level]
        if here > 0:
            false = rows[level + 1] - events[level + 1] + rows[level] - events[level]
            roc += here * (others - false / 2)
            precision += here * events[level + 1] / rows[level + 1]
    return roc / (events[-1] * others), precision / events[-1]


@numba.njit(cache=True, nogil=True)
def _figures(draws: Numbers, rows_of: Counted, events_of: Counted, days_of: Counted) -> Numbers:
    """The five figures under every line of `draws`."""
    found = np.full((len(draws), 5), np.nan)
    for number in range(len(draws)):
        rows, events = _at_or_above(draws[number], rows_of), _at_or_above(draws[number], events_of)
        if events[-1] == 0 or events[-1] == rows[-1]:
            continue
        days = _at_or_above(draws[number], days_of)
        level, part = _reached(ALARM_BUDGET, days)
        caught, sounding = _between(events, level, part), _between(rows, level, part)
        found[number, 0], found[number, 1] = _areas(rows, events)
        found[number, 2] = caught / events[-1]
        if sounding > 0:
            found[number, 3] = caught / sounding
        level, part = _reached(TARGET_SENSITIVITY, events)
        found[number, 4] = _between(days, level, part) / days[-1]
    return found


def _highest_of_day(sample: Sample, score: Numbers) -> tuple[Numbers, Places]:
    """Each patient-day's highest score and its patient."""
    distinct, first, code = np.unique(sample.day, return_index=True, return_inverse=True)
    highest = np.full(len(distinct), -np.inf)
    np.maximum.at(highest, code, score)
    return highest, sample.patient[first]
