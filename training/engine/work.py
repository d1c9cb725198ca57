"""What one piece of work is, and who does such pieces."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Protocol

Function = Callable[[Any, Any], Any]
"""Of what all pieces share, and the piece; importable by name, for another process may call it."""


@dataclass(frozen=True)
class Done:
    """One piece done: its place among the pieces, what came out, and what it took.

    `sent` and `received` count the bytes that crossed to another process and back.
    """

    place: int
    result: Any
    worker: str
    seconds: float
    sent: int = 0
    received: int = 0


class Workers(Protocol):
    """Those who do the pieces."""

    @property
    def apart(self) -> bool:
        """Whether pieces cross to other processes."""
        ...

    def each(self, function: Function, shared: Any, pieces: Iterable[Any]) -> Iterator[Done]:
        """Do every piece once, in whatever order they are ready.

        Pieces are taken from the iterable as there is room, so that few of them exist at a time.
        """
        ...


class ThisProcess:
    """Does one piece after the other, here."""

    apart = False
    name = "this process"

    def each(self, function: Function, shared: Any, pieces: Iterable[Any]) -> Iterator[Done]:
        """Do every piece in its order."""
        for place, piece in enumerate(pieces):
            began = perf_counter()
            result = function(shared, piece)
            yield Done(place, result, self.name, perf_counter() - began)
