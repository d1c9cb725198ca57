"""How good risks are, with intervals over resampled patients.

A patient gives many rows, so intervals come from resampling whole patients. A resample is a vector
of multiplicities, one a patient, and every figure is computed from such weights: the estimate with
all ones, each replicate with its draw. All scorers share the draws, which makes their differences
paired. A figure that is not defined is NaN here and null with its reason in `evaluate`.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from features.tables import InvalidTableError
from training.curves import curves
from training.ranking import ALARM_BUDGET, TARGET_SENSITIVITY, Ranking
from training.recalibration import both_classes, calibration_figures, error_figures
from training.resampled import INTERVAL_LEVEL, recentred, with_interval
from training.sample import Numbers, Sample, patient_draws, weighted_draws

Replicates = Mapping[str, Numbers]

SCORED_COLUMNS = ("patient_id", "as_of", "outcome", "label", "at_risk", "model", "risk")
MAIN_MODEL = "model"
FIRST_BASELINE = "persistence"


TOGETHER = {"grade": {"0-1": ("0", "1")}}
"""Groups of a stratum that are also judged as one: from grade 0 or 1 severe CRS is a surprise."""


@dataclass(frozen=True)
class Metric:
    """One figure: its name in files, its title and meaning for people, and which way is better.

    `better` is +1 (more), -1 (less) or 0 (`ideal` is best); `probability` = defined for
    probabilities only. `distance`: a distance from 0, which resampling itself makes greater, so
    that its resamples are recentred (see `training.resampled`).
    """

    name: str
    title: str
    meaning: str
    better: int
    probability: bool = False
    ideal: float | None = None
    distance: bool = False

    def interval(self, values: Numbers, event_patients: int) -> dict[str, Any]:
        """The estimate (first value) with its interval."""
        if not self.distance:
            return with_interval(values, event_patients)
        return with_interval(np.maximum(recentred(values), 0.0), event_patients)

    def difference(self, ours: Numbers, theirs: Numbers, event_patients: int) -> dict[str, Any]:
        """Ours minus theirs on the same resamples, with its interval."""
        gap = ours - theirs
        return with_interval(recentred(gap) if self.distance else gap, event_patients)


METRICS = (
    Metric(
        "auroc",
        "AUROC",
        "Chance that of two rows the one before an event has the higher risk; 0.5 is guessing",
        1,
    ),
    Metric(
        "auprc",
        "Average precision",
        "Precision averaged over sensitivity; guessing gives the event rate",
        1,
    ),
    Metric(
        "sensitivity_at_budget",
        "Caught at 1 alarm in 10 patient-days",
        "Share of rows before an event that sound when one patient-day in ten may",
        1,
    ),
    Metric(
        "ppv_at_budget",
        "Right alarms at 1 in 10 patient-days",
        "Share of those alarms that an event follows",
        1,
    ),
    Metric(
        "alarm_rate_at_sensitivity",
        "Alarms per patient-day to catch 80 %",
        "Patient-days with an alarm, per patient-day, that catch four of five rows before an event",
        -1,
    ),
    Metric("brier", "Brier score", "Mean squared error of the probability", -1, True),
    Metric(
        "scaled_brier",
        "Scaled Brier score",
        "1 is perfect, 0 is always saying the event rate",
        1,
        True,
    ),
    Metric("log_loss", "Log loss", "Mean negative log-likelihood", -1, True),
    Metric(
        "calibration_slope",
        "Calibration slope",
        "Below 1: risks too extreme; above 1: too timid",
        0,
        True,
        1.0,
    ),
    Metric(
        "calibration_intercept",
        "Calibration in the large",
        "Log-odds by which risks are too low (above 0) or too high, slope held at 1",
        0,
        True,
        0.0,
    ),
    Metric(
        "observed_to_expected",
        "Observed / expected events",
        "Above 1: more events than foretold",
        0,
        True,
        1.0,
    ),
    Metric(
        "ici",
        "Integrated calibration index",
        "Mean distance of risk and smooth observed rate (Austin 2019, doi 10.1002/sim.8281)",
        -1,
        True,
        distance=True,
    ),
)


def replicated(sample: Sample, draws: Numbers) -> dict[str, Numbers]:
    """Every figure of `METRICS` under every line of `draws`; NaN where it is not defined."""
    figures = {metric.name: np.full(len(draws), math.nan) for metric in METRICS}
    if not len(sample):
        return figures
    ranked = Ranking(sample).replicates(draws)
    figures |= {metric.name: ranked[:, column] for column, metric in enumerate(METRICS[:5])}
    known = sample.scored
    usable = both_classes(known, draws)
    if known.is_probability and usable[0]:
        computed = error_figures(known, draws[usable]) | calibration_figures(known, draws[usable])
        for name, values in computed.items():
            figures[name][usable] = values
    return figures


def undefined_reason(sample: Sample, metric: Metric) -> str:
    """Why `metric` has no value on `sample`, in a sentence's words."""
    if not len(sample):
        return "no row at risk with a known outcome"
    if not sample.label.any():
        return f"no event among {len(sample)} rows"
    if sample.label.all():
        return f"an event follows each of the {len(sample)} rows"
    return _improbable_reason(sample, metric) if metric.probability else "no alarm sounds"


