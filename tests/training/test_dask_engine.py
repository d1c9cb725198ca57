"""A real cluster of two processes gives what this process gives, and its faults are one line."""

import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import dask
import pandas as pd
import pytest
from distributed import LocalCluster

from features.outcomes import Outcome
from features.tables import InvalidInputError
from models.bundle import load_bundle
from training.config import TrainingConfig
from training.engine import Cost, Engine, dask_engine
from training.engine.dask_engine import REPOSITORY, dask_workers
from training.train import train

ROOT = Path(__file__).parents[2]
ASKED = (
    "--format", "table", "--outcome", "severe_crs", "--learn-every", "12h", "--repeats", "2",
    "--no-variants", "--no-track",
)  # fmt: skip


@pytest.fixture(scope="module")
def cluster():
    """Two worker processes, as a ward's own cluster would have them; a lost worker is not tried."""
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs="CRITICAL",
            env={"PYTHONPATH": REPOSITORY},
        ) as cluster,
    ):  # fmt: skip
        yield cluster


@pytest.fixture(scope="module")
def workers(cluster):
    with dask_workers(cluster.scheduler_address) as workers:
        yield workers


def cut_off(ward_file: Path, out: Path) -> None:
    """Train into `out` in a process that is killed when two members are kept."""
    command = [sys.executable, "-m", "training", "train", "--records", ward_file, *ASKED]
    kept = out.with_name(f"{out.name}.partial")
    with subprocess.Popen([*map(str, command), "--out", str(out)], cwd=ROOT) as running:
        while len(list(kept.glob("*.member"))) < 2:
            with suppress(subprocess.TimeoutExpired):
                assert running.wait(0.02) is None, "it ended before it could be killed"
        running.kill()
    assert running.returncode == -signal.SIGKILL


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL there")
def test_a_run_that_was_killed_and_taken_up_by_a_cluster_gives_the_same_bundle(
    cluster, ward_file, verb, tmp_path
):
    out, partial = tmp_path / "bundle", tmp_path / "bundle.partial"
    cut_off(ward_file, out)
    left = len(list(partial.glob("*.member")))
    assert 2 <= left < 10
    assert not any(out.iterdir())
    cost = Cost()
    whole = train(
        TrainingConfig(
            ward_file, "table", tmp_path / "whole", (Outcome.SEVERE_CRS,),
            learn_every=pd.Timedelta(hours=12), repeats=2, variants=False,
        ),
        Engine(tell=cost.add),
    )  # fmt: skip
    there = verb(
        "train", "--records", ward_file, *ASKED, "--out", out, "--rows-at-once", 200,
        "--engine", "dask", "--dask-scheduler", cluster.scheduler_address,
    )  # fmt: skip
    assert there.status == 0, there
    assert load_bundle(out).version == whole.bundle.version
    assert not partial.exists()
    said = there.printed.splitlines()
    assert sum(line.startswith("  tcp://") for line in said) == 2
    assert cost.total.tasks == 11  # the rows, and ten members
    assert len(cluster.scheduler.workers) == 2  # nobody has shut it down


def refuse(_shared: object, piece: int) -> int:
    """A piece whose records are bad."""
    raise InvalidInputError(f"crp: {piece} mg/L is too much")


def divide(shared: int, piece: int) -> float:
    """A piece that may fail in a way nobody has foreseen."""
    return shared / piece


def leave(_shared: object, _piece: object) -> None:
    """A piece that takes its worker with it."""
    os._exit(1)


def test_every_piece_is_done_once_and_its_worker_is_named(workers):
    done = list(workers.each(divide, 12, iter([1, 2, 3, 4, 6, 12])))
    assert sorted((one.place, one.result) for one in done) == list(
        enumerate([12.0, 6.0, 4.0, 3.0, 2.0, 1.0])
    )
    assert all(one.worker.startswith("tcp://") and one.seconds >= 0.0 for one in done)


def test_what_a_worker_refuses_is_told_as_if_it_had_been_refused_here(workers):
    with pytest.raises(InvalidInputError, match=r"^crp: 900 mg/L is too much$"):
        list(workers.each(refuse, None, [900]))


def test_a_fault_that_nobody_foresaw_is_one_sentence(workers):
    with pytest.raises(InvalidInputError, match=r"^dask worker: ZeroDivisionError\(.*PYTHONPATH"):
        list(workers.each(divide, 1, [0]))


def test_a_worker_with_other_code_is_refused_before_the_work(cluster, monkeypatch):
    monkeypatch.setattr(dask_engine, "facts", lambda: {"code": "0123"})
    with (
        pytest.raises(InvalidInputError, match=r"has code [0-9a-f]{64}, not 0123 as this process"),
        dask_workers(cluster.scheduler_address),
    ):
        pass


def test_no_scheduler_is_one_line(verb, ward_file, tmp_path):
    with socket.socket() as nobody:  # taken, and not listened at
        nobody.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{nobody.getsockname()[1]}"
        asked = ["--out", tmp_path / "b", "--engine", "dask", "--dask-scheduler", address]
        refused = verb("train", "--records", ward_file, *ASKED, *asked)
    assert refused.error == f"--dask-scheduler {address}: no scheduler answers within 15 s"


def test_a_scheduler_that_is_lost_is_one_sentence(monkeypatch):
    monkeypatch.setattr(dask_engine, "SECONDS_TO_ANSWER", 1)  # and to come back
    own = LocalCluster(
        n_workers=1,
        processes=False,
        protocol="tcp://",
        dashboard_address=":0",
        silence_logs="CRITICAL",
    )
    with own, dask_workers(own.scheduler_address) as workers:
        pieces = workers.each(divide, 1, iter([1] * 50))
        next(pieces)
        own.close()
        with pytest.raises(InvalidInputError, match="the dask scheduler was lost; the same"):
            list(pieces)


def test_a_worker_that_dies_of_a_piece_is_one_sentence(workers):
    with pytest.raises(InvalidInputError, match="workers were lost again and again"):
        list(workers.each(leave, None, [1]))


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (["--dask-scheduler", "h:1"], "argument --dask-scheduler: 'h:1' is no address; write"),
        (["--dask-scheduler", "tcp://h:1"], "--dask-scheduler: serves --engine dask alone"),
        (["--engine", "dask", "--start-from", "b"], "--start-from: has no choice of --engine"),
    ],
)
def test_flags_that_would_be_left_out_in_silence_are_refused(
    verb, ward_file, tmp_path, asked, told
):
    done = verb("train", "--records", ward_file, *ASKED, "--out", tmp_path / "b", *asked)
    assert done.error.startswith(told)


def test_a_local_run_imports_no_dask():
    code = (
        "import sys, training.dataset, training.fit, training.engine\n"
        "sys.exit(len({'dask', 'distributed'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
