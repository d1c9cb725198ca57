"""The figures of a training run: gathers what its neighbours draw."""

from matplotlib.figure import Figure

from training.finished import Run
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


def run_figures(run: Run, shown: Shown) -> dict[str, Figure]:
    """Every figure of a training run, by `<outcome>_<figure>`."""
    words = words_for(run.evaluation)
    figures = evaluation_figures(run.evaluation) | doubt_figures(run.evaluation)
    for outcome, explained in shown.explained.items():
        drawn = explanation_figures(outcome, explained, words)
        for course in shown.examples[outcome].courses:
            drawn[course.kind.figure] = course_figure(course, outcome, words)
        figures |= {f"{outcome}_{name}": figure for name, figure in drawn.items() if figure}
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
