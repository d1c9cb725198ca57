"""Looking a row up by its name, with an error that says which names there are."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from features.tables import InvalidInputError


class _Keyed(Protocol):
    @property
    def key(self) -> str: ...


Row = TypeVar("Row", bound=_Keyed)


class UnknownChoiceError(InvalidInputError):
    """A product or a centre that the cohort does not know."""


def named(table: Sequence[Row], key: str, what: str) -> Row:
    """The row of `table` whose key is `key`; raises UnknownChoiceError."""
    for row in table:
        if row.key == key:
            return row
    known = ", ".join(row.key for row in table)
    raise UnknownChoiceError(f"{what} {key!r} is unknown; known: {known}")
