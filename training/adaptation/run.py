"""A training run that starts from a shipped bundle: local records in, an adapted bundle out."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from features.outcomes import Outcome
from features.plurals import counted
from features.tables import InvalidInputError
from models.baselines import baselines_for
from models.bundle import Bundle, Card, OutcomeModel, TierThresholds
from models.calibration_band import Band, fit_band
from models.calibration_curves import Kind
from training.adaptation.curve import ADAPTED, SIZES, Judged, judged_by_size
from training.adaptation.figures import curve_figures
from training.adaptation.local import Local, deal
from training.adaptation.nested import INNER_FOLDS, Adapted, adapt
from training.adaptation.pieces import Pieces, digest_of
from training.adaptation.rows import Records, local_rows, prior_rows, read_cohort, task_for
from training.adaptation.ways import MEANINGS, NOTHING_KEPT, SCRATCH, Task, joined
from training.adaptation.words import (
    NO_CURVE,
    card_sentence,
    choice_sentence,
    curve_sentences,
    expected_sentence,
    prior_sentence,
)
from training.blas import on_one_blas_thread
from training.config import TrainingConfig, repeats_for
from training.dataset import Cohort, Events
from training.engine.kept import Kept
from training.finished import Run, TrainedOutcome, finished, make_card
from training.fit import TrainingRows
from training.judging.doubt.added import Given
from training.leaks import Finding, Learnt, audit, recognised, refuse
from training.train import ELEVATED_SHARE, HIGH_SHARE, check_places, scored_on_grid, training_rows

logger = logging.getLogger("training")

FEWEST_PATIENTS = 10
CURVE_REPEATS = 2
"""How often the learning curve is drawn anew where nothing else is asked for."""


@dataclass(frozen=True)
class AdaptedOutcome:
    """One outcome's model beside what led to it, as the evaluation holds it."""

    trained: TrainedOutcome
    chosen: str
    told: Mapping[str, Any]


@on_one_blas_thread
def train_from(
    config: TrainingConfig,
    parent: Bundle,
    prior: Records | None = None,
    kept: Kept | None = None,
) -> Run:
    """Adapt `parent` to the records of `config`, judge it and write a bundle to `config.out`.

    `kept` is where finished pieces outlive a run that is cut off (None: nowhere).

    Raises:
        InvalidInputError: bad records, fewer than `FEWEST_PATIENTS` patients, or a horizon,
            outcomes or a source of outcomes that are not the parent's.
    """
    check_places(config)
    outcomes = _agreed_outcomes(config, parent)
    here = read_cohort(Records(config.records, config.format), config, outcomes, parent)
    other = None if prior is None else _prior_cohort(prior, config, outcomes, parent)
    findings = _audited(here, other, outcomes, config, parent)
    found = {
        outcome: adapt_outcome(here, other, outcome, config, parent, kept) for outcome in outcomes
    }
    told = {"adaptation": {str(outcome): one.told for outcome, one in found.items()}}
    trained = {outcome: one.trained for outcome, one in found.items()}
    chosen = {outcome: one.chosen for outcome, one in found.items()}
    card = _card(config, here.source, other, parent, chosen)
    others = _other_patients(other, parent, set(chosen.values()))
    return finished(config, here, trained, findings, card, told, others)


def _prior_cohort(
    prior: Records, config: TrainingConfig, outcomes: tuple[Outcome, ...], parent: Bundle
) -> Cohort:
    try:
        return read_cohort(prior, config, outcomes, parent)
    except InvalidInputError as error:
        raise InvalidInputError(f"--prior, read as {prior.format}: {error}") from error


def _audited(
    here: Cohort,
    other: Cohort | None,
    outcomes: Sequence[Outcome],
    config: TrainingConfig,
    parent: Bundle,
) -> list[Finding]:
    """The audit of both records, of the local rows of outcomes that have events enough to fold by,
    and of patients whom the bundle or the prior has seen already."""
    enough = [outcome for outcome in outcomes if _event_patients(here, outcome) >= config.folds]
    trainings = {outcome: training_rows(here, outcome, config) for outcome in enough}
    prior = [] if other is None else audit(other, {}, config)
    of_prior = [replace(each, sentence=f"the prior: {each.sentence}") for each in prior]
    findings = [*audit(here, trainings, config), *of_prior, *_seen_already(here, other, parent)]
    refuse(findings, config.accept_leaks)
    return findings


def _seen_already(here: Cohort, other: Cohort | None, parent: Bundle) -> list[Finding]:
    """Local patients known again by their measurements: no fold keeps them from being judged by a
    model that learnt from them."""
    whom = {"the bundle that is started from": Learnt.by(parent.reference)}
    if other is not None:
        whom["the prior"] = Learnt.of(other.source.events)
    seen = {who: recognised(learnt, here.source.events).again for who, learnt in whom.items()}
    return [
        Finding(
            "patients known again",
            who,
            f"{count} of {here.source.patients} local patients have the measurements of "
            f"patients of {who}: they would be judged by what learnt from them; 0 may",
        )
        for who, count in seen.items()
        if count
    ]


def _event_patients(here: Cohort, outcome: Outcome) -> int:
    event = here.reported & (here.labels[outcome].label == 1)
    return here.as_of.loc[event, "patient_id"].nunique()


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
    bent = [
        outcome for outcome in agreed if parent.models[outcome].calibration.kind != Kind.LOGISTIC
    ]
    if bent:
        raise InvalidInputError(
            f"{bent[0]}: the bundle that is started from is calibrated by a curve, not a line: "
            "only --calibration logistic can be adapted"
        )
    if not agreed:
        raise InvalidInputError(
            f"--outcome {', '.join(left_out)}: the bundle that is started from answers "
            f"{', '.join(parent.outcomes)}"
        )
    if left_out:
        logger.info("%s: not answered by the bundle that is started from", ", ".join(left_out))
    return agreed


