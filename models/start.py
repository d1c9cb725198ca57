"""Where boosting starts: today's grade, the day, and today's values in a straight line.

A model that begins at what a penalised logistic regression of today's values gives spends its few
events on what a straight line does not know, and its trees show what is added to it.

    log-odds = intercept + grade steps reached + each value's line

The grade counts nearly freely, the lines are held tight (`LINE_PENALTY`). A line is straight in the
value, or in log(1 + value) where an analyte spans decades; outside the values learnt from it stays
level, and a missing value adds nothing. A line never runs against the declared sign of its column.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import expit

from features.catalogue import ANALYTES

GRADE = "crs_grade.last"
STEPS = (1.0, 2.0)
"""Each grade reached adds its own weight; grade 3 is outside the question."""

COURSE = "therapy.hours_since_first"
"""The time since the course began: CRS has its days."""

GRADE_PENALTY, LINE_PENALTY = 1.0, 100.0
"""What half a squared weight costs beside the summed log loss, of a grade step and of a line by one
standard deviation. Chosen by patient-wise cross-validation on the public CAR-T patients (see
docs/horizons.md); 33 and 300 do about as well."""
LEAST_VALUES = 30
"""A column with fewer values has no line (a choice)."""
LEAST_SPREAD = 1e-3
"""A column that varies by a smaller share of its mean, as rounding does, has no line (a choice)."""
DECADES = 100.0
"""An analyte whose plausible range is at least so many-fold is read as a logarithm (a choice)."""
MOST_LOG_ODDS = 100.0
"""No fitted line comes near it; beyond it the numbers are damaged."""
ROWS_AT_ONCE = 4096


@dataclass(frozen=True)
class Line:
    """`slope` x (value - `centre`), the value held within `low` and `high`; 0 where it is missing.

    All but the slope in the unit of the column, or of log(1 + value) where `is_log`.
    """

    column: str
    is_log: bool
    low: float
    high: float
    centre: float
    slope: float

    @property
    def furthest(self) -> float:
        """The most that the line moves the log-odds, up or down."""
        return max(abs(self.slope * (edge - self.centre)) for edge in (self.low, self.high))


@dataclass(frozen=True)
class Start:
    """Log-odds = intercept + the weight of each grade step reached + the lines."""

    intercept: float
    weights: tuple[float, ...]
    lines: tuple[Line, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the lines read, each once."""
        return tuple(dict.fromkeys(line.column for line in self.lines))

    def margin(self, rows: pd.DataFrame) -> np.ndarray:
        """Log-odds of feature rows, float64 of shape (rows,)."""
        margin = self.intercept + self.grade_part(rows)
        for part in self.line_parts(rows).T:  # one after the other: one row as many rows
            margin = margin + part
        return margin

    def grade_part(self, rows: pd.DataFrame) -> np.ndarray:
        """What the grade adds to the intercept."""
        return _steps(rows) @ np.array(self.weights)

    def line_parts(self, rows: pd.DataFrame) -> np.ndarray:
        """What each of `columns` adds, float64 of shape (rows, columns)."""
        parts = np.zeros((len(self.columns), len(rows)))
        values = rows[list(self.columns)].to_numpy(dtype=np.float64)
        for first in range(0, len(rows), ROWS_AT_ONCE):
            here = slice(first, first + ROWS_AT_ONCE)
            terms = self._terms(values[here].T)
            for place, term in zip(self._table.place, terms, strict=True):
                parts[place, here] += term
        return parts.T

    def _terms(self, values: np.ndarray) -> np.ndarray:
        """Each line's share (lines x rows) of the values of `columns` (columns x rows)."""
        table = self._table
        read = _read(values[table.place], table.is_log)
        held = np.clip(read, table.low, table.high)
        return np.nan_to_num(table.slope * (held - table.centre))

    @cached_property
    def _table(self) -> "_Table":
        order = {column: place for place, column in enumerate(self.columns)}
        numbers = np.array([(line.low, line.high, line.centre, line.slope) for line in self.lines])
        low, high, centre, slope = numbers.reshape(-1, 4).T[:, :, np.newaxis]
        place = np.array([order[line.column] for line in self.lines], dtype=np.intp)
        is_log = np.array([line.is_log for line in self.lines], dtype=bool)[:, np.newaxis]
        return _Table(place, is_log, low, high, centre, slope)


@dataclass(frozen=True)
class _Table:
    """The lines as arrays, one entry a line; all but `place` as a column."""

    place: np.ndarray
    is_log: np.ndarray
    low: np.ndarray
    high: np.ndarray
    centre: np.ndarray
    slope: np.ndarray


