"""Ingesting tells what it set aside, writes it for people too, and mixes no two results."""

from pathlib import Path

import pandas as pd
import pytest

from training.__main__ import main

HOSPITAL = """patient_id,time,code,numeric_value,text_value,unit
p1,2026-03-01T06:00Z,LOINC//1988-5,5.8,,mg/dL
p1,2026-03-02T06:00Z,LOINC//1988-5,5.8,,furlong
p1,2026-03-03T06:00Z,crp,5.8,,furlong
p1,2026-03-03T06:00Z,ferritin,500,,furlong
p1,2026-03-03T06:00Z,my_lab,1,,
p2,2026-03-01T06:00Z,blood_culture,,not done,
"""


@pytest.fixture
def hospital(tmp_path: Path) -> list[str]:
    """The flags that ingest a hospital's file into a new folder."""
    (tmp_path / "hospital.csv").write_text(HOSPITAL)
    return ["ingest", "--records", str(tmp_path / "hospital.csv"), "--format", "table",
            "--out", str(tmp_path / "out")]  # fmt: skip


def test_every_reason_is_told_with_what_it_hits_most(hospital, capsys) -> None:
    assert main(hospital) == 0
    told = capsys.readouterr().out.splitlines()
    unit, code, culture = told[:3]
    assert unit == (
        "set aside: 3 unknown_unit, most in crp (2), such as hospital.csv:3: "
        "crp: no conversion from furlong to mg/L"
    )
    assert code == (
        "set aside: 1 unknown_code, most in my_lab (1), such as hospital.csv:6: "
        "the catalogue does not know this code"
    )
    assert culture == (
        "set aside: 1 no_value, most in blood_culture (1), such as hospital.csv:7: "
        "blood_culture: no result yet, or never one"
    )
    assert told[3] == (
        "outcomes: infections: 0 documented, 0 microbiological, 0 clinical, 0 suspected"
    )
    assert told[4].startswith("1 event, 5 rejects -> ")


def test_rejects_are_written_for_programs_and_for_people(hospital, tmp_path: Path) -> None:
    assert main(hospital) == 0
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"events.parquet", "rejects.parquet", "rejects.csv", "quality.json"}
    plain = pd.read_csv(tmp_path / "out" / "rejects.csv")
    assert plain["source"].tolist() == [f"hospital.csv:{line}" for line in (3, 6, 4, 5, 7)]
    packed = pd.read_parquet(tmp_path / "out" / "rejects.parquet")
    assert plain["reason"].tolist() == packed["reason"].tolist()


def test_nothing_is_written_over_another_result(hospital, tmp_path: Path, capsys) -> None:
    assert main(hospital) == 0
    before = (tmp_path / "out" / "quality.json").read_bytes()
    capsys.readouterr()
    assert main(hospital) == 2
    assert capsys.readouterr().err == f"error: {tmp_path / 'out'}: not empty; name a new folder\n"
    assert (tmp_path / "out" / "quality.json").read_bytes() == before
