"""How older bundles know their patients: by the first values of each, unbroken.

Bundles keep sketches now (see `sketches`), which know a part of a record as well; what an older one
kept is compared as it was made.

A fingerprint is the beginning of a SHA-256 over the patient's first measured values with their
hours since the first of them. It holds no name and no date, and no value can be read out of it; but
whoever holds a patient's own records can make it from them and so learn whether a model learnt from
that patient. Nobody can guess so many values to the last digit: patients with fewer have no
fingerprint.
"""

import hashlib

import numpy as np
import pandas as pd

from features.catalogue import ANALYTES, AnalyteKind

FEWEST_VALUES, FIRST_VALUES = 12, 24
"""Fewer values make no fingerprint; values after so many are not looked at, so that a patient
whose records went on is known again."""
DIGITS = 16
"""Hexadecimal: 64 bits, so that among 100,000 patients two share one by chance once in 4 billion
cohorts."""

MEASURED = [
    key
    for key, row in ANALYTES.items()
    if row.kind in (AnalyteKind.LABORATORY, AnalyteKind.VITAL_SIGN)
]


def fingerprints(events: pd.DataFrame) -> pd.Series:
    """Each patient's fingerprint by patient_id; those with too few values are left out."""
    here = events["key"].isin(MEASURED) & events["time"].notna() & events["until_time"].isna()
    values = events.loc[here, ["patient_id", "time", "key", "value"]]
    names = pd.Series(values["patient_id"].astype("category").cat.remove_unused_categories())
    patient = names.cat.codes.to_numpy()
    moment = values["time"].dt.tz_convert(None).to_numpy().astype("datetime64[us]").astype("int64")
    key = values["key"].astype("category").cat
    order = np.lexsort((values["value"], key.codes, moment, patient))
    bounds = np.searchsorted(patient[order], np.arange(len(names.cat.categories) + 1))
    words, code = np.asarray(key.categories), key.codes.to_numpy()
    value = values["value"].to_numpy()
    found = {}
    for name, start, stop in zip(names.cat.categories, bounds, bounds[1:], strict=False):
        first = order[start : min(stop, start + FIRST_VALUES)]
        if len(first) >= FEWEST_VALUES:
            since = moment[first] - moment[first[0]]
            found[str(name)] = _digest(since, words[code[first]], value[first])
    return pd.Series(found, dtype="str")


def _digest(since: np.ndarray, key: np.ndarray, value: np.ndarray) -> str:
    lines = (f"{t}|{k}|{v!r}" for t, k, v in zip(since.tolist(), key, value.tolist(), strict=True))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:DIGITS]
