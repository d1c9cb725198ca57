"""A real MLflow store with a few tiny models registered; each test works on a copy of its own."""

import hashlib
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from features.outcomes import Outcome, OutcomeSource
from models.bundle import Bundle, OutcomeModel, save_bundle
from models.calibration import straight
from training.release.frozen import FrozenSet, open_frozen
from training.release.promotion import promote
from training.release.request import Decision, Request
from training.tracking.runs import DIGEST_TAG, REGISTERED_NAME
from training.tracking.tracker import client

NAMES = ("good", "same", "worse", "biased", "real", "one_outcome", "far")


@dataclass(frozen=True)
class Store:
    """A store on disk: its database, the run of each model by name, and where its files lie."""

    database: Path
    runs: Mapping[str, str]
    files: Mapping[str, Path]

    def promote(self, name: str, alias: str = "champion", **asked: object) -> Decision:
        """Promote a model by its name here; without an evaluation, where nothing else is said."""
        if "frozen" not in asked and alias == "champion":
            asked = {"without_evaluation": "a test"} | asked
        return promote(Request(self.runs[name], alias, by="tester", **asked))


@pytest.fixture(scope="session")
def models_by_name(ward_bundle: Bundle, tmp_path_factory) -> dict[str, Path]:
    """Folders of bundles: the same model twice, one that takes infection for severe CRS, one with a
    bias, one said to be learnt from real patients, one that answers severe CRS alone, one that
    looks 48 h ahead and takes derived outcomes."""
    place, good = tmp_path_factory.mktemp("bundles"), dict(ward_bundle.models)
    crs, infection = good[Outcome.SEVERE_CRS], good[Outcome.INFECTION]
    kept = crs.calibration
    shifted = straight(kept.slope, kept.intercept + 3.0, kept.covariance, kept.folds)
    biased = replace(crs, calibration=shifted)
    mixed_up = replace(crs, risk=infection.risk, calibration=infection.calibration)
    variants: dict[str, tuple[dict[Outcome, OutcomeModel], dict]] = {
        "good": (good, {}),
        "same": (good, {"seed": 1}),
        "worse": ({Outcome.SEVERE_CRS: mixed_up, Outcome.INFECTION: infection}, {}),
        "biased": (good | {Outcome.SEVERE_CRS: biased}, {}),
        "real": (good, {"virtual": False, "learnt_from": "81 patients, format meds"}),
        "one_outcome": ({Outcome.SEVERE_CRS: crs}, {}),
        "far": (good, {}),
    }
    for name, (models, card) in variants.items():
        save_bundle(
            place / name / "artifacts" / "bundle",
            48.0 if name == "far" else ward_bundle.horizon_hours,
            replace(ward_bundle.card, **card),
            models,
            ward_bundle.reference,
            {"outcomes": {}},
            "# Model card\n",
            OutcomeSource.DERIVED if name == "far" else OutcomeSource.DOCUMENTED,
        )
    return {name: place / name for name in variants}


@pytest.fixture(scope="session")
def registered(models_by_name, tmp_path_factory) -> Store:
    """A store in which every model is registered, in the order of `NAMES` from version 1."""
    database = tmp_path_factory.mktemp("template") / "mlflow.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{database}")
        asked = client()
        asked.create_registered_model(REGISTERED_NAME)
        experiment = asked.create_experiment("crs-risk")
        runs = {name: asked.create_run(experiment).info.run_id for name in NAMES}
        for name, run_id in runs.items():
            folder = models_by_name[name]
            tags = {DIGEST_TAG: digest_in(folder)}
            asked.create_model_version(REGISTERED_NAME, folder.as_uri(), run_id=run_id, tags=tags)
    return Store(database, runs, models_by_name)


def digest_in(folder: Path) -> str:
    manifest = folder / "artifacts" / "bundle" / "MANIFEST.sha256"
    return hashlib.sha256(manifest.read_bytes()).hexdigest()


@pytest.fixture
def store(registered: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The registered models in a store of this test's own; their files are shared."""
    database = tmp_path / "mlflow.db"
    shutil.copy(registered.database, database)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{database}")
    return Store(database, registered.runs, registered.files)


@pytest.fixture(scope="session")
def frozen_folder(verb: Callable, ward_file: Path, tmp_path_factory) -> Path:
    """The drawn ward, frozen by the command."""
    out = tmp_path_factory.mktemp("frozen") / "set"
    asked = ("--records", ward_file, "--format", "table", "--bootstrap", 40, "--by", "tester")
    done = verb("freeze", *asked, "--out", out)
    assert done.status == 0, done
    return out


@pytest.fixture(scope="session")
def frozen(frozen_folder: Path) -> FrozenSet:
    """The frozen ward, read."""
    return open_frozen(frozen_folder)
