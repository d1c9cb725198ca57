"""A real MLflow store in a SQLite file, with one registered run."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from models.bundle import Bundle, save_bundle
from training.track import tracking


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
