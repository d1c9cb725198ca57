"""The kinetic columns of feature rows, and forecasts at any horizon, from the events table."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType

import numba
import numpy as np
import pandas as pd

from features.arrays import EventArrays, Moments, event_arrays, moments_of
from features.catalogue import KEYS
from features.kernel import ALWAYS, FOREVER
from features.kinetics import turnover as filter_
from features.kinetics.constants import RECEPTOR_BLOCKER, SILTUXIMAB, TURNOVER, Turnover
from features.trajectory import PATIENTS_WORTH_ALL_CORES

FORECAST_HOURS = 24.0
INTERVAL = (0.1, 0.5, 0.9)
"""The columns' median and 80 % interval."""

BLOCKERS = (RECEPTOR_BLOCKER, SILTUXIMAB)

KINDS = MappingProxyType(
    {
        "crp": filter_.CRP,
        "il6_receptor_blocker": filter_.RECEPTOR,
        "siltuximab": filter_.LIGAND,
        "il6": filter_.IL6,
        "weight": filter_.WEIGHT,
    }
)
"""The keys that kinetics looks at."""
_KIND = np.array([*(KINDS.get(key, -1) for key in KEYS), -1], np.int64)
DOSE_KEYS = ("il6_receptor_blocker", "siltuximab")


@dataclass(frozen=True)
class KineticColumn:
    """One column: its name, its place in the filter's results, and what it says."""

    name: str
    place: int
    unit: str
    meaning: str
    keys: frozenset[str] = frozenset({"crp"})
    """Catalogue keys of which one at least must be there."""


_CRP_OR_BLOCKER = frozenset({"crp", "il6_receptor_blocker", "siltuximab"})
_IL6 = frozenset({"il6"})

KINETIC_COLUMNS = (
    KineticColumn(
        "crp.synthesis_drive", filter_.DRIVE, "mg/L",
        "the CRP that present IL-6 signalling would hold if nothing blocked it",
    ),
    KineticColumn(
        "crp.synthesis_rate", filter_.RATE, "mg/L/h", "CRP made now, blockade taken off"
    ),
    KineticColumn("crp.level_now", filter_.LEVEL, "mg/L", "CRP as it should be at this moment"),
    KineticColumn(
        "crp.forecast_24h", filter_.QUANTILES + 1, "mg/L", "median of a reading in 24 h"
    ),
    KineticColumn(
        "crp.forecast_24h_low", filter_.QUANTILES, "mg/L", "lower end of its 80 % interval"
    ),
    KineticColumn(
        "crp.forecast_24h_high", filter_.QUANTILES + 2, "mg/L", "upper end of its 80 % interval"
    ),
    KineticColumn(
        "crp.forecast_24h_if_blocked", filter_.IF_BLOCKED, "mg/L",
        "CRP in 24 h if tocilizumab were given now",
    ),
    KineticColumn(
        "crp.surprise", filter_.SURPRISE, "1",
        "how far the last value lay from what those before foretold, in standard deviations",
    ),
    KineticColumn(
        "crp.against_blockade", filter_.AGAINST, "1",
        "while blocked: log of the last value over what blockade foretells from before its start",
    ),
    KineticColumn(
        "crp.blocked_share", filter_.BLOCKED, "1", "share of CRP synthesis blocked now",
        _CRP_OR_BLOCKER,
    ),
    KineticColumn(
        "crp.cannot_be_trusted", filter_.UNTRUSTED, "1",
        "1 under a blocker, or where the last value fell faster than CRP can",
        _CRP_OR_BLOCKER,
    ),
    KineticColumn(
        "il6.unblocked", filter_.IL6_OPEN, "pg/mL", "last IL-6 drawn without blockade", _IL6
    ),
    KineticColumn(
        "il6.under_receptor_blockade", filter_.IL6_BLOCKED, "pg/mL",
        "last IL-6 drawn under tocilizumab, where it reads high for the same production",
        _IL6,
    ),
)  # fmt: skip


def kinetics_rows(
    events: pd.DataFrame | EventArrays,
    as_of: pd.DataFrame | Moments,
    columns: Sequence[KineticColumn] = KINETIC_COLUMNS,
) -> np.ndarray:
    """The kinetic columns at each as-of time.

    A row uses events with time <= as_of, known by then and not yet superseded. CRP columns are
    missing before the first CRP value and when the last one is older than `OLDEST_VALUE_H`;
    `crp.against_blockade` without blockade, or without a value before and after its first dose;
    `il6.*` as their meanings say. `crp.blocked_share` and `crp.cannot_be_trusted` are never
    missing.

    Args:
        events: the events; doses in mg (up to `HIGHEST_DOSE_PER_KG`: mg/kg, missing: the
            label's dose), weight in kg (missing: `UNKNOWN_WEIGHT_KG`).
        as_of: columns `patient_id`, `as_of` (any order, any patients).

    Returns:
        float32 array (rows of `as_of` x columns).
    """
    moments = moments_of(as_of)
    ahead = np.full(len(moments.time), FORECAST_HOURS)
    results = _results(event_arrays(events), moments, ahead, np.array(INTERVAL), TURNOVER)
    return results[:, [column.place for column in columns]].astype(np.float32)


