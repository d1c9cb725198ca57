"""What the virtual hospital writes down: the records contract, honest grades, and nothing early."""

from functools import cache

import numpy as np
import pandas as pd
import pytest

from features.catalogue import ANALYTES, key_of
from features.harmonise import harmonise
from features.tables import RECORD_COLUMNS, TIME_TYPE, count_rejects
from training.cohort import VirtualCohort, simulate
from training.cohort.choices import UnknownChoiceError
from training.cohort.observation import GRADE_TOO_HIGH, GRADE_TOO_LOW
from training.cohort.simulation import InvalidInputError

DEVICE_GRADE = {"room_air": 0, "nasal_cannula": 2, "high_flow": 3, "cpap": 4, "ventilator": 4}


@cache
def cohort(centre: str = "university") -> VirtualCohort:
    return simulate(150, seed=21, centre=centre)


@cache
def severe_cohort() -> VirtualCohort:
    return simulate(250, seed=5, products=("axicabtagene_ciloleucel",))


def with_keys(records: pd.DataFrame) -> pd.DataFrame:
    keys = records["code"].astype(str).map(key_of)
    return records.assign(key=keys, patient_id=records["patient_id"].astype(str))


def test_records_keep_the_contract() -> None:
    records = cohort().records
    assert tuple(records.columns) == RECORD_COLUMNS
    assert records["time"].dtype == TIME_TYPE
    assert records["result_time"].dtype == TIME_TYPE
    assert records["numeric_value"].dtype == np.float64
    assert records["patient_id"].astype(str).str.fullmatch(r"virtual-\d{6}").all()


def test_only_what_has_no_time_is_without_time() -> None:
    records = with_keys(cohort().records)
    timeless = set(records.loc[records["time"].isna(), "key"])
    assert timeless == {
        "sex", "weight", "height", "disease", "prior_lines", "tumour_burden", "prior_infections",
        "central_line", "site",
    }  # fmt: skip


def test_no_result_is_known_before_it_was_taken() -> None:
    records = cohort().records
    known = records["result_time"].dropna()
    assert (known >= records.loc[known.index, "time"]).all()


def test_every_record_says_that_it_is_virtual() -> None:
    assert cohort().records["source"].astype(str).str.contains("virtual").all()
    assert cohort().metadata["virtual"] is True


@pytest.mark.parametrize("name", ["university", "community", "home_based"])
def test_the_catalogue_knows_every_code_and_unit(name: str) -> None:
    harmonised = harmonise(cohort(name).records)
    reasons = count_rejects(harmonised.rejects)
    assert set(reasons) <= {
        "duplicate",
        "implausible",
        "conflict",
    }  # the mistakes meant to be there
    assert 0 < len(harmonised.rejects) < 0.005 * len(cohort(name).records)


def test_units_follow_the_habits_of_the_centre() -> None:
    for name, unit in (("university", "mg/L"), ("community", "mg/dL")):
        records = with_keys(cohort(name).records)
        units = (
            records.loc[records["key"] == "crp", "unit"].astype(str).value_counts(normalize=True)
        )
        assert units[unit] > 0.99


def test_a_centre_without_the_assay_never_reports_il6() -> None:
    assert "il6" not in set(with_keys(cohort("community").records)["key"])


def test_a_site_of_low_income_has_crp_a_count_and_a_thermometer() -> None:
    records = with_keys(cohort("low_income").records)
    measured = set(records["key"]) & set(ANALYTES)
    body = {"weight", "height"}
    assert measured - body - {"oxygen_flow"} == {
        "crp", "platelets", "hemoglobin", "neutrophils", "lymphocytes", "temperature"
    }  # fmt: skip


def test_the_sick_are_measured_more_often() -> None:
    records = with_keys(cohort().records)
    ferritin = records[records["key"] == "ferritin"]
    hours = cohort().truth.assign(patient_id=cohort().truth["patient_id"].astype(str))
    merged = ferritin.assign(hour=ferritin["time"].dt.floor("h")).merge(
        hours, left_on=["patient_id", "hour"], right_on=["patient_id", "time"]
    )
    stay = hours[hours["in_hospital"]]
    sick = (merged["crs_grade"] > 0).sum() / (stay["crs_grade"] > 0).sum()
    well = (merged["crs_grade"] == 0).sum() / (stay["crs_grade"] == 0).sum()
    assert sick > 1.5 * well


