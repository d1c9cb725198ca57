"""Feature rows in chunks of whole patients, which no row can tell from all at once.

A row depends on its own patient's events alone, so the chunks' rows are those of the whole cohort,
bit for bit; what is held while a chunk is computed is bounded by the chunk.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from features.arrays import EventArrays, event_arrays
from features.declared import Column
from features.matrix import feature_rows

NONE = np.empty(0, dtype=np.int64)


@dataclass(frozen=True)
class Chunk:
    """Some patients' events and as-of times; `places` are those of the rows in the cohort."""

    events: EventArrays
    as_of: pd.DataFrame
    places: np.ndarray


def rows_of(columns: Sequence[Column], chunk: Chunk) -> tuple[np.ndarray, np.ndarray]:
    """A chunk's places and its feature rows, float32 of shape (rows, columns)."""
    return chunk.places, feature_rows(chunk.events, chunk.as_of, columns).to_numpy()


def chunk_numbers(as_of: pd.DataFrame, rows_at_once: int) -> np.ndarray:
    """The chunk of each row: patients in their order, `rows_at_once` rows and the last's others."""
    patient, _ = pd.factorize(as_of["patient_id"])
    rows = np.bincount(patient)
    before = (np.cumsum(rows) - rows) // rows_at_once
    numbers: np.ndarray = np.unique(before, return_inverse=True)[1][patient]
    return numbers


def chunks_of(events: pd.DataFrame, as_of: pd.DataFrame, numbers: np.ndarray) -> Iterator[Chunk]:
    """The chunks, each made when it is asked for; an event of nobody asked about is in none."""
    arrays = event_arrays(events)
    chunk_of = dict(zip(as_of["patient_id"].astype("str"), numbers.tolist(), strict=True))
    of_patients = [chunk_of.get(name, -1) for name in arrays.patients]
    events_of = _places_by(np.array([*of_patients, -1], dtype=np.int64)[arrays.patient])
    for number, places in _places_by(numbers).items():
        yield Chunk(_only(arrays, events_of.get(number, NONE)), as_of.iloc[places], places)


def _places_by(number: np.ndarray) -> dict[int, np.ndarray]:
    """Where each number stands, in order: {0: [0, 3], 1: [1, 2]} of [0, 1, 1, 0]."""
    order = np.argsort(number, kind="stable")
    found, first = np.unique(number[order], return_index=True)
    return dict(zip(found.tolist(), np.split(order, first[1:]), strict=True))


def _only(events: EventArrays, here: np.ndarray) -> EventArrays:
    """Some of the events, in their order."""
    held, patient = np.unique(events.patient[here], return_inverse=True)
    return replace(
        events,
        patients=tuple(events.patients[number] for number in held),
        patient=patient,
        key=events.key[here],
        time=events.time[here],
        known=events.known[here],
        until=events.until[here],
        value=events.value[here],
    )
