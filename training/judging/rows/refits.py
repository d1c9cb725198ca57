"""Logistic fits anew in every resample, over rows counted by level of their log-odds.

    rows of a resample                       level    log-odds    rows    events
    log-odds -2.002, no event (drawn twice)  -256     -2.000      3       1
    log-odds -1.998, event

Neighbouring log-odds are one level, which stands for its rows by their mean: a fit then costs as
much for a large cohort as for a small one, and hundreds of resamples are fitted at once.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from training.judging.rows.sample import Numbers, Sample

LEVELS_A_UNIT = 128
"""Levels in a unit of log-odds. A row's expected events are then off by less than 1 in 100, up or
down, which moves an answer by less than a hundredth of its standard error where the log-odds spread
over many levels; risks that are nearly all alike have no slope to speak of."""
MOST_STEPS = 25
"""A fit that is not found by then runs to infinity: the resample's risks tell its rows apart."""
LONGEST_STEP = 3.0  # of a coefficient in log-odds: longer ones overshoot
NEAR_ENOUGH = 1e-6  # the step after such a one would be a million times shorter


@dataclass(frozen=True)
class Levels:
    """Levels of log-odds with their rows and events in every resample (resamples by levels).

    `margin` and `risk` are means over a level's rows.
    """

    margin: Numbers
    risk: Numbers
    rows: Numbers
    events: Numbers

    @classmethod
    def of(cls, sample: Sample, margin: Numbers, draws: Numbers) -> "Levels":
        """The rows of `sample`, whose log-odds are `margin`, under each line of `draws`."""
        _, level = np.unique(np.round(margin * LEVELS_A_UNIT), return_inverse=True)
        size = np.bincount(level)
        risk = np.bincount(level, sample.risk) / size
        counted = [_counted(level, sample.patient, each, draws)
                   for each in (np.ones(len(sample)), sample.label)]  # fmt: skip
        return cls(np.bincount(level, margin) / size, risk, *counted)


def _counted(
    level: NDArray[np.int64], patient: NDArray[np.int64], value: Numbers, draws: Numbers
) -> Numbers:
    """Sums of `value` by resample and level."""
    here = value > 0
    shape = int(level.max()) + 1, draws.shape[1]
    found: Numbers = (csr_array((value[here], (level[here], patient[here])), shape) @ draws.T).T
    return np.ascontiguousarray(found)


@dataclass(frozen=True)
class Refits:
    """Coefficients by resample (resamples by coefficients), and which resamples have an answer."""

    coefficients: Numbers
    converged: NDArray[np.bool_]

    def known(self, column: int) -> Numbers:
        """One coefficient in every resample, NaN where there is no answer."""
        return np.where(self.converged, self.coefficients[:, column], np.nan)


def refitted(
    levels: Levels, design: Numbers, start: Numbers, offset: Numbers | float = 0.0
) -> Refits:
    """Unpenalised logistic regression in every resample, by damped Newton steps from `start`.

    `design` is levels by coefficients, `offset` one a level. The first resample, which is the
    estimate, keeps `start`: it was fitted to the rows themselves. Without an answer (the risks tell
    the resample's rows apart, or are all alike) coefficients are where the steps ended.
    """
    found = np.tile(start, (len(levels.rows), 1))
    converged = np.arange(len(found)) == 0
    products = (design[:, :, None] * design[:, None, :]).reshape(len(design), -1)
    left = np.flatnonzero(~converged)
    for _ in range(MOST_STEPS):
        if not len(left):
            break
        step, has_rank = _step(levels, left, design, products, found[left] @ design.T + offset)
        found[left] += step
        near = np.abs(step).max(axis=1) < NEAR_ENOUGH
        converged[left] = near & has_rank
        left = left[~near]
    return Refits(found, converged)


def _step(
    levels: Levels, left: NDArray[np.int64], design: Numbers, products: Numbers, margin: Numbers
) -> tuple[Numbers, NDArray[np.bool_]]:
    """The damped step of each resample in `left`, and whether its information has full rank."""
    risk = 1.0 / (1.0 + np.exp(-np.clip(margin, -40, 40)))
    rows, size = levels.rows[left], design.shape[1]
    slope = (levels.events[left] - rows * risk) @ design
    information = ((rows * risk * (1.0 - risk)) @ products).reshape(-1, size, size)
    steady = 1e-10 * np.trace(information, axis1=1, axis2=2) + 1e-300
    ridge = steady[:, None, None] * np.eye(size)
    step: Numbers = np.linalg.solve(information + ridge, slope[:, :, None])[:, :, 0]
    longest = np.maximum(np.abs(step).max(axis=1), 1e-300)
    step = step * np.minimum(1.0, LONGEST_STEP / longest)[:, None]
    return step, np.linalg.matrix_rank(information, hermitian=True) == size
