"""What a command cannot do ends with status 2 and one line that says why, never in a traceback."""

import gzip
import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]
HEADER = "patient_id,time,code,numeric_value,unit\n"
LINE = "a,2026-03-01T06:00Z,crp,12,mg/L\n"


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "good.csv"
    path.write_text(HEADER + LINE)
    return path


# Records -----------------------------------------------------------------------------------------


def nothing(path: Path) -> None:
    """Leave the path empty."""


def cut_gzip(path: Path) -> None:
    path.write_bytes(gzip.compress((HEADER + LINE * 2000).encode())[:-20])


def cut_archive(path: Path) -> None:
    whole, stay = path.with_name("whole.tar.gz"), path.with_name("p000001.psv")
    stay.write_text("HR|ICULOS|SepsisLabel\n80|1|0\n" * 200)
    with tarfile.open(whole, "w:gz") as archive:
        archive.add(stay, arcname="training/p000001.psv")
    path.write_bytes(whole.read_bytes()[:-20])


BAD_RECORDS = {
    "missing file": ("table", "nowhere.csv", nothing, "nowhere.csv: no such file"),
    "empty file": ("table", "empty.csv", Path.touch, "empty.csv: the file is empty"),
    "empty Parquet": ("table", "empty.parquet", Path.touch, "the file is empty"),
    "header alone": ("table", "bare.csv", lambda p: p.write_text(HEADER), "bare.csv: no rows"),
    "missing column": (
        "table", "short.csv", lambda p: p.write_text("patient_id,time,numeric_value\na,,1\n"),
        "short.csv: column missing: code",
    ),
    "time without zone": (
        "table", "naive.csv", lambda p: p.write_text(HEADER + "a,2026-03-01T06:00,crp,1,mg/L\n"),
        "no offset from UTC, first in line 2",
    ),
    "nothing usable": (
        "table", "strange.csv", lambda p: p.write_text(HEADER + LINE.replace("crp", "moon")),
        "no usable record; set aside: 1 unknown_code",
    ),
    "empty folder": ("table", "folder", Path.mkdir, "folder: no file that ends in .csv"),
    "cut Parquet": ("table", "cut.parquet", lambda p: p.write_bytes(b"PAR1abc"), "cut short?"),
    "cut gzip": ("table", "cut.csv.gz", cut_gzip, "cut.csv.gz: not a readable CSV file"),
    "folder without stays": ("physionet2019", "folder", Path.mkdir, "holds no .psv file"),
    "cut archive": ("physionet2019", "cut.tar.gz", cut_archive, "is the download complete?"),
    "no file but a folder": ("prcrs", "folder", Path.mkdir, "folder"),
    "empty prcrs": ("prcrs", "empty.csv", Path.touch, "empty.csv: not a readable CSV file"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_RECORDS)
def test_records_that_cannot_be_read_are_refused(case, verb, tmp_path):
    file_format, name, make, words = BAD_RECORDS[case]
    make(tmp_path / name)
    out = tmp_path / "out"
    answer = verb("ingest", "--records", tmp_path / name, "--format", file_format, "--out", out)
    assert words in answer.error
    assert not out.exists()


# Flags -------------------------------------------------------------------------------------------


def test_bytes_that_are_no_utf8_are_refused_wherever_they_stand(verb, tmp_path):
    byte = os.fsdecode(b"A\xff")
    for words in (
        (
            "freeze",
            "--records",
            "x.csv",
            "--format",
            "table",
            "--out",
            tmp_path / "f",
            "--by",
            byte,
        ),
        ("plan", "--check", f"{byte}.json"),
        ("plan", "--out", tmp_path / byte),
    ):
        assert "A\\udcff" in verb(*words).error
        assert "is not UTF-8" in verb(*words).error
    (tmp_path / "plan.json").write_bytes(b'{"about": "\xff"}')
    assert verb("plan", "--check", tmp_path / "plan.json").error.startswith(
        "plan.json: is not JSON"
    )
    assert [file.name for file in tmp_path.iterdir()] == ["plan.json"]


BAD_FLAGS = {
    "unknown format": ("--format=xml", "invalid choice: 'xml'"),
    "a word": ("--every=soon", "argument --every: 'soon' is"),
    "negative": ("--every=-1h", "argument --every: '-1h' is"),
    "zero": ("--every=0h", "argument --every: '0h' is"),
    "no time at all": ("--every=NaT", "argument --every: 'NaT' is"),
    "nanoseconds for want of a unit": ("--every=24", "argument --every: '24' is"),
    "longer than any calendar": ("--every=1000000d", "'1000000d' is not within 1min and 366d"),
    "longer than any stay": ("--every=99999h", "argument --every: '99999h' is"),
    "another outcome": ("--outcome=severe_crs,death", "write severe_crs or infection"),
    "no repeat": ("--repeats=0", "argument --repeats: '0' is not a whole number from 1 to 100"),
    "repeats in words": ("--repeats=two", "'two' is not a whole number from 1 to 100"),
    "endless repeats": ("--repeats=99999999999", "'99999999999' is not a whole number from 1 to"),
    "endless trials": ("--trials=99999999999", "is not a whole number from 0 to 10000"),
    "no rows at once": ("--rows-at-once=0", "is not a whole number from 1 to 10000000"),
    "all rows at once": (f"--rows-at-once={10**20}", "is not a whole number from 1 to 10000000"),
    "a digit that is no number": ("--trials=\u00b2", "is not a whole number from 0 to 10000"),
    "negative seed": ("--seed=-1", "'-1' is not a whole number from 0 to 2147483647"),
    "huge seed": (f"--seed={2**32}", "is not a whole number from 0 to 2147483647"),
    "no horizon": ("--horizon=0s", "argument --horizon: '0s' is"),
}


@pytest.mark.parametrize("case", BAD_FLAGS)
def test_flags_that_make_no_sense_are_refused_before_any_work(case, verb, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    flag, words = BAD_FLAGS[case]
    answer = verb("train", "--records", "nowhere.csv", "--format=table", "--out=bundle", flag)
    assert words in answer.error
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("number", ["0", "1", "39", "10001", "99999999999", "9" * 30])
def test_resamples_are_enough_for_an_end_and_no_more_than_memory_holds(number, verb, tmp_path):
    asked = ("--records", "nowhere.csv", "--format", "table", "--out", tmp_path / "out")
    for words in (("evaluate", "--model", "none"), ("freeze",)):
        answer = verb(*words, *asked, "--bootstrap", number)
        named = f"argument --bootstrap: '{number}' is not a whole number from 40 to 10000"
        assert answer.error.startswith(named)
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("verb_name", "out"),
    [
        ("features", "."),
        ("features", "good.csv/deep/rows.parquet"),
        ("ingest", "good.csv"),
        ("train", "good.csv"),
        ("train", "good.csv/bundle"),
    ],
)
def test_a_place_that_cannot_be_written_is_named(verb_name, out, verb, good, monkeypatch):
    monkeypatch.chdir(good.parent)
    answer = verb(verb_name, "--records", good, "--format", "table", "--out", out)
    assert out.partition("/")[0] in answer.error
    assert [path.name for path in good.parent.iterdir()] == ["good.csv"]
    assert good.read_text() == HEADER + LINE


@pytest.mark.parametrize("words", [(), ("guess",), ("ingest",), ("ingest", "--speed", "9")])
def test_an_incomplete_or_unknown_command_is_refused(words, verb):
    assert verb(*words).error


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("--patients", 0, "patients: 0 is outside 1 to"),
        ("--seed", -1, "seed: -1 is outside 0 to"),
        ("--days", -1, "days: -1 is outside 1 to"),
        ("--out", __file__, __file__),
    ],
)
def test_a_cohort_outside_the_limits_is_refused(name, value, words, verb, tmp_path):
    answer = verb("simulate", "--patients", 1, "--out", tmp_path / "out", name, value)
    assert words in answer.error
    assert not (tmp_path / "out").exists()


