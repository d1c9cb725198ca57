"""Draws the curves of one outcome: discrimination, calibration, net benefit."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from training.judging.rows.metrics import FIRST_BASELINE, MAIN_MODEL
from training.report.figures.canvas import INK, MUTED, PAPER, PERCENT, new_figure, set_title, titles
from training.report.figures.looks import (
    MODEL,
    NICE,
    SQUARE_ROOT,
    empty_figure,
    legend_below,
    line_look,
    tick_risks,
    with_a_line,
)
from training.words.names import THERAPY, Words, in_order


def discrimination_figure(
    judged: Mapping[str, Any], outcome: str, words: Words = THERAPY
) -> Figure:
    """ROC beside precision and recall, for every scorer of one outcome's evaluation."""
    figure, (roc, precision) = new_figure(9.2, 5.0, 1, 2)
    titles(roc, "Caught events against false alarms", "False alarms (share of rows without event)",
            "Caught (share of rows before an event)")  # fmt: skip
    titles(precision, "Right alarms against caught events",
            "Caught (share of rows before an event)", "Right (share of alarms)")  # fmt: skip
    roc.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (2, 3)))
    for name in reversed(with_a_line(judged["models"])):
        curves = judged["models"][name].get("curves") or {}
        if "roc" not in curves:
            continue
        look = line_look(name, words)
        roc.plot(curves["roc"]["false_alarm_rate"], curves["roc"]["sensitivity"], **look)
        found = curves["precision_recall"]
        precision.step(found["sensitivity"], found["precision"], where="pre", **look)
    judged_rows = judged.get("population") or judged["counts"]  # as the curves are
    rate = judged_rows["events"] / judged_rows["rows"]
    precision.axhline(rate, color=MUTED, linewidth=1, linestyle=(0, (2, 3)))
    for axes in (roc, precision):
        axes.set(xlim=(0, 1), ylim=(0, 1.01))
        axes.xaxis.set_major_formatter(PERCENT)
        axes.yaxis.set_major_formatter(PERCENT)
    legend_below(figure, roc, words)
    return set_title(figure, f"How well {words.name(outcome)} is told apart")


def calibration_figure(judged: Mapping[str, Any], outcome: str, words: Words = THERAPY) -> Figure:
    """Observed rate against foretold risk, over the numbers of rows at each risk."""
    curves = judged["models"][MAIN_MODEL].get("curves") or {}
    if "calibration" not in curves:
        reason = judged["models"][MAIN_MODEL]["metrics"]["ici"]["reason"]
        return empty_figure(f"No calibration curve: {reason}")
    found = curves["calibration"]
    figure, (axes, counts) = new_figure(7.2, 6.2, 2, 1, height_ratios=(4, 1), sharex=True)
    groups, smooth = found["groups"], found.get("smooth", {"risk": [], "observed": []})
    edges = np.array(found["histogram"]["edges"])
    right = min(1.0, 1.03 * max(*groups["risk"], *smooth["risk"], edges[-1]))
    top = min(1.0, 1.06 * max([*groups["high"], *smooth["observed"]]))
    axes.set_xscale("function", functions=SQUARE_ROOT)
    axes.set_yscale("function", functions=SQUARE_ROOT)
    tick_risks(axes.xaxis, right)
    tick_risks(axes.yaxis, top)
    titles(axes, "", "", "Observed (share of rows with the event)")
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (2, 3)),
              label="Perfect agreement")  # fmt: skip
    if smooth["risk"]:
        axes.plot(smooth["risk"], smooth["observed"], color=MODEL, linewidth=2,
                  label="Smooth observed rate")  # fmt: skip
    observed = np.array(groups["observed"])
    below = np.maximum(observed - np.array(groups["low"]), 0)
    above = np.maximum(np.array(groups["high"]) - observed, 0)
    axes.errorbar(groups["risk"], observed, yerr=[below, above], fmt="o", color=MODEL,
                  markeredgecolor=PAPER, markersize=7, elinewidth=1.2, clip_on=False,
                  label="Groups of rows, 95 % interval")  # fmt: skip
    counts.bar(edges[:-1], found["histogram"]["rows"], np.diff(edges), align="edge",
               color=MODEL, alpha=0.55)  # fmt: skip
    counts.set_yscale("log")
    titles(counts, "", "Foretold risk", "Rows")
    axes.set(xlim=(0, right), ylim=(0, top))
    legend_below(figure, axes, words)
    return set_title(
        figure, f"When the model says x % risk of {words.name(outcome)}, how often is it so?"
    )


def decision_figure(judged: Mapping[str, Any], outcome: str, words: Words = THERAPY) -> Figure:
    """Net benefit against the threshold, beside acting on all, on none and on each baseline."""
    figure, axes = new_figure(7.6, 5.2)
    titles(axes, "", "Risk above which one would act",
            "Net benefit per 100 rows")  # fmt: skip
    found = {
        name: answer["curves"]["net_benefit"]
        for name in with_a_line(judged["models"])
        for answer in (judged["models"][name],)
        if "net_benefit" in (answer.get("curves") or {})
    }
    if not found:
        return empty_figure("No decision curve: no scorer gives a probability")
    threshold = np.array(next(iter(found.values()))["threshold"])
    on_all = 100 * np.array(next(iter(found.values()))["act_on_all"])
    benefit = {name: 100 * np.array(curve["net_benefit"]) for name, curve in found.items()}
    axes.plot(threshold, on_all, color=MUTED, linewidth=1.2, linestyle=(0, (4, 2)),
              label="Act on all")  # fmt: skip
    axes.axhline(0, color=INK, linewidth=1.2, label="Act on none")
    for name in reversed(in_order(list(found))):
        axes.plot(threshold, benefit[name], **line_look(name, words))
    top = max(on_all[0], *(curve.max() for curve in benefit.values()))
    axes.set(xlim=(0, _last_alarm(threshold, benefit)), ylim=(-0.15 * top, 1.12 * top))
    axes.xaxis.set_major_formatter(PERCENT)
    legend_below(figure, axes, words)
    return set_title(figure, f"Is acting on the risk of {words.name(outcome)} worth it?")


def _last_alarm(threshold: np.ndarray, benefit: Mapping[str, np.ndarray]) -> float:
    """The first round threshold beyond which neither the model nor persistence raises an alarm."""
    shown = [benefit[name] for name in (MAIN_MODEL, FIRST_BASELINE) if name in benefit]
    alarms = np.any([curve != 0 for curve in shown or benefit.values()], axis=0)
    last = threshold[alarms].max(initial=0.0)
    return min((nice for nice in NICE if nice > last), default=0.5) if last < 0.5 else 0.5
