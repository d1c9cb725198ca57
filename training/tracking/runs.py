"""Runs in MLflow: what was set, what came out, and the model, logged as code and files.

A model is never logged as a pickle. `tracker.py` knows the store, `release/` what was released.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

import features
import models
from features.tables import RECORD_COLUMNS
from models.bundle import METRICS, Bundle, load_bundle
from training.folders import TABLES_FOLDER
from training.tracking.compared import compared_figures
from training.tracking.flat import flat_settings
from training.tracking.names import place_name
from training.tracking.requirements import LOCK, pinned_requirements
from training.tracking.tracker import (
    TrackerError,
    client,
    experiment_id,
    foreign_warnings,
    mlflow,
    told_plainly,
)

REGISTERED_NAME = "crs-risk"
DIGEST_TAG = "bundle_version"
RUN_OF_PROJECT = "MLFLOW_RUN_ID"
NOTE = "mlflow.note.content"
DATA_DIGEST = 16  # characters; MLflow keeps 36 at most

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
    """An open run of the tracker; what the store refuses is raised as TrackerError.

    `of_project`: `mlflow run` has opened it and named it, or its user has.
    """

    run_id: str
    of_project: bool = False

    def log_settings(self, settings: object) -> None:
        """Log a configuration (dataclass or mapping) under dotted names, readable.

        They stand under `setting.`, beside the parameters that `mlflow run` logs of itself.
        """
        named = {f"setting.{name}": value for name, value in flat_settings(settings).items()}
        with told_plainly():
            mlflow().log_params(named, run_id=self.run_id)

    def tag(self, tags: Mapping[str, str]) -> None:
        """Set tags, by which runs are found."""
        with told_plainly():
            for name, value in tags.items():
                client().set_tag(self.run_id, name, value)

    def rename(self, name: str) -> None:
        """Call the run so; a project's keeps its name."""
        if not self.of_project:
            with told_plainly():
                client().update_run(self.run_id, name=name)

    def log_records(self, records: Path, digest: str, use: str) -> None:
        """Name the records that were used: where they lie and the digest of their events.

        MLflow shows them as the run's data set; no value and no count of theirs goes there.
        """
        sources = import_module("mlflow.data.dataset_source_registry")
        place = sources.get_dataset_source_from_json(json.dumps({"uri": str(records)}), "local")
        named = import_module("mlflow.data.meta_dataset").MetaDataset(
            place, place_name(records), digest[:DATA_DIGEST]
        )
        with told_plainly():
            mlflow().log_input(named, context=use)

    def log_evaluation(self, evaluation: Mapping[str, Any]) -> None:
        """Log what runs are compared by as metrics, and the whole evaluation as metrics.json."""
        with told_plainly():
            mlflow().log_metrics(compared_figures(evaluation), run_id=self.run_id)
            mlflow().log_dict(evaluation, "metrics.json", run_id=self.run_id)

    def log_figures(self, figures: Mapping[str, Figure]) -> None:
        """Log figures as PNG files by their names."""
        with tempfile.TemporaryDirectory() as folder, told_plainly():
            for name, figure in figures.items():
                figure.savefig(Path(folder) / f"{name}.png", dpi=150, facecolor="white")
            mlflow().log_artifacts(folder, "figures", run_id=self.run_id)

    def log_report(self, folder: Path) -> None:
        """Log a report's page, its JSON files and its tables; metrics.json is the evaluation's."""
        with told_plainly():
            for path in sorted(folder.glob("*.*")):
                if path.name != METRICS:
                    mlflow().log_artifact(str(path), run_id=self.run_id)
            mlflow().log_artifacts(str(folder / TABLES_FOLDER), TABLES_FOLDER, run_id=self.run_id)

    def log_cost(self, figures: Mapping[str, float], shares: Sequence[Mapping[str, Any]]) -> None:
        """Log what the run's work has cost, and as engine.json who did how much of it."""
        with told_plainly():
            mlflow().log_metrics(dict(figures), run_id=self.run_id)
            mlflow().log_dict({"workers": list(shares)}, "engine.json", run_id=self.run_id)

    def describe(self, lines: Sequence[str]) -> None:
        """Show these lines at the top of the run's page in MLflow's own pages."""
        self.tag({NOTE: "\n\n".join(lines)})

    def register(self, folder: Path, **more_tags: str) -> str:
        """Log the bundle as a model of this run and register it; returns the version's number.

        Run and version are tagged with the bundle's facts and `more_tags`.
        """
        bundle = load_bundle(folder)
        tags = facts_of(bundle) | more_tags
        asked = client()
        with told_plainly():
            logged = _log_model(folder)
            if not asked.search_registered_models(f"name='{REGISTERED_NAME}'"):
                asked.create_registered_model(REGISTERED_NAME)
            version = asked.create_model_version(
                REGISTERED_NAME,
                logged.model_uri,
                run_id=self.run_id,
                tags=tags,
                model_id=logged.model_id,
            )
        self.tag(tags)
        return str(version.version)


def facts_of(bundle: Bundle) -> dict[str, str]:
    """What a registry is searched by: the bundle's version, and from whom it learnt what."""
    return {
        DIGEST_TAG: bundle.version,
        "virtual": str(bundle.card.virtual).lower(),
        "outcomes": ",".join(bundle.outcomes),
        "outcomes_from": str(bundle.outcomes_from),
        "patients": str(bundle.card.patients),
        "learnt_from": bundle.card.learnt_from,
    }


@contextmanager
def tracking(experiment: str, run_name: str) -> Iterator[Run]:
    """An open run in the store that MLFLOW_TRACKING_URI names, by default mlflow.db here.

    The run ends as finished, as killed when it was stopped (Ctrl-C, SIGTERM), or as failed when the
    block raises.

    Raises:
        TrackerError: the store cannot be used, or fails later.
    """
    with told_plainly():
        run = _started(experiment, run_name)
    try:
        yield run
    except BaseException as fault:
        ended = "KILLED" if isinstance(fault, KeyboardInterrupt) else "FAILED"
        with suppress(TrackerError), told_plainly():  # the first fault is the one to tell
            mlflow().end_run(ended)
        raise
    with told_plainly():
        mlflow().end_run()


def _started(experiment: str, run_name: str) -> Run:
    if RUN_OF_PROJECT in os.environ:  # `mlflow run` has opened a run, in the experiment it was told
        return Run(str(mlflow().start_run().info.run_id), of_project=True)
    place = experiment_id(experiment)
    return Run(str(mlflow().start_run(experiment_id=place, run_name=run_name).info.run_id))


def _log_model(bundle: Path) -> Any:
    # MLflow keeps an artifact under its folder's own name, and `fetch` asks for "bundle"
    with tempfile.TemporaryDirectory() as folder, foreign_warnings():
        return mlflow().pyfunc.log_model(
            name=REGISTERED_NAME,
            python_model=str(Path(__file__).parent / "pyfunc.py"),
            artifacts={"bundle": str(shutil.copytree(bundle, Path(folder) / "bundle"))},
            code_paths=[str(Path(str(code.__file__)).parent) for code in (features, models)],
            signature=_signature(),
            input_example=EXAMPLE,
            pip_requirements=pinned_requirements(LOCK),
        )


def _signature() -> Any:
    """Names of the columns without types: MLflow's type errors would repeat patients' values."""
    types = import_module("mlflow.types.schema")
    columns = [types.ColSpec(types.AnyType(), name, required=False) for name in RECORD_COLUMNS]
    return import_module("mlflow.models").ModelSignature(
        inputs=types.Schema(columns),
        params=types.ParamSchema([types.ParamSpec("as_of", "string", "")]),
    )
