"""What several verbs tell of a run: notes of its reader, its claims, how it was tracked."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from features.tables import InvalidInputError
from models.bundle import Bundle
from training.dataset import Events
from training.tracking import runs
from training.words.claims import claim_lines, findings
from training.words.names import words_for
from training.words.rejects import reject_summary

logger = logging.getLogger("training")


def tell_notes(source: Events) -> None:
    """What the reader has to say, a line each."""
    for note in source.notes:
        logger.info("%s", note)


def tell_set_aside(source: Events) -> None:
    """What of the records is not used, a line a reason."""
    for line in reject_summary(source.rejects):
        print(f"set aside: {line}")


def print_claims(evaluation: Mapping[str, Any]) -> None:
    """The one claim of each outcome."""
    for line in claim_lines(evaluation, words_for(evaluation)):
        print(line)


def log_judged(
    tracked: runs.Run, evaluation: Mapping[str, Any], figures: Mapping[str, Figure], report: Path
) -> None:
    """Everything that a report shows, in an open run of the tracker."""
    tracked.log_evaluation(evaluation)
    tracked.log_figures(figures)
    tracked.log_report(report)
    tracked.tag(findings(evaluation))
    tracked.describe(claim_lines(evaluation, words_for(evaluation)))


def tell_release(run_id: str, bundle: Bundle) -> None:
    """How to release a model, and what a promotion would ask for beyond that."""
    print(f"to release it: python -m training promote {run_id} --alias champion")
    print("where a champion is in service: with --frozen DIR (see python -m training freeze)")
    if bundle.card.virtual:
        print("where that champion learnt from real patients: with --allow-virtual as well")


@contextmanager
def work_is_safe(failed: str, left: str) -> Iterator[None]:
    """Where the store fails after the work was done, say what is left and how to go on."""
    try:
        yield
    except (InvalidInputError, OSError) as fault:
        raise InvalidInputError(f"{failed}: {fault}; {left}") from fault
