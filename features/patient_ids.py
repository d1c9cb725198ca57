"""Patient ids: the one way in which they are spelt, and those of a file that look like one.

    beside 17 and Mü stands       it is
    " 17"                         the same patient: blanks around an id do not count
    M, u and a combining umlaut   the same patient as Mü: Unicode writes one letter in two ways
    17.0, 017, 1 7 or mü          another patient, and a note says how many such pairs there are

No note and no message of this file shows an id.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

import pandas as pd

from features.plurals import counted

_BLANKS = re.compile(r"\s+")
_NO_FRACTION = re.compile(r"\.0+$")


def plain_id(text: str) -> str:
    """An id without blanks around it, each letter with its marks as one character.

    That is normal form C of Unicode Standard Annex 15.

    >>> plain_id(" Mu\u0308ller") == "M\u00fcller"
    True
    """
    return unicodedata.normalize("NFC", text.strip())


def plain_ids(ids: pd.Series) -> pd.Series:
    """A column of ids as `plain_id` spells them, texts; a missing one stays missing."""
    texts = ids.astype("str").str.strip()
    is_marked = ~texts.str.isascii() & texts.notna()
    return texts.where(~is_marked, texts[is_marked].map(plain_id)) if is_marked.any() else texts


def look_alike_notes(ids: Iterable[str]) -> tuple[str, ...]:
    """A sentence where different ids look like one patient's: how many pairs, without an id.

    >>> look_alike_notes(["17", "17.0", "18"])[0][:21]
    '1 PAIR OF PATIENT IDS'
    """
    alike = Counter(_likeness(name) for name in set(ids))
    pairs = sum(number * (number - 1) // 2 for number in alike.values())
    if not pairs:
        return ()
    sentence = (
        f"{counted(pairs, 'pair').upper()} OF PATIENT IDS with no difference but case, leading "
        "zeros, a trailing .0 or blanks inside: taken as different patients; are they?"
    )
    return (sentence,)


def _likeness(name: str) -> str:
    """What is left of an id without case, blanks, a trailing .0 and leading zeros."""
    return _NO_FRACTION.sub("", _BLANKS.sub("", name).casefold()).lstrip("0")
