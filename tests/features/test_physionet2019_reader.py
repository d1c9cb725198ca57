"""The PhysioNet 2019 reader on small drawn stays, and on the real archive where it is present."""

import tarfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.harmonise import harmonise
from features.readers import read
from features.readers.physionet2019 import MEASURED_COLUMNS
from features.tables import ORIGIN, InvalidInputError

COLUMNS = (
    *MEASURED_COLUMNS, "Age", "Gender", "Unit1", "Unit2", "HospAdmTime", "ICULOS", "SepsisLabel"
)  # fmt: skip
HOST = {"Age": 63.5, "Gender": 1, "Unit1": 0, "Unit2": 1, "HospAdmTime": -12.5, "SepsisLabel": 0}


def psv(*rows: Mapping[str, object], columns: tuple[str, ...] = COLUMNS) -> str:
    """A stay's file; each row completes the host's values, all else is NaN."""
    lines = ["|".join(columns)]
    for row in rows:
        full = {**HOST, **row}
        lines.append("|".join(str(full.get(column, "NaN")) for column in columns))
    return "\n".join(lines) + "\n"


FIRST = psv({"ICULOS": 1, "HR": 88}, {"ICULOS": 2, "BUN": 28, "Temp": 38.5})
SECOND = psv({"ICULOS": 1, "HR": 70}, {"ICULOS": 2}, {"ICULOS": 3, "Lactate": 2.5})


def write(folder: Path, **files: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / f"{name}.psv").write_text(content)
    return folder


def events_of(path: Path) -> pd.DataFrame:
    harmonised = harmonise(read(path, "physionet2019").records)
    assert harmonised.rejects.empty
    return harmonised.events


def hours_of(events: pd.DataFrame, key: str) -> list[float]:
    return ((events.loc[events["key"] == key, "time"] - ORIGIN) / pd.Timedelta(hours=1)).tolist()


def comparable(records: pd.DataFrame) -> pd.DataFrame:
    text = ["patient_id", "code", "unit", "source"]
    plain = records.astype(dict.fromkeys(text, "str"))
    return plain.sort_values([*text, "time", "numeric_value"]).reset_index(drop=True)


@pytest.mark.parametrize("suffix", [".tar", ".tar.gz", ".tar.xz"])
def test_archive_folder_and_files_give_the_same_records(suffix, tmp_path):
    folder = write(tmp_path / "stays", p1=FIRST, p2=SECOND)
    archive = tmp_path / f"stays{suffix}"
    with tarfile.open(archive, "w" + suffix.removeprefix(".tar").replace(".", ":")) as packed:
        packed.add(folder, "training")
    from_folder = read(folder, "physionet2019")
    from_archive = read(archive, "physionet2019")
    single = [read(folder / name, "physionet2019").records for name in ("p1.psv", "p2.psv")]
    expected = comparable(from_folder.records)
    pd.testing.assert_frame_equal(comparable(from_archive.records), expected)
    apart = pd.concat([records.astype({"code": "str"}) for records in single])
    pd.testing.assert_frame_equal(comparable(apart), expected)
    assert from_folder.notes == from_archive.notes


def test_values_arrive_at_their_hour_in_canonical_units(tmp_path):
    row = {
        "ICULOS": 7, "BUN": 28, "Creatinine": 2, "Hgb": 10, "Platelets": 150, "FiO2": 0.4,
        "Bilirubin_total": 1, "Calcium": 10, "Glucose": 180, "Fibrinogen": 300, "Lactate": 2.5,
        "Magnesium": 2.43, "Hct": 30,
    }  # fmt: skip
    events = events_of(write(tmp_path / "s", p1=psv(row)) / "p1.psv")
    value = events.set_index(events["key"].astype(str))["value"]
    by_hand = {
        "urea": 28 * 0.357,  # mg/dL of urea nitrogen (two nitrogens, 28.014 g/mol) -> mmol/L
        "creatinine": 2 * 88.4,
        "hemoglobin": 100,
        "platelets": 150,
        "fio2": 0.4,
        "bilirubin_total": 17.1,
        "calcium": 10 / 4.008,
        "glucose": 180 / 18.016,
        "fibrinogen": 3.0,
        "lactate": 2.5,
        "magnesium": 1.0,
        "sex": 1,
        "medical_icu": 0,
        "surgical_icu": 1,
        "hospital_to_icu": 12.5,
    }
    for key, expected in by_hand.items():
        assert value[key] == pytest.approx(expected, rel=2e-3), key
    assert hours_of(events, "urea") == [7.0]
    assert hours_of(events, "birth") == pytest.approx([-63.5 * 365.25 * 24])


