"""The table reader: what it accepts, and one clear message for each way a file can be wrong."""

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pandas.testing import assert_frame_equal

from features.harmonise import harmonise
from features.readers.table import read
from features.tables import (
    RECORD_COLUMNS,
    REJECT_COLUMNS,
    TIME_TYPE,
    InvalidInputError,
    InvalidTableError,
)

HEADER = "patient_id,time,code,numeric_value,text_value,unit,result_time,source"
GOOD = f"""{HEADER}
p1,2026-03-01T06:00:00+01:00,LOINC//1988-5,5.8,,mg/dL,2026-03-01T08:00:00+01:00,
p1,,sex,,male,,,
p2,2026-03-01T05:00:00Z,LOINC//777-3,95,,K/uL,,ward list row 7
"""


@pytest.fixture
def csv(tmp_path: Path) -> Callable[[str], Path]:
    def written(text: str, name: str = "records.csv") -> Path:
        file = tmp_path / name
        file.write_text(text, encoding="utf-8")
        return file

    return written


def test_a_csv_file_becomes_records(csv) -> None:
    reading = read(csv(GOOD))
    records = reading.records
    assert tuple(records.columns) == RECORD_COLUMNS
    assert records["patient_id"].tolist() == ["p1", "p1", "p2"]
    assert str(records["time"].dtype) == str(records["result_time"].dtype) == TIME_TYPE
    five, seven = pd.Timestamp("2026-03-01T05:00Z"), pd.Timestamp("2026-03-01T07:00Z")
    assert records["time"].tolist() == [five, pd.NaT, five]
    assert records["result_time"].tolist() == [seven, pd.NaT, pd.NaT]
    np.testing.assert_array_equal(records["numeric_value"], [5.8, np.nan, 95.0])
    assert records["text_value"].tolist()[1] == "male"
    assert records["text_value"].isna().tolist() == [True, False, True]
    assert records["source"].tolist() == ["records.csv:2", "records.csv:3", "ward list row 7"]
    assert len(reading.rejects) == 0
    assert tuple(reading.rejects.columns) == REJECT_COLUMNS
    assert harmonise(records).events["value"].tolist() == [58.0, 1.0, 95.0]


def test_parquet_gzip_and_folder_read_like_csv(csv, tmp_path: Path) -> None:
    plain = read(csv(GOOD)).records
    zipped = tmp_path / "zipped" / "records.csv.gz"
    zipped.parent.mkdir()
    zipped.write_bytes(gzip.compress(GOOD.encode()))
    assert_frame_equal(read(zipped).records.drop(columns="source"), plain.drop(columns="source"))
    parquet = tmp_path / "parquet" / "records.parquet"
    parquet.parent.mkdir()
    plain.to_parquet(parquet)
    assert_frame_equal(read(parquet).records, plain)
    folder = tmp_path / "folder"
    folder.mkdir()
    plain.iloc[:1].to_parquet(folder / "1.parquet")
    (folder / "2.csv").write_text("\n".join([HEADER, *GOOD.splitlines()[2:]]) + "\n")
    (folder / "notes.txt").write_text("not a table")
    both = read(folder)
    assert_frame_equal(both.records.drop(columns="source"), plain.drop(columns="source"))
    assert both.records["source"].tolist()[1] == "2.csv:2"
    assert both.notes[0] == "2 files, 3 records"


def test_other_names_and_other_writings_are_understood(csv) -> None:
    text = (
        "\ufeffsubject_id;time;code;value;unit;ward\n"
        "7;2026-03-01 06:00:00.123456789+0100;crp;<5;mg/L;B2\n"
        "7;2026-03-01T06:00Z;blood_pressure;120/80;mmHg;B2\n"
        "7;2026-03-01T07:00-05;crp;12,5;mg/L;B2\n"
        "7;1961-04-05;birth;;;B2\n"
    )
    reading = read(csv(text))
    assert reading.records["patient_id"].tolist() == ["7"] * 4
    assert reading.records["text_value"].tolist()[:2] == ["<5", "120/80"]
    assert reading.records["numeric_value"].tolist()[2] == 12.5
    assert reading.records["time"].tolist() == [
        pd.Timestamp("2026-03-01T05:00:00.123456Z"),
        pd.Timestamp("2026-03-01T06:00Z"),
        pd.Timestamp("2026-03-01T12:00Z"),
        pd.Timestamp("1961-04-05T00:00Z"),
    ]
    assert reading.notes[1] == "records.csv: column not read: ward"
    events = harmonise(reading.records).events
    assert events.loc[events["key"] == "crp", "value"].tolist() == [2.5, 12.5]


