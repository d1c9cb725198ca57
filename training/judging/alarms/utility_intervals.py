"""Intervals of the challenge's utility, over resampled stays, each scorer at its own threshold.

The thresholds were chosen on the same stays and are held in the resamples: the intervals tell how
much the stays matter, not how a threshold carries over.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from features.outcomes import Outcome, happenings
from features.tables import ORIGIN
from training.config import HOUR
from training.dataset import Cohort
from training.judging.alarms.utility import row_utilities
from training.judging.rows.metrics import MAIN_MODEL
from training.judging.rows.resampled import compared, over
from training.judging.rows.sample import Numbers, Sample, patient_draws


def utility_intervals(
    cohort: Cohort,
    scored: pd.DataFrame,
    found: Mapping[str, Mapping[str, Any]],
    bootstrap: int,
    seed: int,
) -> dict[str, Any]:
    """Each scorer's utility with its interval, and the model's less each other one's.

    `found` is what `training.apply.challenge_utility` gives for `scored`. Empty where no alarm
    could earn anything.
    """
    if any(one["utility"] is None for one in found.values()):
        return {}
    onsets = happenings(cohort.source.events, Outcome.INFECTION).groupby("patient_id")["time"].min()
    lines = scored[scored["outcome"] == Outcome.INFECTION]
    names = np.unique(lines["patient_id"].astype("str"))
    draws = patient_draws(len(names), bootstrap, seed)
    values = {
        str(model): {"utility": _utilities(one, names, onsets, found[str(model)], draws)}
        for model, one in lines.groupby("model")
    }
    return compared(values, int(np.isin(names, onsets.index).sum()), MAIN_MODEL, "nothing to earn")


def _utilities(
    lines: pd.DataFrame, names: np.ndarray, onsets: pd.Series, best: Mapping[str, Any],
    draws: Numbers,
) -> Numbers:  # fmt: skip
    """One scorer's normalised utility under every draw of stays."""
    stay = lines["patient_id"].astype("str")
    hour = ((lines["as_of"] - ORIGIN) / HOUR).to_numpy(dtype=float)
    onset = ((onsets.reindex(stay) - ORIGIN) / HOUR).to_numpy(dtype=float)
    sounded, silent = row_utilities(hour, onset)
    threshold = math.inf if best["threshold"] is None else best["threshold"]
    gained = np.where(lines["risk"].to_numpy(dtype=float) >= threshold, sounded - silent, 0.0)
    possible = np.maximum(sounded, silent) - silent
    of_stays = Sample.of(np.zeros(len(stay)), gained, np.searchsorted(names, stay))
    earned, most = (draws @ of_stays.patient_sums(np.stack([gained, possible], axis=1))).T
    return over(earned, most)
