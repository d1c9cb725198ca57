"""The gradient-boosted model of one outcome: a committee of boosters that act as one.

Each member starts from what today's grade and values give in a straight line (`start.py`) and is
fitted without one fold of the patients. The members' trees stand in one XGBoost booster, leaves
divided by the number of members, so that its margin is the committee's mean, its TreeSHAP
contributions explain exactly that mean, and each member can still be asked alone.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xgboost as xgb

from features.tables import InvalidInputError
from models.recipes import Recipe
from models.start import GRADE, MOST_LOG_ODDS, STEPS, Start, mean_start
from models.stated import read_as

ALL_CORES = 0
LINE_END = b"\n"

CATEGORY_FIELDS = ("categories", "categories_nodes", "categories_segments", "categories_sizes")
NO_PARENT = 2**31 - 1
"""What XGBoost's schema of a tree wants even where nothing is split."""


@dataclass(frozen=True)
class Member:
    """One fitted booster with the start that it corrects."""

    start: Start
    booster: xgb.Booster

    def to_bytes(self) -> bytes:
        """The start as a line of JSON, and the booster as UBJSON behind it."""
        stated = json.dumps(asdict(self.start)).encode()
        return stated + LINE_END + bytes(self.booster.save_raw("ubj"))

    @classmethod
    def from_bytes(cls, written: bytes) -> "Member":
        """A member of `to_bytes`.

        Raises:
            InvalidInputError: these are not the whole bytes of a member.
        """
        stated, _, raw = written.partition(LINE_END)
        booster = xgb.Booster()
        try:
            start = read_as(Start, json.loads(stated), "start")
            booster.load_model(bytearray(raw))
        except (xgb.core.XGBoostError, TypeError, ValueError) as fault:
            raise InvalidInputError("these bytes are no member of a committee") from fault
        return cls(start, booster)


class RiskModel:
    """A committee for one outcome.

    `names` are the columns that it reads, in order; those that a start reads are among them. With
    one thread several callers may share it; the answer does not depend on the number.
    """

    def __init__(
        self,
        booster: xgb.Booster,
        names: Sequence[str],
        starts: Sequence[Start],
        threads: int = ALL_CORES,
    ) -> None:
        booster.set_param({"nthread": threads})  # once: a booster in use must not be changed
        self._booster = booster
        self._threads = threads
        self.names = tuple(names)
        self.starts = tuple(starts)
        self._start = mean_start(self.starts)
        self._rounds = booster.num_boosted_rounds() // self.members

    @property
    def members(self) -> int:
        """How many boosters the trees come from."""
        return len(self.starts)

    def margin(self, rows: pd.DataFrame) -> np.ndarray:
        """Uncalibrated log-odds, float64 of shape (rows,)."""
        return self._start.margin(rows) + self._margin(self._matrix(rows), (0, 0))

    def member_margins(self, rows: pd.DataFrame) -> np.ndarray:
        """Each member's own log-odds, float64 of shape (rows, members)."""
        matrix = self._matrix(rows)
        return np.column_stack(
            [
                start.margin(rows) + self.members * self._margin(matrix, self._trees_of(member))
                for member, start in enumerate(self.starts)
            ]
        )

    def contributions(self, rows: pd.DataFrame) -> tuple[np.ndarray, float]:
        """Contributions (rows x names, log-odds before calibration) and their base.

        TreeSHAP of the joined booster, and each column's share of the start, which is its own.
        """
        matrix = self._matrix(rows)
        values = self._booster.predict(matrix, pred_contribs=True, validate_features=False)
        values = values.astype(np.float64)
        base = self._start.intercept + (float(values[0, -1]) if len(values) else 0.0)
        shares = values[:, :-1]
        if GRADE in self.names:
            shares[:, self.names.index(GRADE)] += self._start.grade_part(rows)
        places = [self.names.index(column) for column in self._start.columns]
        shares[:, places] += self._start.line_parts(rows)
        return shares, base

    @property
    def trees(self) -> list[list[dict[str, Any]]]:
        """Each member's trees in XGBoost's documented JSON schema, leaves as in the mean."""
        trees = trees_of(self._booster)
        return [trees[slice(*self._trees_of(member))] for member in range(self.members)]

    def save(self, path: Path) -> None:
        """Write the booster as UBJSON; names and starts are the bundle's to keep."""
        self._booster.save_model(path)

    @property
    def state(self) -> dict[str, Any]:
        """Names and starts as plain values for JSON."""
        return {
            "feature_names": list(self.names),
            "starts": [asdict(start) for start in self.starts],
        }

    @classmethod
    def load(
        cls, path: Path, names: Sequence[str], starts: Sequence[Start], threads: int = ALL_CORES
    ) -> "RiskModel":
        """Read a booster written by `save`, with the names and starts kept beside it.

        Raises:
            InvalidInputError: no booster, or one that does not fit its names and starts.
        """
        booster = xgb.Booster()
        try:
            booster.load_model(path)
            features, rounds = booster.num_features(), booster.num_boosted_rounds()
        except (xgb.core.XGBoostError, ValueError) as fault:  # it decodes what it quotes
            raise InvalidInputError(f"{path.name}: is no booster of XGBoost") from fault
        if features != len(names):
            raise InvalidInputError(f"{path.name}: reads {features} features, named {len(names)}")
        if not starts or not rounds or rounds % len(starts):
            raise InvalidInputError(f"{path.name}: {rounds} trees are not of {len(starts)} members")
        if any(len(start.weights) != len(STEPS) for start in starts):
            raise InvalidInputError(f"{path.name}: a start has not {len(STEPS)} weights")
        for line in (line for start in starts for line in start.lines):
            if not (line.low <= line.high and line.furthest <= MOST_LOG_ODDS):
                raise InvalidInputError(f"{path.name}: the line of {line.column} is damaged")
        for column in {column for start in starts for column in start.columns} - set(names):
            raise InvalidInputError(f"{path.name}: a start reads {column}, which the model has not")
        return cls(booster, names, starts, threads)

    def _trees_of(self, member: int) -> tuple[int, int]:
        return member * self._rounds, (member + 1) * self._rounds

    def _margin(self, matrix: xgb.DMatrix, trees: tuple[int, int]) -> np.ndarray:
        margin = self._booster.predict(
            matrix, output_margin=True, iteration_range=trees, validate_features=False
        )
        return margin.astype(np.float64)

    def _matrix(self, rows: pd.DataFrame) -> xgb.DMatrix:
        """The model's own columns in its own order, which need no second look at each asking."""
        return _matrix(rows[list(self.names)], self._threads)


