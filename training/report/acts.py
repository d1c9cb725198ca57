"""The report's parts on acting: net benefit at thresholds, and doses and days of each policy."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from training.judging.alarms.alarms import BUDGETS
from training.judging.alarms.decisions import ON_ALL, ON_NONE
from training.judging.alarms.economics import CRP_RULE, FIGURES, GRADE_RULE
from training.judging.alarms.events import EARLY_HOURS
from training.judging.rows.metrics import FIRST_BASELINE, MAIN_MODEL
from training.report.boards import line, plain, table
from training.report.tables import cell
from training.words.names import Words, in_order

Block = dict[str, Any]
"""A part of the page, see `training.report.further`."""

POLICIES = {
    MAIN_MODEL: "Treat at the model's alarm",
    FIRST_BASELINE: "Treat at persistence's alarm",
    CRP_RULE: "Treat by the CRP rule",
    GRADE_RULE: "Treat from grade 2 on",
}
NET_BENEFIT = (
    "Per 100 rows: right acts less needless ones, weighed by the odds of the threshold. Acting on "
    "none has 0. A scorer is worth acting on where it is above acting on all and on none; scorers "
    "without a probability have no line."
)
ALARMS = (
    f"Alarms of the model and of persistence are those at {BUDGETS[0].title}; the rules have no "
    f"budget. Found early means an alarm in the {EARLY_HOURS:g} hours before the onset."
)
PRICED = "The table below was given with --prices where it differs from what is assumed."
UNPRICED = (
    "No price is given: doses and days are counted, costs are not. Give your own with --prices "
    "(docs/prices.csv is a table to start from)."
)


def decisions(judged: Mapping[str, Any], words: Words) -> Block:
    """Net benefit at each stated threshold, of every way to act."""
    found = judged.get("decisions")
    if not found:
        return {}
    of = {key: {t: part[key] for t, part in found.items()} for key in ("models", "differences")}
    return {
        "heading": "Net benefit at stated thresholds",
        "sentences": [
            NET_BENEFIT
        ],
        "tables": [
            _by_threshold("Net benefit per 100 rows", of["models"], words, False, True),
            _by_threshold("Model minus each other way to act", of["differences"], words, True,
                          False),
        ],
    }  # fmt: skip


def _by_threshold(
    title: str,
    found: Mapping[str, Mapping[str, Any]],
    words: Words,
    signed: bool,
    is_open: bool,
) -> dict[str, Any]:
    names = _with_acts(next(iter(found.values())))
    lines = [
        line(_act(name, words), name,
              [cell(_scaled(part[name]["net_benefit"]), signed) for part in found.values()])
        for name in names
    ]  # fmt: skip
    head = [f"From {100 * float(threshold):g} % risk on" for threshold in found]
    return table(title, "Act by", head, lines, is_open)


def _with_acts(names: Iterable[str]) -> list[str]:
    """Scorers in order, behind acting on all and on none."""
    ways = (ON_ALL, ON_NONE)
    return [*(way for way in ways if way in names), *in_order([n for n in names if n not in ways])]


def _act(name: str, words: Words) -> str:
    return name[:1].upper() + name[1:] if name in (ON_ALL, ON_NONE) else words.scorer(name)


def _scaled(figure: Mapping[str, Any]) -> dict[str, Any]:
    """Per 100 rows."""
    ends = ("value", "low", "high")
    return {**figure, **{e: None if figure[e] is None else 100 * figure[e] for e in ends}}


def economics(judged: Mapping[str, Any]) -> Block:
    """What each way to treat would use, and what was assumed."""
    found = judged.get("economics")
    if not found:
        return {}
    priced = any(one["cost_per_100"]["value"] for one in found["models"].values())
    shown = [one for one in FIGURES if priced or not one.name.startswith("cost")]
    columns = [(one.title, one.name, False) for one in shown]
    more = [(title, name, True) for title, name, _ in columns]
    return {
        "heading": "Doses and days behind each severe event found early",
        "sentences": [
            found["said"],
            ALARMS,
            PRICED if priced else UNPRICED,
        ],
        "tables": [
            _policies("What each way to treat would use", columns, found["models"], True),
            _policies("Model minus each other way", more, found["differences"], False),
            _assumed(found["assumptions"]),
        ],
    }  # fmt: skip


def _policies(
    title: str,
    columns: Sequence[tuple[str, str, bool]],
    figures: Mapping[str, Mapping[str, Any]],
    is_open: bool,
) -> dict[str, Any]:
    lines = [
        line(POLICIES[name], name, [cell(figures[name][key], signed) for _, key, signed in columns])
        for name in POLICIES
        if name in figures
    ]
    return table(title, "Policy", [head for head, _, _ in columns], lines, is_open)


def _assumed(items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    lines = []
    for one in items:
        value = "not given" if one["value"] is None else f"{one['value']:g} {one['unit']}"
        cells = [plain(value), plain(str(one["source"]))]
        lines.append(line(one["title"], one["item"], cells))
    return table("What is assumed", "Item", ["Value", "Source"], lines, True)
