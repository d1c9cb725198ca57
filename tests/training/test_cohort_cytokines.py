"""The cohort beside the series with daily cytokines: reading, sampling, aligning, and its page."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.tables import InvalidInputError
from training.cohort import held_against_cytokines as against
from training.cohort.chance import patient_keys
from training.cohort.laboratories import PLACE
from training.cohort.page import NOT_GIVEN, write_page
from training.cohort.people import make_people
from training.cohort.products import product
from training.cohort.targets import TARGETS


def series(*rows: tuple[int, int, bool, float | None, str, float, float]) -> pd.DataFrame:
    """Rows of patient, worst grade, HLH, onset, key, day, value; planned on that day."""
    names = ["patient", "worst", "hlh", "onset_day", "key", "day", "value"]
    table = pd.DataFrame(rows, columns=names).astype({"onset_day": float, "value": float})
    return table.assign(planned=table["day"].astype(float))[list(against.COLUMNS)]


def line(table: pd.DataFrame, **wanted: object) -> pd.Series:
    for name, value in wanted.items():
        table = table[table[name] == value]
    assert len(table) == 1
    return table.iloc[0]


NOBODY = series((1, 1, False, 4.0, "il6", 0, 1.0))


def test_days_count_from_infusion_and_from_each_patients_own_onset() -> None:
    table = series(
        (1, 1, False, 5.0, "il6", 5, 10.0),
        (1, 1, False, 5.0, "il6", 7, 40.0),
        (2, 2, False, 7.0, "il6", 7, 20.0),
        (3, 4, False, 7.0, "il6", 7, 900.0),
    )
    found = against.quartiles_by_day(table, NOBODY)
    infusion = line(found, key="il6", clock="infusion", worst="0-2", day=7)
    assert (infusion["real_n"], infusion["real_q2"]) == (2, 30.0)
    onset = line(found, key="il6", clock="onset", worst="0-2", day=0)
    assert (onset["real_n"], onset["real_q1"], onset["real_q2"]) == (2, 12.5, 15.0)
    assert line(found, key="il6", clock="onset", worst="0-2", day=2)["real_q2"] == 40.0
    assert line(found, key="il6", clock="onset", worst="3-4", day=0)["real_q2"] == 900.0


def test_ferritin_of_patients_with_hlh_is_left_out_and_nothing_else_of_theirs() -> None:
    table = series(
        (1, 1, True, 5.0, "ferritin", 14, 90000.0),
        (1, 1, True, 5.0, "crp", 14, 50.0),
        (2, 1, False, 5.0, "ferritin", 14, 3000.0),
    )
    found = against.quartiles_by_day(table, NOBODY)
    assert line(found, key="ferritin", worst="0-2", day=14)["real_q3"] == 3000.0
    assert line(found, key="crp", worst="0-2", day=14)["real_n"] == 1


def test_cells_count_as_a_share_of_the_median_peak_of_their_band() -> None:
    table = series(
        (1, 1, False, 5.0, "cells", 7, 10.0),
        (1, 1, False, 5.0, "cells", 14, 100.0),
        (2, 2, False, 5.0, "cells", 14, 300.0),
        (3, 1, False, 5.0, "cells", 14, 0.0),  # never rose: no part in the median peak
        (4, 3, False, 5.0, "cells", 14, 5000.0),
    )
    cells = against.comparable(table)["value"].tolist()
    assert cells == [0.05, 0.5, 1.5, 0.0, 1.0]


def test_the_day_of_the_highest_is_the_first_and_needs_enough_measurements() -> None:
    table = series(
        *((1, 1, False, 5.0, "il6", day, value) for day, value in ((5, 9), (7, 50), (9, 50))),
        *((2, 1, False, 6.0, "il6", day, 9) for day in (5, 7)),
        *((3, 1, False, 6.0, "cells", day, 0) for day in (7, 14, 21)),
        *((4, 0, False, None, "crp", day, 9) for day in (0, 7, 14)),
    )
    days = against.day_of_highest(table)
    assert days["onset_day"].to_dict() == {1: 5.0, 2: 6.0, 3: 6.0}
    assert days.loc[1, "il6"] == 7.0
    assert days.loc[[2, 3], ["il6", "cells"]].isna().all(axis=None)


def test_lags_count_from_infusion_from_onset_and_from_the_highest_il6() -> None:
    rises = {"il6": (7, 9, 11), "crp": (9, 11, 14)}
    rows = [
        (patient, 2, False, 6.0, key, day + patient, value)
        for patient in (0, 2)
        for key, days in rises.items()
        for day, value in zip(days, (10.0, 90.0, 20.0), strict=True)
    ]
    found = against.lags(series(*rows), NOBODY)
    assert line(found, figure="highest IL-6, day")["real_q2"] == 10.0
    assert line(found, figure="from onset to highest IL-6, d")["real_q2"] == 4.0
    later = line(found, figure="from highest IL-6 to highest CRP, d")
    assert (later["real_n"], later["real_q1"], later["real_q3"]) == (2, 2.0, 2.0)
    assert later["virtual_n"] == 0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The two files of the series with two invented patients: the second without CRS."""
    patients = {
        "Randomized ID": [11, 12],
        "Max Grade CRS_ASBMT": [3, 0],
        "HLH (0=No/1=Yes)": [1, 0],
        "Date CRS (days post CAR T-cell infusion)": [6, None],
    }
    for row in against.SAMPLED:
        if row.key in against.CYTOKINE_KEYS:
            continue
        for planned, window in against.WINDOWS.items():
            words = {"planned": planned, "window": window, "close_window": window.replace(" ", "")}
            patients[row.column.format(**words)] = [500, "---"]
            patients[row.day_column.format(**words)] = [planned + 0.24, planned - 0.7]
    pd.DataFrame(patients).to_csv(tmp_path / against.PATIENTS, index=False)
    pd.DataFrame(
        {
            "patient_id": [11, 11, 11],
            "cytokines": ["IL-6", "IL-8", "IFN-gamma"],
            "days": [6, 6, 7],
            "cytokine_levels": [0.1, 3.0, 3460.0],
        }
    ).to_csv(tmp_path / against.CYTOKINES, index=False)
    return tmp_path