def fit_member(
    rows: pd.DataFrame,
    target: np.ndarray,
    start: Start,
    recipe: Recipe,
    signs: Sequence[int],
    seed: int,
    weight: np.ndarray | None = None,
    offset: np.ndarray | float = 0.0,
) -> Member:
    """Fit one booster on rows (float32, NaN = missing) with targets from 0 to 1.

    `signs` are the monotone constraints, one a column; `weight` is how much each row counts, about
    1 in the mean (`min_child_weight` and `l2` are measured against it), None for all the same;
    `offset` are log-odds that each row has before the start, and that the member does not hold.
    """
    matrix = _labelled(rows, target, start.margin(rows) + offset, recipe.threads, weight)
    booster = xgb.train(_parameters(recipe, signs, seed), matrix, recipe.rounds)
    return Member(start, booster)


@dataclass(frozen=True)
class Unseen:
    """Rows of patients apart, with what a member would have learnt from them."""

    rows: pd.DataFrame
    target: np.ndarray
    weight: np.ndarray | None = None


def unseen_losses(
    rows: pd.DataFrame,
    target: np.ndarray,
    start: Start,
    recipe: Recipe,
    signs: Sequence[int],
    seed: int,
    weight: np.ndarray | None,
    apart: Unseen,
    patience: int,
) -> np.ndarray:
    """The mean log loss on patients apart after each round of a member fitted as `fit_member` does.

    Boosting stops `patience` rounds after the lowest loss, at `recipe.rounds` at the latest.
    """
    matrix = _labelled(rows, target, start.margin(rows), recipe.threads, weight)
    begun = start.margin(apart.rows)
    judged = _labelled(apart.rows, apart.target, begun, recipe.threads, apart.weight)
    losses: dict[str, dict[str, list[float]]] = {}
    xgb.train(
        _parameters(recipe, signs, seed) | {"eval_metric": "logloss"},
        matrix,
        recipe.rounds,
        evals=[(judged, "apart")],
        evals_result=losses,
        early_stopping_rounds=patience,
        verbose_eval=False,
    )
    return np.array(losses["apart"]["logloss"])


