"""Who a model is judged on: the patients in a few facts, and the scored rows that are judged."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd

from features.outcomes import Outcome
from models.start import GRADE
from training.dataset import Cohort, Events
from training.labels import Fate


class Seen(StrEnum):
    """What the model knew of the patients judged."""

    CROSS_VALIDATED = "cross-validated"  # each judged by members that had not seen the patient
    OTHER_RECORDS = "other records"  # nobody of them was known again
    SOME_OF_TRAINING = "some of them in training"  # known again by their measurements
    TRAINING_RECORDS = "training records"


def judged_on(
    source: Events, file_format: str, seen: Seen, weighted: bool = False
) -> dict[str, Any]:
    """What a reader must know of the patients first.

    `virtual` is true where any record says that its patient is virtual; `weighted` where
    figures are weighted by sampling weights.
    """
    return {
        "format": file_format,
        "patients": source.patients,
        "virtual": source.virtual,
        "seen": str(seen),
        "weighted": weighted,
    }


def scored_rows(cohort: Cohort, outcome: Outcome, risks: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """One line an as-of row of the grid and scorer, as `evaluate` wants them.

    Each of `risks` has one value a row of the grid (the cohort's `reported` rows), NaN where the
    scorer gave none. Rows not at risk and rows without an observed horizon stay, to be counted.
    """
    here = cohort.reported
    labels = cohort.labels[outcome].of(here)
    grade = cohort.rows[GRADE].to_numpy(dtype=float) if GRADE in cohort.rows else np.nan
    base = cohort.as_of[here].assign(
        outcome=str(outcome),
        label=labels.label,
        at_risk=labels.fate != Fate.NOT_AT_RISK,
        grade=grade[here] if isinstance(grade, np.ndarray) else grade,
    )
    if cohort.weight is not None:
        base = base.assign(weight=cohort.weight[here])
    return pd.concat(
        [base.assign(model=name, risk=risk) for name, risk in risks.items()], ignore_index=True
    )
