"""Measuring at home: days without anything, a forgotten thermometer, uploads that come late."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.cohort.centres import HomeHabit
from training.cohort.parameters import CLOCK_AT_START


@dataclass(frozen=True)
class HomeChecks:
    """The checks at home of which something is on record, one entry each.

    `thermometer` false: without a temperature. `upload` (minutes): how much later than it was
    measured it reaches the hospital, 0 for at once.
    """

    hour: npt.NDArray[np.int64]
    patient: npt.NDArray[np.int64]
    thermometer: npt.NDArray[np.bool_]
    upload: npt.NDArray[np.int64]


def home_days(hour: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The calendar day of an hour of the simulation."""
    return (hour + CLOCK_AT_START) // 24


def kept_checks(
    habit: HomeHabit,
    hour: npt.NDArray[np.int64],
    patient: npt.NDArray[np.int64],
    feverish: npt.NDArray[np.bool_],
    chances: npt.NDArray[np.float64],
) -> HomeChecks:
    """What is left of these checks, of which `feverish` ones showed fever.

    `chances` (4 x check) are uniform: the first, the day's own, the same for all its checks.
    """
    day = home_days(hour)
    width = int(day.max(initial=0)) + 1
    with_fever = np.isin(patient * width + day, (patient * width + day)[feverish])
    kept = (chances[0] >= habit.silent_days) | with_fever
    thermometer = (chances[1] >= habit.forgotten) | feverish
    late = (chances[2] < habit.late) & ~feverish
    minutes = np.where(late, 30 + 60.0 * habit.latest_h * chances[3], 0).astype(np.int64)
    return HomeChecks(hour[kept], patient[kept], thermometer[kept], minutes[kept])
