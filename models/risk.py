"""The gradient-boosted model of one outcome: a committee of boosters that act as one.

Each member is fitted without one fold of the patients. Their trees stand in one XGBoost booster,
leaves divided by the number of members, so that its margin is the committee's mean, its TreeSHAP
contributions explain exactly that mean, and each member can still be asked alone.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import xgboost as xgb


@dataclass(frozen=True)
class Recipe:
    """How one member is fitted; chosen before looking at the data, by the number of patients with
    an event (see `RECIPES`)."""

    rounds: int
    learning_rate: float
    depth: int
    min_child_weight: float
    row_share: float
    column_share: float
    l2: float
    threads: int = 2


def recipe_for(patients_with_event: int) -> Recipe:
    """The recipe for a cohort with this many patients who had the outcome."""
    for limit, recipe in RECIPES:
        if patients_with_event < limit:
            return recipe
    raise AssertionError("the last recipe has no limit")


RECIPES: tuple[tuple[float, Recipe], ...] = (
    (100, Recipe(150, 0.04, 2, 2.0, 0.7, 0.3, 5.0)),
    (float("inf"), Recipe(300, 0.04, 5, 20.0, 0.7, 0.3, 10.0)),
)
"""(patients with an event below, recipe): the fewer the events, the shallower the trees."""


class RiskModel:
    """A committee of boosters for one outcome.

    `names` are the feature columns in order; `members` how many boosters the trees come from.
    """

    def __init__(self, booster: xgb.Booster, names: Sequence[str], members: int) -> None:
        self._booster = booster
        self.names = tuple(names)
        self.members = members
        self._rounds = booster.num_boosted_rounds() // members

    def margin(self, rows: pd.DataFrame, threads: int = 0) -> np.ndarray:
        """Uncalibrated log-odds, float64 of shape (rows,)."""
        return self._margin(self._matrix(rows, threads), (0, 0))

    def member_margins(self, rows: pd.DataFrame, threads: int = 0) -> np.ndarray:
        """Each member's own log-odds, float64 of shape (rows, members)."""
        matrix = self._matrix(rows, threads)
        base = self._base_margin
        parts = [
            self._margin(matrix, (member * self._rounds, (member + 1) * self._rounds)) - base
            for member in range(self.members)
        ]
        return base + self.members * np.column_stack(parts)

    def contributions(self, rows: pd.DataFrame, threads: int = 0) -> tuple[np.ndarray, float]:
        """TreeSHAP values (rows x features, log-odds before calibration) and their base."""
        values = self._booster.predict(self._matrix(rows, threads), pred_contribs=True)
        values = values.astype(np.float64)
        return values[:, :-1], float(values[0, -1]) if len(values) else self._base_margin

    def importance(self) -> dict[str, float]:
        """Total gain by feature, features never split on left out."""
        return {name: float(gain) for name, gain in self._gains().items()}

    def save(self, path: Path) -> None:
        """Write the booster as UBJSON."""
        self._booster.save_model(path)

    @classmethod
    def load(cls, path: Path, names: Sequence[str], members: int) -> "RiskModel":
        """Read a booster written by `save`."""
        booster = xgb.Booster()
        booster.load_model(path)
        return cls(booster, names, members)

    def _gains(self) -> dict[str, float]:
        return self._booster.get_score(importance_type="total_gain")

    def _margin(self, matrix: xgb.DMatrix, trees: tuple[int, int]) -> np.ndarray:
        margin = self._booster.predict(matrix, output_margin=True, iteration_range=trees)
        return margin.astype(np.float64)

    @property
    def _base_margin(self) -> float:
        config = json.loads(self._booster.save_config())
        probability = _number(config["learner"]["learner_model_param"]["base_score"])
        return float(np.float32(np.log(probability / (1.0 - probability))))

    def _matrix(self, rows: pd.DataFrame, threads: int) -> xgb.DMatrix:
        return _matrix(rows[list(self.names)], None, threads)


def fit_member(
    rows: pd.DataFrame, label: np.ndarray, recipe: Recipe, base_rate: float, seed: int
) -> xgb.Booster:
    """Fit one booster on rows (float32, NaN = missing) with labels 0 and 1.

    `base_rate` is the probability from which boosting starts; members of one committee share it.
    """
    parameters = {
        "objective": "binary:logistic",
        "base_score": base_rate,
        "tree_method": "hist",
        "eta": recipe.learning_rate,
        "max_depth": recipe.depth,
        "min_child_weight": recipe.min_child_weight,
        "subsample": recipe.row_share,
        "colsample_bytree": recipe.column_share,
        "lambda": recipe.l2,
        "seed": seed,
        "nthread": recipe.threads,
    }
    return xgb.train(parameters, _matrix(rows, label, recipe.threads), recipe.rounds)


def join_members(boosters: Sequence[xgb.Booster], names: Sequence[str]) -> RiskModel:
    """One model whose margin is the mean of the members' margins.

    The trees are put side by side in XGBoost's documented JSON schema, their leaves divided by the
    number of members. All members must share `base_rate` and the number of rounds.
    """
    schemas = [json.loads(bytes(booster.save_raw("json"))) for booster in boosters]
    joined = schemas[0]
    trees = [tree for schema in schemas for tree in _trees(schema)]
    for position, tree in enumerate(trees):
        tree["id"] = position
        _divide_leaves(tree, len(boosters))
    model = joined["learner"]["gradient_booster"]["model"]
    model["trees"] = trees
    model["tree_info"] = [0] * len(trees)
    model["iteration_indptr"] = list(range(len(trees) + 1))
    model["gbtree_model_param"]["num_trees"] = str(len(trees))
    booster = xgb.Booster()
    booster.load_model(bytearray(json.dumps(joined).encode()))
    return RiskModel(booster, names, len(boosters))


def _trees(schema: dict) -> list[dict]:
    return schema["learner"]["gradient_booster"]["model"]["trees"]


def _divide_leaves(tree: dict, members: int) -> None:
    """Divide every leaf's value; XGBoost keeps it where an inner node keeps its threshold."""
    for node, child in enumerate(tree["left_children"]):
        tree["base_weights"][node] /= members
        if child == -1:
            tree["split_conditions"][node] /= members


def _number(text: str) -> float:
    """XGBoost writes base_score as '5E-1' or '[5E-1]'."""
    return float(text.strip("[]"))


def _matrix(rows: pd.DataFrame, label: np.ndarray | None, threads: int) -> xgb.DMatrix:
    return xgb.DMatrix(
        rows.to_numpy(dtype=np.float32),
        label=label,
        feature_names=list(rows.columns),
        nthread=threads or None,
    )


def describe(recipe: Recipe) -> dict[str, float]:
    """The recipe as plain numbers, for records of a run."""
    return asdict(recipe)
