"""What paired differences show: who is ahead of the model, and whether chance may explain it."""

from collections.abc import Mapping
from enum import StrEnum

from training.judging.rows.metrics import MAIN_MODEL
from training.words.judged_patients import Judged
from training.words.names import SCORERS, in_order
from training.words.rounding import Figure, number

METRIC_NAMES = {"auroc": "AUROC", "auprc": "average precision"}
VARIANTS = {
    "model without grade": "today's grade",
    "model without trajectories": "trajectories",
    "model without monotone signs": "monotone signs",
}
"""What each variant of the model does without; a variant is no scorer of another kind."""


class Finding(StrEnum):
    """What a comparison shows; the third and fourth are said of a whole outcome alone."""

    GAIN = "gain shown"
    NO_GAIN = "no gain shown"
    GAIN_OF_FEW = "gain in few patients"
    BEATEN = "a simpler scorer is better"
    LOSS = "worse"
    UNKNOWN = "cannot be judged"


def finding_of(gap: Figure) -> Finding:
    """What the interval of a difference shows; the difference is the model's less another's."""
    if gap["low"] is None:
        return Finding.UNKNOWN
    if gap["low"] > 0:
        return Finding.GAIN
    return Finding.LOSS if gap["high"] < 0 else Finding.NO_GAIN


SIMPLER = frozenset(SCORERS) - {MAIN_MODEL, *VARIANTS}
"""The scorers that are no model of ours: a shipped bundle or another way of adapting is none."""


def rivals(judged: Judged) -> list[str]:
    """The simpler scorers beside the model, as readers meet them."""
    return [name for name in in_order(list(judged["differences"])) if name in SIMPLER]


def beyond_chance(gaps: Mapping[str, Figure], finding: Finding) -> str:
    """The metrics in which the model gains, or loses, by its whole interval; empty without any."""
    return " and ".join(t for m, t in METRIC_NAMES.items() if finding_of(gaps[m]) is finding)


def is_ahead(gaps: Mapping[str, Figure]) -> bool:
    """Whether the other scorer's estimate is the higher one in any metric, sure or not."""
    return any((gaps[metric]["value"] or 0.0) < 0 for metric in METRIC_NAMES)


def changes(gaps: Mapping[str, Figure]) -> str:
    """The other scorer's figures minus the model's."""
    return ", ".join(change(title, gaps[metric]) for metric, title in METRIC_NAMES.items())


def change(title: str, gap: Figure) -> str:
    """The other scorer's figure minus the model's, and whether chance may explain it."""
    if gap["value"] is None:
        return f"{title} not comparable ({gap['reason']})"
    if gap["low"] is None:
        return f"{title} {number(-gap['value'], True)} ({gap['reason']})"
    low, high = number(-gap["high"], True), number(-gap["low"], True)
    sure = finding_of(gap) in (Finding.GAIN, Finding.LOSS)
    chance = "beyond chance" if sure else "chance may explain it"
    return f"{title} {number(-gap['value'], True)} ({low} to {high}; {chance})"
