"""Writing a virtual cohort to files that say in their own metadata that it is virtual."""

import json
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.catalogue import key_of
from features.catalogue.naming import name_of
from features.tables import InvalidInputError
from training.cohort.simulation import PATIENT_PREFIX, VERSION, VirtualCohort
from training.folders import arrow_column

ROWS_IN_GROUP = 2**18
"""Of every group of a Parquet file but the last: where a cohort was cut leaves no trace."""


class CohortFormat(StrEnum):
    """How a cohort is laid out on disk."""

    TABLE = "table"  # records.parquet: the records contract
    MEDS = "meds"  # data/0.parquet, metadata/: Medical Event Data Standard, see `_meds_table`


def write(
    cohort: VirtualCohort,
    out: Path,
    format: str = CohortFormat.TABLE,  # noqa: A002
) -> tuple[Path, ...]:
    """Write records, truth and description below `out`, made if missing; the paths written.

    The truth is for judging and for plots, never for training. Raises InvalidInputError for an
    unknown format.
    """
    return write_parts([cohort], cohort.metadata, out, format)


def write_parts(
    parts: Iterable[VirtualCohort],
    metadata: dict[str, object],
    out: Path,
    format: str = CohortFormat.TABLE,  # noqa: A002
) -> tuple[Path, ...]:
    """Write a cohort that comes part by part, described by `metadata`, as `write` does."""
    if format not in list(CohortFormat):
        raise InvalidInputError(f"format {format!r} is unknown; known: {', '.join(CohortFormat)}")
    meds = CohortFormat(format) is CohortFormat.MEDS
    records = out / ("data/0.parquet" if meds else "records.parquet")
    about = out / ("metadata/dataset.json" if meds else "dataset.json")
    truth = out / "truth.parquet"
    for path in (records, about, truth):
        path.parent.mkdir(parents=True, exist_ok=True)
    codes: set[str] = set()
    with (
        Growing(records, metadata, "records") as record_file,
        Growing(truth, metadata, "truth") as truth_file,
    ):
        for part in parts:
            records_of_part = _meds_table(part.records) if meds else arrow_table(part.records)
            record_file.add(records_of_part)
            truth_file.add(arrow_table(part.truth))
            codes.update(pc.unique(records_of_part["code"]).to_pylist())
    _write_json({**(_MEDS_NAMES if meds else {}), **metadata}, about)
    return (records, about, truth, *([_write_codes(codes, metadata, out)] if meds else []))


MEDS_VERSION = "0.4.1"
_MEDS_NAMES = {
    "dataset_name": "crs-risk virtual patient cohort (simulated)",
    "dataset_version": VERSION,
    "etl_name": "crs-risk",
    "etl_version": VERSION,
    "meds_version": MEDS_VERSION,
    "code_modifier_columns": ["unit"],
    "other_extension_columns": ["result_time", "source"],
    "subject_id_of": f"{PATIENT_PREFIX}000017 is subject 17",
    "patient_id_prefix": PATIENT_PREFIX,
}
"""Fields of MEDS' DatasetMetadataSchema, and how its subjects are called in the other format."""


_MEDS_CODES = {"birth": "MEDS_BIRTH", "death": "MEDS_DEATH"}
"""The two codes that MEDS itself names."""


def _meds_table(records: pd.DataFrame) -> pa.Table:
    """MEDS 0.4: whole-numbered subjects, times without a zone (here: UTC), plain texts.

    Beside MEDS' own columns it keeps unit, result time (when it became known) and source.
    """
    subject = records["patient_id"].astype(str).str.removeprefix(PATIENT_PREFIX).astype("int64")
    named = records.rename(columns={"patient_id": "subject_id"}).assign(
        subject_id=subject,
        code=records["code"].cat.rename_categories(_MEDS_CODES),
        numeric_value=records["numeric_value"].astype("float32"),
    )
    table = arrow_table(named)
    types = {
        **{name: pa.timestamp("us") for name in ("time", "result_time")},
        **{name: pa.string() for name in ("code", "unit", "source")},
        "text_value": pa.large_string(),
    }
    for name, kind in types.items():
        table = table.set_column(table.column_names.index(name), name, table[name].cast(kind))
    return table


