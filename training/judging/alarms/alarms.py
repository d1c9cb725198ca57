"""Alarms as a ward hears them: at a threshold, then silence, within a stated budget.

hour   risk      at 0.20, silent for 24 h
   0   0.10
  12   0.25      alarm
  24   0.40      silenced
  36   0.30      alarm
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from training.judging.rows.sample import Numbers

SILENT_HOURS = 24.0
"""After an alarm the same patient raises none for so long: a ward that was called is looking."""

LOTS = 4
"""Among rows of equal risk alarms sound by lot; figures are means over so many lots."""

Flags = NDArray[np.bool_]
Places = NDArray[np.int64]


@dataclass(frozen=True)
class Budget:
    """How many alarms a ward accepts: one in so many patient-days."""

    patient_days: int

    @property
    def per_day(self) -> float:
        """Alarms per patient-day."""
        return 1.0 / self.patient_days

    @property
    def title(self) -> str:
        """What it is called."""
        return f"1 alarm in {self.patient_days} patient-days"


BUDGETS = (Budget(10), Budget(20), Budget(5))
"""The alarm budgets that are judged, the main one first."""


@dataclass(frozen=True)
class Watch:
    """The rows on which alarms may sound, sorted by patient and hour.

    `patient`: running number, `patients` of them. `hour`: of the as-of time. `ahead`: hours to the
    patient's next onset, NaN where none follows. `days`: how many patient-days each patient has.
    """

    patient: Places
    hour: Numbers
    ahead: Numbers
    patients: int
    days: Numbers

    def __len__(self) -> int:
        return len(self.hour)


def alarms_of(watch: Watch, calls: Flags, silent_hours: float = SILENT_HOURS) -> Flags:
    """Which rows sound where `calls` says that they would, each patient silent after an alarm."""
    turn = np.where(calls, 0, 1)
    return _sounding(watch.patient, watch.hour, turn, 1, silent_hours)


def alarms_within(
    watch: Watch, risk: Numbers, budget: Budget, silent_hours: float = SILENT_HOURS
) -> Iterator[Flags]:
    """Which rows sound at the lowest threshold that keeps the budget, once for each lot.

    One lot is enough where no two rows have the same risk. A missing risk (NaN) never sounds, nor
    does the no of a rule (where every risk is 0 or 1).
    """
    known = risk[~np.isnan(risk)]
    is_rule = bool(np.isin(known, (0.0, 1.0)).all())
    able = risk == 1.0 if is_rule else ~np.isnan(risk)
    once = len(np.unique(known)) == len(known)
    for lot in range(1 if once else LOTS):
        turn = _turns(risk, able, lot)
        cut = _lowest(watch, turn, int(able.sum()), budget.per_day * watch.days.sum(), silent_hours)
        yield _sounding(watch.patient, watch.hour, turn, cut, silent_hours)


def _turns(risk: Numbers, able: Flags, lot: int) -> Places:
    """Each row's place by falling risk, equal ones by lot; rows that cannot sound come last."""
    drawn = np.random.default_rng(lot).random(len(risk))
    order = np.lexsort((drawn, np.where(able, -risk, np.inf)))
    turn = np.empty(len(risk), dtype=np.int64)
    turn[order] = np.arange(len(risk))
    return turn


def _lowest(watch: Watch, turn: Places, able: int, allowed: float, silent_hours: float) -> int:
    """How many rows may call so that no more alarms sound than allowed (by halving)."""
    fits, beyond = 0, able + 1
    while beyond - fits > 1:
        middle = (fits + beyond) // 2
        if _sounding(watch.patient, watch.hour, turn, middle, silent_hours).sum() <= allowed:
            fits = middle
        else:
            beyond = middle
    return fits


@numba.njit(cache=True, nogil=True)
def _sounding(patient: Places, hour: Numbers, turn: Places, cut: int, silent_hours: float) -> Flags:
    """Rows whose turn comes before `cut` and whose patient's last alarm is long enough ago."""
    sounds = np.zeros(len(hour), dtype=np.bool_)
    current, silent_until = -1, -np.inf
    for row in range(len(hour)):
        if patient[row] != current:
            current, silent_until = patient[row], -np.inf
        if turn[row] < cut and hour[row] >= silent_until:
            sounds[row] = True
            silent_until = hour[row] + silent_hours
    return sounds