def test_the_series_is_read_within_the_limits_of_its_assays(folder: Path) -> None:
    table = against.real(folder)
    assert set(table["patient"]) == {11}
    assert line(table, key="il6")["value"] == 0.37
    assert line(table, key="ifn_gamma")["value"] == 2860.0
    crp = table[table["key"] == "crp"]
    assert crp["day"].tolist() == crp["planned"].tolist() == [0, 7, 14, 21, 28]
    assert set(crp["value"]) == {301.0}
    assert table["hlh"].all()
    assert set(table["onset_day"]) == {6.0}


def test_what_is_wrong_with_the_series_is_said_in_one_line(folder: Path) -> None:
    path = folder / against.CYTOKINES
    good = pd.read_csv(path)
    for wrong, said in (
        (good.assign(patient_id=99), r"1 patient not in patients\.csv"),
        (good.drop(columns="days"), "the column 'days' is missing"),
        (
            good.assign(days=["6", "x", "7"]),
            "days: 1 value where a number is needed, first 'x' in line 3",
        ),
    ):
        wrong.to_csv(path, index=False)
        with pytest.raises(InvalidInputError, match=said):
            against.real(folder)
    path.unlink()
    with pytest.raises(InvalidInputError, match=r"cytokines_by_day.csv: not in the folder"):
        against.real(folder)


@pytest.fixture(scope="module")
def sampled() -> pd.DataFrame:
    return against.virtual(60, 3)


def test_virtual_patients_are_sampled_as_the_real_ones_were(sampled: pd.DataFrame) -> None:
    assert list(sampled.columns) == list(against.COLUMNS)
    for row in against.SAMPLED:
        mine = sampled[sampled["key"] == row.key]
        assert set(mine["planned"]) == {float(planned) for planned, _, _ in row.times}
        assert mine["value"].between(row.lowest, row.highest).all()
    cytokines = sampled["key"].isin(against.CYTOKINE_KEYS)
    assert sampled.loc[cytokines, "onset_day"].notna().all()
    assert (sampled["onset_day"].notna() == (sampled["worst"] >= 1)).all()
    share = len(sampled[sampled["key"] == "crp"]) / (5 * 60)
    assert share == pytest.approx(0.96, abs=0.04)


def test_il6_rises_with_the_onset_and_cells_are_none_before_infusion(sampled: pd.DataFrame) -> None:
    il6 = sampled[sampled["key"] == "il6"]
    since = il6["day"] - il6["onset_day"]
    before, after = il6["value"][since < 0], il6["value"][since.between(1, 4)]
    assert after.median() > 3.0 * before.median()
    cells = sampled[sampled["key"] == "cells"].groupby("planned")["value"].median()
    assert cells[0.0] < 0.001 < cells[14.0]


