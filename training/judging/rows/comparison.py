"""Every scorer's figures with intervals, and the model's paired differences to each other one."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.judging.rows.metrics import (
    FIRST_BASELINE,
    MAIN_MODEL,
    METRICS,
    Replicates,
    replicated,
    undefined_reason,
)
from training.judging.rows.sample import Numbers, Sample


def _with_intervals(sample: Sample, figures: Replicates) -> dict[str, Any]:
    """Every figure with interval, or null with the reason."""
    return {
        metric.name: metric.interval(figures[metric.name], sample.event_patients)
        if math.isfinite(figures[metric.name][0])
        else {"value": None, "low": None, "high": None, "reason": undefined_reason(sample, metric)}
        for metric in METRICS
    }


def _differences(
    sample: Sample, ours: Replicates, theirs: Replicates, same_risks: bool
) -> dict[str, Any]:
    """Our figures minus theirs on the same resamples."""
    undefined = {"value": None, "low": None, "high": None, "reason": "not defined for both"}
    return {
        metric.name: metric.difference(
            ours[metric.name], theirs[metric.name], sample.event_patients, same_risks
        )
        if math.isfinite(ours[metric.name][0] - theirs[metric.name][0])
        else undefined
        for metric in METRICS
    }


def compare(samples: Mapping[str, list[Sample]], draws: Numbers) -> dict[str, Any]:
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
            other: _differences(
                samples[MAIN_MODEL][0],
                figures[MAIN_MODEL],
                figures[other],
                _same_risks(samples[MAIN_MODEL], samples[other]),
            )
            for other in others
        }
    return found


def _same_risks(ours: list[Sample], theirs: list[Sample]) -> bool:
    """Whether both score every row alike: then no patients could tell them apart."""
    return len(ours) == len(theirs) and all(
        np.array_equal(mine.risk, other.risk, equal_nan=True)
        for mine, other in zip(ours, theirs, strict=True)
    )


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
