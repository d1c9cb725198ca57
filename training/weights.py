"""Sampling weights: how many patients of the population each patient of an enriched cohort is for.

A cohort with every patient who had the event and a tenth of the others gives probabilities of that
mixture. Weighted by the inverse of the chance of being drawn (Horvitz and Thompson 1952, J Am Stat
Assoc 47:663), fitting, calibration and every figure refer to the population that was drawn from.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from features.patient_ids import plain_ids
from features.plurals import counted
from features.readers.delimited import read_delimited
from features.tables import InvalidInputError, InvalidTableError

COLUMNS = {"patient_id", "weight"}
HEAVIEST = 1e6
"""One patient for more than a million is a slip of the pen."""


def read_weights(path: Path) -> pd.Series:
    """Weights by patient_id from a CSV with columns `patient_id` and `weight` (above 0, no unit).

    Raises:
        InvalidInputError: no such file, a missing column, no lines, a patient twice, or a weight
            that is not a number above 0 and at most `HEAVIEST`.
    """
    table = read_delimited(path)
    missing = COLUMNS - set(table.columns)
    if missing or table.empty:
        named = ", ".join(sorted(missing)) or "no lines"
        raise InvalidTableError(f"{path}: needs columns patient_id and weight; missing: {named}")
    patient = plain_ids(table["patient_id"])
    weight = pd.to_numeric(table["weight"], errors="coerce")
    wrong = ~((weight > 0.0) & (weight <= HEAVIEST))
    if wrong.any():
        line = wrong.idxmax()
        raise InvalidTableError(
            f"{path}:{line}: weight {table['weight'][line]!r} is not a number above 0 and at most "
            f"{HEAVIEST:.0f}"
        )
    double = patient.duplicated() | (patient == "")
    if double.any():
        line = double.idxmax()
        raise InvalidTableError(f"{path}:{line}: patient {patient[line]!r} is empty or there twice")
    return pd.Series(weight.to_numpy(dtype=float), index=patient.to_numpy(), name="weight")


def weights_of(path: Path | None, patient: pd.Series) -> np.ndarray | None:
    """The weight of each row's patient; None where no file was given.

    Raises:
        InvalidInputError: as `read_weights`, or a patient without a weight.
    """
    if path is None:
        return None
    found = read_weights(path).reindex(patient.astype("str").to_numpy())
    without = patient[found.isna().to_numpy()].unique()
    if len(without):
        raise InvalidInputError(
            f"{path}: no weight for {counted(len(without), 'patient')} of the records, "
            f"the first is {without[0]!r}"
        )
    return found.to_numpy()


def weights_notes(patient: pd.Series, weight: np.ndarray | None) -> list[str]:
    """Whom the figures refer to, with the effective size (Kish 1965); nothing without weights."""
    if weight is None:
        return []
    each = pd.Series(weight).groupby(patient.to_numpy()).first()
    effective = each.sum() ** 2 / (each**2).sum()
    sentence = (
        f"SAMPLING WEIGHTS: {len(each)} patients stand for {each.sum():.0f}; probabilities and "
        f"figures refer to those (effective size {effective:.0f} patients), counts, "
        "alarm thresholds, interval coverage, abstention and competing events to the patients on "
        "file"
    )
    return [sentence]
