"""Runs, models and promotions in MLflow: the only code that knows the tracker.

A model is logged as code and files, never as a pickle. Each promotion is a run of its own in the
ledger experiment, because MLflow does not keep which version was in use when.
"""

import logging
import os
import re
import shutil
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, is_dataclass
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

import features
import models
from features.tables import RECORD_COLUMNS, InvalidInputError
from models.bundle import InvalidBundleError, load_bundle

REGISTERED_NAME = "crs-risk"
DEFAULT_STORE = "sqlite:///mlflow.db"
LEDGER = "crs-risk promotions"
ALIASES = ("champion", "challenger")
DIGEST_TAG = "bundle_version"
LOCK = Path(__file__).parent.parent / "requirements.lock"
NEEDED_TO_ANSWER = (
    "mlflow", "numba", "numpy", "openpyxl", "pandas", "pyarrow", "scikit-learn", "scipy", "xgboost",
)  # fmt: skip
"""What `features`, `models` and `pyfunc.py` import: the requirements of the logged model."""

QUIET = {
    "DO_NOT_TRACK": "true",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_DISABLE_AGENT_HINT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_DISABLE_SCHEMA_DETAILS": "true",  # its schema errors would repeat patients' values
}
FOREIGN_WARNINGS = (
    r"The ``noload`` loader strategy is deprecated",  # MLflow's store, since SQLAlchemy 2.1
    r".*Any type hint is inferred as AnyType",  # MLflow of its own types, whenever imported
    r"Operation with range is deprecated",  # MLflow's input examples, since pandas 3.1
)
RUN_OF_PROJECT = "MLFLOW_RUN_ID"
METRICS_A_CALL = 1000  # MLflow's limit for one batch

EXAMPLE = pd.DataFrame(
    [
        ("invented", "2026-01-01T08:00:00Z", "teclistamab", 4.5, "mg"),
        ("invented", "2026-01-01T08:00:00Z", "crp", 12.0, "mg/L"),
        ("invented", "2026-01-02T08:00:00Z", "crp", 58.0, "mg/L"),
        ("invented", "2026-01-02T08:00:00Z", "temperature", 38.6, "Cel"),
    ],
    columns=["patient_id", "time", "code", "numeric_value", "unit"],
)
"""An invented patient: the input example that lies beside every logged model."""


@dataclass(frozen=True)
class Run:
    """An open run of the tracker."""

    run_id: str

    def log_settings(self, settings: object) -> None:
        """Log a configuration (dataclass or mapping), flattened to dotted names.

        They stand under `setting.`, beside the parameters that `mlflow run` logs of itself.
        """
        if is_dataclass(settings) and not isinstance(settings, type):
            settings = asdict(settings)
        if not isinstance(settings, Mapping):
            raise TypeError(f"settings are a dataclass or a mapping, not {type(settings).__name__}")
        _mlflow().log_params(flat({"setting": settings}, "."), run_id=self.run_id)

    def log_evaluation(self, evaluation: Mapping[str, Any]) -> None:
        """Log every defined figure under a flat name, and the whole evaluation as metrics.json."""
        named = sorted(flat_metrics(evaluation).items())
        for start in range(0, len(named), METRICS_A_CALL):
            _mlflow().log_metrics(dict(named[start : start + METRICS_A_CALL]), run_id=self.run_id)
        _mlflow().log_dict(evaluation, "metrics.json", run_id=self.run_id)

    def log_figures(self, figures: Mapping[str, Figure]) -> None:
        """Log figures as PNG files by their names."""
        with tempfile.TemporaryDirectory() as folder:
            for name, figure in figures.items():
                figure.savefig(Path(folder) / f"{name}.png", dpi=150, facecolor="white")
            self.log_folder(Path(folder), "figures")

    def log_file(self, path: Path) -> None:
        """Log one file, such as the report."""
        _mlflow().log_artifact(str(path), run_id=self.run_id)

    def log_folder(self, folder: Path, name: str) -> None:
        """Log a folder's files under `name`."""
        _mlflow().log_artifacts(str(folder), name, run_id=self.run_id)

    def register(self, bundle: Path) -> str:
        """Log the bundle as a model of this run and register it; returns the version's number."""
        digest = load_bundle(bundle).version
        mlflow = _mlflow()
        # MLflow keeps an artifact under its folder's own name, and `fetch` asks for "bundle"
        with tempfile.TemporaryDirectory() as folder, _foreign_warnings():
            logged = mlflow.pyfunc.log_model(
                name=REGISTERED_NAME,
                python_model=str(Path(__file__).parent / "pyfunc.py"),
                artifacts={"bundle": str(shutil.copytree(bundle, Path(folder) / "bundle"))},
                code_paths=[str(Path(str(code.__file__)).parent) for code in (features, models)],
                signature=_signature(),
                input_example=EXAMPLE,
                pip_requirements=pinned_requirements(LOCK),
            )
        client = mlflow.MlflowClient()
        if not client.search_registered_models(f"name='{REGISTERED_NAME}'"):
            client.create_registered_model(REGISTERED_NAME)
        version = client.create_model_version(
            REGISTERED_NAME,
            logged.model_uri,
            run_id=self.run_id,
            tags={DIGEST_TAG: digest},
            model_id=logged.model_id,
        )
        client.set_tag(self.run_id, DIGEST_TAG, digest)
        return str(version.version)


