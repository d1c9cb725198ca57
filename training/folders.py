"""Where a verb may write: a folder without content, a table whose ending says its format."""

from pathlib import Path

import pandas as pd
import pyarrow as pa

from features.tables import InvalidInputError

PARQUET_ENDINGS, CSV_ENDING = (".parquet", ".pq"), ".csv"


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


def write_table(table: pd.DataFrame, out: Path, index: bool) -> None:
    """Write a table as CSV or Parquet, as the ending says; its folder is made where missing."""
    ending = table_ending(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    if ending == CSV_ENDING:
        table.to_csv(out, index=index)
    else:
        table.to_parquet(out, index=index)


def arrow_column(column: pd.Series) -> pa.Array:
    """The column for Arrow; times by way of plain UTC, whose direct route pandas deprecates."""
    if not isinstance(column.dtype, pd.DatetimeTZDtype):
        return pa.array(column, from_pandas=True)
    plain = pa.array(column.dt.tz_convert(None).to_numpy(), type=pa.timestamp("us"))
    return plain.cast(pa.timestamp("us", tz="UTC"))
