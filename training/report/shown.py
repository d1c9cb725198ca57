"""What a report shows of a training run beyond its numbers: explanations and example patients."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from training.finished import Run
from training.report.examples import Examples, examples
from training.report.explained import Explained, explain_rows


@dataclass(frozen=True)
class Shown:
    """By outcome; empty for an evaluation of a finished model on other patients."""

    explained: Mapping[str, Explained] = field(default_factory=dict)
    examples: Mapping[str, Examples] = field(default_factory=dict)


NOTHING_SHOWN = Shown(MappingProxyType({}), MappingProxyType({}))


def shown_of(run: Run) -> Shown:
    """Explanations of each outcome's model, and its example patients."""
    return Shown(
        {str(o): explain_rows(one.model, one.training.rows) for o, one in run.trained.items()},
        {str(o): examples(run, o) for o in run.trained},
    )
