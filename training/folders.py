"""Where a verb may write: a folder without content, a table whose ending says its format."""

from pathlib import Path

import pandas as pd
import pyarrow as pa

from features.tables import InvalidInputError
from features.written_numbers import is_written_number

PARQUET_ENDINGS, CSV_ENDING = (".parquet", ".pq"), ".csv"
TABLES_FOLDER = "tables"
"""Where the tables of a report lie, beside its page and in a run's artefacts."""
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def refuse_filled(folder: Path) -> None:
    """Raises InvalidInputError for a folder with content, or a file: no two results are mixed."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InvalidInputError(f"{folder}: not empty; name a new folder")


def table_ending(out: Path) -> str:
    """The ending of a table to write; raises InvalidInputError for an unknown one, or a folder."""
    ending = out.suffix.lower()
    if ending not in (*PARQUET_ENDINGS, CSV_ENDING):
        known = ", ".join((*PARQUET_ENDINGS, CSV_ENDING))
        raise InvalidInputError(f"{out}: name a table to write that ends in one of {known}")
    if out.is_dir():
        raise InvalidInputError(f"{out}: is a folder; name a file to write")
    return ending


def write_csv(table: pd.DataFrame, out: Path, index: bool) -> None:
    """Write a table as CSV whose texts no spreadsheet takes for a formula.

    A text that starts with one of `FORMULA_STARTS` gets an apostrophe before it, but for a written
    number; a carriage return, which would end its line, becomes a blank (OWASP, CSV injection: https://owasp.org/www-community/attacks/CSV_Injection).
    """
    shown = table.reset_index() if index else table
    safe = {name: _harmless(shown[name]) for name in shown.columns if _holds_texts(shown[name])}
    shown.assign(**safe).to_csv(out, index=False)


def _holds_texts(column: pd.Series) -> bool:
    kind = column.dtype
    if isinstance(kind, pd.CategoricalDtype):
        kind = kind.categories.dtype
    return pd.api.types.is_object_dtype(kind) or pd.api.types.is_string_dtype(kind)


def _harmless(column: pd.Series) -> pd.Series:
    return column.astype("object").map(_harmless_cell)


def _harmless_cell(cell: object) -> object:
    if not isinstance(cell, str):
        return cell
    runs = cell.startswith(FORMULA_STARTS) and not is_written_number(cell)
    return ("'" if runs else "") + cell.replace("\r", " ")


def write_table(table: pd.DataFrame, out: Path, index: bool) -> None:
    """Write a table as CSV or Parquet, as the ending says; its folder is made where missing."""
    ending = table_ending(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    if ending == CSV_ENDING:
        write_csv(table, out, index)
    else:
        table.to_parquet(out, index=index)


def arrow_column(column: pd.Series) -> pa.Array:
    """The column for Arrow; times by way of plain UTC, whose direct route pandas deprecates."""
    if isinstance(column.dtype, pd.CategoricalDtype):  # parts differ in their words, not in type
        return pa.array(column, from_pandas=True).cast(pa.dictionary(pa.int32(), pa.string()))
    if not isinstance(column.dtype, pd.DatetimeTZDtype):
        return pa.array(column, from_pandas=True)
    plain = pa.array(column.dt.tz_convert(None).to_numpy(), type=pa.timestamp("us"))
    return plain.cast(pa.timestamp("us", tz="UTC"))
