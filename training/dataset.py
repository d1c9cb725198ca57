"""From files to labelled feature rows: the cohort as fitting and judging see it."""

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from features.catalogue import key_of
from features.declared import MODEL_COLUMNS, columns_of
from features.harmonising.site_names import number_of_name
from features.matrix import as_of_grid, events_from_records
from features.outcomes import Outcome, OutcomeSource
from features.patient_ids import plain_ids
from features.plurals import counted
from features.readers import read
from features.readers.delimited import read_delimited
from features.tables import (
    EARLIEST_TIME,
    LATEST_TIME,
    RECORD_COLUMNS,
    TIME_TYPE,
    FilledValues,
    InvalidInputError,
    InvalidTableError,
    count_rejects,
)
from models.rules import RULE_COLUMNS
from training.engine import LOCAL, Engine
from training.labels import Labels, label_rows, learning_target

logger = logging.getLogger("training")

LONG_GAP = pd.Timedelta(days=90)
SPECIMEN_PATIENTS = 24
VIRTUAL_SOURCE, VIRTUAL_PATIENT = "virtual patient", "virtual-"


@dataclass(frozen=True)
class Events:
    """A cohort's harmonised events, what was set aside, and what the reader said of the file.

    `sites`: the name behind each number that the events carry for a site. `specimen`: the records
    of a few patients as they were read, from which an audit makes their events once more.
    """

    events: pd.DataFrame
    rejects: pd.DataFrame
    records: int
    notes: tuple[str, ...]
    virtual: bool
    filled: FilledValues = field(default_factory=dict)
    sites: Mapping[float, str] = field(default_factory=dict)
    specimen: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=RECORD_COLUMNS))

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


def events_told(path: Path, file_format: str, outcomes_from: OutcomeSource) -> Events:
    """`load_events`, with what the reader said and what was set aside told in the log."""
    logger.info("reading %s", path)
    source = load_events(path, file_format, outcomes_from=outcomes_from)
    for note in source.notes:
        logger.info("%s", note)
    counts = count_rejects(source.rejects).items()
    logger.info("set aside: %s", ", ".join(f"{n} {reason}" for reason, n in counts) or "nothing")
    return source


@dataclass(frozen=True)
class Cohort:
    """Feature rows with the labels and learning targets of each outcome, line by line.

    `as_of` has columns `patient_id` and `as_of`. `reported` marks the rows of the grid that was
    asked for; the others stand between them and serve for learning alone. `weight` is how many
    patients of the population each row's patient stands for; None: each for one.
    """

    source: Events
    as_of: pd.DataFrame
    reported: np.ndarray
    rows: pd.DataFrame
    labels: dict[Outcome, Labels]
    targets: dict[Outcome, np.ndarray]
    weight: np.ndarray | None = None


def load_events(
    path: Path,
    file_format: str,
    filled: FilledValues | None = None,
    outcomes_from: OutcomeSource = OutcomeSource.DOCUMENTED,
) -> Events:
    """Read a cohort and make its events; `filled` as `features.readers.read` takes it.

    Raises:
        InvalidInputError: a bad file, or one in which not a single record could be used.
    """
    reading = read(path, file_format, filled)
    harmonised = events_from_records(reading.records, outcomes_from)
    parts = [part for part in (reading.rejects, harmonised.rejects) if len(part)]
    rejects = pd.concat(parts, ignore_index=True) if parts else harmonised.rejects
    if harmonised.events.empty:
        counted = ", ".join(f"{n} {r}" for r, n in rejects["reason"].value_counts().items())
        raise InvalidInputError(f"{path}: no usable record; set aside: {counted or 'none read'}")
    return Events(
        harmonised.events,
        rejects,
        len(reading.records),
        (*reading.notes, *gap_notes(harmonised.events)),
        _any_virtual(reading.records),
        reading.filled,
        site_names(reading.records),
        _specimen(reading.records),
    )


def gap_notes(events: pd.DataFrame) -> tuple[str, ...]:
    """A sentence where records lie long after the same patient's record before: wrong dates?

    They stay, for a course may pause and de-identified data have shifted dates.
    """
    timed = events[events["time"].notna() & (events["key"] != "birth")]
    patient = timed["patient_id"].cat.codes.to_numpy()
    order = np.lexsort((timed["time"], patient))
    gap = timed["time"].iloc[order].diff()[np.diff(patient[order], prepend=-1) == 0]
    long = gap[gap > LONG_GAP]
    if long.empty:
        return ()
    years = long.max() / pd.Timedelta(days=365.25)
    sentence = (
        f"{len(long)} TIME(S) LIE MORE THAN {LONG_GAP.days} DAYS after the same patient's record "
        f"before, the farthest {years:.1f} years: is a date wrong?"
    )
    return (sentence,)


def _any_virtual(records: pd.DataFrame) -> bool:
    """Whether any record says, by its source or its patient, that the patient is a virtual one."""
    sources = pd.Series(records["source"].astype("category").cat.categories.astype("str"))
    patients = pd.Series(records["patient_id"].astype("category").cat.categories.astype("str"))
    said = sources.str.contains(VIRTUAL_SOURCE, regex=False).any()
    return bool(said or patients.str.startswith(VIRTUAL_PATIENT).any())


