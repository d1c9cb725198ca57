"""Records that exist because the outcome does, stamped before it.

    day 1        day 2                     told by the records
    ... dose X   grade 3, X was begun      X nearly always stands in the day before a grade 3

A treatment of the outcome, entered with an earlier time than it was decided on, foretells it. The
first record of a key is judged in every patient who has one, and so are its repeats before the
event: a second dose may be entered late where the first was not.

What cannot be seen: backdated repeats of a drug whose repeats are mostly honest, in patients
without the event or on other days. To lie before most events and seldom elsewhere proves nothing:
honest antipyretics do so before severe CRS, for they treat its first signs.
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
doi 10.1093/biomet/26.4.404) at one-sided 1 %, in at least so many patients. Of repeats, a patient
counts with the share of theirs that the outcome follows, between 0 and 1. Choices."""

DEFINES = {
    Outcome.SEVERE_CRS: frozenset({*VASOPRESSORS, "vasopressor", "vasopressin", "inotrope",
                                   "oxygen_device", "oxygen_flow", "fio2"}),
    Outcome.INFECTION: frozenset({"blood_culture", "antimicrobial_treatment"}),
}  # fmt: skip
"""What the outcome's definition consists of (ASTCT 2019, doi 10.1016/j.bbmt.2018.12.758; Sepsis-3,
doi 10.1001/jama.2016.0287): charted shortly before the grade is, so told and never a reason to
stop."""


def event_bound(events: pd.DataFrame, outcome: Outcome, horizon: pd.Timedelta) -> list[Finding]:
    """Keys whose first record, or whose repeats, are mostly followed by the outcome within it."""
    onset = happenings(events, outcome).groupby("patient_id")["time"].min()
    if onset.empty:
        return []
    records = _records(events)
    gap = records["patient_id"].map(onset) - records["time"]
    soon = (gap > pd.Timedelta(0)) & (gap <= horizon)
    again = records.duplicated(["patient_id", "key"])
    before = gap.isna() | (gap > pd.Timedelta(0))
    firsts = _bound(records[~again], soon[~again])
    repeats = _bound(records[again & before], soon[again & before])
    return [
        *(_finding(key, outcome, _told_of_first(key, line, horizon)) for key, line in firsts),
        *(
            _finding(key, outcome, _told_of_repeats(key, line, horizon))
            for key, line in repeats
            if key not in dict(firsts)
        ),
    ]


def _records(events: pd.DataFrame) -> pd.DataFrame:
    """Each patient's records in time, one a key and moment, what others concluded left out."""
    here = events["time"].notna() & events["until_time"].isna() & ~events["key"].isin(CHARTED)
    found = events.loc[here, ["patient_id", "key", "time"]].drop_duplicates().sort_values("time")
    return found.assign(patient_id=found["patient_id"].astype("str"))


def _bound(records: pd.DataFrame, soon: pd.Series) -> list[tuple[str, pd.Series]]:
    """The keys whose records the outcome mostly follows: `patients`, and how many are `followed`.

    A patient with several records of a key counts with the share that is followed.
    """
    shares = soon.groupby([records["key"], records["patient_id"]], observed=True).mean()
    groups = shares.groupby(level="key", observed=True)
    counts = pd.DataFrame({"patients": groups.size(), "followed": groups.sum()})
    hit, missed = counts["followed"], counts["patients"] - counts["followed"]
    counts["least"] = np.nan_to_num(beta.ppf(DOUBT, hit, missed + 1))
    chosen = counts[(hit >= FEWEST_PATIENTS) & (counts["least"] > MOST_FOLLOWED)]
    return [(str(key), line) for key, line in chosen.iterrows()]


def _told_of_first(key: str, line: pd.Series, horizon: pd.Timedelta) -> str:
    return (
        f"within {horizon / pd.Timedelta(hours=1):g} h of their first {key} {line.followed:g} of "
        f"{line.patients:g} patients have the event ({line.followed / line.patients:.0%}"
    )


def _told_of_repeats(key: str, line: pd.Series, horizon: pd.Timedelta) -> str:
    return (
        f"the event follows a repeated {key} within {horizon / pd.Timedelta(hours=1):g} h (in "
        f"{line.followed / line.patients:.0%} of the repeats of {line.patients:g} patients"
    )


def _finding(key: str, outcome: Outcome, seen: str) -> Finding:
    defining = key in DEFINES[outcome]
    told = (
        "it is part of the outcome's definition"
        if defining
        else "was it entered with the event and stamped earlier?"
    )
    return Finding(
        CHECK,
        key,
        f"{outcome}: {seen}, limit {MOST_FOLLOWED:.0%} for the lower end): {told}",
        Severity.TELL if defining else Severity.STOP,
    )
