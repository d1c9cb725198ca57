"""Draws each row's contributions by analyte as a swarm of dots."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from training.report.figures.canvas import (
    LOW_TO_HIGH,
    MUTED,
    new_figure,
    ranks,
    set_title,
    titles,
    value_key,
)
from training.words.names import THERAPY, Words

SHOWN_ANALYTES = 15


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
    figure, axes = new_figure(8.4, 1.6 + 0.36 * len(order))
    titles(axes, "", "Share in the risk (log-odds): left lowers it, right raises it", "")
    for place, name in enumerate(order):
        share = contributions[name].to_numpy(dtype=float)
        rank = ranks(values[name]) if values is not None and name in values else None
        rank = np.full(len(share), np.nan) if rank is None else rank
        colour = LOW_TO_HIGH(np.where(np.isnan(rank), 0.5, rank))
        axes.scatter(share, place + _spread(share), s=7, c=colour, alpha=0.75, linewidths=0,
                     rasterized=True)  # fmt: skip
    axes.axvline(0, color=MUTED, linewidth=1)
    axes.set_yticks(range(len(order)), [str(name) for name in order])
    axes.set_ylim(len(order) - 0.4, -0.6)
    axes.xaxis.set_major_locator(MaxNLocator(7))
    if values is not None:
        value_key(figure)
    return set_title(figure, f"How each analyte's value moves the risk of {words.name(outcome)}")


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
