"""Which calibration a run uses: the one asked for, or the simplest that is as good as the best."""

from enum import StrEnum

import numpy as np
from scipy.special import expit

from models.calibration import FITS, Calibration, fit_calibration
from models.calibration_curves import Kind


class Choice(StrEnum):
    """What `--calibration` may say."""

    LOGISTIC = Kind.LOGISTIC
    BETA = Kind.BETA
    ISOTONIC = Kind.ISOTONIC
    AUTO = "auto"  # by the log-loss in patients apart


def calibrate(
    margin: np.ndarray,
    label: np.ndarray,
    patient: np.ndarray,
    folds: int,
    choice: Choice,
    weight: np.ndarray | None = None,
) -> Calibration:
    """Fit on margins for patients that the members had not seen.

    Whoever judges a calibration chosen by `AUTO` calls this on the other patients alone: the choice
    is then made without those judged. `weight` is how many rows of the population each stands for.
    """
    best = choose(margin, label, patient, folds, weight) if choice == Choice.AUTO else Kind(choice)
    return fit_calibration(margin, label, patient, folds, best, weight)


def choose(
    margin: np.ndarray,
    label: np.ndarray,
    patient: np.ndarray,
    folds: int,
    weight: np.ndarray | None = None,
) -> Kind:
    """The simplest kind whose log-loss in patients apart is within a standard error of the best.

    The one-standard-error rule (Breiman et al. 1984) on the paired difference to the best kind,
    patients as units; `Kind` lists the simplest first, which is taken where fewer than two patients
    have an event.
    """
    with_event = len(np.unique(patient[label == 1.0]))
    if with_event < 2:
        return Kind.LOGISTIC
    folds = min(folds, with_event)
    rows = (margin, label, patient, np.ones(len(margin)) if weight is None else weight)
    losses = {kind: _patient_losses(*rows, folds, kind) for kind in Kind}
    best = min(losses.values(), key=lambda loss: float(loss.sum()))
    return next(kind for kind, loss in losses.items() if _as_good(loss - best))


def _as_good(gap: np.ndarray) -> bool:
    """Whether a sum of differences, one a patient, is at most its standard error."""
    return bool(gap.sum() <= np.sqrt(len(gap)) * gap.std(ddof=1)) or not gap.any()


def _patient_losses(
    margin: np.ndarray,
    label: np.ndarray,
    patient: np.ndarray,
    counts: np.ndarray,
    folds: int,
    kind: Kind,
) -> np.ndarray:
    """Each patient's log-loss, summed over the rows, by curves fitted on the other patients."""
    _, cluster = np.unique(patient, return_inverse=True)
    most_first = np.argsort(-np.bincount(cluster, label), kind="stable")
    fold = np.empty(len(most_first), dtype=int)
    fold[most_first] = np.arange(len(most_first)) % folds  # dealt like cards: events spread evenly
    risk = np.empty(len(margin))
    for number in range(folds):
        here = fold[cluster] == number
        curve = FITS[kind](margin[~here], label[~here], counts[~here])
        risk[here] = expit(curve.log_odds(margin[here]))
    loss = -np.log(np.where(label == 1.0, risk, 1.0 - risk))
    return np.bincount(cluster, counts * loss)
