"""Runs in a real SQLite store: settings, figures, files, and the model answering elsewhere."""

import ast
import json
import math
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest
from matplotlib.figure import Figure

import features
import models
from features.harmonise import harmonise
from features.outcomes import Outcome
from features.tables import InvalidInputError, InvalidTableError
from models.bundle import load_bundle
from models.predict import predict_rows
from training.config import TrainingConfig
from training.tracking import pyfunc
from training.tracking.flat import flat_metrics
from training.tracking.requirements import LOCK, NEEDED_TO_ANSWER, pinned_requirements
from training.tracking.runs import EXAMPLE, REGISTERED_NAME, tracking

AS_OF = "2026-01-02T09:00:00Z"


def test_the_logged_model_holds_no_pickle_and_no_compiled_file(store):
    place, _, _, _ = store
    files = [path for path in (place / "mlruns").rglob("*") if path.is_file()]
    logged = {path.relative_to(place).as_posix() for path in files}
    assert any(name.endswith("artifacts/bundle/severe_crs.ubj") for name in logged)
    assert any(name.endswith("code/models/predict.py") for name in logged)
    for path in files:
        assert path.suffix not in {".pkl", ".pickle", ".joblib", ".pyc", ".nbc", ".nbi"}, path
        # a pickle of protocol 2 or later starts with 0x80 and the protocol's number
        assert not (path.read_bytes()[:1] == b"\x80" and path.read_bytes()[1] <= 5), path