def test_whole_numbers_for_patients_and_dates_for_births_come_from_parquet(tmp_path: Path) -> None:
    file = tmp_path / "meds.parquet"
    pd.DataFrame(
        {
            "subject_id": [10, 9],
            "time": pd.to_datetime(["2026-03-01T06:00Z", None], utc=True),
            "code": ["crp", "weight"],
            "numeric_value": np.array([3, 80], dtype="float32"),
        }
    ).to_parquet(file)
    records = read(file).records
    assert records["patient_id"].tolist() == ["10", "9"]
    assert records["numeric_value"].tolist() == [3.0, 80.0]
    assert records["source"].tolist() == ["meds.parquet:1", "meds.parquet:2"]


def test_a_line_of_several_faults_is_one_reject(csv) -> None:
    text = (
        f"{HEADER}\np1,soon,crp,abc,,mg/L,later,\np1,2026-03-01T06:00Z,crp,abc,,mg/L,later,\n"
        'p1,soon,crp,"1,234",,mg/L,,\np1,2026-03-01T06:00Z,crp,5,,mg/L,,\n'
    )
    reading = read(csv(text))
    assert reading.rejects["reason"].tolist() == ["no_time"] * 3
    assert reading.records["numeric_value"].tolist() == [5.0]


def test_words_for_numbers_and_for_times_are_counted_rejects(csv) -> None:
    text = (
        f"{HEADER}\n"
        "p1,2026-03-01T06:00Z,crp,abc,,mg/L,,\n"
        "p1,yesterday,crp,5,,mg/L,,\n"
        "p1,2026-02-31T06:00Z,crp,5,,mg/L,,\n"
        "p1,2026-03-01T06:00Z,crp,5,,mg/L,soon,\n"
        "p1,2026-03-01T06:00Z,crp,6,,mg/L,,\n"
    )
    reading = read(csv(text))
    assert reading.records["numeric_value"].tolist() == [6.0]
    found = reading.rejects.sort_values("source")[["source", "reason", "detail"]]
    assert found.to_numpy().tolist() == [
        ["records.csv:2", "not_a_number", "numeric_value is not a number"],
        ["records.csv:3", "no_time", "time is not a timestamp"],
        ["records.csv:4", "no_time", "time is not a timestamp"],
        ["records.csv:5", "no_time", "result_time is not a timestamp"],
    ]
    word = reading.rejects.query("reason == 'not_a_number'")
    assert word["text_value"].tolist() == ["abc"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty"),
        ("\n", "the file is empty"),
        (f"{HEADER}\n", "no rows"),
        ("patient_id,unit\np1,mg/L\n",
         r"columns missing: time, code, numeric_value or text_value"),
        ("time,code,value\n2026-03-01T06:00Z,crp,5\n", r"column missing: patient_id"),
        ("patient_id,time,code,value,code\np,2026-03-01T06:00Z,crp,5,crp\n",
         r"column more than once: code"),
        ("patient_id,time,code,value\np,2026-03-01T06:00Z,crp,5\np,2026-03-01T06:00Z,crp,5,6\n",
         "line 3 has another number of fields"),
        ("patient_id,time,code,value\np,2026-03-01T06:00Z,crp,5\np,2026-03-01T06:00,crp,5\n",
         r"time of 1 row has no offset from UTC, first in line 3; write times like"),
        ("patient_id,time,code,value\np,2026-03-01,crp,5\n", "has no offset"),
        ("patient_id,time,code,value\np,2026-03,crp,5\n", "has no offset"),
        ("patient_id,time,code,value\np,1958-05,birth,\n", "time of 1 row.* has no offset"),
        ("patient_id,time,code,value,result_time\np,2026-03-01T06:00Z,crp,5,2026-03\n",
         "result_time of 1 row.* has no offset"),
        ("patient_id,time,code,value,result_time\np,2026-03-01T06:00Z,crp,5,2026-03-01 07:00\n",
         "result_time of 1 row"),
    ],
)  # fmt: skip
def test_a_broken_csv_file_gets_one_clear_message(csv, text: str, message: str) -> None:
    with pytest.raises(InvalidTableError, match=message) as caught:
        read(csv(text))
    assert "records.csv" in str(caught.value)


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "latin.csv"
    file.write_bytes("patient_id,time,code,value,unit\np,,weight,80,µg\n".encode("latin-1"))
    with pytest.raises(InvalidTableError, match=r"latin\.csv: line 2 is not UTF-8"):
        read(file)


