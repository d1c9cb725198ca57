"""Which figures a training run gets: gathers what `plots` draws."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from features.catalogue.naming import name_of
from models.bundle import OutcomeModel
from models.predict import explain
from training import plots

EXPLAINED_ROWS = 1500


def explanation_figures(outcome: str, model: OutcomeModel, rows: pd.DataFrame) -> dict[str, Figure]:
    """Importance and contributions by analyte, from at most `EXPLAINED_ROWS` evenly spaced rows.

    `rows` are feature rows with the model's columns.
    """
    places = np.unique(np.linspace(0, len(rows) - 1, EXPLAINED_ROWS).astype(int))
    shown = rows.iloc[places].reset_index(drop=True)
    log_odds = model.calibration.log_odds(model.risk.margin(shown))
    contributions, _ = explain(model, shown, log_odds)
    values = {key: shown[f"{key}.last"] for key in contributions if f"{key}.last" in shown}
    named = contributions.rename(columns=name_of)
    named_values = pd.DataFrame(values).rename(columns=name_of)
    return {
        f"{outcome}_importance": plots.importance_figure(named.abs().mean(), outcome),
        f"{outcome}_contributions": plots.contribution_figure(named, named_values, outcome),
    }


def patient_course(
    predictions: pd.DataFrame, crp: pd.DataFrame, marks: Mapping[str, pd.Timestamp]
) -> plots.PatientCourse:
    """One patient's course in days since the first prediction.

    `predictions` has `as_of`, `risk`, `risk_low`, `risk_high` of one patient and outcome; `crp` is the
    patient's CRP events (`time`, `value` in mg/L).
    """
    ordered = predictions.sort_values("as_of")
    start = ordered["as_of"].iloc[0]
    day = pd.Timedelta(days=1)
    measured = crp[crp["time"].between(start, ordered["as_of"].iloc[-1])].sort_values("time")
    return plots.PatientCourse(
        day=((ordered["as_of"] - start) / day).tolist(),
        risk=ordered["risk"].tolist(),
        low=ordered["risk_low"].tolist(),
        high=ordered["risk_high"].tolist(),
        crp_day=((measured["time"] - start) / day).tolist(),
        crp=measured["value"].tolist(),
        marks={name: (moment - start) / day for name, moment in marks.items()},
    )
