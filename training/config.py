"""Every choice of a training run, in one frozen value from which the flags are made."""

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from features.outcomes import Outcome, OutcomeSource
from training.calibrating import Choice
from training.prices import Prices

DAY = pd.Timedelta(hours=24)
HOUR = pd.Timedelta(hours=1)


@dataclass(frozen=True)
class TrainingConfig:
    """What to train on, what to predict, and how to judge it.

    `every` is the step between as-of times that are judged, `learn_every` that between times to
    learn from, `horizon` how far a label looks ahead. `repeats` of
    the patient-wise cross-validation: None takes what `repeats_for` says. `outcomes_from` says
    where grades and infections come from, as features and as labels. `accept_leaks` lets a run go
    on that the leak audit would stop. `weights` is a CSV of sampling weights (`training.weights`).
    Without `curve` an adaptation draws no learning curve. With `trials` or
    `minutes` recipes are tuned (`training.tune`).
    """

    records: Path
    format: str
    out: Path
    outcomes: tuple[Outcome, ...] = (Outcome.SEVERE_CRS, Outcome.INFECTION)
    every: pd.Timedelta = DAY
    horizon: pd.Timedelta = DAY
    learn_every: pd.Timedelta = HOUR
    experiment: str = "crs-risk"
    seed: int = 0
    folds: int = 5
    repeats: int | None = None
    bootstrap: int = 200
    variants: bool = True
    curve: bool = True
    outcomes_from: OutcomeSource = OutcomeSource.DOCUMENTED
    prices: Prices = field(default_factory=Prices)
    accept_leaks: bool = False
    calibration: Choice = Choice.LOGISTIC
    weights: Path | None = None
    trials: int = 0
    minutes: float | None = None


MOST_REPEATS = 10
ROWS_OF_ALL_REPEATS, ROWS_FIT_TWICE = 20_000, 500_000


def repeats_for(config: TrainingConfig, rows: int) -> int:
    """How often the cross-validation is repeated for so many rows to learn from.

    Few rows give unsteady figures and fit in no time; many give steady ones and take long. Two let
    the cross-validated risk be a mean of members, as that of a bundle is: one member alone ranks
    worse than any committee that is shipped (docs/challenge.md).
    """
    if config.repeats is not None:
        return config.repeats
    least = 2 if rows <= ROWS_FIT_TWICE else 1
    return min(MOST_REPEATS, max(least, ROWS_OF_ALL_REPEATS // rows))
