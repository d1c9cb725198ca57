"""Death in hospital foretold in COVID-19, judged on patients of the same city that it never saw.

python -m training.studies.mortality --learn XLSX --judge XLSX --out death.csv

Another disease, another outcome: what it shows is that trajectories of LDH, CRP and lymphocytes
carry far ahead in hyper-inflammation, beside the rule that was published for these very patients
(Yan 2020, doi 10.1038/s42256-020-0180-7).
"""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from features.matrix import feature_rows
from features.outcomes import Outcome
from features.plurals import columns_missing
from features.tables import TIME_TYPE, InvalidInputError, InvalidTableError
from features.trajectory import Feature, Statistic
from models.recipes import recipe_for
from training.blas import on_one_blas_thread
from training.fit import Fitted, TrainingRows, fit_committee, useful_columns
from training.judging.rows.ranking import Ranking
from training.judging.rows.resampled import INTERVAL_LEVEL
from training.judging.rows.sample import Sample, patient_draws
from training.split import fold_plan
from training.studies.command import run_study

ANALYTES = {
    "Lactate dehydrogenase": "ldh",
    "High sensitivity C-reactive protein": "crp",
    "(%)lymphocyte": "lymphocytes_percent",
}
"""What the second workbook holds, in U/L, mg/L and %: the three that the publication chose."""
STAY = {
    "PATIENT_ID": "patient_id",
    "RE_DATE": "time",
    "Admission time": "admission",
    "Discharge time": "end",
    "outcome": "died",
}
COLUMNS = tuple(
    Feature(key, statistic, hours)
    for key in ANALYTES.values()
    for statistic, hours in (
        (Statistic.LAST, None),
        (Statistic.AGE, None),
        (Statistic.CHANGE, 24),
        (Statistic.SLOPE, 72),
        (Statistic.MINIMUM, 72),
        (Statistic.MAXIMUM, 72),
    )
)
LDH_LIMIT, CRP_LIMIT, LYMPHOCYTE_LIMIT = 365.0, 41.2, 14.7
"""U/L, mg/L and %: the published rule's limits (Yan 2020, figure 2)."""
DAYS_BEFORE = (0, 1, 2, 3, 5, 7, 10, 14, 18)
DAY = pd.Timedelta(days=1)
FOLDS, REPEATS, RESAMPLES = 5, 4, 500
DEATH = 0.5
"""A risk from here on counts as foretelling death; the rule says yes or no by itself."""


@dataclass(frozen=True)
class Stays:
    """Events of every stay, and one line a stay: patient_id, admission, end, died (0 or 1)."""

    events: pd.DataFrame
    ends: pd.DataFrame


def read_stays(path: Path) -> Stays:
    """A workbook of Yan 2020; each value is taken as known when it is dated.

    Raises:
        InvalidInputError: not a workbook, or a column is missing.
    """
    try:
        table = pd.read_excel(path)
    except (ValueError, KeyError) as error:
        raise InvalidInputError(f"{path}: not a readable workbook") from error
    missing = {*ANALYTES, *STAY} - set(table.columns)
    if missing:
        raise InvalidTableError(f"{path}: {columns_missing(sorted(missing))}")
    table = table[[*STAY, *ANALYTES]].rename(columns=STAY | ANALYTES)
    table["patient_id"] = table["patient_id"].ffill().astype("int64").astype("str")
    for column in ("time", "admission", "end"):
        table[column] = pd.to_datetime(table[column], utc=True).astype(TIME_TYPE)
    ends = table.groupby("patient_id", as_index=False)[["admission", "end", "died"]].first()
    long = table.melt(["patient_id", "time"], list(ANALYTES.values()), "key").dropna()
    if long["value"].lt(0.0).any():
        worst = long.loc[long["value"].idxmin()]
        raise InvalidTableError(f"{path}: {worst['key']} of {worst['value']:g} is below 0")
    long = long.reset_index(drop=True)
    never = pd.Series(pd.NaT, index=long.index, dtype=TIME_TYPE)
    events = long.assign(known_time=long["time"], until_time=never)
    columns = ["patient_id", "time", "known_time", "until_time", "key", "value"]
    return Stays(events[columns], ends)