# Training ----------------------------------------------------------------------------------------


def ward_of(infected: int) -> list[tuple]:
    """Eight patients with a daily CRP of a week; the first ones have an infection on day 4."""
    lines: list[tuple] = []
    for number in range(8):
        name = f"patient-{number}"
        lines.append((name, 0.0, "teclistamab", 1.5, "mg/kg"))
        lines += [(name, 24.0 * d - 1, "crp", 10.0 + number, "mg/L") for d in range(8)]
        if number < infected:
            lines.append((name, 90.0, "infection_onset", None, None))
    return lines


@pytest.mark.parametrize(
    ("infected", "words"),
    [
        (0, "infection: no row before an event"),
        (3, "infection: 3 patients with an event; 5 folds need at least 5"),
    ],
)
def test_too_few_events_to_learn_from_are_refused(infected, words, verb, write_records, tmp_path):
    records = write_records(tmp_path / "ward.csv", ward_of(infected))
    out = tmp_path / "bundle"
    answer = verb(
        "train", "--records", records, "--format", "table", "--outcome", "infection",
        "--no-track", "--out", out,
    )  # fmt: skip
    assert words in answer.error
    assert answer.error.rstrip().endswith("--outcome names those that are to be learnt")
    assert not any(out.iterdir())  # the same command can be given again


