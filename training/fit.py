"""Patient-wise cross-fitting: every row is judged by members that never saw its patient."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.outcomes import Outcome
from models.baselines import Baseline
from models.calibration import Calibration
from models.recipes import Recipe, monotone_signs
from models.risk import RiskModel, join_members
from training.calibrating import Choice, calibrate
from training.engine import LOCAL, Engine
from training.engine.committee import Committee, evened


@dataclass(frozen=True)
class TrainingRows:
    """One outcome's rows to learn from and to be judged on; arrays share the first axis.

    `target` is what is learnt (NaN = not learnt from), `label` what happened, read only where
    `judged`: on the rows of the grid at risk with an observed horizon. `plan` is the fold of each
    row in each repeat, shape (rows, repeats). `weight` is how many patients of the population each
    row's patient stands for; None: each for one.
    """

    outcome: Outcome
    rows: pd.DataFrame
    target: np.ndarray
    label: np.ndarray
    judged: np.ndarray
    patient: np.ndarray
    plan: np.ndarray
    weight: np.ndarray | None = None

    @property
    def folds(self) -> int:
        """How many folds each repeat has."""
        return int(self.plan.max()) + 1

    def committee(
        self,
        rows: pd.DataFrame,
        columns: Sequence[str],
        recipe: Recipe | Sequence[Recipe],
        seed: int,
        signed: bool = True,
    ) -> Committee:
        """The committee that learns these rows' columns; `rows` stand line by line with ours.

        `recipe` is one for all members or one for each of `splits`; `signed` False leaves the
        monotone signs out.
        """
        signs = monotone_signs(columns, self.outcome) if signed else (0,) * len(columns)
        recipes = (recipe,) * len(self.splits) if isinstance(recipe, Recipe) else tuple(recipe)
        return Committee(
            rows, tuple(columns), self.target, self.plan, self.folds, recipes, signs, seed,
            self.weight,
        )  # fmt: skip

    @property
    def splits(self) -> list[tuple[int, int]]:
        """Every repeat and fold of it: one member each."""
        return [(r, f) for r in range(self.plan.shape[1]) for f in range(self.folds)]

    def used_by(self, split: tuple[int, int]) -> np.ndarray:
        """The rows that a split's member learns from: those of the other folds' patients."""
        repeat, fold = split
        return ~np.isnan(self.target) & (self.plan[:, repeat] != fold)

    @property
    def judged_rows(self) -> "JudgedRows":
        """The judged rows alone."""
        here = self.judged
        return JudgedRows(
            self.rows[here], self.label[here], self.patient[here], self.plan[here],
            taken(self.weight, here),
        )  # fmt: skip


@dataclass(frozen=True)
class JudgedRows:
    """Rows at risk with an observed label: all arrays share the first axis."""

    rows: pd.DataFrame
    label: np.ndarray
    patient: np.ndarray
    plan: np.ndarray
    weight: np.ndarray | None = None


def taken(weight: np.ndarray | None, here: np.ndarray) -> np.ndarray | None:
    """The weights of some rows (a bool array), where there are any."""
    return None if weight is None else weight[here]


@dataclass(frozen=True)
class Fitted:
    """A committee with what it gave for patients that its members had not seen.

    `unseen_risk` is the mean over the repeats, each calibrated on the other folds alone;
    `unseen_interval` are the limits (rows x 2) that patients apart would have been given.
    """

    model: RiskModel
    calibration: Calibration
    unseen_risk: np.ndarray
    unseen_interval: np.ndarray


def fit_committee(
    training: TrainingRows,
    columns: Sequence[str],
    recipe: Recipe | Sequence[Recipe],
    seed: int,
    what: str,
    choice: Choice = Choice.LOGISTIC,
    signed: bool = True,
    engine: Engine = LOCAL,
) -> Fitted:
    """Fit one member for each fold of each repeat, join them, calibrate on unseen patients.

    `recipe` is one for all members or one for each of `training.splits`; `signed` False leaves the
    monotone signs out.
    """
    committee = training.committee(training.rows, columns, recipe, seed, signed)
    members = engine.members(committee, what)
    judged = training.judged_rows
    margins = np.empty(judged.plan.shape)
    for (repeat, fold), member in zip(committee.splits, members, strict=True):
        unseen = judged.plan[:, repeat] == fold
        alone = join_members([member], columns)
        margins[unseen, repeat] = alone.margin(judged.rows[unseen])
    calibration = calibrate(
        margins.mean(axis=1),
        judged.label,
        judged.patient,
        training.folds,
        choice,
        judged.weight,
    )
    unseen_risk = _cross_calibrated(judged, margins, choice).mean(axis=1)
    interval = _cross_interval(judged, margins, choice)
    return Fitted(join_members(members, columns), calibration, unseen_risk, interval)


def _cross_calibrated(judged: JudgedRows, margins: np.ndarray, choice: Choice) -> np.ndarray:
    """Risks from margins (rows x repeats), each fold calibrated on the margins of the others."""
    risk = np.empty_like(margins)
    folds = int(judged.plan.max()) + 1
    for repeat, fold in np.ndindex(margins.shape[1], folds):
        here = judged.plan[:, repeat] == fold
        learnt = calibrate(
            margins[~here, repeat], judged.label[~here], judged.patient[~here], folds, choice,
            taken(judged.weight, ~here),
        )  # fmt: skip
        risk[here, repeat] = learnt.risk(margins[here, repeat])
    return risk


def _cross_interval(judged: JudgedRows, margins: np.ndarray, choice: Choice) -> np.ndarray:
    """Lower and upper limits (rows x 2), each fold of the first repeat calibrated on the others.

    A patient's own members (one a repeat) stand for the committee: with one repeat they cannot
    differ, and the limits are narrower than those that a bundle gives.
    """
    limits = np.empty((len(margins), 2))
    mean, fold_of, folds = margins.mean(axis=1), judged.plan[:, 0], int(judged.plan.max()) + 1
    for fold in range(folds):
        here = fold_of == fold
        learnt = calibrate(
            mean[~here], judged.label[~here], judged.patient[~here], folds, choice,
            taken(judged.weight, ~here),
        )  # fmt: skip
        limits[here] = np.column_stack(learnt.interval(mean[here], margins[here]))
    return limits


def unseen_baseline_risk(judged: JudgedRows, make: Callable[[], Baseline]) -> np.ndarray:
    """A baseline's risk for patients it had not seen: the mean over the repeats."""
    risk = np.empty(judged.plan.shape)
    for repeat, fold in np.ndindex(judged.plan.shape[1], int(judged.plan.max()) + 1):
        here = judged.plan[:, repeat] == fold
        weight = evened(judged.weight, ~here)
        learnt = make().fit(judged.rows[~here], judged.label[~here], weight)
        risk[here, repeat] = learnt.risk(judged.rows[here])
    return risk.mean(axis=1)


def useful_columns(rows: pd.DataFrame, least_values: int = 20) -> list[str]:
    """Columns with `least_values` values that differ, each set of equal columns once."""
    varied = [
        name
        for name in rows.columns
        if rows[name].count() >= least_values and rows[name].min() < rows[name].max()
    ]
    contents = {rows[name].to_numpy().tobytes(): name for name in reversed(varied)}
    first = set(contents.values())
    return [name for name in varied if name in first]
