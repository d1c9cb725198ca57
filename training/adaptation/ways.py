"""The ways from a shipped model to a local one, each with one interface, least change first."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from features.outcomes import Outcome
from models.bundle import OutcomeModel
from models.calibration import Calibration, straight
from models.continued import group_size, join_onto
from models.recipes import Recipe, monotone_signs, recipe_for
from models.risk import Member, RiskModel, fit_member, join_members
from models.start import STEPS, Start, fit_start
from training.adaptation.local import Local
from training.judging.rows.resampled import FEWEST_EVENT_PATIENTS
from training.judging.rows.shrunk import AS_IT_IS, NOTHING, Line, shrunk_line

PRIOR_PATIENTS = (300.0, 100.0, 30.0, 10.0)
"""For how many local patients all prior patients together may count (a power prior: Ibrahim and
Chen 2000, Stat Sci 15:46; the steps are a choice of this project)."""
NOWHERE = Start(0.0, (0.0,) * len(STEPS))


@dataclass(frozen=True)
class Prior:
    """Rows of other patients to learn from; `target` from 0 to 1, `patients` how many they are."""

    rows: pd.DataFrame
    target: np.ndarray
    patients: int
    virtual: bool


@dataclass(frozen=True)
class Task:
    """What every fit of one outcome shares.

    `local_columns` are those that the local records fill, `all_columns` the shipped model's and
    then the local ones that it lacks.
    """

    outcome: Outcome
    shipped: OutcomeModel
    local_columns: tuple[str, ...]
    all_columns: tuple[str, ...]
    prior: Prior | None
    seed: int


@dataclass(frozen=True)
class Piece:
    """What one fit gives: a line through the shipped log-odds, and trees (or none) on top."""

    line: Line
    trees: RiskModel | None = None
    member: Member | None = None

    def log_odds(self, local: Local) -> np.ndarray:
        """Log-odds of local rows."""
        kept = self.line.of(local.shipped)
        return kept if self.trees is None else kept + self.trees.margin(local.rows)


def piece_of(task: Task, line: Line, member: Member) -> Piece:
    """A fit with trees: on top of the shipped ones, or alone where the line is nothing."""
    if line == NOTHING:
        return Piece(NOTHING, join_members([member], task.local_columns), member)
    return Piece(line, join_members([member], task.all_columns), member)


Learn = Callable[[Task, Local, int], Piece]


@dataclass(frozen=True)
class Way:
    """One way to a local model.

    `change` is how much it leaves behind (0 nothing, 1 the calibration, 2 the trees), `learn` fits
    local patients, `prior_counts` is for how many of them all prior patients count (0 uses none).
    """

    name: str
    meaning: str
    change: int
    learn: Learn
    prior_counts: float = 0.0


def _keep(task: Task, local: Local, seed: int) -> Piece:  # noqa: ARG001
    return Piece(AS_IT_IS)


def _recalibrate(task: Task, local: Local, seed: int) -> Piece:  # noqa: ARG001
    judged = local.judged_part
    return Piece(shrunk_line(judged.shipped, judged.label, judged.patient))


def _continue(task: Task, local: Local, seed: int) -> Piece:
    learnt, names = local.learnt_part, task.all_columns
    line = _recalibrate(task, local, seed).line
    member = fit_member(
        learnt.rows[list(names)],
        learnt.target,
        NOWHERE,
        _recipe(float((learnt.target > 0.0).sum())),
        monotone_signs(names, task.outcome),
        seed,
        offset=line.of(learnt.shipped),
    )
    return piece_of(task, line, member)


def _from_scratch(task: Task, local: Local, seed: int) -> Piece:
    learnt = local.learnt_part
    weight = np.ones(len(learnt.target))
    return _own_trees(task, learnt.rows, learnt.target, weight, seed)


def _with_prior(counts: float) -> Learn:
    def learn(task: Task, local: Local, seed: int) -> Piece:
        learnt, prior = local.learnt_part, _prior_of(task)
        rows = pd.concat([learnt.rows, prior.rows])
        target = np.concatenate([learnt.target, prior.target])
        less = _row_weight(counts, len(learnt.target) / len(learnt.patients), prior)
        weight = np.repeat([1.0, less], [len(learnt.target), len(prior.target)])
        return _own_trees(task, rows, target, weight, seed)

    return learn


def _row_weight(counts: float, rows_a_patient: float, prior: Prior) -> float:
    """What a prior row counts where all together count for `counts` local patients with so many
    rows each, at most 1: charts differ in how many rows a patient has."""
    return min(1.0, counts * rows_a_patient / len(prior.target))


def _prior_of(task: Task) -> Prior:
    if task.prior is None:
        raise ValueError("this way learns from prior rows, and there are none")
    return task.prior


def _own_trees(
    task: Task, rows: pd.DataFrame, target: np.ndarray, weight: np.ndarray, seed: int
) -> Piece:
    names = list(task.local_columns)
    shown = rows[names]
    signs = monotone_signs(names, task.outcome)
    recipe = _recipe(float(weight[target > 0.0].sum()))
    start = fit_start(shown, target, signs, weight, recipe.lines)
    member = fit_member(shown, target, start, recipe, signs, seed, weight)
    return piece_of(task, NOTHING, member)


def _recipe(event_rows: float) -> Recipe:
    """Of so many rows before an event, on one thread: with few rows threads wait for each other
    longer than they work, and members are the same to the bit."""
    return replace(recipe_for(event_rows), threads=1)


SHIPPED, RECALIBRATED, SCRATCH = "shipped model", "recalibrated", "from scratch"
WAYS: tuple[Way, ...] = (
    Way(SHIPPED, "the shipped model as it is", 0, _keep),
    Way(
        RECALIBRATED,
        "its risks moved by an intercept, from five patients with an event on by a slope, too",
        1,
        _recalibrate,
    ),
    Way("continued boosting", "local trees on top of the recalibrated shipped ones", 2, _continue),
    *(
        Way(
            f"prior as {counts:g} patients",
            f"all trees anew, prior patients together counting for {counts:g} local ones",
            2,
            _with_prior(counts),
            counts,
        )
        for counts in PRIOR_PATIENTS
    ),
    Way(SCRATCH, "all trees anew from local patients alone", 2, _from_scratch),
)

RETRAINED = frozenset({SCRATCH, *(way.name for way in WAYS if way.prior_counts)})
"""Ways whose trees are all new."""
BLENDED = "retrained with the prior"
NOTHING_KEPT = RETRAINED | {BLENDED}
"""Ways that keep nothing of the shipped model."""
MEANINGS = {way.name: way.meaning for way in WAYS} | {
    BLENDED: "the mean of those with all trees anew, each counting as it foretold unseen patients"
}


def ways_for(task: Task, local: Local) -> list[Way]:
    """The ways that these patients allow.

    Trees want two patients with an event; with fewer than `FEWEST_EVENT_PATIENTS` those on top of
    the shipped ones are not fitted. A prior counts for no more patients than it has, unless it has
    fewer than the least.
    """
    events = local.event_patients
    simple = [way for way in WAYS if way.change <= min(events, 1)]
    new = [way for way in WAYS if way.name in RETRAINED and _allowed(way, task.prior)]
    on_top = [way for way in WAYS if way.change > 1 and way.name not in RETRAINED]
    trees = [*on_top, *new] if events >= FEWEST_EVENT_PATIENTS else new
    return [*simple, *(trees if events > 1 else [])]


def _allowed(way: Way, prior: Prior | None) -> bool:
    if not way.prior_counts:
        return True
    return prior is not None and way.prior_counts <= max(prior.patients, min(PRIOR_PATIENTS))


@dataclass(frozen=True)
class Joined:
    """One way's model as a bundle holds it."""

    risk: RiskModel
    calibration: Calibration


