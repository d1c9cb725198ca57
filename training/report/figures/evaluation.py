"""Draws figures, and only draws: numbers come in, a `Figure` goes out, nothing global is touched.

Colours are Okabe and Ito's, which colour-blind readers tell apart. Lines and letters use four inks
that the report exchanges for those of a light or a dark page.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator

from models.baselines import PUBLISHED
from training.judging.rows.metrics import FIRST_BASELINE, MAIN_MODEL
from training.judging.rows.resampled import FEWEST_EVENT_PATIENTS
from training.report.figures.canvas import GRID, INK, LOW_TO_HIGH, MUTED, PAPER, PERCENT
from training.report.figures.canvas import new_figure as _figure
from training.report.figures.canvas import ranks as _ranks
from training.report.figures.canvas import set_title as _named
from training.report.figures.canvas import titles as _titles
from training.report.figures.canvas import value_key as _value_key
from training.words.names import THERAPY, Words, in_order, stratum_title, words_for
from training.words.sentences import judged_strata, why_unjudged

MODEL = "#0072b2"
COLOURS = {
    "model": MODEL,
    "model without grade": "#56b4e9",
    "model without trajectories": "#009e73",
    "grade": "#1b9e9e",
    "persistence": "#d55e00",
    "last_value_logistic": "#7a6fb0",
    "crp": "#cc79a7",
    "crp_rule": "#e69f00",
    "fever": "#8a8f98",
    "easix": "#a0522d",
}
ANOTHER = "#8a8f98"
SOLID = "-"
DASHES: Mapping[str, Any] = {
    "model without grade": (0, (5, 1.5)),
    "model without trajectories": (0, (2, 1)),
    "grade": (0, (3, 1, 1, 1)),
    "last_value_logistic": (0, (6, 1.5, 1.5, 1.5)),
    "crp": (0, (1, 1)),
    "crp_rule": (0, (4, 2, 1, 2, 1, 2)),
    "fever": (0, (1, 2.5)),
    "easix": (0, (8, 2)),
}
MARKERS = {
    "model without grade": "s",
    "grade": "P",
    "persistence": "D",
    "last_value_logistic": "^",
    "crp": "v",
}
"""Beside its colour, each scorer has a stroke and some a mark of their own."""
SHOWN_ANALYTES = 15
RANKINGS = (("auroc", "AUROC (0.5 = guessing)"), ("auprc", "Average precision"))
NICE = (0.0, *(m * 10.0**e for e in range(-5, -1) for m in (1, 2, 5)),
        0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0)  # fmt: skip
"""Places for ticks of a risk."""
SQUARE_ROOT = (lambda value: np.sqrt(np.maximum(value, 0)), np.square)
"""A scale that shows small risks, and its inverse."""


def discrimination_figure(
    judged: Mapping[str, Any], outcome: str, words: Words = THERAPY
) -> Figure:
    """ROC beside precision and recall, for every scorer of one outcome's evaluation."""
    figure, (roc, precision) = _figure(9.2, 5.0, 1, 2)
    _titles(roc, "Caught events against false alarms", "False alarms (share of rows without event)",
            "Caught (share of rows before an event)")  # fmt: skip
    _titles(precision, "Right alarms against caught events",
            "Caught (share of rows before an event)", "Right (share of alarms)")  # fmt: skip
    roc.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (2, 3)))
    for name in reversed(_with_a_line(judged["models"])):
        curves = judged["models"][name].get("curves") or {}
        if "roc" not in curves:
            continue
        look = _line_look(name, words)
        roc.plot(curves["roc"]["false_alarm_rate"], curves["roc"]["sensitivity"], **look)
        found = curves["precision_recall"]
        precision.step(found["sensitivity"], found["precision"], where="pre", **look)
    rate = judged["counts"]["events"] / judged["counts"]["rows"]
    precision.axhline(rate, color=MUTED, linewidth=1, linestyle=(0, (2, 3)))
    for axes in (roc, precision):
        axes.set(xlim=(0, 1), ylim=(0, 1.01))
        axes.xaxis.set_major_formatter(PERCENT)
        axes.yaxis.set_major_formatter(PERCENT)
    _legend_below(figure, roc, words)
    return _named(figure, f"How well {words.name(outcome)} is told apart")


