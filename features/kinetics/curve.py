"""One patient's CRP in the hours to come, as it is or after a dose of a blocker."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from features.kinetics.rows import DOSE_KEYS, crp_forecasts
from features.tables import EVENT_COLUMNS, InvalidInputError

QUANTILES = {"low_95": 0.025, "low_80": 0.1, "median": 0.5, "high_80": 0.9, "high_95": 0.975}
FURTHEST_H = 168.0


def forecast_curve(
    events: pd.DataFrame,
    patient_id: str,
    as_of: pd.Timestamp,
    hours: Sequence[float] = tuple(range(0, 75, 3)),
    dose_of: str | None = None,
) -> pd.DataFrame:
    """CRP of one patient in the hours after `as_of`, from what was known by then.

    Args:
        events: the events table.
        patient_id: whose.
        as_of: from when on, with a time zone.
        hours: how far ahead, 0 to `FURTHEST_H`.
        dose_of: `il6_receptor_blocker` or `siltuximab` draws the curve after its usual dose at
            `as_of`; None draws it without.

    Returns:
        DataFrame by `hours`: `low_95, low_80, median, high_80, high_95` in mg/L of a reading then,
        missing without a CRP value of the last week.

    Raises:
        InvalidInputError: hours out of range, a blocker that is not known, no time zone.
    """
    ahead = np.asarray(hours, dtype=np.float64)
    if not ((ahead >= 0.0) & (ahead <= FURTHEST_H)).all():
        raise InvalidInputError(f"forecast: hours must lie in 0 to {FURTHEST_H:g} h")
    if dose_of is not None and dose_of not in DOSE_KEYS:
        raise InvalidInputError(f"forecast: {dose_of!r} is none of {', '.join(DOSE_KEYS)}")
    if as_of.tzinfo is None:
        raise InvalidInputError("forecast: the as-of time needs a time zone")
    mine = events[events["patient_id"].astype("str") == patient_id]
    if dose_of is not None:
        dose = dict.fromkeys(EVENT_COLUMNS) | {"patient_id": patient_id, "key": dose_of}
        line = pd.DataFrame([dose | {"time": as_of, "known_time": as_of, "value": np.nan}])
        plain = mine.astype({"patient_id": "str", "key": "str"})
        mine = pd.concat([plain, line.astype(plain.dtypes)], ignore_index=True)
    rows = pd.DataFrame({"patient_id": patient_id, "as_of": [as_of] * len(ahead)})
    curve = crp_forecasts(mine, rows, ahead, tuple(QUANTILES.values()))
    return pd.DataFrame(curve, index=pd.Index(ahead, name="hours"), columns=list(QUANTILES))
