"""Reads records tables: one CSV (also gzipped) or Parquet file, or a folder of them.

Columns are those of the records contract; `subject_id` is taken for `patient_id` and `value` for
`numeric_value`. Times need an offset from UTC; only a birth may be a bare date.
"""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from features.patient_ids import plain_ids
from features.plurals import columns_missing, counted, plural
from features.readers.decimal_marks import PlainTexts, in_points
from features.readers.delimited import delimiter_of, refuse_doubled, utf8_text
from features.readers.places import existing
from features.tables import (
    RECORD_COLUMNS,
    REJECT_COLUMNS,
    TIME_TYPE,
    InvalidTableError,
    Reading,
    RejectReason,
)
from features.written_numbers import is_written_number

RECORDS = "records"
ENDINGS = (".csv", ".csv.gz", ".parquet", ".pq")
OTHER_NAMES = {"subject_id": "patient_id", "value": "numeric_value"}
REQUIRED = ("patient_id", "time", "code")
VALUES = ("numeric_value", "text_value")
DOUBT = "decimals or thousands behind the mark: as 1.234 may be 1.234 or 1234"
BIRTH_CODES = ("birth", "meds_birth")  # in lower case
MISSING_WORDS = ["", "NaN", "nan", "NA", "N/A", "null", "NULL", "None", "<NA>", "NaT"]
"""What programs write into an empty cell; the word none of a person is in lower case."""

CALENDAR = (datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC))
LONGEST_HEADER = 1_000_000  # characters

_LINE_END = re.compile(r"\r\n|\r|\n")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_OFFSET = re.compile(
    r"(\d{4}([-/])\d{1,2}\2\d{1,2}|\d{8})([Tt ]\d{2}[\d:.,]*)?\s?(Z|z|[+-]\d{2}(:?\d{2})?)"
)
_FRACTION_BEYOND_MICROSECONDS = re.compile(r"([.,]\d{6})\d+")


def read(path: Path) -> Reading:
    """Read the records of a file, or of all files of a folder in the order of their names.

    Words where a number belongs, and times that are none, become rejects. A Parquet file of a
    folder whose schema says that its `content` is something else than records is left out, and a
    note says so.

    Raises:
        InvalidTableError: no such file, a damaged or empty one, a missing or doubled column, true
            and false for numbers, or a time without offset. The message names file, column and
            line, never a value.
    """
    found = _files(path)
    files = [file for file in found if _content(file) == RECORDS]
    if not files:
        raise InvalidTableError(f"{path}: says of itself that it holds {_content(found[0])}")
    parts = [_read_file(file) for file in files]
    records = pd.concat([part.records for part in parts], ignore_index=True)
    for column in ("patient_id", "code", "text_value", "unit", "source"):
        records[column] = records[column].astype("category")
    rejects = pd.concat([part.rejects for part in parts], ignore_index=True)
    notes = tuple(note for part in parts for note in part.notes) + tuple(
        f"{file.name}: not read, it says of itself that it holds {_content(file)}"
        for file in found
        if file not in files
    )
    counts = f"{counted(len(files), 'file')}, {counted(len(records), 'record')}"
    return Reading(records, rejects, (counts, *notes))


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        files = sorted(
            file
            for file in path.rglob("*")
            if file.name.lower().endswith(ENDINGS) and not file.is_dir()
        )
        if not files:
            raise InvalidTableError(f"{path}: no file that ends in {', '.join(ENDINGS)}")
        return files
    if not existing(path).name.lower().endswith(ENDINGS):
        raise InvalidTableError(f"{path}: its name ends in none of {', '.join(ENDINGS)}")
    return [path]


def _content(file: Path) -> str:
    """What a Parquet file's schema says that it holds; records where it says nothing."""
    if not file.name.lower().endswith((".parquet", ".pq")):
        return RECORDS
    try:
        metadata = pa.parquet.read_schema(file).metadata or {}
    except (pa.ArrowInvalid, OSError, UnicodeDecodeError):  # told by whoever reads it whole
        return RECORDS
    return metadata.get(b"content", RECORDS.encode()).decode("utf-8", "replace")


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

    content = _unpacked(file) + b"\n"  # a header alone is a table only with its line's end
    names, delimiter = _header(utf8_text(content, file), file)
    try:
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
    except pa.ArrowInvalid as error:
        raise InvalidTableError(
            f"{file}: cannot be split into lines and cells (a stray quote, or one line of 1 MB?)"
        ) from error
    if broken_lines:
        raise InvalidTableError(
            f"{file}: line {broken_lines[0]} has another number of fields than the header"
        )
    _refuse_swallowed_lines(table, delimiter, file)
    return table


