"""The sheet that every figure is drawn on: its inks, its title, its axes, its key of colours.

Lines and letters use four inks that the report exchanges for those of a light or a dark page.
"""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter

INK, MUTED, GRID, PAPER = "#1b2733", "#5c6b7a", "#dfe5eb", "#fefefe"
LOW_TO_HIGH = LinearSegmentedColormap.from_list("low_to_high", ["#56b4e9", "#b9c0c8", "#d55e00"])
PERCENT = FuncFormatter(lambda value, _: f"{round(100 * value, 6):g}%")


def new_figure(width: float, height: float, rows: int = 1, columns: int = 1, **shape: Any) -> Any:
    """A transparent figure in inches with its panels in our look."""
    figure = Figure(figsize=(width, height), layout="constrained", facecolor="none")
    shares = {"sharex": shape.pop("sharex", False), "sharey": shape.pop("sharey", False)}
    panels = figure.subplots(rows, columns, gridspec_kw=shape or None, **shares)
    for axes in np.atleast_1d(panels).ravel():
        axes.set_facecolor("none")
        axes.grid(color=GRID, linewidth=0.8)
        axes.set_axisbelow(True)
        axes.tick_params(colors=MUTED, labelcolor=INK, labelsize=9.5, length=0)
        for side, spine in axes.spines.items():
            spine.set_visible(side == "bottom")
            spine.set_color(MUTED)
    return figure, panels


def set_title(figure: Figure, title: str) -> Figure:
    """Give the figure its title and hand it back."""
    figure.suptitle(title, color=INK, fontsize=12.5, fontweight="bold", x=0.01, ha="left")
    return figure


def titles(axes: Axes, title: str, across: str, up: str) -> None:
    """Name a panel and its two axes."""
    axes.set_title(title, color=INK, fontsize=10.5, loc="left")
    axes.set_xlabel(across, color=MUTED, fontsize=9.5)
    axes.set_ylabel(up, color=MUTED, fontsize=9.5)


def ranks(values: pd.Series) -> np.ndarray:
    """Values as ranks among the known ones, the lowest 0 and the highest 1; NaN stays.

    Values that are all the same have no low or high one: NaN.

    >>> ranks(pd.Series([0.0, 1.0, None, 0.0])).tolist()
    [0.0, 1.0, nan, 0.0]
    """
    found: np.ndarray = values.rank().to_numpy(dtype=float)
    known = found[~np.isnan(found)]
    if not len(known) or known.min() == known.max():
        return np.full(len(found), np.nan)
    return (found - known.min()) / (known.max() - known.min())


def value_key(figure: Figure) -> None:
    """A small key of the colours below the figure."""
    key = [
        Line2D([], [], marker="o", linestyle="", color=LOW_TO_HIGH(place), label=label)
        for place, label in (
            (0.0, "Low, or not given"),
            (0.5, "Middle or missing"),
            (1.0, "High, or given"),
        )
    ]
    figure.legend(handles=key, loc="outside lower left", ncols=3, frameon=False, fontsize=9,
                  labelcolor=INK)  # fmt: skip
