"""A model that never saw a group, judged on it beside the one that did and beside persistence."""

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from features.outcomes import Outcome
from features.tables import InvalidInputError
from models.predict import risks
from training.blas import on_one_blas_thread
from training.config import TrainingConfig
from training.dataset import Cohort
from training.judging.doubt.repair import repair
from training.judging.groups.by_group import why_not
from training.judging.judged import scored_rows
from training.judging.rows.evaluation import evaluate
from training.judging.rows.metrics import FIRST_BASELINE, MAIN_MODEL
from training.train import train_outcome
from training.transport.groups import (
    GroupedBy,
    at_risk_rows,
    groups_of,
    held_out_groups,
    only_patients,
)

logger = logging.getLogger("training")

SAW_IT = "model that saw the group"
"""Cross-validated on everybody: each patient judged by members that had seen others of the group,
not the patient."""


@on_one_blas_thread
def transport(cohort: Cohort, by: GroupedBy, config: TrainingConfig) -> dict[str, Any]:
    """Train without each group and judge on it.

    A group of whom too few patients have an event (`judging.groups.by_group.why_not`) can judge no
    model: none is fitted for it, and its `reason` says so.

    Returns:
        `by`, `patients` by group, and by outcome and group the figures of `judging.rows.metrics`
        (`models`, `differences`, `counts`) with `repair`, or a `reason` why there is none.

    Raises:
        InvalidInputError: fewer than two groups, or an outcome that cannot be learnt at all.
    """
    group = groups_of(cohort, by)
    names = held_out_groups(group, by)
    found: dict[str, Any] = {}
    for outcome in config.outcomes:
        parts = {name: only_patients(cohort, group.index[group == name]) for name in names}
        reasons = {name: _why_not_tried(here, outcome, name) for name, here in parts.items()}
        if None in reasons.values():
            saw = train_outcome(cohort, outcome, config).scored
        found[str(outcome)] = {
            name: {"reason": reasons[name]}
            if reasons[name]
            else _held_out(cohort, outcome, here, name, saw, config)
            for name, here in parts.items()
        }
    counts = {str(name): int(count) for name, count in group.value_counts().items()}
    return {"by": str(by), "patients": counts, "outcomes": found}


def _why_not_tried(here: Cohort, outcome: Outcome, name: str) -> str | None:
    """Why a group's patients can judge no model, told before one is fitted; None where they can."""
    known = at_risk_rows(here, outcome)
    label, patient = here.labels[outcome].label[known], here.as_of.loc[known, "patient_id"]
    if not len(label):
        return "no row at risk with a known outcome"
    events = label == 1
    counts = {"patients_with_event": patient[events].nunique(), "events": int(events.sum())}
    reason = why_not(counts | {"rows": len(label)})
    if reason:
        logger.info("%s: %s is not tried: %s", outcome, name, reason)
    return f"not tried: {reason}" if reason else None


def _held_out(
    cohort: Cohort,
    outcome: Outcome,
    here: Cohort,
    name: str,
    saw: pd.DataFrame,
    config: TrainingConfig,
) -> Mapping[str, Any]:
    """The figures of one group (`here`), or the reason why there are none."""
    patients = set(here.as_of["patient_id"])
    others = set(cohort.as_of["patient_id"]) - patients
    logger.info("%s: without %s (%d patients)", outcome, name, len(patients))
    try:
        model = train_outcome(only_patients(cohort, others), outcome, config).model
    except InvalidInputError as error:
        return {"reason": f"without it nothing can be learnt: {error}"}
    rows = here.rows[here.reported]
    answers = {
        MAIN_MODEL: risks(model, rows).risk,
        FIRST_BASELINE: model.baselines[FIRST_BASELINE].risk(rows),
        SAW_IT: _of(saw, here, MAIN_MODEL),
    }
    scored = scored_rows(here, outcome, answers)
    judged = evaluate(scored, config.bootstrap, config.seed, strata=())["outcomes"][str(outcome)]
    known = at_risk_rows(here, outcome)[here.reported]
    mended = repair(
        here.labels[outcome].label[here.reported][known],
        answers[MAIN_MODEL][known],
        here.as_of["patient_id"].to_numpy()[here.reported][known],
        config.seed,
    )
    return {"reason": None, "repair": mended} | {
        part: _without_curves(judged[part]) for part in ("counts", "models", "differences")
    }


def _of(saw: pd.DataFrame, here: Cohort, scorer: str) -> np.ndarray:
    """A scorer's risk on this group's rows of the grid, in their order."""
    of_scorer = saw.loc[saw["model"] == scorer, ["patient_id", "as_of", "risk"]]
    asked = here.as_of[here.reported]
    merged = asked.merge(of_scorer, on=["patient_id", "as_of"], how="left", validate="1:1")
    found: np.ndarray = merged["risk"].to_numpy()
    return found


def _without_curves(part: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: {key: value for key, value in answer.items() if key != "curves"}
        if isinstance(answer, dict)
        else answer
        for name, answer in part.items()
    }
