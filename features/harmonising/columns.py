"""A records table as arrays of whole numbers, checked once where it enters."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.harmonising.repeats import NEVER, Floats, Integers
from features.tables import TIME_TYPE, InvalidTableError


@dataclass(frozen=True)
class Words:
    """A text column as numbers: `place` of each line's word in the sorted `words`, -1 for none."""

    place: npt.NDArray[np.int32]
    words: tuple[str, ...]

    def at(self, place: int) -> str | None:
        """The word at a place; None for place -1."""
        return None if place < 0 else self.words[place]


def words_of(column: pd.Series) -> Words:
    """A column of texts (plain or categorical); missing and blank ones have no word."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        places, found = column.cat.codes.to_numpy(), column.cat.categories
    else:
        places, found = pd.factorize(column, use_na_sentinel=True)
    stripped = ["" if pd.isna(word) else str(word).strip() for word in found]
    words = sorted({word for word in stripped if word})
    rank = {word: place for place, word in enumerate(words)}
    rank[""] = -1
    new_place = np.array([*(rank[word] for word in stripped), -1], dtype=np.int32)
    return Words(new_place[places], tuple(words))


def _microseconds(records: pd.DataFrame, name: str) -> Integers:
    column = records[name]
    if isinstance(column.dtype, pd.DatetimeTZDtype) and column.dtype.unit == "us":
        return column.array.asi8
    if column.isna().all():
        return np.full(len(records), NEVER)
    if not isinstance(column.dtype, pd.DatetimeTZDtype):
        raise InvalidTableError(
            f"{name}: {column.dtype} found, timestamps with an offset are needed ({TIME_TYPE})"
        )
    instants = column.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()
    return instants.astype("datetime64[us]").view(np.int64)


@dataclass(frozen=True)
class Source:
    """The records as arrays, one entry a record; times in microseconds, NaT = `NEVER`.

    `known` is the result time where there is one, else the time.
    """

    patient: Words
    code: Words
    unit: Words
    text: Words
    time: Integers
    known: Integers
    given: Floats


def record_arrays(records: pd.DataFrame) -> Source:
    """The arrays of a records table that has all its columns.

    Raises `InvalidTableError` for times without offset and for numbers that are none.
    """
    if pd.api.types.is_bool_dtype(records["numeric_value"]):
        raise InvalidTableError("numeric_value: true and false found, numbers are needed")
    time = _microseconds(records, "time")
    result_time = _microseconds(records, "result_time")
    try:
        given = records["numeric_value"].to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise InvalidTableError(
            f"numeric_value: {records['numeric_value'].dtype} found, numbers are needed"
        ) from error
    return Source(
        patient=words_of(records["patient_id"]),
        code=words_of(records["code"]),
        unit=words_of(records["unit"]),
        text=words_of(records["text_value"]),
        time=time,
        known=np.where(result_time == NEVER, time, result_time),
        given=given,
    )
