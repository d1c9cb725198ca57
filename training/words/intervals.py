"""Which interval of a report comes from where: resampled patients, or no resampling at all."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from training.judging.rows.resampled import FEWEST_EVENT_PATIENTS
from training.words.rounding import SPACE

OWN = "As many resamples, drawn for this table alone: paired within it, not with other tables."


@dataclass(frozen=True)
class IntervalSource:
    """Where on the page the intervals stand, and where they come from."""

    where: str
    source: str


def interval_sources(evaluation: Mapping[str, Any]) -> list[IntervalSource]:
    """The kinds of interval that the page of this evaluation shows."""
    return [*_resampled(evaluation), *_calculated(evaluation)]


def _resampled(evaluation: Mapping[str, Any]) -> Iterator[IntervalSource]:
    found = evaluation["resampling"]
    number, level = f"{found['replicates']:,}", f"{100 * found['level']:g}{SPACE}%"
    outcomes = evaluation["outcomes"].values()
    yield IntervalSource(
        "The claim, figures, differences, grades, groups, alarms, acts and doses",
        f"{level} percentiles of {number} resamples of the whole {found['unit']}s judged for an "
        "outcome. All scorers share them, so their differences are paired. No model is fitted "
        "anew: they tell how the figures would change with other patients, not with another "
        "training.",
    )
    if any("gaps" in group for one in outcomes for group in (one.get("groups") or {}).values()):
        yield IntervalSource(
            "Gaps between groups",
            "The standard deviation of those same resamples, widened for all pairs of groups that "
            "could have been picked (Bonferroni): no percentiles, and wider.",
        )
    if evaluation.get("panels"):
        yield IntervalSource("What less measured costs", OWN)
    if any(_has_curve_intervals(one) for one in (evaluation.get("adaptation") or {}).values()):
        yield IntervalSource("The learning curve of the adapted model", OWN)
    if evaluation.get("challenge_utility_intervals"):
        yield IntervalSource(
            "Utility in the 2019 challenge",
            f"{OWN} Stays without a judged row are drawn, too; thresholds are held.",
        )


def _has_curve_intervals(adapted: Mapping[str, Any]) -> bool:
    return bool(adapted["patients_with_event"] >= FEWEST_EVENT_PATIENTS)


def _calculated(evaluation: Mapping[str, Any]) -> Iterator[IntervalSource]:
    doubts = [one["interval"] for one in evaluation["outcomes"].values() if "interval" in one]
    yield IntervalSource(
        "Points of the calibration figure, where it is drawn",
        f"No resampling: Wilson's 95{SPACE}% interval of a share, row by row.",
    )
    if not doubts:
        return
    level = f"{100 * doubts[0]['level']:g}{SPACE}%"
    yield IntervalSource(
        "The risk of one row",
        f"{level}, and no resampling of patients: the wider of what the training leaves open "
        "(models without one fold after the other, a jackknife; the calibration's own "
        "uncertainty) and what was observed at such risks. It is of the rate among patients given "
        "that risk, not of a figure.",
    )
    yield IntervalSource(
        "Observed, by chance alone, by band of risk",
        f"No resampling: the exact {level} interval of a rate, patients as clusters.",
    )
