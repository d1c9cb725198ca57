"""The retrained ways of every prior strength as one, each counting as it foretold unseen patients.

How much other patients may count cannot be known beforehand, and few local patients cannot choose
one strength; the mean over strengths loses less than any choice among them (docs/adaptation.md).
"""

from collections.abc import Mapping, Sequence

import numpy as np

from models.blended import blend_members
from models.risk import join_members
from training.adaptation.learnt import Learnt
from training.adaptation.local import Local
from training.adaptation.ways import NOTHING, Piece, Task
from training.judging.rows.shrunk import shrunk_line

DRAWS = 500
LEAST_SHARE = 0.05
"""A strength that would count for less is left out (a choice)."""


def shares(losses: Mapping[str, np.ndarray], seed: int) -> dict[str, float]:
    """What each way counts, together 1, by each patient's log loss under it.

    Pseudo-BMA+ of Yao 2018 (doi 10.1214/17-BA1091): weights in the ratio of the likelihoods of
    unseen patients, averaged over Bayesian bootstrap draws of the patients.
    """
    table = np.stack(list(losses.values()))
    patients = table.shape[1]
    drawn = np.random.default_rng(seed).dirichlet(np.ones(patients), DRAWS) * patients
    log_likelihood = -drawn @ table.T
    likelihood = np.exp(log_likelihood - log_likelihood.max(axis=1, keepdims=True))
    counts = (likelihood / likelihood.sum(axis=1, keepdims=True)).mean(axis=0)
    kept = np.where(counts < LEAST_SHARE, 0.0, counts)
    return {
        name: float(share) for name, share in zip(losses, kept / kept.sum(), strict=True) if share
    }


def blended(
    task: Task, local: Local, learnt: Mapping[str, Learnt]
) -> tuple[Learnt, dict[str, float]]:
    """The retrained ways as one, and what each counts in it."""
    counts = shares({name: one.loss(local) for name, one in learnt.items()}, task.seed)
    parts = [learnt[name] for name in counts]
    weights = list(counts.values())
    pieces = [
        _blended_piece(task, each, weights)
        for each in zip(*(part.pieces for part in parts), strict=True)
    ]
    unseen = np.tensordot(weights, np.stack([part.unseen for part in parts]), axes=1)
    judged = local.judged_part
    final = shrunk_line(unseen.mean(axis=1), judged.label, judged.patient)
    return Learnt(pieces, final, unseen), counts


def _blended_piece(task: Task, pieces: Sequence[Piece], weights: Sequence[float]) -> Piece:
    """Pieces of one draw of the patients, each on the local columns and with trees of its own."""
    members = [piece.member for piece in pieces if piece.member is not None]
    member = blend_members(members, weights)
    return Piece(NOTHING, join_members([member], task.local_columns), member)
