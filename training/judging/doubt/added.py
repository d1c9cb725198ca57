"""Adds to an evaluation what it may be doubted by: intervals, abstention, competing events."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from features.matrix import feature_rows
from features.outcomes import Outcome, at_risk
from models.bundle import OutcomeModel
from models.guard import evidence_columns, grounds, judge
from models.reference import Reference
from training.dataset import Cohort
from training.fit import Fitted, TrainingRows
from training.judging.doubt.abstention import abstention
from training.judging.doubt.competing import competing_rows, in_horizon, incidence_table
from training.judging.doubt.interval_coverage import interval_coverage
from training.judging.rows.sample import Numbers
from training.labels import Fate


@dataclass(frozen=True)
class Given:
    """What a model gave for the rows of the grid: arrays of shape (rows,), NaN where nothing.

    `risk` is also known where a death left the row out, as far as members had not seen the patient.
    """

    risk: Numbers
    low: Numbers
    high: Numbers


def add_doubts(
    evaluation: dict[str, Any],
    cohort: Cohort,
    given: dict[Outcome, Given],
    reference: Reference,
    horizon: pd.Timedelta,
) -> None:
    """Put `interval`, `abstention` and `competing` beside each outcome's figures, and
    `first_events` beside the outcomes."""
    events = cohort.source.events
    evaluation["first_events"] = incidence_table(events, tuple(given))
    for outcome, gave in given.items():
        as_of = cohort.as_of[cohort.reported].reset_index(drop=True)
        labels = cohort.labels[outcome].of(cohort.reported)
        judged = ~np.isnan(labels.label)
        label, patient = labels.label[judged], as_of["patient_id"].to_numpy()[judged]
        risk = gave.risk[judged]
        evaluation["outcomes"][str(outcome)] |= {
            "interval": interval_coverage(
                label, risk, gave.low[judged], gave.high[judged], patient
            ),
            "abstention": abstention(label, risk, *_guarded(cohort, outcome, judged, reference)),
            "competing": competing_rows(
                in_horizon(events, as_of, outcome, horizon), labels, gave.risk
            ),
        }


def _guarded(
    cohort: Cohort, outcome: Outcome, judged: np.ndarray, reference: Reference
) -> tuple[list[str], list[Any], Numbers]:
    """The guard's verdicts, causes and shares of absent evidence on the judged rows of the grid."""
    rows = cohort.rows[cohort.reported][judged]
    moments = rows.index.to_frame(index=False)
    evidence = feature_rows(cohort.source.events, moments, evidence_columns(reference))
    known = at_risk(cohort.source.events, moments, outcome)
    verdicts = judge(rows, evidence, outcome, known, reference)
    found = grounds(evidence, outcome, known, reference)
    absent = found.absent.sum(axis=1).to_numpy(dtype=float)
    return [str(one.verdict) for one in verdicts], found.cause, absent


def cross_validated(
    cohort: Cohort, outcome: Outcome, model: OutcomeModel, training: TrainingRows, fitted: Fitted
) -> Given:
    """What members gave for patients they had not seen, on the rows of the grid.

    Rows left out for a death or for records that end are answered by the same members; the
    calibration has not met these rows, for they have no label.
    """
    labels = cohort.labels[outcome].of(cohort.reported)
    judged, left_out = ~np.isnan(labels.label), labels.fate == Fate.CENSORED
    risk, low, high = (np.full(len(judged), np.nan) for _ in range(3))
    risk[judged] = fitted.unseen_risk
    low[judged], high[judged] = fitted.unseen_interval.T
    rows = cohort.rows[cohort.reported][left_out]
    patient = cohort.as_of.loc[cohort.reported, "patient_id"].to_numpy()[left_out]
    if len(rows):
        risk[left_out] = model.calibration.risk(_unseen_margin(model, training, rows, patient))
    return Given(risk, low, high)


def _unseen_margin(
    model: OutcomeModel, training: TrainingRows, rows: pd.DataFrame, patient: np.ndarray
) -> Numbers:
    """The mean margin of the members that had not seen each row's patient.

    Members stand repeat by repeat, fold by fold (`fit_committee`); of a patient who was in no fold
    none has seen anything.
    """
    plan = pd.DataFrame(training.plan, index=training.patient)
    fold = plan[~plan.index.duplicated()].reindex(patient).to_numpy(dtype=float)
    repeats, folds = training.plan.shape[1], training.folds
    margins = model.risk.member_margins(rows).reshape(len(rows), repeats, folds)
    unseen = np.isnan(fold)[:, :, None] | (fold[:, :, None] == np.arange(folds))
    found: Numbers = (margins * unseen).sum(axis=(1, 2)) / unseen.sum(axis=(1, 2))
    return found
