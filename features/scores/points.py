"""How bedside scores count: signs with their bands of points, items of which the worst counts."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numba import njit

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


@njit(cache=True)
def _totals(values, bounds, points, item, needs_all):  # type: ignore[no-untyped-def]
    """The sum over the items of their worst sign's points, by row.

    `values` (signs x rows) stand with the signs of an item side by side; a sign's points are those
    behind the last of its `bounds` that its value reaches.
    """
    total = np.empty(values.shape[1])
    for row in range(total.size):
        whole, worst, seen, measured = 0.0, 0.0, False, 0
        for sign, value in enumerate(values[:, row]):
            if sign == 0 or item[sign] != item[sign - 1]:
                worst, seen = -np.inf, False
            band = 0
            while band < bounds.shape[1] and value >= bounds[sign, band]:
                band += 1
            award = 0.0 if np.isnan(value) else points[sign, band]
            seen = seen or not np.isnan(value)
            worst = max(worst, award)
            if sign + 1 == item.size or item[sign + 1] != item[sign]:
                whole += worst
                measured += seen
        enough = item[-1] + 1 if needs_all else 1
        total[row] = whole if measured >= enough else np.nan
    return total


def _total(
    items: tuple[Item, ...], hours: int | None, needs_all: bool
) -> Callable[..., np.ndarray]:
    """The compiled sum of items, of values in the order of `columns_of_items`."""
    signs = [(place, sign) for place, item in enumerate(items) for sign in item]
    read = [(place, sign) for place, sign in signs for _ in sign.inputs(hours)]
    most = max(len(sign.bounds) for _, sign in read)
    bounds, points = np.full((len(read), most), np.inf), np.empty((len(read), most + 1))
    for row, (_, sign) in enumerate(read):
        bounds[row, : len(sign.bounds)] = sign.bounds
        points[row] = sign.points[-1]
        points[row, : len(sign.points)] = sign.points
    item = np.array([place for place, _ in read])

    def total(*values: np.ndarray) -> np.ndarray:
        return _totals(np.array(values, dtype=np.float64), bounds, points, item, needs_all)

    return total


def total_of_measured(items: tuple[Item, ...], hours: int | None) -> Callable[..., np.ndarray]:
    """The sum of the items; one not measured gives no points, missing where none was measured."""
    return _total(items, hours, needs_all=False)


def total_of_all(items: tuple[Item, ...]) -> Callable[..., np.ndarray]:
    """The sum of the items by their latest values; missing where one was not measured."""
    return _total(items, None, needs_all=True)


def most_points(items: tuple[Item, ...]) -> float:
    """The highest sum that the items can reach."""
    return float(sum(max(max(sign.points) for sign in item) for item in items))
