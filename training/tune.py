"""Recipes tuned with Optuna inside each split's training patients, so that figures stay honest.

Each member of the committee gets the recipe that did best on patients apart within its own training
patients; those that it is judged on took no part. So the tuning is nested, the committee that is
judged is the one that is shipped, and the cost is `splits x trials x INNER_FOLDS` fits beside the
members'. Boosting stops early on the patients apart, which sets the number of rounds. The first
trial is the shipped recipe. Studies stand in SQLite beside the report and go on where a run was
interrupted; the n-th trial of a split is the same however often that happened.
"""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.trial import TrialState

from features.tables import InvalidInputError
from models.recipes import Recipe, monotone_signs
from models.risk import Unseen, unseen_losses
from models.start import fit_start
from training.config import TrainingConfig
from training.engine.committee import evened
from training.fit import TrainingRows
from training.progress import progress
from training.split import fold_plan

INNER_FOLDS = 3
MOST_ROUNDS = 500
PATIENCE = 30
UNPRUNED_TRIALS = 3
"""Trials of a split that run through all folds before the median of their losses stops others."""
ENDLESS = 1_000_000
SQLITE_HEADER = b"SQLite format 3\0"
DONE = (TrialState.COMPLETE, TrialState.PRUNED)


@dataclass(frozen=True)
class Dimension:
    """One parameter of `Recipe` and where it is sought; `log`: evenly by its logarithm."""

    name: str
    low: float
    high: float
    log: bool = False
    whole: bool = False

    def suggested(self, trial: optuna.Trial) -> float:
        """The value that a trial takes."""
        if self.whole:
            return trial.suggest_int(self.name, int(self.low), int(self.high))
        return trial.suggest_float(self.name, self.low, self.high, log=self.log)


SPACE = (
    Dimension("learning_rate", 0.01, 0.3, log=True),
    Dimension("depth", 1, 6, whole=True),
    Dimension("min_child_weight", 0.5, 100.0, log=True),
    Dimension("l2", 0.5, 200.0, log=True),
    Dimension("row_share", 0.4, 1.0),
    Dimension("tree_column_share", 0.2, 1.0),
    Dimension("node_column_share", 0.2, 1.0),
)
"""Around the shipped recipes, from half the shallowest to twice the strictest."""


@dataclass(frozen=True)
class Tuning:
    """The recipe of each split, and what was tried for them.

    `shipped_loss` and `loss` are means over the splits: the log loss on patients apart of the
    shipped recipe with its rounds stopped early, and of the best trial (which is flattered).
    """

    recipes: tuple[Recipe, ...]
    trials: int
    pruned: int
    shipped_loss: float
    loss: float

    @property
    def plain(self) -> dict[str, Any]:
        """As plain values for JSON."""
        return asdict(self)

    def sentence(self, outcome: str) -> str:
        """What a reader of the figures must know."""
        return (
            f"{outcome}: recipes tuned within the training patients of each of "
            f"{len(self.recipes)} splits ({self.trials} trials, {self.pruned} stopped early), so "
            f"the figures are nested; log loss on patients apart there {self.shipped_loss:.4f} "
            f"with the shipped recipe, {self.loss:.4f} with the best of the trials"
        )


def tune(
    training: TrainingRows, columns: Sequence[str], shipped: Recipe, config: TrainingConfig
) -> Tuning:
    """The best recipe for each split of the plan, in the order of `training.splits`.

    Raises:
        InvalidInputError: the study beside the report is of other records, another seed or another
            search; or too few patients with an event for the inner folds.
    """
    place = study_file(config.out)
    if place.exists() and not place.read_bytes()[:16].startswith(SQLITE_HEADER):
        raise InvalidInputError(f"{place}: is no study of an earlier run; take it away")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storage = optuna.storages.RDBStorage(f"sqlite:///{place.resolve()}")
    settings = _settings(training, columns, shipped, config.seed)
    seconds = _seconds_of_a_split(config, len(training.splits))
    studies = []
    shown = progress(training.splits, len(training.splits), f"{training.outcome}: tuning split")
    for number, split in enumerate(shown):
        study = _opened(storage, place, f"{training.outcome}, split {number + 1}", settings)
        inner = _Inner.of(training, columns, split, config.seed)
        _search(study, inner, shipped, config, seconds, number)
        studies.append(study)
    storage.engine.dispose()
    return _summary(studies, shipped)


def study_file(bundle: Path) -> Path:
    """Where a run's studies stand: beside its bundle and report."""
    return bundle.with_name(bundle.name + "-tuning.db")


def fits_at_most(config: TrainingConfig, splits: int) -> int:
    """What the trials cost, in members fitted."""
    return splits * config.trials * INNER_FOLDS


