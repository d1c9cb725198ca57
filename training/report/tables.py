"""The report's tables as lines of text: what stands in each cell, and why one is empty."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from features.panels import PANEL
from training.judging.rows.metrics import FIRST_BASELINE, MAIN_MODEL, METRICS, Metric
from training.judging.rows.ranking import ALARM_BUDGET
from training.words.claims import why_unjudged
from training.words.names import Words, in_order, stratum_title
from training.words.rounding import interval, number
from training.words.sentences import judged_strata

RANKING = tuple(metric for metric in METRICS if not metric.probability)
PROBABILITY = tuple(metric for metric in METRICS if metric.probability)

REJECTS = {
    "unknown_code": "code that no analyte, drug or procedure has",
    "unknown_unit": "unit without a conversion",
    "ambiguous_unit": "no unit, and several are usual",
    "not_a_number": "text where a number is needed",
    "ambiguous_number": "number with decimals or thousands, which is not said",
    "implausible": "outside the plausible range",
    "no_value": "neither number nor text",
    "no_time": "measurement without a time",
    "no_patient": "no patient",
    "duplicate": "the same once more",
    "conflict": "another value at the same time",
    "result_before_collection": "result before collection",
    "filled_constant": "filled in by the file's authors, not measured",
    "not_given": "dose held, refused or only ordered",
    "added_up": "dose added to another of the same moment",
    "contradicted": "number and text beside it disagree",
}


def figure_tables(judged: Mapping[str, Any], words: Words) -> list[dict[str, Any]]:
    """All figures of all scorers, and the model's differences to the others."""
    models = in_order(list(judged["models"]))
    of_models = {name: judged["models"][name]["metrics"] for name in models}
    gaps = {name: judged["differences"][name] for name in models if name in judged["differences"]}
    tables = [
        _table("Telling apart and alarms", RANKING, of_models, words),
        _table("Probabilities", PROBABILITY, of_models, words),
        _table("Model minus each other scorer: telling apart", RANKING, gaps, words, signed=True),
        _table("Model minus each other scorer: probabilities", PROBABILITY, gaps, words, True),
    ]
    return [table for table in tables if table["lines"]]


def grade_table(judged: Mapping[str, Any], words: Words) -> list[dict[str, Any]]:
    """The model beside persistence among rows of the same grade today, a line a grade."""
    if not words.graded:
        return []
    lines = []
    for value, part in judged_strata(judged):
        if not {MAIN_MODEL, FIRST_BASELINE} <= set(part["models"]):
            continue
        counts, reason = part["counts"], why_unjudged(part)
        ours, theirs = (part["models"][n]["metrics"] for n in (MAIN_MODEL, FIRST_BASELINE))
        gap = part["differences"][FIRST_BASELINE]["auroc"]
        figures = ((ours["auroc"], False), (theirs["auroc"], False), (gap, True),
                   (ours["auprc"], False), (theirs["auprc"], False))  # fmt: skip
        lines.append(
            {
                "title": stratum_title("grade", value),
                "rows": counts["rows"],
                "events": counts["events"],
                "patients": counts["patients_with_event"],
                "reason": reason,
                "cells": [cell(figure, signed) for figure, signed in figures],
            }
        )
    return lines


def stratum_table(stratum: str, parts: Mapping[str, Any], words: Words) -> dict[str, Any]:
    """All scorers within each value of a column that holds judged rows."""
    names = ("auroc", "auprc", "sensitivity_at_budget")
    metrics = tuple(metric for metric in METRICS if metric.name in names)
    groups = [
        {
            "title": stratum_title(stratum, value),
            "rows": part["counts"]["rows"],
            "events": part["counts"]["events"],
            "patients": part["counts"]["patients_with_event"],
            "reason": why_unjudged(part),
            "table": _table(
                "",
                metrics,
                {name: part["models"][name]["metrics"] for name in in_order(list(part["models"]))},
                words,
            ),
        }
        for value, part in parts.items()
        if part["counts"]["rows"]
    ]
    return {"title": "today's grade" if stratum == "grade" else stratum, "groups": groups}


