"""Events and as-of times as plain arrays: what a row is computed from, made once from their tables.

    line of the events table                      entry of the arrays
    a  2026-03-01T06:00Z  ...  crp        58.0    patient 0, time 1772344800000000, key 44, 58.0
    b  2026-03-01T07:00Z  ...  platelets  90.0    patient 1, time 1772348400000000, key 139, 90.0

A table's column costs its price in pandas whenever it is read, whatever its length; an array costs
nothing. A cohort and one patient both walk as arrays from the records to the row.
"""

from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api.extensions import ExtensionArray

from features.catalogue import KEYS
from features.tables import EVENT_COLUMNS, TIME_TYPE

NEVER = np.iinfo(np.int64).min
"""A missing time in microseconds, as numpy writes it: of a static fact, known always, never
superseded."""

KEY_PLACE = {key: place for place, key in enumerate(KEYS)}
ROW_INDEX = ("patient_id", "as_of")

_TYPES = MappingProxyType(
    {
        "patient": np.int32,
        "key": np.int16,
        "time": np.int64,
        "known": np.int64,
        "until": np.int64,
        "value": np.float64,
    }
)
_EVENT_COLUMNS = pd.Index(EVENT_COLUMNS, dtype="str")
_KEY_TYPE = pd.CategoricalDtype(pd.Index(KEYS, dtype="str"))


@dataclass(frozen=True)
class EventArrays:
    """Events, one entry each, in any order; nothing in them can be written to.

    `patient` is the place (int32) of the event's patient in `patients`, `key` (int16) that of its
    key in the catalogue's `KEYS`; -1 where there is none. Times are microseconds since 1970,
    missing ones `NEVER`.
    """

    patients: tuple[str, ...]
    patient: npt.NDArray[np.integer]
    key: npt.NDArray[np.integer]
    time: npt.NDArray[np.int64]
    known: npt.NDArray[np.int64]
    until: npt.NDArray[np.int64]
    value: npt.NDArray[np.float64]

    def __post_init__(self) -> None:
        """Leave the one kind of array for which the kernel is compiled."""
        for name, kind in _TYPES.items():
            array = np.ascontiguousarray(getattr(self, name), dtype=kind).view()
            array.flags.writeable = False
            object.__setattr__(self, name, array)

    def place_of(self, moments: "Moments") -> npt.NDArray[np.int64]:
        """Where each as-of row's patient stands among ours; -1 where nothing is known of one."""
        place = {patient: number for number, patient in enumerate(self.patients)}
        found = [place.get(patient, -1) for patient in moments.patients.tolist()]
        return np.array([*found, -1], dtype=np.int64)[moments.patient]


@dataclass(frozen=True)
class Moments:
    """As-of times: one of a patient (as text) a row, in UTC."""

    patient_id: ExtensionArray
    as_of: ExtensionArray

    @classmethod
    def of(cls, patient: pd.Series, time: pd.Series) -> "Moments":
        """The columns of a table of as-of times."""
        named = patient if patient.dtype == "str" else patient.astype("str")
        exact = time if time.dtype == TIME_TYPE else time.astype(TIME_TYPE)
        return cls(named.array, exact.array)

    @cached_property
    def patient(self) -> npt.NDArray[np.intp]:
        """The place of each row's patient in `patients`."""
        return self._patients[0]

    @cached_property
    def patients(self) -> pd.Index:
        """The patients asked about, sorted."""
        return self._patients[1]

    @cached_property
    def time(self) -> npt.NDArray[np.int64]:
        """Microseconds since 1970."""
        return self.as_of.asi8

    @cached_property
    def index(self) -> pd.MultiIndex:
        """The rows' index, as `from_frame` makes it in twice the time."""
        time, times = _distinct(self.as_of)
        levels, codes = [self.patients, times], [self.patient, time]
        return pd.MultiIndex(levels, codes, names=ROW_INDEX, verify_integrity=False)

    @cached_property
    def _patients(self) -> tuple[npt.NDArray[np.intp], pd.Index]:
        return _distinct(self.patient_id)