def test_a_file_cut_short_is_refused(csv, tmp_path: Path) -> None:
    whole = tmp_path / "whole.parquet"
    read(csv(GOOD)).records.to_parquet(whole)
    for name, content in (("cut.parquet", whole.read_bytes()[:-40]), ("none.parquet", b"")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InvalidTableError, match=f"{name}: .*(Parquet|empty)"):
            read(tmp_path / name)
    (tmp_path / "cut.csv.gz").write_bytes(gzip.compress(GOOD.encode())[:-20])
    with pytest.raises(InvalidTableError, match=r"cut\.csv\.gz: not a readable CSV file"):
        read(tmp_path / "cut.csv.gz")


@pytest.mark.parametrize(
    ("column", "content", "message"),
    [
        ("time", pd.to_datetime(["2026-03-01T06:00"]), "has no offset from UTC, first in line 1"),
        ("time", [1772345], "time holds int64, timestamps with an offset"),
        ("numeric_value", [True], "numeric_value holds true and false, numbers are needed"),
        ("numeric_value", [[1.0]], "numeric_value holds list.*numbers are needed"),
        ("code", [["crp"]], "code holds list.*texts are needed"),
    ],
)
def test_a_parquet_column_of_the_wrong_type_is_named(
    tmp_path: Path, column: str, content: object, message: str
) -> None:
    good = {
        "patient_id": ["p"],
        "time": pd.to_datetime(["2026-03-01T06:00Z"]),
        "code": ["crp"],
        "numeric_value": [1.0],
    }
    pd.DataFrame({**good, column: content}).to_parquet(tmp_path / "typed.parquet")
    with pytest.raises(InvalidTableError, match=message):
        read(tmp_path / "typed.parquet")


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view()])
def test_times_are_read_from_every_kind_of_text(tmp_path: Path, kind: pa.DataType) -> None:
    texts = {"patient_id": "p", "time": "2026-03-01T06:00Z", "code": "crp", "unit": "mg/L"}
    columns = {name: pa.array([text]).cast(kind) for name, text in texts.items()}
    pq.write_table(pa.table({**columns, "numeric_value": [1.0]}), tmp_path / "texts.parquet")
    (event,) = harmonise(read(tmp_path / "texts.parquet").records).events.itertuples()
    assert (event.key, event.time) == ("crp", pd.Timestamp("2026-03-01T06:00Z"))


@pytest.mark.parametrize("name", ["absent.csv", "records.xlsx", "empty_folder"])
def test_a_path_that_holds_no_table_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "records.xlsx").write_bytes(b"PK")
    (tmp_path / "empty_folder").mkdir()
    with pytest.raises(InvalidInputError, match=name):
        read(tmp_path / name)


