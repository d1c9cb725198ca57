"""How close a trained model comes to the oracle on virtual patients that it has not seen.

Scored against what was true, which the oracle bounds, and against what was charted, late and with
slips, which is all that a model learns from. A model that reached the oracle would say that the
observation is too kind.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.metrics import average_precision_score, roc_auc_score

from features.declared import COLUMNS
from features.outcomes import Outcome
from models.baselines import BASELINES
from models.recipes import recipe_for
from training.cohort.oracle import Branching, oracle_parts
from training.cohort.simulation import Asked, join, parts
from training.config import DAY, TrainingConfig
from training.dataset import Cohort, label_cohort, load_events
from training.fit import fit_committee, useful_columns
from training.labels import Fate, Labels
from training.train import training_rows

OUTCOMES = (Outcome.SEVERE_CRS, Outcome.INFECTION)
_HOURS = 24

Floats = npt.NDArray[np.float64]


def beside_the_oracle(asked: Asked, learners: int, branches: int, scratch: Path) -> pd.DataFrame:
    """Oracle, model and simple rules on the same virtual days: one row an outcome, label, scorer.

    The patients of `asked` are judged, by `branches` continuations of each moment; the `learners`
    patients that follow them in the same cohort teach. Records pass through files in `scratch`.

    label   "true": by the truth table, of those truly at risk. "charted": the same days by what
            was charted, where that is known. "true, begun later": days on which no infection
            incubates, so that all that shows is new.
    scorer  "oracle" knows all but chance and bounds every scorer of a true label, in the mean.
            "oracle until shown": severe CRS, were the person's hidden sensitivity unknown until
            the drive shows it; bounds whoever only measures. "oracle of new infections": were
            nothing incubating; its level is too low by what is, so only its ranks compare.

    Records of the centre `registry` end soon after the worst day: chosen by what comes, its days
    are bounded by nothing. Where nothing was charted to learn from, the oracle stands alone.
    """
    judged, truth = _written(asked, scratch / "judged.parquet")
    others = replace(asked, start_at=asked.start_at + asked.patients, patients=learners)
    taught, _ = _written(others, scratch / "taught.parquet")
    cohort = label_cohort(load_events(taught, "table"), DAY, OUTCOMES, DAY, DAY)
    unseen = label_cohort(load_events(judged, "table"), DAY, OUTCOMES, DAY)
    days = true_days(truth, unseen.as_of)
    known = _oracles(asked, days, branches)
    rows = []
    for outcome, oracles in known.items():
        risks = {**oracles, **_learnt(cohort, unseen, outcome, taught, asked.seed)}
        for name, label in _labels(days, unseen.labels[outcome], outcome).items():
            rows += [_row(outcome, name, label, who, risk) for who, risk in risks.items()]
    return pd.DataFrame(rows)


def true_days(truth: pd.DataFrame, as_of: pd.DataFrame) -> pd.DataFrame:
    """What is true at each row of `as_of`, and in the day after it, in the order of `as_of`.

    `patient_id`, `as_of`, `hour` (after day 0; NaN without a row of truth), `incubating`, and a
    column an outcome: 1 or 0, missing where not at risk, or where the simulation ends within the
    day. Who dies without the outcome did not have it.
    """
    lines = pd.DataFrame({"patient_id": truth["patient_id"].astype("str"), "as_of": truth["time"]})
    lines["row"] = np.arange(len(lines))
    row = as_of.astype({"patient_id": "str"}).merge(lines, how="left")["row"].to_numpy()
    there = ~np.isnan(row)
    now = np.where(there, row, 0).astype(np.int64)
    last = lines.groupby("patient_id")["row"].transform("max").to_numpy()[now]
    hour = truth["hours_from_first_dose"].to_numpy()
    end = np.minimum(now + _HOURS, last)
    lived = there & ((now + _HOURS <= last) | (hour[last] < hour.max()))
    severe, infected = truth["crs_grade"].to_numpy() >= 3, truth["infection"].to_numpy()
    found = as_of[["patient_id", "as_of"]].astype({"patient_id": "str"})
    found["hour"] = np.where(there, hour[now], np.nan)
    found["incubating"] = (truth["infection_burden"].to_numpy()[now] > 0.0) & ~infected[now]
    for outcome, inside, happens in (
        (Outcome.SEVERE_CRS, severe, severe),
        (Outcome.INFECTION, infected, truth["infection_onset"].to_numpy()),
    ):
        so_far = np.cumsum(happens)
        label = (so_far[end] > so_far[now]).astype(np.float64)
        found[str(outcome)] = np.where(lived & ~inside[now], label, np.nan)
    return found


def _written(asked: Asked, path: Path) -> tuple[Path, pd.DataFrame]:
    """The records in a file, and the truth."""
    cohort = join(list(parts(asked)))
    cohort.records.to_parquet(path)
    return path, cohort.truth


def _oracles(asked: Asked, days: pd.DataFrame, branches: int) -> dict[Outcome, dict[str, Floats]]:
    """What the oracles say on these days, by outcome and name."""
    moments = sorted({int(hour) for hour in days["hour"].dropna()})
    told, untold = (
        _on(days, oracle_parts(asked, moments, Branching(branches, sensitivity_known=known)))
        for known in (True, False)
    )
    return {
        Outcome.SEVERE_CRS: {
            "oracle": told["severe_crs"].to_numpy(),
            "oracle until shown": untold["severe_crs"].to_numpy(),
        },
        Outcome.INFECTION: {
            "oracle": told["infection"].to_numpy(),
            "oracle of new infections": told["new_infection"].to_numpy(),
        },
    }


def _on(days: pd.DataFrame, found: Iterator[pd.DataFrame]) -> pd.DataFrame:
    """The oracle's rows that belong to the days, in their order."""
    risk = pd.concat([part.astype({"patient_id": "str"}) for part in found])
    return days[["patient_id", "as_of"]].merge(risk, on=["patient_id", "as_of"], how="left")


