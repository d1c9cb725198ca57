"""The commands of a data scientist run in this process, records on disk, a real MLflow store."""

from collections.abc import Callable, Iterable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path

import pandas as pd
import pytest

from models.bundle import Bundle, save_bundle
from training.__main__ import main
from training.tracking.runs import tracking


@dataclass(frozen=True)
class Answer:
    """What a command gave back: its exit status and its two streams."""

    status: int
    printed: str
    complained: str

    @property
    def error(self) -> str:
        """The one line that says what is wrong; fails unless the command refused so."""
        assert self.status == 2, self
        assert "Traceback" not in self.complained
        lines = [line for line in self.complained.splitlines() if "error: " in line]
        assert len(lines) == 1, self.complained
        assert self.complained.endswith(lines[0] + "\n")
        return lines[0].partition("error: ")[2]


@pytest.fixture(scope="session")
def verb() -> Callable[..., Answer]:
    """Runs `python -m training` with these words."""

    def run(*words: object) -> Answer:
        printed, complained = StringIO(), StringIO()
        with redirect_stdout(printed), redirect_stderr(complained):
            try:
                status = main([str(word) for word in words])
            except SystemExit as leaving:  # argparse refuses flags in this way
                status = leaving.code
        return Answer(status, printed.getvalue(), complained.getvalue())

    return run


@pytest.fixture(scope="session")
def write_records() -> Callable[[Path, Iterable[tuple]], Path]:
    """Writes (patient, hour or None, code, value, unit) as a records table in CSV."""

    def write(path: Path, lines: Iterable[tuple]) -> Path:
        start = pd.Timestamp("2026-03-01T06:00Z")
        rows = [
            (patient, "" if hour is None else (start + pd.Timedelta(hours=hour)).isoformat(), *rest)
            for patient, hour, *rest in lines
        ]
        names = ["patient_id", "time", "code", "numeric_value", "unit"]
        pd.DataFrame(rows, columns=names).to_csv(path, index=False)
        return path

    return write


@pytest.fixture(scope="session")
def another_bundle(ward_bundle: Bundle) -> Callable[..., Path]:
    """Writes the same model with another card, and so of another version."""

    def write(folder: Path, outcomes: int = 2, **card: object) -> Path:
        models = dict(list(ward_bundle.models.items())[:outcomes])
        save_bundle(
            folder,
            ward_bundle.horizon_hours,
            replace(ward_bundle.card, **card),
            models,
            ward_bundle.reference,
            {"outcomes": {}},
            "# Model card\n",
        )
        return folder

    return write


@pytest.fixture(scope="module")
def store(tmp_path_factory, ward_bundle):
    """A store with one registered run; the working directory and the address are put back."""
    place = tmp_path_factory.mktemp("store")
    bundle = ward_bundle.folder
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{place / 'mlflow.db'}")
        with tracking("severe CRS", "first") as run:
            version = run.register(bundle)
        yield place, bundle, run, version


@pytest.fixture
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that does not answer is given up at once."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "5")
