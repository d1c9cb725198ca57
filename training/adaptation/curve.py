"""The learning curve: every way learnt from n local patients, judged on patients not drawn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from features.outcomes import Outcome
from models.baselines import baselines_for
from training.adaptation.local import Local, deal, spread_order
from training.adaptation.nested import UNKEPT, adapt
from training.adaptation.pieces import Pieces
from training.adaptation.ways import SCRATCH, Task
from training.progress import progress

Plain = dict[str, Any]
SIZES = (10, 20, 40, 80, 120, 240, 480)
OUTER_FOLDS = 10
ALL_BUT = 0.95
"""A size of more than this share of all others is not drawn: all others stand for it."""
ADAPTED = "model"
"""The chosen way, under the name of the model that is judged."""


@dataclass(frozen=True)
class Judged:
    """The judged rows' risks from models of `size` local patients, none of them the row's own.

    `risks` by scorer, each of shape (judged rows, repeats); `chosen` counts the ways that were
    taken, `folds` how many models stand behind each repeat.
    """

    size: int
    risks: Mapping[str, np.ndarray]
    chosen: Mapping[str, int]


def judged_by_size(
    task: Task, local: Local, repeats: int, sizes: Sequence[int], pieces: Pieces = UNKEPT
) -> list[Judged]:
    """Judge every local patient by models of `sizes` others, and of all others (the last).

    Each repeat deals the patients into folds. Those outside a fold are put into a random order
    that is stratified by event; a model of n patients learns from the first n of it (so a larger
    one sees those of the smaller and more) and everything in it, the choice of the way too. The
    fold's patients are judged by it: each once a repeat for each size. Each step (one size, one
    repeat, one fold) goes through `pieces`.
    """
    folds = min(OUTER_FOLDS, len(local.patients))
    plan = deal(local, folds, repeats, task.seed)
    pool = len(local.patients) - -(-len(local.patients) // folds)
    wanted = [*(size for size in sizes if size < ALL_BUT * pool), pool]
    tables = [_Table(local, size, repeats) for size in wanted]
    steps = [
        (table, repeat, fold) for repeat, fold in np.ndindex(repeats, folds) for table in tables
    ]
    for table, repeat, fold in progress(steps, len(steps), f"{task.outcome}: learning curve"):
        away = plan[:, repeat] == fold
        size = None if table.size == pool else table.size
        judge = partial(_step, task, local, away, size, task.seed + repeat)
        place = ("curve", table.size, repeat, fold, folds)
        table.fill(pieces.of_curve(place, judge), away, repeat)
    return [table.judged for table in tables]


def _step(task: Task, local: Local, away: np.ndarray, size: int | None, seed: int) -> Plain:
    """Learn from `size` patients drawn from those not away (None: all), judge those away."""
    drawn = _drawn(local.of(~away), size, seed)
    unseen = local.of(away & local.judged)
    adapted = adapt(task, drawn)
    found = {name: one.risk(unseen) for name, one in adapted.learnt.items()}
    found[ADAPTED] = adapted.choice.risk(unseen)
    found.setdefault(SCRATCH, np.full(len(unseen.label), _rate(drawn)))
    found |= _opponents(task.outcome, drawn, unseen)
    risks = {name: risk.tolist() for name, risk in found.items()}
    return {"chosen": adapted.chosen, "risks": risks}


def _drawn(others: Local, size: int | None, seed: int) -> Local:
    if size is None:
        return others
    order = others.patients[spread_order(others.with_event, seed)]
    return others.of(np.isin(others.patient, order[:size]))


class _Table:
    """Fills one size's risks, fold by fold."""

    def __init__(self, local: Local, size: int, repeats: int) -> None:
        self.size = size
        self._local, self._repeats = local, repeats
        self._risks: dict[str, np.ndarray] = {}
        self._chosen: dict[str, int] = {}

    def fill(self, step: Plain, away: np.ndarray, repeat: int) -> None:
        """Take in the risks of those who stood away, and the way that was chosen without them."""
        place = away[self._local.judged]
        chosen = step["chosen"]
        self._chosen[chosen] = self._chosen.get(chosen, 0) + 1
        for name, risk in step["risks"].items():
            self._column(name)[place, repeat] = risk

    def _column(self, name: str) -> np.ndarray:
        shape = (int(self._local.judged.sum()), self._repeats)
        return self._risks.setdefault(name, np.full(shape, np.nan))

    @property
    def judged(self) -> Judged:
        """What was filled; a way that some draw did not allow is left out."""
        whole = {name: risk for name, risk in self._risks.items() if not np.isnan(risk).any()}
        return Judged(self.size, whole, self._chosen)


def _rate(drawn: Local) -> float:
    """What can be said where no trees can be fitted: the rate, with half an event added."""
    label = drawn.judged_part.label
    return float((label.sum() + 0.5) / (len(label) + 1.0))


def _opponents(outcome: Outcome, drawn: Local, unseen: Local) -> dict[str, np.ndarray]:
    """The baselines, learnt from the drawn patients; all say the rate where only one class is."""
    known = drawn.judged_part
    kinds = baselines_for(outcome, known.rows)
    if len(np.unique(known.label)) < 2:
        return {name: np.full(len(unseen.label), _rate(drawn)) for name in kinds}
    return {
        name: make().fit(known.rows, known.label).risk(unseen.rows) for name, make in kinds.items()
    }
