"""One training run: records in, a judged and explained bundle out."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from features.declared import COLUMNS
from features.outcomes import GRADES, Outcome
from features.readers.places import existing
from features.tables import InvalidInputError
from models.baselines import baselines_for
from models.bundle import OutcomeModel, TierThresholds
from models.recipes import Recipe, monotone_signs, recipe_for
from training import leaks
from training.blas import on_one_blas_thread
from training.config import TrainingConfig, repeats_for
from training.dataset import Cohort, events_told, label_cohort
from training.engine import LOCAL, Engine
from training.finished import Run, TrainedOutcome, finished, make_card
from training.fit import (
    Fitted,
    TrainingRows,
    evened,
    fit_committee,
    taken,
    unseen_baseline_risk,
    useful_columns,
)
from training.judging import panels
from training.judging.doubt.added import cross_validated
from training.judging.judged import scored_rows
from training.split import fold_plan
from training.weights import weights_of

if TYPE_CHECKING:
    from training.tune import Tuning

logger = logging.getLogger("training")

ELEVATED_SHARE, HIGH_SHARE = 0.10, 0.03
"""A tier's alarm budget: the share of training rows at risk that reach it (1 in 10, 3 in 100)."""

LEAVE_OUT = "--outcome names those that are to be learnt"
UNSIGNED = "model without monotone signs"
TRAJECTORY_FREE = (".last", ".age", ".years", ".log2", ".hours_since_first")
"""How the columns end that hold no more than the latest value and the time."""


@on_one_blas_thread
def train(config: TrainingConfig, engine: Engine = LOCAL) -> Run:
    """Train, judge and write a bundle to `config.out`; `engine` computes rows and fits members.

    Raises:
        InvalidInputError: bad records, an outcome with too few patients to judge a model by, or a
            leak that `config` does not accept.
    """
    check_places(config)
    source = events_told(config.records, config.format, config.outcomes_from)
    cohort = label_cohort(
        source, config.every, config.outcomes, config.horizon, config.learn_every, engine
    )
    cohort = replace(cohort, weight=weights_of(config.weights, cohort.as_of["patient_id"]))
    logger.info("%d patients, %d as-of rows", source.patients, int(cohort.reported.sum()))
    trainings = {outcome: training_rows(cohort, outcome, config) for outcome in config.outcomes}
    findings = leaks.audit(cohort, trainings, config)
    leaks.refuse(findings, config.accept_leaks)
    trained = {
        outcome: train_outcome(cohort, outcome, config, training, engine)
        for outcome, training in trainings.items()
    }
    more: dict[str, Any] = {}
    if config.variants:
        more["panels"] = {
            str(outcome): panels.for_the_report(cohort, one.training, config, engine)
            for outcome, one in trained.items()
        }
    return finished(config, cohort, trained, findings, make_card(config, source), more)


def check_places(config: TrainingConfig) -> None:
    """Make the bundle's folder; a wrong place shows before the long work.

    Raises:
        InvalidInputError: there are no records, or the folder holds something already.
    """
    existing(config.records)
    config.out.mkdir(parents=True, exist_ok=True)
    if any(config.out.iterdir()):
        raise InvalidInputError(f"{config.out}: not empty; name another folder for the bundle")


