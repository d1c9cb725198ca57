"""Random numbers that depend on the patient, the moment and the question alone, never on the order.

Each patient owns a key; a draw is the SplitMix64 sequence of that key (Steele 2014, doi
10.1145/2660193.2660195) at the place (moment, question). A cohort cut anyhow is the same cohort.
"""

import numba
import numpy as np
import numpy.typing as npt

QUESTIONS = 1024
"""How many different questions one moment holds; 512 and above belong to the normal draws."""


def patient_keys(seed: int, first: int, patients: int) -> npt.NDArray[np.uint64]:
    """One 64-bit key for each of the patients `first`, `first + 1`, ... of the cohort `seed`."""
    return np.array(
        [
            np.random.SeedSequence(seed, spawn_key=(first + i,)).generate_state(1, np.uint64)[0]
            for i in range(patients)
        ],
        dtype=np.uint64,
    )


@numba.njit(cache=True)
def uniform(key: np.uint64, moment: int, question: int) -> float:
    """A number strictly between 0 and 1."""
    place = np.uint64(moment) * np.uint64(QUESTIONS) + np.uint64(question) + np.uint64(1)
    z = key + place * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return (float(z >> np.uint64(11)) + 0.5) * 2.0**-53


@numba.njit(cache=True)
def normal(key: np.uint64, moment: int, question: int) -> float:
    """A standard normal number (Box-Muller)."""
    radius = np.sqrt(-2.0 * np.log(uniform(key, moment, question)))
    return radius * np.cos(2.0 * np.pi * uniform(key, moment, question + 512))


@numba.njit(cache=True)
def uniforms(
    keys: npt.NDArray[np.uint64], moments: npt.NDArray[np.int64], question: int
) -> npt.NDArray[np.float64]:
    """One uniform number for each pair of key and moment."""
    drawn = np.empty(len(keys), dtype=np.float64)
    for i in range(len(keys)):
        drawn[i] = uniform(keys[i], moments[i], question)
    return drawn


@numba.njit(cache=True)
def normals(
    keys: npt.NDArray[np.uint64], moments: npt.NDArray[np.int64], question: int
) -> npt.NDArray[np.float64]:
    """One standard normal number for each pair of key and moment."""
    drawn = np.empty(len(keys), dtype=np.float64)
    for i in range(len(keys)):
        drawn[i] = normal(keys[i], moments[i], question)
    return drawn