def crp_forecasts(
    events: pd.DataFrame,
    as_of: pd.DataFrame,
    ahead: np.ndarray,
    probabilities: tuple[float, ...],
    turnover: Turnover = TURNOVER,
) -> np.ndarray:
    """Quantiles in mg/L of a CRP reading `ahead` hours after each as-of time.

    Returns:
        float64 array (rows of `as_of` x `probabilities`), NaN where there is no forecast.
    """
    arrays, moments = event_arrays(events), moments_of(as_of)
    results = _results(arrays, moments, np.asarray(ahead), np.array(probabilities), turnover)
    return results[:, filter_.QUANTILES :]


@dataclass(frozen=True)
class _Told:
    """What the filter reads, by patient and time; `owner` numbers the patients who have something.

    `place` is the number of each patient of the events, -1 for one who has nothing (and, last, for
    one who is not among them).
    """

    place: np.ndarray
    owner: np.ndarray
    time: np.ndarray
    known: np.ndarray
    until: np.ndarray
    kind: np.ndarray
    value: np.ndarray


def _told(events: EventArrays) -> _Told:
    """The events of `KINDS` with a time (but for a weight) and a value (but for a dose)."""
    patient, time, value = events.patient, events.time, events.value
    kind = _KIND[events.key]
    is_timed = (time != ALWAYS) | (kind == filter_.WEIGHT)
    is_valued = ~np.isnan(value) | np.isin(kind, [KINDS[key] for key in DOSE_KEYS])
    lines = np.flatnonzero((kind >= 0) & (patient >= 0) & is_timed & is_valued)
    columns = (value[lines], events.known[lines], kind[lines], time[lines], patient[lines])
    lines = lines[np.lexsort(columns)]
    present, owner = np.unique(patient[lines], return_inverse=True)
    place = np.full(len(events.patients) + 1, -1)
    place[present] = np.arange(len(present))
    until = events.until[lines]
    return _Told(
        place=place,
        owner=owner,
        time=time[lines],
        known=events.known[lines],
        until=np.where(until == ALWAYS, FOREVER, until),
        kind=kind[lines],
        value=value[lines],
    )


def _results(
    events: EventArrays,
    moments: Moments,
    ahead: np.ndarray,
    probabilities: np.ndarray,
    turnover: Turnover,
) -> np.ndarray:
    """All that the filter says of each row, float64."""
    told, moment = _told(events), moments.time
    patient = told.place[events.place_of(moments)]
    rows = np.lexsort((ahead, moment, patient))
    rows = rows[patient[rows] >= 0]
    bounds = np.arange(told.place.max(initial=-1) + 2)
    filled = _nothing(len(rows), len(probabilities))
    row_bounds = np.searchsorted(patient[rows], bounds)
    event_bounds = np.searchsorted(told.owner, bounds)

    def fill(part: slice) -> None:
        filter_.fill_rows(
            moment[rows],
            ahead[rows].astype(np.float64),
            row_bounds[part],
            event_bounds[part],
            told.time,
            told.known,
            told.until,
            told.kind,
            told.value,
            turnover,
            filter_.transitions(turnover),
            BLOCKERS,
            probabilities,
            filled,
        )

    _in_parts(fill, len(bounds) - 1)
    results = _nothing(len(moment), len(probabilities))
    results[rows] = filled
    return results


def _in_parts(fill: Callable[[slice], None], patients: int) -> None:
    """Fill all patients' rows; a cohort in as many parts as numba may use threads."""
    parts = numba.get_num_threads() if patients >= PATIENTS_WORTH_ALL_CORES else 1
    cuts = np.linspace(0, patients, parts + 1).astype(int)
    slices = [slice(low, high + 1) for low, high in pairwise(cuts)]
    if parts == 1:
        fill(slices[0])
        return
    with ThreadPoolExecutor(parts) as threads:
        list(threads.map(fill, slices))


def _nothing(rows: int, probabilities: int) -> np.ndarray:
    """What is said of a patient without events: nothing is blocked, all else is missing."""
    empty = np.full((rows, filter_.QUANTILES + probabilities), np.nan)
    empty[:, [filter_.BLOCKED, filter_.UNTRUSTED]] = 0.0
    return empty
