"""What a flag's text means: durations, counts, seeds and choices, or why it means nothing."""

import re
from argparse import ArgumentTypeError

import pandas as pd

from features.outcomes import Outcome, OutcomeSource

SHORTEST, LONGEST = pd.Timedelta(minutes=1), pd.Timedelta(days=366)
LONGEST_TUNING = 100_000  # minutes: ten weeks
LARGEST_SEED = 2**31 - 1
FEWEST_RESAMPLES, MOST_RESAMPLES = 40, 10_000
"""Of 40 resamples one lies beyond each end of a 95 % interval; with fewer the most extreme ones are
its ends. All are held in memory at once, and with 10,000 an end moves from seed to seed by some 1 %
of its distance from the estimate: more tell nothing."""
MOST_REPEATS = 100  # of all fits: ten times what `auto` takes at most
MOST_TRIALS = 10_000  # in each split, three fits each: weeks
MOST_ROWS_AT_ONCE = 10_000_000  # tens of GB of feature rows: more bounds nothing
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


def _whole(text: str, least: int, most: int) -> int:
    if not re.fullmatch(r"0*[0-9]{1,10}", text) or not least <= int(text) <= most:
        raise ArgumentTypeError(f"{text!r} is not a whole number from {least} to {most}")
    return int(text)


def seed(text: str) -> int:
    """A whole number that every generator takes."""
    return _whole(text, 0, LARGEST_SEED)


def trials(text: str) -> int:
    """Of recipes in each split; 0 is none."""
    return _whole(text, 0, MOST_TRIALS)


def minutes(text: str) -> float:
    """How long to tune, in minutes."""
    if not re.fullmatch(r"\d+(\.\d+)?", text) or not 0.0 < float(text) <= LONGEST_TUNING:
        raise ArgumentTypeError(
            f"{text!r} is not a number of minutes above 0 and at most {LONGEST_TUNING}"
        )
    return float(text)


def repeats(text: str) -> int | None:
    """Of cross-validation; None is by size."""
    return None if text == "auto" else _whole(text, 1, MOST_REPEATS)


def resamples(text: str) -> int:
    """Of the patients, behind every interval."""
    return _whole(text, FEWEST_RESAMPLES, MOST_RESAMPLES)


def rows_at_once(text: str) -> int:
    """Feature rows computed together."""
    return _whole(text, 1, MOST_ROWS_AT_ONCE)
