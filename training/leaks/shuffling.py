"""Whether the whole path from rows to a judged risk finds something where there is nothing.

Each patient gets another's labels, turned by a random number of rows, so that no column can know
them; rows and folds stay. What a model still ranks on patients that it has not seen, it knows by a
leak between the folds.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.stats import t as student

from models.recipes import Recipe
from training.fit import TrainingRows, fit_committee, useful_columns
from training.judging.rows.ranking import Ranking
from training.judging.rows.sample import Sample, patient_draws
from training.leaks.finding import Finding
from training.progress import progress

CHECK = "label shuffling"
RECIPE = Recipe(12, 0.3, 5, 0.1, 1.0, tree_column_share=0.3, bins=32)
"""Small, and quick to learn by heart what stands in two folds."""
ROUNDS = 4
MOST_PATIENTS = 60
"""So many patients, those with an event first, are enough to see a leak between folds."""
DOUBT = 0.005
"""One-sided: a clean run is stopped five times in a thousand."""
LEAST_EXCESS = 0.05
"""What AUROC must be beyond 0.5 at least, so that an unequal handful of rows stops nobody."""


def shuffled_labels(training: TrainingRows, columns: list[str], seed: int) -> list[Finding]:
    """Stops where AUROC on shuffled labels lies above 0.5 by more than its rounds differ.

    A round whose few events fell into one fold cannot be fitted; fewer than two rounds say nothing.
    """
    some = _some_patients(training)
    columns = useful_columns(some.rows[columns])
    areas = []
    rounds = ROUNDS if columns else 0
    for number in progress(range(rounds), rounds, f"{some.outcome}: shuffled labels"):
        shuffled = shuffle(some, np.random.default_rng([seed, number]))
        if not _can_be_fitted(shuffled):
            continue
        fitted = fit_committee(shuffled, columns, RECIPE, seed, what="")
        areas.append(_area_within_folds(shuffled, fitted.unseen_risk))
    return _judged(training, np.array(areas)) if len(areas) > 1 else []


def _judged(training: TrainingRows, areas: np.ndarray) -> list[Finding]:
    mean, spread = float(areas.mean()), float(areas.std(ddof=1) / np.sqrt(len(areas)))
    limit = 0.5 + max(LEAST_EXCESS, float(student.ppf(1.0 - DOUBT, len(areas) - 1)) * spread)
    if not mean > limit:
        return []
    return [
        Finding(
            CHECK,
            f"{training.outcome}: folds",
            f"{training.outcome}: with the labels of other patients AUROC is still {mean:.3f} on "
            f"unseen rows (mean of {len(areas)} rounds, limit {limit:.3f}): something passes "
            "between the folds",
        )
    ]


def shuffle(training: TrainingRows, random: np.random.Generator) -> TrainingRows:
    """The same rows and folds with every patient's labels and targets taken from another.

    A donor's rows are turned by a random number and repeated or cut to the receiver's length; a row
    judged stays judged, so its label, where the donor has none, is 0.
    """
    order = np.argsort(training.patient.astype("str"), kind="stable")
    _, starts = np.unique(training.patient[order].astype("str"), return_index=True)
    own = np.split(order, starts[1:])
    donors = random.permutation(len(own))
    label, target = training.label.copy(), training.target.copy()
    for mine, donor in zip(own, donors, strict=True):
        theirs = np.resize(np.roll(own[donor], random.integers(len(own[donor]))), len(mine))
        label[mine] = np.nan_to_num(training.label[theirs])
        target[mine] = np.nan_to_num(training.target[theirs])
    return replace(training, label=label, target=target)


def _can_be_fitted(training: TrainingRows) -> bool:
    """Whether rows with and without an event remain whichever fold is left out."""
    judged, fold = training.judged_rows, training.plan[:, 0]
    learnt = ~np.isnan(training.target)
    return all(
        len(np.unique(judged.label[judged.plan[:, 0] != left])) > 1
        and len(np.unique(training.target[learnt & (fold != left)])) > 1
        for left in range(training.folds)
    )


def _some_patients(training: TrainingRows) -> TrainingRows:
    """At most `MOST_PATIENTS`, those with an event first, on one repeat of the folds."""
    codes, names = pd.factorize(training.patient, sort=True)
    with_event = np.bincount(codes, np.nan_to_num(training.label) > 0, len(names)) > 0
    chosen = np.argsort(~with_event, kind="stable")[:MOST_PATIENTS]
    here = np.isin(codes, chosen)
    return replace(
        training,
        rows=training.rows[here],
        target=training.target[here],
        label=training.label[here],
        judged=training.judged[here],
        patient=training.patient[here],
        plan=training.plan[here, :1],
        weight=None,  # the audit asks whether anything passes between folds, of patients on file
    )


def _area_within_folds(training: TrainingRows, risk: np.ndarray) -> float:
    """AUROC inside each fold, averaged: across folds a clean model ranks below 0.5."""
    judged = training.judged_rows
    areas = []
    for fold in range(training.folds):
        here = judged.plan[:, 0] == fold
        if len(np.unique(judged.label[here])) == 2:
            sample = Sample.of(judged.label[here], risk[here], judged.patient[here])
            areas.append(
                float(Ranking(sample).replicates(patient_draws(sample.patients, 0, 0))[0, 0])
            )
    return float(np.mean(areas)) if areas else 0.5
