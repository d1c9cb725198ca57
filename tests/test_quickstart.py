"""The request of the quick start: what was known at the moment asked about, nothing missing."""

import json
import os
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import quickstart
from quickstart import command, patient_to_ask, records, request_record, risk_words

START = pd.Timestamp("2026-03-01T06:00Z")
HOUR = pd.Timedelta(hours=1)

WHOLE = {
    "patient_id": "virtual-000001",
    "time": START,
    "code": "LOINC//1988-5",
    "numeric_value": 12.5,
    "text_value": np.nan,
    "unit": "mg/L",
    "result_time": START + 2 * HOUR,
    "source": "records.parquet:1",
}
SENT = {
    "time": "2026-03-01T06:00:00+00:00",
    "code": "LOINC//1988-5",
    "value": 12.5,
    "unit": "mg/L",
    "result_time": "2026-03-01T08:00:00+00:00",
}


@pytest.mark.parametrize(
    ("changed", "sent"),
    [
        ({}, SENT),
        ({"result_time": pd.NaT}, {n: v for n, v in SENT.items() if n != "result_time"}),
        ({"unit": np.nan}, {n: v for n, v in SENT.items() if n != "unit"}),
        ({"unit": None}, {n: v for n, v in SENT.items() if n != "unit"}),
        ({"numeric_value": 0.0}, SENT | {"value": 0.0}),
        ({"numeric_value": np.nan, "text_value": "male"}, SENT | {"value": "male"}),
        ({"text_value": "<5", "numeric_value": 5.0}, SENT | {"value": 5.0}),
    ],
)
def test_a_record_is_sent_without_what_is_missing(changed, sent):
    assert request_record(WHOLE | changed) == sent


def test_a_static_fact_without_value_keeps_its_code_alone():
    bare = dict.fromkeys(WHOLE, np.nan) | {"code": "admission", "time": pd.NaT}
    bare["result_time"] = pd.NaT
    assert request_record(bare) == {"code": "admission"}


@pytest.fixture
def asked(tmp_path):
    """Predictions of three patients, their records, and the request made of them."""
    lines = [
        ("low", 24, "severe_crs", 0.1, True, "answer"),
        ("top", 24, "severe_crs", 0.2, True, "answer"),
        ("top", 48, "severe_crs", 0.6, True, "caution"),
        ("top", 72, "severe_crs", 0.5, True, "answer"),
        ("in", 24, "severe_crs", 0.9, False, "abstain"),  # in severe CRS already
        ("thin", 24, "severe_crs", 0.95, True, "abstain"),  # too little evidence
        ("low", 24, "infection", 0.99, True, "answer"),  # another question
    ]
    names = ["patient_id", "hour", "outcome", "risk", "at_risk", "verdict"]
    table = pd.DataFrame(lines, columns=names)
    table["as_of"] = START + table.pop("hour") * HOUR
    table.to_parquet(tmp_path / "predictions.parquet")
    rows = [
        ("top", None, "sex", np.nan, "male", None),
        ("top", 0, "teclistamab", 1.5, None, None),
        ("top", 40, "crp", 40.0, None, 47),  # known in time
        ("top", 47, "crp", 47.0, None, 49),  # taken in time, known too late
        ("top", 48, "temperature", 39.0, None, None),  # just now
        ("top", 49, "temperature", 40.0, None, None),  # later
        ("low", 40, "crp", 1.0, None, None),
    ]
    at = [
        [pd.NaT if hour is None else START + hour * HOUR for hour in hours]
        for hours in ([row[1] for row in rows], [row[5] for row in rows])
    ]
    cohort = pd.DataFrame(
        {
            "patient_id": [row[0] for row in rows],
            "time": pd.Series(at[0], dtype="datetime64[us, UTC]"),
            "code": [row[2] for row in rows],
            "numeric_value": [row[3] for row in rows],
            "text_value": [row[4] for row in rows],
            "unit": None,
            "result_time": pd.Series(at[1], dtype="datetime64[us, UTC]"),
        }
    )
    cohort.to_parquet(tmp_path / "records.parquet")
    return patient_to_ask(tmp_path / "predictions.parquet", tmp_path)


