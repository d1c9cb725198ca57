"""Paths that a user gives: there or not, and short enough for one line of a message."""

from pathlib import Path

from features.tables import InvalidInputError

LONGEST_SHOWN, SHOWN_END = 300, 60  # characters


def existing(path: str | Path) -> Path:
    """The path of a file or folder; raises InvalidInputError where it is not there."""
    place = Path(path)
    try:
        place.stat()
    except (OSError, ValueError) as error:  # missing, too long, forbidden, or with a NUL in it
        told = getattr(error, "strerror", None) or str(error)
        raise InvalidInputError(f"{shown(place)}: {told.lower()}") from error
    return place


def shown(path: Path) -> str:
    """A path as messages write it: its beginning and its end where it is long."""
    text = str(path)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:SHOWN_END]}...{text[-SHOWN_END:]}"
