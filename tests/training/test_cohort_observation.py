"""What is written of one and the same life: by centre, by body size, from home, from cultures."""

import dataclasses
from functools import cache

import numpy as np
import pandas as pd
import pytest

from features.catalogue import key_of
from features.harmonise import harmonise
from training.cohort import simulate
from training.cohort.centres import (
    MASKS_ONLY,
    WARD_OXYGEN,
    AssayHabit,
    Centre,
    HomeHabit,
    centre,
)
from training.cohort.chance import patient_keys
from training.cohort.clinicians.care import OXYGEN_DEVICES
from training.cohort.cultures import COMMENSAL, NO_GROWTH, Cultures, reports
from training.cohort.dosing import ANTIMICROBIAL_DOSINGS, G_CSF, body_surface
from training.cohort.home import kept_checks
from training.cohort.infections import KINDS
from training.cohort.observation import History, Observer
from training.cohort.people import make_people
from training.cohort.products import product
from training.cohort.simulation import live
from training.cohort.written import records_table

KIND = {kind.name: number for number, kind in enumerate(KINDS, start=1)}


@cache
def history(*products: str, patients: int = 60) -> History:
    chosen = tuple(product(key) for key in products)
    return live(make_people(patient_keys(8, 0, patients), chosen), chosen, centre("university"), 21)


def written(of: History, place: Centre) -> pd.DataFrame:
    names = [f"{number:03d}" for number in range(len(of.people.keys))]
    records = records_table(list(Observer(of, place).rows()), names, "virtual")
    return records.assign(
        key=records["code"].astype(str).map(key_of), patient=records["patient_id"].astype(int)
    )


def observed(place: Centre, *products: str) -> pd.DataFrame:
    return written(history(*(products or ("tisagenlecleucel",))), place)


def test_an_assay_reads_higher_and_noisier_where_its_centre_says_so() -> None:
    usual = centre("university")
    biased = dataclasses.replace(usual, assays=(AssayHabit("ferritin", bias=1.15),))
    noisy = dataclasses.replace(usual, assays=(AssayHabit("ldh", noise=2.0),))
    one, high, wide = (observed(place) for place in (usual, biased, noisy))
    ferritin = [rows.loc[rows["key"] == "ferritin", "numeric_value"] for rows in (one, high)]
    assert (ferritin[1] / ferritin[0]).median() == pytest.approx(1.15, abs=0.005)
    ldh = [np.log(rows.loc[rows["key"] == "ldh", "numeric_value"]) for rows in (one, wide)]
    assert (ldh[1] - ldh[0]).std() == pytest.approx(0.09, rel=0.1)  # as much again, the same draw
    assert one.loc[one["key"] == "crp", "numeric_value"].equals(
        high.loc[high["key"] == "crp", "numeric_value"]
    )


def test_doses_follow_body_size_and_never_exceed_the_adults() -> None:
    weight, height = np.array([20.0, 80.0]), np.array([112.5, 180.0])
    surface = np.array([20.0 * 112.5 / 3600.0, 4.0]) ** 0.5
    np.testing.assert_allclose(body_surface(weight, height), surface)
    by_hand = {
        "piperacillin_tazobactam": [2250.0, 4500.0],
        "meropenem": [400.0, 1000.0],
        "ganciclovir": [100.0, 400.0],
        "caspofungin": [round(50 * 0.790569), 50.0],
    }
    for drug, expected in by_hand.items():
        assert ANTIMICROBIAL_DOSINGS[drug].doses(weight, height).tolist() == expected
    assert G_CSF.doses(weight, height).tolist() == [0.1, 0.4]
    records = observed(centre("university"))
    persons = history("tisagenlecleucel").people.persons
    given = records[records["key"] == "filgrastim"]
    assert len(given) > 20
    weights = persons["weight"][given["patient"]]
    np.testing.assert_allclose(given["numeric_value"], 0.005 * weights, atol=0.0051)
    children = persons["age"][records["patient"]] < 10
    meropenem = records["key"].isin(["meropenem", "piperacillin_tazobactam"])
    assert (records.loc[meropenem & children, "numeric_value"] < 4500.0).all()


