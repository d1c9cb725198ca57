"""What a check of the leak audit says: where it looked, what it found, and how grave that is."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """What a finding means for the run."""

    STOP = "stop"  # every figure would flatter the model: the run stops
    TELL = "tell"  # a reader must know of it


@dataclass(frozen=True)
class Finding:
    """One thing that a check found.

    `check` is the check's name, `place` the analyte, column or table that it is about, `sentence`
    says what was seen with its numbers and the limit. It never names a patient.
    """

    check: str
    place: str
    sentence: str
    severity: Severity = Severity.STOP

    @property
    def stops(self) -> bool:
        """Whether a run with it must stop."""
        return self.severity is Severity.STOP

    def stated(self) -> dict[str, Any]:
        """The finding as plain values for JSON."""
        return asdict(self) | {"severity": str(self.severity)}
