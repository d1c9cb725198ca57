"""What a run leaves: trained outcomes are judged, described and written as one bundle."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import pandas as pd

from features.matrix import feature_rows
from features.outcomes import Outcome
from features.tables import count_rejects
from features.trajectory import Feature, Statistic
from models.bundle import Bundle, Card, OutcomeModel, load_bundle, save_bundle
from models.code_version import code_version
from models.explain import by_analyte
from models.guard import EVIDENCE, THERAPY
from models.reference import (
    Reference,
    analytes_of,
    describe_analytes,
    describe_features,
    describe_therapy,
)
from training import leaks
from training.config import TrainingConfig
from training.dataset import Cohort, Events
from training.fit import TrainingRows
from training.judging.doubt.added import Given, add_doubts
from training.judging.in_full import evaluate_in_full
from training.judging.judged import Seen, judged_on
from training.progress import stage
from training.statements.card import card_text
from training.weights import weights_notes

if TYPE_CHECKING:
    from training.tune import Tuning


LIBRARIES = ("numpy", "pandas", "scikit-learn", "xgboost", "numba")
EXPLAINED_ROWS = 2000
NOBODY = leaks.Learnt()


@dataclass(frozen=True)
class TrainedOutcome:
    """One outcome's model with every row of the grid, scored where it is judged."""

    model: OutcomeModel
    training: TrainingRows
    scored: pd.DataFrame
    given: Given
    tuning: "Tuning | None" = None


@dataclass(frozen=True)
class Run:
    """What a run leaves: the bundle, the evaluation, the judged rows and the cohort they are of."""

    bundle: Bundle
    evaluation: dict[str, Any]
    scored: pd.DataFrame
    cohort: Cohort
    trained: Mapping[Outcome, TrainedOutcome]


def finished(
    config: TrainingConfig,
    cohort: Cohort,
    trained: Mapping[Outcome, TrainedOutcome],
    findings: Sequence[leaks.Finding],
    card: Card,
    more: Mapping[str, Any],
    others: leaks.Learnt = NOBODY,
) -> Run:
    """Judge what was trained, in whatever way; write the bundle. `more` joins the evaluation.

    `others` are patients elsewhere who have a part in it.
    """
    source = cohort.source
    scored = pd.concat([one.scored for one in trained.values()], ignore_index=True)
    evaluation = evaluate_in_full(
        scored, cohort, config.horizon, config.bootstrap, config.seed, config.prices
    )
    evaluation["fates"] = {
        str(o): labels.of(cohort.reported).counts for o, labels in cohort.labels.items()
    }
    whom = weights_notes(cohort.as_of["patient_id"], cohort.weight)
    evaluation["notes"] = [*source.notes, *whom]
    evaluation["judged_on"] = judged_on(
        source, config.format, Seen.CROSS_VALIDATED, cohort.weight is not None
    )
    evaluation |= more
    tunings = {str(o): one.tuning for o, one in trained.items() if one.tuning is not None}
    if tunings:
        evaluation["tuning"] = {outcome: each.plain for outcome, each in tunings.items()}
        evaluation["notes"] += [each.sentence(outcome) for outcome, each in tunings.items()]
    evaluation["rejects"] = count_rejects(source.rejects)
    evaluation["leaks"] = [finding.stated() for finding in findings]
    given = {outcome: one.given for outcome, one in trained.items()}
    with stage("abstention and doubts judged"):
        reference = make_reference(cohort, trained, config.seed, others)
        add_doubts(evaluation, cohort, given, reference, config.horizon)
    bundle = _bundle(config, card, trained, reference, evaluation)
    return Run(bundle, evaluation, scored[scored["label"].notna()], cohort, trained)


def _bundle(
    config: TrainingConfig,
    card: Card,
    trained: Mapping[Outcome, TrainedOutcome],
    reference: Reference,
    evaluation: Mapping[str, Any],
) -> Bundle:
    models = {outcome: one.model for outcome, one in trained.items()}
    hours = config.horizon / pd.Timedelta(hours=1)
    save_bundle(
        config.out,
        hours,
        card,
        models,
        reference,
        evaluation,
        card_text(card, models, evaluation, config.outcomes_from, hours),
        config.outcomes_from,
    )
    return load_bundle(config.out)


def make_card(config: TrainingConfig, source: Events) -> Card:
    """Where the bundle comes from; any record whose source says so makes the whole card virtual."""
    virtual = source.virtual
    kind = "virtual patients (simulated, not real people)" if virtual else "patients"
    return Card(
        learnt_from=f"{source.patients} {kind}, format {config.format}",
        virtual=virtual,
        patients=source.patients,
        every_hours=config.every / pd.Timedelta(hours=1),
        data_digest=source.digest,
        code_version=code_version(),
        seed=config.seed,
        libraries={name: version(name) for name in LIBRARIES},
    )


def make_reference(
    cohort: Cohort, trained: Mapping[Outcome, TrainedOutcome], seed: int, others: leaks.Learnt
) -> Reference:
    """The frame of the guard: what the training rows looked like and which analytes carried.

    It knows the cohort's patients and `others` again.
    """
    names = dict.fromkeys(name for one in trained.values() for name in one.model.risk.names)
    analytes, therapy = {}, {}
    for outcome, one in trained.items():
        rows = one.training.judged_rows.rows
        keys = sorted(set(analytes_of(one.model.risk.names)) & EVIDENCE)
        shapes = (Statistic.LAST, Statistic.AGE)
        wanted = [Feature(key, shape) for key in keys for shape in shapes]
        moments = rows.index.to_frame(index=False)
        evidence = feature_rows(cohort.source.events, moments, (*wanted, THERAPY))
        sample = rows.sample(min(EXPLAINED_ROWS, len(rows)), random_state=seed)
        values, _ = one.model.risk.contributions(sample)
        shares = by_analyte(one.model.calibration.slope * values, one.model.risk.names)
        analytes[str(outcome)] = describe_analytes(evidence, shares)
        therapy[str(outcome)] = describe_therapy(evidence[THERAPY.name])
    described = describe_features(cohort.rows[list(names)])
    learnt = leaks.Learnt.of(cohort.source.events) | others
    return Reference(
        described,
        analytes,
        therapy,
        cohort.source.filled,
        tuple(sorted(learnt.fingerprints)),
        tuple(sorted(learnt.sketches)),
    )