@contextmanager
def tracking(experiment: str, run_name: str) -> Iterator[Run]:
    """An open run in the store that MLFLOW_TRACKING_URI names, by default mlflow.db here.

    The run ends as finished, or as failed when the block raises.
    """
    mlflow = _mlflow()
    if RUN_OF_PROJECT in os.environ:  # `mlflow run` has opened a run, in the experiment it was told
        opened = mlflow.start_run()
    else:
        mlflow.set_experiment(experiment)
        opened = mlflow.start_run(run_name=run_name)
    with opened as run:
        yield Run(run.info.run_id)


def promote(run_id: str, alias: str) -> str:
    """Let `alias` name the model that the run registered, and write it into the ledger.

    Returns the version's number.

    Raises:
        InvalidInputError: no such alias, no model registered by that run, or its files changed.
    """
    if alias not in ALIASES:
        raise InvalidInputError(f"alias {alias!r}: one of {', '.join(ALIASES)} is needed")
    client = _mlflow().MlflowClient()
    versions = client.search_model_versions(f"name='{REGISTERED_NAME}' and run_id='{run_id}'")
    if not versions:
        raise InvalidInputError(f"run {run_id}: registered no model {REGISTERED_NAME}")
    version = max(versions, key=lambda found: int(found.version))
    with tempfile.TemporaryDirectory() as folder:
        digest = fetch(f"models:/{REGISTERED_NAME}/{version.version}", Path(folder) / "bundle")
    before = client.get_registered_model(REGISTERED_NAME).aliases.get(alias, "")
    client.set_registered_model_alias(REGISTERED_NAME, alias, version.version)
    _write_ledger(alias, version.version, str(before), run_id, digest)
    return str(version.version)


def promotions() -> pd.DataFrame:
    """The ledger, oldest first: time, alias, version, version before, run_id, bundle_version."""
    mlflow = _mlflow()
    columns = ["time", "alias", "version", "version_before", "run_id", DIGEST_TAG]
    experiment = mlflow.get_experiment_by_name(LEDGER)
    if experiment is None:
        return pd.DataFrame(columns=columns)
    entries = mlflow.search_runs(
        [experiment.experiment_id], order_by=["attributes.start_time ASC"], output_format="list"
    )
    return pd.DataFrame([entry.data.params for entry in entries], columns=columns)


def fetch(uri: str, out: Path) -> str:
    """Copy a bundle out of a store into the new folder `out`; returns the bundle's version.

    `uri` is `models:/NAME@ALIAS`, `models:/NAME/VERSION` or `runs:/RUN_ID`.

    Raises:
        InvalidInputError: another kind of address, nothing there, or `out` is not empty.
        InvalidBundleError: what lies there is no whole bundle, or not the one that was registered.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InvalidInputError(f"{out}: not an empty folder")
    mlflow = _mlflow()
    with tempfile.TemporaryDirectory() as folder:
        try:
            version = _model_version(uri)
            found = mlflow.artifacts.download_artifacts(
                artifact_uri=f"models:/{version.name}/{version.version}/artifacts/bundle",
                dst_path=folder,
            )
        except (mlflow.exceptions.MlflowException, OSError) as fault:
            raise InvalidInputError(f"{uri}: no such model in the tracking store") from fault
        digest = load_bundle(found).version
        registered = version.tags.get(DIGEST_TAG)
        if digest != registered:
            raise InvalidBundleError(f"{uri}: holds bundle {digest}, registered was {registered}")
        shutil.copytree(found, out, dirs_exist_ok=True)
    return digest


def _model_version(uri: str) -> Any:
    """The registry's entry behind an address."""
    client = _mlflow().MlflowClient()
    if by_alias := re.fullmatch(r"models:/([^/@]+)@([^/@]+)", uri):
        return client.get_model_version_by_alias(*by_alias.groups())
    if by_number := re.fullmatch(r"models:/([^/@]+)/(\d+)", uri):
        return client.get_model_version(*by_number.groups())
    if by_run := re.fullmatch(r"runs:/([0-9a-f]+)(?:/.*)?", uri):
        versions = client.search_model_versions(f"run_id='{by_run[1]}'")
        if versions:
            return max(versions, key=lambda found: int(found.version))
        raise InvalidInputError(f"{uri}: this run registered no model")
    raise InvalidInputError(
        f"{uri}: an address is models:/NAME@ALIAS, models:/NAME/VERSION or runs:/RUN_ID"
    )