@pytest.mark.parametrize(
    ("number", "unit"), [(2**62, "us"), (-(2**62), "us"), (2**53, "ms"), (2**62, "ns")]
)
def test_no_timestamp_wraps_around_into_a_possible_one(
    tmp_path: Path, number: int, unit: str
) -> None:
    content = {
        "patient_id": ["p", "p"],
        "time": pa.array([number, None], pa.timestamp(unit, "UTC")),
        "code": ["crp", "sex"],
        "numeric_value": [1.0, 1.0],
        "unit": ["mg/L", None],
    }
    pq.write_table(pa.table(content), tmp_path / "far.parquet")
    harmonised = harmonise(read(tmp_path / "far.parquet").records)
    possible = unit == "ns"  # the year 2116
    assert ("crp" in set(harmonised.events["key"])) == possible
    assert harmonised.rejects["reason"].tolist() == ([] if possible else ["implausible_time"])


def test_lines_swallowed_by_an_open_quote_are_not_lost_in_silence(csv) -> None:
    line = "p{0},2026-03-01T06:00Z,crp,5,{1},mg/L,,\n"
    text = HEADER + "\n" + line.format(1, "") + line.format(2, '"a') + line.format(3, 'b"')
    with pytest.raises(InvalidTableError, match="from line 3 on a cell holds whole lines"):
        read(csv(text))
    report = line.format(1, '"no growth,\nafter 5 days"').replace("crp,5", "blood_culture,")
    assert len(read(csv(HEADER + "\n" + report)).records) == 1


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1,5", 1.5),
        ("1.2.3", None),
        ("1e400", None),
        ("\u0663", None),
        ("True", None),
        ("0x10", None),
    ],
)
def test_a_number_in_another_writing_is_that_number_or_a_reject(
    csv, written: str, value: float | None
) -> None:
    reading = read(csv(f'{HEADER}\np1,2026-03-01T06:00Z,crp,"{written}",,mg/L,,\n'))
    found = harmonise(reading.records)
    assert found.events["value"].tolist() == ([] if value is None else [value])
    assert len(reading.rejects) + len(found.rejects) == (value is None)


def test_the_order_of_rows_changes_no_event(csv) -> None:
    lines = GOOD.splitlines()
    turned = "\n".join([lines[0], *lines[:0:-1]]) + "\n"
    one, other = read(csv(GOOD)), read(csv(turned, "turned.csv"))
    assert_frame_equal(harmonise(one.records).events, harmonise(other.records).events)


def test_no_message_repeats_a_value_of_the_file(csv) -> None:
    with pytest.raises(InvalidTableError) as caught:
        read(csv("patient_id,time,code,value\nSmith,2026-03-01T06:00,crp,77.7\nSmith,x,y,z,w\n"))
    assert "Smith" not in str(caught.value)
    assert "77.7" not in str(caught.value)


def test_a_program_s_none_is_no_word_of_a_person(csv) -> None:
    rows = [
        ("crs_grade", "None", "no_value"), ("crs_grade", "none", 0.0), ("crs_grade", "no CRS", 0.0),
        ("oxygen_device", "None", "no_value"), ("oxygen_device", "NONE", 0.0),
        ("blood_culture", "None", "no_value"),
    ]  # fmt: skip
    for code, word, meaning in rows:
        text = f"patient_id,time,code,text_value\np,2026-03-01T06:00Z,{code},{word}\n"
        found = harmonise(read(csv(text)).records)
        assert [*found.events["value"], *found.rejects["reason"]] == [meaning]


def test_an_empty_cell_as_python_writes_it_is_empty(csv) -> None:
    file = csv("patient_id,time,code,value,text_value\nNone,2026-03-01T06:00Z,crp,5,\n"
               "p,2026-03-01T06:00Z,il6,None,<5\np,None,sex,None,male\n")  # fmt: skip
    reading = read(file)
    assert len(reading.rejects) == 0
    assert reading.records["patient_id"].isna().tolist() == [True, False, False]
    assert reading.records["text_value"].tolist()[1:] == ["<5", "male"]


@pytest.mark.parametrize("typed", ["result_tme", "Result time", "numeric_valeu"])
def test_a_column_that_is_almost_one_of_ours_is_refused(tmp_path, typed):
    file = tmp_path / "records.csv"
    file.write_text(f"patient_id,time,code,text_value,{typed}\nA,2026-03-02T09:00Z,crp,5,7\n")
    with pytest.raises(InvalidTableError, match=f"column '{typed}': is '.*' meant"):
        read(file)