def _specimen(records: pd.DataFrame) -> pd.DataFrame:
    """The records of `SPECIMEN_PATIENTS`, spread evenly over the names in their order."""
    patients = records["patient_id"].astype("category")
    names = patients.cat.categories
    places = np.unique(np.linspace(0, len(names) - 1, SPECIMEN_PATIENTS).astype(int))
    return records[patients.isin(names[places])].reset_index(drop=True)


def site_names(records: pd.DataFrame) -> dict[float, str]:
    """The name behind each number of a site, as the records write it first."""
    codes = records["code"].astype("category")
    of_site = [code for code in codes.cat.categories if key_of(str(code)) == "site"]
    if not of_site or "text_value" not in records:
        return {}
    written = records.loc[codes.isin(of_site), "text_value"].dropna().astype("str")
    names = [name.strip() for name in written.unique() if name.strip()]
    return {number_of_name(name): name for name in reversed(names)}


def label_cohort(
    source: Events,
    every: pd.Timedelta,
    outcomes: tuple[Outcome, ...],
    horizon: pd.Timedelta,
    learn_every: pd.Timedelta | None = None,
    engine: Engine = LOCAL,
) -> Cohort:
    """Lay the grid, compute the columns that the records fill, and label every row.

    Between the grid's times, `learn_every` adds rows to learn from wherever something new had
    become known; None adds none. `engine` computes the feature rows.
    """
    events = source.events
    grid = as_of_grid(events, every)
    if grid.empty:
        raise InvalidInputError("no as-of time lies inside any patient's observation")
    moments = _with_learning_rows(events, grid.assign(reported=True), learn_every)
    as_of = moments[["patient_id", "as_of"]]
    columns = dict.fromkeys((*columns_of(events["key"].unique(), MODEL_COLUMNS), *RULE_COLUMNS))
    labels = {outcome: label_rows(events, as_of, outcome, horizon) for outcome in outcomes}
    targets = {
        outcome: learning_target(events, as_of, outcome, found) for outcome, found in labels.items()
    }
    rows = engine.feature_rows(events, as_of, tuple(columns))
    return Cohort(source, as_of, moments["reported"].to_numpy(), rows, labels, targets)


def _with_learning_rows(
    events: pd.DataFrame, grid: pd.DataFrame, learn_every: pd.Timedelta | None
) -> pd.DataFrame:
    """The grid with the denser grid's times at which something had become known since the last."""
    if learn_every is None:
        return grid
    dense = as_of_grid(events, learn_every)
    known = events.loc[events["known_time"].notna(), ["patient_id", "known_time"]]
    known = known.assign(patient_id=known["patient_id"].astype("str")).sort_values("known_time")
    latest = pd.merge_asof(
        dense.sort_values("as_of"), known, left_on="as_of", right_on="known_time", by="patient_id"
    )
    new = latest[latest["as_of"] - latest["known_time"] < learn_every]
    both = pd.concat([grid, new[["patient_id", "as_of"]].assign(reported=False)])
    first = ~both.duplicated(["patient_id", "as_of"])
    return both[first].sort_values(["patient_id", "as_of"], ignore_index=True)


def read_moments(path: Path) -> pd.DataFrame:
    """As-of times from a CSV with columns `patient_id` and `as_of` (ISO 8601 with a time zone).

    Raises:
        InvalidInputError: a file that is not there or cannot be split into cells, a missing column,
            no lines, or a time that cannot be read or lies outside what records may have.
    """
    table = read_delimited(path)
    missing = {"patient_id", "as_of"} - set(table.columns)
    if missing or table.empty:
        named = ", ".join(sorted(missing)) or "no lines"
        raise InvalidTableError(f"{path}: needs columns patient_id and as_of; missing: {named}")
    table = table.assign(patient_id=plain_ids(table["patient_id"]))
    nameless = table["patient_id"] == ""
    if nameless.any():
        raise InvalidTableError(f"{path}:{nameless.idxmax()}: patient_id is empty")
    zoned = table["as_of"].str.contains(r"(?:Z|[+-]\d\d:?\d\d)$")
    times = pd.to_datetime(table["as_of"], utc=True, errors="coerce", format="ISO8601")
    wrong = times.isna() | ~zoned
    if wrong.any():
        line = wrong.idxmax()
        raise InvalidTableError(
            f"{path}:{line}: as_of {table['as_of'][line]!r} is not an ISO 8601 time with a zone"
        )
    times = times.astype(TIME_TYPE)
    outside = (times < EARLIEST_TIME) | (times >= LATEST_TIME)
    if outside.any():
        line = outside.idxmax()
        raise InvalidTableError(
            f"{path}:{line}: as_of {table['as_of'][line]!r} is not within "
            f"{EARLIEST_TIME:%Y-%m-%d} to {LATEST_TIME:%Y-%m-%d}"
        )
    return table.assign(as_of=times)[["patient_id", "as_of"]].reset_index(drop=True)


def without_records(moments: pd.DataFrame, events: pd.DataFrame) -> list[str]:
    """The patients of as-of times, in their order, of whom no record could be used.

    Raises InvalidInputError where that is all of them.
    """
    known = set(events["patient_id"].astype("str").unique())
    asked = moments["patient_id"].unique()
    strange = [name for name in asked if name not in known]
    if len(strange) == len(asked):
        raise InvalidInputError(
            f"as-of times: the records hold nothing usable of the {counted(len(asked), 'patient')} "
            f"asked about, the first of whom is {strange[0]!r}"
        )
    return strange
