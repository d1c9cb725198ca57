"""The PrCRS reader on small drawn files, and on the real one where it is present."""

from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest

from features.harmonise import harmonise
from features.readers import read
from features.tables import ORIGIN, InvalidInputError, InvalidTableError

HEADER = (
    "patient",
    "Relative date",
    "CRS",
    "sex",
    "age",
    "C-reactive protein",
    "sodium",
    "D-dimer",
)
DETECTION_LIMIT = 0.25
FILLED = {0: 0.43, 1: 0.79}


def ward(patients: int = 24, days: int = 8) -> pd.DataFrame:
    """A drawn file: D-dimer filled by grade as its authors did; CRP with a detection limit."""
    random = np.random.default_rng(3)
    lines = []
    for patient in range(1, patients + 1):
        for day in range(days):
            grade = int(random.random() < 0.35)
            measured = round(float(random.lognormal(-0.8 + 0.6 * grade, 0.6)), 3)
            dimer = FILLED[grade] if random.random() < 0.45 else measured
            crp = round(float(random.lognormal(2.0 + grade, 0.9)), 2)
            low = random.random() < 0.2
            sodium = round(float(random.normal(139, 3)), 1)
            lines.append(
                (str(patient), day, grade, "male" if patient % 2 else "female", 30 + patient,
                 DETECTION_LIMIT if low else crp, sodium, dimer)
            )  # fmt: skip
    return pd.DataFrame(lines, columns=list(HEADER))


def write(folder: Path, table: pd.DataFrame) -> Path:
    path = folder / "labs.csv"
    table.to_csv(path, index=False)
    return path


def values(reading, code):
    mine = reading.records["code"] == code
    return reading.records.loc[mine, "numeric_value"]


def test_constants_filled_in_by_grade_are_set_aside_and_nothing_else(tmp_path):
    table = ward()
    reading = read(write(tmp_path, table), "prcrs")
    filled = table["D-dimer"].isin(FILLED.values())
    assert reading.rejects["reason"].unique().tolist() == ["filled_constant"]
    assert set(reading.rejects["code"]) == {"d_dimer"}
    assert len(reading.rejects) == filled.sum() > 60
    assert sorted(values(reading, "d_dimer")) == sorted(table.loc[~filled, "D-dimer"])


def test_a_constant_found_on_one_grade_goes_whatever_the_grade_of_its_row(tmp_path):
    table = ward()
    other = table.index[(table["CRS"] == 1) & (table["D-dimer"] != FILLED[1])][0]
    table.loc[other, "D-dimer"] = FILLED[0]
    reading = read(write(tmp_path, table), "prcrs")
    place = f"labs.csv:{other + 2}"
    assert place in set(reading.rejects["source"])


def test_a_repeated_detection_limit_stays(tmp_path):
    table = ward()
    limits = (table["C-reactive protein"] == DETECTION_LIMIT).sum()
    assert limits > 20
    assert (values(read(write(tmp_path, table), "prcrs"), "crp") == DETECTION_LIMIT).sum() == limits


@pytest.mark.parametrize("step", [0.5, 1.0, 2.0])
def test_values_that_coarse_rounding_repeats_stay(step, tmp_path):
    table = ward(40, 12)
    table["sodium"] = (table["sodium"] / step).round() * step
    assert table["sodium"].value_counts().max() > 20
    reading = read(write(tmp_path, table), "prcrs")
    assert set(reading.rejects["code"]) == {"d_dimer"}


def test_a_value_that_lost_its_zero_is_refused_as_implausible(tmp_path):
    table = ward()
    table.loc[3, "sodium"] = 14.0
    harmonised = harmonise(read(write(tmp_path, table), "prcrs").records)
    found = harmonised.rejects[["code", "reason", "source"]].values.tolist()
    assert found == [["sodium", "implausible", "labs.csv:5"]]


