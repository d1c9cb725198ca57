"""Draws scorers beside each other by what they rank: over all rows, and where a patient stands."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from training.judging.rows.resampled import FEWEST_EVENT_PATIENTS
from training.report.figures.canvas import GRID, MUTED, PAPER, new_figure, set_title, titles
from training.report.figures.looks import colour_of, dot_look, legend_below
from training.words.claims import why_unjudged
from training.words.names import THERAPY, Words, in_order, stratum_title
from training.words.sentences import judged_strata

RANKINGS = (("auroc", "AUROC (0.5 = guessing)"), ("auprc", "Average precision"))


def comparison_figure(judged: Mapping[str, Any], outcome: str, words: Words = THERAPY) -> Figure:
    """AUROC and average precision of every scorer with their intervals, one line a scorer."""
    names = in_order(list(judged["models"]))
    figure, panels = new_figure(9.2, 1.6 + 0.34 * len(names), 1, 2, sharey=True)
    for axes, (metric, title) in zip(panels, RANKINGS, strict=True):
        titles(axes, title, "", "")
        for place, name in enumerate(names):
            _whisker(axes, place, judged["models"][name]["metrics"][metric], name)
        axes.set_yticks(range(len(names)), [words.scorer(name) for name in names])
        axes.set_ylim(len(names) - 0.5, -0.5)
        _limit_ranking(axes, metric, [judged["models"][name]["metrics"] for name in names])
    return set_title(figure, f"The model beside simpler ways to foresee {words.name(outcome)}")


def stratum_figure(
    judged: Mapping[str, Any], outcome: str, words: Words = THERAPY, stratum: str = "grade"
) -> Figure:
    """AUROC and average precision within each value of a column, such as today's grade.

    Values without a single judged row are left out.
    """
    parts = dict(judged_strata(judged, stratum))
    values = list(parts)
    names = [name for name in in_order(list(judged["models"])) if name in SHOWN_BY_STRATUM]
    figure, panels = new_figure(9.2, 1.9 + 0.8 * len(values), 1, 2, sharey=True)
    for axes, (metric, title) in zip(panels, RANKINGS, strict=True):
        titles(axes, title, "", "")
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
        panels[0].plot([], [], **dot_look(name), label=words.scorer(name))
    legend_below(figure, panels[0], words)
    return set_title(
        figure, f"Foreseeing {words.name(outcome)} from where the patient stands today"
    )


SHOWN_BY_STRATUM = ("model", "model without grade", "persistence", "last_value_logistic", "crp")


def _why_empty(part: Mapping[str, Any]) -> str:
    patients = part["counts"]["patients_with_event"]
    return (
        "no event"
        if not patients
        else f"too few events ({patients} of {FEWEST_EVENT_PATIENTS} patients)"
    )


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
        axes.plot(
            [figure["low"], figure["high"]], [place, place], color=colour_of(name), linewidth=2
        )
    axes.plot([figure["value"]], [place], **dot_look(name))


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


def _stratum_label(stratum: str, value: str, counts: Mapping[str, int]) -> str:
    numbers = f"{counts['rows']:,} rows, {counts['events']:,} before an event"
    return f"{stratum_title(stratum, value)}\n{numbers}"
