"""What a score is: one column computed from trajectory columns, and where its formula is from."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from features.trajectory import Feature, Statistic


class Checked(StrEnum):
    """How a formula and its limits were compared with what was published."""

    PRIMARY = "read in the publication"
    SECONDARY = "read in a table that cites the publication"
    UNVERIFIED = "unverified"
    DEFINITION = "a definition"


@dataclass(frozen=True)
class Score:
    """One column computed from others.

    `inputs` are trajectory features in the order of the arguments of `compute`, which takes and
    returns float64 arrays of shape (rows,). Its values lie within `low` and `high` (both included;
    infinite = no limit). `if_missing` says what a missing item does.
    """

    name: str
    inputs: tuple[Feature, ...]
    compute: Callable[..., np.ndarray]
    meaning: str
    source: str
    needs_every_key: bool = True  # False: one of its keys is enough for the column to exist
    unit: str = "1"
    low: float = 0.0
    high: float = np.inf
    if_missing: str = "missing"
    checked: Checked = Checked.UNVERIFIED
    doi: str | None = None  # the publication's, or where the formula was read

    @property
    def key(self) -> str:
        """What stands before the dot: the score without its window."""
        return self.name.partition(".")[0]


def last(key: str) -> Feature:
    """The latest value of a key."""
    return Feature(key, Statistic.LAST)


def age(key: str) -> Feature:
    """Hours since the latest value of a key."""
    return Feature(key, Statistic.AGE)


def baseline(key: str) -> Feature:
    """The last value up to the start of the course, else the first."""
    return Feature(key, Statistic.BASELINE)


def ratio(top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    """Top over bottom; missing where the bottom is not above 0.

    >>> ratio(np.array([6.0, 6.0]), np.array([2.0, 0.0]))
    array([ 3., nan])
    """
    return np.divide(top, bottom, out=np.full_like(top, np.nan), where=bottom > 0)


def log2_positive(value: np.ndarray) -> np.ndarray:
    """The logarithm to base 2; missing where the value is not above 0."""
    return np.log2(value, out=np.full_like(value, np.nan), where=value > 0)


HOURS_PER_YEAR = 365.25 * 24


def age_in_years(since_birth: np.ndarray, stated: np.ndarray) -> np.ndarray:
    """Age from the hours since birth, else the stated age in years.

    >>> age_in_years(np.array([8766.0, np.nan]), np.array([40.0, 41.0]))
    array([ 1., 41.])
    """
    return np.where(np.isnan(since_birth), stated, since_birth / HOURS_PER_YEAR)