def _parameters(recipe: Recipe, signs: Sequence[int], seed: int) -> dict[str, Any]:
    """A recipe in XGBoost's words. No class is weighted up: that would bend the probabilities."""
    return {
        "objective": "binary:logistic",
        "base_score": 0.5,
        "tree_method": "hist",
        "max_bin": recipe.bins,
        "eta": recipe.learning_rate,
        "max_depth": recipe.depth,
        "min_child_weight": recipe.min_child_weight,
        "lambda": recipe.l2,
        "subsample": recipe.row_share,
        "colsample_bytree": recipe.tree_column_share,
        "colsample_bynode": recipe.node_column_share,
        "monotone_constraints": tuple(signs),
        "seed": seed,
        "nthread": recipe.threads,
    }


def _labelled(
    rows: pd.DataFrame, target: np.ndarray, margin: np.ndarray, threads: int,
    weight: np.ndarray | None,
) -> xgb.DMatrix:  # fmt: skip
    matrix = _matrix(rows, threads)
    matrix.set_info(label=target, base_margin=margin, weight=weight)
    return matrix


def join_members(members: Sequence[Member], names: Sequence[str]) -> RiskModel:
    """One model whose margin is the mean of the members' margins.

    The trees are put side by side in XGBoost's documented JSON schema, their leaves divided by the
    number of members. A member with fewer rounds than another is filled up with trees that say 0.
    """
    every = [trees_of(member.booster) for member in members]
    rounds = max(len(trees) for trees in every)
    trees = [tree for own in every for tree in _filled_up(own, rounds)]
    for tree in trees:
        _divide_leaves(tree, len(members))
    booster = with_trees(members[0].booster, trees)
    return RiskModel(booster, names, [member.start for member in members])


def trees_of(booster: xgb.Booster) -> list[dict[str, Any]]:
    """A booster's trees in XGBoost's documented JSON schema."""
    return _schema(booster)["learner"]["gradient_booster"]["model"]["trees"]


def with_trees(like: xgb.Booster, trees: Sequence[dict[str, Any]]) -> xgb.Booster:
    """A booster of these trees alone, in everything else like another."""
    schema = _schema(like)
    model = schema["learner"]["gradient_booster"]["model"]
    model["trees"] = [tree | {"id": position} for position, tree in enumerate(trees)]
    model["tree_info"] = [0] * len(trees)
    model["iteration_indptr"] = list(range(len(trees) + 1))
    model["gbtree_model_param"]["num_trees"] = str(len(trees))
    booster = xgb.Booster()
    booster.load_model(bytearray(json.dumps(schema).encode()))
    return booster


def _schema(booster: xgb.Booster) -> dict[str, Any]:
    return json.loads(bytes(booster.save_raw("json")))


def _filled_up(trees: list[dict[str, Any]], rounds: int) -> list[dict[str, Any]]:
    """The trees, followed by as many of a single leaf 0 as make `rounds`."""
    parameters = trees[0]["tree_param"]
    return trees + [_silent_tree(parameters) for _ in range(rounds - len(trees))]


def _silent_tree(parameters: dict[str, str]) -> dict[str, Any]:
    nothing: dict[str, Any] = {name: [] for name in CATEGORY_FIELDS}
    return nothing | {
        "tree_param": parameters | {"num_nodes": "1", "num_deleted": "0"},
        "left_children": [-1],
        "right_children": [-1],
        "parents": [NO_PARENT],
        "split_indices": [0],
        "split_conditions": [0.0],
        "split_type": [0],
        "default_left": [0],
        "loss_changes": [0.0],
        "sum_hessian": [0.0],
        "base_weights": [0.0],
    }


def _divide_leaves(tree: dict[str, Any], members: int) -> None:
    """Divide every leaf's value; XGBoost keeps it where an inner node keeps its threshold."""
    for node, child in enumerate(tree["left_children"]):
        tree["base_weights"][node] /= members
        if child == -1:
            tree["split_conditions"][node] /= members


def _matrix(rows: pd.DataFrame, threads: int) -> xgb.DMatrix:
    return xgb.DMatrix(
        rows.to_numpy(dtype=np.float32), feature_names=list(rows.columns), nthread=threads or None
    )