def last_before(table: pd.DataFrame, of: pd.DataFrame, column: str, hours: float) -> pd.Series:
    """The last value in `of` at or before each grade, not older than `hours`."""
    return pd.merge_asof(
        table[["patient_id", "time"]],
        of[["patient_id", "time", column]],
        on="time",
        by="patient_id",
        tolerance=pd.Timedelta(hours=hours),
    )[column]


def test_documented_grades_agree_with_the_astct_table() -> None:
    """Second route: support and fever are read back from the records, not from the simulator."""
    records = with_keys(severe_cohort().records).sort_values("time")
    grades = records[records["key"] == "crs_grade"].reset_index(drop=True)
    grade = grades["numeric_value"].to_numpy()
    device = last_before(grades, records[records["key"] == "oxygen_device"], "text_value", 12)
    by_oxygen = device.astype(object).map(DEVICE_GRADE).fillna(0).to_numpy(dtype=float)
    first = last_before(grades, records[records["key"] == "norepinephrine"], "numeric_value", 12)
    second = last_before(grades, records[records["key"] == "epinephrine"], "numeric_value", 12)
    by_pressors = np.where(first > 0, 3, 0) + ((first > 0) & (second > 0))
    systolic = records[(records["key"] == "systolic_bp") & (records["numeric_value"] < 90)]
    by_pressure = np.where(last_before(grades, systolic, "numeric_value", 7).notna(), 2, 0)
    fever = records[(records["key"] == "temperature") & (records["numeric_value"] >= 38.0)]
    feverish = last_before(grades, fever, "numeric_value", 13).notna().to_numpy()
    organs = np.maximum.reduce([by_oxygen, by_pressors, by_pressure])
    assert (grade >= 3).sum() > 50
    away = np.abs(grade - np.maximum(organs, 1))[grade >= 2]
    assert (away > 1).sum() == 0  # charted off by one, never by more
    slips = GRADE_TOO_LOW + GRADE_TOO_HIGH
    assert 0.1 * slips < (away == 1).mean() < 2.0 * slips  # few slips start above grade 2
    assert feverish[(grade == 1) & (organs < 2)].mean() > 0.97
    # Support without CRS exists only where infection explains it.
    unexplained = (grade < 2) & (organs >= 3)
    patients = set(grades.loc[unexplained, "patient_id"])
    infected = set(records.loc[records["key"] == "infection_onset", "patient_id"])
    assert patients <= infected


def test_the_grade_is_documented_every_day_in_hospital() -> None:
    truth = cohort().truth
    eight = truth["in_hospital"] & (truth["time"].dt.hour == 8)
    due = truth[eight & (truth["hours_from_first_dose"] > -120)]
    records = with_keys(cohort().records)
    documented = records[records["key"] == "crs_grade"]
    have = set(zip(documented["patient_id"], documented["time"].dt.floor("h"), strict=True))
    want = set(zip(due["patient_id"].astype(str), due["time"], strict=True))
    assert want <= have


def test_an_infection_is_adjudicated_half_a_day_or_more_after_its_onset() -> None:
    records = with_keys(cohort().records)
    onsets = records[records["key"] == "infection_onset"]
    assert len(onsets) > 10
    assert ((onsets["result_time"] - onsets["time"]) >= pd.Timedelta(hours=12)).all()


def test_before_severe_crs_the_blood_speaks() -> None:
    """From grade 2, IL-6 rises more within a day where severe CRS comes: trajectories matter."""
    truth = severe_cohort().truth
    hour = truth["time"].dt.hour == 12
    future = truth.groupby("patient_id", observed=True)["crs_grade"].transform(
        lambda grade: grade[::-1].rolling(24, min_periods=1).max()[::-1].shift(-1)
    )
    rise = np.log(truth["il6"]) - np.log(
        truth.groupby("patient_id", observed=True)["il6"].shift(24)
    )
    rows = hour & (truth["crs_grade"] == 2) & future.notna() & rise.notna()
    assert rise[rows & (future >= 3)].mean() > rise[rows & (future < 3)].mean() + 0.3


def test_an_unknown_product_or_centre_is_named_with_what_is_known() -> None:
    with pytest.raises(UnknownChoiceError, match=r"'aspirin' is unknown; known: teclistamab"):
        simulate(1, seed=1, products=("aspirin",))
    with pytest.raises(UnknownChoiceError, match=r"known: university, community"):
        simulate(1, seed=1, centre="nowhere")
    with pytest.raises(InvalidInputError, match=r"patients: 0 is outside 1 to"):
        simulate(0, seed=1)