def fit_start(
    rows: pd.DataFrame,
    target: np.ndarray,
    signs: Sequence[int] | None = None,
    weight: np.ndarray | None = None,
    lines: bool = True,
) -> Start:
    """Fit on rows and targets 0 to 1; where nothing of use is known, the base rate alone.

    `signs` has the monotone sign of each column (None: all free), `weight` what each row counts
    (None: 1); without `lines` the grade alone is read.
    """
    sign = dict(zip(rows.columns, signs or (0,) * rows.shape[1], strict=True))
    drawn = _standardised(rows) if lines else ()
    unit = Start(0.0, (0.0,) * len(STEPS), drawn)
    design = np.column_stack([_steps(rows), unit.line_parts(rows)])
    names = (*(GRADE for _ in STEPS), *(line.column for line in drawn))
    penalty = np.repeat([GRADE_PENALTY, LINE_PENALTY], [len(STEPS), len(drawn)])
    bounds = [_WITHIN[sign.get(name, 0)] for name in names]
    counts = np.ones(len(target)) if weight is None else weight
    intercept, factors = _logistic(design, target, counts, penalty, bounds)
    found = tuple(
        replace(line, slope=line.slope * factor)
        for line, factor in zip(drawn, factors[len(STEPS) :], strict=True)
        if factor != 0.0
    )
    return Start(intercept, tuple(factors[: len(STEPS)]), found)


def mean_start(starts: Sequence[Start]) -> Start:
    """The start whose margin is the mean of the starts' margins."""
    weights = np.mean([start.weights for start in starts], axis=0)
    intercept = float(np.mean([start.intercept for start in starts]))
    lines = tuple(
        replace(line, slope=line.slope / len(starts)) for start in starts for line in start.lines
    )
    return Start(intercept, tuple(map(float, weights)), lines)


def moved(start: Start, intercept: float, slope: float) -> Start:
    """The start whose margin is `intercept` + `slope` x the start's."""
    return Start(
        slope * start.intercept + intercept,
        tuple(slope * weight for weight in start.weights),
        tuple(replace(line, slope=slope * line.slope) for line in start.lines),
    )


_WITHIN = {0: (None, None), 1: (0.0, None), -1: (None, 0.0)}
"""What a weight may be, by its column's sign."""


def _standardised(rows: pd.DataFrame) -> tuple[Line, ...]:
    """A line of one a standard deviation for each column of today's values that varies."""
    lines = []
    for column in rows.columns:
        key, _, statistic = column.partition(".")
        if column != COURSE and (key not in ANALYTES or statistic != "last"):
            continue
        is_log = column == COURSE or _spans_decades(key)
        values = _read(rows[column].to_numpy(dtype=np.float64), np.array(is_log))
        known = values[~np.isnan(values)]
        if known.size >= LEAST_VALUES and known.std() > LEAST_SPREAD * abs(known.mean()):
            low, high, centre = map(float, (known.min(), known.max(), known.mean()))
            lines.append(Line(column, is_log, low, high, centre, float(1.0 / known.std())))
    return tuple(lines)


def _spans_decades(key: str) -> bool:
    analyte = ANALYTES[key]
    low, high = analyte.plausible_low, analyte.plausible_high
    return low >= 0.0 and high >= DECADES * max(low, 1.0)


def _read(values: np.ndarray, is_log: np.ndarray) -> np.ndarray:
    """The values as their lines read them; nothing that is read as a logarithm is below 0."""
    return np.log1p(np.maximum(values, 0.0), out=values.copy(), where=is_log)


def _logistic(
    design: np.ndarray,
    target: np.ndarray,
    weight: np.ndarray,
    penalty: np.ndarray,
    bounds: Sequence[tuple[float | None, float | None]],
) -> tuple[float, list[float]]:
    """Intercept and weights of least penalised log loss; the base rate where no line is of use."""
    rate = float(np.average(target, weights=weight))
    base = float(np.log(rate / (1.0 - rate)))

    def loss(at: np.ndarray) -> tuple[float, np.ndarray]:
        margin = at[0] + design @ at[1:]
        error = weight * (expit(margin) - target)
        value = weight @ (np.logaddexp(0.0, margin) - target * margin)
        slope = np.concatenate([[error.sum()], error @ design + penalty * at[1:]])
        return value + 0.5 * penalty @ at[1:] ** 2, slope

    nothing = np.zeros(design.shape[1])
    if not design.any() or target.min() == target.max():
        return base, nothing.tolist()
    found = minimize(
        loss, np.concatenate([[base], nothing]), jac=True, method="L-BFGS-B",
        bounds=[(None, None), *bounds], options={"ftol": 1e-12, "gtol": 1e-6, "maxiter": 1000},
    ).x  # fmt: skip
    return float(found[0]), found[1:].tolist()


def _steps(rows: pd.DataFrame) -> np.ndarray:
    """Which grade steps each row has reached; none where no grade is known."""
    if GRADE not in rows:
        return np.zeros((len(rows), len(STEPS)))
    grade = rows[GRADE].to_numpy(dtype=float)
    return np.column_stack([grade >= step for step in STEPS]).astype(float)
