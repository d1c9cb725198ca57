"""A shipped committee with local trees on top, joined into one booster of the usual format.

margin = intercept + slope x the shipped margin + the mean of the local boosters. The shipped trees
stand in the same booster with their leaves times the slope, so contributions add up exactly and a
bundle holds the model like any other.
"""

from collections.abc import Sequence
from math import gcd
from typing import Any

from models.risk import Member, RiskModel, join_members, with_trees
from models.start import mean_start, moved

Trees = list[dict[str, Any]]


def join_onto(
    shipped: RiskModel,
    intercept: float,
    slope: float,
    members: Sequence[Member],
    names: Sequence[str],
) -> RiskModel:
    """One model of the shipped trees and of local members fitted on top of them.

    Args:
        shipped: the committee that was started from; its `names` are the first of `names`.
        intercept: what is added to the scaled shipped margin.
        slope: what the shipped margin counts, not below 0: signs stay as they were.
        members: local boosters on all of `names`; of their starts nothing is kept.
        names: the columns of the joined model.

    Its members are as many groups as divide both committees evenly: each is the mean of its share
    of the shipped members, with the mean of its share of the local ones on top (`group_size`).
    """
    groups = gcd(shipped.members, len(members))
    old = _dealt(shipped.trees, groups, slope)
    new = _dealt(join_members(members, names).trees, groups, 1.0)
    wide = {"num_feature": str(len(names))}
    trees = [
        tree | {"tree_param": tree["tree_param"] | wide}
        for group in range(groups)
        for tree in (*old[group], *new[group])
    ]
    starts = [
        moved(mean_start(shipped.starts[group::groups]), intercept, slope)
        for group in range(groups)
    ]
    return RiskModel(with_trees(members[0].booster, trees), names, starts)


def group_size(shipped: int, local: int) -> int:
    """How many members at most stand behind one member of a joined committee.

    Means of n members vary by an n-th of what single members vary by.
    """
    return max(shipped, local) // gcd(shipped, local)


def _dealt(members: Sequence[Trees], groups: int, factor: float) -> list[Trees]:
    """Each group's trees, one member after the other, leaves times `factor`."""
    return [
        [scaled(tree, factor) for trees in members[group::groups] for tree in trees]
        for group in range(groups)
    ]


def scaled(tree: dict[str, Any], factor: float) -> dict[str, Any]:
    """The tree with every leaf times `factor`; a leaf's value stands where a node's threshold."""
    leaf = [child == -1 for child in tree["left_children"]]
    pairs = zip(tree["split_conditions"], leaf, strict=True)
    return tree | {
        "base_weights": [weight * factor for weight in tree["base_weights"]],
        "split_conditions": [value * factor if is_leaf else value for value, is_leaf in pairs],
    }
