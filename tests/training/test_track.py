"""The tracker against a real SQLite store: logged, registered, promoted, fetched, answered."""

import ast
import json
import math
import os
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import pytest
from matplotlib.figure import Figure

import features
import models
from features.harmonise import harmonise
from features.tables import InvalidInputError, InvalidTableError
from models.bundle import (
    InvalidBundleError,
    load_bundle,
    save_bundle,
)
from models.predict import predict_rows
from training import pyfunc
from training.track import (
    EXAMPLE,
    LOCK,
    NEEDED_TO_ANSWER,
    REGISTERED_NAME,
    fetch,
    flat_metrics,
    pinned_requirements,
    promote,
    promotions,
    tracking,
)

AS_OF = "2026-01-02T09:00:00Z"


def another_bundle(folder, bundle, seed):
    """The same model under another seed on its card, and so of another version."""
    card = replace(bundle.card, seed=seed)
    save_bundle(
        folder, bundle.horizon_hours, card, bundle.models, bundle.reference, {}, "# Model card\n"
    )
    return folder


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


def test_promotion_moves_the_alias_and_is_kept_in_the_ledger(store, ward_bundle, tmp_path):
    _, bundle, first, version = store
    assert promote(first.run_id, "champion") == version
    with tracking("severe CRS", "second") as second:
        second_version = second.register(another_bundle(tmp_path / "other", ward_bundle, seed=1))
    assert promote(second.run_id, "champion") == second_version
    assert promote(first.run_id, "champion") == version
    ledger = promotions()
    assert ledger["version"].tolist()[-3:] == [version, second_version, version]
    assert ledger["version_before"].tolist()[-2:] == [version, second_version]
    assert ledger["bundle_version"].iloc[-1] == load_bundle(bundle).version


@pytest.mark.parametrize(
    ("run_id", "alias", "words"),
    [("0" * 32, "champion", "registered no model"), ("0" * 32, "king", "alias 'king'")],
)
def test_a_promotion_that_cannot_be_is_refused(store, run_id, alias, words):
    with pytest.raises(InvalidInputError, match=words):
        promote(run_id, alias)


def test_a_bundle_is_fetched_whole_by_alias_number_and_run(store, tmp_path):
    _, bundle, run, version = store
    promote(run.run_id, "challenger")
    addresses = (
        f"models:/{REGISTERED_NAME}@challenger",
        f"models:/{REGISTERED_NAME}/{version}",
        f"runs:/{run.run_id}",
    )
    for number, address in enumerate(addresses):
        out = tmp_path / str(number)
        assert fetch(address, out) == load_bundle(bundle).version
        assert {path.name for path in out.iterdir()} == {path.name for path in bundle.iterdir()}
        assert load_bundle(out).version == load_bundle(bundle).version


@pytest.mark.parametrize(
    "uri", ["models:/nothing@champion", "models:/crs-risk/99", "runs:/" + "0" * 32, "s3://bucket"]
)
def test_an_address_without_a_model_is_refused_in_one_sentence(store, tmp_path, uri):
    with pytest.raises(InvalidInputError) as refusal:
        fetch(uri, tmp_path / "out")
    assert str(refusal.value).startswith(uri)
    assert not (tmp_path / "out").exists()


def test_tracking_in_a_new_store_prints_nothing(tmp_path):
    script = (
        "from training.track import promotions, tracking\n"
        "with tracking('new', 'run') as run:\n"
        "    run.log_settings({'seed': 1})\n"
        "promotions()\n"
    )
    root = Path(pyfunc.__file__).parent.parent
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


def test_nothing_is_fetched_over_something(store, tmp_path):
    (tmp_path / "kept.txt").write_text("kept")
    with pytest.raises(InvalidInputError, match="not an empty folder"):
        fetch(f"models:/{REGISTERED_NAME}/1", tmp_path)


def test_a_stored_bundle_that_was_replaced_by_another_whole_one_is_refused(
    store, ward_bundle, tmp_path
):
    place, _, _, _ = store
    with tracking("severe CRS", "replaced") as run:
        run.register(another_bundle(tmp_path / "honest", ward_bundle, seed=2))
    stored = max(place.rglob("artifacts/bundle/bundle.json"), key=lambda p: p.stat().st_mtime_ns)
    other = another_bundle(tmp_path / "swapped", ward_bundle, seed=3)
    for path in other.iterdir():
        (stored.parent / path.name).write_bytes(path.read_bytes())
    with pytest.raises(InvalidBundleError, match="registered was"):
        promote(run.run_id, "champion")


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
    report = tmp_path / "report.html"
    report.write_text("<p>report</p>")
    with tracking("severe CRS", "logged") as run:
        run.log_settings(Config())
        run.log_evaluation(evaluation)
        run.log_figures({"roc": Figure()})
        run.log_file(report)
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
    assert files == {"figures", "metrics.json", "report.html"}


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
        (lambda table: table.drop(columns="code"), r"column\(s\) code missing"),
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
