"""The figures of a training run: gathers the numbers that `plots` draws."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from features.catalogue.naming import name_of
from features.outcomes import Outcome, happenings
from models.bundle import OutcomeModel
from models.predict import explain
from training import plots
from training.doubt_plots import doubt_figures
from training.train import EXPLAINED_ROWS, Run
from training.wording import Words, words_for

FEWEST_ROWS_OF_A_COURSE = 4


def run_figures(run: Run) -> dict[str, Figure]:
    """Every figure of a training run, by `<outcome>_<figure>`.

    One patient's course is drawn only where all learning was from virtual patients: reports travel.
    """
    words = words_for(run.evaluation)
    figures = plots.evaluation_figures(run.evaluation) | doubt_figures(run.evaluation)
    for outcome, trained in run.trained.items():
        figures |= _explanation_figures(str(outcome), trained.model, trained.training.rows, words)
        course = _example_course(run, outcome, words) if run.bundle.card.virtual else None
        if course is not None:
            figures[f"{outcome}_patient"] = plots.patient_figure(course, str(outcome), words)
    return figures


def _explanation_figures(
    outcome: str, model: OutcomeModel, rows: pd.DataFrame, words: Words
) -> dict[str, Figure]:
    """Importance and contributions by analyte, from at most `EXPLAINED_ROWS` evenly spaced rows.

    `rows` are feature rows with the model's columns.
    """
    places = np.unique(np.linspace(0, len(rows) - 1, EXPLAINED_ROWS).astype(int))
    shown = rows.iloc[places].reset_index(drop=True)
    log_odds = model.calibration.log_odds(model.risk.margin(shown))
    contributions, _ = explain(model, shown, log_odds)
    values = {key: shown[f"{key}.last"] for key in contributions if f"{key}.last" in shown}
    named = contributions.rename(columns=_title)
    named_values = pd.DataFrame(values).rename(columns=_title)
    return {
        f"{outcome}_importance": plots.importance_figure(named.abs().mean(), outcome, words),
        f"{outcome}_contributions": plots.contribution_figure(named, named_values, outcome, words),
    }


def _title(key: str) -> str:
    name = name_of(key)
    return name[:1].upper() + name[1:]


def patient_course(
    risks: pd.DataFrame, crp: pd.DataFrame, marks: dict[str, pd.Timestamp]
) -> plots.PatientCourse:
    """One patient's course in days since the first row.

    `risks` has `as_of` and `risk` (NaN where the row was not judged) of one patient and outcome;
    `crp` is the patient's CRP (`time`, `value` in mg/L), of which the part within the rows is
    shown.
    """
    ordered = risks.sort_values("as_of")
    start, end = ordered["as_of"].iloc[0], ordered["as_of"].iloc[-1]
    day = pd.Timedelta(days=1)
    measured = crp[crp["time"].between(start, end + day)].sort_values("time")
    return plots.PatientCourse(
        day=((ordered["as_of"] - start) / day).tolist(),
        risk=ordered["risk"].tolist(),
        crp_day=((measured["time"] - start) / day).tolist(),
        crp=measured["value"].tolist(),
        marks={name: (moment - start) / day for name, moment in marks.items()},
    )


def _example_course(run: Run, outcome: Outcome, words: Words) -> plots.PatientCourse | None:
    """The patient with an event whose highest risk is the median of such patients: neither the best
    nor the worst. Risks are the means of members that had not seen the patient."""
    scored = run.trained[outcome].scored
    ours = scored[scored["model"] == "model"]
    with_event = ours[ours["patient_id"].isin(ours.loc[ours["label"] == 1, "patient_id"])]
    patients = with_event.groupby("patient_id", observed=True)["risk"]
    enough = patients.count() >= FEWEST_ROWS_OF_A_COURSE
    highest = patients.max()[enough].sort_values(kind="stable")
    if highest.empty:
        return None
    patient = highest.index[len(highest) // 2]
    events = run.cohort.source.events
    own = events[(events["patient_id"] == patient) & (events["key"] == "crp")]
    happened = happenings(events, outcome)
    onset = happened.loc[happened["patient_id"] == str(patient), "time"].min()
    risks = with_event[with_event["patient_id"] == patient]
    return patient_course(risks, own, {words.name(str(outcome)): onset})