def comparison_figure(judged: Mapping[str, Any], outcome: str, words: Words = THERAPY) -> Figure:
    """AUROC and average precision of every scorer with their intervals, one line a scorer."""
    names = in_order(list(judged["models"]))
    figure, panels = _figure(9.2, 1.6 + 0.34 * len(names), 1, 2, sharey=True)
    for axes, (metric, title) in zip(panels, RANKINGS, strict=True):
        _titles(axes, title, "", "")
        for place, name in enumerate(names):
            _whisker(axes, place, judged["models"][name]["metrics"][metric], name)
        axes.set_yticks(range(len(names)), [words.scorer(name) for name in names])
        axes.set_ylim(len(names) - 0.5, -0.5)
        _limit_ranking(axes, metric, [judged["models"][name]["metrics"] for name in names])
    return _named(figure, f"The model beside simpler ways to foresee {words.name(outcome)}")


def calibration_figure(judged: Mapping[str, Any], outcome: str, words: Words = THERAPY) -> Figure:
    """Observed rate against foretold risk, over the numbers of rows at each risk."""
    curves = judged["models"][MAIN_MODEL].get("curves") or {}
    if "calibration" not in curves:
        reason = judged["models"][MAIN_MODEL]["metrics"]["ici"]["reason"]
        return _empty_figure(f"No calibration curve: {reason}")
    found = curves["calibration"]
    figure, (axes, counts) = _figure(7.2, 6.2, 2, 1, height_ratios=(4, 1), sharex=True)
    groups, smooth = found["groups"], found.get("smooth", {"risk": [], "observed": []})
    edges = np.array(found["histogram"]["edges"])
    right = min(1.0, 1.03 * max(*groups["risk"], *smooth["risk"], edges[-1]))
    top = min(1.0, 1.06 * max([*groups["high"], *smooth["observed"]]))
    axes.set_xscale("function", functions=SQUARE_ROOT)
    axes.set_yscale("function", functions=SQUARE_ROOT)
    tick_risks(axes.xaxis, right)
    tick_risks(axes.yaxis, top)
    _titles(axes, "", "", "Observed (share of rows with the event)")
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
    _titles(counts, "", "Foretold risk", "Rows")
    axes.set(xlim=(0, right), ylim=(0, top))
    _legend_below(figure, axes, words)
    return _named(
        figure, f"When the model says x % risk of {words.name(outcome)}, how often is it so?"
    )


def decision_figure(judged: Mapping[str, Any], outcome: str, words: Words = THERAPY) -> Figure:
    """Net benefit against the threshold, beside acting on all, on none and on each baseline."""
    figure, axes = _figure(7.6, 4.6)
    _titles(axes, "", "Risk above which one would act",
            "Net benefit per 100 rows")  # fmt: skip
    found = {
        name: answer["curves"]["net_benefit"]
        for name in _with_a_line(judged["models"])
        for answer in (judged["models"][name],)
        if "net_benefit" in (answer.get("curves") or {})
    }
    if not found:
        return _empty_figure("No decision curve: no scorer gives a probability")
    threshold = np.array(next(iter(found.values()))["threshold"])
    on_all = 100 * np.array(next(iter(found.values()))["act_on_all"])
    benefit = {name: 100 * np.array(curve["net_benefit"]) for name, curve in found.items()}
    axes.plot(threshold, on_all, color=MUTED, linewidth=1.2, linestyle=(0, (4, 2)),
              label="Act on all")  # fmt: skip
    axes.axhline(0, color=INK, linewidth=1.2, label="Act on none")
    for name in reversed(in_order(list(found))):
        axes.plot(threshold, benefit[name], **_line_look(name, words))
    top = max(on_all[0], *(curve.max() for curve in benefit.values()))
    axes.set(xlim=(0, _last_alarm(threshold, benefit)), ylim=(-0.15 * top, 1.12 * top))
    axes.xaxis.set_major_formatter(PERCENT)
    _legend_below(figure, axes, words)
    return _named(figure, f"Is acting on the risk of {words.name(outcome)} worth it?")


def _last_alarm(threshold: np.ndarray, benefit: Mapping[str, np.ndarray]) -> float:
    """The first round threshold beyond which neither the model nor persistence raises an alarm."""
    shown = [benefit[name] for name in (MAIN_MODEL, FIRST_BASELINE) if name in benefit]
    alarms = np.any([curve != 0 for curve in shown or benefit.values()], axis=0)
    last = threshold[alarms].max(initial=0.0)
    return min((nice for nice in NICE if nice > last), default=0.5) if last < 0.5 else 0.5


