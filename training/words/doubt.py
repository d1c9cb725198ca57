"""The report's part on doubt as lines of text: intervals, abstention, competing events."""

from collections.abc import Mapping
from typing import Any

from models.prediction import Verdict
from training.judging.doubt.abstention import CAUSES
from training.judging.doubt.competing import DEATH, DISCHARGE
from training.words.names import Words
from training.words.rounding import SPACE, number, share

VERDICTS = {
    Verdict.ANSWER: "answered",
    Verdict.CAUTION: "answered with caution",
    Verdict.ABSTAIN: "abstained (shown to nobody)",
}
EVENTS = {DEATH: "Death", DISCHARGE: "Discharge", "other": "The other outcome"}
NOTHING = "–"


def doubt_section(
    judged: Mapping[str, Any], first_events: Mapping[str, Any] | None, words: Words
) -> dict[str, Any] | None:
    """What the template shows of one outcome; None where the evaluation does not tell it."""
    if "interval" not in judged:
        return None
    return {
        "promise": judged["interval"]["promise"],
        "kept": coverage_sentence(judged["interval"]),
        "bands": [_band(group) for group in judged["interval"]["groups"]],
        "abstained": abstention_sentence(judged["abstention"]),
        "verdicts": [
            {"title": VERDICTS[Verdict(name)], **_cells(found)}
            for name, found in judged["abstention"]["verdicts"].items()
        ],
        "causes": [
            (CAUSES[cause], judged["abstention"]["causes"][cause])
            for cause in CAUSES
            if judged["abstention"]["causes"][cause]["rows"]
        ],
        "rules": judged["competing"]["rows"],
        "titles": EVENTS,
        "sensitivity": [
            {
                "rule": line["rule"],
                "rows": line["rows"],
                "events": line["events"],
                "cells": [_number(line[name]) for name in SENSITIVITY],
            }
            for line in judged["competing"]["sensitivity"]
        ],
        "first": _first(first_events, words) if first_events else None,
    }


def doubt_lines(judged: Mapping[str, Any]) -> list[str]:
    """The interval's promise and whether it was kept, and what abstaining cost; for a card."""
    if "interval" not in judged:
        return []
    found = judged["interval"]
    promised = f"{100 * found['level']:g}{SPACE}% interval: {found['promise']}"
    return [
        f"{promised} {coverage_sentence(found)}\n",
        abstention_sentence(judged["abstention"]) + "\n",
    ]


SENSITIVITY = ("auroc", "auprc", "brier", "observed_to_expected")


def coverage_sentence(found: Mapping[str, Any]) -> str:
    """Whether an evaluation's `interval` kept its promise."""
    counted, within = found["bands_counted"], found["bands_within"]
    if not counted:
        return "Too few events are foretold in every band: nothing can be said of its coverage."
    rows = f", which hold {share(found['rows_within'])}{SPACE}% of their rows"
    return (
        f"In {within} of {counted} bands of risk that foretell an event or more, the observed rate "
        f"lies within the mean interval{rows}."
    )


def _band(group: Mapping[str, Any]) -> dict[str, Any]:
    within = {True: "yes", False: "no", None: NOTHING}[group["within"]]
    return {
        "title": f"{_risk(group['from'])} to {_risk(group['below'])}",
        "rows": group["rows"],
        "events": group["events"],
        "foretold": _risk(group["foretold"]),
        "interval": f"{_risk(group['low'])} to {_risk(group['high'])}",
        "observed": _risk(group["observed"]),
        "chance": f"{_risk(group['chance_low'])} to {_risk(group['chance_high'])}",
        "within": within,
    }


def abstention_sentence(found: Mapping[str, Any]) -> str:
    """How often an evaluation's `abstention` was none of the model's answers, at what price."""
    gone, kept = found["verdicts"][Verdict.ABSTAIN], found["answered"]
    rows, events = gone["rows"] + kept["rows"], gone["events"] + kept["events"]
    if not rows:
        return "No row is judged."
    return (
        f"The guard abstains from {gone['rows']:,} of {rows:,} judged rows "
        f"({share(gone['rows'] / rows)}{SPACE}%); {gone['events']:,} of the {events:,} rows before "
        "an event lie among them, for which the model raises no alarm."
    )


def _cells(found: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "rows": found["rows"],
        "events": found["events"],
        "coverage": _risk(found["coverage"]),
        "foretold": _risk(found["foretold"]),
        "observed": _risk(found["observed"]),
        "errors": [_number(found[name]) for name in ("brier", "scaled_brier", "log_loss", "auroc")],
    }


def _first(found: Mapping[str, Any], words: Words) -> dict[str, Any]:
    causes = list(found["first"])
    return {
        "people": words.people,
        "patients": found["patients"],
        "records_end": found["records_end"],
        "causes": [
            (EVENTS.get(name) or words.title(name), found["first"][name]) for name in causes
        ],
        "days": [
            {"day": line["day"], "cells": [_risk(line[name]) for name in causes]}
            for line in found["by_day"]
        ],
    }


def _risk(value: float | None) -> str:
    return NOTHING if value is None else f"{share(value)}{SPACE}%"


def _number(value: float | None) -> str:
    return NOTHING if value is None else number(value)
