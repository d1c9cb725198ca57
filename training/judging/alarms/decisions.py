"""Net benefit at stated thresholds: the model against acting on all, on none and by each baseline.

Vickers 2006, doi 10.1177/0272989X06295361: right alarms per row, less false ones weighed by the
odds of the threshold. Acting on none has a net benefit of 0.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from training.judging.rows.metrics import MAIN_MODEL
from training.judging.rows.resampled import compared
from training.judging.rows.sample import Numbers, Sample

THRESHOLDS = (0.02, 0.05, 0.10, 0.20)
"""Risks from which a ward might act: one needless act in 49, 19, 9 or 4 is accepted (a choice)."""

ON_ALL = "act on all"
ON_NONE = "act on none"


def judge_decisions(samples: Mapping[str, Sequence[Sample]], draws: Numbers) -> dict[str, Any]:
    """Net benefit per row at each of `THRESHOLDS`, by threshold, and what the model has more.

    Scorers without a probability have none; a rule acts on its yes at every threshold.
    """
    if MAIN_MODEL not in samples or not _has_benefit(samples[MAIN_MODEL][0]):
        return {}
    return {f"{threshold:g}": _at(threshold, samples, draws) for threshold in THRESHOLDS}


def _has_benefit(sample: Sample) -> bool:
    return len(sample.scored) > 0 and (sample.is_rule or sample.is_probability)


def _at(
    threshold: float, samples: Mapping[str, Sequence[Sample]], draws: Numbers
) -> dict[str, Any]:
    main = samples[MAIN_MODEL][0]
    values = {
        name: np.mean([net_benefits(one, threshold, draws) for one in repeats], axis=0)
        for name, repeats in samples.items()
        if _has_benefit(repeats[0])
    }
    values[ON_ALL] = _benefit(main, np.ones(len(main)), threshold, draws)
    values[ON_NONE] = np.zeros(len(draws))
    figures = {name: {"net_benefit": value} for name, value in values.items()}
    return compared(figures, main.event_patients, MAIN_MODEL, "not defined")


def net_benefits(sample: Sample, threshold: float, draws: Numbers) -> Numbers:
    """Net benefit per row of acting from `threshold` on, under every line of `draws`."""
    acts = sample.risk >= (1.0 if sample.is_rule else threshold)  # a missing risk never acts
    return _benefit(sample, acts.astype(np.float64), threshold, draws)


def _benefit(sample: Sample, acts: Numbers, threshold: float, draws: Numbers) -> Numbers:
    columns = np.stack([np.ones(len(sample)), acts * sample.label, acts * (1 - sample.label)], 1)
    rows, right, false = (draws @ sample.patient_sums(columns)).T
    benefit: Numbers = (right - false * threshold / (1 - threshold)) / rows
    return benefit
