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
from training.transport.repair import repair

logger = logging.getLogger("training")

SAW_IT = "model that saw the group"
"""Cross-validated on everybody: each patient judged by members that had seen others of the group,
not the patient."""


@on_one_blas_thread
def transport(cohort: Cohort, by: GroupedBy, config: TrainingConfig) -> dict[str, Any]:
    """Train without each group and judge on it.

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
        saw = train_outcome(cohort, outcome, config).scored
        found[str(outcome)] = {
            name: _held_out(cohort, outcome, group.index[group == name], name, saw, config)
            for name in names
        }
    counts = {str(name): int(count) for name, count in group.value_counts().items()}
    return {"by": str(by), "patients": counts, "outcomes": found}


def _held_out(
    cohort: Cohort,
    outcome: Outcome,
    patients: pd.Index,
    name: str,
    saw: pd.DataFrame,
    config: TrainingConfig,
) -> Mapping[str, Any]:
    """One group's figures, or the reason why there are none."""
    here = only_patients(cohort, patients)
    others = set(cohort.as_of["patient_id"]) - set(patients)
    if not at_risk_rows(here, outcome).any():
        return {"reason": "no row at risk with a known outcome"}
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