def test_the_model_answers_in_another_process_as_the_bundle_does_here(store, tmp_path):
    _, bundle, _, version = store
    EXAMPLE.to_json(tmp_path / "records.json", orient="records")
    script = (
        "import json, sys, warnings\n"
        "import mlflow, pandas as pd\n"
        f"model = mlflow.pyfunc.load_model('models:/{REGISTERED_NAME}/{version}')\n"
        "import features\n"
        "assert '/mlruns/' in features.__file__.replace('\\\\', '/'), features.__file__\n"
        "records = pd.read_json('records.json', orient='records', convert_dates=False)\n"
        f"answer = model.predict(records, params={{'as_of': '{AS_OF}'}})\n"
        "assert not {'training', 'serving'} & set(sys.modules)\n"
        "answer.to_json('answer.json', orient='records', double_precision=15)\n"
    )
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment |= {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
    done = subprocess.run(
        [sys.executable, "-I", "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    theirs = json.loads((tmp_path / "answer.json").read_text())
    moment = pd.DataFrame({"patient_id": ["invented"], "as_of": [pd.Timestamp(AS_OF)]})
    events = harmonise(pyfunc.records_of(EXAMPLE)).events
    ours = predict_rows(load_bundle(bundle), events, moment)
    assert len(theirs) == len(ours) == 2
    for line, expected in zip(theirs, ours.to_dict("records"), strict=True):
        for name in ("outcome", "verdict", "tier", "model_version", "at_risk"):
            assert line[name] == expected[name]
        for name in ("risk", "risk_low", "risk_high"):
            assert line[name] == pytest.approx(expected[name], abs=1e-14)
        assert line["contributions"] == pytest.approx(expected["contributions"], abs=1e-12)


def test_the_shipped_code_imports_only_what_is_required(store):
    names = {"scikit-learn": "sklearn"}
    required = {names.get(name, name) for name in NEEDED_TO_ANSWER}
    files = [Path(pyfunc.__file__)]
    for package in (features, models):
        files += Path(package.__file__).parent.rglob("*.py")
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported = {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported = {str(node.module).partition(".")[0]}
            else:
                continue
            unmet = imported - required - {"features", "models"} - set(sys.stdlib_module_names)
            assert not unmet, f"{file.name}: {unmet}"


def test_requirements_are_those_of_the_lock():
    pinned = dict(line.split("==") for line in pinned_requirements(LOCK))
    assert list(pinned) == list(NEEDED_TO_ANSWER)
    for name, version in pinned.items():
        assert f"\n{name}=={version} " in LOCK.read_text(encoding="utf-8")


def test_a_lock_without_a_needed_library_is_refused(tmp_path):
    lock = tmp_path / "requirements.lock"
    lock.write_text("numpy==2.4.6 \\\n")
    with pytest.raises(InvalidInputError, match=r"requirements\.lock: no version of mlflow"):
        pinned_requirements(lock)


def test_tracking_in_a_new_store_prints_nothing(tmp_path):
    script = (
        "from training.release.ledger_store import read_ledger\n"
        "from training.tracking.runs import tracking\n"
        "with tracking('new', 'run') as run:\n"
        "    run.log_settings({'seed': 1})\n"
        "read_ledger()\n"
    )
    root = Path(pyfunc.__file__).parents[2]
    environment = os.environ | {"PYTHONPATH": str(root)}
    environment["MLFLOW_TRACKING_URI"] = f"sqlite:///{tmp_path / 'new.db'}"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@dataclass(frozen=True)
class Split:
    folds: int = 5


@dataclass(frozen=True)
class Config:
    seed: int = 1
    split: Split = Split()


def test_a_run_keeps_settings_figures_files_and_every_defined_figure(store, tmp_path):
    import mlflow

    nothing = {"value": None, "low": None, "high": None, "reason": "no event"}
    judged = {
        "counts": {"events": 3},
        "models": {"model without grade": {"metrics": {
            "auroc": {"value": 0.9, "low": 0.8, "high": 0.95, "reason": None}, "ici": nothing}}},
        "differences": {"persistence": {"auroc": {"value": 0.1, "low": None, "high": None}}},
    }  # fmt: skip
    evaluation = {"outcomes": {"severe_crs": judged | {"strata": {"grade": {"2": judged}}}}}
    (tmp_path / "tables").mkdir()
    for name in ("report.html", "report.json", "metrics.json", "tables/counts.parquet"):
        (tmp_path / name).write_text("written by the report")
    with tracking("severe CRS", "logged") as run:
        run.log_settings(Config())
        run.log_evaluation(evaluation)
        run.log_figures({"roc": Figure()})
        run.log_report(tmp_path)
        run.describe(["severe_crs: no gain", "infection: a gain"])
    found = mlflow.get_run(run.run_id)
    assert found.info.status == "FINISHED"
    assert found.data.params == {"setting.seed": "1", "setting.split.folds": "5"}
    assert found.data.metrics == flat_metrics(evaluation) == {
        "severe_crs/counts/events": 3.0,
        "severe_crs/model_without_grade/auroc": 0.9,
        "severe_crs/model_without_grade/auroc/low": 0.8,
        "severe_crs/model_without_grade/auroc/high": 0.95,
        "severe_crs/model_minus_persistence/auroc": 0.1,
        "severe_crs/grade_2/counts/events": 3.0,
        "severe_crs/grade_2/model_without_grade/auroc": 0.9,
        "severe_crs/grade_2/model_minus_persistence/auroc": 0.1,
    }  # fmt: skip
    files = {entry.path for entry in mlflow.artifacts.list_artifacts(run_id=run.run_id)}
    assert files == {"figures", "metrics.json", "report.html", "report.json", "tables"}
    tables = mlflow.artifacts.list_artifacts(run_id=run.run_id, artifact_path="tables")
    assert [entry.path for entry in tables] == ["tables/counts.parquet"]
    assert mlflow.artifacts.load_dict(f"{found.info.artifact_uri}/metrics.json") == evaluation
    assert found.data.tags["mlflow.note.content"] == "severe_crs: no gain\n\ninfection: a gain"


def test_settings_are_logged_as_a_user_types_them(store):
    import mlflow

    config = TrainingConfig(Path("ward.csv"), "table", Path("bundle"), tuple(Outcome))
    with tracking("severe CRS", "settings") as run:
        run.log_settings(config)
    logged = mlflow.get_run(run.run_id).data.params
    assert logged == {
        "setting.records": "ward.csv", "setting.format": "table", "setting.out": "bundle",
        "setting.outcomes": "severe_crs,infection", "setting.every": "24h",
        "setting.horizon": "24h", "setting.learn_every": "1h", "setting.experiment": "crs-risk",
        "setting.seed": "0", "setting.folds": "5", "setting.repeats": "auto",
        "setting.bootstrap": "200", "setting.variants": "true",
        "setting.outcomes_from": "documented",
        "setting.accept_leaks": "false", "setting.calibration": "logistic",
        "setting.weights": "none", "setting.trials": "0", "setting.minutes": "none",
        "setting.prices.anti_il6_dose": "none", "setting.prices.monitored_day": "none",
        "setting.prices.bed_day": "none", "setting.prices.doses_per_alarm": "1.0",
        "setting.prices.most_doses_per_patient": "4.0",
        "setting.prices.monitored_days_per_alarm": "1.0",
        "setting.prices.bed_days_per_alarm": "1.0", "setting.prices.sources": "",
    }  # fmt: skip


def test_run_and_version_are_found_by_what_was_learnt_from_whom(store, ward_bundle):
    import mlflow

    with tracking("severe CRS", "tagged") as run:
        number = run.register(ward_bundle.folder, format="meds")
    facts = {
        "bundle_version": ward_bundle.version,
        "virtual": "true",
        "outcomes": "severe_crs,infection",
        "outcomes_from": "documented",
        "patients": "80",
        "learnt_from": "80 drawn patients",
        "format": "meds",
    }
    version = mlflow.MlflowClient().get_model_version(REGISTERED_NAME, number)
    assert dict(version.tags) == facts
    assert facts.items() <= mlflow.get_run(run.run_id).data.tags.items()


def test_a_run_that_breaks_is_kept_as_failed(store):
    import mlflow

    with pytest.raises(ZeroDivisionError), tracking("severe CRS", "broken") as run:
        1 / 0  # noqa: B018
    assert mlflow.get_run(run.run_id).info.status == "FAILED"


# The model's own reading of its input ----------------------------------------------------------


def test_records_are_typed_and_their_times_keep_their_moment():
    table = EXAMPLE.assign(time="2026-01-01T10:00:00+02:00")
    records = pyfunc.records_of(table)
    assert (records["time"] == pd.Timestamp("2026-01-01T08:00:00Z")).all()
    assert str(records["time"].dtype) == "datetime64[us, UTC]"
    assert records["result_time"].isna().all()
    assert records["numeric_value"].tolist() == EXAMPLE["numeric_value"].tolist()
    zoned = EXAMPLE.assign(time=pd.to_datetime(EXAMPLE["time"]).dt.tz_convert("Europe/Berlin"))
    again = pyfunc.records_of(zoned)
    pd.testing.assert_frame_equal(again, pyfunc.records_of(EXAMPLE))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda table: table.drop(columns="code"), r"column missing: code"),
        (lambda table: table.assign(time="2026-01-01T08:00:00"), "time: a time has no zone"),
        (lambda table: table.assign(time="secret"), "time: a value is no ISO 8601 time"),
        (lambda table: table.assign(numeric_value="secret"), "numeric_value: a value is no number"),
    ],
)
def test_input_that_cannot_be_read_is_refused_without_repeating_it(spoil, words):
    with pytest.raises(InvalidTableError, match=words) as refusal:
        pyfunc.records_of(spoil(EXAMPLE))
    assert "secret" not in str(refusal.value)


def test_without_a_moment_each_patient_is_asked_at_the_last_known_time(ward_bundle):
    second = EXAMPLE.assign(patient_id="another").head(2)
    model = pyfunc.BundleModel()
    model.bundle = ward_bundle
    answer = model.predict(None, pd.concat([EXAMPLE, second]))
    moments = dict(zip(answer["patient_id"], answer["as_of"], strict=True))
    assert moments == {
        "invented": pd.Timestamp("2026-01-02T08:00:00Z"),
        "another": pd.Timestamp("2026-01-01T08:00:00Z"),
    }
    assert math.isfinite(answer["risk"].sum())
