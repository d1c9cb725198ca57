"""The verb `train` from records to a tracked, registered bundle."""

import logging
import re

import pytest

from models.bundle import load_bundle
from training.__main__ import main
from training.words.gaps import Finding


@pytest.mark.parametrize("track", [True, False])
def test_training_leaves_a_bundle_a_report_and_a_run(
    ward_records, tmp_path, monkeypatch, capsys, caplog, track
):
    import mlflow

    caplog.set_level(logging.INFO, "training")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    ward_records.to_parquet("ward.parquet")
    asked = ["train", "--records", "ward.parquet", "--format", "table", "--out", "bundle"]
    asked += ["--outcome", "severe_crs", "--learn-every", "24h", "--repeats", "1", "--no-variants"]
    assert main(asked if track else [*asked, "--no-track"]) == 0
    printed = capsys.readouterr().out
    stages = re.findall(r"^(.*): (\d+) of \2 in \d+ s$", "\n".join(caplog.messages), re.MULTILINE)
    assert stages == [
        ("severe_crs: shuffled labels", "4"), ("severe_crs: model", "5"),
        ("rows and grades judged", "1"), ("alarms and strata judged", "1"),
        ("abstention and doubts judged", "1"), ("explanations", "1"), ("figures", "1"),
        ("report", "1"), *([("tracking", "1")] if track else []),
    ]  # fmt: skip
    assert len(caplog.messages) < 20  # what is printed at the end is not buried
    bundle = load_bundle("bundle")
    claimed, written, *_ = printed.splitlines()
    assert claimed.startswith("severe_crs: ")
    assert "today's grade and day alone" in claimed
    assert written == f"bundle {bundle.version} -> bundle"
    assert (tmp_path / "bundle-report/report.html").is_file()
    assert (tmp_path / "mlflow.db").exists() == track
    if not track:
        return
    run = mlflow.get_run(printed.partition("tracked as run ")[2].split()[0])
    assert run.info.status == "FINISHED"
    expected = {"kind": "training", "format": "table", "bundle_version": bundle.version,
                "outcomes": "severe_crs", "virtual": "false", "patients": "80"}  # fmt: skip
    assert expected.items() <= run.data.tags.items()
    assert run.data.params["setting.learn_every"] == "24h"
    assert run.info.run_name == (
        f"train {tmp_path.name}/ward.parquet severe_crs bundle {bundle.version[:8]}"
    )
    (used,) = run.inputs.dataset_inputs
    assert used.dataset.digest == bundle.card.data_digest[:16]
    assert run.data.params["setting.engine.kind"] == "local"
    assert len(run.data.metrics) <= 150
    assert "severe_crs/01_auroc" in run.data.metrics
    assert run.data.tags["mlflow.note.content"] == claimed
    assert run.data.tags["finding.severe_crs"] in set(Finding) - {Finding.UNKNOWN}
    logged = {file.path for file in mlflow.artifacts.list_artifacts(run_id=run.info.run_id)}
    assert {"report.html", "report.json", "metrics.json", "tripod.json", "source_attributes.json",
            "tables", "figures"} <= logged  # fmt: skip
    tables = mlflow.artifacts.list_artifacts(run_id=run.info.run_id, artifact_path="tables")
    assert "tables/importance.parquet" in {file.path for file in tables}
    page = (tmp_path / "bundle-report/report.html").read_text(encoding="utf-8")
    assert "Which values raise the risk of severe CRS" in page
    assert "these patients&#39; records are not public" in page
    assert "US HTI-1: 31 source attributes" in (bundle.folder / "MODEL_CARD.md").read_text("utf-8")
    assert main(["promote", run.info.run_id, "--alias", "champion"]) == 0
    assert main(["fetch", "--model", "models:/crs-risk@champion", "--out", "fetched"]) == 0
    assert load_bundle("fetched").version == bundle.version
