"""How a command ends: done, or what was wrong with its input told in one line."""

import sys
from collections.abc import Callable

from features.tables import InvalidInputError

DONE, BAD_INPUT = 0, 2


def exit_status(run: Callable[[], None]) -> int:
    """Run a command; 0 where it is done, 2 after one line on bad input."""
    try:
        run()
    except (InvalidInputError, OSError) as error:  # a path that cannot be read or written
        sys.stderr.write(f"error: {' '.join(str(error).split())}\n")
        return BAD_INPUT
    return DONE
