"""The report's section on adapting: its two tables in cells."""

from collections.abc import Mapping
from typing import Any

from training.adaptation.curve import ADAPTED
from training.adaptation.figures import OPPONENTS
from training.adaptation.words import OPPONENT_TITLES
from training.report.tables import cell

FIGURE = "auprc"
"""The figure of the learning curve that the page shows; metrics.json holds AUROC and log loss."""


def adaptation_section(told: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """One outcome's section, None where nothing was adapted."""
    if told is None:
        return None
    return {
        "sentences": told["sentences"],
        "repeats": told["repeats"],
        "choice": [_choice_line(one, told) for one in told["candidates"]],
        "columns": _columns(),
        "curve": [_curve_line(entry) for entry in told["learning_curve"]],
    }


def _choice_line(candidate: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
    numbers = {key: f"{candidate[key]:.4f}" for key in ("loss", "more", "standard_error")}
    way = candidate["way"]
    return {
        "way": way,
        "meaning": told["meanings"][way],
        "chosen": way == told["chosen"],
        **numbers,
    }


def _columns() -> list[str]:
    names = ["the adapted model", *(OPPONENT_TITLES[name] for name in OPPONENTS)]
    gaps = [f"Difference to {OPPONENT_TITLES[name]}" for name in OPPONENTS]
    return [f"Average precision of {name}" for name in names] + gaps


def _curve_line(entry: Mapping[str, Any]) -> dict[str, Any]:
    models, gaps = entry["models"], entry["differences"]
    shown = [_figure(models, name) for name in (ADAPTED, *OPPONENTS)]
    apart = [_figure(gaps, name) for name in OPPONENTS]
    ways = ", ".join(f"{way} ({count})" for way, count in entry["chosen"].items())
    return {
        "patients": entry["patients"],
        "cells": [
            *(cell(one | {"low": None, "high": None}) for one in shown),
            *(cell(one, True) for one in apart),
        ],
        "ways": ways,
    }


def _figure(found: Mapping[str, Any], name: str) -> dict[str, Any]:
    missing = {"value": None, "low": None, "high": None}
    return {"reason": "not defined"} | found.get(name, {}).get(FIGURE, missing)
