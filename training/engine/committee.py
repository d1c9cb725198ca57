"""One committee before it is fitted: everything that each of its members is a function of."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from importlib.metadata import version

import numpy as np
import pandas as pd

from models.code_version import code_version
from models.recipes import Recipe
from models.risk import Member, fit_member
from models.start import fit_start
from training.blas import on_one_blas_thread

FITTED_BY = ("numpy", "pandas", "scikit-learn", "xgboost")
"""The libraries of which another version may fit another member."""


@dataclass(frozen=True)
class Committee:
    """A member for each fold of each repeat, repeat by repeat; arrays share the first axis.

    `rows` (float32, NaN = missing) may hold more than the `columns` that the members read. A row is
    learnt from where its `target` (0 to 1) is not NaN. `plan` is the fold of each row in each
    repeat, shape (rows, repeats), each of `folds`. `recipes` has one for each member; `weight` is
    how many rows of the population each stands for (None: one).
    """

    rows: pd.DataFrame
    columns: tuple[str, ...]
    target: np.ndarray
    plan: np.ndarray
    folds: int
    recipes: tuple[Recipe, ...]
    signs: tuple[int, ...]
    seed: int
    weight: np.ndarray | None = None

    @property
    def splits(self) -> list[tuple[int, int]]:
        """The repeat and the fold that each member has not seen."""
        return [(r, f) for r in range(self.plan.shape[1]) for f in range(self.folds)]

    def compact(self) -> "Committee":
        """The same with nothing that no member reads: what is sent to other processes."""
        learnt = ~np.isnan(self.target)
        return replace(
            self,
            rows=self.rows.loc[learnt, list(self.columns)].reset_index(drop=True),
            target=self.target[learnt],
            plan=self.plan[learnt],
            weight=None if self.weight is None else self.weight[learnt],
        )

    def key(self, number: int) -> str:
        """SHA-256 over all that a member depends on, code and libraries too."""
        split = np.array(self.splits[number], dtype=np.int64)
        recipe = json.dumps(asdict(self.recipes[number]), sort_keys=True).encode()
        return hashlib.sha256(self._digest + split.tobytes() + recipe).hexdigest()

    @cached_property
    def _digest(self) -> bytes:
        stated = {
            "columns": self.columns,
            "signs": self.signs,
            "seed": self.seed,
            "code": code_version(("models", "training")),
            "libraries": {name: version(name) for name in FITTED_BY},
        }
        digest = hashlib.sha256(json.dumps(stated, sort_keys=True).encode())
        arrays = (self.rows[name].to_numpy() for name in self.columns)
        weights = () if self.weight is None else (self.weight,)
        for array in (self.target, self.plan, *weights, *arrays):
            digest.update(array.tobytes())
        return digest.digest()


def evened(weight: np.ndarray | None, here: np.ndarray) -> np.ndarray | None:
    """The weights of some rows with a mean of 1: what penalties are measured against."""
    return None if weight is None else weight[here] / weight[here].mean()


@on_one_blas_thread
def fit_one(committee: Committee, number: int) -> Member:
    """Fit one member on the patients of all folds but its own."""
    repeat, fold = committee.splits[number]
    used = ~np.isnan(committee.target) & (committee.plan[:, repeat] != fold)
    rows, target = committee.rows.loc[used, list(committee.columns)], committee.target[used]
    weight = evened(committee.weight, used)
    recipe, seed = committee.recipes[number], committee.seed + number
    start = fit_start(rows, target, committee.signs, weight, recipe.lines)
    return fit_member(rows, target, start, recipe, committee.signs, seed, weight)


def fit_bytes(committee: Committee, number: int) -> bytes:
    """`fit_one` as bytes, which are the same whichever process fitted the member."""
    return fit_one(committee, number).to_bytes()


def members_of(written: Sequence[bytes]) -> list[Member]:
    """The members behind what `fit_bytes` gave."""
    return [Member.from_bytes(one) for one in written]
