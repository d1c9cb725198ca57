"""A real service for the tests: its own process, its own database file, real HTTP on loopback."""

import io
import json
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import numpy as np
import pandas as pd
import pytest
import uvicorn
from fastapi import FastAPI

from features.declared import columns_of
from features.matrix import rows_from_records
from features.outcomes import Outcome
from models.bundle import Bundle, Card, OutcomeModel, TierThresholds, load_bundle, save_bundle
from models.calibration import fit_calibration
from models.explain import by_analyte
from models.reference import Reference, describe_analytes, describe_features
from models.risk import Recipe, fit_member, join_members
from serving.app import create_app
from serving.logs import LineFormatter
from serving.settings import read_settings

ROOT = Path(__file__).parents[2]


@dataclass
class RunningService:
    """A service in a process of its own."""

    process: subprocess.Popen
    client: httpx.Client
    database: Path
    log: Path

    def log_lines(self) -> list[dict]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(how)
        return self.process.wait(timeout=30)


@contextmanager
def running_service(
    bundle: Path, database: Path, *flags: str, **environment: str
) -> Iterator[RunningService]:
    """Start `python -m serving` on a free port, wait for its address, kill it at the end."""
    log = database.with_suffix(f".{os.urandom(3).hex()}.log")
    command = [sys.executable, "-W", "error", "-m", "serving", "--model", str(bundle)]
    command += ["--port", "0", "--database", f"sqlite:///{database}", *flags]
    with log.open("w") as errors:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=os.environ | environment,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    try:
        assert process.stdout is not None
        found = re.search(r"http://\S+", process.stdout.readline())
        assert found, log.read_text()
        with httpx.Client(base_url=found[0], timeout=60) as client:
            yield RunningService(process, client, database, log)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture(scope="session")
def bundle_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small bundle, fitted here on a few virtual patients."""
    folder = tmp_path_factory.mktemp("bundle")
    fit_small_bundle(folder / "bundle")
    return folder / "bundle"


@pytest.fixture
def fit_bundle():
    """Fit another small bundle into a folder."""
    return fit_small_bundle


def fit_small_bundle(folder: Path, seed: int = 7) -> str:
    """Fit both outcomes on forty patients whose CRP and temperature run with their risk."""
    rng = np.random.default_rng(seed)
    records = pd.concat([virtual_patient(f"v{n}", rng) for n in range(40)], ignore_index=True)
    columns = columns_of(("crp", "temperature", "platelets", "teclistamab"))
    rows = rows_from_records(records, pd.Timedelta("12h"), columns).rows
    models, analytes = {}, {}
    for outcome in Outcome:
        risky = rows["crp.last"].fillna(0).to_numpy() > (
            40 if outcome is Outcome.SEVERE_CRS else 60
        )
        label = (risky ^ (rng.random(len(rows)) < 0.1)).astype(float)
        models[outcome], analytes[str(outcome)] = fit_outcome(rows, label)
    card = Card("Learnt from 40 virtual patients.", True, 40, 12.0, "d" * 64, "c" * 64, seed, {})
    reference = Reference(describe_features(rows), analytes)
    return save_bundle(folder, 24.0, card, models, reference, {}, "# A model for tests\n")


def virtual_patient(name: str, rng: np.random.Generator) -> pd.DataFrame:
    """Five days of one patient: a dose, then CRP, temperature and platelets twice a day."""
    start = pd.Timestamp("2024-01-01T08:00:00Z")
    peak = rng.uniform(5, 200)
    lines = [(start, "teclistamab", 0.06, "mg/kg")]
    for hours in range(0, 121, 12):
        time = start + pd.Timedelta(hours=hours)
        surge = np.exp(-(((hours - 48) / 30) ** 2))
        lines += [
            (time, "crp", 3 + peak * surge, "mg/L"),
            (time, "temperature", 36.6 + 2.5 * surge * peak / 200 + rng.normal(0, 0.1), "Cel"),
            (time, "platelets", rng.uniform(60, 250), "10*9/L"),
        ]
    table = pd.DataFrame(lines, columns=["time", "code", "numeric_value", "unit"])
    table["time"] = table["time"].astype("datetime64[us, UTC]")
    never = pd.Series(pd.NaT, index=table.index, dtype="datetime64[us, UTC]")
    return table.assign(
        patient_id=name,
        text_value=pd.Series(None, index=table.index, dtype="str"),
        result_time=never,
        source="virtual",
    )


def fit_outcome(rows: pd.DataFrame, label: np.ndarray) -> tuple[OutcomeModel, dict]:
    """One outcome's committee of two, its calibration and the reference of its analytes."""
    recipe = Recipe(20, 0.1, 3, 1.0, 0.8, 0.8, 1.0, threads=1)
    names = list(rows.columns)
    members = [fit_member(rows, label, recipe, float(label.mean()), seed) for seed in (1, 2)]
    model = join_members(members, names)
    patients = rows.index.get_level_values("patient_id").to_numpy()
    calibration = fit_calibration(model.margin(rows), label, patients, folds=2)
    contributions = by_analyte(model.contributions(rows)[0], names)
    fitted = OutcomeModel(model, calibration, TierThresholds(0.1, 0.4))
    return fitted, describe_analytes(rows, contributions)


@pytest.fixture(scope="session")
def service(bundle_folder: Path, tmp_path_factory: pytest.TempPathFactory):
    """One service for the tests that leave it running."""
    database = tmp_path_factory.mktemp("service") / "audit.db"
    with running_service(bundle_folder, database) as running:
        yield running


@pytest.fixture
def start_service(bundle_folder: Path, tmp_path: Path):
    """Start services of one's own, on one database or several."""

    def start(name: str = "audit.db", *flags: str, **environment: str):
        return running_service(bundle_folder, tmp_path / name, *flags, **environment)

    return start


@dataclass
class ThreadService:
    """A service in a thread of the test's process: quick to start, real HTTP all the same."""

    client: httpx.Client
    database: Path
    logged: io.StringIO


@contextmanager
def thread_service(
    bundle: Bundle, database: Path, prepare: Callable[[FastAPI], object], **environment: str
) -> Iterator[ThreadService]:
    url = f"sqlite:///{database}"
    app = create_app(read_settings(environment, database_url=url), bundle)
    prepare(app)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
    logged = io.StringIO()
    handler = logging.StreamHandler(logged)
    handler.setFormatter(LineFormatter())
    root = logging.getLogger()
    root.addHandler(handler)
    logging.getLogger("serving").setLevel(logging.INFO)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        url = "http://{}:{}".format(*listening.getsockname())
        try:
            with httpx.Client(base_url=url, timeout=60) as client:
                client.get("/readyz").raise_for_status()  # waits until the model is warm
                yield ThreadService(client, database, logged)
        finally:
            server.should_exit = True
            thread.join()
            root.removeHandler(handler)


@pytest.fixture(scope="session")
def bundle(bundle_folder: Path) -> Bundle:
    return load_bundle(bundle_folder)


@pytest.fixture
def serve_here(bundle: Bundle, tmp_path: Path):
    """Serve from a thread of this process, on a database of one's own."""

    def serve(prepare: Callable[[FastAPI], object] = lambda app: None, **environment: str):
        return thread_service(bundle, tmp_path / "audit.db", prepare, **environment)

    return serve


@pytest.fixture
def run_audit(bundle_folder: Path):
    """Run `python -m serving audit ...` on a database file, in a process of its own."""

    def run(database: Path, *arguments: str) -> subprocess.CompletedProcess:
        command = [sys.executable, "-m", "serving", "audit", *arguments]
        command += ["--database", f"sqlite:///{database}"]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    return run
