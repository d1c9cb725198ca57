"""A training run that starts from a shipped bundle: local records in, an adapted bundle out."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from features.declared import COLUMNS, columns_named
from features.matrix import feature_rows
from features.outcomes import Outcome
from features.tables import InvalidInputError, count_rejects
from models.baselines import baselines_for
from models.bundle import Bundle, Card, OutcomeModel, TierThresholds, load_bundle, save_bundle
from training.adaptation.curve import ADAPTED, SIZES, Judged, judged_by_size
from training.adaptation.figures import curve_figures
from training.adaptation.local import Local, deal
from training.adaptation.nested import INNER_FOLDS, Adapted, adapt
from training.adaptation.ways import SCRATCH, WAYS, Prior, Task, joined
from training.adaptation.words import (
    card_sentence,
    choice_sentence,
    curve_sentences,
    expected_sentence,
    prior_sentence,
)
from training.blas import on_one_blas_thread
from training.card import card_text
from training.config import TrainingConfig, repeats_for
from training.dataset import Cohort, Events, label_cohort, load_events
from training.fit import TrainingRows, useful_columns
from training.judged import Seen, judged_on
from training.metrics import evaluate
from training.train import (
    ELEVATED_SHARE,
    HIGH_SHARE,
    Run,
    TrainedOutcome,
    check_places,
    make_card,
    make_reference,
    scored_on_grid,
)

logger = logging.getLogger("training")

FEWEST_PATIENTS = 10
CURVE_REPEATS = 2
"""How often the learning curve is drawn anew where nothing else is asked for."""


@dataclass(frozen=True)
class Records:
    """Records by their place and format."""

    path: Path
    format: str


@dataclass(frozen=True)
class AdaptedOutcome:
    """One outcome's model beside what led to it, as the evaluation holds it."""

    trained: TrainedOutcome
    chosen: str
    told: Mapping[str, Any]


@on_one_blas_thread
def train_from(config: TrainingConfig, parent: Bundle, prior: Records | None) -> Run:
    """Adapt `parent` to the records of `config`, judge it and write a bundle to `config.out`.

    Raises:
        InvalidInputError: bad records, fewer than `FEWEST_PATIENTS` patients, or a horizon,
            outcomes or a source of outcomes that are not the parent's.
    """
    check_places(config)
    outcomes = _agreed_outcomes(config, parent)
    here = _cohort(Records(config.records, config.format), config, outcomes, parent)
    other = None if prior is None else _cohort(prior, config, outcomes, parent)
    found = {outcome: adapt_outcome(here, other, outcome, config, parent) for outcome in outcomes}
    scored = pd.concat([one.trained.scored for one in found.values()], ignore_index=True)
    evaluation = _evaluation(config, here, scored)
    evaluation["adaptation"] = {str(outcome): one.told for outcome, one in found.items()}
    trained = {outcome: one.trained for outcome, one in found.items()}
    chosen = {outcome: one.chosen for outcome, one in found.items()}
    card = _card(config, here.source, other, parent, chosen)
    bundle = _write(config, here, trained, card, evaluation)
    return Run(bundle, evaluation, scored[scored["label"].notna()], here, trained)


def _agreed_outcomes(config: TrainingConfig, parent: Bundle) -> tuple[Outcome, ...]:
    """The outcomes asked for that the parent answers."""
    horizon = config.horizon / pd.Timedelta(hours=1)
    if horizon != parent.horizon_hours:
        raise InvalidInputError(
            f"--horizon {horizon:g} h: the bundle that is started from looks "
            f"{parent.horizon_hours:g} h ahead"
        )
    if config.outcomes_from != parent.outcomes_from:
        raise InvalidInputError(
            f"--outcomes-from {config.outcomes_from}: the bundle that is started from learnt "
            f"from {parent.outcomes_from} outcomes"
        )
    agreed = tuple(outcome for outcome in config.outcomes if outcome in parent.outcomes)
    left_out = [str(outcome) for outcome in config.outcomes if outcome not in agreed]
    if not agreed:
        raise InvalidInputError(
            f"--outcome {', '.join(left_out)}: the bundle that is started from answers "
            f"{', '.join(parent.outcomes)}"
        )
    if left_out:
        logger.info("%s: not answered by the bundle that is started from", ", ".join(left_out))
    return agreed


