"""The cohort held against real patients: the public daily file of CAR-T patients (Wei 2023, 2024).

Real and virtual patients go the same way: records, the project's readers, one wide table of days.
Nothing here is stored; only quartiles and figures of merit leave.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.model_selection import GroupKFold, cross_val_predict

from features.declared import COLUMNS
from features.harmonise import harmonise
from features.outcomes import Outcome
from features.readers import read
from models.recipes import recipe_for
from models.start import GRADE
from training.cohort.simulation import simulate
from training.config import DAY, TrainingConfig
from training.dataset import Cohort, Events, label_cohort, load_events
from training.fit import fit_committee, useful_columns
from training.judging.outcome_quality import outcome_quality
from training.train import training_rows

SHAPE = {"products": ("car_t_unspecified",), "centre": "registry", "days": 18}
"""Virtual patients in the shape of the public file."""

SHOWN = (
    "crp", "ferritin", "il6", "ifn_gamma", "il10", "d_dimer", "platelets", "ldh", "procalcitonin",
    "fibrinogen", "albumin", "ast", "calcium", "creatinine", "aptt", "neutrophils", "lymphocytes",
    "hemoglobin",
)  # fmt: skip
GRADE_BANDS = (("0", 0, 0), ("1-2", 1, 2), ("3-4", 3, 4))


def virtual_records(patients: int, seed: int) -> pd.DataFrame:
    """Virtual patients in the shape of the public file, as records."""
    return simulate(patients, seed, **SHAPE).records  # type: ignore[arg-type]


def real_records(path: Path) -> pd.DataFrame:
    """The public file's records, constants filled in by grade taken out by the reader."""
    return read(path, "prcrs").records


def days_of(records: pd.DataFrame) -> pd.DataFrame:
    """One row a patient and day from infusion (index), one column an analyte and `crs_grade`.

    What harmonising refuses, such as numbers too small for having lost their zeros, is missing.
    """
    events = harmonise(records).events
    timed = events.astype({"key": "str", "patient_id": "str"})
    timed = timed[timed["time"].notna() & (timed["key"] != "birth")]
    infused = timed[timed["key"] == "car_t_unspecified"].groupby("patient_id")["time"].first()
    since = timed["time"] - timed["patient_id"].map(infused)
    timed = timed.assign(day=np.rint(since / DAY).astype(int) - 1)
    wide = timed[timed["day"] >= 0].pivot_table(
        index=["patient_id", "day"], columns="key", values="value", aggfunc="first"
    )
    return wide[wide["crs_grade"].notna()]


def quartiles_by_grade(real: pd.DataFrame, virtual: pd.DataFrame) -> pd.DataFrame:
    """Quartiles of each analyte by the grade of the same day, real beside virtual."""
    rows = []
    for analyte in SHOWN:
        for band, low, high in GRADE_BANDS:
            row: dict[str, object] = {"analyte": analyte, "grade": band}
            for who, days in (("real", real), ("virtual", virtual)):
                chosen = days.loc[days["crs_grade"].between(low, high), analyte].dropna()
                row |= quartiles(chosen, who)
            rows.append(row)
    return pd.DataFrame(rows)


def quartiles_by_day(real: pd.DataFrame, virtual: pd.DataFrame, last: int = 9) -> pd.DataFrame:
    """Quartiles of each analyte by day and worst grade of the patient (0-2, 3-4)."""
    rows = []
    for analyte in ("crp", "ferritin", "il6", "d_dimer", "platelets", "ldh"):
        for band, severe in (("0-2", False), ("3-4", True)):
            for day in range(last + 1):
                row: dict[str, object] = {"analyte": analyte, "worst": band, "day": day}
                for who, days in (("real", real), ("virtual", virtual)):
                    worst = days.groupby("patient_id")["crs_grade"].transform("max") >= 3
                    at = days.index.get_level_values("day") == day
                    row |= quartiles(days.loc[at & (worst == severe), analyte].dropna(), who)
                rows.append(row)
    return pd.DataFrame(rows)


