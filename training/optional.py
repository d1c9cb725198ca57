"""A flag's text where an empty one is none, as MLproject entries write what was not asked for."""

from argparse import ArgumentTypeError
from pathlib import Path


def path_or_none(text: str) -> Path | None:
    """A path, or none."""
    return Path(text) if text else None


def text_or_none(text: str) -> str | None:
    """A text, or none."""
    return text or None


def yes_or_no(text: str) -> bool:
    """What a flag that stands alone means where a word follows it."""
    if text not in ("yes", "no"):
        raise ArgumentTypeError(f"{text!r}: write yes or no, or nothing")
    return text == "yes"
