"""Reads records tables: one CSV (also gzipped) or Parquet file, or a folder of them.

Columns are those of the records contract; `subject_id` is taken for `patient_id` and `value` for
`numeric_value`. Times need an offset from UTC; only a birth may be a bare date.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from features.tables import (
    RECORD_COLUMNS,
    REJECT_COLUMNS,
    TIME_TYPE,
    InvalidTableError,
    Reading,
    RejectReason,
)
from features.written_numbers import is_written_number

ENDINGS = (".csv", ".csv.gz", ".parquet", ".pq")
OTHER_NAMES = {"subject_id": "patient_id", "value": "numeric_value"}
REQUIRED = ("patient_id", "time", "code")
VALUES = ("numeric_value", "text_value")
BIRTH_CODES = ("birth", "MEDS_BIRTH")
MISSING_WORDS = ["", "NaN", "nan", "NA", "N/A", "null", "NULL", "None", "<NA>", "NaT"]

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_OFFSET = re.compile(r".*\d{2}(:\d{2})?([.,]\d+)?\s?(Z|z|[+-]\d{2}(:?\d{2})?)")
_FRACTION_BEYOND_MICROSECONDS = re.compile(r"([.,]\d{6})\d+")


def read(path: Path) -> Reading:
    """Read the records of a file, or of all files of a folder in the order of their names.

    Words where a number belongs, and times that are none, become rejects.

    Raises:
        InvalidTableError: no such file, a damaged or empty one, a missing or doubled column, or a
            time without offset. The message names file, column and line, never a value.
    """
    files = _files(path)
    parts = [_read_file(file) for file in files]
    records = pd.concat([part.records for part in parts], ignore_index=True)
    for column in ("patient_id", "code", "text_value", "unit", "source"):
        records[column] = records[column].astype("category")
    rejects = pd.concat([part.rejects for part in parts], ignore_index=True)
    notes = tuple(note for part in parts for note in part.notes)
    return Reading(records, rejects, (f"{len(files)} file(s), {len(records)} records", *notes))


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.name.lower().endswith(ENDINGS))
        if not files:
            raise InvalidTableError(f"{path}: no file that ends in {', '.join(ENDINGS)}")
        return files
    if not path.exists():
        raise InvalidTableError(f"{path}: no such file or folder")
    if not path.name.lower().endswith(ENDINGS):
        raise InvalidTableError(f"{path}: its name ends in none of {', '.join(ENDINGS)}")
    return [path]


def _read_file(file: Path) -> Reading:
    is_csv = file.name.lower().endswith((".csv", ".csv.gz"))
    raw = _csv(file) if is_csv else _parquet(file)
    table, notes = _named(raw, file)
    if table.num_rows == 0:
        raise InvalidTableError(f"{file}: no rows")
    return _parsed(_Columns(table, file, first_line=2 if is_csv else 1), notes)


def _csv(file: Path) -> pa.Table:
    """Every cell as text; the header decides between comma, semicolon and tab."""
    broken_lines: list[int] = []

    def remember(row: pa.csv.InvalidRow) -> str:
        broken_lines.append(row.number or 0)
        return "skip"

    try:
        with pa.input_stream(str(file), compression="detect") as stream:
            content = stream.read()
        names, delimiter = _header(content, file)
        table = pa.csv.read_csv(
            pa.BufferReader(content),
            read_options=pa.csv.ReadOptions(use_threads=False),
            parse_options=pa.csv.ParseOptions(
                delimiter=delimiter, invalid_row_handler=remember, newlines_in_values=True
            ),
            convert_options=pa.csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                null_values=MISSING_WORDS,
                strings_can_be_null=True,
            ),
        )
    except (pa.ArrowInvalid, OSError) as error:
        raise InvalidTableError(f"{file}: not a readable CSV file in UTF-8") from error
    if broken_lines:
        raise InvalidTableError(
            f"{file}: line {broken_lines[0]} has another number of fields than the header"
        )
    return table


def _header(content: bytes, file: Path) -> tuple[list[str], str]:
    line = content.removeprefix(b"\xef\xbb\xbf").split(b"\n", 1)[0].strip()
    if not line:
        raise InvalidTableError(f"{file}: the file is empty")
    text = line.decode("utf-8", "replace")
    delimiter = max(",;\t", key=text.count)
    return [name.strip().strip('"') for name in text.split(delimiter)], delimiter


def _parquet(file: Path) -> pa.Table:
    if file.stat().st_size == 0:
        raise InvalidTableError(f"{file}: the file is empty")
    try:
        return pa.parquet.read_table(file, partitioning=None)
    except (pa.ArrowInvalid, OSError) as error:
        raise InvalidTableError(f"{file}: not a readable Parquet file (cut short?)") from error


def _named(raw: pa.Table, file: Path) -> tuple[pa.Table, tuple[str, ...]]:
    """The contract's columns under its names, and a note about the others."""
    given = [name.strip() for name in raw.column_names]
    names = [
        OTHER_NAMES[name] if name in OTHER_NAMES and OTHER_NAMES[name] not in given else name
        for name in given
    ]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise InvalidTableError(f"{file}: column(s) more than once: {', '.join(doubled)}")
    missing = [name for name in REQUIRED if name not in names]
    if not set(VALUES) & set(names):
        missing.append(" or ".join(VALUES))
    if missing:
        raise InvalidTableError(f"{file}: column(s) missing: {', '.join(missing)}")
    ignored = [name for name in names if name not in RECORD_COLUMNS]
    table = raw.rename_columns(names).select([name for name in RECORD_COLUMNS if name in names])
    return table, (f"{file.name}: column(s) not read: {', '.join(ignored)}",) if ignored else ()


