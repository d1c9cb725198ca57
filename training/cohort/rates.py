"""How often and when: what a simulated cohort shows, to lay beside the published figures."""

import pandas as pd


def patient_outcomes(truth: pd.DataFrame) -> pd.DataFrame:
    """One row a patient, from the first dose on.

    product, worst_grade, onset_h (first CRS, hours after the latest dose; NaN without), crs_h
    (hours with CRS, all episodes; NaN without), infections (number), severely_infected.
    """
    after = truth[truth["hours_from_first_dose"] >= 0]
    sick = after[after["crs_grade"] > 0].groupby("patient_id", observed=True)
    people = after.groupby("patient_id", observed=True)
    infected = after[after["infection_onset"]].groupby("patient_id", observed=True)
    table = pd.DataFrame(
        {
            "product": people["product"].first().astype(str),
            "worst_grade": people["crs_grade"].max(),
            "onset_h": sick["hours_since_dose"].first(),
            "crs_h": sick.size(),
            "infections": infected.size(),
            "severely_infected": infected["severe_infection"].max(),
        }
    )
    table["infections"] = table["infections"].fillna(0).astype(int)
    table["severely_infected"] = table["severely_infected"].fillna(0).astype(bool)
    return table


def rates(truth: pd.DataFrame) -> pd.DataFrame:
    """One row a product and one for all: percentages of patients, medians among those with CRS."""
    outcomes = patient_outcomes(truth)
    groups = {**dict(list(outcomes.groupby("product"))), "all": outcomes}
    return pd.DataFrame({name: _rates(group) for name, group in groups.items()}).T


def _rates(group: pd.DataFrame) -> dict[str, float]:
    worst = group["worst_grade"]
    return {
        "patients": float(len(group)),
        "crs_any_percent": 100.0 * float((worst >= 1).mean()),
        "crs_grade_2_or_more_percent": 100.0 * float((worst >= 2).mean()),
        "crs_grade_3_or_more_percent": 100.0 * float((worst >= 3).mean()),
        "crs_onset_after_dose_median_h": _median(group["onset_h"]),
        "crs_hours_median_d": _median(group["crs_h"]) / 24.0,
        "infection_percent": 100.0 * float((group["infections"] > 0).mean()),
        "severe_infection_percent": 100.0 * float(group["severely_infected"].mean()),
    }


def _median(values: pd.Series) -> float:
    """The median of those that are there; NaN where none is."""
    return float(values.dropna().median())
