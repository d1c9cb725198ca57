"""A records table as arrays of whole numbers, checked once where it enters."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api.extensions import ExtensionArray

from features.arrays import NEVER, in_pandas_time, numbered
from features.harmonising.repeats import Floats, Integers
from features.patient_ids import plain_id
from features.tables import TIME_TYPE, InvalidTableError


@dataclass(frozen=True)
class Words:
    """A text column as numbers: `place` of each line's word in the sorted `words`, -1 for none.

    `written` orders the lines by what stands there, blanks and all; None where that says no more.
    """

    place: npt.NDArray[np.int32]
    words: tuple[str, ...]
    written: npt.NDArray[np.int32] | None = None

    def at(self, place: int) -> str | None:
        """The word at a place; None for place -1."""
        return None if place < 0 else self.words[place]


def words_of(texts: ExtensionArray, plain: Callable[[str], str] = str.strip) -> Words:
    """A column's texts (plain or categorical) as `plain` spells them; missing and blank: none."""
    places, found = numbered(texts)
    spelt = [plain(str(word)) for word in found]
    words = sorted({word for word in spelt if word})
    rank = {word: place for place, word in enumerate(words)}
    rank[""] = -1
    new_place = np.array([*(rank[word] for word in spelt), -1], dtype=np.int32)
    written = None if len(words) == len(found) else _as_written(places, found)
    return Words(new_place[places], tuple(words), written)


def _as_written(places: npt.NDArray[np.integer], found: list) -> npt.NDArray[np.int32]:
    """Each line's place among the entries as they stand there; -1 for a missing one."""
    order = sorted(range(len(found)), key=lambda at: (str(found[at]), type(found[at]).__name__))
    rank = np.full(len(found) + 1, -1, dtype=np.int32)
    rank[order] = np.arange(len(found))
    return rank[places]


def _microseconds(column: pd.Series) -> Integers:
    if isinstance(column.dtype, pd.DatetimeTZDtype) and column.dtype.unit == "us":
        return column.array.asi8
    if column.isna().all():
        return np.full(len(column), NEVER)
    column = in_pandas_time(column)
    if not isinstance(column.dtype, pd.DatetimeTZDtype):
        raise InvalidTableError(
            f"{column.name}: {column.dtype} found, "
            f"timestamps with an offset are needed ({TIME_TYPE})"
        )
    instants = column.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()
    return instants.astype("datetime64[us]").view(np.int64)


@dataclass(frozen=True)
class Source:
    """The records as arrays, one entry a record; times in microseconds, NaT = `NEVER`.

    `known` is the result time where there is one, else the time. `records` are the table's own
    columns as they were, whatever is written into the table afterwards.
    """

    patient: Words
    code: Words
    unit: Words
    text: Words
    time: Integers
    known: Integers
    given: Floats
    records: Mapping[str, pd.Series]


def record_arrays(records: Mapping[str, pd.Series]) -> Source:
    """The arrays of a records table that has all its columns; they share nothing with it.

    Raises `InvalidTableError` for times without offset and for numbers that are none.
    """
    number = records["numeric_value"]
    if pd.api.types.is_bool_dtype(number.dtype):
        raise InvalidTableError("numeric_value: true and false found, numbers are needed")
    time, result_time = _microseconds(records["time"]), _microseconds(records["result_time"])
    try:
        is_plain = number.dtype == np.float64  # most are; to ask for what is there takes longer
        given = number.array if is_plain else number.to_numpy(np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise InvalidTableError(
            f"numeric_value: {number.dtype} found, numbers are needed"
        ) from error
    return Source(
        patient=words_of(records["patient_id"].array, plain_id),
        code=words_of(records["code"].array),
        unit=words_of(records["unit"].array),
        text=words_of(records["text_value"].array),
        time=time.copy(),
        known=np.where(result_time == NEVER, time, result_time),
        given=np.array(given),
        records=records,
    )