def test_the_highest_risk_that_the_model_answers_about_is_asked(asked):
    assert asked["patient_id"] == "top"
    assert asked["as_of"] == "2026-03-03T06:00:00+00:00"


def test_only_what_was_known_then_is_sent(asked):
    sent = [(record["code"], record.get("value")) for record in asked["records"]]
    assert sent == [("sex", "male"), ("teclistamab", 1.5), ("crp", 40.0), ("temperature", 39.0)]
    assert "time" not in asked["records"][0]


def test_the_request_is_plain_json_without_nan(asked):
    assert json.loads(json.dumps(asked, allow_nan=False)) == asked


def test_the_records_of_a_cohort_are_named_by_their_file(tmp_path):
    path = str(tmp_path / "records.parquet")
    assert records(tmp_path) == ("--records", path, "--format", "table")


def test_a_command_that_fails_ends_the_quick_start_with_its_status(capfd, monkeypatch):
    monkeypatch.chdir(Path(__file__).parents[1])
    with pytest.raises(SystemExit) as leaving:
        command("training", "ingest", "--records", "nowhere", "--format", "table", "--out", "x")
    assert leaving.value.code == 2
    shown = capfd.readouterr()
    assert shown.out == ("$ python -m training ingest --records nowhere --format table --out x\n")
    assert "error: nowhere: no such file or directory" in shown.err


def test_a_risk_in_words_carries_its_interval_and_verdict():
    found = {"risk": 0.1234, "interval": (0.05, 0.3), "tier": "elevated", "verdict": "caution"}
    found |= {"tier_from": {"elevated": 0.1, "high": 0.2}}
    assert risk_words(found) == "12.3% (5.0% to 30.0%), elevated (high from 20.0%), caution"
    assert risk_words(found | {"risk": None}) == "cannot say"


def test_the_quick_start_runs_the_interpreter_that_runs_it(monkeypatch):
    seen = []

    def run(words, **_):
        seen.extend(words)
        return quickstart.subprocess.CompletedProcess(words, 0, stdout="done\n")

    monkeypatch.setattr(quickstart.subprocess, "run", run)
    assert command("training", "simulate") == "done\n"
    assert seen == [sys.executable, "-m", "training", "simulate"]


def test_the_quick_start_keeps_to_a_store_of_its_own(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    hospital = f"sqlite:///{tmp_path / 'mlflow.db'}"
    theirs = {
        "MLFLOW_TRACKING_URI": hospital,
        "MLFLOW_REGISTRY_URI": hospital,
        "MLFLOW_RUN_ID": "0" * 32,
        "CRS_RISK_DATABASE_URL": f"sqlite:///{tmp_path / 'audit.db'}",
        "CRS_RISK_AUTH": "token",
    }
    for name, value in theirs.items():
        monkeypatch.setenv(name, value)
    quickstart.make_room()
    quickstart.own_store()
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    script = (
        "from training.tracking.runs import tracking\n"
        "with tracking('severe CRS', 'first') as run:\n    run.log_settings({'seed': 1})\n"
    )
    quickstart.subprocess.run([sys.executable, "-c", script], check=True)
    left = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.db")}
    assert left == {"build/quickstart/mlflow.db"}
    assert capfd.readouterr().out == f"$ export MLFLOW_TRACKING_URI={quickstart.TRACKING}\n"
    assert not [name for name in os.environ if name.startswith("CRS_RISK_")]


def test_an_earlier_run_is_replaced_and_this_is_said(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    quickstart.make_room()
    (quickstart.PLACE / "audit.db").write_text("earlier")
    quickstart.make_room()
    assert not list(quickstart.PLACE.iterdir())
    assert capfd.readouterr().out == "build/quickstart of an earlier run is replaced\n"
