"""How good a model is within each group of patients and rows, beside persistence and the CRP rule.

All groups share one alarm threshold, that of the main budget on all rows: a ward sets one
threshold, not one a group. Sensitivity at it is what equality of opportunity compares.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from training.judging.groups.fairness import gaps
from training.judging.groups.strata import STRATA, Stratum, in_order
from training.judging.groups.values import UNKNOWN
from training.judging.rows.common_rows import JudgedRows, counts_of
from training.judging.rows.metrics import FIRST_BASELINE, MAIN_MODEL
from training.judging.rows.ranking import Ranking
from training.judging.rows.recalibration import both_classes, error_figures
from training.judging.rows.resampled import FEWEST_EVENT_PATIENTS, compared
from training.judging.rows.sample import Numbers, Sample

GROUP_SCORERS = (MAIN_MODEL, FIRST_BASELINE, "crp_rule")
"""Who is judged within groups: the model, and beside it what it must beat."""

GROUP_METRICS = {
    "auroc": "AUROC",
    "auprc": "Average precision",
    "sensitivity": "Caught at the common threshold",
    "ppv": "Right alarms at it",
    "alarms_per_row": "Alarms per row at it",
    "observed_to_expected": "Observed / expected",
    "scaled_brier": "Scaled Brier score",
}
"""What is computed within a group, with its title."""

Figures = Mapping[str, Numbers]
"""Values by metric, one a resample."""


def groups_of(judged: JudgedRows, strata: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Every stratum of the table with the figures within its groups.

    `strata` has the groups of `judged.rows`, line by line, a column a stratum. A group in which
    fewer than `FEWEST_EVENT_PATIENTS` patients have an event is counted and not judged.
    """
    alarms = {
        name: [alarm_shares(sample) for sample in judged.samples[name]]
        for name in GROUP_SCORERS
        if name in judged.samples
    }
    return {
        stratum.name: _one_stratum(judged, strata[stratum.name], stratum, alarms)
        for stratum in STRATA
        if set(strata[stratum.name]) != {UNKNOWN}
    }


def alarm_shares(sample: Sample) -> Numbers:
    """How surely each row sounds at the main budget's threshold: 1, 0, or between within a tie."""
    if not len(sample) or not sample.label.any():
        return np.zeros(len(sample))
    return Ranking(sample).shares_at_budget()


def _one_stratum(
    judged: JudgedRows,
    group: pd.Series,
    stratum: Stratum,
    alarms: Mapping[str, Sequence[Numbers]],
) -> dict[str, Any]:
    named = group.to_numpy(dtype=object)
    found: dict[str, Any] = {"title": stratum.title, "meaning": stratum.meaning, "groups": {}}
    figures: dict[str, Mapping[str, Figures]] = {}
    for name in in_order(stratum.name, list(set(named))):
        member = named == name
        counts = counts_of(judged.rows[member])
        reason = why_not(counts)
        part: dict[str, Any] = {"counts": counts, "reason": reason}
        if reason is None:
            figures[name] = {
                scorer: group_figures(judged.samples[scorer], shares, member[judged.judged],
                                      judged.draws)
                for scorer, shares in alarms.items()
            }  # fmt: skip
            part |= compared(
                figures[name], counts["patients_with_event"], MAIN_MODEL, "not defined here"
            )
        found["groups"][name] = part
    if stratum.fairness:
        found["gaps"] = {scorer: gaps(_of_scorer(figures, scorer)) for scorer in alarms}
    return found


def _of_scorer(figures: Mapping[str, Mapping[str, Figures]], scorer: str) -> dict[str, Figures]:
    """One scorer's figures by group; the unknown are no group of patients."""
    return {name: one[scorer] for name, one in figures.items() if name != UNKNOWN}


def why_not(counts: Mapping[str, int]) -> str | None:
    """Why a group is not judged; None where it is."""
    patients = counts["patients_with_event"]
    if patients < FEWEST_EVENT_PATIENTS:
        told = "1 patient" if patients == 1 else f"{patients} patients"
        return f"{told} with an event, {FEWEST_EVENT_PATIENTS} are needed"
    if counts["events"] == counts["rows"]:
        return "an event follows every row"
    return None


def group_figures(
    repeats: Sequence[Sample], shares: Sequence[Numbers], member: np.ndarray, draws: Numbers
) -> dict[str, Numbers]:
    """The figures of one scorer within a group under every resample, means over its repeats."""
    runs = [_figures(sample.subset(member), share[member], draws)
            for sample, share in zip(repeats, shares, strict=True)]  # fmt: skip
    return {name: np.mean([run[name] for run in runs], axis=0) for name in GROUP_METRICS}


def _figures(sample: Sample, share: Numbers, draws: Numbers) -> dict[str, Numbers]:
    undefined = np.full(len(draws), np.nan)
    found = dict.fromkeys(GROUP_METRICS, undefined)
    ranked = Ranking(sample).replicates(draws)
    found |= {"auroc": ranked[:, 0], "auprc": ranked[:, 1]}
    columns = np.stack([np.ones(len(share)), sample.label, share, share * sample.label], axis=1)
    rows, events, alarms, right = (draws @ sample.patient_sums(columns)).T
    with np.errstate(divide="ignore", invalid="ignore"):
        found |= {"sensitivity": right / events, "ppv": right / alarms,
                  "alarms_per_row": alarms / rows}  # fmt: skip
    usable = both_classes(sample.scored, draws)
    if sample.is_probability and usable[0]:
        errors = error_figures(sample.scored, draws[usable])
        for name in ("observed_to_expected", "scaled_brier"):
            found[name] = undefined.copy()
            found[name][usable] = errors[name]
    return found
