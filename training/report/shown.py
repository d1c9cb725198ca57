"""What a report shows beyond its numbers: what moved the risks and, of a run, example patients."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from features.matrix import feature_rows
from models.bundle import Bundle
from training.dataset import Cohort
from training.finished import Run
from training.report.examples import Examples, examples
from training.report.explained import Explained, explain_rows


@dataclass(frozen=True)
class Shown:
    """By outcome; a finished model on other patients has no examples."""

    explained: Mapping[str, Explained] = field(default_factory=dict)
    examples: Mapping[str, Examples] = field(default_factory=dict)


NOTHING_SHOWN = Shown(MappingProxyType({}), MappingProxyType({}))


def shown_of(run: Run) -> Shown:
    """Explanations of each outcome's model, and its example patients."""
    return Shown(
        {str(o): explain_rows(one.model, one.training.rows) for o, one in run.trained.items()},
        {str(o): examples(run, o) for o in run.trained},
    )


def shown_on(bundle: Bundle, others: Cohort) -> Shown:
    """What moves the risks of a finished model on other patients: on the rows it is judged by."""
    explained = {}
    for outcome, model in bundle.models.items():
        judged = ~np.isnan(others.labels[outcome].label)
        if judged.any():
            rows = feature_rows(others.source.events, others.as_of[judged], bundle.columns)
            explained[str(outcome)] = explain_rows(model, rows)
    return Shown(explained)