def train_outcome(
    cohort: Cohort,
    outcome: Outcome,
    config: TrainingConfig,
    training: TrainingRows | None = None,
    engine: Engine = LOCAL,
) -> TrainedOutcome:
    """Fit one outcome's committee and its opponents on the same folds, and score them all.

    `training` are the outcome's rows where they are laid out already.
    """
    training = training or training_rows(cohort, outcome, config)
    judged = training.judged_rows
    learnt = training.target[~np.isnan(training.target)]
    shipped = recipe_for(float((learnt > 0.0).sum()))
    logger.info(
        "%s: %d rows judged, %d before an event, %d patients with one; learnt from %d rows",
        outcome, len(judged.label), int(judged.label.sum()),
        len(np.unique(judged.patient[judged.label == 1])), len(learnt),
    )  # fmt: skip
    declared = [column.name for column in COLUMNS[outcome] if column.name in cohort.rows]
    columns = useful_columns(training.rows[declared])
    tuning = tuned(training, columns, shipped, config)
    recipe = shipped if tuning is None else tuning.recipes

    def fit(kept: Sequence[str], name: str, signed: bool = True) -> Fitted:
        what, curve = f"{outcome}: {name}", config.calibration
        return fit_committee(training, kept, recipe, config.seed, what, curve, signed, engine)

    main = fit(columns, "model")
    risks = {"model": main.unseen_risk}
    for name, kept in _variants(columns).items() if config.variants else ():
        risks[name] = fit(kept, name).unseen_risk
    if config.variants and any(monotone_signs(columns, outcome)):
        risks[UNSIGNED] = fit(columns, UNSIGNED, signed=False).unseen_risk
    opponents = baselines_for(outcome, judged.rows)
    for name, make in opponents.items():
        risks[name] = unseen_baseline_risk(judged, make)
    weight = evened(judged.weight, np.ones(len(judged.label), dtype=bool))
    baselines = {
        name: make().fit(judged.rows, judged.label, weight) for name, make in opponents.items()
    }
    tiers = _tiers(main.unseen_risk, judged.weight)
    model = OutcomeModel(main.model, main.calibration, tiers, baselines)
    given = cross_validated(cohort, outcome, model, training, main)
    scored = scored_on_grid(cohort, outcome, risks)
    return TrainedOutcome(model, training, scored, given, tuning)


def tuned(
    training: TrainingRows, columns: Sequence[str], shipped: Recipe, config: TrainingConfig
) -> "Tuning | None":
    """A recipe for each split, where trials or minutes were asked for."""
    if not config.trials and config.minutes is None:
        return None
    from training.tune import fits_at_most, tune  # Optuna: seconds that only tuning is worth

    if config.trials:
        fits = fits_at_most(config, len(training.splits))
        logger.info("%s: %d fits at most to tune the recipes", training.outcome, fits)
    return tune(training, columns, shipped, config)


def training_rows(cohort: Cohort, outcome: Outcome, config: TrainingConfig) -> TrainingRows:
    """The rows to learn from and the rows to be judged on, with their folds."""
    label, target = cohort.labels[outcome].label, cohort.targets[outcome]
    judged = cohort.reported & ~np.isnan(label)
    used = judged | ~np.isnan(target)
    patient = cohort.as_of["patient_id"].to_numpy()[used]
    if len(np.unique(label[judged])) < 2:
        raise InvalidInputError(
            f"{outcome}: no row before an event, or none without: cannot learn; {LEAVE_OUT}"
        )
    event = np.where(judged[used], label[used], 0.0)
    repeats = repeats_for(config, int((~np.isnan(target)).sum()))
    try:
        plan = fold_plan(patient, event, config.folds, repeats, config.seed)
    except InvalidInputError as error:
        raise InvalidInputError(f"{outcome}: {error}; {LEAVE_OUT}") from error
    return TrainingRows(
        outcome, cohort.rows[used], target[used], label[used], judged[used], patient, plan,
        taken(cohort.weight, used),
    )  # fmt: skip


def _variants(columns: Sequence[str]) -> dict[str, list[str]]:
    """What the model is shown with less to see, by name."""
    variants = {
        "model without grade": [c for c in columns if c.partition(".")[0] not in GRADES],
        "model without trajectories": [c for c in columns if c.endswith(TRAJECTORY_FREE)],
    }
    return {name: kept for name, kept in variants.items() if 0 < len(kept) < len(columns)}


def _tiers(risk: np.ndarray, weight: np.ndarray | None) -> TierThresholds:
    shares = np.array([1.0 - ELEVATED_SHARE, 1.0 - HIGH_SHARE])
    if weight is None:
        elevated, high = np.quantile(risk, shares)
    else:
        elevated, high = np.quantile(risk, shares, method="inverted_cdf", weights=weight)
    return TierThresholds(float(elevated), float(high))


def scored_on_grid(
    cohort: Cohort, outcome: Outcome, risks: Mapping[str, np.ndarray]
) -> pd.DataFrame:
    """Every row of the grid with each scorer's risk, NaN on rows that are not judged."""
    judged = ~np.isnan(cohort.labels[outcome].of(cohort.reported).label)
    on_grid = {}
    for name, risk in risks.items():
        on_grid[name] = np.full(len(judged), np.nan)
        on_grid[name][judged] = risk
    return scored_rows(cohort, outcome, on_grid)
