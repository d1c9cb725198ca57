"""A tracking store that is wrong, gone or broken: one line, in time, and nothing lost."""

import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Barrier

import pytest

from models.bundle import load_bundle
from training.__main__ import main
from training.engine import Cost
from training.tracking.tracker import experiment_id, without_password
from training.verbs import train as verb

SECRET = "postgresql://ward:secret@127.0.0.1/runs"  # noqa: S105 - an invented one
BAD_STORES = ("nonsense://x", "http://127.0.0.1:9", "sqlite:////dev/null", "runs", SECRET)


@pytest.fixture
def one_line(capsys, monkeypatch, no_patience):
    """Runs a verb against a store; gives the one line of complaint."""

    def run(store: str, *arguments: str) -> str:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", store)
        assert main(arguments) == 2
        complaint = capsys.readouterr().err
        assert complaint.startswith("error: ")
        assert complaint.count("\n") == 1
        return complaint

    return run


@pytest.fixture(params=BAD_STORES)
def bad_store(request, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return request.param


@pytest.mark.parametrize(
    "arguments",
    [
        ("promote", "0" * 32, "--alias", "champion"),
        ("fetch", "--model", "models:/crs-risk@champion", "--out", "out"),
        ("fetch", "--model", "runs:/" + "0" * 32, "--out", "out"),
        ("predict", "--model", "models:/crs-risk/1", "--records", "r.csv", "--format", "table",
         "--out", "predictions.parquet"),
    ],
)  # fmt: skip
def test_a_store_that_cannot_be_used_is_named_in_one_line(one_line, bad_store, arguments):
    said = one_line(bad_store, *arguments)
    assert f"tracking store {without_password(bad_store)}" in said
    assert "secret" not in said


def test_training_stops_before_the_work_where_the_store_cannot_be_used(
    one_line, bad_store, ward_records, tmp_path
):
    ward_records.to_parquet(tmp_path / "records.parquet")
    said = one_line(
        bad_store, "train", "--records", "records.parquet", "--format", "table", "--out", "bundle"
    )
    assert "tracking store" in said
    assert not list((tmp_path / "bundle").iterdir())


def test_a_slip_of_the_pen_leaves_no_run_behind(one_line, tmp_path, ward_records):
    store = f"sqlite:///{tmp_path / 'mlflow.db'}"
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept/mine.txt").write_text("mine")
    ward_records.to_parquet(tmp_path / "records.parquet")
    asked = ("train", "--format", "table", "--records")
    for records, out in (("none.csv", "new"), ("records.parquet", "kept")):
        said = one_line(store, *asked, str(tmp_path / records), "--out", str(tmp_path / out))
        assert "no such file" in said or "not empty" in said
    assert not (tmp_path / "mlflow.db").exists()


def test_evaluating_records_that_cannot_be_read_leaves_no_run_behind(
    one_line, tmp_path, ward_bundle
):
    (tmp_path / "bad.csv").write_text("patient_id,time\np1,2026-03-01T06:00Z\n")
    said = one_line(
        f"sqlite:///{tmp_path / 'mlflow.db'}", "evaluate", "--model", str(ward_bundle.folder),
        "--records", str(tmp_path / "bad.csv"), "--format", "table", "--out", str(tmp_path / "out"),
    )  # fmt: skip
    assert "bad.csv" in said
    assert not (tmp_path / "mlflow.db").exists()


def test_of_many_that_begin_an_experiment_at_once_all_find_it(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    experiment_id("another")  # the database itself is there
    together = Barrier(4)

    def begin(_: int) -> str:
        together.wait()
        return experiment_id("mine")

    with ThreadPoolExecutor(4) as threads:
        assert len(set(threads.map(begin, range(4)))) == 1


def test_a_deleted_experiment_is_named(one_line, tmp_path):
    import mlflow

    store = f"sqlite:///{tmp_path / 'mlflow.db'}"
    client = mlflow.MlflowClient(store)
    client.delete_experiment(client.create_experiment("gone"))
    (tmp_path / "empty.csv").touch()
    arguments = (
        "--records",
        str(tmp_path / "empty.csv"),
        "--format",
        "table",
        "--out",
        str(tmp_path / "bundle"),
    )
    said = one_line(store, "train", *arguments, "--experiment", "gone")
    assert "experiment 'gone' was deleted" in said


def test_where_the_store_breaks_after_the_work_the_bundle_stays_and_can_be_registered(
    one_line, ward_bundle, tmp_path, monkeypatch, capsys
):
    database, out = tmp_path / "mlflow.db", tmp_path / "bundle"
    report = verb.report_folder(out)

    def work_while_the_store_breaks(config, options, asked):
        shutil.copytree(ward_bundle.folder, config.out, dirs_exist_ok=True)
        report.mkdir()
        (report / "report.html").write_text("<p>report</p>")
        with closing(sqlite3.connect(database)) as connection:
            connection.execute("ALTER TABLE metrics RENAME TO elsewhere")
        return Done(), {}, Cost()

    class Done:
        bundle = ward_bundle
        evaluation = {"outcomes": {"infection": {  # noqa: RUF012
            "counts": {"events": 3}, "models": {}, "differences": {}}}}  # fmt: skip

    monkeypatch.setattr(verb, "_train", work_while_the_store_breaks)
    store, records = f"sqlite:///{database}", str(tmp_path / "records.csv")
    (tmp_path / "records.csv").touch()
    said = one_line(store, "train", "--records", records, "--format", "table", "--out", str(out))
    assert f"the bundle is whole in {out}" in said
    register = said.partition("python -m training ")[2].split()
    assert register == ["register", "--model", str(out)]
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("ALTER TABLE elsewhere RENAME TO metrics")
    assert main(register) == 0
    printed = capsys.readouterr().out
    promote = printed.partition("python -m training ")[2].splitlines()[0].split()
    assert main(promote) == 0
    fetched = tmp_path / "fetched"
    assert main(["fetch", "--model", "models:/crs-risk@champion", "--out", str(fetched)]) == 0
    assert load_bundle(fetched).version == ward_bundle.version


def test_the_files_of_a_store_lie_beside_its_database_wherever_the_command_runs(
    one_line, ward_bundle, tmp_path, monkeypatch
):
    place, elsewhere = tmp_path / "store", tmp_path / "elsewhere"
    place.mkdir()
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{place / 'mlflow.db'}")
    assert main(["register", "--model", str(ward_bundle.folder)]) == 0
    assert list((place / "mlruns").rglob("severe_crs.ubj"))
    assert not list(elsewhere.iterdir())


def test_what_a_promotion_would_ask_for_is_told_with_how_to_release(
    another_bundle, verb, tmp_path, monkeypatch
):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    real = verb("register", "--model", another_bundle(tmp_path / "real", virtual=False)).printed
    assert "to release it: python -m training promote" in real
    assert "where a champion is in service: with --frozen DIR" in real
    assert "--allow-virtual" not in real
    virtual = verb("register", "--model", another_bundle(tmp_path / "virtual", virtual=True))
    assert virtual.printed.endswith(
        "where that champion learnt from real patients: with --allow-virtual as well\n"
    )


@pytest.mark.parametrize("run_id", ["0'", "a b", "", "' or '1'='1", "../x"])
def test_a_run_that_can_be_none_is_refused_by_its_name(one_line, store, run_id):
    place = f"sqlite:///{store[0] / 'mlflow.db'}"
    said = one_line(place, "promote", run_id, "--alias", "champion")
    assert repr(run_id) in said
