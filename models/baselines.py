"""What the model must beat, behind one interface: `fit(rows, label)`, then `risk(rows)`.

What a baseline learnt is a small dictionary, so that a bundle carries its opponents with it.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Protocol, Self

import numpy as np
import pandas as pd
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from features.outcomes import Outcome
from models.rules import crp_rule, fever

State = dict[str, Any]


class Baseline(Protocol):
    """Anything that learns from labelled rows and gives a risk for others."""

    def fit(self, rows: pd.DataFrame, label: np.ndarray) -> Self:
        """Learn from feature rows and labels 0 and 1."""
        ...

    def risk(self, rows: pd.DataFrame) -> np.ndarray:
        """Probability of the outcome, float64 of shape (rows,)."""
        ...

    @property
    def state(self) -> State:
        """What was learnt, as plain values for JSON."""
        ...

    def restore(self, state: Mapping[str, Any]) -> Self:
        """Take up what another of its kind had learnt."""
        ...


class Persistence:
    """Today's grade and the day: logistic regression on grade steps, the day, and their products.

    The opponent of every model of severe CRS: on the public patients it equals the published ones.
    Of the fitted forms tried there (categories or steps, with and without products, C from 0.1 to
    100) this ranked best; `TodaysGrade`, not fitted, stands beside it. Without any grade on record
    it knows the day alone.
    """

    def fit(self, rows: pd.DataFrame, label: np.ndarray) -> Self:
        """Learn from rows and labels 0 and 1."""
        logistic = LogisticRegression(C=1.0, max_iter=1000).fit(self._design(rows), label)
        self._weights = logistic.coef_[0]
        self._intercept = float(logistic.intercept_[0])
        return self

    def risk(self, rows: pd.DataFrame) -> np.ndarray:
        """Probability of the outcome."""
        return expit(self._design(rows) @ self._weights + self._intercept)

    @property
    def state(self) -> State:
        """Weights of the design's columns and the intercept."""
        return {"weights": self._weights.tolist(), "intercept": self._intercept}

    def restore(self, state: Mapping[str, Any]) -> Self:
        """The inverse of `state`."""
        self._weights = np.array(state["weights"])
        self._intercept = float(state["intercept"])
        return self

    @staticmethod
    def _design(rows: pd.DataFrame) -> np.ndarray:
        grade, day = _column(rows, "crs_grade.last"), _days(rows) / 5.0
        steps = [grade >= 1, grade >= 2, grade >= 3]
        products = [step * day for step in steps]
        return np.column_stack([*steps, np.isnan(grade), day, *products]).astype(float)


class TodaysGrade:
    """Today's grade and nothing else, not fitted: each grade makes severe CRS ten times likelier.

    Round figures set by hand, so that the order of its risks is the grade's own in every fold.
    """

    def fit(self, rows: pd.DataFrame, label: np.ndarray) -> Self:  # noqa: ARG002
        """Learn nothing."""
        return self

    def risk(self, rows: pd.DataFrame) -> np.ndarray:
        """0.4 from grade 2, 0.04 from 1, 0.004 from 0 or where no grade is known."""
        grade = np.nan_to_num(_column(rows, "crs_grade.last"))
        return 0.4 * 10.0 ** (np.clip(grade, 0.0, 2.0) - 2.0)

    @property
    def state(self) -> State:
        """Nothing."""
        return {}

    def restore(self, state: Mapping[str, Any]) -> Self:  # noqa: ARG002
        """Itself."""
        return self


class RuleRate:
    """A rule as the rate of the outcome when it fires, does not fire, or cannot say."""

    def __init__(self, rule: Callable[[pd.DataFrame], np.ndarray]) -> None:
        self._rule = rule

    def fit(self, rows: pd.DataFrame, label: np.ndarray) -> Self:
        """Learn the three rates, half an event added on each side (Haldane 1956)."""
        answer = self._answers(rows)
        counts = [(label[answer == k].sum(), (answer == k).sum()) for k in range(3)]
        self._rates = np.array([(events + 0.5) / (all_rows + 1.0) for events, all_rows in counts])
        return self

    def risk(self, rows: pd.DataFrame) -> np.ndarray:
        """Probability of the outcome."""
        return self._rates[self._answers(rows)]

    @property
    def state(self) -> State:
        """Rates where the rule does not fire, cannot say, fires."""
        return {"rates": self._rates.tolist()}

    def restore(self, state: Mapping[str, Any]) -> Self:
        """The inverse of `state`."""
        self._rates = np.array(state["rates"])
        return self

    def _answers(self, rows: pd.DataFrame) -> np.ndarray:
        fires = self._rule(rows)
        return np.where(np.isnan(fires), 1, np.where(fires > 0, 2, 0)).astype(int)