def joined(task: Task, pieces: Sequence[Piece], final: Line, folds: int) -> Joined:
    """The pieces of one way as one model whose calibrated log-odds are `final` of their mean.

    `folds` is how many folds one set of the pieces has.
    """
    members = [piece.member for piece in pieces if piece.member is not None]
    if not members:
        line, shipped = pieces[0].line, task.shipped.calibration
        kept = shipped if line is AS_IT_IS else line.after(shipped)
        return Joined(task.shipped.risk, kept)
    if pieces[0].line is NOTHING:
        return Joined(join_members(members, task.local_columns), _calibration(final, folds))
    model = _on_top(task, pieces, members)
    grouped = group_size(task.shipped.risk.members, len(members))
    return Joined(model, _calibration(final, 1 + (folds - 1) * grouped))


def _on_top(task: Task, pieces: Sequence[Piece], members: Sequence[Member]) -> RiskModel:
    intercept = float(np.mean([piece.line.intercept for piece in pieces]))
    slope = float(np.mean([piece.line.slope for piece in pieces]))
    whole = Line(intercept, slope).after(task.shipped.calibration)
    return join_onto(task.shipped.risk, whole.intercept, whole.slope, members, task.all_columns)


def _calibration(line: Line, folds: int) -> Calibration:
    return straight(line.slope, line.intercept, line.covariance, folds)
