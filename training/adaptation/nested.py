"""Every way fitted on local patients, and one chosen by patients that the fits had not seen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from training.adaptation.choice import Candidate, choose
from training.adaptation.local import Local, deal
from training.adaptation.shrunk import AS_IT_IS, Line, shrunk_line
from training.adaptation.ways import Piece, Task, Way, ways_for

INNER_FOLDS = 5
TREES = 2
"""The change of a way that fits trees, see `Way`."""


@dataclass(frozen=True)
class Learnt:
    """One way after learning: `final` of the mean of the pieces' log-odds; `loss` by patient."""

    way: Way
    pieces: Sequence[Piece]
    final: Line
    loss: np.ndarray

    def risk(self, local: Local) -> np.ndarray:
        """Probabilities for local rows."""
        mean = np.mean([piece.log_odds(local) for piece in self.pieces], axis=0)
        return expit(self.final.of(mean))


@dataclass(frozen=True)
class Adapted:
    """Every way that the patients allowed, by name, and the one that was chosen."""

    learnt: Mapping[str, Learnt]
    chosen: str
    candidates: tuple[Candidate, ...]
    folds: int

    @property
    def choice(self) -> Learnt:
        """The chosen way."""
        return self.learnt[self.chosen]


def adapt(task: Task, local: Local, repeats: int = 1) -> Adapted:
    """Fit every way on these patients and choose one.

    Each repeat deals the patients into folds; each way is fitted without one fold after the other
    and its log loss taken on that fold. A way with trees is the committee of these fits, calibrated
    on the margins of the left-out patients. Nobody outside `local` has a part in it.
    """
    folds = max(2, min(INNER_FOLDS, local.event_patients))
    plan = deal(local, folds, repeats, task.seed)
    ways = ways_for(task, local)
    learnt = {way.name: _learn(task, way, local, plan, folds) for way in ways}
    losses = {name: one.loss for name, one in learnt.items()}
    judged = local.judged_part
    rows = _by_patient(local, np.ones(len(judged.label)))
    chosen, candidates = choose(ways, losses, rows, local.event_patients)
    return Adapted(learnt, chosen, candidates, folds)


def _learn(task: Task, way: Way, local: Local, plan: np.ndarray, folds: int) -> Learnt:
    judged = local.judged_part
    unseen = np.empty((len(judged.label), plan.shape[1]))
    pieces: list[Piece] = []
    for repeat, fold in np.ndindex(plan.shape[1], folds):
        away = plan[:, repeat] == fold
        pieces.append(way.learn(task, local.of(~away), task.seed + len(pieces)))
        here = local.of(away & local.judged)
        unseen[away[local.judged], repeat] = pieces[-1].log_odds(here)
    loss = _by_patient(local, _log_loss(unseen, judged.label).mean(axis=1))
    if way.change < TREES:
        return Learnt(way, [way.learn(task, local, task.seed)], AS_IT_IS, loss)
    final = shrunk_line(unseen.mean(axis=1), judged.label, judged.patient)
    return Learnt(way, pieces, final, loss)


def _log_loss(log_odds: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Of log-odds (rows x repeats) and labels: -log of the probability of what happened."""
    return np.logaddexp(0.0, np.where(label[:, None] == 1, -log_odds, log_odds))


def _by_patient(local: Local, values: np.ndarray) -> np.ndarray:
    """Sums of judged rows' values over each of the local patients."""
    place = np.searchsorted(local.patients, local.judged_part.patient)
    return np.bincount(place, values, minlength=len(local.patients))
