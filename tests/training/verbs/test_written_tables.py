"""A table is written as the ending of its name says, or refused before any work is done."""

import csv
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from models.bundle import Bundle
from training.__main__ import main
from training.folders import write_table


@pytest.fixture(scope="module")
def records(ward_records: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ward") / "records.parquet"
    few = ward_records["patient_id"].isin(["patient-00", "patient-01"])
    ward_records[few].to_parquet(path)
    return path


def features(records: Path, out: Path) -> int:
    return main(["features", "--records", str(records), "--format", "table", "--out", str(out)])


def test_feature_rows_are_the_same_in_csv_and_parquet(records: Path, tmp_path: Path) -> None:
    assert features(records, tmp_path / "rows.parquet") == 0
    assert features(records, tmp_path / "rows.csv") == 0
    packed = pd.read_parquet(tmp_path / "rows.parquet")
    plain = pd.read_csv(tmp_path / "rows.csv", parse_dates=["as_of"])
    plain = plain.set_index(["patient_id", "as_of"])
    assert plain.index.tolist() == packed.index.tolist()
    np.testing.assert_allclose(plain.to_numpy(), packed.to_numpy(), rtol=1e-6)


def test_no_text_of_a_written_csv_is_a_formula(tmp_path: Path) -> None:
    starts = ["=1+1", "+cmd|' /C calc'!A0", "-1+1", "@SUM(A1)", "\tx", "\rx"]
    kept = ["p1", "", "-5", "+12,5", "a=b"]
    texts = [*starts, *kept]
    numbers = [-float(place) for place in range(len(texts))]
    table = pd.DataFrame({"text": texts, "name": pd.Categorical(texts), "number": numbers})
    for index, shown in ((False, table), (True, table.set_index("text"))):
        write_table(shown, tmp_path / "out.csv", index=index)
        with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
            lines = list(csv.DictReader(file))
        for column in ("text", "name"):
            expected = [f"'{text}".replace("\r", " ") for text in starts] + kept
            assert [line[column] for line in lines] == expected
        assert [float(line["number"]) for line in lines] == numbers


def predict(bundle: Bundle, records: Path, out: Path, *flags: str) -> int:
    named = ["--model", str(bundle.folder), "--records", str(records), "--format", "table"]
    return main(["predict", *named, "--out", str(out), *flags])


def test_predictions_are_the_same_in_csv_and_parquet(
    ward_bundle: Bundle, records: Path, tmp_path: Path
) -> None:
    assert predict(ward_bundle, records, tmp_path / "p.parquet") == 0
    assert predict(ward_bundle, records, tmp_path / "p.csv") == 0
    packed, plain = pd.read_parquet(tmp_path / "p.parquet"), pd.read_csv(tmp_path / "p.csv")
    assert plain.columns.tolist() == packed.columns.tolist()
    np.testing.assert_allclose(plain["risk"], packed["risk"])
    first = json.loads(plain["contributions"][0])
    assert first == pytest.approx(dict(packed["contributions"][0]))


@pytest.mark.parametrize("name", ["rows.xlsx", "rows", "rows.json", "folder.csv"])
def test_another_ending_or_a_folder_is_refused_before_the_work(
    name: str, ward_bundle: Bundle, tmp_path: Path, capsys
) -> None:
    (tmp_path / "folder.csv").mkdir()
    absent = tmp_path / "absent.csv"  # never looked for
    for status in (
        features(absent, tmp_path / name),
        predict(ward_bundle, absent, tmp_path / name),
    ):
        assert status == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 2
    assert told.count(str(tmp_path / name)) == 2


def test_a_patient_that_the_records_do_not_hold_is_named(
    ward_bundle: Bundle, records: Path, tmp_path: Path, capsys
) -> None:
    asked, out = tmp_path / "asked.csv", tmp_path / "p.csv"
    stranger, other = "nobody,2026-03-03T06:00Z\n", "somebody,2026-03-03T06:00Z\n"
    asked.write_text(f"patient_id,as_of\npatient-00,2026-03-03T06:00Z\n{stranger}")
    assert predict(ward_bundle, records, out, "--as-of", str(asked)) == 0
    assert capsys.readouterr().out.startswith(
        "1 patient asked about has no usable record, 'nobody': the rows rest on nothing\n"
    )
    out.unlink()
    asked.write_text(f"patient_id,as_of\npatient-00,2026-03-03T06:00Z\n{stranger}{other}")
    assert predict(ward_bundle, records, out, "--as-of", str(asked)) == 0
    assert capsys.readouterr().out.startswith(
        "2 patients asked about have no usable record, the first is 'nobody': their rows rest on "
    )
    out.unlink()
    asked.write_text(f"patient_id,as_of\n{stranger}")
    assert predict(ward_bundle, records, out, "--as-of", str(asked)) == 2
    assert (
        "nothing usable of the 1 patient asked about, the first of whom is"
        in capsys.readouterr().err
    )
    assert not out.exists()
