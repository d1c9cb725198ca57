"""Members that learnt from the same patients in different ways, as one: their weighted mean.

All their trees stand in one booster, leaves times the weights, so contributions add up exactly.
"""

from collections.abc import Sequence

from models.continued import scaled
from models.risk import Member, trees_of, with_trees
from models.start import mean_start, moved


def blend_members(members: Sequence[Member], weights: Sequence[float]) -> Member:
    """The member whose margin is the sum of the members' margins times their weights.

    All members read the same columns in the same order; no weight is below 0, so signs stay.
    """
    trees = [
        scaled(tree, weight)
        for member, weight in zip(members, weights, strict=True)
        for tree in trees_of(member.booster)
    ]
    starts = [
        moved(member.start, 0.0, weight * len(members))
        for member, weight in zip(members, weights, strict=True)
    ]
    return Member(mean_start(starts), with_trees(members[0].booster, trees))