def adapt_outcome(
    here: Cohort,
    other: Cohort | None,
    outcome: Outcome,
    config: TrainingConfig,
    parent: Bundle,
    kept: Kept | None = None,
) -> AdaptedOutcome:
    """Choose one outcome's way on all local patients, and judge the choosing on unseen ones."""
    shipped = parent.models[outcome]
    local = local_rows(here, outcome, shipped)
    prior = None if other is None else prior_rows(other, outcome)
    task = task_for(local, shipped, prior, config.seed)
    if len(local.patients) < FEWEST_PATIENTS:
        raise InvalidInputError(
            f"{outcome}: {counted(len(local.patients), 'patient')} to learn from; adapting needs "
            f"at least {FEWEST_PATIENTS}"
        )
    pieces = Pieces() if kept is None else Pieces(kept, digest_of(task, local, parent.version))
    sizes = SIZES if local.event_patients and config.curve else ()
    by_size = judged_by_size(task, local, config.repeats or CURVE_REPEATS, sizes, pieces)
    rows = len(local.target) + (0 if prior is None else len(prior.target))
    repeats = repeats_for(config, rows)
    adapted = adapt(task, local, repeats, pieces, f"{outcome}: ways on all patients")
    logger.info("%s: %s", outcome, adapted.chosen)
    trained = _trained(here, local, task, adapted, by_size[-1], repeats)
    told = _told(local, task, adapted, by_size, config, parent.version)
    return AdaptedOutcome(trained, adapted.chosen, told)


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
    part, unseen = local.judged_part, logit(risks[ADAPTED])
    calibration = replace(chosen.calibration, band=band_of(unseen, part.label, part.patient))
    model = OutcomeModel(
        chosen.risk, calibration, _tiers(risks[ADAPTED]), _baselines(local, task.shipped)
    )
    scored = scored_on_grid(here, local.outcome, risks)
    return TrainedOutcome(model, training, scored, _given(here, local, risks[ADAPTED], plan[:, 0]))


def _given(here: Cohort, local: Local, risk: np.ndarray, fold: np.ndarray) -> Given:
    """The adapted risks of patients not adapted to, each within the band of the other folds.

    Of rows without a label nothing is told: no member stands for them alone.
    """
    part, fold = local.judged_part, fold[local.judged]
    log_odds = logit(risk)
    limits = np.empty((2, len(risk)))
    for each in np.unique(fold):
        apart = fold == each
        limits[:, apart] = band_of(
            log_odds[~apart], part.label[~apart], part.patient[~apart]
        ).limits(log_odds[apart])
    judged = ~np.isnan(here.labels[local.outcome].of(here.reported).label)
    on_grid = np.full((3, len(judged)), np.nan)
    on_grid[:, judged] = np.stack([risk, *expit(limits)])
    return Given(*on_grid)


def band_of(log_odds: np.ndarray, label: np.ndarray, patient: np.ndarray) -> Band:
    """The band of these rows; none where no event, or nothing else, was observed."""
    return fit_band(log_odds, label, patient) if 0 < label.sum() < len(label) else Band()


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
    parent: str,
) -> dict[str, Any]:
    """The choice, the learning curve and their sentences, as plain values."""
    curve = curve_figures(local, by_size, config.bootstrap, config.seed)
    events, patients = local.event_patients, len(local.patients)
    sentences = [
        choice_sentence(adapted.chosen, patients, events, adapted.shares),
        expected_sentence(local),
        prior_sentence(task.prior),
        *(curve_sentences(curve) if events else []),
        *([] if config.curve else [NO_CURVE]),
    ]
    return {
        "parent": parent,
        "patients": patients,
        "patients_with_event": events,
        "chosen": adapted.chosen,
        "candidates": [vars(candidate) for candidate in adapted.candidates],
        "shares": dict(adapted.shares),
        "meanings": {name: MEANINGS[name] for name in adapted.learnt},
        "learning_curve": curve,
        "repeats": next(iter(by_size[-1].risks.values())).shape[1],
        "sentences": sentences,
    }


def _other_patients(other: Cohort | None, parent: Bundle, ways: set[str]) -> Learnt:
    """The patients behind the shipped trees and those of the prior, where it has a part in
    any outcome's model: nobody may be judged by what learnt from them."""
    found = Learnt.by(parent.reference) if ways - NOTHING_KEPT else Learnt()
    if other is not None and ways & NOTHING_KEPT - {SCRATCH}:
        found |= Learnt.of(other.source.events)
    return found


def _card(
    config: TrainingConfig,
    source: Events,
    other: Cohort | None,
    parent: Bundle,
    chosen: Mapping[Outcome, str],
) -> Card:
    """The card; virtual where the parent or the prior was and has a part in any outcome's model."""
    card = make_card(config, source)
    ways = set(chosen.values())
    sources = [parent.card.virtual] if ways - NOTHING_KEPT else []
    used = ways & NOTHING_KEPT - {SCRATCH}
    sources += [other.source.virtual] if other is not None and used else []
    start = card_sentence({str(o): way for o, way in chosen.items()}, parent.version)
    beside = f"; prior: {_whom(other.source)}" if other is not None and used else ""
    return replace(
        card,
        learnt_from=f"{card.learnt_from}; {start}; that bundle had learnt from "
        f"{parent.card.learnt_from}{beside}",
        virtual=card.virtual or any(sources),
        adapted_from=parent.version,
    )


def _whom(source: Events) -> str:
    return counted(source.patients, "virtual patient" if source.virtual else "patient")