def test_onset_comes_six_hours_after_the_label_turns_one(tmp_path):
    rows = [{"ICULOS": hour, "HR": 80, "SepsisLabel": int(hour >= 4)} for hour in range(1, 12)]
    events = events_of(write(tmp_path, p1=psv(*rows), p2=FIRST))
    assert hours_of(events, "infection_onset") == [10.0]
    assert sorted(hours_of(events, "observation_end")) == [2.0, 11.0]


def test_stays_without_a_label_can_be_read(tmp_path):
    bare = psv({"ICULOS": 1, "HR": 80}, columns=COLUMNS[:-1])
    events = events_of(write(tmp_path, p1=bare))
    assert hours_of(events, "infection_onset") == []
    assert hours_of(events, "heart_rate") == [1.0]


def test_files_with_their_columns_in_another_order_are_read_by_name(tmp_path):
    turned = psv({"ICULOS": 1, "HR": 81, "Temp": 37.5}, columns=COLUMNS[::-1])
    events = events_of(write(tmp_path, p1=FIRST, p2=turned))
    mine = events[events["patient_id"].astype(str) == "p2"]
    found = mine.set_index(mine["key"].astype(str))["value"]
    assert (found["heart_rate"], found["temperature"]) == (81.0, 37.5)


def test_windows_line_ends_change_nothing(tmp_path):
    unix = write(tmp_path / "unix", p1=FIRST)
    windows = tmp_path / "windows"
    windows.mkdir()
    (windows / "p1.psv").write_bytes(FIRST.replace("\n", "\r\n").encode())
    pd.testing.assert_frame_equal(
        read(unix, "physionet2019").records, read(windows, "physionet2019").records
    )


def test_a_cell_that_is_no_number_is_set_aside_with_its_place(tmp_path):
    reading = read(
        write(tmp_path, p1=psv({"ICULOS": 1, "HR": "fast", "Temp": 37})), "physionet2019"
    )
    shown = reading.rejects[["patient_id", "code", "text_value", "reason", "source"]]
    assert shown.values.tolist() == [["p1", "heart_rate", "fast", "not_a_number", "p1.psv:2"]]
    assert "temperature" in set(reading.records["code"])


@pytest.mark.parametrize("label", ["2", "-1", "0.5"])
def test_a_label_that_is_neither_0_nor_1_is_counted_and_makes_no_onset(label, tmp_path):
    rows = [{"ICULOS": hour, "HR": 80, "SepsisLabel": 0} for hour in (1, 2)]
    rows[1]["SepsisLabel"] = label
    reading = read(write(tmp_path, p1=psv(*rows)), "physionet2019")
    shown = reading.rejects[["code", "text_value", "reason", "source"]]
    assert shown.values.tolist() == [["SepsisLabel", str(float(label)), "implausible", "p1.psv:3"]]
    assert "infection_onset" not in set(reading.records["code"])


def test_a_stay_may_lack_its_age(tmp_path):
    unknown = psv({"ICULOS": 1, "HR": 80, "Age": "NaN"})
    events = events_of(write(tmp_path, p1=FIRST, p2=unknown))
    born = events.loc[events["key"] == "birth", "patient_id"].astype(str)
    assert born.tolist() == ["p1"]


@pytest.mark.parametrize("age", ["inf", "1e12", "-5", "121"])
def test_an_impossible_age_is_counted_and_gives_no_birth(age, tmp_path):
    folder = write(tmp_path, p1=FIRST, p2=psv({"ICULOS": 1, "HR": 80, "Age": age}))
    harmonised = harmonise(read(folder, "physionet2019").records)
    assert harmonised.rejects[["patient_id", "code", "reason"]].values.tolist() == [
        ["p2", "age", "implausible"]
    ]
    born = harmonised.events.loc[harmonised.events["key"] == "birth", "patient_id"]
    assert born.astype("str").tolist() == ["p1"]


def test_a_hundred_years_old_is_a_possible_age(tmp_path):
    events = events_of(write(tmp_path, p1=psv({"ICULOS": 1, "HR": 80, "Age": 100})))
    assert "birth" in set(events["key"])