def _cohort(
    records: Records, config: TrainingConfig, outcomes: tuple[Outcome, ...], parent: Bundle
) -> Cohort:
    """Labelled rows that hold every column of the parent, also those these records never fill."""
    logger.info("reading %s", records.path)
    source = load_events(records.path, records.format, outcomes_from=config.outcomes_from)
    for note in source.notes:
        logger.info("%s", note)
    cohort = label_cohort(source, config.every, outcomes, config.horizon, config.learn_every)
    lacking = [name for name in parent.feature_names if name not in cohort.rows]
    if not lacking:
        return cohort
    more = feature_rows(source.events, cohort.as_of, columns_named(lacking))
    return replace(cohort, rows=pd.concat([cohort.rows, more], axis=1))


def adapt_outcome(
    here: Cohort, other: Cohort | None, outcome: Outcome, config: TrainingConfig, parent: Bundle
) -> AdaptedOutcome:
    """Choose one outcome's way on all local patients, and judge the choosing on unseen ones."""
    shipped = parent.models[outcome]
    local = local_rows(here, outcome, shipped)
    prior = None if other is None else prior_rows(other, outcome)
    task = _task(local, shipped, prior, config.seed)
    if len(local.patients) < FEWEST_PATIENTS:
        raise InvalidInputError(
            f"{outcome}: {len(local.patients)} patient(s) to learn from; adapting needs at least "
            f"{FEWEST_PATIENTS}"
        )
    sizes = SIZES if local.event_patients else ()
    by_size = judged_by_size(task, local, config.repeats or CURVE_REPEATS, sizes)
    rows = len(local.target) + (0 if prior is None else len(prior.target))
    repeats = repeats_for(config, rows)
    adapted = adapt(task, local, repeats)
    logger.info("%s: %s", outcome, adapted.chosen)
    trained = _trained(here, local, task, adapted, by_size[-1], repeats)
    told = _told(local, task, adapted, by_size, config, parent)
    return AdaptedOutcome(trained, adapted.chosen, told)


def local_rows(cohort: Cohort, outcome: Outcome, shipped: OutcomeModel) -> Local:
    """The rows to learn from and to be judged on, with the shipped model's log-odds."""
    label, target = cohort.labels[outcome].label, cohort.targets[outcome]
    judged = cohort.reported & ~np.isnan(label)
    used = judged | ~np.isnan(target)
    rows = cohort.rows[used]
    if rows.empty:
        raise InvalidInputError(f"{outcome}: no row at risk whose horizon was observed")
    patient = cohort.as_of["patient_id"].to_numpy(dtype=str)[used]
    log_odds = shipped.calibration.log_odds(shipped.risk.margin(rows))
    return Local(outcome, rows, target[used], label[used], judged[used], patient, log_odds)


def prior_rows(cohort: Cohort, outcome: Outcome) -> Prior:
    """The rows of other patients that can be learnt from."""
    target = cohort.targets[outcome]
    learnt = ~np.isnan(target)
    if not (target[learnt] > 0.0).any():
        raise InvalidInputError(f"--prior: no row before an event of {outcome}")
    patients = cohort.as_of.loc[learnt, "patient_id"].nunique()
    return Prior(cohort.rows[learnt], target[learnt], patients, cohort.source.virtual)


def _task(local: Local, shipped: OutcomeModel, prior: Prior | None, seed: int) -> Task:
    declared = [column.name for column in COLUMNS[local.outcome] if column.name in local.rows]
    own = useful_columns(local.rows[declared])
    everything = tuple(dict.fromkeys((*shipped.risk.names, *own)))
    if prior is not None:
        prior = replace(prior, rows=prior.rows.reindex(columns=list(local.rows.columns)))
    return Task(local.outcome, shipped, tuple(own), everything, prior, seed)


def _trained(
    here: Cohort, local: Local, task: Task, adapted: Adapted, judged: Judged, repeats: int
) -> TrainedOutcome:
    """The chosen way's model and every scorer's risks, from models that had not seen the row."""
    risks = {name: risk.mean(axis=1) for name, risk in judged.risks.items()}
    plan = deal(local, INNER_FOLDS, repeats, task.seed)
    training = TrainingRows(
        local.outcome, local.rows, local.target, local.label, local.judged, local.patient, plan
    )
    choice = adapted.choice
    chosen = joined(task, choice.pieces, choice.final, adapted.folds)
    model = OutcomeModel(
        chosen.risk, chosen.calibration, _tiers(risks[ADAPTED]), _baselines(local, task.shipped)
    )
    return TrainedOutcome(model, training, scored_on_grid(here, local.outcome, risks))


