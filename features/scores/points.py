"""How bedside scores count: signs with their bands of points, items of which the worst counts."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from features.scores.score import last
from features.trajectory import Feature, Statistic

JUST_ABOVE = 1e-4
"""Turns the "more than x" of a published table into "from x + 0.0001 on"."""

HIGH, LOW = (Statistic.MAXIMUM,), (Statistic.MINIMUM,)
BOTH = HIGH + LOW


@dataclass(frozen=True)
class Sign:
    """One sign of a bedside score: its points by band, `points[k]` from `bounds[k - 1]` up.

    `worst` names the statistics of a window among which its worst value is: the maximum, the
    minimum, or both where a sign may leave its range on either side.
    """

    key: str
    worst: tuple[Statistic, ...]
    bounds: tuple[float, ...]
    points: tuple[float, ...]

    def award(self, value: np.ndarray) -> np.ndarray:
        """Points of each value; a sign that was not measured gives none.

        >>> Sign("spo2", LOW, (92, 94, 96), (3, 2, 1, 0)).award(
        ...     np.array([91.0, 92.0, 97.0, np.nan])
        ... )
        array([3., 2., 0., 0.])
        """
        band = np.searchsorted(np.array(self.bounds), np.nan_to_num(value), side="right")
        return np.where(np.isnan(value), 0.0, np.array(self.points)[band])

    def inputs(self, hours: int | None) -> tuple[Feature, ...]:
        """The columns it reads: its latest value (`hours` None), or its worst of a window."""
        if hours is None:
            return (last(self.key),)
        return tuple(Feature(self.key, statistic, hours) for statistic in self.worst)


Item = tuple[Sign, ...]
"""Signs of which the worst counts."""


def columns_of_items(items: tuple[Item, ...], hours: int | None) -> tuple[Feature, ...]:
    """The columns that the items read, in the order in which `points_of_items` takes them."""
    return tuple(column for item in items for sign in item for column in sign.inputs(hours))


def points_of_items(
    items: tuple[Item, ...], hours: int | None, values: tuple[np.ndarray, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """Points of each item and whether any of its signs was measured, both (items, rows)."""
    read = [
        (place, sign)
        for place, item in enumerate(items)
        for sign in item
        for _ in sign.inputs(hours)
    ]
    points = np.zeros((len(items), len(values[0])))
    seen = np.zeros(points.shape, dtype=bool)
    for (place, sign), value in zip(read, values, strict=True):
        points[place] = np.maximum(points[place], sign.award(value))
        seen[place] |= ~np.isnan(value)
    return points, seen


def total_of_measured(items: tuple[Item, ...], hours: int | None) -> Callable[..., np.ndarray]:
    """The sum of the items; one not measured gives no points, missing where none was measured."""

    def total(*values: np.ndarray) -> np.ndarray:
        points, seen = points_of_items(items, hours, values)
        return np.where(seen.any(axis=0), points.sum(axis=0), np.nan)

    return total


def total_of_all(items: tuple[Item, ...]) -> Callable[..., np.ndarray]:
    """The sum of the items by their latest values; missing where one was not measured."""

    def total(*values: np.ndarray) -> np.ndarray:
        points, seen = points_of_items(items, None, values)
        return np.where(seen.all(axis=0), points.sum(axis=0), np.nan)

    return total


def most_points(items: tuple[Item, ...]) -> float:
    """The highest sum that the items can reach."""
    return float(sum(max(max(sign.points) for sign in item) for item in items))
