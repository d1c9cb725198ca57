"""How scorers look in every figure: colours, strokes, marks, scales of risk, the key.

Colours are Okabe and Ito's, which colour-blind readers tell apart.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from models.baselines import PUBLISHED
from training.judging.rows.metrics import FIRST_BASELINE, MAIN_MODEL
from training.report.figures.canvas import INK, MUTED, PERCENT, new_figure
from training.words.names import Words, in_order

MODEL = "#0072b2"
COLOURS = {
    "model": MODEL,
    "model without grade": "#56b4e9",
    "model without trajectories": "#009e73",
    "model without monotone signs": "#b79f00",
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
    "model without monotone signs": (0, (1, 1, 4, 1)),
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
NICE = (0.0, *(m * 10.0**e for e in range(-5, -1) for m in (1, 2, 5)),
        0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0)  # fmt: skip
"""Places for ticks of a risk."""
SQUARE_ROOT = (lambda value: np.sqrt(np.maximum(value, 0)), np.square)
"""A scale that shows small risks, and its inverse."""


def colour_of(name: str) -> str:
    """A scorer's colour in every figure."""
    return COLOURS.get(name, ANOTHER)


def with_a_line(scorers: Mapping[str, Any]) -> list[str]:
    """Scorers in order without the published scores: a dozen grey lines would hide the others.

    These stand in the comparison and in the tables.
    """
    published = {row.name for row in PUBLISHED} | {"four_signs"}
    return [name for name in in_order(list(scorers)) if name not in published]


def line_look(name: str, words: Words) -> dict[str, Any]:
    """A scorer's colour, stroke and title, as `plot` takes them; the main ones stand out."""
    main = name in (MAIN_MODEL, FIRST_BASELINE)
    return {
        "color": colour_of(name),
        "linestyle": DASHES.get(name, SOLID),
        "linewidth": 2.4 if name == MAIN_MODEL else 1.8 if main else 1.3,
        "alpha": 1.0 if main else 0.9,
        "label": words.scorer(name),
    }


def dot_look(name: str) -> dict[str, Any]:
    """A scorer's mark and colour, as `plot` takes them."""
    mark = MARKERS.get(name, "o")
    return {"marker": mark, "markersize": 7, "linestyle": "", "color": colour_of(name)}


def tick_risks(axis: Axis, limit: float) -> None:
    """Ticks of a square-root scale at round places that do not crowd."""
    ticks, apart = [0.0], 0.11 * np.sqrt(limit)
    for place in reversed([nice for nice in NICE if apart**2 <= nice <= limit]):
        if len(ticks) == 1 or np.sqrt(ticks[-1]) - np.sqrt(place) >= apart:
            ticks.append(place)
    axis.set_major_locator(FixedLocator(ticks))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(PERCENT)


INCHES_A_TITLE = 3.0
"""The room of the longest scorer's title in the key, its stroke with it."""


def legend_below(figure: Figure, axes: Axes, words: Words) -> None:
    """The key of the scorers below the panels, in the order of `COLOURS`, none cut at the edge."""
    lines, labels = axes.get_legend_handles_labels()
    titles = [words.scorer(name) for name in COLOURS]
    order = sorted(
        range(len(labels)),
        key=lambda i: titles.index(labels[i]) if labels[i] in titles else len(titles),
    )
    figure.legend([lines[i] for i in order], [labels[i] for i in order], loc="outside lower left",
                  ncols=int(figure.get_figwidth() // INCHES_A_TITLE), frameon=False, fontsize=9,
                  labelcolor=INK, handlelength=2.6)  # fmt: skip


def empty_figure(words: str) -> Figure:
    """A figure that says why there is nothing to draw."""
    figure, axes = new_figure(7.6, 1.2)
    axes.set_axis_off()
    axes.text(0, 0.5, words, color=MUTED, fontsize=10.5, va="center")
    return figure
