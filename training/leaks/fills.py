"""The values that stand for a state: far commoner in it than their neighbours, and than elsewhere.

Two states of an analyte, each with a value of its own, convict each other. One state alone must be
clearer, and its value must not be what a limit of detection would be: the lowest of all where the
state's other values are low as well, or the highest where they are high; nor one that its own
patients hardly ever pass on one side, or that mostly stands alone below its double, as where two
assays have two limits and what lies below is read as half of each; nor one of several that
recur, as rounded values do.

Noise laid over a fill hides it from a count of equal values. A laboratory that reports in steps of
`STEP` is honest, and has to pass; so the values are also counted in such steps, and a step convicts
its state where the state alone would, and where its other values spread over many steps.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

FEWEST_PATIENTS = 4
LEAST_SHARE = 0.1
NEIGHBOURS = 5
OVER_NEIGHBOURS = 4.0
OVER_ELSEWHERE = 10.0
STATES_FILLED = 2
LEAST_NEIGHBOURS = 4
"""A value is filled in for a state where it has at least so many patients, this share of the
state's patients, so many times the median of its neighbours on either side, and so many times its
share of the patients in every other state together. An analyte is filled where at least
`STATES_FILLED` states have such a value each, of another size in each. Choices of this project: of
the analytes of the public workbook 34 of 41 are filled as published and none once the constants are
set aside; no analyte of the virtual cohort or of the public intensive-care stays does."""

FEWEST_ALONE = 8
SHARE_ALONE = 0.2
"""What one state must have where no other is filled. Among 150 drawn patients a rare state's value
recurs by chance in at most 6 of 45, or 4 of 8."""

LEAST_BEYOND = 0.1
LEAST_NEAR = 0.5
OVER_SECOND = 2.5
"""At least this share of a lone fill's patients have other values below it and as many above it,
where they have others, at least this share another one below its double, and it has so many times
the patients of the state's next commonest value (choices, as above)."""

STEP = 0.01
LEAST_SPREAD = 20 * STEP
"""In steps of one per cent of the value, a state's other values must spread over so much (middle
half, of the natural logarithm): fewer than 20 steps hold too many honest values each. Choices: with
noise of 0.1 % over every value of the public workbook 30 of the 34 analytes are found, with 0.3 %
28, and none once its constants are set aside; no analyte of virtual cohorts or of the public
intensive-care stays is, nor any of 4,200 drawn ones of 30 to 400 patients, some of them with states
that never overlap."""


@dataclass(frozen=True)
class Fill:
    """A value that stands for "not measured" in one state, with its patients and all of them.

    `alone`: whether it is clear enough where no other state is filled; `about`: whether it is the
    middle of a step, as where noise was laid over it.
    """

    level: float
    value: float
    patients: int
    of_patients: int
    alone: bool
    about: bool = False


def fills(state: np.ndarray, value: np.ndarray, patient: np.ndarray) -> list[Fill]:
    """The filled values of one analyte, by state; empty where nothing convicts it.

    `state` (a level), `value` and `patient` (a number) have a place a line.
    """
    found = list(_clearest(state, value, patient))
    alone = [fill for fill in found if fill.alone]
    if len({fill.value for fill in found}) >= STATES_FILLED:
        return found
    return alone or _under_noise(state, value, patient)


def _under_noise(state: np.ndarray, value: np.ndarray, patient: np.ndarray) -> list[Fill]:
    """The filled steps, of two rows of steps, so that no cluster is cut by both."""
    for shift in (0.0, 0.5):
        steps = _in_steps(value, shift)
        found = [
            replace(fill, about=True)
            for fill in _clearest(state, steps, patient)
            if fill.alone and _spread(steps[(state == fill.level) & (steps != fill.value)])
        ]
        if found:
            return found
    return []


def _in_steps(value: np.ndarray, shift: float) -> np.ndarray:
    """The values above 0 as the middle of their step; the others as they are."""
    steps, above = value.copy(), value > 0
    number = np.floor(np.log(value[above]) / STEP + shift)
    steps[above] = np.exp((number - shift + 0.5) * STEP)
    return steps


def _spread(others: np.ndarray) -> bool:
    """Whether these values lie far enough apart for a step among them to say anything."""
    above = others[others > 0]
    if not len(above):
        return False
    low, high = np.quantile(np.log(above), (0.25, 0.75))
    return bool(high - low >= LEAST_SPREAD)