def days_of(stays: Stays) -> pd.DataFrame:
    """A moment a day from admission to the end, with `died`, where something was known."""
    ends = stays.ends
    days = ((ends["end"] - ends["admission"]) // DAY).clip(lower=0).astype(int) + 1
    moments = ends.loc[ends.index.repeat(days)].reset_index(drop=True)
    past = moments.groupby("patient_id").cumcount() + 1
    moments["as_of"] = moments["admission"] + past * DAY
    return _known(moments[moments["as_of"] <= moments["end"]], stays)


def before_the_end(stays: Stays, days: int) -> pd.DataFrame:
    """One moment a stay, so many days before its end, where something was known by then."""
    return _known(stays.ends.assign(as_of=stays.ends["end"] - days * DAY), stays)


def _known(moments: pd.DataFrame, stays: Stays) -> pd.DataFrame:
    first = stays.events.groupby("patient_id")["known_time"].min()
    known = moments["as_of"] >= moments["patient_id"].map(first)
    return moments.loc[known, ["patient_id", "as_of", "died"]].reset_index(drop=True)


def published_rule(rows: pd.DataFrame) -> np.ndarray:
    """1 where the published tree foretells death; a missing value counts as below its limit."""
    ldh, crp, lymphocytes = (rows[f"{key}.last"].to_numpy(dtype=float) for key in ANALYTES.values())
    inflamed = (crp >= CRP_LIMIT) & ~(lymphocytes >= LYMPHOCYTE_LIMIT)
    return ((ldh >= LDH_LIMIT) | inflamed).astype(float)


@on_one_blas_thread
def foretell(learn: Stays, judge: Stays, seed: int = 0, repeats: int = REPEATS) -> pd.DataFrame:
    """One line a number of days before the end and scorer.

    Columns: `days_before`, `scorer`, `patients`, `deaths`, and `auroc`, `accuracy` and `f1` (of
    death), each with its interval over resampled patients (`_low`, `_high`).
    """
    moments = days_of(learn)
    rows = feature_rows(learn.events, moments[["patient_id", "as_of"]], COLUMNS)
    died, patient = moments["died"].to_numpy(dtype=float), moments["patient_id"].to_numpy()
    plan = fold_plan(patient, died, FOLDS, repeats, seed)
    model = _committee(rows, died, patient, plan, seed)
    last = [f"{key}.last" for key in ANALYTES.values()]
    logistic = make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression())
    logistic.fit(np.log1p(rows[last].to_numpy(dtype=float)), died)
    lines = []
    for days in DAYS_BEFORE:
        asked = before_the_end(judge, days)
        if asked.empty:
            continue
        unseen = feature_rows(judge.events, asked[["patient_id", "as_of"]], COLUMNS)
        risks = {
            "model": model.calibration.risk(model.model.margin(unseen)),
            "last values, logistic": logistic.predict_proba(
                np.log1p(unseen[last].to_numpy(dtype=float))
            )[:, 1],
            "published rule": published_rule(unseen),
        }
        label = asked["died"].to_numpy(dtype=float)
        lines += [
            {"days_before": days, "scorer": name, **_figures(label, risk, seed)}
            for name, risk in risks.items()
        ]
    return pd.DataFrame(lines)


def _committee(
    rows: pd.DataFrame, died: np.ndarray, patient: np.ndarray, plan: np.ndarray, seed: int
) -> Fitted:
    """Fitted as the shipped models are; the signs of severe CRS hold for death as well."""
    every = np.ones(len(died), dtype=bool)
    training = TrainingRows(Outcome.SEVERE_CRS, rows, died, died, every, patient, plan)
    recipe = recipe_for(float(died.sum()))
    return fit_committee(training, useful_columns(rows), recipe, seed, "death")


def _figures(label: np.ndarray, risk: np.ndarray, seed: int) -> Mapping[str, float]:
    """AUROC, accuracy and F1 of death with their intervals; every row is another patient."""
    draws = patient_draws(len(label), RESAMPLES, seed)
    foretold = risk >= DEATH
    right = draws @ (foretold & (label == 1))
    found = {
        "auroc": Ranking(Sample.of(label, risk)).replicates(draws)[:, 0],
        "accuracy": draws @ (foretold == label) / len(label),
        "f1": 2 * right / np.maximum(draws @ foretold + draws @ label, 1),
    }
    tail = (1 - INTERVAL_LEVEL) / 2
    figures: dict[str, float] = {"patients": len(label), "deaths": int(label.sum())}
    for name, values in found.items():
        low, high = np.nanquantile(values[1:], (tail, 1 - tail))
        figures |= {name: float(values[0]), f"{name}_low": low, f"{name}_high": high}
    return figures


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the table; returns the exit status."""
    return run_study("mortality", __doc__, _add_flags, _run, arguments)


def _add_flags(parser: ArgumentParser) -> None:
    parser.add_argument("--learn", type=Path, required=True, help="the workbook of 375 patients")
    parser.add_argument("--judge", type=Path, required=True, help="the workbook of 110 others")
    parser.add_argument("--out", type=Path, required=True, help="CSV file to write")


def _run(options: Namespace) -> None:
    found = foretell(read_stays(options.learn), read_stays(options.judge))
    found.round(3).to_csv(options.out, index=False)


if __name__ == "__main__":
    sys.exit(main())
