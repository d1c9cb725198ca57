"""Which analytes act together: SHAP interaction values of the model's own trees."""

from collections.abc import Sequence
from importlib import import_module
from itertools import chain
from typing import Any
from warnings import catch_warnings

import numpy as np
import pandas as pd

from models.bundle import OutcomeModel
from models.reference import analytes_of

INTERACTION_ROWS = 120


def interactions(model: OutcomeModel, rows: pd.DataFrame) -> np.ndarray:
    """Interaction values (rows x analytes x analytes, calibrated log-odds), analytes by name.

    Lundberg 2020 (doi 10.1038/s42256-019-0138-9) by the shap library on the trees themselves: equal
    to XGBoost's `pred_interactions`, which asks every feature of every tree and takes a hundred
    times as long. A pair's whole effect is the sum of its two halves; the diagonal is what an
    analyte does alone. The start's share (today's grade) is no interaction and stays outside.
    """
    names = model.risk.names
    with catch_warnings(action="ignore"):  # shap's own import warns
        shap = import_module("shap")
    splitting = _as_shap(list(chain(*model.risk.trees)))
    if not splitting:
        distinct = len(set(analytes_of(names)))
        return np.zeros((len(rows), distinct, distinct))
    explainer = shap.TreeExplainer({"trees": splitting})
    values = explainer.shap_interaction_values(rows[list(names)].to_numpy(dtype=np.float32))
    analytes = analytes_of(names)
    member = np.array([[a == b for b in sorted(set(analytes))] for a in analytes], dtype=float)
    summed: np.ndarray = member.T @ (model.calibration.slope * values) @ member
    return summed


def pairs(values: np.ndarray, analytes: Sequence[str]) -> pd.DataFrame:
    """Mean absolute interaction of each pair, the greatest first: `first`, `second`, `strength`."""
    first, second = np.triu_indices(len(analytes), k=1)
    strength = np.abs(2.0 * values[:, first, second]).mean(axis=0)
    found = pd.DataFrame(
        {
            "first": np.array(analytes, dtype=object)[first],
            "second": np.array(analytes, dtype=object)[second],
            "strength": strength,
        }
    )
    return found.sort_values("strength", ascending=False, kind="stable", ignore_index=True)


def _as_shap(trees: Sequence[dict[str, Any]]) -> list[dict[str, np.ndarray]]:
    """Trees that split; one of a single leaf moves nothing but the base."""
    return [_one(tree) for tree in trees if len(tree["left_children"]) > 1]


def _one(tree: dict[str, Any]) -> dict[str, np.ndarray]:
    """A tree as the shap library takes it, which goes left at `<=` where XGBoost goes at `<`."""
    left, right = np.array(tree["left_children"]), np.array(tree["right_children"])
    cut = np.array(tree["split_conditions"], dtype=np.float32)
    inner = left >= 0
    below = np.nextafter(cut, np.float32(-np.inf), dtype=np.float32)
    default = np.where(np.array(tree["default_left"], dtype=bool), left, right)
    return {
        "children_left": left,
        "children_right": right,
        "children_default": np.where(inner, default, -1),
        "features": np.where(inner, np.array(tree["split_indices"]), -1),
        "thresholds": np.where(inner, below, 0.0).astype(np.float64),
        "values": np.where(inner, 0.0, cut).astype(np.float64)[:, None],
        "node_sample_weight": np.array(tree["sum_hessian"], dtype=np.float64),
    }
