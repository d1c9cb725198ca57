"""The contracts of the tables that travel, and the errors raised when a table breaks one.

records   one line per thing a source says about a patient, in the source's own code and unit
events    the same in canonical keys and units: what the features are computed from
rejects   every record that did not become an event, with its reason
rows      one line of float32 features per (patient, as-of time)
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import pandas as pd

ORIGIN = pd.Timestamp("2000-01-01", tz="UTC")
"""Where time starts in the public files that have no dates."""

TIME_TYPE = "datetime64[us, UTC]"

EARLIEST_TIME = pd.Timestamp("1900-01-01", tz="UTC")
LATEST_TIME = pd.Timestamp("2300-01-01", tz="UTC")
"""A record before the one, or not before the other, bears a slip of the pen. De-identified
collections shift their dates by up to two centuries, so the end lies far off."""

EARLIEST_BIRTH = pd.Timestamp("1880-01-01", tz="UTC")
"""A birth may lie earlier: a patient of 120 years in a file that counts from `ORIGIN`."""

OLDEST_BORN = (ORIGIN - EARLIEST_BIRTH) / pd.Timedelta(days=365.25)
"""Years: an age up to this gives a birth, in a file that counts from `ORIGIN`."""

RECORD_COLUMNS = (
    "patient_id",
    "time",
    "code",
    "numeric_value",
    "text_value",
    "unit",
    "result_time",
    "source",
)
EVENT_COLUMNS = ("patient_id", "time", "known_time", "until_time", "key", "value")
REJECT_COLUMNS = (*RECORD_COLUMNS, "reason", "detail")

FilledValues = Mapping[str, tuple[float, ...]]
"""By code, the values that stand for "not measured" in a file."""


class InvalidInputError(ValueError):
    """Input that a user can mend: the message names value, place, limit and unit."""


class InvalidTableError(InvalidInputError):
    """A table that breaks its contract: a missing column, a wrong type, no rows."""


class RejectReason(StrEnum):
    """Why a record did not become an event."""

    UNKNOWN_CODE = "unknown_code"  # no analyte, drug or procedure has this code
    UNKNOWN_UNIT = (
        "unknown_unit"  # the analyte or drug is known, its unit is not, or has no conversion
    )
    AMBIGUOUS_UNIT = "ambiguous_unit"  # no unit given and more than one is usual
    NOT_A_NUMBER = "not_a_number"  # text where a number is needed
    AMBIGUOUS_NUMBER = "ambiguous_number"  # decimals or thousands: 1.234 may be 1234
    IMPLAUSIBLE = "implausible"  # outside the catalogue's plausible range
    NO_VALUE = "no_value"  # neither a number nor a text
    NO_TIME = "no_time"  # a measurement without a time
    IMPLAUSIBLE_TIME = "implausible_time"  # before 1900 (a birth: 1880) or after 2299
    NO_PATIENT = "no_patient"  # patient_id is empty
    DUPLICATE = "duplicate"  # the same patient, time, code and value once more
    CONFLICT = "conflict"  # another value of the same analyte at the same time, known together
    RESULT_BEFORE_COLLECTION = "result_before_collection"  # known before it was taken
    FILLED_CONSTANT = "filled_constant"  # a value written in by the file's authors, not measured
    NOT_GIVEN = "not_given"  # a dose held, refused or only ordered, or a dose of 0
    ADDED_UP = "added_up"  # a dose that is part of another event's, of the same drug and moment
    CONTRADICTED = "contradicted"  # the text beside a number says otherwise, or takes it back


@dataclass(frozen=True)
class Reading:
    """What a reader found: `records` to harmonise, `rejects` it set aside, `notes` for the reader.

    `notes` are sentences about the file as a whole; `filled` are the values, by code, that the
    file's authors wrote in for what was not measured.
    """

    records: pd.DataFrame
    rejects: pd.DataFrame
    notes: tuple[str, ...] = field(default=())
    filled: FilledValues = field(default_factory=dict)


def empty_rejects() -> pd.DataFrame:
    """A rejects table without rows."""
    return pd.DataFrame({column: pd.Series(dtype=object) for column in REJECT_COLUMNS})


def count_rejects(rejects: pd.DataFrame) -> dict[str, int]:
    """Rejected records by reason, most frequent first."""
    return {str(reason): int(n) for reason, n in rejects["reason"].value_counts().items()}
