"""A cohort on disk: the same bytes for the same seed, and the word "virtual" in every file."""

import json
from argparse import ArgumentParser
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from features.catalogue import key_of
from features.readers import read
from features.tables import RECORD_COLUMNS, InvalidInputError
from training.cohort import add_flags, export, join, run, simulate, write
from training.cohort.simulation import Asked, parts


def test_the_same_seed_gives_the_same_bytes_in_any_chunks(tmp_path: Path) -> None:
    whole = simulate(210, seed=8, days=2)  # more than are simulated at once
    parts = [
        simulate(n, seed=8, days=2, start_at=first) for first, n in ((0, 1), (1, 96), (97, 113))
    ]
    for name, cohort in (("whole", whole), ("parts", join(parts))):
        write(cohort, tmp_path / name)
    for file in ("records.parquet", "truth.parquet", "dataset.json"):
        assert (tmp_path / "whole" / file).read_bytes() == (tmp_path / "parts" / file).read_bytes()


@pytest.mark.parametrize("layout", ["table", "meds"])
@pytest.mark.parametrize("rows_in_group", [export.ROWS_IN_GROUP, 10_000])
def test_part_by_part_gives_the_bytes_of_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layout: str, rows_in_group: int
) -> None:
    """Three parts, of which none holds all words of the others."""
    monkeypatch.setattr(export, "ROWS_IN_GROUP", rows_in_group)
    asked = Asked(410, seed=5, days=1)
    whole = write(simulate(410, seed=5, days=1), tmp_path / "whole", layout)
    by_part = export.write_parts(parts(asked), asked.metadata(0, 410), tmp_path / "parts", layout)
    for one, other in zip(whole, by_part, strict=True):
        assert one.read_bytes() == other.read_bytes(), one.name
    groups = pq.ParquetFile(whole[0]).metadata
    sizes = [groups.row_group(place).num_rows for place in range(groups.num_row_groups)]
    assert set(sizes[:-1]) <= {rows_in_group}


def test_another_seed_gives_other_patients() -> None:
    one, other = (simulate(3, seed=seed, days=2).records for seed in (1, 2))
    assert not one["numeric_value"].equals(other["numeric_value"])


@pytest.mark.parametrize("layout", ["table", "meds"])
def test_every_file_says_that_its_patients_are_virtual(tmp_path: Path, layout: str) -> None:
    written = write(simulate(3, seed=1, days=2), tmp_path, layout)
    assert {path for path in tmp_path.rglob("*") if path.is_file()} == set(written)
    for path in written:
        if path.suffix == ".parquet":
            assert pq.read_schema(path).metadata[b"virtual"] == b"true"
        else:
            assert json.loads(path.read_text(encoding="utf-8"))["virtual"] is True


def test_table_and_meds_hold_the_same_records(tmp_path: Path) -> None:
    cohort = simulate(4, seed=1, days=3)
    write(cohort, tmp_path / "table")
    write(cohort, tmp_path / "meds", "meds")
    table = pd.read_parquet(tmp_path / "table" / "records.parquet")
    meds = pd.read_parquet(tmp_path / "meds" / "data" / "0.parquet")
    assert tuple(table.columns) == RECORD_COLUMNS
    assert meds["subject_id"].dtype == "int64"
    assert len(meds) == len(table)
    pd.testing.assert_series_equal(
        meds["time"].dt.tz_localize("UTC"), table["time"], check_names=False
    )
    named_by_meds = {"birth": "MEDS_BIRTH", "death": "MEDS_DEATH"}
    assert (meds["code"] == table["code"].astype(str).replace(named_by_meds)).all()
    assert set(meds["code"].map(key_of)) == set(table["code"].astype(str).map(key_of))


def test_the_meds_layout_has_the_types_and_the_codes_of_meds_0_4(tmp_path: Path) -> None:
    """Types as in schema.py of the package meds 0.4.1 (DataSchema, CodeMetadataSchema)."""
    write(simulate(4, seed=1, days=3), tmp_path, "meds")
    schema = pq.read_schema(tmp_path / "data" / "0.parquet")
    assert {name: str(schema.field(name).type) for name in schema.names[:5]} == {
        "subject_id": "int64",
        "time": "timestamp[us]",
        "code": "string",
        "numeric_value": "float",
        "text_value": "large_string",
    }
    codes = pq.read_table(tmp_path / "metadata" / "codes.parquet")
    assert [str(kind) for kind in codes.schema.types[:2]] == ["string", "string"]
    assert codes.schema.field("parent_codes").type.value_type == "string"
    data = pd.read_parquet(tmp_path / "data" / "0.parquet")
    assert codes["code"].to_pylist() == sorted(set(data["code"]))
    about = codes.to_pandas().set_index("code")
    assert about.loc["LOINC//1988-5", "description"] == "C-reactive protein"
    assert list(about.loc["LOINC//1988-5", "parent_codes"]) == ["LOINC/1988-5"]
    told = json.loads((tmp_path / "metadata" / "dataset.json").read_text(encoding="utf-8"))
    assert told["meds_version"].startswith("0.4")
    assert told["patient_id_prefix"] == "virtual-"
    others = {*told["code_modifier_columns"], *told["other_extension_columns"]}
    assert others == set(schema.names[5:])


def test_an_unknown_format_is_named_with_what_is_known(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"'xml' is unknown; known: table, meds"):
        write(simulate(1, seed=1, days=1), tmp_path, "xml")


def test_a_cohort_folder_is_read_whole_without_its_truth(tmp_path: Path) -> None:
    write(simulate(4, seed=1, days=3), tmp_path / "cohort")
    whole = read(tmp_path / "cohort", "table")
    alone = read(tmp_path / "cohort" / "records.parquet", "table")
    pd.testing.assert_frame_equal(whole.records, alone.records)
    assert whole.notes[1:] == ("truth.parquet: not read, it says of itself that it holds truth",)
    with pytest.raises(InvalidInputError, match=r"truth\.parquet: says .* holds truth"):
        read(tmp_path / "cohort" / "truth.parquet", "table")


def test_a_folder_with_content_is_refused_before_anything_is_simulated(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    parser = ArgumentParser()
    add_flags(parser)
    options = parser.parse_args(["--patients", "1000000", "--out", str(tmp_path)])
    assert options.seed == 0
    with pytest.raises(InvalidInputError, match="not empty"):
        run(options)
    options.out = tmp_path / "notes.txt"
    with pytest.raises(InvalidInputError, match="not empty"):
        run(options)


def test_progress_is_told_after_each_part() -> None:
    told: list[tuple[int, int]] = []
    simulate(201, seed=2, days=1, progress=lambda done, of: told.append((done, of)))
    assert told == [(200, 201), (201, 201)]


def test_the_flags_of_simulate_reach_the_files(tmp_path: Path) -> None:
    parser = ArgumentParser()
    add_flags(parser)
    flags = f"--patients 3 --seed 2 --days 2 --product teclistamab --out {tmp_path}".split()
    written = run(parser.parse_args(flags))
    assert {path.name for path in written} == {"records.parquet", "dataset.json", "truth.parquet"}
    about = json.loads((tmp_path / "dataset.json").read_text(encoding="utf-8"))
    assert about["products"] == ["teclistamab"]
    assert (about["patients"], about["seed"], about["centre"]) == (3, 2, "university")
