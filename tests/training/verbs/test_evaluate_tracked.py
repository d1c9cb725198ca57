"""An evaluation is a run of its own, found by the bundle that was judged."""

import json

import numpy as np
import pandas as pd
import pytest

from training.__main__ import main
from training.leaks.known_again import NOTHING_KEPT


@pytest.fixture
def judge(ward_bundle, tmp_path, monkeypatch, capsys):
    """Evaluates the ward's bundle on records; gives what was printed."""
    monkeypatch.chdir(tmp_path)
    store = f"sqlite:///{tmp_path / 'mlflow.db'}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store)

    def run(records, *more):
        records.to_parquet(tmp_path / "records.parquet")
        asked = ["evaluate", "--model", str(ward_bundle.folder), "--records", "records.parquet"]
        asked += ["--format", "table", "--bootstrap", "40", "--out", "judged"]
        assert main([*asked, *more]) == 0
        return capsys.readouterr().out

    return run


@pytest.mark.parametrize("with_events", [True, False])
def test_an_evaluation_is_logged_with_its_figures_and_the_bundle_it_judged(
    judge, ward_records, ward_bundle, with_events, tmp_path
):
    import mlflow

    calm = ~ward_records["code"].isin(["crs_grade", "infection_onset"])
    printed = judge(ward_records if with_events else ward_records[calm])
    run = mlflow.get_run(printed.partition("tracked as run ")[2].strip())
    assert run.info.status == "FINISHED"
    expected = {
        "kind": "evaluation", "bundle_version": ward_bundle.version, "judged": NOTHING_KEPT,
        "virtual": "true", "outcomes": "severe_crs,infection",
    }  # fmt: skip
    assert expected.items() <= run.data.tags.items()
    assert run.data.params["setting.every"] == "24h"
    assert run.data.params["setting.records"] == "records.parquet"
    assert run.info.run_name == (
        f"evaluate {tmp_path.name}/records.parquet by bundle {ward_bundle.version[:8]}"
    )
    (used,) = run.inputs.dataset_inputs
    assert used.dataset.name == f"{tmp_path.name}/records.parquet"
    events = run.data.metrics["severe_crs/90_events"]
    assert (events > 0) == with_events
    assert ("severe_crs/01_auroc" in run.data.metrics) == with_events
    logged = {file.path for file in mlflow.artifacts.list_artifacts(run_id=run.info.run_id)}
    expected = {"metrics.json", "report.html", "report.json", "source_attributes.json", "tables"}
    assert expected <= logged
    assert "finding.severe_crs" in run.data.tags


def test_without_tracking_nothing_is_logged(judge, ward_records, tmp_path):
    assert "tracked" not in judge(ward_records, "--no-track")
    assert {path.name for path in tmp_path.iterdir()} == {"records.parquet", "judged"}


def test_an_evaluation_shows_what_moved_the_risks_and_what_fifty_patients_mend(
    judge, ward_records, ward_bundle, tmp_path
):
    judge(ward_records, "--no-track")
    shares = pd.read_parquet(tmp_path / "judged" / "tables" / "importance.parquet")
    assert set(shares["outcome"]) == {str(outcome) for outcome in ward_bundle.models}
    summed = shares.groupby("outcome")["share"].sum()
    np.testing.assert_allclose(summed, 1.0)
    page = (tmp_path / "judged" / "report.html").read_text("utf-8")
    assert "mean absolute value over rows" in page
    evaluation = json.loads((tmp_path / "judged" / "metrics.json").read_text("utf-8"))
    repair = evaluation["outcomes"]["severe_crs"]["repair"]
    assert repair["reason"] is None
    assert repair["draws_used"] > 0
