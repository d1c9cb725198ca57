"""How long work shows where it stands: a bar on a terminal, elsewhere a line a stage."""

import logging
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from time import monotonic
from typing import TypeVar

from tqdm import tqdm

Item = TypeVar("Item")
Show = Callable[[int, int], None]
logger = logging.getLogger("training")

SECONDS_BETWEEN = 60.0
"""A stage that takes longer tells where it stands once in so many seconds."""


def progress(items: Iterable[Item], total: int, what: str) -> Iterator[Item]:
    """Pass the items on, showing how many of `total` are done; work without a name is not shown."""
    if not what:
        yield from items
        return
    with counted_progress(what) as (show,):
        for done, item in enumerate(items, start=1):
            yield item
            show(done, total)


@contextmanager
def stage(what: str) -> Iterator[None]:
    """The same for work in one piece."""
    with counted_progress(what) as (show,):
        show(0, 1)
        yield
        show(1, 1)


@contextmanager
def counted_progress(*stages: str) -> Iterator[tuple[Show, ...]]:
    """The same for work that reports itself, stage after stage.

    Gives one function a stage, to call with items done and items in all; a stage may come again
    once all its items are done.
    """
    shown = _Bar() if sys.stderr.isatty() else _Lines()
    try:
        yield tuple(partial(shown.show, what) for what in stages)
    finally:
        shown.close()


class _Bar:
    """A bar that goes away when its stage is done or given up."""

    def __init__(self) -> None:
        self._bar: tqdm[None] | None = None

    def show(self, what: str, done: int, total: int) -> None:
        if self._bar is None:
            self._bar = tqdm(total=total, desc=what, leave=False)
        self._bar.update(done - self._bar.n)
        if done == total:
            self.close()

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()
        self._bar = None


class _Lines:
    """A line with its seconds when a stage is done, and a few before where that takes long."""

    def __init__(self) -> None:
        self._began = self._told = monotonic()

    def show(self, what: str, done: int, total: int) -> None:
        now = monotonic()
        if done < total and now - self._told < SECONDS_BETWEEN:
            return
        logger.info("%s: %d of %d in %.0f s", what, done, total, now - self._began)
        self._told = now
        if done == total:
            self._began = now

    def close(self) -> None:
        """Nothing stays open."""
