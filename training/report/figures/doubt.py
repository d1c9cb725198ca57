"""Draws what abstaining costs and spares, and what patients came to first."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from matplotlib.figure import Figure

from training.judging.doubt.competing import DEATH, DISCHARGE
from training.report.figures.canvas import INK, MUTED, PERCENT, new_figure, set_title, titles
from training.report.figures.looks import ANOTHER, COLOURS, MODEL
from training.words.claims import why_unjudged
from training.words.names import Words, outcomes_in_order, words_for

Which = Callable[[Mapping[str, Any]], bool]
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
        for look, label, here in _working_points(found):
            axes.plot([p["coverage"] for p in points if here(p)],
                      [p[metric] for p in points if here(p)],
                      linestyle="", color=COLOURS["persistence"], label=label, **look)  # fmt: skip
        axes.xaxis.set_major_formatter(PERCENT)
        axes.margins(0.12)
    key = panels[0].get_legend_handles_labels()
    figure.legend(*key, loc="outside lower left", ncols=3, frameon=False, fontsize=9,
                  labelcolor=INK)  # fmt: skip
    return set_title(figure, f"What abstaining spares: {words.name(outcome)}")


RING: Mapping[str, Any] = {"marker": "o", "markersize": 15, "markerfacecolor": "none"}
SQUARE: Mapping[str, Any] = {"marker": "s", "markersize": 8.5, "markerfacecolor": "none"}
DOT: Mapping[str, Any] = {"marker": "o", "markersize": 5}
"""Marks that are told apart also where they lie upon each other."""


def _working_points(found: Mapping[str, Any]) -> list[tuple[Mapping[str, Any], str, Which]]:
    """How each point in use is marked, what it is called, and which of the curve it is."""
    limits = {"abstains": (RING, found["abstain_limit"]), "warns": (SQUARE, found["caution_limit"])}
    marked: list[tuple[Mapping[str, Any], str, Which]] = [
        (look, f"guard {does} at {limit:.0%}", partial(_is_at, limit))
        for does, (look, limit) in limits.items()
    ]
    return [*marked, (DOT, "no guard", lambda point: not point["guard"])]


def _is_at(limit: float, point: Mapping[str, Any]) -> bool:
    return bool(point["limit"] == limit)


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
