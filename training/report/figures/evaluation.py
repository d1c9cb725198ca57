"""Every figure that an evaluation alone can give."""

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

from training.report.figures.curves import (
    calibration_figure,
    decision_figure,
    discrimination_figure,
)
from training.report.figures.rankings import comparison_figure, stratum_figure
from training.words.claims import why_unjudged
from training.words.names import words_for
from training.words.sentences import judged_strata


def evaluation_figures(evaluation: Mapping[str, Any]) -> dict[str, Figure]:
    """Every figure that an evaluation alone can give, by `<outcome>_<figure>`.

    None for an outcome with no event, or too few: an empty or a chance picture says less than a
    sentence.
    """
    words = words_for(evaluation)
    figures = {}
    for outcome, judged in evaluation["outcomes"].items():
        if why_unjudged(judged) is not None:
            continue
        figures[f"{outcome}_comparison"] = comparison_figure(judged, outcome, words)
        if words.graded and judged_strata(judged):
            figures[f"{outcome}_by_grade"] = stratum_figure(judged, outcome, words)
        figures[f"{outcome}_discrimination"] = discrimination_figure(judged, outcome, words)
        figures[f"{outcome}_calibration"] = calibration_figure(judged, outcome, words)
        figures[f"{outcome}_decision"] = decision_figure(judged, outcome, words)
    return figures