def panel_table(
    lines: Sequence[Mapping[str, Any]], judged: Mapping[str, Any], words: Words
) -> list[dict[str, Any]]:
    """What less measured costs, a line a panel and way; the full panel has no cost of its own.

    Persistence, which measures nothing, stands last.
    """
    names = ("auroc", "auroc_cost", "auprc", "auprc_cost")
    found = [
        {
            "panel": line["panel"],
            "meaning": PANEL[line["panel"]].meaning,
            "way": line["way"],
            "columns": line["columns"],
            "cells": [cell(line[name], name.endswith("_cost")) for name in names],
        }
        for line in lines
    ]
    known = judged["models"].get(FIRST_BASELINE)
    if not found or known is None:
        return found
    cells = [cell(known["metrics"].get(name)) for name in names]
    title = words.scorer(FIRST_BASELINE)
    return [*found, {"panel": title, "meaning": title, "way": "–", "columns": "–", "cells": cells}]


def rules(judged: Mapping[str, Any], words: Words) -> list[dict[str, str]]:
    """Rules that say yes or no, as they stand; the model and persistence at the alarm budget."""
    found = [
        {
            "title": words.scorer(name),
            **{key: _plain(judged["models"][name]["as_rule"][key]) for key in
               ("sensitivity", "ppv", "alarms_per_patient_day")},
        }
        for name in in_order(list(judged["models"]))
        if "as_rule" in judged["models"][name]
    ]  # fmt: skip
    beside = [name for name in (MAIN_MODEL, FIRST_BASELINE) if name in judged["models"]]
    return found and [*found, *(_at_budget(judged, name, words) for name in beside)]


def _at_budget(judged: Mapping[str, Any], name: str, words: Words) -> dict[str, str]:
    figures = judged["models"][name]["metrics"]
    return {
        "title": f"{words.scorer(name)}, at the alarm budget",
        "sensitivity": _plain(figures["sensitivity_at_budget"]["value"]),
        "ppv": _plain(figures["ppv_at_budget"]["value"]),
        "alarms_per_patient_day": _plain(ALARM_BUDGET),
    }


def utilities(
    found: Mapping[str, Mapping[str, Any]], intervals: Mapping[str, Any], words: Words
) -> list[dict[str, str]]:
    """The challenge's utility of each scorer at its best threshold, and the model's less it."""
    ours, more = intervals.get("models", {}), intervals.get("differences", {})
    return [
        {
            "title": words.scorer(name),
            "utility": _plain(found[name]["utility"]),
            "interval": cell(ours.get(name, {}).get("utility"))["interval"],
            "more": _with_range(more.get(name, {}).get("utility")),
            "threshold": _plain(found[name]["threshold"]),
        }
        for name in in_order(list(found))
    ]


def rejects(counted: Mapping[str, int]) -> list[tuple[str, str, int]]:
    """Reasons with their meaning and count, the most frequent first."""
    most_first = sorted(counted.items(), key=lambda pair: -pair[1])
    return [(reason, REJECTS.get(reason, ""), count) for reason, count in most_first]


def cell(figure: Mapping[str, Any] | None, signed: bool = False) -> dict[str, str]:
    """A figure's value and interval as text, with the reason for what is missing."""
    if figure is None or figure["value"] is None:
        reason = "not computed" if figure is None else str(figure["reason"])
        return {"value": "–", "interval": "", "reason": reason, "note": ""}
    return {
        "value": number(figure["value"], signed),
        "interval": interval(figure, signed).strip(" ()"),
        "reason": str(figure["reason"] or ""),
        "note": "",
    }


def _table(
    title: str,
    metrics: tuple[Metric, ...],
    lines: Mapping[str, Any],
    words: Words,
    signed: bool = False,
) -> dict[str, Any]:
    """Scorers by metrics; reasons for gaps stand below as numbered notes."""
    notes: list[str] = []
    shown = []
    for scorer, figures in lines.items():
        cells = []
        for metric in metrics:
            one = cell(figures[metric.name], signed)
            if one["reason"]:
                if one["reason"] not in notes:
                    notes.append(one["reason"])
                one["note"] = str(notes.index(one["reason"]) + 1)
            cells.append(one)
        shown.append({"title": words.scorer(scorer), "main": scorer == MAIN_MODEL, "cells": cells})
    return {"title": title, "metrics": metrics, "lines": shown, "notes": notes}


def _with_range(figure: Mapping[str, Any] | None) -> str:
    """A difference with its interval in one text; empty where there is none."""
    if figure is None or figure["value"] is None:
        return ""
    return number(figure["value"], True) + interval(figure, True)


def _plain(value: float | None) -> str:
    return "–" if value is None or not math.isfinite(value) else number(value)
