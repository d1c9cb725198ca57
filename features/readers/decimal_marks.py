"""The mark before a column's decimals, point or comma, judged by all of its numbers together.

    written                        read
    8.5  0.301  1,234.5            with a decimal point, it cannot be otherwise
    8,5  0,301  1.234,5            with a decimal comma, it cannot be otherwise
    1,788  beside these commas     1.788
    1.234  beside 1.234,5          1234: a point is seen to part thousands
    1.234  beside 8,5 alone        set aside: a number of another program, 1.234, or 1234
    1,788  1.234  beside both      set aside, each
    1.234  beside no comma         1.234

A wrong guess would be wrong a thousand times over, so a number is set aside where commas leave
both open. A file without a single comma is taken to be written with points: nothing says else.
One slip of the pen decides nothing: a mark seen a hundred times as often as the other is the one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from features.plurals import counted
from features.written_numbers import BLANKS, COMPARISONS


class Mark(Enum):
    """What stands before the decimals of a column's numbers."""

    POINT = auto()
    COMMA = auto()
    UNKNOWN = auto()  # both are seen, or neither is


@dataclass(frozen=True)
class Evidence:
    """What is seen in a column's numbers.

    `commas` and `points`: how many different numbers have this decimal mark for certain; `groups`:
    have points that part thousands; `either`: have a comma before three digits, be they decimals
    or thousands.
    """

    commas: int = 0
    points: int = 0
    groups: int = 0
    either: int = 0


@dataclass(frozen=True)
class PlainTexts:
    """A column's texts, numbers with a decimal point; `is_doubtful` where one may be two numbers.

    `convention` says how the file writes its numbers, where that is not with a decimal point.
    """

    texts: pd.Series
    is_doubtful: npt.NDArray[np.bool_]
    convention: str = ""

    def note(self, set_aside: int) -> str:
        """How the numbers are read and how many were set aside, without one; empty: as usual."""
        aside = (
            f"{counted(set_aside, 'number')} set aside that may be two, as 1.234 may be 1.234 or "
            "1234, for the decimal mark is not certain"
        )
        return ", ".join(part for part in (self.convention, aside if set_aside else "") if part)


def _with_sign(*writings: str) -> str:
    return rf"(?i)(?:{COMPARISONS})?\s*[+-]?(?:{'|'.join(writings)})"


def _grouped(mark: str, times: str) -> str:
    return rf"[1-9][0-9]{{0,2}}(?:{mark}[0-9]{{3}}){times}"


def _certain(mark: str, other: str) -> str:
    """Numbers that have decimals behind this mark, or thousands behind the other, for certain."""
    return _with_sign(
        rf"[0-9]*{mark}(?:[0-9]{{1,2}}|[0-9]{{4,}})",
        rf"(?:0[0-9]*|[0-9]{{4,}})?{mark}[0-9]{{3}}",
        rf"[0-9]*{mark}[0-9]+e[+-]?[0-9]+",
        rf"{_grouped(rf'(?:{other}|[{BLANKS}])', '+')}{mark}[0-9]+",
        _grouped(other, "{2,}"),
    )


SLIPS = 100
"""So many certain numbers of one mark outvote one of the other (a choice of this project)."""

_POINT, _COMMA = r"\.", ","
CERTAIN_COMMA, CERTAIN_POINT = _certain(_COMMA, _POINT), _certain(_POINT, _COMMA)
EITHER_COMMA, EITHER_POINT = (_with_sign(_grouped(mark, "")) for mark in (_COMMA, _POINT))
POINT_GROUPS = _with_sign(rf"{_grouped(_POINT, '+')},[0-9]+", _grouped(_POINT, "{2,}"))


def in_points(*columns: pd.Series) -> list[PlainTexts]:
    """The columns of one file, each number written with a decimal point, where it is certain which.

    A column's own numbers tell its mark; where they tell nothing, those of the other columns do.
    Missing texts, and texts that are no number, stay as they are.
    """
    if not any(_is_suspect(column) for column in columns):
        return [PlainTexts(column, np.zeros(len(column), dtype=bool)) for column in columns]
    seen = [_evidence(column) for column in columns]
    return [
        _plain(column, seen[place], _mark(seen[place], [*seen[:place], *seen[place + 1 :]]))
        for place, column in enumerate(columns)
    ]


def _is_suspect(texts: pd.Series) -> bool:
    """Whether a number may have a comma, or points between thousands; else all is as usual.

    Most files have neither, so it is asked in a hundredth of the time that reading takes.
    """
    given = pa.array(texts)
    marked = pc.or_(pc.match_substring(given, ","), pc.greater(pc.count_substring(given, "."), 1))
    few = given.filter(pc.fill_null(marked, False))
    return bool(pc.any(pc.match_substring_regex(few, r",[0-9]|\.[0-9]{3}\.")).as_py())


def _evidence(texts: pd.Series) -> Evidence:
    found = pd.Series(texts.dropna().unique(), dtype="str")
    patterns = (CERTAIN_COMMA, CERTAIN_POINT, POINT_GROUPS, EITHER_COMMA)
    return Evidence(*(int(found.str.fullmatch(pattern).sum()) for pattern in patterns))


def _mark(own: Evidence, others: Sequence[Evidence]) -> Mark:
    told = [own] if own.commas or own.points else others
    commas, points = sum(one.commas for one in told), sum(one.points for one in told)
    if commas and commas >= SLIPS * points:
        return Mark.COMMA
    if points < SLIPS * commas or (own.either and not own.points):
        return Mark.UNKNOWN
    return Mark.POINT


def _plain(texts: pd.Series, seen: Evidence, mark: Mark) -> PlainTexts:
    """A column's numbers in the point writing, by what was seen in it and the mark it has."""
    nowhere = np.zeros(len(texts), dtype=bool)
    if mark is Mark.POINT:
        return PlainTexts(texts, nowhere)
    commas, may_be_commas, may_be_points = (
        texts.str.fullmatch(pattern).fillna(False).to_numpy(dtype=bool)
        for pattern in (CERTAIN_COMMA, EITHER_COMMA, EITHER_POINT)
    )
    changed = commas | may_be_commas if mark is Mark.COMMA else commas
    if mark is Mark.COMMA and seen.groups:
        changed = changed | may_be_points
    doubtful = (may_be_commas | may_be_points) & ~changed
    swapped = texts[changed].str.replace(".", "", regex=False).str.replace(",", ".", regex=False)
    is_told = mark is Mark.COMMA and bool(changed.any() or doubtful.any())
    told = "numbers are read with a decimal comma" + ", 1.234 as 1234" * bool(seen.groups)
    return PlainTexts(texts.where(~changed, swapped), doubtful, told if is_told else "")