def test_the_beginning_of_a_flag_is_not_taken_for_the_flag(verb, good, tmp_path):
    flags = ("--records", good, "--format", "table", "--out", tmp_path / "frozen")
    answer = verb("freeze", *flags, "--outcomes", "documented")  # not --outcomes-from
    assert "unrecognized arguments: --outcomes documented" in answer.error


def test_train_never_writes_over_what_lies_there(verb, good, tmp_path):
    kept = tmp_path / "bundle" / "note.txt"
    kept.parent.mkdir()
    kept.write_text("kept")
    answer = verb("train", "--records", good, "--format", "table", "--out", kept.parent)
    assert "bundle: not empty; name another folder" in answer.error
    assert [path.name for path in kept.parent.iterdir()] == ["note.txt"]


# Bundles and as-of times -------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["nowhere", "empty", "good.csv"])
def test_what_is_no_bundle_is_refused(name, verb, good, tmp_path):
    (tmp_path / "empty").mkdir()
    answer = verb(
        "predict", "--model", tmp_path / name, "--records", good, "--format", "table",
        "--out", tmp_path / "predictions.parquet",
    )  # fmt: skip
    assert f"{name}: no MANIFEST.sha256, so this is not a bundle" in answer.error


@pytest.mark.parametrize("verb_name", ["predict", "evaluate"])
def test_a_bundle_with_one_altered_byte_is_refused(verb_name, verb, good, ward_bundle, tmp_path):
    altered = Path(shutil.copytree(ward_bundle.folder, tmp_path / "altered"))
    booster = altered / "infection.ubj"
    content = bytearray(booster.read_bytes())
    content[len(content) // 2] ^= 1
    booster.write_bytes(content)
    answer = verb(
        verb_name, "--model", altered, "--records", good, "--format", "table",
        "--out", tmp_path / "out.csv",
    )  # fmt: skip
    assert "altered since it was written: infection.ubj" in answer.error
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "times.csv: not a readable CSV file"),
        ("", "times.csv: not a readable CSV file"),
        ("patient_id\na\n", "missing: as_of"),
        ("patient_id,as_of\na,2026-03-01T06:00\n", "times.csv:2: as_of '2026-03-01T06:00' is not"),
    ],
)
def test_as_of_times_that_cannot_be_read_are_refused(
    content, words, verb, good, ward_bundle, tmp_path
):
    times = tmp_path / "times.csv"
    if content is not None:
        times.write_text(content)
    answer = verb(
        "predict", "--model", ward_bundle.folder, "--records", good, "--format", "table",
        "--as-of", times, "--out", tmp_path / "out.parquet",
    )  # fmt: skip
    assert words in answer.error
    assert not (tmp_path / "out.parquet").exists()


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("promote", "0123", "--alias", "champion"), "runs:/0123: registered no model crs-risk"),
        (("promote", "0123", "--alias", "winner"), "invalid choice: 'winner'"),
        (("fetch", "--model", "models:/crs-risk@champion", "--out", "x"), "no such model in the"),
        (("fetch", "--model", "bundle", "--out", "x"), "an address is models:/NAME@ALIAS"),
    ],
)
def test_what_the_registry_does_not_hold_is_refused(words, found, verb, empty_store):
    assert found in verb(*words).error


@pytest.fixture(scope="module")
def empty_store(tmp_path_factory):
    """A store without a model; the working directory and the address are put back."""
    place = tmp_path_factory.mktemp("store")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{place / 'mlflow.db'}")
        yield place


def test_a_command_that_refuses_leaves_one_line_and_status_2_behind(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "training", "ingest", "--records", str(tmp_path / "nowhere.csv"),
         "--format", "table", "--out", str(tmp_path / "out")],
        cwd=REPOSITORY, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == f"error: {tmp_path / 'nowhere.csv'}: no such file or directory\n"


@pytest.mark.parametrize("asked", ["train", "evaluate", "simulate", "transport", "promote", "plan"])
def test_help_tells_a_default_once_and_none_where_there_is_none(asked, verb):
    told = " ".join(verb(asked, "--help").printed.split())
    assert "(default: None)" not in told
    assert not re.search(r"\(default: [^)]*\) \(default", told)
    assert asked in ("promote", "plan") or "(default: 0)" in told  # of the seed