def test_day_d_is_known_at_its_end_and_the_infusion_opens_the_course(tmp_path):
    table = ward(1, 2).assign(**{"Relative date": [0, 4]})
    events = harmonise(read(write(tmp_path, table), "prcrs").records).events
    hours = (events["time"] - ORIGIN) / pd.Timedelta(hours=1)
    assert hours[events["key"] == "sodium"].tolist() == [24.0, 120.0]
    assert hours[events["key"] == "crs_grade"].tolist() == [24.0, 120.0]
    assert hours[events["key"] == "therapy"].tolist() == [0.0]


def test_without_a_patient_column_a_falling_day_starts_the_next_patient(tmp_path):
    table = ward(3, 3)
    bare = read(write(tmp_path, table.drop(columns="patient")), "prcrs").records
    named = read(write(tmp_path, table), "prcrs").records
    pd.testing.assert_frame_equal(bare, named)


def test_the_workbook_with_two_header_lines_gives_the_records_of_the_csv(tmp_path):
    table = ward(6, 5)
    book = openpyxl.Workbook()
    sheet = book.active
    columns = list(HEADER[1:])
    sheet.append(["patient data", *([None] * 3), *(["laboratory"] * 3)])
    sheet.append(columns)
    for line in table[columns].astype(object).values.tolist():
        sheet.append(line)
    book.save(tmp_path / "published.xlsx")
    from_book = read(tmp_path / "published.xlsx", "prcrs")
    from_csv = read(write(tmp_path, table), "prcrs")
    pd.testing.assert_frame_equal(
        from_book.records.drop(columns="source"), from_csv.records.drop(columns="source")
    )
    assert from_book.records["source"].iloc[0] == "published.xlsx:3"
    assert from_book.notes == from_csv.notes


def test_patients_to_predict_need_no_grades(tmp_path):
    reading = read(write(tmp_path, ward(2).drop(columns="CRS")), "prcrs")
    assert "crs_grade" not in set(reading.records["code"])
    assert reading.rejects.empty
    assert any("no CRS grade" in note for note in reading.notes)


def test_texts_in_the_place_of_numbers_are_counted(tmp_path):
    table = ward(2).astype(object)
    table.loc[1, "sodium"] = "haemolysed"
    table.loc[2, "CRS"] = "severe"
    rejects = read(write(tmp_path, table), "prcrs").rejects
    assert sorted(rejects[["code", "text_value", "reason", "source"]].values.tolist()) == [
        ["crs_grade", "severe", "not_a_number", "labs.csv:4"],
        ["sodium", "haemolysed", "not_a_number", "labs.csv:3"],
    ]


def test_an_error_cell_of_a_workbook_is_counted_not_taken_for_empty(tmp_path):
    book = openpyxl.Workbook()
    columns = list(HEADER[1:])
    book.active.append(columns)
    for line in ward(1, 2)[columns].astype(object).values.tolist():
        book.active.append(line)
    book.active.cell(2, columns.index("sodium") + 1).value = "#DIV/0!"
    book.save(tmp_path / "labs.xlsx")
    rejects = read(tmp_path / "labs.xlsx", "prcrs").rejects
    assert rejects[["code", "text_value", "reason", "source"]].values.tolist() == [
        ["sodium", "#DIV/0!", "not_a_number", "labs.xlsx:2"]
    ]


def test_an_empty_cell_is_a_value_that_was_not_taken(tmp_path):
    table = ward(2).astype(object)
    table.loc[1, "sodium"] = ""
    reading = read(write(tmp_path, table), "prcrs")
    assert len(values(reading, "sodium")) == len(table) - 1
    assert reading.rejects.empty


def test_column_names_are_known_whatever_their_case_and_blanks(tmp_path):
    table = ward(2)
    shouted = table.rename(columns={"C-reactive protein": "c reactive PROTEIN", "age": " Age"})
    left, right = (read(write(tmp_path, t), "prcrs").records for t in (shouted, table))
    pd.testing.assert_frame_equal(left, right)


@pytest.mark.parametrize("column", ["Relative date", "sex", "age"])
def test_a_missing_column_is_named(column, tmp_path):
    with pytest.raises(InvalidTableError, match=column):
        read(write(tmp_path, ward(2).drop(columns=column)), "prcrs")


