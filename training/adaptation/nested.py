"""Every way fitted on local patients, and one chosen by patients that the fits had not seen."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from training.adaptation.blend import blended
from training.adaptation.choice import Candidate, choose
from training.adaptation.learnt import Learnt, by_patient
from training.adaptation.local import Local, deal
from training.adaptation.pieces import Pieces
from training.adaptation.ways import BLENDED, RETRAINED, Piece, Task, Way, ways_for
from training.judging.rows.shrunk import AS_IT_IS, shrunk_line
from training.progress import progress

INNER_FOLDS = 5
TREES = 2
"""The change of a way that fits trees, see `Way`."""
UNKEPT = Pieces()


@dataclass(frozen=True)
class Adapted:
    """Every way that the patients allowed, by name, and the one that was chosen.

    `shares` is what each prior strength counts in their blend; empty without one.
    """

    learnt: Mapping[str, Learnt]
    shares: Mapping[str, float]
    chosen: str
    candidates: tuple[Candidate, ...]
    folds: int

    @property
    def choice(self) -> Learnt:
        """The chosen way."""
        return self.learnt[self.chosen]


def adapt(
    task: Task, local: Local, repeats: int = 1, pieces: Pieces = UNKEPT, what: str = ""
) -> Adapted:
    """Fit every way on these patients and choose one.

    Each repeat deals the patients into folds; each way is fitted without one fold after the other
    and its log loss taken on that fold. A way with trees is the committee of these fits, calibrated
    on the margins of the left-out patients. Nobody outside `local` has a part in it. Fits with
    trees go through `pieces`; work named by `what` shows how many are done.
    """
    folds = max(2, min(INNER_FOLDS, local.event_patients))
    plan = deal(local, folds, repeats, task.seed)
    ways = ways_for(task, local)
    learnt = {
        way.name: _learn(task, way, local, plan, folds, pieces)
        for way in progress(ways, len(ways), what)
    }
    retrained = {name: one for name, one in learnt.items() if name in RETRAINED}
    counts: dict[str, float] = {}
    if len(retrained) > 1:
        learnt[BLENDED], counts = blended(task, local, retrained)
    losses = {name: one.loss(local) for name, one in learnt.items()}
    rows = by_patient(local, np.ones(len(local.judged_part.label)))
    chosen, candidates = choose(losses, rows, local.event_patients)
    return Adapted(learnt, counts, chosen, candidates, folds)


def _learn(
    task: Task, way: Way, local: Local, plan: np.ndarray, folds: int, kept: Pieces
) -> Learnt:
    judged = local.judged_part
    unseen = np.empty((len(judged.label), plan.shape[1]))
    pieces: list[Piece] = []
    for repeat, fold in np.ndindex(plan.shape[1], folds):
        away = plan[:, repeat] == fold
        fit = partial(_fit, task, way, local, ~away, task.seed + len(pieces))
        place = ("way", way.name, int(repeat), int(fold), folds)
        pieces.append(fit() if way.change < TREES else kept.of_way(task, place, fit))
        here = local.of(away & local.judged)
        unseen[away[local.judged], repeat] = pieces[-1].log_odds(here)
    if way.change < TREES:
        return Learnt([way.learn(task, local, task.seed)], AS_IT_IS, unseen)
    final = shrunk_line(unseen.mean(axis=1), judged.label, judged.patient)
    return Learnt(pieces, final, unseen)


def _fit(task: Task, way: Way, local: Local, here: np.ndarray, seed: int) -> Piece:
    return way.learn(task, local.of(here), seed)
