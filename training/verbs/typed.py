"""What a flag's text means: durations, counts, seeds and choices, or why it means nothing."""

import re
from argparse import ArgumentTypeError

import pandas as pd

from features.outcomes import Outcome, OutcomeSource

SHORTEST, LONGEST = pd.Timedelta(minutes=1), pd.Timedelta(days=366)
LONGEST_TUNING = 100_000  # minutes: ten weeks
UNITS = {"min": pd.Timedelta(minutes=1), "h": pd.Timedelta(hours=1), "d": pd.Timedelta(days=1)}


def outcomes(text: str) -> list[Outcome]:
    """Names of outcomes with commas between them."""
    try:
        return [Outcome(name.strip()) for name in text.split(",")]
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r}: write severe_crs or infection") from error


def outcome_source(text: str) -> OutcomeSource:
    """Where outcomes come from, by its name."""
    try:
        return OutcomeSource(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r}: write {', '.join(OutcomeSource)}") from error


def duration(text: str) -> pd.Timedelta:
    """From a minute to a year.

    >>> duration("30min")
    Timedelta('0 days 00:30:00')
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(min|h|d)", text.strip())
    if found is None:
        raise ArgumentTypeError(f"{text!r} is no duration; write 24h, 30min or 2d")
    amount, unit = float(found.group(1)), UNITS[found.group(2)]
    if not SHORTEST / unit <= amount <= LONGEST / unit:  # before pandas, whose years end in 2262
        raise ArgumentTypeError(f"{text!r} is not within 1min and 366d")
    return pd.Timedelta(text.replace("d", "D"))  # pandas writes a day with a capital


def scheduler(text: str) -> str:
    """The address of a cluster, or nothing."""
    if text and not re.fullmatch(r"(tcp|tls)://[\w.-]+:\d{1,5}", text):
        raise ArgumentTypeError(f"{text!r} is no address; write tcp://host:8786")
    return text


def seed(text: str) -> int:
    """A whole number that every generator takes."""
    if not text.isdigit() or int(text) >= 2**31:
        raise ArgumentTypeError(f"{text!r} is not a whole number from 0 to 2147483647")
    return int(text)


def trials(text: str) -> int:
    """How many; 0 is none."""
    if not text.isdigit():
        raise ArgumentTypeError(f"{text!r} is not a whole number from 0 on")
    return int(text)


def minutes(text: str) -> float:
    """How long to tune, in minutes."""
    if not re.fullmatch(r"\d+(\.\d+)?", text) or not 0.0 < float(text) <= LONGEST_TUNING:
        raise ArgumentTypeError(
            f"{text!r} is not a number of minutes above 0 and at most {LONGEST_TUNING}"
        )
    return float(text)


def repeats(text: str) -> int | None:
    """Of cross-validation; None is by size."""
    return None if text == "auto" else count(text)


def count(text: str) -> int:
    """How many; at least one."""
    if not text.isdigit() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is not a whole number from 1 on")
    return int(text)
