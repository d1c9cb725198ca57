"""How much of a model's calibration comes back from a few patients of the new place."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from features.outcomes import Outcome
from features.tables import InvalidInputError
from training.judging.rows.metrics import MAIN_MODEL, replicated
from training.judging.rows.recalibration import log_odds, probability
from training.judging.rows.sample import Sample
from training.judging.rows.shrunk import shrunk_line

PATIENTS, DRAWS = 50, 20
LEAST_REST = 20
EVENT_PATIENTS_FOR_A_SLOPE = 10
"""Fewer move the level alone: a slope learnt from a handful undoes more than it mends. To update no
more than the data bear: Vergouwe 2017, doi 10.1002/sim.7179 (unverified); the number is chosen."""
LEVEL_SPREAD = 0.5
"""Standard deviation of the prior around no change of the log-odds: the odds of most places are
within 2.7 times the model's either way. Chosen on 30 virtual hospitals of 350 patients, of 50 three
with severe CRS. Observed to expected of the others was on average off by

    risks of the model   before   unshrunken   spread 0.5
    right                1.20     1.62         1.28  times
    twice too high       1.83     1.62         1.51
    four times           3.17     1.62         1.96
"""
FIGURES = ("calibration_slope", "calibration_intercept", "observed_to_expected", "ici", "brier")
TAIL = 0.05


def repair(
    label: np.ndarray, risk: np.ndarray, patient: np.ndarray, seed: int
) -> Mapping[str, Any]:
    """Recalibrate on `PATIENTS` patients drawn from the group, judge on its others, many times.

    The intercept of the log-odds is moved, and from `EVENT_PATIENTS_FOR_A_SLOPE` patients with an
    event on the slope as well, both shrunken towards no change (`training.judging.rows.shrunk`); a
    draw without an event among the `PATIENTS` moves nothing. Each figure is the median over the
    draws with their 5th and 95th percentile, `before` and `after`, on the same others. A draw
    without an event among the others cannot be judged and is left out of `draws_used`. Null with a
    `reason` where the group is too small.
    """
    names = np.unique(patient)
    if len(names) < PATIENTS + LEAST_REST:
        return {
            "reason": f"{len(names)} patients judged, {PATIENTS + LEAST_REST} at least are needed"
        }
    random = np.random.default_rng(seed)
    drawn = [random.choice(names, PATIENTS, replace=False) for _ in range(DRAWS)]
    pairs = [_before_and_after(label, risk, patient, few) for few in drawn]
    used = [pair for pair in pairs if pair is not None]
    if not used:
        return {"reason": f"no event outside of {PATIENTS} patients in any of {DRAWS} draws"}
    stated: dict[str, Any] = {"reason": None, "patients": PATIENTS, "draws": DRAWS}
    stated["draws_used"] = len(used)
    for place, when in enumerate(("before", "after")):
        stated[when] = {name: _spread([pair[place][name] for pair in used]) for name in FIGURES}
    return stated


def repair_of(scored: pd.DataFrame, outcome: Outcome, seed: int) -> Mapping[str, Any]:
    """The model's `repair` of one outcome, from scored rows; those without a label are left out."""
    mine = scored[(scored["model"] == MAIN_MODEL) & (scored["outcome"] == outcome)]
    mine = mine[mine["label"].notna()]
    label, risk, patient = (mine[name].to_numpy() for name in ("label", "risk", "patient_id"))
    return repair(label, risk, patient, seed)


def repair_scored(scored: pd.DataFrame, outcome: Outcome, seed: int = 0) -> pd.DataFrame:
    """The model's `repair` of one outcome as a table, from the judged rows of an evaluation.

    `scored` is that of `training.apply.judge_others`. One line a figure of `FIGURES`, one column
    for each of `before` and `after`: the median over the draws.

    Raises:
        InvalidInputError: too few patients, or no event to recalibrate by.
    """
    found = repair_of(scored, outcome, seed)
    if found["reason"] is not None:
        raise InvalidInputError(f"{outcome}: {found['reason']}")
    medians = {
        when: {figure: spread["value"] for figure, spread in found[when].items()}
        for when in ("before", "after")
    }
    return pd.DataFrame(medians)


def _before_and_after(
    label: np.ndarray, risk: np.ndarray, patient: np.ndarray, few: np.ndarray
) -> tuple[Mapping[str, float], Mapping[str, float]] | None:
    learnt = np.isin(patient, few)
    if len(np.unique(label[~learnt])) < 2:
        return None
    margin = log_odds(risk)
    line = shrunk_line(
        margin[learnt], label[learnt], patient[learnt], LEVEL_SPREAD, EVENT_PATIENTS_FOR_A_SLOPE
    )
    mended = probability(line.of(margin[~learnt]))
    rest = label[~learnt], patient[~learnt]
    return _figures(*rest, risk[~learnt]), _figures(*rest, mended)


def _figures(label: np.ndarray, patient: np.ndarray, risk: np.ndarray) -> Mapping[str, float]:
    sample = Sample.of(label, risk, patient)
    found = replicated(sample, np.ones((1, sample.patients)))
    return {name: float(found[name][0]) for name in FIGURES}


def _spread(values: list[float]) -> dict[str, float | None]:
    """Median with the percentiles of the draws; null where no draw has it."""
    known = [value for value in values if np.isfinite(value)]
    if not known:
        return {"value": None, "low": None, "high": None}
    low, middle, high = np.quantile(known, (TAIL, 0.5, 1.0 - TAIL))
    return {"value": float(middle), "low": float(low), "high": float(high)}
