"""The parts of a frozen evaluation set in which nobody may be worse off."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np
import pandas as pd

from models.start import GRADE
from training.dataset import Cohort

OLDER_FROM_YEARS = 65.0
"""Where geriatric oncology starts to count (a choice, as in the labels of these products)."""
SEX_NAMES = {0.0: "female", 1.0: "male"}
THERAPIES = ("car_t", "bispecific")
NOT_KNOWN = "unknown"


def with_subgroups(scored: pd.DataFrame, cohort: Cohort, names: Sequence[str]) -> pd.DataFrame:
    """The scored rows with a column per named subgroup; what nobody knows is `unknown`."""
    here = cohort.reported
    moments = pd.MultiIndex.from_frame(cohort.as_of[here])
    rows = pd.MultiIndex.from_frame(scored[["patient_id", "as_of"]])
    place = moments.get_indexer(rows)
    return scored.assign(**{name: SUBGROUPS[name](cohort)[here][place] for name in names})


def _sex(cohort: Cohort) -> np.ndarray:
    events = cohort.source.events
    stated = events[events["key"] == "sex"]
    by_patient = stated.groupby(stated["patient_id"].astype("str"))["value"].last()
    return _of_patients(cohort, by_patient.map(SEX_NAMES))


def _age(cohort: Cohort) -> np.ndarray:
    if "age.years" not in cohort.rows:
        return np.full(len(cohort.rows), NOT_KNOWN, dtype=object)
    years = cohort.rows["age.years"].to_numpy(dtype=float)
    older = np.where(years >= OLDER_FROM_YEARS, "65 years and older", "under 65 years")
    return np.where(np.isnan(years), NOT_KNOWN, older).astype(object)


def _therapy(cohort: Cohort) -> np.ndarray:
    events = cohort.source.events
    given = events[events["key"].isin(THERAPIES)].drop_duplicates("patient_id")
    first = pd.Series(given["key"].astype("str").array, index=given["patient_id"].astype("str"))
    return _of_patients(cohort, first)


def _grade(cohort: Cohort) -> np.ndarray:
    grade = cohort.rows[GRADE] if GRADE in cohort.rows else pd.Series(np.nan, cohort.rows.index)
    return np.array([NOT_KNOWN if np.isnan(one) else f"{one:.0f}" for one in grade], dtype=object)


def _of_patients(cohort: Cohort, by_patient: pd.Series) -> np.ndarray:
    found = cohort.as_of["patient_id"].astype("str").map(by_patient)
    return found.astype(object).where(found.notna(), NOT_KNOWN).to_numpy(dtype=object)


SUBGROUPS: Mapping[str, Callable[[Cohort], np.ndarray]] = MappingProxyType(
    {"sex": _sex, "age": _age, "therapy": _therapy, "grade": _grade}
)
"""By name, what tells a row's part of the cohort: one value an as-of row."""
