"""Draws what abstaining costs and spares, and what patients came to first."""

from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from training.judging.doubt.competing import DEATH, DISCHARGE
from training.report.figures.canvas import INK, MUTED, PERCENT, new_figure, set_title, titles
from training.report.figures.looks import ANOTHER, COLOURS, MODEL
from training.words.claims import why_unjudged
from training.words.names import Words, outcomes_in_order, words_for

ERRORS = (
    ("scaled_brier", "Scaled Brier score of the rows answered"),
    ("auroc", "AUROC of the rows answered"),
)
CAUSE_COLOURS = {
    "severe_crs": MODEL,
    "infection": COLOURS["crp_rule"],
    DEATH: INK,
    DISCHARGE: ANOTHER,
}


def doubt_figures(evaluation: Mapping[str, Any]) -> dict[str, Figure]:
    """A risk-coverage curve for each outcome that is judged, and the cumulative incidences once."""
    words, judged = words_for(evaluation), evaluation["outcomes"]
    figures = {
        f"{outcome}_abstention": abstention_figure(found["abstention"], outcome, words)
        for outcome, found in judged.items()
        if "abstention" in found and why_unjudged(found) is None
    }
    if evaluation.get("first_events"):
        first = outcomes_in_order(list(judged))[0]
        figures[f"{first}_incidence"] = incidence_figure(evaluation["first_events"], words)
    return figures


def abstention_figure(found: Mapping[str, Any], outcome: str, words: Words) -> Figure:
    """Errors of the rows answered against their share, the working points marked."""
    figure, panels = new_figure(9.2, 4.4, 1, 2)
    for axes, (metric, title) in zip(panels, ERRORS, strict=True):
        titles(axes, title, "Share of rows answered", "")
        points = [p for p in found["curve"] if p[metric] is not None]
        axes.plot([p["coverage"] for p in points], [p[metric] for p in points], color=MODEL,
                  linewidth=2, marker=".", markersize=5)  # fmt: skip
        for limit, name in (
            (found["abstain_limit"], "abstains"),
            (found["caution_limit"], "warns"),
        ):
            _mark(
                axes, [p for p in points if p["limit"] == limit], metric, f"{name} at {limit:.0%}"
            )
        _mark(axes, [p for p in points if not p["guard"]], metric, "no guard")
        axes.xaxis.set_major_formatter(PERCENT)
        axes.margins(0.12)
    return set_title(figure, f"What abstaining spares: {words.name(outcome)}")


def _mark(axes: Axes, points: list[Mapping[str, Any]], metric: str, words: str) -> None:
    for point in points:
        place = (point["coverage"], point[metric])
        axes.plot(*place, marker="o", markersize=8, color=COLOURS["persistence"], linestyle="")
        axes.annotate(words, place, xytext=(-6, 7), textcoords="offset points", ha="right",
                      fontsize=8.5, color=INK)  # fmt: skip


def incidence_figure(found: Mapping[str, Any], words: Words) -> Figure:
    """Cumulative incidence of each first event over the days of the course."""
    figure, axes = new_figure(8.4, 4.4)
    titles(axes, "", "Days since the course began", f"Share of {words.people}")
    curve = found["curve"]
    last = max(curve["day"])
    for name in (name for name in curve if name != "day"):
        title = words.name(name) if name in words_of_outcomes(curve) else name
        axes.step([*curve["day"], last], [*curve[name], curve[name][-1]], where="post",
                  color=CAUSE_COLOURS.get(name, MUTED), linewidth=2, label=title)  # fmt: skip
    axes.yaxis.set_major_formatter(PERCENT)
    axes.set_ylim(0, 1)
    axes.legend(frameon=False, fontsize=9, labelcolor=INK, loc="upper left")
    return set_title(figure, "What came first")


def words_of_outcomes(curve: Mapping[str, Any]) -> set[str]:
    """The causes that are outcomes."""
    return set(curve) - {"day", DEATH, DISCHARGE}
