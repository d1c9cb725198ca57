"""Folds of patients: all rows of one patient stand in one fold, events spread over the folds."""

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from features.plurals import counted
from features.tables import InvalidInputError


def fold_plan(
    patient: np.ndarray, label: np.ndarray, folds: int, repeats: int, seed: int
) -> np.ndarray:
    """The fold (0 to folds - 1) of each row in each repeat: int array of shape (rows, repeats).

    Raises:
        InvalidInputError: fewer patients with an event than folds.
    """
    with_event = len(np.unique(patient[label == 1]))
    if with_event < folds:
        raise InvalidInputError(
            f"{counted(with_event, 'patient')} with an event; {folds} folds need at least {folds}"
        )
    plan = np.empty((len(label), repeats), dtype=int)
    for repeat in range(repeats):
        splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed + repeat)
        for fold, (_, held_out) in enumerate(splitter.split(patient, label, patient)):
            plan[held_out, repeat] = fold
    return plan
