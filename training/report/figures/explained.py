"""Draws what moved the risks: each analyte's weight, its effect by value, and pairs of analytes."""

from collections.abc import Sequence
from textwrap import fill

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from features.catalogue.naming import name_of, unit_of
from training.report.explained import Explained, title_of
from training.report.figures.canvas import (
    INK,
    LOW_TO_HIGH,
    MUTED,
    new_figure,
    ranks,
    set_title,
    titles,
    value_key,
)
from training.report.figures.contributions import SHOWN_ANALYTES
from training.report.figures.looks import COLOURS, MODEL
from training.words.names import Words

SHOWN_DEPENDENCES = 6
SHOWN_PAIRS = 10
FEWEST_VALUES = 20
WIDEST_SHARE = 0.005
"""The share of values at either end that an axis may leave out, so that a few do not squeeze it."""


def importance_figure(explained: Explained, outcome: str, words: Words) -> Figure:
    """Mean absolute contribution (log-odds) of each analyte; what persistence knows stands out."""
    shown = explained.importance.head(SHOWN_ANALYTES)
    figure, axes = new_figure(7.6, 1.8 + 0.3 * len(shown))
    titles(axes, "", "Mean share in the risk (log-odds, without sign)", "")
    inks = [COLOURS["persistence"] if known else MODEL for known in shown["persistence"]]
    axes.barh(range(len(shown)), shown["mean_absolute"], height=0.66, color=inks)
    axes.set_yticks(range(len(shown)), [title_of(key) for key in shown["analyte"]])
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
    key = [Patch(color=MODEL, label="Only the model knows it"),
           Patch(color=COLOURS["persistence"], label="Persistence knows it, too")]  # fmt: skip
    figure.legend(handles=key, loc="outside lower left", ncols=2, frameon=False, fontsize=9,
                  labelcolor=INK)  # fmt: skip
    return set_title(figure, f"What moves the risk of {words.name(outcome)} most")


def dependence_figure(explained: Explained, outcome: str, words: Words) -> Figure | None:
    """The weightiest analytes' contributions by their last value; None where none has values."""
    keys = dependence_keys(explained)
    if not keys:
        return None
    rows, columns = -(-len(keys) // 3), min(3, len(keys))
    figure, panels = new_figure(3.1 * columns, 0.7 + 2.5 * rows, rows, columns)
    flat = np.atleast_1d(panels).ravel()
    for axes, key in zip(flat, keys, strict=False):
        _dependence(axes, explained, key)
    for axes in flat[len(keys) :]:
        axes.set_axis_off()
    return set_title(figure, f"Which values raise the risk of {words.name(outcome)}")


def dependence_keys(explained: Explained) -> list[str]:
    """The weightiest analytes with enough values to draw, and more than two different ones."""
    values = explained.values
    enough = (values.count() >= FEWEST_VALUES) & (values.nunique() > 2)
    found = [key for key in explained.importance["analyte"] if enough.get(key, False)]
    return found[:SHOWN_DEPENDENCES]


def _dependence(axes: Axes, explained: Explained, key: str) -> None:
    """One analyte: a dot a row, the middle line, and what is given where no value is known."""
    value, share = explained.values[key], explained.contributions[key]
    titles(axes, fill(title_of(key), 26), _unit(key), "Log-odds")
    known = value.notna()
    axes.axhline(0, color=MUTED, linewidth=1)
    axes.scatter(value[known], share[known], s=6, color=MODEL, alpha=0.35, linewidths=0,
                 rasterized=True)  # fmt: skip
    if (~known).any():
        axes.axhline(float(share[~known].mean()), color=MUTED, linewidth=1.2,
                     linestyle=(0, (2, 2)))  # fmt: skip
    low, high = value.quantile([WIDEST_SHARE, 1.0 - WIDEST_SHARE])
    room = 0.04 * (high - low) or 0.5
    axes.set_xlim(low - room, high + room)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.yaxis.set_major_locator(MaxNLocator(5))


def _unit(key: str) -> str:
    """The unit as an axis says it; a count's own name, as UCUM's {score}, is not said."""
    unit = unit_of(key)
    return "" if unit.startswith("{") else "years" if unit == "a" else unit


def interaction_figure(explained: Explained, outcome: str, words: Words) -> Figure | None:
    """The pairs that act together most, beside the strongest pair; None where nothing does."""
    shown = explained.pairs.head(SHOWN_PAIRS)
    shown = shown[shown["strength"] > 0.0]
    if shown.empty:
        return None
    first, second = shown["first"].iloc[0], shown["second"].iloc[0]
    if _different(explained, first) < _different(explained, second):
        first, second = second, first
    drawn = first in explained.values
    figure, panels = new_figure(9.2, 1.6 + 0.3 * len(shown), 1, 2 if drawn else 1)
    bars = np.atleast_1d(panels).ravel()
    titles(bars[0], "Pairs, strongest first", "Mean effect together (log-odds, without sign)", "")
    bars[0].barh(range(len(shown)), shown["strength"], height=0.66, color=MODEL)
    labels = [f"{title_of(a)}\nwith {title_of(b)}" for a, b in _each(shown)]
    bars[0].set_yticks(range(len(shown)), labels, fontsize=8)
    bars[0].set_ylim(len(shown) - 0.4, -0.6)
    bars[0].xaxis.set_major_locator(MaxNLocator(4))
    bars[0].grid(visible=False, axis="y")
    if drawn:
        _together(bars[1], explained, first, second)
        value_key(figure)
    return set_title(figure, f"What acts together on the risk of {words.name(outcome)}")


def _different(explained: Explained, key: str) -> int:
    """How many different values an analyte has: the one with more goes along the axis."""
    return explained.values[key].nunique() if key in explained.values else 0


def _each(pairs: pd.DataFrame) -> Sequence[tuple[str, str]]:
    return list(zip(pairs["first"], pairs["second"], strict=True))


def _together(axes: Axes, explained: Explained, first: str, second: str) -> None:
    here = ~np.isnan(explained.together)
    across = explained.values[first][here]
    other = explained.values[second][here] if second in explained.values else None
    rank = np.full(here.sum(), 0.5) if other is None else np.nan_to_num(ranks(other), nan=0.5)
    titles(axes, fill(f"{title_of(first)}, coloured by {name_of(second)}", 40),
           f"{title_of(first)}, {_unit(first)}".strip(", "), "Effect together")  # fmt: skip
    axes.axhline(0, color=MUTED, linewidth=1)
    axes.scatter(across, explained.together[here], s=14, c=LOW_TO_HIGH(rank), linewidths=0,
                 alpha=0.85, rasterized=True)  # fmt: skip
    axes.xaxis.set_major_locator(MaxNLocator(5))
