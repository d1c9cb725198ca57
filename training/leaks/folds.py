"""Whether a patient stands in two folds at once, under one name or under two."""

import numpy as np
import pandas as pd

from training.fit import TrainingRows
from training.leaks.finding import Finding
from training.leaks.fingerprints import fingerprints

CHECK = "patient overlap"


def shared_folds(training: TrainingRows) -> list[Finding]:
    """Patients whose rows stand in more than one fold of a repeat: they would judge themselves."""
    patient = pd.factorize(training.patient)[0]
    shared = np.zeros(int(patient.max()) + 1, dtype=bool)
    for plan in training.plan.T:
        low, high = np.full(len(shared), training.folds), np.full(len(shared), -1)
        np.minimum.at(low, patient, plan)
        np.maximum.at(high, patient, plan)
        shared |= low != high
    if not shared.any():
        return []
    return [
        Finding(
            CHECK,
            f"{training.outcome}: folds",
            f"{training.outcome}: the rows of {shared.sum()} of {len(shared)} patients stand in "
            "more than one fold, so that they are judged by a model that learnt from them; 0 may",
        )
    ]


def one_person_twice(events: pd.DataFrame) -> list[Finding]:
    """Patients of another name with the same measurements: one person under two names."""
    prints = fingerprints(events)
    again = prints.duplicated(keep=False)
    if not again.any():
        return []
    copies = int(prints.duplicated().sum())
    told = "1 patient has" if copies == 1 else f"{copies} patients have"
    order = {name: place for place, name in enumerate(sorted(prints.index), start=1)}
    first = prints[again].groupby(prints[again]).groups
    pair = min(tuple(sorted(order[str(name)] for name in names)[:2]) for names in first.values())
    return [
        Finding(
            CHECK,
            "patients",
            f"{told} another's first measurements under a name of their own, so may stand in two "
            f"folds at once; 0 may: the first two are the {pair[0]}. and the {pair[1]}. of "
            f"{len(prints)} in the order of names",
        )
    ]
