"""`python -m serving` and its audit verbs: what they print and the status they end with."""

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from models.bundle import Bundle
from serving.__main__ import main
from serving.schemas import EXAMPLE_REQUEST

ROOT = Path(__file__).parents[2]


@pytest.fixture
def filled(serve_here: Callable) -> tuple[Path, list[dict]]:
    """A database with three answers, and the answers."""
    with serve_here() as running:
        answers = [
            running.client.post("/v1/predictions", json=EXAMPLE_REQUEST | {"patient_id": f"p-{n}"})
            for n in range(3)
        ]
    return running.database, [answer.json() for answer in answers]


@pytest.fixture
def audit(capsys: pytest.CaptureFixture):
    """Run an audit verb in this process: its status, what it printed and what it complained of."""

    def run(database: Path, *arguments: str) -> tuple[int, str, str]:
        status = main(["audit", *arguments, "--database", f"sqlite:///{database}"])
        said = capsys.readouterr()
        return status, said.out, said.err

    return run


def alter(database: Path, statement: str) -> None:
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("DROP TRIGGER audit_entries_refuse_update")
        connection.execute(statement)
        connection.commit()


def test_verify_prints_count_and_head_to_be_noted(filled, audit: Callable):
    database, _ = filled
    status, said, complaint = audit(database, "verify")
    assert (status, complaint) == (0, "")
    assert said.startswith("the chain holds: 3 entries\nhead ")


def test_verify_names_the_broken_entry_and_ends_with_1(filled, audit: Callable):
    database, answers = filled
    alter(database, "UPDATE audit_entries SET occurred_at = '2020' WHERE sequence = 2")
    status, said, _ = audit(database, "verify")
    assert status == 1
    assert said.startswith(f"BROKEN at entry 2 (prediction {answers[1]['prediction_id']}): ")


GONE = [
    (("DROP TABLE audit_entries",), "audit_entries is not there"),
    (
        ("CREATE TABLE kept AS SELECT * FROM audit_entries", "DROP TABLE audit_entries",
         "CREATE VIEW audit_entries AS SELECT * FROM kept"),
        "audit_entries is a view, not a table",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("statements", "says"), GONE)
def test_a_trail_that_is_gone_or_replaced_is_broken(
    filled, audit: Callable, tmp_path: Path, statements: tuple[str, ...], says: str
):
    with closing(sqlite3.connect(filled[0])) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()
    status, said, complaint = audit(filled[0], "verify")
    assert (status, complaint) == (1, "")
    assert said.startswith("BROKEN at entry 1: ")
    assert says in said.splitlines()[0]
    for others in (("list",), ("show", "x"), ("export", "--out", str(tmp_path / "out"))):
        status, said, complaint = audit(filled[0], *others)
        assert (status, said) == (2, "")
        assert says in complaint
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["list", "--last", "-5"], "'-5' is not a whole number from 1"),
        (["list", "--last", "0"], "'0' is not a whole number from 1"),
        (["list", "--last", "five"], "'five' is not a whole number"),
        (["verify", "--head", "3f6c0d"], "'3f6c0d' is not a hash of 64 hexadecimal digits"),
        (["verify", "--head", "g" * 64], "is not a hash of 64"),
    ],
)
def test_a_mistyped_argument_is_wrong_usage(filled, audit: Callable, capsys, arguments, says):
    with pytest.raises(SystemExit) as left:
        audit(filled[0], *arguments)
    assert left.value.code == 2
    assert says in capsys.readouterr().err


def test_a_noted_head_may_be_typed_in_capitals(filled, audit: Callable):
    head = audit(filled[0], "verify")[1].splitlines()[1].removeprefix("head ")
    status, said, _ = audit(filled[0], "verify", "--head", head.upper())
    assert status == 0
    assert "the noted head is in it" in said


def test_an_export_below_a_file_is_refused_in_one_line(filled, audit: Callable, tmp_path: Path):
    (tmp_path / "file").write_text("mine")
    for place in (tmp_path / "file", tmp_path / "file" / "out"):
        status, _, complaint = audit(filled[0], "export", "--out", str(place))
        assert status == 2
        assert complaint.startswith("error: ")
        assert complaint.count("\n") == 1


def test_list_shows_the_newest_without_patients(filled, audit: Callable):
    database, answers = filled
    _, said, _ = audit(database, "list", "--last", "2")
    lines = said.splitlines()[1:]
    assert [answers[n]["prediction_id"] in lines[n - 1] for n in (1, 2)] == [True, True]
    assert len(lines) == 2
    assert "p-1" not in said.replace(answers[1]["prediction_id"], "")


def test_show_gives_question_and_answer(filled, audit: Callable):
    database, answers = filled
    _, said, _ = audit(database, "show", answers[1]["prediction_id"])
    shown = json.loads(said)
    assert shown["sequence"] == 2
    assert shown["request"]["patient_id"] == "p-1"
    assert shown["answer"] == answers[1]


def test_replay_says_same_bytes(filled, audit: Callable, bundle: Bundle):
    database, answers = filled
    for answer in answers:
        replayed = audit(database, "replay", answer["prediction_id"], "--model", str(bundle.folder))
        assert replayed == (0, "same bytes\n", "")


def test_replay_of_an_altered_entry_concludes_nothing(filled, audit: Callable, bundle: Bundle):
    database, answers = filled
    alter(database, "UPDATE audit_entries SET answer = replace(answer, 'risk', 'rask')")
    identity = answers[0]["prediction_id"]
    status, said, _ = audit(database, "replay", identity, "--model", str(bundle.folder))
    assert (status, said) == (1, "entry 1 was altered: run `audit verify`\n")