def _improbable_reason(sample: Sample, metric: Metric) -> str:
    """Why a figure for probabilities has no value though both classes are there."""
    if not len(sample.scored):
        return "it gave no score on these rows"
    if sample.is_rule:
        return "the rule says yes or no and gives no probability"
    if not sample.is_probability:
        return "the score is not a probability: values outside 0 to 1"
    if len(np.unique(sample.scored.risk)) == 1:
        return "all risks are equal"
    if metric.name == "ici":
        return "too few events among the small risks for a smooth curve of observed rates"
    return "the risks separate the rows with and without events: the fit has no finite answer"


def _with_intervals(sample: Sample, figures: Replicates) -> dict[str, Any]:
    """Every figure with interval, or null with the reason."""
    return {
        metric.name: metric.interval(figures[metric.name], sample.event_patients)
        if math.isfinite(figures[metric.name][0])
        else {"value": None, "low": None, "high": None, "reason": undefined_reason(sample, metric)}
        for metric in METRICS
    }


def _differences(sample: Sample, ours: Replicates, theirs: Replicates) -> dict[str, Any]:
    """Our figures minus theirs on the same resamples."""
    undefined = {"value": None, "low": None, "high": None, "reason": "not defined for both"}
    return {
        metric.name: metric.difference(
            ours[metric.name], theirs[metric.name], sample.event_patients
        )
        if math.isfinite(ours[metric.name][0] - theirs[metric.name][0])
        else undefined
        for metric in METRICS
    }


def _one(name: str, label: ArrayLike, risk: ArrayLike) -> float:
    sample = Sample.of(label, risk)
    return float(replicated(sample, np.ones((1, sample.patients)))[name][0])


def auroc(label: ArrayLike, risk: ArrayLike) -> float:
    """Area under the receiver operating characteristic; ties count half; NaN with one class.

    >>> auroc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.75
    """
    return _one("auroc", label, risk)


def auprc(label: ArrayLike, risk: ArrayLike) -> float:
    """Average precision; NaN with one class."""
    return _one("auprc", label, risk)


def brier(label: ArrayLike, risk: ArrayLike) -> float:
    """Mean squared error of a probability; NaN where `risk` is none or one class is missing."""
    return _one("brier", label, risk)


def evaluate(
    scored: pd.DataFrame, bootstrap: int = 200, seed: int = 0, strata: Sequence[str] = ("grade",)
) -> dict[str, Any]:
    """Judge every scorer on every outcome; undefined figures are null with a reason.

    `scored` has one line per patient, as-of time, outcome and scorer (`SCORED_COLUMNS`), `label`
    NaN where the horizon was not observed; `risk` NaN where the scorer gave none. Optional:
    `repeat` (a run of cross-validation: figures are means over the repeats), `weight` (how many
    patients of the population the row's patient stands for; counts stay those on file) and the
    `strata` columns. All scorers must judge the same rows.

    Raises InvalidTableError when a column is missing, a label is not 0, 1 or NaN, a line is double,
    or the scorers do not judge the same rows.
    """
    _check(scored)
    present = [stratum for stratum in strata if stratum in scored]
    return {
        "resampling": {
            "unit": "patient",
            "replicates": bootstrap,
            "seed": seed,
            "level": INTERVAL_LEVEL,
        },
        "alarm_budget_per_patient_day": ALARM_BUDGET,
        "target_sensitivity": TARGET_SENSITIVITY,
        "outcomes": {
            str(outcome): _evaluate_outcome(lines, bootstrap, seed, present)
            for outcome, lines in scored.groupby("outcome", observed=True)
        },
    }


def _check(scored: pd.DataFrame) -> None:
    missing = [column for column in SCORED_COLUMNS if column not in scored]
    if missing:
        raise InvalidTableError(f"scored rows: column(s) {', '.join(missing)} missing")
    if not len(scored):
        raise InvalidTableError("scored rows: the table is empty")
    strange = ~(scored["label"].isna() | scored["label"].isin((0, 1)))
    if strange.any():
        raise InvalidTableError(f"label: {int(strange.sum())} value(s) other than 0, 1 or missing")


