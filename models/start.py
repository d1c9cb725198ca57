"""Where boosting starts: the log-odds that today's grade alone gives.

A model that begins at persistence spends its few events on what persistence does not know, and its
trees show what is added to it. Where no grade is on record the start is the base rate.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

GRADE = "crs_grade.last"
STEPS = (1.0, 2.0)
"""Each grade reached adds its own weight; grade 3 is outside the question."""


@dataclass(frozen=True)
class Start:
    """Log-odds = intercept + the weight of each grade step reached."""

    intercept: float
    weights: tuple[float, ...]

    def margin(self, rows: pd.DataFrame) -> np.ndarray:
        """Log-odds of feature rows, float64 of shape (rows,)."""
        return self.intercept + self.grade_part(rows)

    def grade_part(self, rows: pd.DataFrame) -> np.ndarray:
        """What the grade adds to the intercept."""
        return _steps(rows) @ np.array(self.weights)


def fit_start(
    rows: pd.DataFrame, target: np.ndarray, uses_grade: bool, weight: np.ndarray | None = None
) -> Start:
    """Fit on rows and targets 0 to 1; without the grade (or any on record) the base rate alone."""
    rate = float(np.average(target, weights=weight))
    steps = _steps(rows)
    base = Start(float(np.log(rate / (1.0 - rate))), (0.0,) * len(STEPS))
    if not uses_grade or not steps.any():
        return base
    label = (target >= 0.5).astype(int)
    if label.min() == label.max():
        return base
    logistic = LogisticRegression(C=1.0, tol=1e-8).fit(steps, label, weight)
    return Start(float(logistic.intercept_[0]), tuple(map(float, logistic.coef_[0])))


def mean_start(starts: Sequence[Start]) -> Start:
    """The start whose margin is the mean of the starts' margins."""
    weights = np.mean([start.weights for start in starts], axis=0)
    intercept = float(np.mean([start.intercept for start in starts]))
    return Start(intercept, tuple(map(float, weights)))


def _steps(rows: pd.DataFrame) -> np.ndarray:
    """Which grade steps each row has reached; none where no grade is known."""
    if GRADE not in rows:
        return np.zeros((len(rows), len(STEPS)))
    grade = rows[GRADE].to_numpy(dtype=float)
    return np.column_stack([grade >= step for step in STEPS]).astype(float)
