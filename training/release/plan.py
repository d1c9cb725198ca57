"""The predetermined change plan: what a new model must show before it may replace the one in use.

A plan is written before the change is seen, as regulators ask of models that will be changed (FDA,
Marketing Submission Recommendations for a Predetermined Change Control Plan, 2024). It is JSON that
a hospital edits; its digest stands in the ledger. The limits of `DEFAULT` are choices of this
project, not of a guideline; each says in `explained` what it is for.
"""

from dataclasses import asdict, dataclass
from enum import StrEnum

from models.prediction import Tier
from training.release.canonical import digest_of
from training.release.subgroups import SUBGROUPS

FORMAT_VERSION = 1


class Burden(StrEnum):
    """Who bears the doubt that an interval leaves."""

    PROVEN = "proven"
    ESTIMATED = "estimated"
    NOT_DISPROVEN = "not disproven"


class Thresholds(StrEnum):
    """Whose tier thresholds the new model's risks are held against."""

    OWN = "own"  # what the ward will hear
    CHAMPION = "champion"  # what it would hear were the thresholds left as they are


@dataclass(frozen=True)
class NoWorse:
    """A figure that may be worse than the champion's by `most_worse_by` (in its own unit)."""

    figure: str
    most_worse_by: float
    must_be: str
    explained: str


@dataclass(frozen=True)
class Within:
    """A figure of the new model that must lie within `lowest` and `highest`."""

    figure: str
    lowest: float
    highest: float
    must_be: str
    explained: str


@dataclass(frozen=True)
class NoSubgroupWorse:
    """`NoWorse` in every part of `subgroups` with `fewest_event_patients` who have an event."""

    figure: str
    subgroups: tuple[str, ...]
    fewest_event_patients: int
    most_worse_by: float
    must_be: str
    explained: str


@dataclass(frozen=True)
class Alarms:
    """Patient-days on which the tier (or a higher one) sounds: per patient-day, and as a multiple
    of the champion's at its own thresholds. Beside a champion that never sounds the multiple is not
    judged: `most_per_patient_day` alone binds then."""

    tier: str
    thresholds: str
    most_per_patient_day: float
    most_times_champion: float
    explained: str


@dataclass(frozen=True)
class Plan:
    """Every limit of a change, and what is allowed without further leave."""

    format_version: int
    name: str
    frozen_set: str
    allow_virtual: bool
    allow_fewer_outcomes: bool
    no_worse: tuple[NoWorse, ...]
    within: tuple[Within, ...]
    no_subgroup_worse: tuple[NoSubgroupWorse, ...]
    alarms: tuple[Alarms, ...]

    @property
    def digest(self) -> str:
        """SHA-256 of its content, whatever the file's spaces and order of keys."""
        return digest_of(asdict(self))


DEFAULT = Plan(
    FORMAT_VERSION,
    "default of crs-risk",
    "",
    allow_virtual=False,
    allow_fewer_outcomes=False,
    no_worse=(
        NoWorse(
            "auroc", 0.03, Burden.PROVEN,
            "Discrimination: chance that the row before an event has the higher of two risks.",
        ),
        NoWorse(
            "auprc", 0.10, Burden.ESTIMATED,
            "Discrimination among the highest risks. Rare events make its interval wide: a limit "
            "that must be proven would stop every change at a small hospital.",
        ),
        NoWorse(
            "scaled_brier", 0.05, Burden.PROVEN,
            "Calibration and discrimination in one: Brier score, scaled so that the limit means "
            "the same for a rare and for a common outcome (0 is always saying the event rate).",
        ),
        NoWorse(
            "sensitivity_at_budget", 0.10, Burden.ESTIMATED,
            "Alarm budget: share of rows before an event that sound when one patient-day in ten "
            "may.",
        ),
    ),
    within=(
        Within(
            "calibration_slope", 0.8, 1.25, Burden.NOT_DISPROVEN,
            "Calibration: below 1 the risks are too extreme, above 1 too timid.",
        ),
        Within(
            "observed_to_expected", 0.8, 1.25, Burden.NOT_DISPROVEN,
            "Calibration in the large: events that happened over events foretold.",
        ),
    ),
    no_subgroup_worse=(
        NoSubgroupWorse(
            "auroc", tuple(SUBGROUPS), 10, 0.05, Burden.ESTIMATED,
            "Worst subgroup: nobody pays for the average. Parts with fewer patients with an event "
            "say nothing either way and are listed as not judged.",
        ),
    ),
    alarms=(
        Alarms(
            Tier.HIGH, Thresholds.OWN, 0.10, 1.25,
            "Alarm budget: what the ward will hear, with the thresholds that the new model brings.",
        ),
        Alarms(
            Tier.HIGH, Thresholds.CHAMPION, 0.10, 1.50,
            "Alarm budget: what it would hear were the champion's thresholds kept in a protocol.",
        ),
    ),
)  # fmt: skip
