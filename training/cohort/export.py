"""Writing a virtual cohort to files that say in their own metadata that it is virtual."""

import json
from enum import StrEnum
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from features.tables import InvalidInputError
from training.cohort.simulation import VirtualCohort
from training.folders import arrow_column


class CohortFormat(StrEnum):
    """How a cohort is laid out on disk."""

    TABLE = "table"  # records.parquet: the records contract
    MEDS = "meds"  # data/0.parquet, metadata/: Medical Event Data Standard, with three more columns


MEDS_VERSION = "0.4"


def write(
    cohort: VirtualCohort,
    out: Path,
    format: str = CohortFormat.TABLE,  # noqa: A002
) -> tuple[Path, ...]:
    """Write records, truth and description below `out`, made if missing; the paths written.

    The truth is for judging and for plots, never for training. Raises InvalidInputError for an
    unknown format.
    """
    if format not in list(CohortFormat):
        raise InvalidInputError(f"format {format!r} is unknown; known: {', '.join(CohortFormat)}")
    layout = CohortFormat(format)
    out.mkdir(parents=True, exist_ok=True)
    writer = {CohortFormat.TABLE: _write_table, CohortFormat.MEDS: _write_meds}[layout]
    truth = out / "truth.parquet"
    _write_parquet(cohort.truth, truth, cohort.metadata, content="truth")
    return (*writer(cohort, out), truth)


def _write_table(cohort: VirtualCohort, out: Path) -> tuple[Path, ...]:
    records, about = out / "records.parquet", out / "dataset.json"
    _write_parquet(cohort.records, records, cohort.metadata)
    _write_json(cohort.metadata, about)
    return records, about


def _write_meds(cohort: VirtualCohort, out: Path) -> tuple[Path, ...]:
    data, about = out / "data" / "0.parquet", out / "metadata" / "dataset.json"
    data.parent.mkdir(exist_ok=True)
    about.parent.mkdir(exist_ok=True)
    _write_parquet(_meds_table(cohort.records), data, cohort.metadata)
    named = {
        "dataset_name": "crs-risk virtual patient cohort (simulated)",
        "dataset_version": str(cohort.metadata["version"]),
        "etl_name": "crs-risk",
        "meds_version": MEDS_VERSION,
    }
    _write_json({**named, **cohort.metadata}, about)
    return data, about


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


def _write_parquet(
    table: pd.DataFrame, path: Path, metadata: dict[str, object], content: str = "records"
) -> None:
    """Parquet whose schema carries `virtual=true`, what it holds and the cohort's description."""
    columns = {name: arrow_column(table[name]) for name in table.columns}
    labels = {"virtual": "true", "content": content, "cohort": json.dumps(metadata, sort_keys=True)}
    arrow = pa.table(columns).replace_schema_metadata(labels)
    pq.write_table(arrow, path, compression="zstd")


def _write_json(content: dict[str, object], path: Path) -> None:
    path.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", encoding="utf-8")
