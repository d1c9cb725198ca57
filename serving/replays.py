"""Asking a stored question again: the same bytes, or the first place that differs."""

from datetime import datetime

from features.tables import InvalidInputError
from models.bundle import Bundle
from serving.answers import answer_bytes
from serving.audit import Entry, Replay, is_intact
from serving.difference import first_difference
from serving.problems import ProblemError


class OtherModelError(Exception):
    """The entry was answered by another bundle than the one at hand."""


class AlteredEntryError(Exception):
    """The entry is not what was sealed, so nothing may be concluded from it."""


def replay(bundle: Bundle, entry: Entry) -> Replay:
    """The stored request answered again, with the entry's own identity and moment.

    Raises AlteredEntryError, and OtherModelError where the bundle's version is not the entry's.
    """
    if not is_intact(entry):
        raise AlteredEntryError(f"entry {entry.sequence} was altered: run `audit verify`")
    if bundle.version != entry.model_version:
        raise OtherModelError(
            f"prediction {entry.prediction_id} was answered by model {entry.model_version}, "
            f"not by {bundle.version}"
        )
    return Replay(entry.prediction_id, entry.model_version, _difference(bundle, entry))


def _difference(bundle: Bundle, entry: Entry) -> str | None:
    asked_at = datetime.fromisoformat(entry.occurred_at)
    try:
        now = answer_bytes(bundle, entry.request, entry.prediction_id, asked_at)
    except ProblemError as error:
        return f"the stored request is refused now: {error.detail}"
    except InvalidInputError as error:
        return f"the stored request is refused now: {error}"
    return first_difference(entry.answer, now)