@pytest.mark.parametrize("day", ["1.5", "-1", "first", ""])
def test_a_day_that_is_none_is_refused_with_its_line(day, tmp_path):
    table = ward(2).astype({"Relative date": object})
    table.loc[2, "Relative date"] = day
    with pytest.raises(InvalidTableError, match=r"labs\.csv:4"):
        read(write(tmp_path, table), "prcrs")


@pytest.mark.parametrize("age", ["inf", "1e12", "-5", "121"])
def test_an_impossible_age_is_counted_and_gives_no_birth(age, tmp_path):
    table = ward(2).astype({"age": object})
    table.loc[table["patient"] == "2", "age"] = age
    harmonised = harmonise(read(write(tmp_path, table), "prcrs").records)
    assert harmonised.rejects[["patient_id", "code", "reason"]].values.tolist() == [
        ["2", "age", "implausible"]
    ]
    born = harmonised.events.loc[harmonised.events["key"] == "birth", "patient_id"]
    assert born.astype("str").tolist() == ["1"]


def test_without_patients_rows_in_order_are_told_apart_by_day_0(tmp_path):
    table = ward(3)
    reading = read(write(tmp_path, table.drop(columns="patient")), "prcrs")
    named = read(write(tmp_path, table), "prcrs")
    pd.testing.assert_frame_equal(reading.records, named.records)


def test_without_patients_rows_in_another_order_are_refused(tmp_path):
    unnamed = ward(3).drop(columns="patient")
    by_day = unnamed.sort_values("Relative date", kind="stable")
    shuffled = unnamed.sample(frac=1, random_state=3)
    late = unnamed[unnamed.index != 8]  # the second patient starts on day 1
    for table, place in ((by_day, 6), (shuffled, 2), (late, 10)):
        with pytest.raises(InvalidTableError, match=rf"labs\.csv:{place}: .*'patient'"):
            read(write(tmp_path, table), "prcrs")


def test_semicolons_and_decimal_commas_are_read(tmp_path):
    table = ward(2).round(2)  # "1,234" might be a thousand
    plain = read(write(tmp_path, table), "prcrs")
    table.to_csv(tmp_path / "labs.csv", index=False, sep=";", decimal=",")
    pd.testing.assert_frame_equal(read(tmp_path / "labs.csv", "prcrs").records, plain.records)