@dataclass(frozen=True)
class _Columns:
    """A file's table with where its rows stand."""

    table: pa.Table
    file: Path
    first_line: int

    def __getitem__(self, name: str) -> pa.ChunkedArray:
        if name in self.table.column_names:
            return self.table[name]
        return pa.chunked_array([pa.nulls(self.table.num_rows, pa.string())])

    def texts(self, name: str) -> pd.Series:
        """A column as texts, blank ones missing."""
        try:
            column = pc.utf8_trim_whitespace(self[name].cast(pa.string()))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise InvalidTableError(
                f"{self.file}: column {name} holds {self[name].type}, texts are needed"
            ) from error
        return column.to_pandas().astype("str").replace("", np.nan)

    def line(self, place: int) -> str:
        return f"line {place + self.first_line}"

    def sources(self) -> pd.Series:
        """The source that a row names, else file and line."""
        lines = pa.array(np.arange(self.table.num_rows) + self.first_line).cast(pa.string())
        places = pc.binary_join_element_wise(self.file.name, lines, ":")
        return self.texts("source").fillna(places.to_pandas().astype("str"))


def _parsed(columns: _Columns, notes: tuple[str, ...]) -> Reading:
    code = columns.texts("code")
    is_birth = code.isin(BIRTH_CODES).to_numpy()
    time, bad_time = _times(columns, "time", may_be_date=is_birth)
    result_time, bad_result = _times(columns, "result_time", may_be_date=is_birth)
    number, text, bad_number = _values(columns)
    records = pd.DataFrame(
        {
            "patient_id": columns.texts("patient_id"),
            "time": time,
            "code": code,
            "numeric_value": number,
            "text_value": text,
            "unit": columns.texts("unit"),
            "result_time": result_time,
            "source": columns.sources(),
        },
        columns=list(RECORD_COLUMNS),
    )
    faults = (
        (bad_time, RejectReason.NO_TIME, "time is not a timestamp"),
        (bad_result & ~bad_time, RejectReason.NO_TIME, "result_time is not a timestamp"),
        (
            bad_number & ~bad_time & ~bad_result,
            RejectReason.NOT_A_NUMBER,
            "numeric_value is not a number",
        ),
    )
    rejects = [
        records[where].assign(reason=str(reason), detail=detail) for where, reason, detail in faults
    ]
    return Reading(
        records[~(bad_time | bad_result | bad_number)],
        pd.concat(rejects)[list(REJECT_COLUMNS)],
        notes,
    )


