"""Counts of things as messages tell them: in the singular where there is one."""

from collections.abc import Sequence


def plural(count: int, what: str) -> str:
    """The word for so many of something.

    >>> plural(1, "column"), plural(2, "column")
    ('column', 'columns')
    """
    return what if count == 1 else f"{what}s"


def counted(count: int, what: str) -> str:
    """So many of something.

    >>> counted(1, "row"), counted(1200, "row")
    ('1 row', '1,200 rows')
    """
    return f"{count:,} {plural(count, what)}"


def columns_missing(names: Sequence[str]) -> str:
    """The columns that a table lacks.

    >>> columns_missing(["code"]), columns_missing(["code", "time"])
    ('column missing: code', 'columns missing: code, time')
    """
    return f"{plural(len(names), 'column')} missing: {', '.join(names)}"
