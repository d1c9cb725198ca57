"""How good risks are, with intervals over resampled patients.

A patient gives many rows, so intervals come from resampling whole patients. A resample is a vector
of multiplicities, one a patient, and every figure is computed from such weights: the estimate with
all ones, each replicate with its draw. All scorers share the draws, which makes their differences
paired. A figure that is not defined is NaN here and null with its reason in `evaluate`.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from training.judging.rows.ranking import Ranking
from training.judging.rows.recalibration import both_classes, calibration_figures, error_figures
from training.judging.rows.resampled import recentred, with_interval
from training.judging.rows.sample import Numbers, Sample

Replicates = Mapping[str, Numbers]
MAIN_MODEL = "model"
FIRST_BASELINE = "persistence"


@dataclass(frozen=True)
class Metric:
    """One figure: its name in files, its title and meaning for people, and which way is better.

    `better` is +1 (more), -1 (less) or 0 (`ideal` is best); `probability` = defined for
    probabilities only. `distance`: a distance from 0, which resampling itself makes greater, so
    that its resamples are recentred (see `resampled`).
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

    def difference(
        self, ours: Numbers, theirs: Numbers, event_patients: int, same_risks: bool = False
    ) -> dict[str, Any]:
        """Ours minus theirs on the same resamples, with its interval: 0 to 0 of the same risks."""
        gap = ours - theirs
        values = recentred(gap) if self.distance else gap
        return with_interval(values, event_patients, by_nature=same_risks)


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