def _evaluate_outcome(
    lines: pd.DataFrame, bootstrap: int, seed: int, strata: Sequence[str]
) -> dict[str, Any]:
    table = judged_rows(lines, bootstrap, seed, strata)
    found = {"counts": counts_of(table.rows), **_compare(table.samples, table.draws)}
    for model, repeats in table.samples.items():
        found["models"][model]["curves"] = curves(repeats[0], table.draws[0])
    found["strata"] = {stratum: _by_stratum(table, stratum) for stratum in strata}
    return found


@dataclass(frozen=True)
class JudgedRows:
    """What the judging of one outcome starts from.

    `rows`: every row, sorted by patient and time. `judged`: those at risk with a known outcome.
    `samples`: the judged rows in that order with each scorer's risks, one sample a repeat. `draws`:
    the resamples that all figures share (1 + replicates by patients).
    """

    rows: pd.DataFrame
    judged: NDArray[np.bool_]
    samples: dict[str, list[Sample]]
    draws: Numbers


def judged_rows(
    lines: pd.DataFrame, bootstrap: int, seed: int, strata: Sequence[str] = ()
) -> JudgedRows:
    """The rows of one outcome's scored lines, their samples and the resamples.

    Raises InvalidTableError when a line is double or the scorers do not judge the same rows.
    """
    table = _common_rows(lines, strata)
    judged = (table.rows["at_risk"] & table.rows["label"].notna()).to_numpy()
    codes, distinct = pd.factorize(table.rows.loc[judged, "patient_id"])
    days = _patient_days(table.rows[judged], codes)
    patients = len(distinct)
    draws = patient_draws(patients, bootstrap, seed) if patients else np.ones((1 + bootstrap, 0))
    draws = weighted_draws(draws, codes, table.weight(judged))
    label = table.rows.loc[judged, "label"].to_numpy(dtype=float)
    samples = {
        model: [Sample(label, risk[judged], codes, patients, days) for risk in repeats]
        for model, repeats in table.risks.items()
    }
    return JudgedRows(table.rows, judged, samples, draws)


@dataclass(frozen=True)
class _CommonRows:
    """The rows that all scorers judge, and each scorer's risks per repeat in the same order."""

    rows: pd.DataFrame
    risks: dict[str, list[Numbers]]

    def weight(self, here: NDArray[np.bool_]) -> Numbers | None:
        """The sampling weight of some rows' patients, where the lines have one."""
        return (
            self.rows.loc[here, "weight"].to_numpy(dtype=float) if "weight" in self.rows else None
        )


def _common_rows(lines: pd.DataFrame, strata: Sequence[str]) -> _CommonRows:
    patient = pd.factorize(lines["patient_id"], sort=True)[0]
    time = lines["as_of"].astype("int64").to_numpy()
    repeat = (
        pd.factorize(lines["repeat"], sort=True)[0]
        if "repeat" in lines
        else np.zeros(len(lines), dtype=int)
    )
    model, model_names = pd.factorize(lines["model"])
    order = np.lexsort((time, patient, repeat, model))
    keys = np.stack([patient, time], axis=1)[order]
    blocks = np.stack([model, repeat], axis=1)[order]
    starts = np.flatnonzero((np.diff(blocks, axis=0, prepend=-1) != 0).any(axis=1))
    parts = np.split(np.arange(len(order)), starts[1:])
    first = keys[parts[0]]
    if (np.diff(first, axis=0) == 0).all(axis=1).any():
        raise InvalidTableError(
            "scored rows: a patient has the same as-of time twice for one scorer"
        )
    label = lines["label"].to_numpy(dtype=float)[order]
    risk = lines["risk"].to_numpy(dtype=float)[order]
    risks: dict[str, list[Numbers]] = {str(name): [] for name in model_names}
    for part in parts:
        name = str(model_names[blocks[part[0], 0]])
        if len(part) != len(first) or (keys[part] != first).any():
            raise InvalidTableError(
                f"scored rows: {name!r} does not judge the same rows as {model_names[0]!r}"
            )
        if not np.array_equal(label[part], label[parts[0]], equal_nan=True):
            raise InvalidTableError(f"label: {name!r} has other labels than {model_names[0]!r}")
        risks[name].append(risk[part])
    columns = ["patient_id", "as_of", "label", "at_risk", *strata]
    columns += ["weight"] if "weight" in lines else []
    rows = lines[columns].iloc[order[parts[0]]].reset_index(drop=True)
    return _CommonRows(rows.astype({"at_risk": bool}), risks)