def flat(nested: Mapping[str, Any], joint: str) -> dict[str, Any]:
    """A nested mapping with its names joined.

    >>> flat({"split": {"folds": 5}, "seed": 1}, ".")
    {'split.folds': 5, 'seed': 1}
    """
    found: dict[str, Any] = {}
    for name, value in nested.items():
        if isinstance(value, Mapping):
            found |= {f"{name}{joint}{inner}": deep for inner, deep in flat(value, joint).items()}
        else:
            found[str(name)] = value
    return found


def flat_metrics(evaluation: Mapping[str, Any]) -> dict[str, float]:
    """Defined figures by flat names.

    `severe_crs/model/auroc`, `.../auroc/low`, `.../high`, `severe_crs/counts/events`,
    `severe_crs/model_minus_persistence/auroc`, `severe_crs/grade_2/model/auroc`.
    """
    found: dict[str, float] = {}
    for outcome, judged in evaluation["outcomes"].items():
        found |= _flat_comparison(outcome, judged, with_intervals=True)
        for stratum, parts in judged.get("strata", {}).items():
            for value, part in parts.items():
                found |= _flat_comparison(
                    f"{outcome}/{stratum}_{value}", part, with_intervals=False
                )
    return {name.replace(" ", "_"): value for name, value in found.items()}


def _flat_comparison(
    place: str, judged: Mapping[str, Any], with_intervals: bool
) -> dict[str, float]:
    groups = {model: answer["metrics"] for model, answer in judged["models"].items()}
    groups |= {f"model_minus_{other}": gaps for other, gaps in judged["differences"].items()}
    found = {f"{place}/counts/{name}": float(count) for name, count in judged["counts"].items()}
    for group, figures in groups.items():
        for name, figure in figures.items():
            ends = (
                {"": "value", "/low": "low", "/high": "high"} if with_intervals else {"": "value"}
            )
            found |= {
                f"{place}/{group}/{name}{end}": figure[key]
                for end, key in ends.items()
                if figure[key] is not None
            }
    return found


def pinned_requirements(lock: Path) -> list[str]:
    """What a logged model needs, in the versions of the lock file.

    Raises:
        InvalidInputError: the lock lacks one of them.
    """
    pins = dict(re.findall(r"^([a-z0-9-]+)==([^ ;\\]+)", lock.read_text("utf-8"), re.MULTILINE))
    missing = [name for name in NEEDED_TO_ANSWER if name not in pins]
    if missing:
        raise InvalidInputError(f"{lock.name}: no version of {', '.join(missing)}")
    return [f"{name}=={pins[name]}" for name in NEEDED_TO_ANSWER]


def _write_ledger(alias: str, version: str, before: str, run_id: str, digest: str) -> None:
    mlflow = _mlflow()
    client = mlflow.MlflowClient()
    ledger = mlflow.get_experiment_by_name(LEDGER)
    place = ledger.experiment_id if ledger else client.create_experiment(LEDGER)
    entry = client.create_run(place, run_name=f"{alias} = version {version}")
    facts = {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "alias": alias,
        "version": str(version),
        "version_before": before,
        "run_id": run_id,
        DIGEST_TAG: digest,
    }
    for name, value in facts.items():
        client.log_param(entry.info.run_id, name, value)
    client.set_terminated(entry.info.run_id)


def _signature() -> Any:
    """Names of the columns without types: MLflow's type errors would repeat patients' values."""
    types = import_module("mlflow.types.schema")
    columns = [types.ColSpec(types.AnyType(), name, required=False) for name in RECORD_COLUMNS]
    return import_module("mlflow.models").ModelSignature(
        inputs=types.Schema(columns),
        params=types.ParamSchema([types.ParamSpec("as_of", "string", "")]),
    )


@contextmanager
def _foreign_warnings() -> Iterator[None]:
    """Warnings that others' code earns and we cannot mend, each named."""
    with warnings.catch_warnings():
        for message in FOREIGN_WARNINGS:
            warnings.filterwarnings("ignore", message=message)
        yield


def _mlflow() -> Any:
    """MLflow, silent and set to the store; imported on first use because that takes seconds."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    os.environ.setdefault("MLFLOW_TRACKING_URI", DEFAULT_STORE)
    with _foreign_warnings():
        mlflow = import_module("mlflow")
        for late in ("mlflow.pyfunc", "mlflow.store.tracking.sqlalchemy_store"):
            import_module(late)  # MLflow would import it in the middle of a later call
    for chatty in ("mlflow", "alembic"):  # their imports set levels of their own
        logging.getLogger(chatty).setLevel(logging.WARNING)
    return mlflow
