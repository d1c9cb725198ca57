"""Runs in a real SQLite store: settings, figures, files, and the model answering elsewhere."""

import ast
import json
import math
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from enum import Enum
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
from training.engine import Cost, EngineChoice
from training.exit_status import exit_status
from training.tracking import pyfunc
from training.tracking.compared import COMPARED, COUNTS, compared_figures
from training.tracking.names import place_name, training_name
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


class Rank(Enum):
    FIRST = 1


@dataclass(frozen=True)
class Split:
    folds: int = 5


@dataclass(frozen=True)
class Config:
    seed: int = 1
    split: Split = Split()


def test_a_run_keeps_settings_files_and_the_defined_figures_that_are_compared(store, tmp_path):
    import mlflow

    nothing = {"value": None, "low": None, "high": None, "reason": "no event"}
    judged = {
        "counts": {"events": 3},
        "models": {
            "model": {"metrics": {"auroc": {"value": 0.9, "low": 0.8, "high": 0.95},
                                  "brier": {"value": 0.02, "low": 0.01, "high": 0.03},
                                  "log_loss": {"value": 0.05, "low": 0.04, "high": 0.06},
                                  "ici": nothing}},
            "persistence": {"metrics": {"auroc": {"value": 0.8, "low": 0.7, "high": 0.9}}},
            "sofa": {"metrics": {"auroc": {"value": 0.7, "low": 0.6, "high": 0.8}}}},
        "differences": {"persistence": {"auroc": {"value": 0.1, "low": None, "high": None}}},
        "events": {"budgets": {
            "1 alarm in 10 patient-days": {"models": {"model": {"lead_median": {
                "value": 30.5, "low": 20.0, "high": 40.0}}}, "differences": {}},
            "1 alarm in 5 patient-days": {"models": {"model": {"found": {
                "value": 0.5, "low": 0.4, "high": 0.6}}}, "differences": {}}}},
        "decisions": {"0.1": {"models": {"persistence": {"net_benefit": {
            "value": 0.004, "low": 0.001, "high": 0.007}}}, "differences": {}}},
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
    assert found.data.metrics == {
        "severe_crs/01_auroc": 0.9,
        "severe_crs/01_auroc_low": 0.8,
        "severe_crs/01_auroc_high": 0.95,
        "severe_crs/01_auroc_persistence": 0.8,
        "severe_crs/01_auroc_gain": 0.1,
        "severe_crs/06_lead_median_hours": 30.5,
        "severe_crs/09_brier": 0.02,
        "severe_crs/14_net_benefit_at_0.10_persistence": 0.004,
        "severe_crs/90_events": 3.0,
    }  # fmt: skip
    files = {entry.path for entry in mlflow.artifacts.list_artifacts(run_id=run.run_id)}
    assert files == {"figures", "metrics.json", "report.html", "report.json", "tables"}
    tables = mlflow.artifacts.list_artifacts(run_id=run.run_id, artifact_path="tables")
    assert [entry.path for entry in tables] == ["tables/counts.parquet"]
    assert mlflow.artifacts.load_dict(f"{found.info.artifact_uri}/metrics.json") == evaluation
    assert found.data.tags["mlflow.note.content"] == "severe_crs: no gain\n\ninfection: a gain"


def test_the_utility_of_the_challenge_is_compared_where_it_was_judged():
    judged = {"counts": {"rows": 9}, "models": {}, "differences": {}}
    ours, gap = ({"utility": {"value": v, "low": v - 0.1, "high": v + 0.1}} for v in (0.4, 0.25))
    evaluation = {
        "outcomes": {"infection": judged, "severe_crs": judged},
        "challenge_utility_intervals": {
            "models": {"model": ours, "persistence": gap}, "differences": {"persistence": gap}},
    }  # fmt: skip
    assert compared_figures(evaluation) == pytest.approx({
        "infection/15_challenge_utility": 0.4,
        "infection/15_challenge_utility_low": 0.3,
        "infection/15_challenge_utility_high": 0.5,
        "infection/15_challenge_utility_persistence": 0.25,
        "infection/15_challenge_utility_gain": 0.25,
        "infection/15_challenge_utility_gain_low": 0.15,
        "infection/15_challenge_utility_gain_high": 0.35,
        "infection/93_rows": 9.0,
        "severe_crs/93_rows": 9.0,
    })  # fmt: skip


def test_a_run_has_few_figures_and_the_most_important_comes_first():
    names = [f"{row.name}{part}" for row in COMPARED for part in row.parts]
    assert names[0] == min(names) == "01_auroc"
    assert [row.name for row in COMPARED] == sorted(row.name for row in COMPARED)
    assert 2 * (len(names) + len(COUNTS)) <= 150
    assert all(name > "infection/" for name in Cost().figures())  # what a run cost comes last


def test_settings_within_settings_and_choices_are_logged_flat(store):
    import mlflow

    with tracking("severe CRS", "engine") as run:
        run.log_settings({"engine": EngineChoice(), "rank": Rank.FIRST})
    assert mlflow.get_run(run.run_id).data.params == {
        "setting.engine.kind": "local",
        "setting.engine.scheduler": "none",
        "setting.engine.rows_at_once": "50000",
        "setting.rank": "1",
    }


def test_the_records_of_a_run_are_its_data_set_without_any_of_their_values(store, tmp_path):
    import mlflow

    records = tmp_path / "ward 3" / "records.csv"
    records.parent.mkdir()
    records.write_text("patient_id,time,code,numeric_value\nsecret,2026-01-01T08:00Z,crp,987654\n")
    with tracking("severe CRS", "first name") as run:
        run.rename("second name")
        run.log_records(records, "0123456789abcdef" * 4, "training")
    found = mlflow.get_run(run.run_id)
    assert found.info.run_name == "second name"
    (logged,) = found.inputs.dataset_inputs
    assert (logged.dataset.name, logged.dataset.digest) == (
        "ward 3/records.csv",
        "0123456789abcdef",
    )
    assert [tag.value for tag in logged.tags] == ["training"]
    assert json.loads(logged.dataset.source) == {"uri": str(records)}
    kept = f"{logged.dataset.schema}{logged.dataset.profile}"
    assert "secret" not in kept
    assert "987654" not in kept


def test_a_run_that_a_project_has_opened_keeps_the_name_that_it_was_given(store, monkeypatch):
    import mlflow

    opened = mlflow.MlflowClient().create_run("0", run_name="given")
    monkeypatch.setenv("MLFLOW_RUN_ID", opened.info.run_id)
    with tracking("severe CRS", "first name") as run:
        run.rename("second name")
    assert run.run_id == opened.info.run_id
    assert mlflow.get_run(run.run_id).info.run_name == "given"


@pytest.mark.parametrize(
    ("changed", "adapts", "name"),
    [
        ({}, False, "train ward/r.csv"),
        ({"outcomes": (Outcome.INFECTION, Outcome.SEVERE_CRS)}, False, "train ward/r.csv"),
        ({"outcomes": (Outcome.INFECTION,), "horizon": pd.Timedelta("48h")}, False,
         "train ward/r.csv infection 48h"),
        ({}, True, "adapt to ward/r.csv"),
    ],
)  # fmt: skip
def test_a_run_is_named_by_its_records_and_what_is_not_the_default(changed, adapts, name):
    config = TrainingConfig(Path("ward/r.csv"), "table", Path("out"), **changed)
    assert training_name(config, adapts) == name


def test_a_folder_of_records_is_named_by_itself(tmp_path):
    (tmp_path / "mimic").mkdir()
    assert place_name(tmp_path / "mimic") == "mimic"


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
        "setting.bootstrap": "200", "setting.variants": "true", "setting.curve": "true",
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


def test_a_run_that_is_stopped_is_kept_as_killed(store, capsys):
    import mlflow

    begun = []

    def work():
        with tracking("severe CRS", "stopped") as run:
            begun.append(run.run_id)
            signal.raise_signal(signal.SIGTERM)

    assert exit_status(work) == 143
    assert mlflow.get_run(begun[0]).info.status == "KILLED"
    assert capsys.readouterr().err == "stopped: SIGTERM\n"


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