class LastValueLogistic:
    """Ridge logistic regression on last values, as hospitals build it first.

    Values are log-compressed and standardised; a missing one takes the median, with an indicator
    beside. `columns` None takes every last value.
    """

    def __init__(self, columns: Sequence[str] | None = None, c: float = 0.05) -> None:
        self._columns = columns
        self._c = c

    def fit(self, rows: pd.DataFrame, label: np.ndarray) -> Self:
        """Learn from rows and labels 0 and 1; the base rate alone where no column has a value."""
        wanted = self._columns or [name for name in rows.columns if name.endswith(".last")]
        self._used = [name for name in wanted if name in rows and rows[name].notna().any()]
        values = _signed_log(self._values(rows))
        self._median = np.nanmedian(values, axis=0) if self._used else np.zeros(0)
        filled = np.where(np.isnan(values), self._median, values)
        self._mean, scale = filled.mean(axis=0), filled.std(axis=0)
        self._scale = np.where(scale > 0.0, scale, 1.0)
        if not self._used:
            rate = float(np.mean(label))
            self._weights, self._intercept = np.zeros(0), float(np.log(rate / (1.0 - rate)))
            return self
        logistic = LogisticRegression(C=self._c, max_iter=1000).fit(self._design(rows), label)
        self._weights, self._intercept = logistic.coef_[0], float(logistic.intercept_[0])
        return self

    def risk(self, rows: pd.DataFrame) -> np.ndarray:
        """Probability of the outcome."""
        if not self._used:
            return np.full(len(rows), expit(self._intercept))
        return expit(self._design(rows) @ self._weights + self._intercept)

    @property
    def state(self) -> State:
        """Columns, their median, mean and scale after compression, weights and intercept."""
        return {
            "used": list(self._used),
            "median": self._median.tolist(),
            "mean": self._mean.tolist(),
            "scale": self._scale.tolist(),
            "weights": self._weights.tolist(),
            "intercept": self._intercept,
        }

    def restore(self, state: Mapping[str, Any]) -> Self:
        """The inverse of `state`."""
        self._used = list(state["used"])
        self._median, self._mean = np.array(state["median"]), np.array(state["mean"])
        self._scale, self._weights = np.array(state["scale"]), np.array(state["weights"])
        self._intercept = float(state["intercept"])
        return self

    def _values(self, rows: pd.DataFrame) -> np.ndarray:
        return np.column_stack(
            [_column(rows, name) for name in self._used] or [np.zeros((len(rows), 0))]
        )

    def _design(self, rows: pd.DataFrame) -> np.ndarray:
        values = _signed_log(self._values(rows))
        missing = np.isnan(values)
        scaled = (np.where(missing, self._median, values) - self._mean) / self._scale
        return np.column_stack([scaled, missing])


def _signed_log(values: np.ndarray) -> np.ndarray:
    return np.sign(values) * np.log1p(np.abs(values))


def _column(rows: pd.DataFrame, name: str) -> np.ndarray:
    return rows[name].to_numpy(dtype=float) if name in rows else np.full(len(rows), np.nan)


def _days(rows: pd.DataFrame) -> np.ndarray:
    """Days since the course began, 0 where unknown."""
    therapy = _column(rows, "therapy.hours_since_first")
    admission = _column(rows, "icu_admission.hours_since_first")
    return np.nan_to_num(np.where(np.isnan(therapy), admission, therapy) / 24.0)


_FOR_EVERY_OUTCOME: Mapping[str, Callable[[], Baseline]] = {
    "persistence": Persistence,
    "crp_rule": lambda: RuleRate(crp_rule),
    "crp": lambda: LastValueLogistic(("crp.last",)),
    "fever": lambda: RuleRate(fever),
    "last_value_logistic": LastValueLogistic,
}

BASELINES: Mapping[Outcome, Mapping[str, Callable[[], Baseline]]] = MappingProxyType(
    {
        Outcome.SEVERE_CRS: {
            "grade": TodaysGrade,
            **_FOR_EVERY_OUTCOME,
            "easix": lambda: LastValueLogistic(("easix.log2", "modified_easix.log2")),
        },
        Outcome.INFECTION: _FOR_EVERY_OUTCOME,
    }
)
"""The baselines of each outcome by name; `persistence` is the one that counts."""

BASELINE_COLUMNS = (
    "crs_grade.last",
    "therapy.hours_since_first",
    "icu_admission.hours_since_first",
)
"""Columns that the baselines read beside those of the rules and every last value."""