def _times(
    columns: _Columns, name: str, may_be_date: npt.NDArray[np.bool_]
) -> tuple[pd.Series, npt.NDArray[np.bool_]]:
    """A column as instants, and where it holds something that is none."""
    kind = columns[name].type
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        instants = columns[name].cast(pa.timestamp("us", "UTC"), safe=False).to_pandas()
        return instants.astype(TIME_TYPE), np.zeros(len(instants), dtype=bool)
    if not (_is_text(kind) or pa.types.is_temporal(kind) or pa.types.is_null(kind)):
        raise InvalidTableError(
            f"{columns.file}: column {name} holds {kind}, timestamps with an offset are needed"
        )
    texts = columns.texts(name)
    written, places = _instants_of(texts)
    instants = written["instant"].take(places).reset_index(drop=True)
    naive = written["naive"].to_numpy()[places]
    bare_date = written["bare_date"].to_numpy()[places]
    refused = np.flatnonzero(naive & ~(may_be_date & bare_date))
    if refused.size:
        raise InvalidTableError(
            f"{columns.file}: {name} of {refused.size} row(s) has no offset from UTC, first in "
            f"{columns.line(refused[0])}; write times like 2026-01-31T08:30:00+01:00 or ...Z"
        )
    return instants, (instants.isna() & texts.notna()).to_numpy()


def _instants_of(texts: pd.Series) -> tuple[pd.DataFrame, npt.NDArray[np.int64]]:
    """Each different text once, as an instant and without offset or not; and each row's place."""
    places, found = pd.factorize(texts, use_na_sentinel=False)
    words = pd.Series(found, dtype="str")
    given = words.fillna("")
    instant = pd.to_datetime(
        given.str.replace(_FRACTION_BEYOND_MICROSECONDS, r"\1", regex=True),
        format="ISO8601",
        utc=True,
        errors="coerce",
    ).astype(TIME_TYPE)
    has_offset = given.str.fullmatch(_OFFSET) & ~given.str.fullmatch(_DATE)
    table = pd.DataFrame(
        {
            "instant": instant,
            "naive": instant.notna() & ~has_offset,
            "bare_date": given.str.fullmatch(_DATE),
        }
    )
    return table, places


def _values(columns: _Columns) -> tuple[pd.Series, pd.Series, npt.NDArray[np.bool_]]:
    """Numbers, texts, and where numeric_value holds a word.

    A comparison ("<5") or a number in another writing ("12,5") goes to the text, which is read
    later. So does a word where the table has no text_value of its own.
    """
    given, text = columns["numeric_value"], columns.texts("text_value")
    if pa.types.is_boolean(given.type) or not _is_text(given.type):
        return _numbers(columns), text, np.zeros(len(text), dtype=bool)
    written = columns.texts("numeric_value")
    number = pd.to_numeric(written.astype("object"), errors="coerce").astype("float64")
    unread = (number.isna() & written.notna()).to_numpy()
    words = {word for word in written[unread].unique() if _is_kept(word, columns)}
    kept = unread & written.isin(words).to_numpy()
    text = text.where(~(kept & text.isna()), written)
    is_word = unread & ~kept
    return number, text.where(~is_word | text.notna(), written), is_word


def _is_text(kind: pa.DataType) -> bool:
    return (
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_dictionary(kind)
    )


def _is_kept(word: str, columns: _Columns) -> bool:
    has_texts = "text_value" in columns.table.column_names
    return is_written_number(word) or not has_texts


def _numbers(columns: _Columns) -> pd.Series:
    try:
        return columns["numeric_value"].cast(pa.float64()).to_pandas().astype("float64")
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        kind = columns["numeric_value"].type
        raise InvalidTableError(
            f"{columns.file}: column numeric_value holds {kind}, numbers are needed"
        ) from error
