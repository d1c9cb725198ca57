"""Patient-wise cross-fitting: every row is judged by members that never saw its patient."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from models.baselines import Baseline
from models.calibration import Calibration, fit_calibration
from models.risk import Recipe, RiskModel, fit_member, join_members
from training.progress import progress


@dataclass(frozen=True)
class TrainingRows:
    """Rows at risk with an observed label: all arrays share the first axis."""

    rows: pd.DataFrame
    label: np.ndarray
    patient: np.ndarray
    plan: np.ndarray
    """Fold of each row in each repeat, shape (rows, repeats)."""

    @property
    def folds(self) -> int:
        """How many folds each repeat has."""
        return int(self.plan.max()) + 1


@dataclass(frozen=True)
class Fitted:
    """A committee with what it gave for patients that its members had not seen.

    `unseen_risk` (rows x repeats) is calibrated on the other folds alone, so it may be scored.
    """

    model: RiskModel
    calibration: Calibration
    unseen_risk: np.ndarray


def fit_committee(
    training: TrainingRows, columns: Sequence[str], recipe: Recipe, seed: int, what: str
) -> Fitted:
    """Fit one member for each fold of each repeat, join them, calibrate on unseen patients."""
    rows = training.rows[list(columns)]
    base_rate = float(training.label.mean())
    margins = np.empty(training.plan.shape)
    members = []
    splits = [(r, f) for r in range(training.plan.shape[1]) for f in range(training.folds)]
    for repeat, fold in progress(splits, len(splits), what):
        held_out = training.plan[:, repeat] == fold
        booster = fit_member(
            rows[~held_out], training.label[~held_out], recipe, base_rate, seed + len(members)
        )
        members.append(booster)
        margins[held_out, repeat] = join_members([booster], columns).margin(rows[held_out])
    calibration = fit_calibration(
        margins.mean(axis=1), training.label, training.patient, training.folds
    )
    return Fitted(join_members(members, columns), calibration, _cross_calibrated(training, margins))


def _cross_calibrated(training: TrainingRows, margins: np.ndarray) -> np.ndarray:
    """Risks from margins, each fold calibrated on the margins of the other folds."""
    risk = np.empty_like(margins)
    for repeat in range(margins.shape[1]):
        for fold in range(training.folds):
            here = training.plan[:, repeat] == fold
            learnt = fit_calibration(
                margins[~here, repeat], training.label[~here], training.patient[~here],
                training.folds,
            )  # fmt: skip
            risk[here, repeat] = learnt.risk(margins[here, repeat])
    return risk


def unseen_baseline_risk(training: TrainingRows, make: Callable[[], Baseline]) -> np.ndarray:
    """A baseline's risk for patients it had not seen, shape (rows, repeats)."""
    risk = np.empty(training.plan.shape)
    for repeat in range(training.plan.shape[1]):
        for fold in range(training.folds):
            here = training.plan[:, repeat] == fold
            learnt = make().fit(training.rows[~here], training.label[~here])
            risk[here, repeat] = learnt.risk(training.rows[here])
    return risk


def useful_columns(rows: pd.DataFrame, least_values: int = 20) -> list[str]:
    """Columns with at least `least_values` values that are not all the same."""
    return [
        name
        for name in rows.columns
        if rows[name].count() >= least_values and rows[name].min() < rows[name].max()
    ]
