"""Which patients are held out together: those of one product, class of therapy, site, or time.

    patient  product       site   first dose   by product   by time
    a        teclistamab   Lyon   January      teclistamab  earlier
    b        teclistamab   Porto  February     teclistamab  earlier
    c        axi-cel       Lyon   June         axi-cel      later

A patient stands in one group whole, so that nobody is learnt from and judged.
"""

from collections.abc import Iterable
from dataclasses import replace
from enum import StrEnum

import numpy as np
import pandas as pd

from features.matrix import observation_periods
from features.outcomes import Outcome
from features.tables import InvalidInputError
from training.dataset import Cohort
from training.judging.groups.strata import STRATUM, UNKNOWN, in_order, strata_rows

LATER_SHARE = 0.3
"""By time: the patients who started last and are judged, as a share of all."""
EARLIER, LATER = "earlier", "later"
NO_GROUP = (UNKNOWN, "no dose yet")


class GroupedBy(StrEnum):
    """What parts the patients."""

    PRODUCT = "product"
    THERAPY_CLASS = "therapy_class"
    SITE = "site"
    TIME = "time"


def groups_of(cohort: Cohort, by: GroupedBy) -> pd.Series:
    """Each patient's group by patient_id.

    A patient with rows in several groups, as after a second product, stands in that of most rows; a
    patient of whom the records do not tell has `UNKNOWN`.
    """
    return _by_time(cohort) if by is GroupedBy.TIME else _by_stratum(cohort, by)


def _by_stratum(cohort: Cohort, by: GroupedBy) -> pd.Series:
    moments = cohort.as_of[cohort.reported]
    group = strata_rows(cohort.source, moments)[str(by)].astype("str")
    told = ~group.isin(NO_GROUP)
    counted = pd.crosstab(moments.loc[told, "patient_id"], group[told])
    patients = pd.Index(cohort.as_of["patient_id"].unique())
    if counted.empty:
        return pd.Series(UNKNOWN, index=patients)
    return counted.idxmax(axis=1).reindex(patients).fillna(UNKNOWN)


def _by_time(cohort: Cohort) -> pd.Series:
    """The patients whose course started last are later; all of one moment stand together."""
    start = observation_periods(cohort.source.events)["start"]
    start = start.reindex(cohort.as_of["patient_id"].unique())
    if start.nunique() < 2:
        raise InvalidInputError(
            f"--by time: all {len(start)} courses start at the same moment; records without dates "
            "cannot be parted by time"
        )
    limit = start.sort_values().iloc[int((1.0 - LATER_SHARE) * len(start))]
    limit = start[start > start.min()].min() if limit == start.min() else limit
    return pd.Series(np.where(start >= limit, LATER, EARLIER), index=start.index)


def held_out_groups(group: pd.Series, by: GroupedBy) -> list[str]:
    """The groups to hold out, in a reader's order: by time the later one alone.

    Raises:
        InvalidInputError: the records tell of one group only, or of none.
    """
    found = [name for name in group.unique() if name not in NO_GROUP]
    if len(found) < 2:
        named = f"all patients of whom it is known are {found[0]}" if found else "nobody's is known"
        raise InvalidInputError(f"--by {by}: two groups are needed, but {named}")
    if by is GroupedBy.TIME:
        return [LATER]
    return in_order(str(by), found) if str(by) in STRATUM else sorted(found)


def only_patients(cohort: Cohort, patients: Iterable[str]) -> Cohort:
    """The cohort with the rows of these patients alone."""
    here = cohort.as_of["patient_id"].isin(set(patients)).to_numpy()
    return replace(
        cohort,
        as_of=cohort.as_of[here].reset_index(drop=True),
        reported=cohort.reported[here],
        rows=cohort.rows[here],
        labels={outcome: labels.of(here) for outcome, labels in cohort.labels.items()},
        targets={outcome: target[here] for outcome, target in cohort.targets.items()},
    )


def at_risk_rows(cohort: Cohort, outcome: Outcome) -> np.ndarray:
    """Where the cohort's rows are of the grid, at risk and of a known label (bool array)."""
    known: np.ndarray = cohort.reported & ~np.isnan(cohort.labels[outcome].label)
    return known
