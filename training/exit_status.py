"""How a command ends: done, stopped, or what was wrong with its input told in one line."""

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from features.tables import InvalidInputError

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
    before = signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL if before is None else before)


def _terminate(_number: int, _frame: FrameType | None) -> NoReturn:
    """Once: who ends a process may send the signal to its group, too, in the midst of unwinding."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise Terminated