def test_a_byte_order_mark_and_a_quote_are_no_part_of_a_cell(tmp_path):
    folder = write(tmp_path, p1=FIRST.replace("88", '"88'))
    marked = (folder / "p1.psv").read_bytes()
    (folder / "p1.psv").write_bytes(b"\xef\xbb\xbf" + marked)
    reading = read(folder, "physionet2019")
    assert reading.rejects[["code", "text_value"]].values.tolist() == [["heart_rate", '"88']]


BROKEN = {
    "ragged": (FIRST.rstrip("\n") + "|9\n", r"p1\.psv:3: 42 cells where the header has 41"),
    "short": (FIRST.rstrip("\n").rpartition("|")[0] + "\n", r"p1\.psv:3: 40 cells"),
    "no rows": (psv(), "no rows"),
    "empty": ("", "column"),
    "no such column": (FIRST.replace("HR|", "pulse|"), "HR"),
    "no hour": (psv({"ICULOS": "soon", "HR": 80}), r"p1\.psv:2: ICULOS"),
    "missing hour": (psv({"ICULOS": 1}, {"ICULOS": "NaN"}), r"p1\.psv:3: ICULOS"),
    "gap": (FIRST.replace("\n", "\n\n", 2).replace("\n\n", "\n", 1), "empty line"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_stay_is_refused_with_its_place(case, tmp_path):
    content, words = BROKEN[case]
    with pytest.raises(InvalidInputError, match=words):
        read(write(tmp_path, p0=SECOND, p1=content), "physionet2019")


def test_bytes_that_are_no_text_are_refused(tmp_path):
    write(tmp_path, p0=SECOND)
    (tmp_path / "p1.psv").write_bytes(FIRST.encode().replace(b"88", b"\xff\xfe"))
    with pytest.raises(InvalidInputError, match=r"p1\.psv"):
        read(tmp_path, "physionet2019")


def test_two_stays_of_one_name_are_never_merged(tmp_path):
    write(tmp_path / "all/a", p1=FIRST)
    write(tmp_path / "all/b", p1=SECOND)
    with pytest.raises(InvalidInputError, match="p1"):
        read(tmp_path / "all", "physionet2019")


def test_a_folder_without_stays_is_refused(tmp_path):
    with pytest.raises(InvalidInputError, match=r"no \.psv file"):
        read(tmp_path, "physionet2019")


@pytest.mark.parametrize("suffix", [".tar", ".tar.gz", ".tar.xz", ".tar.bz2"])
def test_no_truncated_or_damaged_archive_passes_for_a_whole_one(suffix, tmp_path):
    random = np.random.default_rng(0)
    for number in range(4):
        rows = [{"ICULOS": h, "HR": random.integers(50, 150)} for h in range(1, 30)]
        write(tmp_path / "stays", **{f"p{number}": psv(*rows)})
    archive = tmp_path / f"whole{suffix}"
    with tarfile.open(archive, "w" + suffix.removeprefix(".tar").replace(".", ":")) as packed:
        packed.add(tmp_path / "stays", "training")
    content, whole = archive.read_bytes(), read(archive, "physionet2019").records
    last_data = len(content.rstrip(b"\0")) if suffix == ".tar" else len(content) - 1
    cut = tmp_path / f"cut{suffix}"
    for length in np.linspace(0, last_data, 25).astype(int):
        cut.write_bytes(content[:length])
        with pytest.raises(InvalidInputError):
            read(cut, "physionet2019")
    if suffix == ".tar":
        return  # a plain archive carries no checksum of its content
    for place in np.linspace(30, len(content) - 30, 15).astype(int):
        damaged = bytearray(content)
        damaged[place] ^= 0xFF
        cut.write_bytes(bytes(damaged))
        try:
            found = read(cut, "physionet2019").records
        except InvalidInputError:
            continue
        pd.testing.assert_frame_equal(found, whole)  # a bit that the format does not use


def test_the_real_archive_holds_what_its_description_says(shared_data):
    archive = shared_data / "physionet2019/training_setB_part.tar.xz"
    reading = read(archive, "physionet2019")
    codes = reading.records["code"].astype(str)
    assert reading.records["patient_id"].nunique() == 6096
    assert (codes == "infection_onset").sum() == 352
    assert (codes == "icu_admission").sum() == 6096
    assert reading.rejects.empty
