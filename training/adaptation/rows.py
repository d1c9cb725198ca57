"""Records to the rows that adapting learns from: the local ones and those of a prior."""

import logging
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from features.declared import COLUMNS, columns_named
from features.matrix import feature_rows
from features.outcomes import Outcome
from features.tables import InvalidInputError
from models.bundle import Bundle, OutcomeModel
from training.adaptation.local import Local
from training.adaptation.ways import Prior, Task
from training.config import TrainingConfig
from training.dataset import Cohort, events_told, label_cohort
from training.fit import useful_columns

logger = logging.getLogger("training")


@dataclass(frozen=True)
class Records:
    """Records by their place and format."""

    path: Path
    format: str


def read_cohort(
    records: Records, config: TrainingConfig, outcomes: tuple[Outcome, ...], parent: Bundle
) -> Cohort:
    """Labelled rows that hold every column of the parent, also those these records never fill."""
    source = events_told(records.path, records.format, config.outcomes_from)
    cohort = label_cohort(source, config.every, outcomes, config.horizon, config.learn_every)
    logger.info("%d patients, %d as-of rows", source.patients, int(cohort.reported.sum()))
    lacking = [name for name in parent.feature_names if name not in cohort.rows]
    if not lacking:
        return cohort
    more = feature_rows(source.events, cohort.as_of, columns_named(lacking))
    return replace(cohort, rows=pd.concat([cohort.rows, more], axis=1))


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


def task_for(local: Local, shipped: OutcomeModel, prior: Prior | None, seed: int) -> Task:
    """What every fit shares; the local columns are chosen without labels."""
    declared = [column.name for column in COLUMNS[local.outcome] if column.name in local.rows]
    own = useful_columns(local.rows[declared])
    everything = tuple(dict.fromkeys((*shipped.risk.names, *own)))
    if prior is not None:
        prior = replace(prior, rows=prior.rows.reindex(columns=list(local.rows.columns)))
    return Task(local.outcome, shipped, tuple(own), everything, prior, seed)
