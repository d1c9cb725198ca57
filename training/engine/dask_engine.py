"""The workers of a dask cluster do the pieces: a local cluster of our own, or one that is there."""

import logging
import socket
from collections.abc import Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import partial
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from platform import python_version
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

from dask.sizeof import sizeof
from distributed import Client, Future, LocalCluster, as_completed, get_worker
from distributed.scheduler import KilledWorker

from features.arrays import EventArrays
from features.plurals import counted
from features.tables import InvalidInputError
from models.code_version import code_version
from training.engine.chunks import Chunk
from training.engine.committee import Committee
from training.engine.work import Done, Function

logger = logging.getLogger("training")

SECONDS_TO_ANSWER = 15
PIECES_WAITING = 2
"""Pieces sent ahead to each worker: none waits for its next one, and few are held at a time."""

SMALL = 2**16
"""Bytes up to which a piece travels inside its task."""

REPOSITORY = str(Path(__file__).parents[2])
LIBRARIES = ("numpy", "pandas", "scikit-learn", "xgboost", "numba")
"""Of which a worker must have the same versions as this process."""

LOGGERS = ("distributed", "distributed.client", "distributed.gc")
"""Which tell at length what we tell in a line."""

Facts = dict[str, str]


@sizeof.register((Chunk, Committee, EventArrays))
def _size_of_parts(whole: Chunk | Committee | EventArrays) -> int:
    """Bytes of all that it holds, by which dask spreads data and keeps memory bounded."""
    return sum(sizeof(getattr(whole, part.name)) for part in fields(whole))


def facts() -> Facts:
    """What must be the same in all processes for their answers to be the same."""
    return {
        "code": code_version(("features", "models", "training")),
        "Python": python_version(),
        **{name: version(name) for name in LIBRARIES},
    }


@dataclass(frozen=True)
class DaskWorkers:
    """The workers of the cluster behind a client, whichever they are while the work goes on."""

    client: Client
    apart: bool = True

    def each(self, function: Function, shared: Any, pieces: Iterable[Any]) -> Iterator[Done]:
        """Do every piece once, as workers are free; each worker holds what is shared.

        Raises:
            InvalidInputError: the scheduler or too many workers were lost, or a piece failed.
        """
        with _lost_told_plainly(self.client):
            yield from self._each(function, shared, enumerate(pieces))

    def _each(
        self, function: Function, shared: Any, numbered: Iterator[tuple[int, Any]]
    ) -> Iterator[Done]:
        workers = len(_workers(self.client))
        held = self._placed(shared, broadcast=True)
        crossed = sizeof(shared) * workers  # told with the first piece
        do = partial(self.client.submit, _timed, facts(), function, held, pure=False)
        ready, sizes = as_completed(loop=self.client.loop), {}
        for place, piece in islice(numbered, PIECES_WAITING * workers):
            sizes[place] = sizeof(piece)
            ready.add(do(place, self._there(piece)))
        for future in ready:
            place, result, worker, seconds = _answer(future)
            yield Done(place, result, worker, seconds, sizes[place] + crossed, sizeof(result))
            crossed = 0
            for following, piece in islice(numbered, 1):
                sizes[following] = sizeof(piece)
                ready.add(do(following, self._there(piece)))

    def _there(self, piece: Any) -> Any:
        """A large piece as it lies on a worker, where its task will follow it."""
        return piece if sizeof(piece) <= SMALL else self._placed(piece, broadcast=False)

    def _placed(self, value: Any, broadcast: bool) -> Future:
        """A value on one worker, or on all of them."""
        return self.client.scatter([value], broadcast=broadcast, hash=False)[0]


@contextmanager
def dask_workers(address: str | None) -> Iterator[DaskWorkers]:
    """The workers behind a scheduler's address, left as they are; None: a cluster of our own.

    Raises:
        InvalidInputError: no scheduler or no worker answers, or a worker has other code or
            libraries than this process.
    """
    with _quiet():
        if address is None:
            with _local_cluster() as cluster, Client(cluster, set_as_default=False) as client:
                yield _checked(client)
        else:
            with _connected(address) as client:
                yield _checked(client)


