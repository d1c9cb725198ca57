"""One way after learning: its fits, their calibration, and how it foretold unseen patients."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from training.adaptation.local import Local
from training.adaptation.ways import Piece
from training.judging.rows.shrunk import Line


@dataclass(frozen=True)
class Learnt:
    """`final` of the mean of the pieces' log-odds is the answer.

    `unseen` are judged rows' log-odds, (rows, repeats), from pieces that had not seen the patient.
    """

    pieces: Sequence[Piece]
    final: Line
    unseen: np.ndarray

    def risk(self, local: Local) -> np.ndarray:
        """Probabilities for local rows."""
        mean = np.mean([piece.log_odds(local) for piece in self.pieces], axis=0)
        return expit(self.final.of(mean))

    def loss(self, local: Local) -> np.ndarray:
        """Each patient's sum of log loss over the judged rows of `local`, which `unseen` are of."""
        return by_patient(local, _log_loss(self.unseen, local.judged_part.label).mean(axis=1))


def by_patient(local: Local, values: np.ndarray) -> np.ndarray:
    """Sums of judged rows' values over each of the local patients."""
    place = np.searchsorted(local.patients, local.judged_part.patient)
    return np.bincount(place, values, minlength=len(local.patients))


def _log_loss(log_odds: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Of log-odds (rows x repeats) and labels: -log of the probability of what happened."""
    return np.logaddexp(0.0, np.where(label[:, None] == 1, -log_odds, log_odds))