def test_a_product_that_rouses_macrophages_moves_ferritin_and_ldh_alone() -> None:
    usual = product("car_t_unspecified")
    loud = replace(usual, macrophages=2.0)
    one, two = (make_people(patient_keys(1, 0, 5), (item,)).gains for item in (usual, loud))
    ratio = dict.fromkeys(PLACE, 1.0) | {"ferritin": 2.0, "ldh": 2.0}
    assert np.allclose(two / one, [ratio[key] for key in PLACE])


def test_the_series_and_its_virtual_patients_keep_the_same_time(shared_data: Path) -> None:
    real = against.real(shared_data / "car_t_cd22")
    virtual = against.virtual(300, 7)
    assert real["patient"].nunique() == 59
    found = against.lags(real, virtual).set_index("figure")
    assert found.loc["onset of CRS, day", "real_q2"] == 8.0
    assert found.loc["highest IL-6, day", ["real_n", "real_q2"]].tolist() == [52, 10.0]
    apart = (found["virtual_q2"] - found["real_q2"]).abs()
    assert (apart <= 2.0).all()


def test_the_targets_of_the_series_are_what_its_files_say(shared_data: Path) -> None:
    table = against.comparable(against.real(shared_data / "car_t_cd22"))
    worst = table.groupby("patient")["worst"].first()
    highest = table.pivot_table(index="patient", columns="key", values="value", aggfunc="max")
    on_day = table.set_index(["key", "day"])["value"]
    days = against.day_of_highest(table)
    ferritin = highest["ferritin"].groupby(worst >= 3).median()
    counted = {
        "C01": 100.0 * (worst >= 1).mean(),
        "C02": 100.0 * (worst == 1).mean(),
        "C03": 100.0 * (worst == 2).mean(),
        "C04": 100.0 * (worst >= 3).mean(),
        "C07": days["onset_day"].median(),
        "C08": days["il6"].median(),
        "C09": days["ifn_gamma"].median(),
        "C10": ferritin[True],
        "C11": ferritin[False],
        "C12": highest["il6"].median(),
        "C13": on_day["il6", 15.0].median(),
        "C14": highest["ifn_gamma"].median(),
        "C15": highest["crp"].median(),
        "C16": on_day["ifn_gamma", 7.0].median(),
    }
    published = {row.key: row.value for row in TARGETS if row.key in counted}
    assert published == pytest.approx(counted, rel=0.01)


@pytest.fixture
def measured(tmp_path: Path) -> Path:
    """What `calibrate` writes without the series, invented and short."""
    quartile = {f"{who}_{name}": 1.0 for who in ("real", "virtual") for name in ("q1", "q2", "q3")}
    quartile |= {"real_n": 9, "virtual_n": 9}
    target = {"key": "T1", "study": "zuma_1", "figure": "CRS, %", "published": 90.0, "low": 80.0}
    target |= {"high": 95.0, "simulated": 91.0, "verdict": "inside", "status": "read"}
    tables = {
        "matches": target | {"source": "a label", "fitted": True},
        "by_grade": {"analyte": "crp", "grade": "0", **quartile},
        "by_day": {"analyte": "crp", "worst": "0-2", "day": 1, **quartile},
        "transport": {"figure": "real_rows", "value": 3.0},
        "oracle": {"who": "the oracle", "auroc": 0.9},
    }
    for name, row in tables.items():
        pd.DataFrame([row]).to_csv(tmp_path / f"{name}.csv", index=False)
    return tmp_path


def test_the_page_shows_the_series_or_says_that_it_was_not_given(
    measured: Path, sampled: pd.DataFrame, tmp_path: Path
) -> None:
    docs = tmp_path / "docs"
    write_page(measured, docs)
    assert NOT_GIVEN in (docs / "cohort.md").read_text("utf-8")
    against.quartiles_by_day(sampled, sampled).to_csv(measured / "cytokines.csv", index=False)
    against.lags(sampled, sampled).to_csv(measured / "lags.csv", index=False)
    written = {path.name for path in write_page(measured, docs)}
    assert {"cytokines.csv", "lags.csv", "cytokines.svg"} <= written
    text = (docs / "cohort.md").read_text("utf-8")
    assert "| from onset to highest IL-6, d |" in text
    assert NOT_GIVEN not in text
