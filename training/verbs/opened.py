"""A bundle as a verb is told of it: a folder, or a model of the registry."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from features.outcomes import OutcomeSource
from features.tables import InvalidInputError
from models.bundle import Bundle, load_bundle
from training.release.registry import fetch


@contextmanager
def opened_bundle(model: str) -> Iterator[Bundle]:
    """A bundle from a folder, or from the registry by `models:/...` or `runs:/...`."""
    if not model.startswith(("models:/", "runs:/")):
        yield load_bundle(model)
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "bundle"
        fetch(model, copy)
        yield load_bundle(copy)


def agree(bundle: Bundle, asked: OutcomeSource | None) -> None:
    """Refuse another source of outcomes than the bundle's: its features would mean something else.

    Raises:
        InvalidInputError: what was asked for is not what the bundle learnt from.
    """
    if asked not in (None, bundle.outcomes_from):
        raise InvalidInputError(
            f"--outcomes-from {asked}: this model learnt from {bundle.outcomes_from} outcomes "
            "and reads records in the same way; leave the flag out, or train another model"
        )
