"""How bedside scores count: signs with their bands of points, items of which the worst counts."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

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
        bounds, points = self._bands
        return points[bounds.searchsorted(value, side="right")]

    @cached_property
    def _bands(self) -> tuple[np.ndarray, np.ndarray]:
        """Bounds and points as arrays, kept; the last bound, NaN, and its 0 are for no value."""
        return np.array([*self.bounds, np.nan]), np.array([*self.points, 0.0])

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
    items: tuple[Item, ...], hours: int | None
) -> Callable[[tuple[np.ndarray, ...]], tuple[np.ndarray, np.ndarray]]:
    """What gives points of each item and whether any of its signs was measured: (items, rows)."""
    signs = [[sign for sign in item for _ in sign.inputs(hours)] for item in items]
    read = [sign for of_item in signs for sign in of_item]
    first = np.cumsum([0, *(len(of_item) for of_item in signs[:-1])])

    def worst(values: tuple[np.ndarray, ...]) -> tuple[np.ndarray, np.ndarray]:
        points = [sign.award(value) for sign, value in zip(read, values, strict=True)]
        seen = ~np.isnan(np.array(values))
        return np.maximum.reduceat(points, first), np.logical_or.reduceat(seen, first)

    return worst


def total_of_measured(items: tuple[Item, ...], hours: int | None) -> Callable[..., np.ndarray]:
    """The sum of the items; one not measured gives no points, missing where none was measured."""

    worst = points_of_items(items, hours)

    def total(*values: np.ndarray) -> np.ndarray:
        points, seen = worst(values)
        return np.where(seen.any(axis=0), points.sum(axis=0), np.nan)

    return total


def total_of_all(items: tuple[Item, ...]) -> Callable[..., np.ndarray]:
    """The sum of the items by their latest values; missing where one was not measured."""

    worst = points_of_items(items, None)

    def total(*values: np.ndarray) -> np.ndarray:
        points, seen = worst(values)
        return np.where(seen.all(axis=0), points.sum(axis=0), np.nan)

    return total


def most_points(items: tuple[Item, ...]) -> float:
    """The highest sum that the items can reach."""
    return float(sum(max(max(sign.points) for sign in item) for item in items))
