"""What a text stands for: a number, or the reason why it is none."""

from dataclasses import dataclass
from math import nan

from features.tables import RejectReason


@dataclass(frozen=True)
class Meaning:
    """The number that a text stands for, or the reason why it stands for none."""

    number: float = nan
    reason: RejectReason | None = None
    detail: str = ""
