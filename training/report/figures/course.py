"""Draws one patient's course: the risk beside persistence, what was done, and the CRP."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from training.report.examples import LINES, Course
from training.report.figures.canvas import INK, MUTED, PAPER, new_figure, set_title, titles
from training.report.figures.looks import COLOURS, MODEL, SQUARE_ROOT, tick_risks
from training.words.names import PERSISTENCE, Words

DOTTED, DASHED = (0, (2, 3)), (0, (4, 2))
WATERMARK = "VIRTUAL PATIENT"


def course_figure(course: Course, outcome: str, words: Words) -> Figure:
    """Risk over time in three bands; lines break where no row was judged."""
    shown = [line for line in LINES if any(mark.line == line for mark in course.marks)]
    heights = (3.0, max(0.5, 0.34 * len(shown)), 1.5)
    figure, (risk, done, crp) = new_figure(
        8.4, 2.0 + sum(heights), 3, 1, height_ratios=heights, sharex=True
    )
    _risk(risk, course, words)
    _done(done, course, shown)
    titles(crp, "", "Days since the first row", "CRP, mg/L")
    crp.plot(course.crp_day, course.crp, color=COLOURS["crp"], linewidth=1.8, marker="o",
             markersize=4, markeredgecolor=PAPER)  # fmt: skip
    crp.set_ylim(bottom=0)
    for day in course.onsets:
        for axes in (risk, done, crp):
            axes.axvline(day, color=INK, linewidth=1.2, linestyle=DASHED)
        risk.annotate(words.name(outcome), (day, 1.0), xycoords=("data", "axes fraction"),
                      xytext=(4, -4), textcoords="offset points", va="top", fontsize=9,
                      color=INK)  # fmt: skip
    if course.virtual:
        _watermark(figure)
    return set_title(figure, f"A {course.kind}: the risk of {words.name(outcome)}, day by day")


def _risk(axes: Axes, course: Course, words: Words) -> None:
    titles(axes, "", "", "Risk within the horizon")
    look: dict[str, Any] = {
        "linewidth": 2.0,
        "marker": "o",
        "markersize": 4.5,
        "markeredgecolor": PAPER,
    }
    axes.plot(course.day, course.persistence, color=COLOURS[PERSISTENCE],
              label=words.scorer(PERSISTENCE), linestyle=DASHED, **look)  # fmt: skip
    axes.plot(course.day, course.risk, color=MODEL, label=words.scorer("model"), **look)
    axes.axhline(course.alarm_from, color=MUTED, linewidth=1.2, linestyle=DOTTED,
                 label="Alarm from here")  # fmt: skip
    axes.set_yscale("function", functions=SQUARE_ROOT)
    top = 1.15 * np.nanmax([*course.risk, *course.persistence, course.alarm_from])
    axes.set_ylim(0, top)
    tick_risks(axes.yaxis, top)
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=3, frameon=False, fontsize=9,
                labelcolor=INK, borderaxespad=0.2)  # fmt: skip


def _done(axes: Axes, course: Course, shown: list[str]) -> None:
    """Grades as numbers and doses as marks, a line each."""
    axes.grid(visible=False, axis="y")
    for mark in course.marks:
        place = shown.index(mark.line)
        if mark.words:
            axes.annotate(mark.words, (mark.day, place), ha="center", va="center", fontsize=9,
                          color=INK, fontweight="bold", annotation_clip=False)  # fmt: skip
        else:
            axes.plot([mark.day], [place], marker="v", markersize=6, color=MUTED, clip_on=False)
    axes.set_yticks(range(len(shown)), shown)
    axes.set_ylim(max(len(shown), 1) - 0.5, -0.5)


def _watermark(figure: Figure) -> None:
    figure.text(0.55, 0.5, WATERMARK, rotation=24, fontsize=40, color=MUTED, alpha=0.16,
                ha="center", va="center", fontweight="bold")  # fmt: skip