def _unpacked(file: Path) -> bytes:
    """The file's bytes, unpacked where its name says so."""
    try:
        with pa.input_stream(str(file), compression="detect") as stream:
            return bytes(stream.read())
    except OSError as error:
        raise InvalidTableError(
            f"{file}: not a readable CSV file (damaged or cut short?)"
        ) from error


def _header(text: str, file: Path) -> tuple[list[str], str]:
    """The names of the columns and the delimiter between them."""
    if not text.strip():
        raise InvalidTableError(f"{file}: the file is empty")
    head = text[:LONGEST_HEADER]
    delimiter = delimiter_of(_LINE_END.split(head, 1)[0])
    try:
        names = next(csv.reader(io.StringIO(head, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise InvalidTableError(f"{file}: its header cannot be split into names") from error
    if not any(name.strip() for name in names):
        raise InvalidTableError(f"{file}: line 1 is empty, the columns' names belong there")
    return names, delimiter


def _refuse_swallowed_lines(table: pa.Table, delimiter: str, file: Path) -> None:
    """A quote left open takes whole lines into one cell, up to the next quote."""
    for column in table.columns:
        broken = column.filter(pc.fill_null(pc.match_substring(column, "\n"), False))
        swallowed = pc.greater_equal(
            pc.count_substring(broken, delimiter), max(table.num_columns - 1, 1)
        )
        if pc.any(swallowed).as_py():
            first = broken.filter(swallowed)[0]
            line = pc.index(column, first).as_py() + 2
            raise InvalidTableError(
                f"{file}: from line {line} on a cell holds whole lines (a quote left open?)"
            )


def _parquet(file: Path) -> pa.Table:
    if file.stat().st_size == 0:
        raise InvalidTableError(f"{file}: the file is empty")
    try:
        refuse_doubled(pa.parquet.read_schema(file).names, file)
        return pa.parquet.read_table(file, partitioning=None)
    except (pa.ArrowInvalid, OSError, UnicodeDecodeError) as error:
        raise InvalidTableError(f"{file}: not a readable Parquet file (cut short?)") from error


def _named(raw: pa.Table, file: Path) -> tuple[pa.Table, tuple[str, ...]]:
    """The contract's columns under its names, and a note about the others."""
    given = [name.strip() for name in raw.column_names]
    names = [
        OTHER_NAMES[name] if name in OTHER_NAMES and OTHER_NAMES[name] not in given else name
        for name in given
    ]
    refuse_doubled(names, file)
    missing = [name for name in REQUIRED if name not in names]
    if not set(VALUES) & set(names):
        missing.append(" or ".join(VALUES))
    if missing:
        raise InvalidTableError(f"{file}: {columns_missing(missing)}")
    ignored = [name or "(no name)" for name in names if name not in RECORD_COLUMNS]
    _refuse_misspelt(ignored, [name for name in RECORD_COLUMNS if name not in names], file)
    places = {name: place for place, name in enumerate(names) if name in RECORD_COLUMNS}
    table = raw.select(list(places.values())).rename_columns(list(places))
    told = f"{file.name}: {plural(len(ignored), 'column')} not read: {', '.join(ignored)}"
    return table, (told,) if ignored else ()


def _refuse_misspelt(strange: Sequence[str], absent: Sequence[str], file: Path) -> None:
    """A column that is almost one of ours was meant: without `result_time` a row would look ahead.

    Raises:
        InvalidTableError: such a column.
    """
    for name in strange:
        meant = get_close_matches(name.lower().replace(" ", "_"), absent, n=1, cutoff=0.85)
        if meant:
            raise InvalidTableError(f"{file}: column {name!r}: is {meant[0]!r} meant?")


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
    is_birth = code.str.lower().isin(BIRTH_CODES).to_numpy()
    time, bad_time = _times(columns, "time", may_be_date=is_birth)
    result_time, bad_result = _times(columns, "result_time", may_be_date=is_birth)
    values = _values(columns)
    records = pd.DataFrame(
        {
            "patient_id": plain_ids(columns.texts("patient_id")),
            "time": time,
            "code": code,
            "numeric_value": values.number,
            "text_value": values.text,
            "unit": columns.texts("unit"),
            "result_time": result_time,
            "source": columns.sources(),
        },
        columns=list(RECORD_COLUMNS),
    )
    faults = (
        (bad_time, RejectReason.NO_TIME, "time is not a timestamp"),
        (bad_result, RejectReason.NO_TIME, "result_time is not a timestamp"),
        (values.is_word, RejectReason.NOT_A_NUMBER, "numeric_value is not a number"),
        (values.is_doubtful, RejectReason.AMBIGUOUS_NUMBER, DOUBT),
    )
    refused, rejects = np.zeros(len(records), dtype=bool), []
    for where, reason, detail in faults:
        rejects.append(records[where & ~refused].assign(reason=str(reason), detail=detail))
        refused |= where
    return Reading(
        records[~refused], pd.concat(rejects)[list(REJECT_COLUMNS)], (*notes, *values.notes)
    )


def _times(
    columns: _Columns, name: str, may_be_date: npt.NDArray[np.bool_]
) -> tuple[pd.Series, npt.NDArray[np.bool_]]:
    """A column as instants, and where it holds something that is none."""
    kind = columns[name].type
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        instants = _within_calendar(columns[name]).to_pandas()
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
            f"{columns.file}: {name} of {counted(refused.size, 'row')} has no offset from UTC, "
            f"first in {columns.line(refused[0])}; "
            "write times like 2026-01-31T08:30:00+01:00 or ...Z"
        )
    return instants, (instants.isna() & texts.notna()).to_numpy()


def _within_calendar(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Timestamps in microseconds UTC; those beyond the calendar's years 1 to 9999 at its edge."""
    if column.type.unit != "ns":  # nanoseconds end in 2262
        first, last = (
            pa.scalar(edge, pa.timestamp("us", "UTC")).cast(column.type).value for edge in CALENDAR
        )
        ticks = column.cast(pa.int64())
        ticks = pc.min_element_wise(pc.max_element_wise(ticks, first), last)
        column = pc.if_else(column.is_valid(), ticks, None).cast(column.type)
    return column.cast(pa.timestamp("us", "UTC"), safe=False)


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


@dataclass(frozen=True)
class _Values:
    """Numbers and texts, where numeric_value holds a word, and where a number may be two."""

    number: pd.Series
    text: pd.Series
    is_word: npt.NDArray[np.bool_]
    is_doubtful: npt.NDArray[np.bool_]
    notes: tuple[str, ...]


def _values(columns: _Columns) -> _Values:
    """The values in the writing with a decimal point, whatever the file's own is.

    A number beside which a text is doubtful speaks for itself.
    """
    if not _is_text(columns["numeric_value"].type):
        number = _numbers(columns)
        (text,) = in_points(columns.texts("text_value"))
        nowhere = np.zeros(len(number), dtype=bool)
        doubtful = text.is_doubtful & number.isna().to_numpy()
        notes = _told(columns, text_value=(text, doubtful))
        return _Values(number, text.texts, nowhere, doubtful, notes)
    written, text = in_points(columns.texts("numeric_value"), columns.texts("text_value"))
    certain = written.texts.mask(written.is_doubtful)
    number, texts, is_word = _numbers_and_texts(certain, text.texts, columns)
    shown = texts.where(~written.is_doubtful | texts.notna(), written.texts)
    alone = text.is_doubtful & written.texts.isna().to_numpy()
    notes = _told(columns, numeric_value=(written, written.is_doubtful), text_value=(text, alone))
    return _Values(number, shown, is_word, written.is_doubtful | alone, notes)


def _told(columns: _Columns, **read: tuple[PlainTexts, npt.NDArray[np.bool_]]) -> tuple[str, ...]:
    """The notes about a file's columns of numbers, each with where its numbers were set aside."""
    notes = {name: plain.note(int(aside.sum())) for name, (plain, aside) in read.items()}
    return tuple(f"{columns.file.name}: {name}: {note}" for name, note in notes.items() if note)


def _numbers_and_texts(
    written: pd.Series, text: pd.Series, columns: _Columns
) -> tuple[pd.Series, pd.Series, npt.NDArray[np.bool_]]:
    """Numbers, texts, and where numeric_value holds a word.

    A comparison ("<5") or a number in another writing ("12 345") goes to the text, which is read
    later. So does a word where the table has no text_value of its own.
    """
    number = pd.to_numeric(written.astype("object"), errors="coerce").astype("float64")
    unread = (number.isna() & written.notna()).to_numpy()
    words = {word for word in written[unread].unique() if _is_kept(word, columns)}
    kept = unread & written.isin(words).to_numpy()
    text = text.where(~(kept & text.isna()), written)
    is_word = unread & ~kept
    return number, text.where(~is_word | text.notna(), written), is_word


def _is_text(kind: pa.DataType) -> bool:
    return (
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_string_view(kind)
        or pa.types.is_dictionary(kind)
    )


def _is_kept(word: str, columns: _Columns) -> bool:
    has_texts = "text_value" in columns.table.column_names
    return is_written_number(word) or not has_texts


def _numbers(columns: _Columns) -> pd.Series:
    if pa.types.is_boolean(columns["numeric_value"].type):
        raise InvalidTableError(
            f"{columns.file}: column numeric_value holds true and false, numbers are needed"
        )
    try:
        return columns["numeric_value"].cast(pa.float64()).to_pandas().astype("float64")
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        kind = columns["numeric_value"].type
        raise InvalidTableError(
            f"{columns.file}: column numeric_value holds {kind}, numbers are needed"
        ) from error