def _tiers(risk: np.ndarray) -> TierThresholds:
    elevated, high = np.quantile(risk, [1.0 - ELEVATED_SHARE, 1.0 - HIGH_SHARE])
    return TierThresholds(float(elevated), float(high))


def _baselines(local: Local, shipped: OutcomeModel) -> Mapping[str, Any]:
    """The opponents learnt here, or the shipped ones where no patient has an event."""
    judged = local.judged_part
    if len(np.unique(judged.label)) < 2:
        return shipped.baselines
    kinds = baselines_for(local.outcome, judged.rows)
    return {name: make().fit(judged.rows, judged.label) for name, make in kinds.items()}


def _told(
    local: Local,
    task: Task,
    adapted: Adapted,
    by_size: list[Judged],
    config: TrainingConfig,
    parent: Bundle,
) -> dict[str, Any]:
    """The choice, the learning curve and their sentences, as plain values."""
    curve = curve_figures(local, by_size, config.bootstrap, config.seed)
    judged = local.judged_part
    expected = float((1.0 / (1.0 + np.exp(-judged.shipped))).sum())
    events, patients = local.event_patients, len(local.patients)
    sentences = [
        choice_sentence(adapted.chosen, patients, events),
        expected_sentence(int(judged.label.sum()), expected),
        prior_sentence(task.prior),
        *(curve_sentences(curve) if events else []),
    ]
    return {
        "parent": parent.version,
        "patients": patients,
        "patients_with_event": events,
        "chosen": adapted.chosen,
        "candidates": [vars(candidate) for candidate in adapted.candidates],
        "meanings": {way.name: way.meaning for way in WAYS if way.name in adapted.learnt},
        "learning_curve": curve,
        "repeats": next(iter(by_size[-1].risks.values())).shape[1],
        "sentences": sentences,
    }


def _evaluation(config: TrainingConfig, here: Cohort, scored: pd.DataFrame) -> dict[str, Any]:
    evaluation = evaluate(scored, config.bootstrap, config.seed)
    evaluation["fates"] = {
        str(outcome): labels.of(here.reported).counts for outcome, labels in here.labels.items()
    }
    evaluation["judged_on"] = judged_on(here.source, config.format, Seen.CROSS_VALIDATED)
    evaluation["rejects"] = count_rejects(here.source.rejects)
    evaluation["notes"] = list(here.source.notes)
    return evaluation


def _card(
    config: TrainingConfig,
    source: Events,
    other: Cohort | None,
    parent: Bundle,
    chosen: Mapping[Outcome, str],
) -> Card:
    """The card; virtual where the parent or the prior was and has a part in any outcome's model."""
    card = make_card(config, source)
    with_prior = {way.name for way in WAYS if way.prior_counts}
    ways = set(chosen.values())
    from_parent = bool(ways - with_prior - {SCRATCH}) and parent.card.virtual
    from_prior = bool(ways & with_prior) and other is not None and other.source.virtual
    sentence = card_sentence({str(o): way for o, way in chosen.items()}, parent.version)
    return replace(
        card,
        learnt_from=f"{card.learnt_from}; {sentence}, which had learnt from "
        f"{parent.card.learnt_from}",
        virtual=card.virtual or from_parent or from_prior,
        adapted_from=parent.version,
    )


def _write(
    config: TrainingConfig,
    here: Cohort,
    trained: Mapping[Outcome, TrainedOutcome],
    card: Card,
    evaluation: Mapping[str, Any],
) -> Bundle:
    models = {outcome: one.model for outcome, one in trained.items()}
    save_bundle(
        config.out,
        config.horizon / pd.Timedelta(hours=1),
        card,
        models,
        make_reference(here, trained, config.seed),
        evaluation,
        card_text(card, models, evaluation, config.outcomes_from),
        config.outcomes_from,
    )
    return load_bundle(config.out)
