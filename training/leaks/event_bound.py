"""Records that exist because the outcome does, stamped before it.

    day 1        day 2                     told by the records
    ... dose X   grade 3, X was begun      X nearly always stands in the day before a grade 3

A treatment of the outcome, entered with an earlier time than it was decided on, foretells it.
"""

import numpy as np
import pandas as pd
from scipy.stats import beta

from features.crs import CHARTED, VASOPRESSORS
from features.outcomes import Outcome, happenings
from training.leaks.finding import Finding, Severity

CHECK = "bound to the event"
FEWEST_PATIENTS = 8
MOST_FOLLOWED = 0.5
DOUBT = 0.01
"""A key is bound to the outcome where, of the patients who have it, more than this share has the
outcome within the horizon after the first of it, by the lower limit of Clopper and Pearson (1934,
doi 10.1093/biomet/26.4.404) at one-sided 1 %, in at least so many patients. Choices."""

DEFINES = {
    Outcome.SEVERE_CRS: frozenset({*VASOPRESSORS, "vasopressor", "vasopressin", "inotrope",
                                   "oxygen_device", "oxygen_flow", "fio2"}),
    Outcome.INFECTION: frozenset({"blood_culture", "antimicrobial_treatment"}),
}  # fmt: skip
"""What the outcome's definition consists of (ASTCT 2019, doi 10.1016/j.bbmt.2018.12.758; Sepsis-3,
doi 10.1001/jama.2016.0287): charted shortly before the grade is, so told and never a reason to
stop."""


def event_bound(events: pd.DataFrame, outcome: Outcome, horizon: pd.Timedelta) -> list[Finding]:
    """Keys whose first record in a patient is mostly followed by the outcome within the horizon."""
    onset = happenings(events, outcome).groupby("patient_id")["time"].min()
    if onset.empty:
        return []
    first = _first_of_each_key(events)
    gap = first["patient_id"].map(onset) - first["time"]
    followed = ((gap > pd.Timedelta(0)) & (gap <= horizon)).to_numpy()
    counts = followed_of(first["key"], followed)
    return [
        _finding(str(key), outcome, horizon, int(line.followed), int(line.patients))
        for key, line in counts.iterrows()
        if line.followed >= FEWEST_PATIENTS and line.least > MOST_FOLLOWED
    ]


def followed_of(key: pd.Series, followed: np.ndarray) -> pd.DataFrame:
    """By key: `patients`, how many are `followed`, and the `least` share that these allow."""
    groups = pd.Series(followed, index=key.index).groupby(key, observed=True)
    counts = pd.DataFrame({"patients": groups.size(), "followed": groups.sum()})
    hit, missed = counts["followed"], counts["patients"] - counts["followed"]
    return counts.assign(least=np.nan_to_num(beta.ppf(DOUBT, hit, missed + 1)))


def _first_of_each_key(events: pd.DataFrame) -> pd.DataFrame:
    """When each patient had each key first, what others concluded left out."""
    here = events["time"].notna() & events["until_time"].isna() & ~events["key"].isin(CHARTED)
    first = events[here].groupby(["patient_id", "key"], observed=True)["time"].min().reset_index()
    return first.assign(patient_id=first["patient_id"].astype("str"))


def _finding(
    key: str, outcome: Outcome, horizon: pd.Timedelta, followed: int, patients: int
) -> Finding:
    defining = key in DEFINES[outcome]
    told = (
        "it is part of the outcome's definition"
        if defining
        else "was it entered with the event and stamped earlier?"
    )
    return Finding(
        CHECK,
        key,
        f"{outcome}: within {horizon / pd.Timedelta(hours=1):g} h of their first {key} "
        f"{followed} of {patients} patients have the event ({followed / patients:.0%}, limit "
        f"{MOST_FOLLOWED:.0%} at the lower confidence limit): {told}",
        Severity.TELL if defining else Severity.STOP,
    )
