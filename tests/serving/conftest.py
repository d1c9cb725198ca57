"""A real service for the tests: its own process, its own database file, real HTTP on loopback."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

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
    folder = tmp_path_factory.mktemp("bundle")
    (folder / "bundle.json").write_text("{}")
    return folder


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


@pytest.fixture
def run_audit(bundle_folder: Path):
    """Run `python -m serving audit ...` on a database file, in a process of its own."""

    def run(database: Path, *arguments: str) -> subprocess.CompletedProcess:
        command = [sys.executable, "-m", "serving", "audit", *arguments]
        command += ["--database", f"sqlite:///{database}"]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    return run
