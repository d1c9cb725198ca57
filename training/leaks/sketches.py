"""Patients known again by the shingles that their records share, found by an index of them.

A sketch is the 24 least of a patient's shingles (bottom-k, Broder 1997): a sample that hangs on the
shingles alone. It is held against all shingles of the other record, so that a part of a record
is known by its share of the whole's sketch, and a longer record by all of it.
"""

import numpy as np
import pandas as pd

from models.sketches import packed

MOST_HASHES = 24
"""In a sketch."""
FEWEST_SHARED = 2
"""Patients are the same where one record has so many hashes of the other's sketch. One alone may be
chance: of 37 million ordered pairs of real stays 52 share one of 32 bits, none two."""


def sketched(shingles: pd.DataFrame) -> pd.DataFrame:
    """The lines of `shingles` that make the sketches; none of a patient with too few."""
    patient = shingles.groupby("patient")["shingle"]
    enough = patient.transform("size") >= FEWEST_SHARED
    return shingles[enough & (patient.cumcount() < MOST_HASHES)]


def texts(shingles: pd.DataFrame) -> frozenset[str]:
    """The sketches as a bundle keeps them."""
    groups = sketched(shingles).groupby("patient")["shingle"]
    return frozenset(packed(one.to_numpy()) for _, one in groups)


def alike(shingles: pd.DataFrame, hashes: np.ndarray, owner: np.ndarray) -> pd.DataFrame:
    """Who is whom: pairs of `patient` (of `shingles`) and `owner` of a sketch with these `hashes`.

    A hash that stands in several sketches counts for the first: no pair of two patients is looked
    at that shares nothing, and of many copies of one patient each finds the first.
    """
    if not len(hashes):
        return pd.DataFrame({"patient": [], "owner": []}, dtype="int64")
    index = pd.DataFrame({"shingle": hashes, "owner": owner}).sort_values(["shingle", "owner"])
    found = shingles.merge(index.drop_duplicates("shingle"), on="shingle")
    shared = found.groupby(["patient", "owner"], sort=True).size()
    return shared[shared >= FEWEST_SHARED].index.to_frame(index=False)
