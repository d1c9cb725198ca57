"""A change plan as a JSON file: written for people, read back with every value checked."""

import json
from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_type_hints

from features.tables import InvalidInputError
from models.prediction import Tier
from models.stated import read_as, read_json
from training.judging.rows.metrics import METRICS
from training.release.plan import (
    FORMAT_VERSION,
    Burden,
    NoSubgroupWorse,
    NoWorse,
    Plan,
    Thresholds,
    Within,
)
from training.release.subgroups import SUBGROUPS

ABOUT = """\
A new champion is judged beside the one in service on the same frozen patients, outcome by outcome.
must_be says who bears the doubt, for figures with an interval (95 %, over resampled patients):
'proven': even the bad end of the interval keeps the limit; 'estimated': the figure itself keeps it;
'not disproven': it is broken only where even the good end of the interval breaks it.
no_worse and no_subgroup_worse take the paired difference to the champion, within takes the new
model alone, alarms counts patient-days on which the tier sounds. What the champion lacks (a figure
that is not defined for it, the alarms of one that never sounds) is not judged: there is nothing to
hold the new model against. Rows may be edited, removed and added; figure is any name of
metrics.json. frozen_set: the digest of the one frozen evaluation set that may be used; empty allows
any.
"""
LONGEST_RATIO = 100.0
DIGEST_LENGTHS = (0, 64)
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
