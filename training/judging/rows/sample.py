"""Rows to judge, and the resamples of their patients."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Sample:
    """Rows to judge: `label` 0 or 1, `risk`, `patient` and `day` as running numbers from 0.

    `patients` is how many patient numbers exist, also those without a row here: the width of a
    resample. A missing risk (NaN) ranks below every other and takes no part in figures for
    probabilities.
    """

    label: Numbers
    risk: Numbers
    patient: NDArray[np.int64]
    patients: int
    day: NDArray[np.int64]

    @classmethod
    def of(cls, label: ArrayLike, risk: ArrayLike, patient: ArrayLike | None = None) -> "Sample":
        """A sample from plain sequences; without `patient` each row is a patient of its own."""
        labels = np.asarray(label, dtype=float)
        names = np.arange(len(labels)) if patient is None else np.asarray(patient)
        distinct, codes = np.unique(names, return_inverse=True)
        return cls(
            labels, np.asarray(risk, dtype=float), codes, len(distinct), np.arange(len(labels))
        )

    def __len__(self) -> int:
        return len(self.label)

    def subset(self, keep: NDArray[np.bool_]) -> "Sample":
        """The rows where `keep` is true, with the same patient numbers."""
        return Sample(
            self.label[keep], self.risk[keep], self.patient[keep], self.patients, self.day[keep]
        )

    @cached_property
    def scored(self) -> "Sample":
        """The rows that have a risk."""
        missing = np.isnan(self.risk)
        return self.subset(~missing) if missing.any() else self

    @cached_property
    def event_patients(self) -> int:
        """How many patients have a row before an event."""
        return len(np.unique(self.patient[self.label == 1]))

    @cached_property
    def is_rule(self) -> bool:
        """Whether every risk is 0 or 1: a rule that says yes or no."""
        return bool(np.isin(self.scored.risk, (0.0, 1.0)).all())

    @cached_property
    def is_probability(self) -> bool:
        """Whether every risk lies within 0 and 1 and is more than a yes or no."""
        risk = self.scored.risk
        return not self.is_rule and bool(((risk >= 0) & (risk <= 1)).all())

    def patient_sums(self, values: Numbers) -> Numbers:
        """`values` (one a row, or a line a row) summed per patient."""
        flat = values.reshape(len(values), math.prod(values.shape[1:]))
        sums = [np.bincount(self.patient, column, minlength=self.patients) for column in flat.T]
        table = np.stack(sums, axis=1).astype(np.float64)
        return table.reshape(self.patients, *values.shape[1:])


def patient_draws(patients: int, replicates: int, seed: int) -> Numbers:
    """Multiplicities (1 + replicates by patients): a line of ones, then draws with replacement."""
    generator = np.random.default_rng(seed)
    drawn = generator.multinomial(patients, np.full(patients, 1 / patients), size=replicates)
    return np.concatenate([np.ones((1, patients)), drawn]).astype(np.float64)


def weighted_draws(draws: Numbers, patient: ArrayLike, weight: ArrayLike | None) -> Numbers:
    """Multiplicities times each patient's sampling weight, patients in the order of their names.

    `patient` and `weight` have one value a row; a patient's rows have one weight.
    """
    if weight is None:
        return draws
    _, first = np.unique(np.asarray(patient), return_index=True)
    weighted: Numbers = draws * np.asarray(weight, dtype=float)[first]
    return weighted