def _learnt(
    cohort: Cohort, unseen: Cohort, outcome: Outcome, taught: Path, seed: int
) -> dict[str, Floats]:
    """What model and simple rules say of the unseen days, learnt from the cohort, by name."""
    if not (cohort.labels[outcome].label == 1.0).any():
        return {}
    config = TrainingConfig(
        taught, "table", taught.parent, outcomes=(outcome,), learn_every=DAY, repeats=1, seed=seed
    )
    training = training_rows(cohort, outcome, config)
    recipe = recipe_for(float((training.target > 0.0).sum()))
    declared = [column.name for column in COLUMNS[outcome] if column.name in cohort.rows]
    columns = useful_columns(training.rows[declared])
    fitted = fit_committee(training, columns, recipe, seed, f"{outcome}: model")
    margin = fitted.model.margin(unseen.rows.reindex(columns=list(fitted.model.names)))
    fit = training.judged_rows
    rules = {
        name: make().fit(fit.rows, fit.label).risk(unseen.rows)
        for name, make in BASELINES[outcome].items()
    }
    return {"model": fitted.calibration.risk(margin), **rules}


def _labels(days: pd.DataFrame, charted: Labels, outcome: Outcome) -> dict[str, Floats]:
    """Each kind of label of the same days: those at risk by the truth and by the chart."""
    by_chart = charted.fate != Fate.NOT_AT_RISK
    true = np.where(by_chart, days[str(outcome)], np.nan)
    labels = {"true": true, "charted": np.where(np.isnan(true), np.nan, charted.label)}
    if outcome is Outcome.INFECTION:
        labels["true, begun later"] = np.where(days["incubating"], np.nan, true)
    return labels


def _row(
    outcome: Outcome, name: str, label: Floats, scorer: str, risk: Floats
) -> dict[str, object]:
    """One scorer's figures; missing where no day, or every day, had the outcome."""
    seen = ~np.isnan(label)
    label, risk = label[seen], risk[seen]
    judged = 0 < label.sum() < len(label)
    if np.isnan(risk).any():
        risk = np.nan_to_num(risk, nan=np.nanmedian(risk))
    return {
        "outcome": str(outcome),
        "label": name,
        "scorer": scorer,
        "days": len(label),
        "events": int(label.sum()),
        "auroc": float(roc_auc_score(label, risk)) if judged else np.nan,
        "average_precision": float(average_precision_score(label, risk)) if judged else np.nan,
        "brier": float(np.mean((risk - label) ** 2)) if judged else np.nan,
    }
