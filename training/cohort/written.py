"""Records as the hospital keeps them: rows of one kind, their mistakes, and the table of all."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.tables import RECORD_COLUMNS, TIME_TYPE

CALENDAR_ORIGIN = pd.Timestamp("2020-01-06T08:00Z")
"""An artificial Monday; every first dose falls within the 700 days after it."""

STATIC = np.iinfo(np.int64).min
"""The minute of a record without a time."""


@dataclass(frozen=True)
class Rows:
    """Records of one code; minutes count from the calendar's origin; `known` None: at once."""

    patient: npt.NDArray[np.int64]
    minute: npt.NDArray[np.int64]
    code: str
    value: npt.NDArray[np.float64]
    text: npt.NDArray[np.object_] | None = None
    unit: str | None = None
    known: npt.NDArray[np.int64] | None = None

    def chosen(self, mask: npt.NDArray[np.bool_]) -> "Rows":
        """Those of `mask`."""
        return replace(
            self,
            patient=self.patient[mask],
            minute=self.minute[mask],
            value=self.value[mask],
            text=None if self.text is None else self.text[mask],
            known=None if self.known is None else self.known[mask],
        )


def rounded(value: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """To four significant digits, as laboratories print.

    >>> rounded(np.array([12.34567, 0.0])).tolist()
    [12.35, 0.0]
    """
    size = np.floor(np.log10(np.maximum(np.abs(value), 1e-6)))
    scale = 10.0 ** (3.0 - size)
    return np.asarray(np.round(value * scale) / scale)


def printed_limit(rows: Rows, limit: str) -> Rows:
    """The rows with the text `limit`, such as "<5", in the place of their numbers."""
    count = len(rows.patient)
    return replace(rows, value=np.full(count, np.nan), text=np.full(count, limit, dtype=object))


def with_mistakes(rows: Rows, drawn: npt.NDArray[np.float64], other_unit: str) -> Iterator[Rows]:
    """Three results in a thousand come twice, three are corrected later, one has a wrong unit.

    `rows.known` is when each result came out, `drawn` a uniform number each.
    """
    wrong_unit = drawn < 0.001
    corrected = (drawn >= 0.001) & (drawn < 0.004)
    doubled = (drawn >= 0.004) & (drawn < 0.007)
    yield rows.chosen(~wrong_unit & ~corrected)
    yield rows.chosen(doubled)
    yield replace(rows.chosen(wrong_unit), unit=other_unit)
    final, chance = rows.chosen(corrected), drawn[corrected]
    yield replace(final, value=rounded(final.value * np.where(chance < 0.0025, 0.6, 1.7)))
    out = final.minute if final.known is None else final.known
    yield replace(final, known=out + 120 + (chance * 60_000).astype(np.int64))


def records_table(rows: list[Rows], names: list[str], source: str) -> pd.DataFrame:
    """One records table, sorted by patient, time (static first) and code."""
    patient = np.concatenate([row.patient for row in rows])
    minute = np.concatenate([row.minute for row in rows])
    lengths = [len(row.patient) for row in rows]
    codes = sorted({row.code for row in rows})
    code = np.repeat([codes.index(row.code) for row in rows], lengths)
    order = np.lexsort((code, minute, patient))
    known = np.concatenate([_known(row) for row in rows])
    texts, text = _words([row.text for row in rows], lengths)
    units = sorted({row.unit for row in rows if row.unit is not None})
    unit = np.repeat([-1 if row.unit is None else units.index(row.unit) for row in rows], lengths)
    value = np.concatenate([row.value for row in rows])
    table = {
        "patient_id": pd.Categorical.from_codes(patient[order], names),
        "time": moments(minute[order]),
        "code": pd.Categorical.from_codes(code[order], codes),
        "numeric_value": value[order],
        "text_value": pd.Categorical.from_codes(text[order], texts),
        "unit": pd.Categorical.from_codes(unit[order], units),
        "result_time": moments(known[order]),
        "source": pd.Categorical.from_codes(np.zeros(len(order), dtype=np.int8), [source]),
    }
    return pd.DataFrame(table)[list(RECORD_COLUMNS)]


def _known(row: Rows) -> npt.NDArray[np.int64]:
    return np.full(len(row.patient), STATIC) if row.known is None else row.known


def _words(
    columns: list[npt.NDArray[np.object_] | None], lengths: list[int]
) -> tuple[list[str], npt.NDArray[np.int64]]:
    """The words in use, sorted, and each record's place among them (-1 without a text)."""
    words = sorted({word for column in columns if column is not None for word in set(column)})
    place = {word: index for index, word in enumerate(words)}
    parts = [
        np.full(length, -1)
        if column is None
        else np.array([place[word] for word in column], dtype=int)
        for column, length in zip(columns, lengths, strict=True)
    ]
    return words, np.concatenate(parts)


def moments(minute: npt.NDArray[np.int64]) -> pd.Series:
    """Minutes since the calendar's origin as timestamps; NaT for static."""
    microseconds = np.where(minute == STATIC, 0, minute) * 60_000_000
    stamps = (
        CALENDAR_ORIGIN.tz_localize(None).to_datetime64().astype("datetime64[us]") + microseconds
    )
    stamps = np.where(minute == STATIC, np.datetime64("NaT", "us"), stamps)
    return pd.Series(stamps).dt.tz_localize("UTC").astype(TIME_TYPE)