def _clearest(state: np.ndarray, value: np.ndarray, patient: np.ndarray) -> Iterator[Fill]:
    """The clearest filled value of each state, where there is one."""
    levels, place = np.unique(state, return_inverse=True)
    distinct, which = np.unique(value, return_inverse=True)
    carriers = _patients_by(which, place, patient, (len(distinct), len(levels)))
    present = _patients_by(np.zeros_like(which), place, patient, (1, len(levels)))[0]
    for column, level in enumerate(levels):
        here = carriers[:, column]
        elsewhere = (carriers.sum(axis=1) - here + 0.5) / max(1, present.sum() - present[column])
        enough = (here >= FEWEST_PATIENTS) & (here >= LEAST_SHARE * present[column])
        far = here / present[column] >= OVER_ELSEWHERE * elsewhere
        alone = (here >= FEWEST_ALONE) & (here >= SHARE_ALONE * present[column])
        alone[_limits(state == level, value, distinct)] = False
        for row in np.flatnonzero(alone[1:-1]) + 1:
            alone[row] = (
                _passed_on_both_sides(value, patient, distinct[row])
                and not _is_half_a_limit(value, patient, distinct[row])
                and _stands_out(here, int(row))
            )
        for row in sorted(np.flatnonzero(enough & far), key=lambda row: (~alone[row], -here[row])):
            if here[row] >= OVER_NEIGHBOURS * _neighbours(here, int(row)):
                numbers = int(here[row]), int(present[column]), bool(alone[row])
                yield Fill(float(level), float(distinct[row]), *numbers)
                break


def _limits(here: np.ndarray, value: np.ndarray, distinct: np.ndarray) -> list[int]:
    """Which of the distinct values may be a limit of detection that this state alone reaches.

    The lowest, unless the state's other values lie above those elsewhere; and so for the highest.
    """
    found = []
    for row, sign in ((0, 1.0), (len(distinct) - 1, -1.0)):
        others, elsewhere = value[here & (value != distinct[row])], value[~here]
        unknown = not len(others) or not len(elsewhere)
        if unknown or sign * float(np.median(others)) <= sign * float(np.median(elsewhere)):
            found.append(row)
    return found


def _passed_on_both_sides(value: np.ndarray, patient: np.ndarray, fill: float) -> bool:
    """Whether enough of a value's patients who have other values have them below and above it."""
    carriers = np.intersect1d(patient[value == fill], patient[value != fill])
    below, above = (
        np.intersect1d(carriers, patient[beyond]).size for beyond in (value < fill, value > fill)
    )
    return min(below, above) >= LEAST_BEYOND * carriers.size


def _is_half_a_limit(value: np.ndarray, patient: np.ndarray, fill: float) -> bool:
    """Whether a value's patients who have other values mostly have none below twice the value.

    What is printed as below a limit is read as half of it: one laboratory's patients then have
    nothing else up to the limit, whatever those of another have.
    """
    carriers = np.intersect1d(patient[value == fill], patient[value != fill])
    near = (value > 0.0) & (value < 2.0 * fill) & (value != fill)
    return np.intersect1d(carriers, patient[near]).size < LEAST_NEAR * carriers.size


def _stands_out(here: np.ndarray, row: int) -> bool:
    """Whether far more patients of a state have one value than any other."""
    return bool(here[row] >= OVER_SECOND * np.delete(here, row).max(initial=0))


def _patients_by(
    value: np.ndarray, state: np.ndarray, patient: np.ndarray, shape: tuple[int, int]
) -> np.ndarray:
    """How many patients have each value in each state, values down and states across."""
    cell = value.astype(np.int64) * shape[1] + state
    pairs = np.unique(cell * (int(patient.max()) + 1) + patient) // (int(patient.max()) + 1)
    return np.bincount(pairs, minlength=shape[0] * shape[1]).reshape(shape)


def _neighbours(here: np.ndarray, row: int) -> float:
    """The median count of the next values below and above that the state has, at least 1.

    Infinite where there are too few of them to know what is usual.
    """
    below = here[:row][here[:row] > 0][-NEIGHBOURS:]
    above = here[row + 1 :][here[row + 1 :] > 0][:NEIGHBOURS]
    beside = np.concatenate([below, above])
    return max(1.0, float(np.median(beside))) if len(beside) >= LEAST_NEIGHBOURS else np.inf
