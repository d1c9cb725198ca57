"""Writing a virtual cohort to files that say in their own metadata that it is virtual."""

import json
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from features.tables import InvalidInputError
from training.cohort.simulation import VERSION, VirtualCohort
from training.folders import arrow_column


class CohortFormat(StrEnum):
    """How a cohort is laid out on disk."""

    TABLE = "table"  # records.parquet: the records contract
    MEDS = "meds"  # data/0.parquet, metadata/: Medical Event Data Standard, with three more columns


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
    with (
        _Growing(records, metadata, "records") as record_file,
        _Growing(truth, metadata, "truth") as truth_file,
    ):
        for part in parts:
            record_file.add(_meds_table(part.records) if meds else part.records)
            truth_file.add(part.truth)
    _write_json({**(_MEDS_NAMES if meds else {}), **metadata}, about)
    return records, about, truth


MEDS_VERSION = "0.4"
_MEDS_NAMES = {
    "dataset_name": "crs-risk virtual patient cohort (simulated)",
    "dataset_version": VERSION,
    "etl_name": "crs-risk",
    "meds_version": MEDS_VERSION,
}


def _meds_table(records: pd.DataFrame) -> pd.DataFrame:
    """MEDS counts subjects in whole numbers and keeps times without a zone (here: UTC)."""
    subject = records["patient_id"].astype(str).str.removeprefix("virtual-").astype("int64")
    return pd.DataFrame(
        {
            "subject_id": subject,
            "time": records["time"].dt.tz_localize(None),
            "code": records["code"].astype(str),
            "numeric_value": records["numeric_value"].astype("float32"),
            "text_value": records["text_value"],
            "unit": records["unit"],
            "result_time": records["result_time"].dt.tz_localize(None),
            "source": records["source"],
        }
    )


class _Growing:
    """A Parquet file that grows by a group of rows a part.

    Its schema carries `virtual=true`, what it holds and the cohort's description.
    """

    def __init__(self, path: Path, metadata: dict[str, object], content: str) -> None:
        self._path = path
        described = json.dumps(metadata, sort_keys=True)
        self._labels = {"virtual": "true", "content": content, "cohort": described}
        self._writer: pq.ParquetWriter | None = None

    def __enter__(self) -> "_Growing":
        return self

    def __exit__(self, *_: object) -> None:
        if self._writer is not None:
            self._writer.close()

    def add(self, table: pd.DataFrame) -> None:
        """Write one more part."""
        columns = {name: arrow_column(table[name]) for name in table.columns}
        arrow = pa.table(columns).replace_schema_metadata(self._labels)
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._path, arrow.schema, compression="zstd")
        self._writer.write_table(arrow, row_group_size=len(arrow))


def _write_json(content: dict[str, object], path: Path) -> None:
    path.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", encoding="utf-8")
