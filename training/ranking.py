"""How well risks put the rows before an event first: sorted once, counted under any resample."""

import math

import numpy as np
from numpy.typing import NDArray

from training.sample import Numbers, Sample

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
        self.levels = -np.unique(-score)
        order = np.argsort(-score, kind="stable")
        self._patient = sample.patient[order]
        self._rows_until = _count_until(score, self.levels)
        is_event = sample.label[order] == 1
        self._event_patient = self._patient[is_event]
        event_score = score[order][is_event]
        self._events_until = _count_until(event_score, self.levels)
        self._event_level = np.searchsorted(-self.levels, -event_score)
        day_score, day_patient = _highest_of_day(sample, score)
        day_order = np.argsort(-day_score, kind="stable")
        self._day_patient = day_patient[day_order]
        self._days_until = _count_until(day_score, self.levels)
        self._day_level = np.searchsorted(-self.levels, -day_score[day_order])
        self._eventful = np.unique(self._event_level)

    def counts(self, multiplicity: Numbers) -> tuple[Numbers, Numbers]:
        """Weighted rows with and without an event at or above each level."""
        events = _running(multiplicity, self._event_patient)[self._events_until[1:]]
        return events, _running(multiplicity, self._patient)[self._rows_until[1:]] - events

    def figures(self, multiplicity: Numbers) -> Numbers:
        """The five ranking figures in the order of `METRICS`; NaN unless both classes are there."""
        rows = _running(multiplicity, self._patient)
        events = _running(multiplicity, self._event_patient)
        days = _running(multiplicity, self._day_patient)
        if events[-1] == 0 or events[-1] == rows[-1]:
            return np.full(5, math.nan)
        caught, sounding = self._at_budget(rows, events, days)
        return np.array(
            [
                *self._areas(rows, events),
                caught / events[-1],
                caught / sounding if sounding > 0 else math.nan,
                self._days_at_sensitivity(events, days) / days[-1],
            ]
        )

    def _areas(self, rows: Numbers, events: Numbers) -> tuple[float, float]:
        """Area under the ROC, and average precision: sums over the levels that hold an event."""
        after, before = self._eventful + 1, self._eventful
        caught, caught_before = (
            events[self._events_until[after]],
            events[self._events_until[before]],
        )
        found, found_before = rows[self._rows_until[after]], rows[self._rows_until[before]]
        here = caught - caught_before
        others = rows[-1] - events[-1]
        false, false_before = found - caught, found_before - caught_before
        below = others - (false + false_before) / 2
        precision = np.divide(caught, found, out=np.zeros_like(caught), where=found > 0)
        roc = float(here @ below) / (float(events[-1]) * float(others))
        return roc, float(here @ precision) / float(events[-1])

    def _at_budget(self, rows: Numbers, events: Numbers, days: Numbers) -> tuple[float, float]:
        """Rows with an event that sound, and all rows that sound, when the budget is used up."""
        level, part = _reach(ALARM_BUDGET, days, self._day_level, self._days_until)
        return (
            _between(events, self._events_until, level, part),
            _between(rows, self._rows_until, level, part),
        )

    def _days_at_sensitivity(self, events: Numbers, days: Numbers) -> float:
        """Patient-days with an alarm when the target sensitivity is reached."""
        level, part = _reach(TARGET_SENSITIVITY, events, self._event_level, self._events_until)
        return _between(days, self._days_until, level, part)


def _count_until(score: Numbers, levels: Numbers) -> Places:
    """How many scores reach each level, after a leading 0."""
    return np.append(0, np.searchsorted(np.sort(-score), -levels, side="right"))


def _running(multiplicity: Numbers, patient: Places) -> Numbers:
    """Running weight of rows in their order, after a leading 0."""
    weights = np.empty(len(patient) + 1)
    weights[0] = 0.0
    np.cumsum(multiplicity[patient], out=weights[1:])
    return weights


def _reach(share: float, running: Numbers, level_of: Places, until: Places) -> tuple[int, float]:
    """The level in which `running` reaches `share` of its total, and the part of it needed."""
    target = share * running[-1]
    level = int(level_of[int(np.searchsorted(running, target, side="left")) - 1])
    before, after = running[until[level]], running[until[level + 1]]
    return level, float((target - before) / (after - before))


def _between(running: Numbers, until: Places, level: int, part: float) -> float:
    before, after = running[until[level]], running[until[level + 1]]
    return float(before + part * (after - before))


def _highest_of_day(sample: Sample, score: Numbers) -> tuple[Numbers, Places]:
    """Each patient-day's highest score and its patient."""
    distinct, first, code = np.unique(sample.day, return_index=True, return_inverse=True)
    highest = np.full(len(distinct), -np.inf)
    np.maximum.at(highest, code, score)
    return highest, sample.patient[first]
