"""How a command ends: done, stopped, or what was wrong with its input told in one line."""

import math
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from features.tables import InvalidInputError

AGAIN = 2.0
"""Seconds within which a second SIGTERM is the first one's echo."""

DONE, BAD_INPUT, INTERRUPTED, TERMINATED = 0, 2, 130, 143
"""The last two are a shell's own for commands that end by SIGINT and SIGTERM: 128 and its number"""


class Terminated(KeyboardInterrupt):
    """The process was asked to end; it unwinds as from Ctrl-C."""


def exit_status(run: Callable[[], None]) -> int:
    """Run a command; 0 where it is done, 2 after one line on bad input.

    From Ctrl-C (130) and SIGTERM (143) it unwinds: what is open is closed, and what was kept for
    another run stays.
    """
    try:
        with _unwinding_when_terminated():
            run()
    except (InvalidInputError, OSError) as error:  # a path that cannot be read or written
        sys.stderr.write(f"error: {' '.join(str(error).split())}\n")
        return BAD_INPUT
    except Terminated:
        sys.stderr.write("stopped: SIGTERM\n")
        return TERMINATED
    except KeyboardInterrupt:
        sys.stderr.write("stopped: Ctrl-C\n")
        return INTERRUPTED
    return DONE


@contextmanager
def _unwinding_when_terminated() -> Iterator[None]:
    """While this lasts SIGTERM raises `Terminated`; signals reach the main thread alone."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _Terminator().terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL if before is None else before)


class _Terminator:
    """Raises at the first SIGTERM and at one that comes `AGAIN` seconds later or more.

    Who ends a process may send the signal to its group, too, in the midst of unwinding. And a
    first one that fell into a finaliser, which swallows what is raised, must not be the last.
    """

    def __init__(self) -> None:
        self._latest = -math.inf

    def terminate(self, _number: int, _frame: FrameType | None) -> None:
        """What the signal does."""
        now = time.monotonic()
        again, self._latest = now - self._latest < AGAIN, now
        if not again:
            raise Terminated