def test_replay_refuses_another_model(filled, audit: Callable, tmp_path: Path, bundle: Bundle):
    database, answers = filled
    other = copy_with_other_card(bundle, tmp_path / "other")
    manifest = other / "MANIFEST.sha256"
    names = [line.split("  ")[1] for line in manifest.read_text().splitlines()]
    digests = {name: hashlib.sha256((other / name).read_bytes()).hexdigest() for name in names}
    manifest.write_text("".join(f"{digests[name]}  {name}\n" for name in names))
    identity = answers[0]["prediction_id"]
    status, said, complaint = audit(database, "replay", identity, "--model", str(other))
    assert (status, said) == (2, "")
    assert answers[0]["model_version"] in complaint


def test_an_export_can_be_checked_with_nothing_but_a_hash_function(
    filled, audit: Callable, tmp_path: Path
):
    database, _ = filled
    status, _, _ = audit(database, "export", "--out", str(tmp_path / "out"))
    assert status == 0
    previous = "0" * 64
    for line in (tmp_path / "out" / "audit.jsonl").read_text().splitlines():
        entry = json.loads(line)
        for name in ("request", "answer"):
            text = entry.pop(name)
            assert hashlib.sha256(text.encode()).hexdigest() == entry[f"{name}_sha256"]
        stated = entry.pop("entry_hash")
        sealed = json.dumps(entry, sort_keys=True, separators=(",", ":"))
        assert hashlib.sha256(sealed.encode()).hexdigest() == stated
        assert entry["previous_hash"] == previous
        previous = stated
    head = json.loads((tmp_path / "out" / "head.json").read_text())
    assert head == {"count": 3, "head": previous, "holds": True}


@pytest.mark.skipif(os.name == "nt", reason="Windows has other file rights")
def test_an_export_is_readable_by_its_owner_alone(filled, audit: Callable, tmp_path: Path):
    audit(filled[0], "export", "--out", str(tmp_path / "out"))
    assert {file.stat().st_mode & 0o777 for file in (tmp_path / "out").iterdir()} == {0o600}


def test_an_export_is_never_written_over_another(filled, audit: Callable, tmp_path: Path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    status, _, complaint = audit(filled[0], "export", "--out", str(tmp_path / "out"))
    assert status == 2
    assert "is not an empty folder" in complaint


WRONG_USE = [
    (["--model", "/no/such/folder"], "/no/such/folder: there is no such bundle folder"),
    ([], "no model: give --model or set CRS_RISK_MODEL"),
    (["--model", ".", "--port", "x"], "CRS_RISK_PORT: 'x' is not a port"),
    (["--model", ".", "--host", "0.0.0.0"], "off is allowed only on a loopback host"),  # noqa: S104
    (["--model", ".", "--host", "192.0.2.1"], "off is allowed only on a loopback host"),
    (["--model", "serving", "--port", "0"], "this is not a bundle"),
    (["audit", "verify", "--database", "sqlite:////no/such.db"], "there is no such file"),
    (["audit", "verify", "--database", "what"], "not a database URL"),
    (["audit", "verify", "--database", "postgresql://h/x"], "postgresql is not supported"),
    (["--model", ".", "--database", "postgresql://h/x"], "postgresql is not supported"),
]


@pytest.mark.parametrize(("arguments", "says"), WRONG_USE)
def test_wrong_use_ends_with_2_and_one_clear_line(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(ROOT)
    assert main(arguments) == 2
    complaint = capsys.readouterr().err
    assert says in complaint
    assert complaint.count("\n") == 1


def test_an_unknown_prediction_is_wrong_input(filled, audit: Callable):
    status, _, complaint = audit(filled[0], "show", "no-such-number")
    assert (status, complaint) == (2, "error: no-such-number: no prediction has this number\n")


def test_an_occupied_port_is_named(bundle: Bundle, serve_here: Callable, capsys):
    with serve_here() as running:
        port = str(running.client.base_url.port)
        assert main(["--model", str(bundle.folder), "--port", port]) == 2
    assert f"127.0.0.1:{port}: cannot listen there" in capsys.readouterr().err


def copy_with_other_card(bundle: Bundle, folder: Path) -> Path:
    shutil.copytree(bundle.folder, folder)
    (folder / "MODEL_CARD.md").write_text("# Another")
    return folder


def test_an_altered_bundle_is_refused(bundle: Bundle, tmp_path: Path, capsys):
    copied = copy_with_other_card(bundle, tmp_path / "bundle")
    assert main(["--model", str(copied), "--port", "0"]) == 2
    assert "MODEL_CARD.md" in capsys.readouterr().err


@pytest.mark.parametrize(
    "command",
    [[], ["audit"], *(["audit", v] for v in ("verify", "list", "show", "replay", "export"))],
)
def test_help_gives_an_example(command: list[str], capsys: pytest.CaptureFixture):
    with pytest.raises(SystemExit) as stopped:
        main([*command, "--help"])
    assert stopped.value.code == 0
    assert "example: python -m serving" in " ".join(capsys.readouterr().out.split())


def test_serving_never_imports_the_registry_or_the_plots():
    theirs = ("mlflow", "shap", "matplotlib", "training", "optuna")
    code = f"import sys, serving.__main__; print([m for m in {theirs} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
