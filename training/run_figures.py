"""The figures of a training run: how good, what moves the risk, and one patient's course."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from features.catalogue.naming import name_of
from features.outcomes import Outcome
from models.explain import by_analyte
from models.predict import risks
from training.plots import (
    PatientCourse,
    contribution_figure,
    evaluation_figures,
    importance_figure,
    patient_figure,
)
from training.train import EXPLAINED_ROWS, Run

HOURS_PER_DAY = 24.0


def run_figures(run: Run, seed: int = 0) -> dict[str, Figure]:
    """Every figure of a run by `<outcome>_<figure>`."""
    figures = evaluation_figures(run.evaluation)
    for outcome in run.trained:
        figures |= _explanation_figures(run, outcome, seed)
        figures[f"{outcome}_patient"] = patient_figure(_course(run, outcome), outcome)
    return figures


def _explanation_figures(run: Run, outcome: Outcome, seed: int) -> dict[str, Figure]:
    trained = run.trained[outcome]
    rows = trained.training.rows
    sample = rows.sample(min(EXPLAINED_ROWS, len(rows)), random_state=seed)
    model = trained.model
    values, _ = model.risk.contributions(sample)
    shares = by_analyte(model.calibration.slope * values, model.risk.names)
    last = {key: sample[f"{key}.last"] for key in shares if f"{key}.last" in sample}
    titles = {key: name_of(key) for key in shares}
    named = shares.rename(columns=titles)
    shown = pd.DataFrame(last).reset_index(drop=True).rename(columns=titles)
    return {
        f"{outcome}_importance": importance_figure(named.abs().mean(), outcome),
        f"{outcome}_contributions": contribution_figure(named, shown, outcome),
    }


def _course(run: Run, outcome: Outcome) -> PatientCourse:
    """The patient with an event who has the most rows, as the shipped model sees them."""
    training = run.trained[outcome].training
    patients, rows = np.unique(training.patient, return_counts=True)
    with_event = np.isin(patients, training.patient[training.label == 1])
    chosen = patients[with_event][rows[with_event].argmax()]
    here = (run.cohort.as_of["patient_id"] == chosen).to_numpy()
    as_of = run.cohort.as_of["as_of"][here]
    found = risks(run.trained[outcome].model, run.cohort.rows[here])
    events = run.cohort.source.events
    crp = events[(events["patient_id"] == chosen) & (events["key"] == "crp")]
    first = as_of.iloc[0]
    return PatientCourse(
        day=_days(as_of, first),
        risk=found.risk,
        low=found.low,
        high=found.high,
        crp_day=_days(crp["time"], first),
        crp=crp["value"].to_numpy(),
        marks=_onset(run, outcome, here, first),
    )


def _onset(run: Run, outcome: Outcome, here: np.ndarray, first: pd.Timestamp) -> dict[str, float]:
    """The last row before the event, as a mark."""
    label = run.cohort.labels[outcome].label[here]
    before = run.cohort.as_of["as_of"][here][label == 1]
    return {"event within the horizon": _days(before, first)[-1]} if len(before) else {}


def _days(times: pd.Series, first: pd.Timestamp) -> np.ndarray:
    return ((times - first) / pd.Timedelta(hours=HOURS_PER_DAY)).to_numpy(dtype=float)
