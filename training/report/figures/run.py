"""The figures of a run and of a finished model's evaluation: gathers what its neighbours draw."""

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

from training.report.explained import Explained, title_of
from training.report.figures.contributions import contribution_figure
from training.report.figures.course import course_figure
from training.report.figures.doubt import doubt_figures
from training.report.figures.evaluation import evaluation_figures
from training.report.figures.explained import (
    dependence_figure,
    importance_figure,
    interaction_figure,
)
from training.report.shown import Shown
from training.words.names import THERAPY, Words, words_for


def judged_figures(evaluation: Mapping[str, Any], shown: Shown) -> dict[str, Figure]:
    """Every figure of an evaluation and of what is shown beside it, by `<outcome>_<figure>`."""
    words = words_for(evaluation)
    figures = evaluation_figures(evaluation) | doubt_figures(evaluation)
    for outcome, explained in shown.explained.items():
        drawn = explanation_figures(outcome, explained, words)
        figures |= {f"{outcome}_{name}": figure for name, figure in drawn.items() if figure}
    for outcome, examples in shown.examples.items():
        for course in examples.courses:
            name = f"{outcome}_{course.kind.figure}"
            figures[name] = course_figure(course, outcome, words)
    return figures


def explanation_figures(
    outcome: str, explained: Explained, words: Words = THERAPY
) -> dict[str, Figure | None]:
    """What moved one outcome's risks: importance, contributions, dependence, interactions.

    A figure for which the rows hold too little is None.
    """
    named = explained.contributions.rename(columns=title_of)
    values = explained.values.rename(columns=title_of)
    return {
        "importance": importance_figure(explained, outcome, words),
        "contributions": contribution_figure(named, values, outcome, words),
        "dependence": dependence_figure(explained, outcome, words),
        "interactions": interaction_figure(explained, outcome, words),
    }
