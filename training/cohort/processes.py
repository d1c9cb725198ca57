"""The same work for many studies, on all processors, in an order that never depends on them."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from typing import TypeVar

Work = TypeVar("Work")
Result = TypeVar("Result")


def each_in_a_process(
    of: Callable[[Work], Result],
    items: Sequence[Work],
    progress: Callable[[int, int], None] | None = None,
) -> list[Result]:
    """`of` each item, in their order; one process a processor, none but this for a single item.

    `of` and the items must be importable from a new process. `progress` is told done and in all.
    """
    processors = min(os.cpu_count() or 1, len(items))
    if processors < 2:
        return [_told(of(item), done, items, progress) for done, item in enumerate(items, start=1)]
    with ProcessPoolExecutor(processors, mp_context=get_context("spawn")) as pool:
        futures = [pool.submit(of, item) for item in items]
        for done, _ in enumerate(as_completed(futures), start=1):
            _told(None, done, items, progress)
        return [future.result() for future in futures]


def _told(
    result: Result, done: int, items: Sequence[Work], progress: Callable[[int, int], None] | None
) -> Result:
    if progress is not None:
        progress(done, len(items))
    return result
