"""Whether one name holds two persons, as when the numbers of two hospitals overlap."""

import pandas as pd

from features.catalogue import key_of
from features.tables import RejectReason
from training.dataset import Events
from training.leaks.finding import Finding, Severity

CHECK = "patient overlap"
MOST_MIXED, FEWEST_MIXED = 0.01, 2
"""A slip of the pen happens once in a file. More patients than this share, and at least so many,
are two persons each. A choice of this project."""
SAME_BIRTH = pd.Timedelta(days=366)
"""Two dates of birth within a year of each other are one, as where a year alone is known."""


def two_persons_under_one_name(source: Events) -> list[Finding]:
    """Patients with two dates of birth, or with two sexes."""
    births, sexes = _births_apart(source.events), _sexes_apart(source)
    mixed = len(births | sexes)
    if not mixed:
        return []
    grave = mixed >= FEWEST_MIXED and mixed > MOST_MIXED * source.patients
    told = (
        "do the numbers of two hospitals overlap? Make them distinct first"
        if grave
        else "one of the two is wrong"
    )
    return [
        Finding(
            CHECK,
            "patients",
            f"{mixed} of {source.patients} patients have two dates of birth ({len(births)}) or two "
            f"sexes ({len(sexes)}) (limit {MOST_MIXED:.0%}): {told}",
            Severity.STOP if grave else Severity.TELL,
        )
    ]


def _births_apart(events: pd.DataFrame) -> set[str]:
    """Patients whose earliest and latest date of birth lie apart."""
    births = events.loc[events["key"] == "birth", ["patient_id", "time"]]
    dates = births["time"].groupby(births["patient_id"].astype("str"))
    apart = dates.max() - dates.min() > SAME_BIRTH
    return set(apart.index[apart])


def _sexes_apart(source: Events) -> set[str]:
    """Patients with two sexes, or of whom a second one was set aside."""
    events, rejects = source.events, source.rejects
    known = events.loc[events["key"] == "sex", ["patient_id", "value"]]
    number = known["value"].groupby(known["patient_id"].astype("str")).nunique()
    conflicts = rejects[rejects["reason"] == RejectReason.CONFLICT]
    is_sex = conflicts["code"].map(lambda code: key_of(str(code)) == "sex").astype(bool)
    refused = conflicts.loc[is_sex, "patient_id"].astype("str").str.strip()
    return {*number.index[number > 1], *refused}
