"""The patients of the new hospital: their rows, how they are dealt into folds and drawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from features.outcomes import Outcome


@dataclass(frozen=True)
class Local:
    """One outcome's local rows; arrays share the first axis.

    `target` is what is learnt (NaN = not learnt from), `label` what happened, read only where
    `judged`; `shipped` are the shipped model's calibrated log-odds, which no local patient moved.
    """

    outcome: Outcome
    rows: pd.DataFrame
    target: np.ndarray
    label: np.ndarray
    judged: np.ndarray
    patient: np.ndarray
    shipped: np.ndarray

    def of(self, chosen: np.ndarray) -> "Local":
        """The rows where `chosen` (a bool array) is true."""
        return Local(
            self.outcome,
            self.rows[chosen],
            self.target[chosen],
            self.label[chosen],
            self.judged[chosen],
            self.patient[chosen],
            self.shipped[chosen],
        )

    @cached_property
    def judged_part(self) -> "Local":
        """The judged rows alone."""
        return self.of(self.judged)

    @cached_property
    def learnt_part(self) -> "Local":
        """The rows that are learnt from alone."""
        return self.of(~np.isnan(self.target))

    @cached_property
    def patients(self) -> np.ndarray:
        """The distinct patients, in order."""
        return np.unique(self.patient)

    @cached_property
    def with_event(self) -> np.ndarray:
        """Which of `patients` have a judged row before an event."""
        happened = self.judged & (self.label == 1)
        return np.isin(self.patients, self.patient[happened])

    @property
    def event_patients(self) -> int:
        """How many patients have a judged row before an event."""
        return int(self.with_event.sum())


def spread_order(with_event: Sequence[bool] | np.ndarray, seed: int) -> np.ndarray:
    """A random order of patients in which every stretch holds its share of those with an event.

    Each of the two groups is shuffled and spaced evenly (systematic sampling), so the first n are a
    stratified draw of n.

    >>> [bool(one) for one in np.array([True, True, False, False, False, False])[
    ...     spread_order([True, True, False, False, False, False], 0)][:3]].count(True)
    1
    """
    random = np.random.default_rng(seed)
    events = np.asarray(with_event, dtype=bool)
    place = np.empty(len(events))
    for group in (events, ~events):
        count = int(group.sum())
        place[group] = (random.permutation(count) + random.random()) / max(count, 1)
    return np.argsort(place, kind="stable")


def deal(local: Local, folds: int, repeats: int, seed: int) -> np.ndarray:
    """The fold (0 to folds - 1) of each row in each repeat, shape (rows, repeats), by patient.

    Those with an event are dealt round first, then the others, so that folds share both evenly with
    any number of events (`training.split.fold_plan` wants one in each fold).
    """
    fold = np.empty((len(local.patients), repeats), dtype=int)
    for repeat in range(repeats):
        random = np.random.default_rng(seed + repeat)
        groups = (np.flatnonzero(local.with_event), np.flatnonzero(~local.with_event))
        order = np.concatenate([random.permutation(group) for group in groups])
        fold[order, repeat] = np.arange(len(order)) % folds
    return fold[np.searchsorted(local.patients, local.patient)]
