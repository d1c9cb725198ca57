"""Twelve measured values in a row: what of a record is its own, whatever was cut from its ends.

    hour       0    0    0     0    6    6    ...   of one patient, the laboratory's and the vital
    analyte    crp  ldh  na    plt  crp  ldh  ...   signs' apart, in the order of time and analyte
    value      5.1  244  138   210  17.3 251  ...   to three significant digits
               [------ first shingle ------]
                    [------ second shingle -----]

A shingle (Broder 1997, doi 10.1109/SEQUEN.1997.666900) is a hash of so many values without any time
or name, so that neither another name, nor other dates, nor an earlier end or a later beginning of
the record changes it; a value that is missing changes the twelve that it stood in. Values are
compared in the catalogue's unit.

A hash is the beginning of a SHA-256 and no value can be read out of it: nobody can guess twelve
values to the last digit, and 32 bits are fewer than a dozen values are worth, so that many records
would fit. Whoever holds a patient's own records can make them and so learn whether a model learnt
from that patient.
"""

import hashlib
from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view

from features.catalogue import ANALYTES, AnalyteKind
from models.sketches import HASH

VALUES = 12
"""In a shingle. Ten or eight are found a little more often where single values are missing; twelve
are harder to guess. See docs/adr/0009."""
FEWEST_DIFFERENT = 6
"""A shingle with fewer different values, such as twelve saturations of 98 and 99 %, is nobody's."""
DIGITS = 3
UP = 1.0 + 1e-9
"""So that 12.35 and a 12.349999999999998 out of another unit are rounded to one side."""

KINDS = (AnalyteKind.LABORATORY, AnalyteKind.VITAL_SIGN)
STREAM = {key: KINDS.index(row.kind) for key, row in ANALYTES.items() if row.kind in KINDS}


def shingles(events: pd.DataFrame) -> pd.DataFrame:
    """The shingles of each patient: `patient` (the place of the name in order), `shingle`.

    Each once, in order. Patients are counted whether they have shingles or not.
    """
    patient, stream, code = _values(events)
    start = _starts(patient * len(KINDS) + stream, code)
    table = pd.DataFrame({"patient": patient[start], "shingle": _hashed(code, start)})
    return table.drop_duplicates().sort_values(["patient", "shingle"], ignore_index=True)


def names(events: pd.DataFrame) -> np.ndarray:
    """The patients' names in the order in which `shingles` counts them."""
    return np.unique(events["patient_id"].astype("str").to_numpy(dtype=object))


def _values(events: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Patient, stream and code of each measured value, in order; a line written twice is one."""
    patient = pd.factorize(events["patient_id"].astype("str"), sort=True)[0]
    measured = events["key"].isin(list(STREAM)) & events["value"].notna()
    here = (measured & events["time"].notna() & events["until_time"].isna()).to_numpy()
    values = events.loc[here, ["time", "key", "value"]]
    key, keys = pd.factorize(values["key"].astype("str"), sort=True)
    stream = np.array([STREAM[one] for one in keys], dtype=np.int64)[key]
    code = _codes(key, keys, values["value"].to_numpy(dtype=float))
    moment = values["time"].dt.tz_convert(None).to_numpy().astype("datetime64[us]").astype("int64")
    lines = np.stack([patient[here], stream, moment, key, code.view("int64")])
    lines = lines[:, np.lexsort(lines[::-1])]
    new = np.append(True, (np.diff(lines) != 0).any(axis=0))[: lines.shape[1]]
    patient, stream, _, _, code = lines[:, new]
    return patient, stream, code


def _codes(key: np.ndarray, keys: pd.Index, value: np.ndarray) -> np.ndarray:
    """64 bits for each analyte and value to three significant digits."""
    distinct, place = np.unique(value, return_inverse=True)
    written = np.array([f"{v * UP + 0.0:.{DIGITS}g}" for v in distinct], dtype=object)
    text, texts = pd.factorize(written)
    pair = key.astype("int64") * len(texts) + text[place]
    pairs, which = np.unique(pair, return_inverse=True)
    words = (f"{keys[one // len(texts)]}|{texts[one % len(texts)]}" for one in pairs)
    digests = b"".join(hashlib.sha256(word.encode()).digest()[:8] for word in words)
    return np.frombuffer(digests, "<u8")[which]


def _starts(record: np.ndarray, code: np.ndarray) -> np.ndarray:
    """Where twelve values of one record begin, enough of them different."""
    if len(code) < VALUES:
        return np.empty(0, dtype=np.int64)
    start = np.flatnonzero(record[: 1 - VALUES] == record[VALUES - 1 :])
    number = pd.factorize(code)[0].astype("int32")
    windows = sliding_window_view(number, VALUES)
    ordered = np.sort(windows[start], axis=1)
    different = 1 + (np.diff(ordered, axis=1) != 0).sum(axis=1)
    return start[different >= FEWEST_DIFFERENT]


def _hashed(code: np.ndarray, start: np.ndarray) -> np.ndarray:
    content = memoryview(code.astype("<i8").tobytes())
    return np.frombuffer(b"".join(_digests(content, start)), HASH)


def _digests(content: memoryview, start: np.ndarray) -> Iterator[bytes]:
    size = VALUES * 8
    for first in (8 * start).tolist():
        yield hashlib.sha256(content[first : first + size]).digest()[: HASH.itemsize]