def stratum_figure(
    judged: Mapping[str, Any], outcome: str, words: Words = THERAPY, stratum: str = "grade"
) -> Figure:
    """AUROC and average precision within each value of a column, such as today's grade.

    Values without a single judged row are left out.
    """
    parts = dict(judged_strata(judged, stratum))
    values = list(parts)
    names = [name for name in in_order(list(judged["models"])) if name in _SHOWN_BY_STRATUM]
    figure, panels = _figure(9.2, 1.9 + 0.8 * len(values), 1, 2, sharey=True)
    for axes, (metric, title) in zip(panels, RANKINGS, strict=True):
        _titles(axes, title, "", "")
        shown = []
        for place, value in enumerate(values):
            if place % 2:
                axes.axhspan(place - 0.5, place + 0.5, color=GRID, alpha=0.45, linewidth=0)
            if why_unjudged(parts[value]) is not None:
                _annotate(axes, place, _why_empty(parts[value]))
                continue
            figures = {name: parts[value]["models"][name]["metrics"] for name in names}
            shown += list(figures.values())
            _whiskers(axes, place, {name: each[metric] for name, each in figures.items()})
        axes.set_ylim(len(values) - 0.5, -0.5)
        _limit_ranking(axes, metric, shown)
    labels = [_stratum_label(stratum, value, parts[value]["counts"]) for value in values]
    panels[0].set_yticks(range(len(values)), labels)
    for name in names:
        panels[0].plot([], [], **_dot_look(name), label=words.scorer(name))
    _legend_below(figure, panels[0], words)
    return _named(figure, f"Foreseeing {words.name(outcome)} from where the patient stands today")


_SHOWN_BY_STRATUM = ("model", "model without grade", "persistence", "last_value_logistic", "crp")


def _why_empty(part: Mapping[str, Any]) -> str:
    patients = part["counts"]["patients_with_event"]
    return (
        "no event"
        if not patients
        else f"too few events ({patients} of {FEWEST_EVENT_PATIENTS} patients)"
    )


def contribution_figure(
    contributions: pd.DataFrame,
    values: pd.DataFrame | None,
    outcome: str,
    words: Words = THERAPY,
) -> Figure:
    """Each row's contribution per analyte as a swarm of dots, coloured by the analyte's value.

    `contributions` is rows by analytes in log-odds; `values` holds the last values under the same
    names (NaN = missing, drawn grey), or is None.
    """
    order = contributions.abs().mean().sort_values(ascending=False).head(SHOWN_ANALYTES).index
    figure, axes = _figure(8.4, 1.6 + 0.36 * len(order))
    _titles(axes, "", "Share in the risk (log-odds): left lowers it, right raises it", "")
    for place, name in enumerate(order):
        share = contributions[name].to_numpy(dtype=float)
        rank = _ranks(values[name]) if values is not None and name in values else None
        rank = np.full(len(share), np.nan) if rank is None else rank
        colour = LOW_TO_HIGH(np.where(np.isnan(rank), 0.5, rank))
        axes.scatter(share, place + _spread(share), s=7, c=colour, alpha=0.75, linewidths=0,
                     rasterized=True)  # fmt: skip
    axes.axvline(0, color=MUTED, linewidth=1)
    axes.set_yticks(range(len(order)), [str(name) for name in order])
    axes.set_ylim(len(order) - 0.4, -0.6)
    axes.xaxis.set_major_locator(MaxNLocator(7))
    if values is not None:
        _value_key(figure)
    return _named(figure, f"How each analyte's value moves the risk of {words.name(outcome)}")


def evaluation_figures(evaluation: Mapping[str, Any]) -> dict[str, Figure]:
    """Every figure that an evaluation alone can give, by `<outcome>_<figure>`.

    None for an outcome with no event, or too few: an empty or a chance picture says less than a
    sentence.
    """
    words = words_for(evaluation)
    figures = {}
    for outcome, judged in evaluation["outcomes"].items():
        if why_unjudged(judged) is not None:
            continue
        figures[f"{outcome}_comparison"] = comparison_figure(judged, outcome, words)
        if words.graded and judged_strata(judged):
            figures[f"{outcome}_by_grade"] = stratum_figure(judged, outcome, words)
        figures[f"{outcome}_discrimination"] = discrimination_figure(judged, outcome, words)
        figures[f"{outcome}_calibration"] = calibration_figure(judged, outcome, words)
        figures[f"{outcome}_decision"] = decision_figure(judged, outcome, words)
    return figures


# Pieces ---------------------------------------------------------------------------------------


def _colour(name: str) -> str:
    return COLOURS.get(name, ANOTHER)


def _with_a_line(scorers: Mapping[str, Any]) -> list[str]:
    """Scorers in order without the published scores: a dozen grey lines would hide the others.

    These stand in the comparison and in the tables.
    """
    published = {row.name for row in PUBLISHED} | {"four_signs"}
    return [name for name in in_order(list(scorers)) if name not in published]