def test_lymphodepletion_is_given_on_three_days_before_cells() -> None:
    records = observed(centre("university"))
    cells = records[records["key"] == "tisagenlecleucel"].set_index("patient")["time"]
    persons = history("tisagenlecleucel").people.persons
    for drug, per_m2 in (("fludarabine", 25.0), ("cyclophosphamide", 250.0)):
        given = records[(records["key"] == drug) & records["patient"].isin(cells.index)]
        infused = given["patient"].map(cells).dt.floor("D")
        assert set((infused - given["time"].dt.floor("D")).dt.days) == {3, 4, 5}
        assert (given.groupby("patient").size() == 3).all()
        body = persons[given["patient"]]
        surface = body_surface(body["weight"], body["height"])
        np.testing.assert_allclose(given["numeric_value"] / surface, per_m2, rtol=0.06)
    engager = observed(centre("university"), "glofitamab")
    assert not {"fludarabine", "cyclophosphamide"} & set(engager["key"])


def test_obinutuzumab_comes_a_week_before_the_first_glofitamab() -> None:
    records = observed(centre("university"), "glofitamab", "teclistamab")
    first = records[records["key"] == "glofitamab"].groupby("patient")["time"].min()
    before = records[records["key"] == "obinutuzumab"].set_index("patient")
    assert set(first.index) <= set(before.index)
    assert set(before.index).isdisjoint(records.loc[records["key"] == "teclistamab", "patient"])
    assert (before["numeric_value"] == 1000.0).all()
    days = (first.dt.floor("D") - before.loc[first.index, "time"].dt.floor("D")).dt.days
    assert days.min() == 7
    assert (days == 7).mean() > 0.8  # others had the first dose put off


def checks(habit: HomeHabit, chances: np.ndarray, feverish: list[int]) -> list[int]:
    """Hours on record of one patient's checks at 8 and 20 h of three days."""
    hour = np.array([0, 12, 24, 36, 48, 60])
    fever = np.isin(hour, feverish)
    return kept_checks(habit, hour, np.zeros(6, dtype=int), fever, chances).hour.tolist()


def test_a_silent_day_is_whole_and_never_one_with_fever() -> None:
    always, by_day = HomeHabit(silent_days=1.0), HomeHabit(silent_days=0.5)
    chances = np.full((4, 6), 0.9)
    assert checks(always, chances, []) == []
    assert checks(always, chances, [36]) == [24, 36]
    chances[0] = [0.1, 0.1, 0.9, 0.9, 0.1, 0.1]
    assert checks(by_day, chances, []) == [24, 36]


def test_forgotten_and_late_are_no_checks_with_fever() -> None:
    hour, fever = np.array([0, 24]), np.array([False, True])
    habit = HomeHabit(forgotten=1.0, late=1.0, latest_h=10.0)
    kept = kept_checks(habit, hour, np.zeros(2, dtype=int), fever, np.full((4, 2), 0.5))
    assert kept.thermometer.tolist() == [False, True]
    assert kept.upload.tolist() == [330, 0]