def event_arrays(events: pd.DataFrame | EventArrays) -> EventArrays:
    """An events table as arrays, its lines in their order; arrays as they are."""
    if isinstance(events, EventArrays):
        return events
    patient, patients = numbered(events["patient_id"].array)
    key, keys = numbered(events["key"].array)
    places = np.array([*(KEY_PLACE.get(word, -1) for word in keys), -1], dtype=np.int16)
    return EventArrays(
        patients=tuple(map(str, patients)),
        patient=patient,
        key=places[key],
        time=microseconds_of(events["time"]),
        known=microseconds_of(events["known_time"]),
        until=microseconds_of(events["until_time"]),
        value=events["value"].to_numpy(dtype=np.float64),
    )


def events_table(events: EventArrays) -> pd.DataFrame:
    """The events table of arrays: `patient_id` and `key` as categoricals, times in UTC."""
    columns = (
        pd.Categorical.from_codes(events.patient, pd.Index(events.patients, dtype="str")),
        *(instants_of(moments) for moments in (events.time, events.known, events.until)),
        pd.Categorical.from_codes(events.key, dtype=_KEY_TYPE),
        events.value,
    )
    table = pd.DataFrame(dict(enumerate(columns)), copy=False)
    table.columns = _EVENT_COLUMNS
    return table


def moments_of(as_of: pd.DataFrame | Moments) -> Moments:
    """A table of as-of times as arrays; arrays as they are."""
    if isinstance(as_of, Moments):
        return as_of
    return Moments.of(as_of["patient_id"], as_of["as_of"])


def in_pandas_time(times: pd.Series) -> pd.Series:
    """Instants that Arrow keeps with a zone (any zone, any unit) as pandas keeps them.

    Any other column comes back as it is: who needs instants refuses it.
    """
    kind = times.dtype
    zoned = isinstance(kind, pd.ArrowDtype) and getattr(kind.pyarrow_dtype, "tz", None) is not None
    return times.astype(TIME_TYPE) if zoned else times


def microseconds_of(times: pd.Series) -> npt.NDArray[np.int64]:
    """Timestamps as microseconds since 1970, missing ones as `NEVER`."""
    exact = times if times.dtype == TIME_TYPE else times.astype(TIME_TYPE)
    return exact.array.asi8


def instants_of(microseconds: npt.NDArray[np.int64]) -> pd.DatetimeIndex:
    """Microseconds since 1970 as timestamps in UTC."""
    return pd.DatetimeIndex(microseconds.view("datetime64[us]"), tz="UTC")


def numbered(entries: ExtensionArray) -> tuple[npt.NDArray[np.integer], list]:
    """Each line's place among a column's distinct entries, and these; -1 for a missing one."""
    if isinstance(entries, pd.Categorical):
        return entries.codes, entries.categories.tolist()
    if isinstance(entries, pd.arrays.ArrowStringArray):  # as texts are kept; pandas takes twice
        texts = entries.__arrow_array__()
        if texts.null_count == len(texts):
            return np.full(len(texts), -1, dtype=np.int32), []
        found = texts.dictionary_encode().combine_chunks()
        places = found.indices if found.null_count == 0 else found.indices.fill_null(-1)
        return places.to_numpy(), found.dictionary.to_pylist()
    places, found = entries.factorize()
    return places, found.tolist()


def _distinct(values: ExtensionArray) -> tuple[npt.NDArray[np.intp], pd.Index]:
    """Each line's place among the distinct values, and these in order; a request has one line."""
    found = pd.Index(values)
    if len(found) == 1 and not found.hasnans:
        return np.zeros(1, dtype=np.intp), found
    place, found = pd.factorize(found)
    return (place, found) if found.is_monotonic_increasing else pd.factorize(values, sort=True)