def _patient_days(rows: pd.DataFrame, codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """A running number per patient and 24 hours since the patient's first row."""
    if not len(rows):
        return np.empty(0, dtype=np.int64)
    times = rows["as_of"].reset_index(drop=True)
    elapsed = times - times.groupby(codes).transform("min")
    day = (elapsed // pd.Timedelta(hours=24)).to_numpy().astype(np.int64)
    return codes.astype(np.int64) * (int(day.max()) + 1) + day


def counts_of(rows: pd.DataFrame) -> dict[str, int]:
    """Patients, rows and events of a table with `patient_id`, `label` and `at_risk`."""
    at_risk, label = rows["at_risk"], rows["label"]
    judged = at_risk & label.notna()
    event = judged & (label == 1)
    return {
        "patients": int(rows["patient_id"].nunique()),
        "rows": int(judged.sum()),
        "events": int(event.sum()),
        "patients_judged": int(rows.loc[judged, "patient_id"].nunique()),
        "patients_with_event": int(rows.loc[event, "patient_id"].nunique()),
        "censored": int((at_risk & label.isna()).sum()),
        "not_at_risk": int((~at_risk).sum()),
        "rows_in_all": len(rows),
    }


def _compare(samples: Mapping[str, list[Sample]], draws: Numbers) -> dict[str, Any]:
    """All figures of all scorers, and the main model's differences to each other one."""
    figures = {
        model: {
            name: np.mean([each[name] for each in runs], axis=0)
            for runs in [[replicated(sample, draws) for sample in repeats]]
            for name in runs[0]
        }
        for model, repeats in samples.items()
    }
    found: dict[str, Any] = {"models": {}, "differences": {}}
    for model, repeats in samples.items():
        sample = repeats[0]
        found["models"][model] = {
            "metrics": _with_intervals(sample, figures[model]),
            "unscored": int(np.isnan(sample.risk).sum()),
        }
        if sample.is_rule:
            found["models"][model]["as_rule"] = _as_rule(sample, draws[0])
    if MAIN_MODEL in samples:
        others = sorted(
            (name for name in samples if name != MAIN_MODEL),
            key=lambda name: name != FIRST_BASELINE,
        )
        found["differences"] = {
            other: _differences(samples[MAIN_MODEL][0], figures[MAIN_MODEL], figures[other])
            for other in others
        }
    return found


def _as_rule(sample: Sample, multiplicity: Numbers) -> dict[str, float | None]:
    """What a yes-or-no rule does as it stands: null where nothing can be divided."""
    fires, weight = sample.risk == 1, multiplicity[sample.patient]
    caught, events = float(weight @ (sample.label * fires)), float(weight @ sample.label)
    days = _weight_of_days(sample.day, weight)
    return {
        "sensitivity": caught / events if events else None,
        "ppv": caught / float(weight @ fires) if fires.any() else None,
        "alarms_per_patient_day": _weight_of_days(sample.day[fires], weight[fires]) / days
        if days else None,
    }  # fmt: skip


def _weight_of_days(day: NDArray[np.int64], weight: Numbers) -> float:
    return float(weight[np.unique(day, return_index=True)[1]].sum())


def _by_stratum(table: JudgedRows, stratum: str) -> dict[str, Any]:
    """The comparison within each value of a column; rows without a value come under 'unknown'."""
    values = table.rows[stratum].to_numpy()
    together = TOGETHER.get(stratum, {})
    found = {}
    for name, member in _groups(values, together).items():
        within = {
            model: [sample.subset(member[table.judged]) for sample in repeats]
            for model, repeats in table.samples.items()
        }
        counts = counts_of(table.rows[member])
        found[str(name)] = {"counts": counts, **_compare(within, table.draws)}
    return found


def _groups(
    values: NDArray[Any], together: Mapping[str, Sequence[str]]
) -> dict[str, NDArray[np.bool_]]:
    """The rows of each group by its name; `together`: groups that are also judged as one."""
    named = np.array([_stratum_name(value) for value in values], dtype=object)
    present = set(named)
    groups = {name: named == name for name in present}
    groups |= {
        name: np.isin(named, parts) for name, parts in together.items() if present >= set(parts)
    }
    by_last_part = sorted(groups, key=lambda name: (name.rpartition("-")[2], len(name)))
    return {str(name): groups[name] for name in by_last_part}


def _stratum_name(value: Any) -> str:
    if pd.isna(value):
        return "unknown"
    return (
        str(int(value))
        if isinstance(value, int | float | np.number) and float(value).is_integer()
        else str(value)
    )
