"""Opens the engine that a command asks for, and closes it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from features.tables import InvalidInputError
from training.engine.cost import Cost
from training.engine.engine import ROWS_AT_ONCE, Engine
from training.engine.kept import Kept
from training.engine.work import ThisProcess, Workers


class Kind(StrEnum):
    """Who does the work."""

    LOCAL = "local"  # this process
    DASK = "dask"  # the workers of a cluster


@dataclass(frozen=True)
class EngineChoice:
    """What a command says of its engine; `scheduler` (tcp://host:port) is a cluster that is there.

    Raises:
        InvalidInputError: a scheduler for an engine that has none.
    """

    kind: Kind = Kind.LOCAL
    scheduler: str | None = None
    rows_at_once: int = ROWS_AT_ONCE

    def __post_init__(self) -> None:
        """Refuse what would be left out in silence."""
        if self.scheduler and self.kind != Kind.DASK:
            raise InvalidInputError("--dask-scheduler: serves --engine dask alone")


@contextmanager
def opened(choice: EngineChoice, out: Path) -> Iterator[tuple[Engine, Cost]]:
    """The engine for a bundle to be written to `out`, with what it costs.

    Members are kept beside the bundle until the work that this surrounds is done.
    """
    cost, kept = Cost(), Kept(out.with_name(out.name + ".partial"))
    with _workers(choice) as workers:
        yield Engine(workers, choice.rows_at_once, kept, cost.add), cost
    kept.clear()


@contextmanager
def _workers(choice: EngineChoice) -> Iterator[Workers]:
    if choice.kind == Kind.LOCAL:
        yield ThisProcess()
        return
    from training.engine.dask_engine import dask_workers  # a local run needs no dask

    with dask_workers(choice.scheduler or None) as workers:
        yield workers
