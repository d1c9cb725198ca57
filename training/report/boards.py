"""Tables of the report whose lines are scorers, policies or items: text in cells, nothing else."""

from collections.abc import Mapping, Sequence
from typing import Any

from training.judging.rows.metrics import MAIN_MODEL
from training.report.tables import cell
from training.words.names import Words, in_order


def plain(text: str) -> dict[str, str]:
    """A cell of text alone."""
    return {"value": text, "interval": "", "reason": ""}


def scorers(
    title: str,
    columns: Sequence[tuple[str, str, bool]],
    figures: Mapping[str, Mapping[str, Any]],
    words: Words,
    is_open: bool,
) -> dict[str, Any]:
    """Scorers by figures; each of `columns` is a title, a figure and whether it has a sign."""
    lines = [
        line(words.scorer(name), name, [cell(figures[name][key], s) for _, key, s in columns])
        for name in in_order(list(figures))
    ]
    return table(title, "Scorer", [head for head, _, _ in columns], lines, is_open)


def line(title: str, name: str, cells: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """A line of a table; the model's stands out."""
    return {"title": title, "main": name == MAIN_MODEL, "cells": cells, "reason": None}


def table(
    title: str, first: str, head: Sequence[str], lines: Sequence[Mapping[str, Any]], is_open: bool
) -> dict[str, Any]:
    """A table of the page, `first` above its lines' titles; `is_open`: shown at once."""
    return {"title": title, "caption": "", "first": first, "head": head, "lines": lines,
            "open": is_open}  # fmt: skip