BROKEN = {
    "empty": "",
    "header alone": ",".join(HEADER) + "\n",
    "no laboratory column": "Relative date,sex,age\n0,male,50\n",
    "one cell too many": ",".join(HEADER) + "\n1,0,0,male,50,12,140,0.5,9\n",
    "a comma at each end": ",".join(HEADER) + "\n1,0,0,male,50,12,140,0.5,\n",
    "a column twice": "patient,Relative date,sex,age,IL6,IL-6\n1,0,male,50,1,2\n",
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_is_refused(case, tmp_path):
    path = tmp_path / "labs.csv"
    path.write_text(BROKEN[case])
    with pytest.raises(InvalidInputError, match="labs"):
        read(path, "prcrs")


def test_what_is_no_workbook_is_refused(tmp_path):
    path = tmp_path / "labs.xlsx"
    path.write_bytes(b"not a workbook")
    with pytest.raises(InvalidInputError, match="workbook"):
        read(path, "prcrs")
    openpyxl.Workbook().save(path)
    with pytest.raises(InvalidInputError, match="Relative date"):
        read(path, "prcrs")


def test_an_unknown_format_and_a_missing_path_are_named(tmp_path):
    with pytest.raises(InvalidInputError, match="prcrs"):
        read(tmp_path, "spreadsheet")
    with pytest.raises(InvalidInputError, match="no such file"):
        read(tmp_path / "nowhere.csv", "prcrs")


@pytest.fixture(scope="module")
def real(shared_data):
    return read(shared_data / "car_t_b_all/daily_labs.csv", "prcrs")


def test_the_real_patients_are_those_of_the_publication(real):
    records = real.records
    grades = records[records["code"] == "crs_grade"]
    worst = grades.groupby("patient_id")["numeric_value"].max()
    assert records["patient_id"].nunique() == 135
    assert (worst >= 3).sum() == 30
    assert records["time"].max() == ORIGIN + pd.Timedelta(days=18)


def test_no_known_constant_of_the_real_file_is_left(real, shared_data):
    published = pd.read_csv(shared_data / "car_t_b_all/daily_labs.csv")
    known = {0.43, 0.79, 2.89, 4.29}
    assert published["D-dimer"].isin(known).sum() > 400
    left = real.records.loc[real.records["code"] == "d_dimer", "numeric_value"]
    assert not left.isin(known).any()
    filled = real.rejects[real.rejects["reason"] == "filled_constant"]
    assert (filled["code"] == "d_dimer").sum() >= published["D-dimer"].isin(known).sum()


@pytest.mark.parametrize(
    ("code", "column", "share"),
    [
        ("crp", "C-reactive protein", 0.23),
        ("ferritin", "ferritin", 0.59),
        ("il6", "IL6", 0.36),
        ("procalcitonin", "Procalcitonin", 0.55),
    ],
)
def test_the_share_of_filled_values_is_that_of_the_description(
    code, column, share, real, shared_data
):
    published = pd.read_csv(shared_data / "car_t_b_all/daily_labs.csv")[column].notna().sum()
    filled = (real.rejects["code"] == code) & (real.rejects["reason"] == "filled_constant")
    assert filled.sum() / published == pytest.approx(share, abs=0.08)


@pytest.mark.parametrize("graded", [True, False])
def test_with_known_constants_neither_later_days_nor_other_patients_matter(tmp_path, graded):
    table = ward()
    whole = read(write(tmp_path, table), "prcrs")
    start = table[(table["patient"] == "3") & (table["Relative date"] <= 4)]
    alone = read(
        write(tmp_path, start if graded else start.drop(columns="CRS")), "prcrs", whole.filled
    )
    mine = whole.records[
        (whole.records["patient_id"] == "3")
        & (whole.records["time"] <= ORIGIN + pd.Timedelta(days=5))
    ]
    for code in ("d_dimer", "crp", "sodium"):
        expected = mine.loc[mine["code"] == code, "numeric_value"].tolist()
        assert values(alone, code).tolist() == expected
    assert (alone.rejects["code"] == "d_dimer").all()
    assert whole.filled == {"d_dimer": (0.43, 0.79)} == alone.filled


def test_a_model_that_knows_no_constants_sets_none_aside_whatever_the_file_holds(tmp_path):
    table = ward()
    whole = read(write(tmp_path, table), "prcrs", {})
    start = table[(table["patient"] == "3") & (table["Relative date"] <= 4)]
    alone = read(write(tmp_path, start), "prcrs", {})
    mine = whole.records[
        (whole.records["patient_id"] == "3")
        & (whole.records["time"] <= ORIGIN + pd.Timedelta(days=5))
    ]
    expected = mine.loc[mine["code"] == "d_dimer", "numeric_value"].tolist()
    assert values(alone, "d_dimer").tolist() == expected == start["D-dimer"].tolist()
    assert len(whole.rejects) == 0
    assert whole.filled == {}
    assert "NOT SET ASIDE" in whole.notes[-1]


def test_a_formula_that_nobody_calculated_is_counted(tmp_path):
    table = ward(patients=2, days=2)
    book = openpyxl.Workbook()
    for row in (table.columns, *table.itertuples(index=False)):
        book.active.append(list(row))
    book.active.cell(2, list(table.columns).index("sodium") + 1).value = "=139+1"
    book.save(tmp_path / "labs.xlsx")  # as written by a program: without the formula's value
    (found,) = read(tmp_path / "labs.xlsx", "prcrs", {}).rejects.itertuples()
    assert (found.code, found.text_value, found.reason) == ("sodium", "=139+1", "not_a_number")