def quartiles(values: pd.Series, who: str) -> dict[str, object]:
    """How many `values`, and their quartiles, under names that begin with `who`."""
    low, middle, high = values.quantile([0.25, 0.5, 0.75])
    return {f"{who}_n": len(values), f"{who}_q1": low, f"{who}_q2": middle, f"{who}_q3": high}


def told_apart(real: pd.DataFrame, virtual: pd.DataFrame, seed: int) -> float:
    """AUROC of a classifier that tells real from virtual days, patients kept together.

    Lower is better; it sees which values are missing too.
    """
    columns = [*SHOWN, "crs_grade"]
    both = pd.concat([real[columns], virtual[columns]])
    is_real = np.r_[np.ones(len(real)), np.zeros(len(virtual))]
    patient = pd.factorize(both.index.get_level_values("patient_id"))[0]
    model = HistGradientBoostingClassifier(max_iter=150, random_state=seed, class_weight="balanced")
    found = cross_val_predict(
        model, both.to_numpy(), is_real, groups=patient, cv=GroupKFold(5), method="predict_proba"
    )
    return float(roc_auc_score(is_real, found[:, 1]))


def correlations_apart(real: pd.DataFrame, virtual: pd.DataFrame) -> float:
    """Mean absolute difference of Spearman's correlations between pairs of analytes; 0 is best."""
    columns = [*SHOWN, "crs_grade"]
    matrices = [days[columns].corr(method="spearman", min_periods=30) for days in (real, virtual)]
    pairs = np.triu_indices(len(columns), 1)
    apart = np.abs(matrices[0].to_numpy()[pairs] - matrices[1].to_numpy()[pairs])
    return float(np.nanmean(apart))


def grades_agree(patients: int, seed: int) -> float:
    """Quadratic weighted kappa of charted CRS grades and those derived from the same records."""
    events = harmonise(simulate(patients, seed).records).events
    kappa = outcome_quality(events).crs_agreement.weighted_kappa
    return float("nan") if kappa is None else kappa


def transport(path: Path, records: Path, seed: int) -> dict[str, float]:
    """Train on virtual `records`, test on the real patients of `path`: next-day severe CRS.

    AUROC and average precision with and without today's grade, of the grade alone (persistence),
    and of the model among real days of grade 2.
    """
    outcome = Outcome.SEVERE_CRS
    virtual = _labelled(load_events(records, "table"), outcome)
    real = _labelled(load_events(path, "prcrs"), outcome)
    config = TrainingConfig(
        records, "table", records.parent, outcomes=(outcome,), learn_every=DAY, repeats=1
    )
    training = training_rows(virtual, outcome, config)
    learnt = training.target[~np.isnan(training.target)]
    recipe = recipe_for(float((learnt > 0.0).sum()))
    declared = [column.name for column in COLUMNS[outcome] if column.name in virtual.rows]
    columns = useful_columns(training.rows[declared])
    label = real.labels[outcome].label
    judged = ~np.isnan(label) & real.reported
    grade = real.rows[GRADE].to_numpy(dtype=float)[judged]
    found = {
        "real_rows": float(judged.sum()),
        "real_events": float(label[judged].sum()),
        "persistence_auroc": float(roc_auc_score(label[judged], np.nan_to_num(grade))),
    }
    without = [name for name in columns if name.partition(".")[0] != "crs_grade"]
    for name, shown in (("with_grade", columns), ("without_grade", without)):
        fitted = fit_committee(training, shown, recipe, seed, name)
        rows = real.rows.reindex(columns=list(fitted.model.names))
        margin = fitted.model.margin(rows)[judged]
        found |= _merit(label[judged], margin, name)
        found[f"{name}_auroc_from_grade_2"] = _merit(
            label[judged][grade == 2], margin[grade == 2], "x"
        )["x_auroc"]
    return found


def _labelled(source: Events, outcome: Outcome) -> Cohort:
    return label_cohort(source, DAY, (outcome,), DAY, DAY)


def _merit(
    label: npt.NDArray[np.float64], margin: npt.NDArray[np.float64], name: str
) -> dict[str, float]:
    return {
        f"{name}_auroc": float(roc_auc_score(label, margin)),
        f"{name}_average_precision": float(average_precision_score(label, margin)),
    }