def _write_codes(codes: set[str], metadata: dict[str, object], out: Path) -> Path:
    """MEDS' table of every code in the data: what it is called, what it stands for elsewhere."""
    path = out / "metadata/codes.parquet"
    rows = sorted(codes)
    table = pa.table(
        {
            "code": pa.array(rows, pa.string()),
            "description": pa.array([name_of(key_of(code) or code) for code in rows], pa.string()),
            "parent_codes": pa.array([_parents(code) for code in rows], pa.list_(pa.string())),
        }
    )
    pq.write_table(table.replace_schema_metadata(_labels(metadata, "codes")), path)
    return path


def _parents(code: str) -> list[str]:
    """The code as OMOP's vocabularies write it; none for the catalogue's own keys.

    >>> _parents("LOINC//1988-5"), _parents("crs_grade")
    (['LOINC/1988-5'], [])
    """
    vocabulary, stroke, rest = code.partition("//")
    return [f"{vocabulary}/{rest}"] if stroke else []


def _labels(metadata: dict[str, object], content: str) -> dict[str, str]:
    """What a Parquet file's schema says of it."""
    described = json.dumps(metadata, sort_keys=True)
    return {"virtual": "true", "content": content, "cohort": described}


def arrow_table(table: pd.DataFrame) -> pa.Table:
    """The frame as files keep it."""
    return pa.table({name: arrow_column(table[name]) for name in table.columns})


class Growing:
    """A Parquet file that grows by groups of `ROWS_IN_GROUP` rows, however its parts are cut.

    Its schema carries `virtual=true`, what it holds and the cohort's description.
    """

    def __init__(self, path: Path, metadata: dict[str, object], content: str) -> None:
        self._path = path
        self._labels = _labels(metadata, content)
        self._writer: pq.ParquetWriter | None = None
        self._waiting: list[pa.Table] = []

    def __enter__(self) -> "Growing":
        return self

    def __exit__(self, fault: type[BaseException] | None, *_: object) -> None:
        if fault is None and self._rows_waiting:
            self._write(pa.concat_tables(self._waiting))
        if self._writer is not None:
            self._writer.close()

    @property
    def _rows_waiting(self) -> int:
        return sum(table.num_rows for table in self._waiting)

    def add(self, table: pa.Table) -> None:
        """Write one more part, or keep it until a group is full."""
        self._waiting.append(table)
        if self._rows_waiting < ROWS_IN_GROUP:
            return
        rows = pa.concat_tables(self._waiting)
        full = len(rows) - len(rows) % ROWS_IN_GROUP
        for start in range(0, full, ROWS_IN_GROUP):
            self._write(rows.slice(start, ROWS_IN_GROUP))
        self._waiting = [rows.slice(full)]

    def _write(self, group: pa.Table) -> None:
        columns = {name: _by_appearance(group[name]) for name in group.column_names}
        arrow = pa.table(columns).replace_schema_metadata(self._labels)
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._path, arrow.schema, compression="zstd")
        self._writer.write_table(arrow, row_group_size=len(arrow))


def _by_appearance(column: pa.ChunkedArray) -> pa.Array:
    """The column in one piece, its words in the order in which they appear in it."""
    if not pa.types.is_dictionary(column.type):
        return column.combine_chunks()
    whole = column.unify_dictionaries().combine_chunks()
    order = whole.indices.dictionary_encode()
    words = whole.dictionary.take(order.dictionary)
    return pa.DictionaryArray.from_arrays(order.indices, words)


def _write_json(content: dict[str, object], path: Path) -> None:
    path.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", encoding="utf-8")
