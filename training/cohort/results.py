"""When laboratory results come out: panels that share a machine, its hours, nights and weekends."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.cohort.laboratories import LABORATORIES, PLACE
from training.cohort.parameters import CLOCK_AT_START

DAY = 1440
"""Minutes."""

NIGHT_FROM, NIGHT_TO = 20, 6
"""Hours of the day with few hands in the laboratory (assumed); the morning's round is no night."""
OFF_HOURS = 1.5
"""How many times longer a result takes at night, on Saturday and on Sunday (assumed)."""
SPREAD = 0.35
"""SD of the logarithm of a panel's delay (assumed)."""
AT_LEAST_MIN = 10


@dataclass(frozen=True)
class Panel:
    """Values of one run of one machine: ordered on one form, known at one time.

    `runs`: the hours of the day in which it is run; what is drawn at others waits for the next
    run, up to a day. `weekends` false: not on Saturday and Sunday either. All assumed.
    """

    key: str
    values: tuple[str, ...]
    runs: tuple[int, int] = (0, 24)
    weekends: bool = True

    @property
    def delay_h(self) -> float:
        """The panel is out with the slowest of its values."""
        return max(LABORATORIES[PLACE[key]].order.delay_h for key in self.values)


PANELS: tuple[Panel, ...] = (
    Panel("count", ("platelets", "hemoglobin", "neutrophils", "lymphocytes")),
    Panel(
        "chemistry",
        (
            "crp", "ldh", "ast", "alt", "bilirubin_total", "creatinine", "albumin", "calcium",
            "glucose",
        ),
    ),
    Panel("coagulation", ("aptt", "fibrinogen", "d_dimer")),
    Panel("blood_gas", ("lactate",)),
    Panel("procalcitonin", ("procalcitonin",)),
    Panel("ferritin", ("ferritin",), runs=(7, 20)),
    Panel("il6", ("il6",), runs=(8, 16)),
    Panel("cytokines", ("ifn_gamma", "il10"), runs=(8, 16), weekends=False),
    Panel("immunoglobulins", ("igg",), runs=(8, 16), weekends=False),
)  # fmt: skip


def out_at(
    panel: Panel, drawn: npt.NDArray[np.int64], pace: float, luck: npt.NDArray[np.float64]
) -> npt.NDArray[np.int64]:
    """The minute at which the results of blood of the minutes `drawn` are known.

    `pace` multiplies the time in the laboratory, `luck` is a standard normal number a draw.
    """
    started = _run(panel, drawn)
    clock, day = _clock(started)
    off = (clock >= NIGHT_FROM * 60) | (clock < NIGHT_TO * 60) | (day >= 5)
    minutes = 60.0 * panel.delay_h * pace * np.where(off, OFF_HOURS, 1.0) * np.exp(SPREAD * luck)
    return started + minutes.astype(np.int64) + AT_LEAST_MIN


def _run(panel: Panel, drawn: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """When the machine takes the blood: at once, or with its next run."""
    opens, closes = (60 * hour for hour in panel.runs)
    clock, day = _clock(drawn)
    morning = drawn - clock + opens
    started = np.where(clock < opens, morning, np.where(clock >= closes, morning + DAY, drawn))
    if panel.weekends:
        return started
    clock, day = _clock(started)
    return np.where(day >= 5, started - clock + opens + (7 - day) * DAY, started)


def _clock(minute: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Minute of the day and day of the week (0 Monday) of minutes since the calendar's origin."""
    since_midnight = minute + 60 * CLOCK_AT_START
    return since_midnight % DAY, since_midnight // DAY % 7
