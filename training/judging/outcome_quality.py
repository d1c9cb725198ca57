"""How far documented outcomes and those derived from the same records say the same."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.metrics import cohen_kappa_score

from features.crs import crs_episodes, grade_events, graded_moments
from features.infection import InfectionKind, infection_episodes
from features.outcomes import GRADE_HOLDS_HOURS, as_it_was
from features.trajectory import Feature, Statistic, trajectory_rows

GRADES = range(6)
CURRENT = (Feature("crs_grade", Statistic.LAST), Feature("crs_grade", Statistic.AGE))
NOTHING_COMPARED = "no documented grade has a derived one beside it"
ONE_GRADE = "documented and derived grades are all the same one"


@dataclass(frozen=True)
class CrsAgreement:
    """Documented CRS grades beside the derived ones that were current when they were charted.

    `weighted_kappa` is Cohen's with quadratic weights (1968, doi 10.1037/h0026256): 1 is agreement,
    0 chance; None where it is not defined, then `reason` says why. `table` counts moments by
    documented (rows) and derived grade (columns), 0 to 5. `inferred` counts derived grades 2 that
    rest on pressure or saturation alone.
    """

    moments: int
    without_derived: int
    weighted_kappa: float | None
    reason: str | None
    table: list[list[int]]
    inferred: int


@dataclass(frozen=True)
class OutcomeQuality:
    """Both kinds of CRS grades and infections in the same records; counts are of episodes."""

    crs_agreement: CrsAgreement
    crs_episodes: int
    severe_crs_episodes: int
    infections: dict[str, int]


def outcome_quality(events: pd.DataFrame) -> OutcomeQuality:
    """Compare the outcomes documented in `events` (as charted) with the derived ones."""
    graded = graded_moments(events)
    episodes = crs_episodes(graded)
    kinds = infection_episodes(events)["kind"]
    documented = as_it_was(events)["key"] == "infection_onset"
    return OutcomeQuality(
        crs_agreement=crs_agreement(events, graded),
        crs_episodes=len(episodes),
        severe_crs_episodes=int(episodes["severe"].notna().sum()),
        infections={"documented": int(documented.sum())}
        | {str(kind): int((kinds == kind).sum()) for kind in InfectionKind},
    )


def crs_agreement(events: pd.DataFrame, graded: pd.DataFrame) -> CrsAgreement:
    """Each documented grade (the last word on it) beside the derived one of that moment."""
    final = as_it_was(events)
    charted = final[final["key"] == "crs_grade"]
    asked = pd.DataFrame(
        {"patient_id": charted["patient_id"].astype("str"), "as_of": charted["time"]}
    )
    derived, age = trajectory_rows(grade_events(graded), asked, CURRENT).T
    compared = age <= GRADE_HOLDS_HOURS
    documented = charted["value"].to_numpy()[compared].astype(int)
    derived = derived[compared].astype(int)
    table = np.zeros((len(GRADES), len(GRADES)), dtype=int)
    np.add.at(table, (documented, derived), 1)
    varies = len(np.unique([*documented, *derived])) > 1
    kappa = cohen_kappa_score(documented, derived, weights="quadratic") if varies else None
    return CrsAgreement(
        moments=int(compared.sum()),
        without_derived=int((~compared).sum()),
        weighted_kappa=None if kappa is None else float(kappa),
        reason=None if varies else ONE_GRADE if compared.any() else NOTHING_COMPARED,
        table=table.tolist(),
        inferred=int(graded["inferred"].sum()),
    )
