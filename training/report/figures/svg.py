"""A figure as inline SVG in the page's own inks."""

import io
import re

import matplotlib as mpl
from markupsafe import Markup, escape
from matplotlib.figure import Figure

from training.report.figures.canvas import GRID, INK, MUTED, PAPER
from training.report.figures.looks import MODEL

PIXELS_AN_INCH = 94  # the widest figures (9.2 inches) fill the page's column
INKS = {
    INK: "var(--ink)", MUTED: "var(--muted)", GRID: "var(--grid)", PAPER: "var(--paper)",
    MODEL: "var(--model)",
}  # fmt: skip
"""Inks of the figures and what the page calls them, so that they follow its light or dark."""


def svg(figure: Figure, label: str) -> Markup:
    """A figure as inline SVG, the same bytes for the same figure; `label` says what it shows."""
    buffer = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": label}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None}, dpi=130)
    text = buffer.getvalue()
    text = re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)
    text = re.sub(r'(<svg[^>]*?) width="[\d.]+pt" height="[\d.]+pt"|(<svg[^>]*?) height="[\d.]+pt"',
                  lambda found: found[1] or found[2], text, count=1)  # fmt: skip
    text = re.sub(r' width="[\d.]+pt"', "", text, count=1)
    for ink, variable in INKS.items():
        text = text.replace(ink, variable)
    width = round(figure.get_figwidth() * PIXELS_AN_INCH)
    named = text.replace(
        "<svg", f'<svg role="img" aria-label="{escape(label)}" style="max-width:{width}px"', 1
    )
    return Markup(named)  # noqa: S704 - drawn here, and matplotlib escapes what it writes
