"""Transport as files: everything in JSON, one line a figure in CSV, a page in Markdown."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from training.folders import write_csv
from training.judging.rows.metrics import FIRST_BASELINE, MAIN_MODEL, METRICS
from training.transport.held_out import SAW_IT
from training.words.rounding import interval, number

SHOWN = ("auroc", "auprc", "calibration_slope", "calibration_intercept", "observed_to_expected")
TITLES = {metric.name: metric.title for metric in METRICS}
SCORERS = {
    MAIN_MODEL: "without the group",
    SAW_IT: "saw the group",
    FIRST_BASELINE: "persistence, without the group",
}
READ_SO = """\
Each model learnt without one {by} and is judged on it. Estimates with 95 % intervals over resampled
patients of the group; after recalibration the median over draws with their 5th and 95th percentile,
on the patients of the group who were not drawn.
"""
MISSING = "–"


def write_transport(found: Mapping[str, Any], out: Path) -> tuple[Path, ...]:
    """Write transport.json, transport.csv and transport.md below `out`; the paths written."""
    out.mkdir(parents=True, exist_ok=True)
    paths = tuple(out / f"transport.{ending}" for ending in ("json", "csv", "md"))
    text = json.dumps(found, indent=1, ensure_ascii=False, allow_nan=False)
    paths[0].write_text(text + "\n", encoding="utf-8")
    write_csv(figure_lines(found), paths[1], index=False)
    paths[2].write_text(page(found), encoding="utf-8")
    return paths


def figure_lines(found: Mapping[str, Any]) -> pd.DataFrame:
    """One line a figure: `outcome`, `group`, `scorer`, `figure`, `value`, `low`, `high`, `reason`.

    `scorer` also names differences (`without minus saw the group`, `without minus persistence`) and
    recalibration (`before`, `after`).
    """
    columns = ["outcome", "group", "scorer", "figure", "value", "low", "high", "reason"]
    return pd.DataFrame(_lines(found), columns=columns)


def _lines(found: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for outcome, group, judged in _judged(found):
        place = {"outcome": outcome, "group": group}
        if judged["reason"]:
            yield place | {"reason": judged["reason"]}
            continue
        for scorer, figures in _by_scorer(judged).items():
            for name in SHOWN:
                if name in figures:
                    yield place | {"scorer": scorer, "figure": name} | figures[name]


def _judged(found: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for outcome, groups in found["outcomes"].items():
        for group, judged in groups.items():
            yield outcome, group, judged


def _by_scorer(judged: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    by_scorer = {SCORERS[name]: judged["models"][name]["metrics"] for name in SCORERS}
    by_scorer["without minus saw the group"] = judged["differences"][SAW_IT]
    by_scorer["without minus persistence"] = judged["differences"][FIRST_BASELINE]
    mended = judged["repair"]
    if not mended["reason"]:
        few = f"{mended['patients']} patients"
        by_scorer[f"before recalibration on {few}"] = mended["before"]
        by_scorer[f"recalibrated on {few}"] = mended["after"]
    return by_scorer


def page(found: Mapping[str, Any]) -> str:
    """The Markdown page: a table an outcome, and what each group could not be asked."""
    by = found["by"].replace("_", " ")
    parts = [
        f"# Transport: a model that never saw the {by}\n",
        READ_SO.format(by=by),
    ]
    if found.get("virtual"):
        parts.append("**Virtual patients: the figures say nothing about real ones.**\n")
    for outcome, groups in found["outcomes"].items():
        parts.append(f"## {outcome}\n")
        parts += [_group(name, found["patients"][name], judged) for name, judged in groups.items()]
    return "\n".join(parts)


def _group(name: str, patients: int, judged: Mapping[str, Any]) -> str:
    title = f"### {name}: {patients} patients\n\n"
    if judged["reason"]:
        return title + f"{judged['reason'][:1].upper()}{judged['reason'][1:]}.\n"
    counts = judged["counts"]
    told = f"{counts['rows']} rows judged, {counts['events']} before an event, in "
    told += f"{counts['patients_with_event']} patients.\n"
    if judged["repair"]["reason"]:
        told += f"\nNot recalibrated: {judged['repair']['reason']}.\n"
    head = f"| scorer | {' | '.join(TITLES[figure] for figure in SHOWN)} |\n"
    rule = "|---" * (1 + len(SHOWN)) + "|\n"
    lines = [
        f"| {scorer} | {' | '.join(_cell(figures.get(figure)) for figure in SHOWN)} |\n"
        for scorer, figures in _by_scorer(judged).items()
    ]
    return title + told + "\n" + head + rule + "".join(lines)


def _cell(figure: Mapping[str, Any] | None) -> str:
    if figure is None or figure["value"] is None:
        return MISSING
    return f"{number(figure['value'])}{interval(figure)}"
