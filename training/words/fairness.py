"""What gaps between groups of patients say in sentences: a gap is named, and so is ignorance."""

from collections.abc import Mapping
from typing import Any

from training.judging.groups.fairness import FAIR_METRICS, FairMetric, Gap
from training.judging.groups.values import UNKNOWN
from training.judging.rows.metrics import MAIN_MODEL
from training.words.rounding import number, times


def fairness_sentences(groups: Mapping[str, Any]) -> list[str]:
    """One sentence a stratum and figure; one for a stratum whose groups cannot be compared."""
    said = []
    for stratum in groups.values():
        gaps = (stratum.get("gaps") or {}).get(MAIN_MODEL)
        if gaps is not None:
            said += _of_stratum(stratum, gaps)
    return said


def _of_stratum(stratum: Mapping[str, Any], gaps: Mapping[str, Any]) -> list[str]:
    title = stratum["title"][:1].upper() + stratum["title"][1:]
    if all(gap["finding"] == Gap.UNKNOWN for gap in gaps.values()):
        named = [f"{name}: {part['counts']['patients_with_event']}"
                 for name, part in stratum["groups"].items() if name != UNKNOWN]  # fmt: skip
        why = f"too few patients have an event ({', '.join(named)})"
        return [f"{title}: these records cannot tell of a gap; {why}."]
    return [f"{title}, {_sentence(metric, gaps[metric.name])}" for metric in FAIR_METRICS]


def _sentence(metric: FairMetric, gap: Mapping[str, Any]) -> str:
    if gap["finding"] == Gap.UNKNOWN:
        return f"{metric.title}: cannot tell ({gap['reason']})."
    low, high = gap["lowest"], gap["highest"]
    size = f"{_size(metric, gap['value'])} ({_size(metric, gap['low'])} to "
    pairs = "1 pair" if gap["pairs"] == 1 else f"{gap['pairs']} pairs"
    size += f"{_size(metric, gap['high'])}, for {pairs} of groups)"
    if gap["finding"] == Gap.SHOWN:
        return (
            f"{metric.title}: A GAP IS SHOWN, {high} over {low} by {size}: {_means(metric, gap)}."
        )
    return (
        f"{metric.title}: no gap shown; {high} is over {low} by {size}, so that "
        f"{_size(metric, gap['high'])} cannot be ruled out."
    )


def _size(metric: FairMetric, value: float) -> str:
    return f"{times(value)} times" if metric.is_ratio else number(value, signed=True)


def _means(metric: FairMetric, gap: Mapping[str, Any]) -> str:
    who = gap["highest"] if metric.is_ratio else gap["lowest"]
    return f"among {who} {metric.means}"
