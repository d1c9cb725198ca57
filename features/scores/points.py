"""How bedside scores count: signs with their bands of points, items of which the worst counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

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


class Sheet(NamedTuple):
    """Scores side by side: those of score s are the signs `first[s]` up to `first[s + 1]`.

    A sign's value stands in column `place` of a row; its points are those behind the last of its
    `bounds` that the value reaches. Signs of one `item` follow each other: the worst counts. A
    score that `needs_all` is missing where an item was not measured. Its total goes to `column`.
    """

    first: np.ndarray
    place: np.ndarray
    bounds: np.ndarray
    points: np.ndarray
    item: np.ndarray
    needs_all: np.ndarray
    column: np.ndarray


@njit(cache=True)
def _award(value, bounds, points):  # type: ignore[no-untyped-def]
    """The points of a value; none where it was not measured."""
    if np.isnan(value):
        return 0.0
    band = 0
    while band < len(bounds) and value >= bounds[band]:
        band += 1
    return points[band]


@njit(cache=True)
def _total(row, sheet, score):  # type: ignore[no-untyped-def]
    """The sum over a score's items of their worst sign's points."""
    start, end = sheet.first[score], sheet.first[score + 1]
    whole, worst, seen, items, measured = 0.0, -np.inf, False, 0, 0
    for sign in range(start, end):
        value = row[sheet.place[sign]]
        worst = max(worst, _award(value, sheet.bounds[sign], sheet.points[sign]))
        seen = seen or not np.isnan(value)
        if sign + 1 == end or sheet.item[sign + 1] != sheet.item[sign]:
            whole += worst
            items += 1
            measured += seen
            worst, seen = -np.inf, False
    return whole if measured >= (items if sheet.needs_all[score] else 1) else np.nan


@njit(cache=True)
def fill_totals(rows, sheet):  # type: ignore[no-untyped-def]
    """Write each score's total of each row of `rows` into the score's column."""
    for row in range(len(rows)):
        for score in range(len(sheet.column)):
            rows[row, sheet.column[score]] = _total(rows[row], sheet, score)


@dataclass(frozen=True)
class Total:
    """The sum of items, of values in the order of `columns_of_items`."""

    items: tuple[Item, ...]
    hours: int | None
    needs_all: bool

    def __call__(self, *values: np.ndarray) -> np.ndarray:
        """The totals, float64 like the values, each of shape (rows,)."""
        rows = np.column_stack([*values, np.zeros_like(values[0])]).astype(np.float64)
        fill_totals(rows, sheet_of([(len(values), self, np.arange(len(values)))]))
        return rows[:, -1]

    @cached_property
    def signs(self) -> list[tuple[int, Sign]]:
        """Each value's sign, with the place of the sign's item."""
        return [
            (place, sign)
            for place, item in enumerate(self.items)
            for sign in item
            for _ in sign.inputs(self.hours)
        ]


def sheet_of(totals: Sequence[tuple[int, Total, np.ndarray]]) -> Sheet:
    """The sheet of several totals: for each its column, itself and the columns of its values."""
    signs = [sign for _, total, _ in totals for _, sign in total.signs]
    most = max((len(sign.bounds) for sign in signs), default=0)
    bounds, points = np.full((len(signs), most), np.inf), np.empty((len(signs), most + 1))
    for row, sign in enumerate(signs):
        bounds[row, : len(sign.bounds)] = sign.bounds
        points[row] = sign.points[-1]
        points[row, : len(sign.points)] = sign.points
    return Sheet(
        first=np.cumsum([0, *(len(total.signs) for _, total, _ in totals)]),
        place=np.array([place for _, _, places in totals for place in places], np.int64),
        bounds=bounds,
        points=points,
        item=np.array([item for _, total, _ in totals for item, _ in total.signs], np.int64),
        needs_all=np.array([total.needs_all for _, total, _ in totals], bool),
        column=np.array([column for column, _, _ in totals], np.int64),
    )


def total_of_measured(items: tuple[Item, ...], hours: int | None) -> Total:
    """The sum of the items; one not measured gives no points, missing where none was measured."""
    return Total(items, hours, needs_all=False)


def total_of_all(items: tuple[Item, ...]) -> Total:
    """The sum of the items by their latest values; missing where one was not measured."""
    return Total(items, None, needs_all=True)


def most_points(items: tuple[Item, ...]) -> float:
    """The highest sum that the items can reach."""
    return float(sum(max(max(sign.points) for sign in item) for item in items))