def _line_look(name: str, words: Words) -> dict[str, Any]:
    main = name in (MAIN_MODEL, FIRST_BASELINE)
    return {
        "color": _colour(name),
        "linestyle": DASHES.get(name, SOLID),
        "linewidth": 2.4 if name == MAIN_MODEL else 1.8 if main else 1.3,
        "alpha": 1.0 if main else 0.9,
        "label": words.scorer(name),
    }


def _dot_look(name: str) -> dict[str, Any]:
    mark = MARKERS.get(name, "o")
    return {"marker": mark, "markersize": 7, "linestyle": "", "color": _colour(name)}


def _whiskers(axes: Axes, place: float, figures: Mapping[str, Mapping[str, Any]]) -> None:
    """Several scorers' figures one below the other around `place`."""
    step = 0.8 / len(figures)
    for line, (name, figure) in enumerate(figures.items()):
        _whisker(axes, place + (line - (len(figures) - 1) / 2) * step, figure, name)


def _whisker(axes: Axes, place: float, figure: Mapping[str, Any], name: str) -> None:
    """A figure's estimate as a mark, its interval as a line; words where it has none."""
    if figure["value"] is None or figure["low"] is None:
        _annotate(axes, place, "not defined" if figure["value"] is None else "no interval")
    if figure["value"] is None:
        return
    if figure["low"] is not None:
        axes.plot([figure["low"], figure["high"]], [place, place], color=_colour(name), linewidth=2)
    axes.plot([figure["value"]], [place], **_dot_look(name))


def _annotate(axes: Axes, place: float, words: str) -> None:
    axes.annotate(words, (0.02, place), xycoords=("axes fraction", "data"), va="center",
                  fontsize=8, color=MUTED,
                  bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 1.5})  # fmt: skip


def _limit_ranking(axes: Axes, metric: str, shown: Sequence[Mapping[str, Any]]) -> None:
    """Limits by the scorers' figures `shown`, with guessing always in sight."""
    ends = [each[metric][end] for each in shown for end in ("value", "low", "high")]
    known = [end for end in ends if end is not None]
    if metric == "auroc":
        axes.set_xlim(max(0.0, min([0.5, *known]) - 0.04), 1.01)
        axes.axvline(0.5, color=MUTED, linewidth=1, linestyle=(0, (2, 3)))
    else:
        axes.set_xlim(0.0, min(1.01, 1.08 * max([0.01, *known])))
    axes.xaxis.set_major_locator(MaxNLocator(5))


def tick_risks(axis: Axis, limit: float) -> None:
    """Ticks of a square-root scale at round places that do not crowd."""
    ticks, apart = [0.0], 0.11 * np.sqrt(limit)
    for place in reversed([nice for nice in NICE if apart**2 <= nice <= limit]):
        if len(ticks) == 1 or np.sqrt(ticks[-1]) - np.sqrt(place) >= apart:
            ticks.append(place)
    axis.set_major_locator(FixedLocator(ticks))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(PERCENT)


def _stratum_label(stratum: str, value: str, counts: Mapping[str, int]) -> str:
    numbers = f"{counts['rows']:,} rows, {counts['events']:,} before an event"
    return f"{stratum_title(stratum, value)}\n{numbers}"


def _legend_below(figure: Figure, axes: Axes, words: Words) -> None:
    lines, labels = axes.get_legend_handles_labels()
    titles = [words.scorer(name) for name in COLOURS]
    order = sorted(
        range(len(labels)),
        key=lambda i: titles.index(labels[i]) if labels[i] in titles else len(titles),
    )
    figure.legend([lines[i] for i in order], [labels[i] for i in order], loc="outside lower left",
                  ncols=3, frameon=False, fontsize=9, labelcolor=INK, handlelength=2.6)  # fmt: skip


def _spread(share: np.ndarray) -> np.ndarray:
    """How far each dot steps aside, so that crowded places look thick."""
    if not len(share) or np.ptp(share) == 0:
        return np.zeros(len(share))
    counts, edges = np.histogram(share, bins=60)
    where = np.clip(np.digitize(share, edges) - 1, 0, len(counts) - 1)
    width = 0.38 * np.sqrt(counts[where] / counts.max())
    # a fixed low-discrepancy step (golden ratio): deterministic, no two neighbours alike
    step = (np.arange(len(share)) * 0.6180339887) % 1.0
    aside: np.ndarray = (2 * step - 1) * width
    return aside


def _empty_figure(words: str) -> Figure:
    """A figure that says why there is nothing to draw."""
    figure, axes = _figure(7.6, 1.2)
    axes.set_axis_off()
    axes.text(0, 0.5, words, color=MUTED, fontsize=10.5, va="center")
    return figure
