"""How long work shows where it stands: a bar on a terminal, plain lines elsewhere."""

import logging
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from tqdm import tqdm

Item = TypeVar("Item")
logger = logging.getLogger("training")


def progress(items: Iterable[Item], total: int, what: str) -> Iterator[Item]:
    """Pass the items on, showing how many of `total` are done."""
    if sys.stderr.isatty():
        yield from tqdm(items, total=total, desc=what, leave=False)
        return
    for done, item in enumerate(items, start=1):
        yield item
        if done == total or done * 5 // total > (done - 1) * 5 // total:
            logger.info("%s: %d of %d", what, done, total)


def counted_progress(what: str) -> Callable[[int, int], None]:
    """The same for work that reports itself: call it with items done and items in all."""
    shown = 0

    def show(done: int, total: int) -> None:
        nonlocal shown
        if done == total or done * 5 // total > shown:
            shown = done * 5 // total
            logger.info("%s: %d of %d", what, done, total)

    return show
