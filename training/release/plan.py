"""The predetermined change plan: what a new model must show before it may replace the one in use.

A plan is written before the change is seen, as regulators ask of models that will be changed (FDA,
Marketing Submission Recommendations for a Predetermined Change Control Plan, 2024). It is JSON that
a hospital edits; its digest stands in the ledger. The limits of `DEFAULT` are choices of this
project, not of a guideline; each says in `explained` what it is for.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, get_args, get_type_hints

from features.tables import InvalidInputError
from models.prediction import Tier
from models.stated import read_as, read_json
from training.metrics import METRICS
from training.release.canonical import digest_of
from training.release.subgroups import SUBGROUPS

FORMAT_VERSION = 1
ABOUT = """\
A new champion is judged beside the one in service on the same frozen patients, outcome by outcome.
must_be says who bears the doubt, for figures with an interval (95 %, over resampled patients):
'proven': even the bad end of the interval keeps the limit; 'estimated': the figure itself keeps it;
'not disproven': it is broken only where even the good end of the interval breaks it.
no_worse and no_subgroup_worse take the paired difference to the champion, within takes the new
model alone, alarms counts patient-days on which the tier sounds. Rows may be edited, removed and
added; figure is any name of metrics.json. frozen_set: the digest of the one frozen evaluation set
that may be used; empty allows any.
"""
LONGEST_RATIO = 100.0
DIGEST_LENGTHS = (0, 64)


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
    of the champion's at its own thresholds."""

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

TIERS = (str(Tier.ELEVATED), str(Tier.HIGH))
FIGURES = {metric.name: metric for metric in METRICS}


def write_plan(plan: Plan, out: Path) -> None:
    """Write a plan as JSON for people; refuses (InvalidInputError) a file that is there."""
    if out.exists():
        raise InvalidInputError(f"{out}: is there already; a plan is not written over another")
    out.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"about": ABOUT.splitlines(), **asdict(plan)}, indent=1, ensure_ascii=False)
    out.write_text(text + "\n", encoding="utf-8")


def read_plan(path: Path) -> Plan:
    """A plan from a file.

    Raises:
        InvalidInputError: no plan, or a field that is missing, misspelt or outside its limits.
    """
    stated = read_json(path)
    plan: Plan = read_as(Plan, stated, path.name)
    _refuse_unknown(Plan, stated, path.name)
    check_plan(plan, path.name)
    return plan


def check_plan(plan: Plan, place: str) -> None:
    """Raises InvalidInputError for a value that means nothing: with place, value and limit."""
    if plan.format_version != FORMAT_VERSION:
        raise _wrong(f"{place}: format_version", plan.format_version, f"{FORMAT_VERSION}")
    if len(plan.frozen_set) not in DIGEST_LENGTHS:
        raise _wrong(f"{place}: frozen_set", plan.frozen_set, "a digest of 64 signs, or empty")
    if not (plan.no_worse or plan.within or plan.no_subgroup_worse or plan.alarms):
        raise InvalidInputError(f"{place}: has no criterion, so every model would pass")
    for row, where in _rows(plan, place):
        _check_row(row, where)


def _rows(plan: Plan, place: str) -> list[tuple[Any, str]]:
    lists = ("no_worse", "within", "no_subgroup_worse", "alarms")
    return [
        (row, f"{place}: {name}: value {number}")
        for name in lists
        for number, row in enumerate(getattr(plan, name), start=1)
    ]


def _check_row(row: Any, where: str) -> None:
    """Each field of a row by its own limits."""
    if isinstance(row, NoWorse | NoSubgroupWorse) and FIGURES[_known(row, where)].better == 0:
        raise InvalidInputError(
            f"{where}: figure: {row.figure!r} is best at one value; put it under within"
        )
    if isinstance(row, Within) and not row.lowest < row.highest:
        raise _wrong(f"{where}: lowest", row.lowest, f"below highest, which is {row.highest:g}")
    if isinstance(row, Within):
        _known(row, where)
    for name, stated in vars(row).items():
        if name in CHOICES and stated not in CHOICES[name]:
            raise _wrong(f"{where}: {name}", stated, f"one of {', '.join(CHOICES[name])}")
        if name in RANGES and not RANGES[name][0] <= stated <= RANGES[name][1]:
            low, high, unit = RANGES[name]
            raise _wrong(f"{where}: {name}", stated, f"{low:g} to {high:g} {unit}")
        if name == "subgroups":
            _check_subgroups(stated, f"{where}: {name}")


CHOICES: Mapping[str, tuple[str, ...]] = {
    "must_be": tuple(Burden),
    "tier": TIERS,
    "thresholds": tuple(Thresholds),
}
RANGES: Mapping[str, tuple[float, float, str]] = {
    "most_worse_by": (0.0, 1.0, "in the figure's own unit"),
    "fewest_event_patients": (1, 1e6, "patients with an event"),
    "most_per_patient_day": (0.0, 1.0, "patient-days with an alarm, per patient-day"),
    "most_times_champion": (0.0, LONGEST_RATIO, "times the champion's alarms"),
}


def _check_subgroups(names: tuple[str, ...], where: str) -> None:
    strange = [name for name in names if name not in SUBGROUPS]
    if strange or not names:
        raise _wrong(where, strange[0] if strange else "", f"one of {', '.join(SUBGROUPS)}")


def _known(row: Any, where: str) -> str:
    if row.figure not in FIGURES:
        raise _wrong(f"{where}: figure", row.figure, f"one of {', '.join(FIGURES)}")
    return str(row.figure)


def _wrong(place: str, value: object, limit: str) -> InvalidInputError:
    return InvalidInputError(f"{place}: {value!r} where {limit} is needed")


def _refuse_unknown(kind: Any, stated: Any, place: str) -> None:
    """A misspelt name would leave a limit as it was: refused."""
    hints = get_type_hints(kind)
    strange = [name for name in stated if name not in hints and name != "about"]
    if strange:
        known = ", ".join(field.name for field in fields(kind))
        raise InvalidInputError(f"{place}: {strange[0]!r} is no field; there are {known}")
    for name, hint in hints.items():
        of_each = get_args(hint)[0] if get_args(hint) else None
        if isinstance(of_each, type) and is_dataclass(of_each):
            for number, row in enumerate(stated[name], start=1):
                _refuse_unknown(of_each, row, f"{place}: {name}: value {number}")
