"""How close a trained model comes to the oracle on virtual patients that it has not seen.

A model that reached the oracle would say that the observation is too kind.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.metrics import average_precision_score, roc_auc_score

from features.declared import COLUMNS
from features.outcomes import Outcome
from models.baselines import BASELINES
from models.recipes import recipe_for
from training.cohort.centres import centre
from training.cohort.chance import patient_keys
from training.cohort.oracle import Branching, oracle_risk
from training.cohort.parameters import CLOCK_AT_START
from training.cohort.people import make_people
from training.cohort.simulation import DEFAULT_MIX, simulate
from training.cohort.written import CALENDAR_ORIGIN
from training.config import DAY, TrainingConfig
from training.dataset import label_cohort, load_events
from training.fit import fit_committee, useful_columns
from training.train import training_rows

DAYS = 21
_OUTCOMES = (Outcome.SEVERE_CRS, Outcome.INFECTION)


def beside_the_oracle(
    learners: int, others: int, branches: int, seed: int, scratch: Path
) -> pd.DataFrame:
    """AUROC and average precision of oracle, model and simple rules on the same virtual days.

    `learners` patients teach, `others` are judged, each moment by `branches` continuations;
    records pass through files in `scratch`. One row an outcome and scorer.
    """
    taught = _written(learners, seed, scratch / "learners.parquet")
    judged = _written(others, seed + 1, scratch / "others.parquet")
    source, unseen = load_events(taught, "table"), load_events(judged, "table")
    cohort = label_cohort(source, DAY, _OUTCOMES, DAY, DAY)
    other = label_cohort(unseen, DAY, _OUTCOMES, DAY)
    truth = oracle(others, seed + 1, branches)
    moments = other.as_of.assign(patient_id=other.as_of["patient_id"].astype(str))
    known = moments.merge(truth, on=["patient_id", "as_of"], how="left")
    rows = []
    for outcome in _OUTCOMES:
        config = TrainingConfig(
            taught, "table", scratch, outcomes=(outcome,), learn_every=DAY, repeats=1, seed=seed
        )
        training = training_rows(cohort, outcome, config)
        learnt = training.target[~np.isnan(training.target)]
        recipe = recipe_for(float((learnt > 0.0).sum()))
        declared = [column.name for column in COLUMNS[outcome] if column.name in cohort.rows]
        columns = useful_columns(training.rows[declared])
        fitted = fit_committee(training, columns, recipe, seed, f"{outcome}: model")
        label = other.labels[outcome].label
        scores = {
            "oracle": known[str(outcome)].to_numpy(),
            "model": fitted.model.margin(other.rows.reindex(columns=list(fitted.model.names))),
        }
        fit = training.judged_rows
        for name, make in BASELINES[outcome].items():
            scores[name] = make().fit(fit.rows, fit.label).risk(other.rows)
        seen = ~np.isnan(label) & ~np.isnan(scores["oracle"])
        rows += [_row(outcome, name, label[seen], score[seen]) for name, score in scores.items()]
    return pd.DataFrame(rows)


def _row(
    outcome: Outcome, name: str, label: npt.NDArray[np.float64], score: npt.NDArray[np.float64]
) -> dict[str, object]:
    score = np.nan_to_num(score, nan=np.nanmedian(score))
    return {
        "outcome": str(outcome),
        "scorer": name,
        "days": len(label),
        "events": int(label.sum()),
        "auroc": float(roc_auc_score(label, score)),
        "average_precision": float(average_precision_score(label, score)),
    }


def _written(patients: int, seed: int, path: Path) -> Path:
    simulate(patients, seed, days=DAYS).records.to_parquet(path)
    return path


def oracle(patients: int, seed: int, branches: int) -> pd.DataFrame:
    """The oracle's risk of the default mix by `patient_id` and `as_of`."""
    people = make_people(patient_keys(seed, 0, patients), DEFAULT_MIX)
    asked = Branching(branches)
    risk = oracle_risk(people, DEFAULT_MIX, centre("university"), DAYS, asked)
    start = CALENDAR_ORIGIN.normalize() + pd.Timedelta(hours=CLOCK_AT_START)
    first = people.persons["first_dose_day"][risk["patient"]]
    moments = start + pd.to_timedelta(first * 24.0 + risk["hours_from_first_dose"], unit="h")
    named = [f"virtual-{number:06d}" for number in risk["patient"]]
    as_of = pd.Series(moments).astype("datetime64[us, UTC]")
    return risk.assign(patient_id=named, as_of=as_of.to_numpy())
