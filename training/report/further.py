"""The report's parts beside rows: events, fairness, groups, decisions, doses and days."""

from collections.abc import Mapping
from typing import Any

from features.plurals import counted
from training.judging.alarms.alarms import BUDGETS
from training.judging.alarms.events import EARLY_HOURS, EVENT_METRICS
from training.judging.rows.metrics import FIRST_BASELINE, MAIN_MODEL
from training.judging.rows.resampled import FEWEST_EVENT_PATIENTS
from training.report.acts import decisions, economics
from training.report.boards import plain, scorers
from training.report.tables import cell
from training.words.fairness import fairness_sentences
from training.words.names import Words
from training.words.rounding import interval, number, per_cent

Block = dict[str, Any]
"""A part of the page: `id`, `heading`, `sentences`, `tables`."""

SHOWN_EVENT_METRICS = tuple(
    metric for metric in EVENT_METRICS if metric.name not in ("lead_low", "lead_high")
)
COMMON_THRESHOLD = (
    "Every group is judged at the threshold that uses up the main alarm budget on all rows. Groups "
    "are what was known at each row's moment. A group in which fewer than "
    f"{FEWEST_EVENT_PATIENTS} patients have an event is counted and not judged."
)
GROUP_COLUMNS = (
    ("AUROC, model", MAIN_MODEL, "auroc"),
    ("AUROC, persistence", FIRST_BASELINE, "auroc"),
    ("AUROC, difference", "", "auroc"),
    ("Caught at the common threshold, model", MAIN_MODEL, "sensitivity"),
    ("Caught, persistence", FIRST_BASELINE, "sensitivity"),
    ("Caught, difference", "", "sensitivity"),
    ("Observed / expected, model", MAIN_MODEL, "observed_to_expected"),
)
"""Title, scorer ("" = model minus persistence) and figure of each column of a group's line."""


def further_blocks(judged: Mapping[str, Any], words: Words) -> list[Block]:
    """The blocks of one outcome; what was not judged has none."""
    found = {
        "events": _events(judged, words),
        "gaps": _fairness(judged),
        "groups": _groups(judged),
        "decisions": decisions(judged, words),
        "economics": economics(judged),
    }
    return [{"id": name, **block} for name, block in found.items() if block]


def _events(judged: Mapping[str, Any], words: Words) -> Block:
    found = judged.get("events")
    if not found:
        return {}
    tables = []
    for number_of, (title, part) in enumerate(found["budgets"].items()):
        columns = [(m.title, m.name, False) for m in SHOWN_EVENT_METRICS]
        tables.append(scorers(title, columns, part["models"], words, number_of == 0))
        tables.append(scorers(f"Model minus each other scorer: {title}",
                               [(t, n, True) for t, n, _ in columns], part["differences"], words,
                               False))  # fmt: skip
    return {
        "heading": "Event by event: alarms, lead time and what they cost",
        "sentences": event_sentences(found, words),
        "tables": tables,
    }


def event_sentences(found: Mapping[str, Any], words: Words) -> list[str]:
    """What the alarms do at the main budget, beside persistence, and how they are counted."""
    hours = f"{found['horizon_hours']:g}"
    main = found["budgets"][BUDGETS[0].title]
    said = [
        _event_sentence(main["models"][name], who, hours, found["events"])
        for name, who in ((MAIN_MODEL, "the model"), (FIRST_BASELINE, f"{words.known} alone"))
        if name in main["models"]
    ]
    gap = main["differences"].get(FIRST_BASELINE)
    if gap is not None and gap["found"]["value"] is not None:
        said.append(f"Difference in events found: {_gap(gap['found'])}.")
    lost = found.get("patients_without_warning", 0)
    said.append(
        f"An event is one onset with a judged row in the {found['early_hours']:g} hours before it; "
        f"{counted(lost, 'patient')} had none before their onset and no alarm could find them. "
        f"After an alarm the same patient raises none for {found['silent_hours']:g} hours. "
        "Thresholds are set on all patients and held in the resamples; lead times are as coarse "
        "as the step between rows."
    )
    return said


def _event_sentence(figures: Mapping[str, Any], who: str, hours: str, events: int) -> str:
    share, lead, cost = figures["found"], figures["lead_median"], figures["alarms_per_found"]
    if share["value"] is None:
        return f"{BUDGETS[0].title}: nothing can be said of {who}: {share['reason']}."
    said = f"At {BUDGETS[0].title} {who} finds {per_cent(share)} of the {events:,} events in the "
    said += f"{hours} hours before them"
    if lead["value"] is not None:
        said += (
            f"; of those warned of at any time in the {EARLY_HOURS:g} hours before, half had "
            f"{lead['value']:.0f} h or more"
        )
    if cost["value"] is not None:
        said += f"; at {cost['value']:.1f} alarms per event found"
    return said + "."


def _gap(figure: Mapping[str, Any]) -> str:
    if figure["low"] is None:
        return f"{number(figure['value'], True)}, {figure['reason']}"
    verdict = (
        "beyond chance" if figure["low"] > 0 or figure["high"] < 0 else "chance may explain it"
    )
    return f"{number(figure['value'], True)}{interval(figure, True)}, {verdict}"


def _groups(judged: Mapping[str, Any]) -> Block:
    found = judged.get("groups")
    if not found:
        return {}
    return {
        "heading": "By product, patient and cover: the model beside persistence",
        "sentences": [COMMON_THRESHOLD],
        "tables": [_group_table(one) for one in found.values()],
    }


def _group_table(stratum: Mapping[str, Any]) -> dict[str, Any]:
    lines = []
    for name, part in stratum["groups"].items():
        counts = part["counts"]
        numbers = [f"{counts['rows']:,}", f"{counts['events']:,}",
                   f"{counts['patients_with_event']:,}"]  # fmt: skip
        cells = [plain(text) for text in numbers]
        if part["reason"] is None:
            cells += [_group_cell(part, scorer, metric) for _, scorer, metric in GROUP_COLUMNS]
        lines.append({"title": name, "main": False, "cells": cells, "reason": part["reason"],
                      "span": len(GROUP_COLUMNS)})  # fmt: skip
    return {
        "title": f"By {stratum['title']}",
        "caption": stratum["meaning"],
        "first": stratum["title"][:1].upper() + stratum["title"][1:],
        "head": ["Rows", "Before an event", "Patients with one", *(t for t, _, _ in GROUP_COLUMNS)],
        "lines": lines,
        "open": False,
    }


def _group_cell(part: Mapping[str, Any], scorer: str, metric: str) -> dict[str, str]:
    if scorer:
        return cell(part["models"].get(scorer, {}).get(metric))
    return cell(part["differences"].get(FIRST_BASELINE, {}).get(metric), signed=True)


def _fairness(judged: Mapping[str, Any]) -> Block:
    sentences = fairness_sentences(judged.get("groups") or {})
    if not sentences:
        return {}
    return {"heading": "Fairness: gaps between groups of patients", "sentences": sentences,
            "tables": []}  # fmt: skip
