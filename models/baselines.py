"""What the model must beat, behind one interface: `fit(rows, label)`, then `risk(rows)`.

What a baseline learnt is a small dictionary, so that a bundle carries its opponents with it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any, Protocol, Self

import numpy as np
import pandas as pd
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from features.outcomes import Outcome
from models.rules import crp_rule, fever

State = dict[str, Any]
Weight = np.ndarray | None
"""How many rows of the population each row stands for; None: each for itself."""


class Baseline(Protocol):
    """Anything that learns from labelled rows and gives a risk for others."""

    def fit(self, rows: pd.DataFrame, label: np.ndarray, weight: Weight = None) -> Self:
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

    def fit(self, rows: pd.DataFrame, label: np.ndarray, weight: Weight = None) -> Self:
        """Learn from rows and labels 0 and 1."""
        logistic = LogisticRegression(C=1.0, max_iter=1000).fit(self._design(rows), label, weight)
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

    def fit(self, rows: pd.DataFrame, label: np.ndarray, weight: Weight = None) -> Self:  # noqa: ARG002
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

    def fit(self, rows: pd.DataFrame, label: np.ndarray, weight: Weight = None) -> Self:
        """Learn the three rates, half an event added on each side (Haldane 1956)."""
        answer = self._answers(rows)
        counts = np.ones(len(label)) if weight is None else weight
        events = np.bincount(answer, label * counts, minlength=3)
        self._rates = (events + 0.5) / (np.bincount(answer, counts, minlength=3) + 1.0)
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


class PublishedScore:
    """One published score: logistic regression whose risk moves only the way that was published.

    Where the rows learnt from point the other way, the score is left out: the risk is then that of
    rows with and without it. `rises` says that a higher score means a higher risk.
    """

    def __init__(self, column: str, rises: bool = True) -> None:
        self._column = column
        self._rises = rises
        self._logistic = LastValueLogistic((column,))

    def fit(self, rows: pd.DataFrame, label: np.ndarray, weight: Weight = None) -> Self:
        """Learn from rows and labels 0 and 1."""
        self._logistic.fit(rows, label, weight)
        weights = self._logistic.state["weights"]
        if weights and (weights[0] >= 0.0) != self._rises:
            flat = rows[[self._column]].mask(rows[[self._column]].notna(), 0.0)
            self._logistic.fit(flat, label, weight)
        return self

    def risk(self, rows: pd.DataFrame) -> np.ndarray:
        """Probability of the outcome."""
        return self._logistic.risk(rows)

    @property
    def state(self) -> State:
        """What the regression learnt."""
        return self._logistic.state

    def restore(self, state: Mapping[str, Any]) -> Self:
        """The inverse of `state`."""
        self._logistic.restore(state)
        return self


class LastValueLogistic:
    """Ridge logistic regression on last values, as hospitals build it first.

    Values are log-compressed and standardised; a missing one takes the median, with an indicator
    beside. `columns` None takes every last value.
    """

    def __init__(self, columns: Sequence[str] | None = None, c: float = 0.05) -> None:
        self._columns = columns
        self._c = c

    def fit(self, rows: pd.DataFrame, label: np.ndarray, weight: Weight = None) -> Self:
        """Learn from rows and labels 0 and 1; the base rate alone where no column has a value."""
        wanted = self._columns or [name for name in rows.columns if name.endswith(".last")]
        self._used = [name for name in wanted if name in rows and rows[name].notna().any()]
        values = _signed_log(self._values(rows))
        self._median = np.nanmedian(values, axis=0) if self._used else np.zeros(0)
        filled = np.where(np.isnan(values), self._median, values)
        self._mean, scale = filled.mean(axis=0), filled.std(axis=0)
        self._scale = np.where(scale > 0.0, scale, 1.0)
        if not self._used:
            rate = float(np.average(label, weights=weight))
            self._weights, self._intercept = np.zeros(0), float(np.log(rate / (1.0 - rate)))
            return self
        logistic = LogisticRegression(C=self._c, max_iter=1000).fit(
            self._design(rows), label, weight
        )
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


@dataclass(frozen=True)
class Published:
    """A score published for outcomes: its column, and whether the risk rises with it."""

    name: str
    column: str
    outcomes: tuple[Outcome, ...]
    source: str
    rises: bool = True


CRS, BOTH = (Outcome.SEVERE_CRS,), tuple(Outcome)
INFECTION = (Outcome.INFECTION,)

PUBLISHED: tuple[Published, ...] = (
    Published(
        "modified_easix", "modified_easix.log2", CRS,
        "severe CRS: Pennisi 2021, doi 10.1182/bloodadvances.2020003885",
    ),
    Published(
        "simplified_easix", "simplified_easix.log2", CRS,
        "severe CRS: Pennisi 2021, doi 10.1182/bloodadvances.2020003885",
    ),
    Published(
        "easix_at_start", "easix_baseline.log2", CRS,
        "severe CRS or ICANS, before lymphodepletion: Korell 2022, doi 10.3389/fimmu.2022.877477",
    ),
    Published(
        "easix_f_at_start", "easix_f.criteria", CRS,
        "CRS of grade 2 and more, before lymphodepletion: Greenbaum 2021, "
        "doi 10.1182/bloodadvances.2021004575; its limits are unverified",
    ),
    Published(
        "hscore", "partial_hscore.points", CRS,
        "haemophagocytic syndrome, which severe CRS may become: Fardet 2014, doi 10.1002/art.38690",
    ),
    Published(
        "news2", "partial_news2.last", BOTH,
        "deterioration and sepsis: Royal College of Physicians 2017",
    ),
    Published(
        "shock_index", "shock_index.last", BOTH,
        "shock: Allgower 1967, Dtsch Med Wochenschr 92:1947",
    ),
    Published(
        "spo2_fio2", "estimated_spo2_fio2.ratio", BOTH,
        "lung injury: Rice 2007, Chest 132:410", rises=False,
    ),
    Published(
        "qsofa", "partial_qsofa.last", INFECTION,
        "sepsis: Singer 2016, doi 10.1001/jama.2016.0287",
    ),
    Published("sirs", "partial_sirs.last", INFECTION, "sepsis: Bone 1992, Chest 101:1644"),
    Published(
        "sofa", "partial_sofa.last", INFECTION,
        "organ failure in sepsis: Vincent 1996, Intensive Care Med 22:707",
    ),
    Published(
        "neutrophil_lymphocyte_ratio", "neutrophil_lymphocyte_ratio.last", INFECTION,
        "systemic inflammation in the critically ill: Zahorec 2001, Bratisl Lek Listy 102:5",
    ),
    Published(
        "car_hematotox_at_start", "car_hematotox.points", INFECTION,
        "severe infection after CAR-T cells: doi 10.1186/s13045-023-01465-x",
    ),
)  # fmt: skip
"""One row a score. It becomes a baseline by refitting its risk, not its formula."""

FOUR_SIGNS = ("spo2.last", "d_dimer.last", "diastolic_bp.last", "inr.last")
"""The four strongest items of a model of high-grade CRS (Yu 2025, doi 10.3389/fimmu.2025.1692892),
fitted anew: how it uses them was not read."""


def _published(outcome: Outcome) -> dict[str, Callable[[], Baseline]]:
    return {
        row.name: partial(PublishedScore, row.column, row.rises)
        for row in PUBLISHED
        if outcome in row.outcomes
    }


BASELINES: Mapping[Outcome, Mapping[str, Callable[[], Baseline]]] = MappingProxyType(
    {
        Outcome.SEVERE_CRS: {
            "grade": TodaysGrade,
            **_FOR_EVERY_OUTCOME,
            "easix": lambda: LastValueLogistic(("easix.log2", "modified_easix.log2")),
            **_published(Outcome.SEVERE_CRS),
            "four_signs": lambda: LastValueLogistic(FOUR_SIGNS),
        },
        Outcome.INFECTION: {**_FOR_EVERY_OUTCOME, **_published(Outcome.INFECTION)},
    }
)
"""The baselines of each outcome by name; `persistence` is the one that counts."""

BASELINE_COLUMNS = (
    "crs_grade.last",
    "therapy.hours_since_first",
    "icu_admission.hours_since_first",
    *FOUR_SIGNS,
    *dict.fromkeys(row.column for row in PUBLISHED),
)
"""Columns that the baselines read beside those of the rules and every last value."""


def baselines_for(outcome: Outcome, rows: pd.DataFrame) -> Mapping[str, Callable[[], Baseline]]:
    """The outcome's baselines without those published scores that no row has a value of."""
    needed = {row.name: (row.column,) for row in PUBLISHED} | {"four_signs": FOUR_SIGNS}
    return {
        name: make
        for name, make in BASELINES[outcome].items()
        if name not in needed
        or all(column in rows and rows[column].notna().any() for column in needed[name])
    }
