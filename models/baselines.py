"""What the model must beat, behind one interface: `fit(rows, label)`, then `risk(rows)`."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Protocol

import numpy as np
import pandas as pd
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from features.outcomes import Outcome
from models.rules import crp_rule, fever


class Baseline(Protocol):
    """Anything that learns from labelled rows and gives a risk for others."""

    def fit(self, rows: pd.DataFrame, label: np.ndarray) -> "Baseline":
        """Learn from feature rows and labels 0 and 1."""
        ...

    def risk(self, rows: pd.DataFrame) -> np.ndarray:
        """Probability of the outcome, float64 of shape (rows,)."""
        ...


class Persistence:
    """Today's grade and the day: logistic regression on the grade as categories and the day.

    The opponent of every model of severe CRS: on the public patients it equals the published ones.
    Without any grade on record it knows the day alone.
    """

    def fit(self, rows: pd.DataFrame, label: np.ndarray) -> "Persistence":
        """Learn from rows and labels 0 and 1."""
        self._model = LogisticRegression(C=1.0, max_iter=1000).fit(self._design(rows), label)
        return self

    def risk(self, rows: pd.DataFrame) -> np.ndarray:
        """Probability of the outcome."""
        return self._model.predict_proba(self._design(rows))[:, 1]

    @staticmethod
    def _design(rows: pd.DataFrame) -> np.ndarray:
        grade = _column(rows, "crs_grade.last")
        day = _day(rows)
        return np.column_stack(
            [grade == 1, grade == 2, grade >= 3, np.isnan(grade), day, day**2 / 10.0]
        ).astype(float)


class RuleRate:
    """A rule that fires or not, as the rate of the outcome when it does, does not, or cannot say."""

    def __init__(self, rule: Callable[[pd.DataFrame], np.ndarray]) -> None:
        self._rule = rule

    def fit(self, rows: pd.DataFrame, label: np.ndarray) -> "RuleRate":
        """Learn the three rates (with half an event added to each side, Haldane 1956)."""
        answers = self._answers(rows)
        self._rates = np.array(
            [
                (label[answers == k].sum() + 0.5) / ((answers == k).sum() + 1.0)
                for k in range(3)
            ]
        )
        return self

    def risk(self, rows: pd.DataFrame) -> np.ndarray:
        """Probability of the outcome."""
        return self._rates[self._answers(rows)]

    def _answers(self, rows: pd.DataFrame) -> np.ndarray:
        fires = self._rule(rows)
        return np.where(np.isnan(fires), 1, np.where(fires > 0, 2, 0)).astype(int)


class LastValueLogistic:
    """Ridge logistic regression on the last value of each analyte, as hospitals build it first.

    Values are log-compressed, missing ones take the median with an indicator beside.
    """

    def __init__(self, columns: Sequence[str] | None = None, c: float = 0.05) -> None:
        self._columns = columns
        self._c = c

    def fit(self, rows: pd.DataFrame, label: np.ndarray) -> "LastValueLogistic":
        """Learn from rows and labels 0 and 1; without columns, from every last value."""
        wanted = self._columns or [c for c in rows.columns if c.endswith(".last")]
        self._used = [c for c in wanted if c in rows and rows[c].notna().any()]
        self._model = self._pipeline().fit(self._values(rows), label) if self._used else None
        self._rate = float(np.mean(label))
        return self

    def risk(self, rows: pd.DataFrame) -> np.ndarray:
        """Probability of the outcome; the base rate where no column has a value in training."""
        if self._model is None:
            return np.full(len(rows), self._rate)
        return self._model.predict_proba(self._values(rows))[:, 1]

    def _values(self, rows: pd.DataFrame) -> np.ndarray:
        return rows[self._used].to_numpy(dtype=float)

    def _pipeline(self) -> Pipeline:
        return make_pipeline(
            FunctionTransformer(_signed_log),
            SimpleImputer(strategy="median", add_indicator=True),
            StandardScaler(),
            LogisticRegression(C=self._c, max_iter=1000),
        )


def _signed_log(values: np.ndarray) -> np.ndarray:
    return np.sign(values) * np.log1p(np.abs(values))


def _column(rows: pd.DataFrame, name: str) -> np.ndarray:
    return rows[name].to_numpy(dtype=float) if name in rows else np.full(len(rows), np.nan)


def _day(rows: pd.DataFrame) -> np.ndarray:
    """Days since the course began, 0 where unknown."""
    hours = np.full(len(rows), np.nan)
    for name in ("therapy.hours_since_first", "icu_admission.hours_since_first"):
        column = _column(rows, name)
        hours = np.where(np.isnan(hours), column, hours)
    return np.nan_to_num(hours / 24.0)


BASELINES: Mapping[Outcome, Mapping[str, Callable[[], Baseline]]] = MappingProxyType(
    {
        Outcome.SEVERE_CRS: {
            "persistence": Persistence,
            "crp_rule": lambda: RuleRate(crp_rule),
            "crp": lambda: LastValueLogistic(("crp.last",)),
            "fever": lambda: RuleRate(fever),
            "easix": lambda: LastValueLogistic(("easix.log2", "modified_easix.log2")),
            "last_value_logistic": LastValueLogistic,
        },
        Outcome.INFECTION: {
            "persistence": Persistence,
            "crp_rule": lambda: RuleRate(crp_rule),
            "crp": lambda: LastValueLogistic(("crp.last",)),
            "fever": lambda: RuleRate(fever),
            "last_value_logistic": LastValueLogistic,
        },
    }
)
"""The baselines of each outcome by name; `persistence` is the one that counts."""
