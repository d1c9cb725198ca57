"""Finding the words of a closed list in what people write."""

import re
from collections.abc import Sequence


def any_of(words: Sequence[str]) -> re.Pattern[str]:
    """Finds each of the words as a whole, longer ones first; a star stands for any ending."""
    longest_first = sorted(words, key=len, reverse=True)
    alternatives = "|".join(re.escape(word).replace(r"\*", r"\w*") for word in longest_first)
    return re.compile(rf"\b(?:{alternatives})\b")


def plain(phrase: str) -> str:
    """Lower case, with single blanks in the place of hyphens and full stops.

    >>> plain(" Gram-negative  rods.")
    'gram negative rods'
    """
    return re.sub(r"[-._\s]+", " ", phrase.lower()).strip()
