"""Whether a patient stands in two folds at once, under one name or under two."""

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from training.fit import TrainingRows
from training.leaks.finding import Finding, Severity
from training.leaks.shingles import names, shingles
from training.leaks.sketches import alike, sketched

CHECK = "patient overlap"
MOST_TWICE = 0.001
"""The share of patients who may have another's measurements without stopping the run: a choice; of
6,096 real stays and 1,600 virtual patients none has."""


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
    own = shingles(events)
    lines = sketched(own)
    pairs = alike(own, lines["shingle"].to_numpy(), lines["patient"].to_numpy())
    pairs = pairs[pairs["patient"] != pairs["owner"]]
    if pairs.empty:
        return []
    patients = len(names(events))
    copies = _copies(pairs, patients)
    told = "1 patient has" if copies == 1 else f"{copies} patients have"
    first, second = min(tuple(sorted(pair)) for pair in pairs.to_numpy().tolist())
    return [
        Finding(
            CHECK,
            "patients",
            f"{told} another's measurements under a name of their own, so may stand in two folds "
            f"at once; {MOST_TWICE:.1%} may: the first two are the {first + 1}. and the "
            f"{second + 1}. of {patients} in the order of names",
            Severity.STOP if copies > MOST_TWICE * patients else Severity.TELL,
        )
    ]


def _copies(pairs: pd.DataFrame, patients: int) -> int:
    """How many more names than people there are."""
    ends = (pairs["patient"].to_numpy(), pairs["owner"].to_numpy())
    graph = coo_array((np.ones(len(pairs)), ends), shape=(patients, patients))
    people, _ = connected_components(graph, directed=False)
    return patients - int(people)