@dataclass(frozen=True)
class _Inner:
    """The training patients of one split, with folds of their own."""

    training: TrainingRows
    columns: Sequence[str]
    used: np.ndarray
    plan: np.ndarray
    signs: tuple[int, ...]

    @classmethod
    def of(
        cls, training: TrainingRows, columns: Sequence[str], split: tuple[int, int], seed: int
    ) -> "_Inner":
        used = np.flatnonzero(training.used_by(split))
        event = np.where(training.judged[used], training.label[used], 0.0)
        try:
            plan = fold_plan(training.patient[used], event, INNER_FOLDS, 1, seed)[:, 0]
        except InvalidInputError as error:
            raise InvalidInputError(f"{training.outcome}: tuning: {error}") from error
        return cls(training, columns, used, plan, monotone_signs(columns, training.outcome))

    def losses(self, recipe: Recipe, fold: int, seed: int) -> np.ndarray:
        """The log loss on the fold's patients after each round."""
        known, apart = self.used[self.plan != fold], self.used[self.plan == fold]
        rows, target, weight = self._of(known)
        start = fit_start(rows, target, self.signs, weight, recipe.lines)
        unseen = Unseen(*self._of(apart))
        return unseen_losses(
            rows, target, start, recipe, self.signs, seed, weight, unseen, PATIENCE
        )

    def _of(self, here: np.ndarray) -> tuple[Any, np.ndarray, np.ndarray | None]:
        rows = self.training.rows[list(self.columns)].iloc[here]
        return rows, self.training.target[here], evened(self.training.weight, here)


def _search(
    study: optuna.Study,
    inner: _Inner,
    shipped: Recipe,
    config: TrainingConfig,
    seconds: float,
    number: int,
) -> None:
    """Try recipes until the trials or the seconds are used up, but the shipped one at least."""
    begun = time.monotonic()
    wanted = config.trials or ENDLESS
    done = len(study.get_trials(deepcopy=False, states=DONE))
    while done < wanted and (done == 0 or time.monotonic() - begun < seconds):
        if not done:
            study.enqueue_trial({each.name: getattr(shipped, each.name) for each in SPACE})
        # anew for each trial: what it takes must not depend on where a run was interrupted
        own_seed = int(np.random.SeedSequence([config.seed, number, done]).generate_state(1)[0])
        study.sampler = optuna.samplers.TPESampler(seed=own_seed, n_startup_trials=5)
        _try(study, inner, shipped, config.seed)
        done += 1


def _try(study: optuna.Study, inner: _Inner, shipped: Recipe, seed: int) -> None:
    """One trial: a fold after the other, unless the first ones look worse than the median."""
    trial = study.ask()
    recipe = _recipe(shipped, {each.name: each.suggested(trial) for each in SPACE}, MOST_ROUNDS)
    curves: list[np.ndarray] = []
    for fold in range(INNER_FOLDS):
        curves.append(inner.losses(recipe, fold, seed + fold))
        rounds, loss = _lowest(curves)
        trial.report(loss, fold)
        if trial.should_prune():
            study.tell(trial, state=TrialState.PRUNED)
            return
    trial.set_user_attr("rounds", rounds)
    study.tell(trial, loss)


def _lowest(curves: Sequence[np.ndarray]) -> tuple[int, float]:
    """The number of rounds with the lowest mean loss over the folds, and that loss."""
    common = min(map(len, curves))
    mean = np.mean([curve[:common] for curve in curves], axis=0)
    return int(mean.argmin()) + 1, float(mean.min())


def _recipe(shipped: Recipe, parameters: dict[str, Any], rounds: int) -> Recipe:
    return replace(shipped, **parameters, rounds=rounds)


def _summary(studies: Sequence[optuna.Study], shipped: Recipe) -> Tuning:
    best = [study.best_trial for study in studies]
    done = [trial for study in studies for trial in study.get_trials(False, DONE)]
    first = [study.get_trials(False, DONE)[0] for study in studies]
    return Tuning(
        recipes=tuple(_recipe(shipped, one.params, one.user_attrs["rounds"]) for one in best),
        trials=len(done),
        pruned=sum(trial.state == TrialState.PRUNED for trial in done),
        shipped_loss=float(np.mean([trial.value for trial in first])),
        loss=float(np.mean([trial.value for trial in best])),
    )


def _opened(
    storage: optuna.storages.RDBStorage, place: Path, name: str, settings: dict[str, str]
) -> optuna.Study:
    """The study of one split, as an earlier run left it or new."""
    study = optuna.create_study(
        storage=storage,
        study_name=name,
        load_if_exists=True,
        pruner=optuna.pruners.MedianPruner(n_startup_trials=UNPRUNED_TRIALS),
    )
    begun = study.user_attrs or settings
    other = [what for what, value in settings.items() if begun.get(what) != value]
    if other:
        raise InvalidInputError(
            f"{place}: the study there was begun with another {' and another '.join(other)}; "
            "take it away to begin anew, or train as then"
        )
    for what, value in settings.items():
        study.set_user_attr(what, value)
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)  # where the earlier run was interrupted
    return study


def _settings(
    training: TrainingRows, columns: Sequence[str], shipped: Recipe, seed: int
) -> dict[str, str]:
    """What must be the same for a study to go on."""
    weight = np.zeros(0) if training.weight is None else training.weight
    rows = training.rows[list(columns)].to_numpy(dtype=np.float32)
    learnt = [rows, training.target, training.label, weight, training.plan]
    return {
        "seed": str(seed),
        "set of rows, labels, weights and splits": _digest([each.tobytes() for each in learnt]),
        "search": _digest(
            [repr((columns, SPACE, shipped, INNER_FOLDS, MOST_ROUNDS, PATIENCE)).encode()]
        ),
    }


def _digest(parts: Sequence[bytes]) -> str:
    hashed = hashlib.sha256()
    for part in parts:
        hashed.update(part)
    return hashed.hexdigest()


def _seconds_of_a_split(config: TrainingConfig, splits: int) -> float:
    if config.minutes is None:
        return float("inf")
    return 60.0 * config.minutes / len(config.outcomes) / splits
