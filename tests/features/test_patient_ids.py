"""Patient ids: two spellings of one letter are one patient, and ids that look alike are told."""

import unicodedata

import pandas as pd
import pytest

from features.harmonise import harmonise
from features.patient_ids import look_alike_notes
from features.readers import read
from features.tables import InvalidInputError
from training.dataset import read_moments
from training.weights import read_weights

COMPOSED = "M\u00fc\u1e69-1"  # an s with a dot above and one below
SPELLINGS = (COMPOSED, unicodedata.normalize("NFD", COMPOSED), "Mu\u0308\u1e61\u0323-1")
DAY_LINES = "{0},{1},0,male,50,12,140,0.5\n"
DAYS = "patient,Relative date,CRS,sex,age,C-reactive protein,sodium,D-dimer\n"


def table_of(ids: list[str]) -> str:
    lines = [f"{one},2026-03-0{day}T06:00Z,crp,{day},mg/L\n" for day, one in enumerate(ids, 1)]
    return "patient_id,time,code,value,unit\n" + "".join(lines)


def days_of(ids: list[str]) -> str:
    return DAYS + "".join(DAY_LINES.format(one, day) for day, one in enumerate(ids))


@pytest.mark.parametrize(("file_format", "drawn"), [("table", table_of), ("prcrs", days_of)])
def test_spellings_of_one_letter_are_one_patient(tmp_path, file_format, drawn) -> None:
    (tmp_path / "mixed.csv").write_text(drawn([*SPELLINGS, f" {SPELLINGS[1]} "]), "utf-8")
    reading = read(tmp_path / "mixed.csv", file_format)
    assert reading.records["patient_id"].unique().tolist() == [COMPOSED]
    assert not any("PATIENT IDS" in note for note in reading.notes)
    crp = harmonise(reading.records).events.query("key == 'crp'")
    assert crp["patient_id"].astype("str").tolist() == [COMPOSED] * 4


def test_rejects_bear_the_same_spelling(tmp_path) -> None:
    (tmp_path / "ward.csv").write_text(table_of(list(SPELLINGS)).replace("-02T", "-72T"), "utf-8")
    assert read(tmp_path / "ward.csv", "table").rejects["patient_id"].tolist() == [COMPOSED]


def test_records_that_met_no_reader_are_one_patient_too() -> None:
    records = pd.DataFrame(
        {
            "patient_id": SPELLINGS,
            "time": pd.to_datetime([f"2026-03-0{day}T06:00Z" for day in (1, 2, 3)]),
            "code": "crp",
            "numeric_value": [1.0, 2.0, 3.0],
            "unit": "mg/L",
        }
    )
    assert harmonise(records).events["patient_id"].astype("str").tolist() == [COMPOSED] * 3


def test_stays_whose_names_differ_in_spelling_alone_are_refused(tmp_path) -> None:
    for one in SPELLINGS[:2]:
        (tmp_path / f"{one}.psv").write_text("HR|ICULOS\n80|1\n")
    with pytest.raises(InvalidInputError, match="holds 2 files named"):
        read(tmp_path, "physionet2019")


def test_as_of_times_and_weights_meet_the_records_patient(tmp_path) -> None:
    spelt = SPELLINGS[1]
    (tmp_path / "times.csv").write_text(f"patient_id,as_of\n{spelt},2026-03-01T06:00Z\n", "utf-8")
    (tmp_path / "weights.csv").write_text(f"patient_id,weight\n{spelt},2\n", "utf-8")
    assert read_moments(tmp_path / "times.csv")["patient_id"].tolist() == [COMPOSED]
    assert read_weights(tmp_path / "weights.csv").to_dict() == {COMPOSED: 2.0}


@pytest.mark.parametrize(
    ("ids", "pairs"),
    [
        (["17", "18", "10", "1"], 0),
        (["1.5", "15", "1.05", "1.50"], 0),
        (["0", "10", "100", "1.10"], 0),
        (["a-1", "a-01", "a1"], 0),
        (["17", "17.0"], 1),
        (["17", "17.00", "017", "0017.0"], 6),
        (["Ward 7", "ward7", "b"], 1),
        (["0", "00", "p", "P", "007", "7"], 3),
    ],
)
def test_ids_that_look_alike_are_counted_in_pairs(ids: list[str], pairs: int) -> None:
    told = look_alike_notes(ids)
    assert len(told) == (pairs > 0)
    assert all(note.startswith(f"{pairs} PAIR{'S' * (pairs > 1)} OF PATIENT IDS") for note in told)


def test_look_alikes_stay_different_patients_and_the_note_names_none(tmp_path) -> None:
    (tmp_path / "ward.csv").write_text(table_of(["Smith17", "SMITH17", "smith 17"]))
    reading = read(tmp_path / "ward.csv", "table")
    assert harmonise(reading.records).events["patient_id"].nunique() == 3
    assert reading.notes[-1].startswith("3 PAIRS OF PATIENT IDS")
    assert "smith" not in " ".join(reading.notes).lower()
