"""From files to labelled feature rows: the cohort as fitting and judging see it."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from features.declared import columns_of
from features.harmonise import harmonise
from features.matrix import as_of_grid, feature_rows
from features.outcomes import Outcome
from features.readers import read
from features.tables import InvalidInputError, InvalidTableError
from models.rules import RULE_COLUMNS
from training.labels import Labels, label_rows


@dataclass(frozen=True)
class Events:
    """A cohort's harmonised events, what was set aside, and the reader's notes."""

    events: pd.DataFrame
    rejects: pd.DataFrame
    records: int
    notes: tuple[str, ...]

    @property
    def patients(self) -> int:
        """How many patients have events."""
        return self.events["patient_id"].nunique()

    @property
    def digest(self) -> str:
        """SHA-256 over the events, the same for the same content."""
        hashed = pd.util.hash_pandas_object(
            self.events.astype({"patient_id": "str", "key": "str"}), index=False
        )
        return hashlib.sha256(np.sort(hashed.to_numpy()).tobytes()).hexdigest()


@dataclass(frozen=True)
class Cohort:
    """Feature rows of a whole grid with the labels of each outcome.

    `as_of` has columns `patient_id` and `as_of`, line by line with `rows`.
    """

    source: Events
    as_of: pd.DataFrame
    rows: pd.DataFrame
    labels: dict[Outcome, Labels]


def load_events(path: Path, file_format: str) -> Events:
    """Read and harmonise a cohort.

    Raises:
        InvalidInputError: a bad file, or one in which not a single record could be used.
    """
    reading = read(path, file_format)
    harmonised = harmonise(reading.records)
    parts = [part for part in (reading.rejects, harmonised.rejects) if len(part)]
    rejects = pd.concat(parts, ignore_index=True) if parts else harmonised.rejects
    if harmonised.events.empty:
        counted = ", ".join(f"{n} {r}" for r, n in rejects["reason"].value_counts().items())
        raise InvalidInputError(f"{path}: no usable record; set aside: {counted or 'none read'}")
    return Events(harmonised.events, rejects, len(reading.records), reading.notes)


def label_cohort(
    source: Events,
    as_of: pd.DataFrame | pd.Timedelta,
    outcomes: tuple[Outcome, ...],
    horizon: pd.Timedelta,
) -> Cohort:
    """Lay the grid (or take the moments given), compute every column records fill, and label."""
    events = source.events
    moments = as_of_grid(events, as_of) if isinstance(as_of, pd.Timedelta) else as_of
    if moments.empty:
        raise InvalidInputError("no as-of time lies inside any patient's observation")
    columns = dict.fromkeys((*columns_of(events["key"].unique()), *RULE_COLUMNS))
    rows = feature_rows(events, moments, tuple(columns))
    labels = {outcome: label_rows(events, moments, outcome, horizon) for outcome in outcomes}
    return Cohort(source, moments, rows, labels)


def read_moments(path: Path) -> pd.DataFrame:
    """As-of times from a CSV with columns `patient_id` and `as_of` (ISO 8601 with a time zone).

    Raises:
        InvalidTableError: a missing column, no lines, or a time that cannot be read.
    """
    try:
        table = pd.read_csv(path, dtype="str", keep_default_na=False)
    except (
        OSError, UnicodeDecodeError, pd.errors.EmptyDataError, pd.errors.ParserError
    ) as error:  # fmt: skip
        raise InvalidTableError(f"{path}: not a readable CSV file ({error})") from error
    if not isinstance(table.index, pd.RangeIndex):  # the first column was taken for row names
        raise InvalidTableError(f"{path}: lines have more cells than the header")
    missing = {"patient_id", "as_of"} - set(table.columns)
    if missing or table.empty:
        named = ", ".join(sorted(missing)) or "no lines"
        raise InvalidTableError(f"{path}: needs columns patient_id and as_of; missing: {named}")
    table = table.assign(patient_id=table["patient_id"].str.strip())
    nameless = table["patient_id"] == ""
    if nameless.any():
        raise InvalidTableError(f"{path}:{nameless.argmax() + 2}: patient_id is empty")
    zoned = table["as_of"].str.contains(r"(?:Z|[+-]\d\d:?\d\d)$")
    times = pd.to_datetime(table["as_of"], utc=True, errors="coerce", format="ISO8601")
    wrong = times.isna() | ~zoned
    if wrong.any():
        line = int(wrong.to_numpy().argmax())
        raise InvalidTableError(
            f"{path}:{line + 2}: as_of {table['as_of'][line]!r} is not an ISO 8601 time with a zone"
        )
    return table.assign(as_of=times.astype("datetime64[us, UTC]"))[["patient_id", "as_of"]]
