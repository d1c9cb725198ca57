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
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from models.bundle import Bundle
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

    def log_lines(self, at_least: int = 0) -> list[dict]:
        """The lines so far; a line is written just after its answer, so wait for `at_least`."""
        until = time.monotonic() + 10
        while len(lines := self.log.read_text().splitlines()) < at_least:
            assert time.monotonic() < until, f"{len(lines)} lines, {at_least} expected"
            time.sleep(0.01)
        return [json.loads(line) for line in lines]

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
def bundle(ward_bundle: Bundle) -> Bundle:
    """The bundle that the services of these tests answer with."""
    return ward_bundle


@pytest.fixture(scope="session")
def bundle_folder(bundle: Bundle) -> Path:
    return bundle.folder


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