@contextmanager
def _quiet() -> Iterator[None]:
    loggers = {name: logging.getLogger(name) for name in LOGGERS}
    before = {name: one.level for name, one in loggers.items()}
    try:
        for one in loggers.values():
            one.setLevel(logging.CRITICAL)
        yield
    finally:
        for name, level in before.items():
            loggers[name].setLevel(level)


def _local_cluster() -> LocalCluster:
    """A process a core, each with its share of the machine's memory."""
    return LocalCluster(
        threads_per_worker=1,
        processes=True,
        memory_limit="auto",
        dashboard_address="127.0.0.1:0",
        silence_logs=logging.CRITICAL,
        env={"PYTHONPATH": REPOSITORY, "OMP_WAIT_POLICY": "passive"},  # a core has one worker
    )


def _connected(address: str) -> Client:
    place = urlsplit(address)
    try:
        # asked before dask is, which tries for long and complains at length
        socket.create_connection((place.hostname, place.port), SECONDS_TO_ANSWER).close()
        return Client(address, timeout=SECONDS_TO_ANSWER, set_as_default=False)
    except (OSError, ValueError) as fault:  # a port above 65535
        raise InvalidInputError(
            f"--dask-scheduler {address}: no scheduler answers within {SECONDS_TO_ANSWER} s"
        ) from fault


def _checked(client: Client) -> DaskWorkers:
    """The workers, once each has said that it is as we are."""
    with _lost_told_plainly(client):
        try:
            client.wait_for_workers(1, timeout=SECONDS_TO_ANSWER)
        except TimeoutError as fault:
            raise InvalidInputError(
                f"{_address(client)}: has no worker within {SECONDS_TO_ANSWER} s"
            ) from fault
        workers = _workers(client)
        asked = partial(client.submit, _refuse_others, facts(), pure=False)
        for future in [asked(workers=[worker]) for worker in workers]:
            _answer(future)
    limits = {limit / 2**30 for limit in workers.values()}
    logger.info(
        "dask %s: %s, at most %.1f GiB of memory each",
        _address(client), counted(len(workers), "worker"), max(limits),
    )  # fmt: skip
    return DaskWorkers(client)


def _workers(client: Client) -> dict[str, int]:
    """The workers' addresses with the limit of their memory in bytes; 0 means none."""
    stated = client.scheduler_info(n_workers=-1)["workers"]
    return {address: worker["memory_limit"] or 0 for address, worker in stated.items()}


def _address(client: Client) -> str:
    return str(client.scheduler.address) if client.scheduler else "dask"


def _timed(
    ours: Facts, function: Function, shared: Any, place: int, piece: Any
) -> tuple[int, Any, str, float]:
    """On a worker: do one piece; a worker that joined late is asked who it is, too."""
    worker = _refuse_others(ours)
    began = perf_counter()
    result = function(shared, piece)
    return place, result, worker, perf_counter() - began


def _refuse_others(asked: Facts) -> str:
    """On a worker: its address; raises InvalidInputError where it is not as it is asked to be."""
    worker = str(get_worker().address)
    here = facts()
    for what, wanted in asked.items():
        if here[what] != wanted:
            raise InvalidInputError(
                f"dask worker {worker}: has {what} {here[what]}, not {wanted} as this process"
            )
    return worker


def _answer(future: Future) -> Any:
    """What came out of a task; a fault on the worker is told in one sentence."""
    if future.status != "error":
        return future.result()
    fault = future.exception()
    if isinstance(fault, InvalidInputError):
        raise fault
    if isinstance(fault, KilledWorker):
        raise InvalidInputError(
            "dask: workers were lost again and again at the same piece of work, most often for "
            "want of memory: give them more, or let less be done at once (--rows-at-once)"
        )
    raise InvalidInputError(f"dask worker: {_root(fault)!r}; {WITH_OUR_CODE}")


WITH_OUR_CODE = (
    "do the workers have the locked packages, and this repository's folder in PYTHONPATH?"
)


def _root(fault: BaseException) -> BaseException:
    """The fault that came first."""
    while fault.__cause__ is not None:
        fault = fault.__cause__
    return fault


@contextmanager
def _lost_told_plainly(client: Client) -> Iterator[None]:
    """A scheduler that is gone is one sentence."""
    address = _address(client)
    try:
        yield
    except (CancelledError, OSError) as fault:
        raise InvalidInputError(
            f"{address}: the dask scheduler was lost; the same command takes up again what was "
            "fitted"
        ) from fault
