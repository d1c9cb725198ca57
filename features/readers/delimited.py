"""Reads a small delimited text file strictly: a line that does not fit its header is refused."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from features.plurals import plural
from features.readers.places import shown
from features.tables import InvalidTableError

DELIMITERS = ",;\t"


def read_delimited(path: Path) -> pd.DataFrame:
    """Every cell as text ("" where empty), one row a line of the file, the index its number.

    The header decides between comma, semicolon and tab; blank lines do not count; a column without
    a name is left out.

    Raises:
        InvalidTableError: no such file, a folder, an empty file, bytes that are no UTF-8 text, a
            stray quote, a name that stands twice, or a line that is longer or shorter than the
            header.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        told = (error.strerror or "").lower()
        raise InvalidTableError(f"{shown(path)}: not a readable CSV file, {told}") from error
    lines = _lines(utf8_text(content, path), path)
    if not lines:
        raise InvalidTableError(f"{path}: not a readable CSV file, it is empty")
    (_, header), *rows = lines
    names = [name.strip() for name in header]
    refuse_doubled(names, path)
    for number, cells in rows:
        if len(cells) != len(names):
            raise InvalidTableError(
                f"{path}: line {number} has {len(cells)} cells where the header has {len(names)}"
            )
    table = pd.DataFrame(
        [cells for _, cells in rows], columns=names, index=[n for n, _ in rows], dtype="str"
    )
    return table.loc[:, [bool(name) for name in names]]


def utf8_text(content: bytes, path: Path | str) -> str:
    """The text of a file's bytes, without a byte order mark; raises InvalidTableError."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InvalidTableError(
            f"{path}: line {line} is not UTF-8 text; save the file as CSV in UTF-8"
        ) from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise InvalidTableError(f"{path}: line {line} holds a NUL byte, which no text does")
    return text


def delimiter_of(header: str) -> str:
    """The delimiter that a header line has most often."""
    return max(DELIMITERS, key=header.count)


def refuse_doubled(names: Sequence[str], path: Path | str) -> None:
    """Raises InvalidTableError where a column's name stands twice."""
    doubled = sorted({name for name in names if name and names.count(name) > 1})
    if doubled:
        raise InvalidTableError(
            f"{path}: {plural(len(doubled), 'column')} more than once: {', '.join(doubled)}"
        )


def _lines(text: str, path: Path) -> list[tuple[int, list[str]]]:
    """The cells of each line that is not blank, with its number."""
    delimiter = delimiter_of(text.lstrip().partition("\n")[0])
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        return [(reader.line_num, cells) for cells in reader if cells]
    except csv.Error as error:
        raise InvalidTableError(
            f"{path}: line {reader.line_num} cannot be split into cells (a stray quote?)"
        ) from error