def test_home_has_days_without_anything_and_uploads_that_come_late() -> None:
    usual = centre("home_based")
    tidy = dataclasses.replace(usual, home=HomeHabit())
    untidy = dataclasses.replace(
        usual, home=HomeHabit(silent_days=0.3, forgotten=0.2, late=0.5, latest_h=12.0)
    )
    whole, rest = (observed(place, "epcoritamab") for place in (tidy, untidy))

    def of_home(rows: pd.DataFrame, key: str) -> pd.DataFrame:
        at_bedside = rows.loc[rows["key"] == "respiratory_rate", ["patient", "time"]]
        beside = pd.MultiIndex.from_frame(at_bedside)
        mine = rows[rows["key"] == key]
        return mine[~pd.MultiIndex.from_frame(mine[["patient", "time"]]).isin(beside)]

    saturation = [len(of_home(rows, "spo2")) for rows in (whole, rest)]
    assert 0.65 < saturation[1] / saturation[0] < 0.8
    temperature = [len(of_home(rows, "temperature")) for rows in (whole, rest)]
    assert 0.75 < (temperature[1] / temperature[0]) / (saturation[1] / saturation[0]) < 0.9
    late = of_home(rest, "spo2")
    waited = (late["result_time"] - late["time"]).dropna()
    assert 0.4 < len(waited) / len(late) < 0.6
    assert waited.min() >= pd.Timedelta(minutes=30)
    assert waited.max() <= pd.Timedelta(hours=12.5)
    assert of_home(whole, "spo2")["result_time"].isna().all()
    prick = rest[(rest["key"] == "crp") & rest["text_value"].isin(["<5", ">200"])]
    assert len(prick) > 50
    assert prick["numeric_value"].isna().all()


def test_a_site_of_low_income_writes_down_the_oxygen_that_it_has() -> None:
    assert WARD_OXYGEN == OXYGEN_DEVICES
    assert len(MASKS_ONLY) == len(OXYGEN_DEVICES)
    records = simulate(
        120, seed=5, days=14, products=("axicabtagene_ciloleucel",), centre="low_income"
    ).records
    key = records["code"].astype(str).map(key_of)
    devices = set(records.loc[key == "oxygen_device", "text_value"].astype(str))
    assert devices == {"room_air", "nasal_cannula", "face_mask"}
    flow = records[key == "oxygen_flow"]
    assert flow["numeric_value"].max() <= 15.0
    assert "spo2" not in set(key)


def grown(kind: str | None, chances: list[float], **of: bool) -> str:
    drawn = Cultures(
        kind=np.array([KIND[kind] if kind else 0]),
        burden=np.array([0.5]),
        treated=np.array([of.get("treated", False)]),
        line=np.array([of.get("line", False)]),
    )
    return str(reports(drawn, np.array(chances)[:, None])[0][0])


def test_a_culture_grows_what_ails_or_what_was_on_the_skin() -> None:
    assert grown("bloodstream", [0.7, 0.5, 0.1, 0.5]) == "Escherichia coli in 2 of 2 bottles"
    assert grown("bloodstream", [0.7, 0.5, 0.1, 0.5], treated=True) == NO_GROWTH
    assert grown("bloodstream", [0.7, 0.5, 0.0, 0.5], line=True).startswith(COMMENSAL)
    assert grown("fungal", [0.01, 0.5, 0.1, 0.5]) == "Candida albicans in 2 of 2 bottles"
    assert grown("viral", [0.0, 0.5, 0.1, 0.5]) == NO_GROWTH
    for kind in ("viral", None):
        assert grown(kind, [0.0, 0.019, 0.1, 0.5]) == f"{COMMENSAL} in 1 of 2 bottles"


def test_the_reader_tells_a_contaminant_from_a_pathogen() -> None:
    texts = [
        grown("bloodstream", [0.1, 0.5, 0.6, 0.5]),
        grown(None, [0.1, 0.01, 0.6, 0.5]),
        grown(None, [0.1, 0.5, 0.6, 0.5]),
    ]
    table = pd.DataFrame(
        {
            "patient_id": list("abc"),
            "time": pd.to_datetime(["2026-01-01T06:00Z"] * 3),
            "code": "LOINC//600-7",
            "numeric_value": np.nan,
            "text_value": texts,
        }
    )
    events = harmonise(table).events
    found = set(zip(events["patient_id"].astype(str), events["key"].astype(str), strict=True))
    grew = events[events["key"] == "blood_culture"].set_index("patient_id")["value"]
    assert ("b", "skin_commensal") in found
    assert ("a", "skin_commensal") not in found
    assert (grew["a"], grew["c"]) == (1.0, 0.0)
