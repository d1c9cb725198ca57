"""Every command on a small virtual ward, from simulated records to a released model's answers."""

import json
import math
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from features.readers.physionet2019 import MEASURED_COLUMNS
from models.bundle import load_bundle
from training.leaks.known_again import OTHERS, THE_SAME
from training.release.ledger_store import read_ledger
from training.words.names import outcomes_in_order

# pyarrow 25 asks for the values of a column with a zone; pandas 3.1 warns of that
pytestmark = pytest.mark.filterwarnings("ignore:Series.values returning an ndarray that drops")

REPOSITORY = Path(__file__).parents[3]
DAY = pd.Timedelta(hours=24)
EPISODE = pd.Timedelta(days=14)


@dataclass(frozen=True)
class Ward:
    """A folder with a virtual ward to learn from, others, and the bundle of a tracked run."""

    place: Path
    run_id: str
    printed: str

    @property
    def bundle(self) -> Path:
        return self.place / "bundle"

    def records(self, name: str) -> tuple[str, ...]:
        return ("--records", str(self.place / name / "records.parquet"), "--format", "table")


@pytest.fixture(scope="module")
def ward(tmp_path_factory, verb):
    """Simulated, trained and tracked; the working directory and the address are put back."""
    place = tmp_path_factory.mktemp("ward")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{place / 'mlflow.db'}")
        for name, patients, seed in (("cohort", 60, 1), ("others", 20, 2)):
            done = verb("simulate", "--patients", patients, "--seed", seed, "--days", 10,
                        "--out", place / name)  # fmt: skip
            assert done.status == 0
        done = verb(
            "train", "--records", place / "cohort" / "records.parquet", "--format", "table",
            "--outcome", "infection", "--repeats", 1, "--no-variants", "--learn-every", "12h",
            "--out", place / "bundle",
        )  # fmt: skip
        assert done.status == 0, done
        run_id = done.printed.partition("tracked as run ")[2].split()[0]
        yield Ward(place, run_id, done.printed)


def predicted(ward: Ward, verb, *words: object) -> tuple[pd.DataFrame, Path]:
    out = ward.place / "answers" / f"{len(list(ward.place.glob('answers/*')))}.parquet"
    model = () if "--model" in words else ("--model", ward.bundle)
    done = verb("predict", *model, *ward.records("others"), "--out", out, *words)
    assert done.status == 0, done
    return pd.read_parquet(out), out


# Ingest and features -----------------------------------------------------------------------------

LINES = [
    ("a", 0.0, "teclistamab", 1.5, "mg/kg"),
    ("a", 0.0, "LOINC//1988-5", 5.8, "mg/dL"),
    ("a", 20.0, "crp", 90.0, "mg/L"),
    ("a", 20.0, "crp", 90.0, "mg/L"),
    ("a", 30.0, "moon phase", 3.0, ""),
    ("a", 48.0, "platelets", 150.0, "10*9/L"),
    ("b", 0.0, "crp", 9000.0, "mg/L"),
]


def test_ingest_writes_events_rejects_and_what_it_counted(verb, write_records, tmp_path):
    records, out = write_records(tmp_path / "ward.csv", LINES), tmp_path / "new" / "ingested"
    done = verb("ingest", "--records", records, "--format", "table", "--out", out)
    events = pd.read_parquet(out / "events.parquet")
    rejects = pd.read_parquet(out / "rejects.parquet")
    quality = json.loads((out / "quality.json").read_text("utf-8"))
    assert done.status == 0
    assert f"{len(events):,} events, 3 rejects -> {out}" in done.printed
    assert events.loc[events["key"] == "crp", "value"].tolist() == [58.0, 90.0]
    assert sorted(rejects["reason"]) == ["duplicate", "implausible", "unknown_code"]
    assert quality["rejects_by_reason"] == {"duplicate": 1, "implausible": 1, "unknown_code": 1}
    assert (quality["records"], quality["patients"]) == (7, 1)
    # teclistamab stands there once more as a bispecific and once as a therapy
    expected = {"crp": 2, "platelets": 1, "teclistamab": 1, "bispecific": 1, "therapy": 1}
    assert quality["events_by_key"] == expected
    assert quality["events"] == len(events) == 6


def test_features_writes_the_rows_of_the_grid(verb, write_records, tmp_path):
    records = write_records(tmp_path / "ward.csv", LINES)
    out = tmp_path / "new" / "rows.parquet"
    done = verb("features", "--records", records, "--format", "table", "--out", out,
                "--every", "24h")  # fmt: skip
    rows = pd.read_parquet(out)
    assert done.status == 0
    assert f"3 rows of {rows.shape[1]} features" in done.printed
    start = pd.Timestamp("2026-03-01T06:00Z")
    assert list(rows.index) == [("a", start + n * DAY) for n in range(3)]
    assert rows["crp.last"].tolist() == [58.0, 90.0, 90.0]
    assert rows["crp.age"].tolist() == [0.0, 4.0, 28.0]
    assert rows["platelets.last"].isna().tolist() == [True, True, False]


# Train and evaluate ------------------------------------------------------------------------------


def test_train_leaves_a_bundle_its_report_and_a_tracked_run(ward):
    import mlflow

    bundle = load_bundle(ward.bundle)
    assert f"bundle {bundle.version} -> {ward.bundle}" in ward.printed
    assert f"python -m training promote {ward.run_id} --alias champion" in ward.printed
    assert list(map(str, bundle.models)) == ["infection"]
    page = (ward.place / "bundle-report" / "report.html").read_text("utf-8")
    assert bundle.version in page
    run = mlflow.get_run(ward.run_id)
    assert run.info.status == "FINISHED"
    assert run.data.tags["bundle_version"] == bundle.version
    assert run.data.params["setting.repeats"] == "1"
    assert run.data.params["setting.seed"] == "0"
    evaluation = json.loads((ward.bundle / "metrics.json").read_text("utf-8"))
    found = evaluation["outcomes"]["infection"]["models"]["model"]["metrics"]["auroc"]["value"]
    assert run.data.metrics["infection/01_auroc"] == pytest.approx(found)


def test_the_card_and_the_report_of_virtual_patients_say_so(ward):
    card = (ward.bundle / "MODEL_CARD.md").read_text("utf-8")
    page = (ward.place / "bundle-report" / "report.html").read_text("utf-8")
    assert "**Learnt from virtual patients.**" in card
    assert "60 virtual patients (simulated, not real people)" in card
    assert "<strong>Learnt from virtual patients</strong>" in page
    assert load_bundle(ward.bundle).card.virtual


def test_evaluate_judges_the_bundle_on_others(ward, verb, tmp_path):
    done = verb("evaluate", "--model", ward.bundle, *ward.records("others"), "--bootstrap", 40,
                "--out", tmp_path / "judged")  # fmt: skip
    found = json.loads((tmp_path / "judged" / "metrics.json").read_text("utf-8"))
    assert done.status == 0
    assert "challenge utility" not in done.printed
    assert found["model_version"] == load_bundle(ward.bundle).version
    assert set(found["outcomes"]) == {"infection"}
    assert found["outcomes"]["infection"]["counts"]["events"] >= 1
    page = (tmp_path / "judged" / "report.html").read_text("utf-8")
    assert "<strong>Learnt from virtual patients</strong>" in page
    assert OTHERS.format(able=20, patients=20) in page


def test_a_bundle_judged_on_what_it_learnt_from_is_called_so(ward, verb, tmp_path):
    done = verb("evaluate", "--model", ward.bundle, *ward.records("cohort"), "--bootstrap", 40,
                "--out", tmp_path / "judged")  # fmt: skip
    assert done.status == 0
    assert THE_SAME in (tmp_path / "judged" / "report.html").read_text("utf-8")


def test_evaluate_tells_the_utility_on_stays_of_the_challenge(ward, verb, tmp_path):
    names = (*MEASURED_COLUMNS, "Age", "Gender", "Unit1", "Unit2", "HospAdmTime", "ICULOS",
             "SepsisLabel")  # fmt: skip
    for stay in range(4):
        rows = pd.DataFrame("NaN", index=range(40), columns=names)
        rows = rows.assign(Age=60, Gender=1, ICULOS=range(1, 41), HR=80 + stay, SepsisLabel=0)
        if stay < 2:
            rows.loc[30:, "SepsisLabel"] = 1
        rows.to_csv(tmp_path / f"p{stay}.psv", sep="|", index=False)
    done = verb("evaluate", "--model", ward.bundle, "--records", tmp_path, "--bootstrap", 40,
                "--format", "physionet2019", "--every", "1h", "--out", tmp_path / "judged",
                )  # fmt: skip
    assert done.status == 0, done
    told = [line for line in done.printed.splitlines() if not line.startswith("tracked as run ")]
    assert told[-1].startswith("metrics.json and report.html -> ")
    bundle = load_bundle(ward.bundle)
    scorers = {"model", *next(iter(bundle.models.values())).baselines}
    words = "challenge utility at the best threshold, "
    utilities = [line for line in told if line.startswith(words)]
    assert {line.removeprefix(words).partition(":")[0] for line in utilities} == scorers
    claims = [line.partition(":")[0] for line in told[:-1] if line not in utilities]
    assert claims == outcomes_in_order([str(outcome) for outcome in bundle.models])


# Predict -----------------------------------------------------------------------------------------


def test_predict_answers_every_moment_of_the_grid(ward, verb):
    daily, path = predicted(ward, verb)
    twice, _ = predicted(ward, verb, "--every", "48h", "--no-contributions")
    assert set(daily) - set(twice) == {"contributions"}
    gaps = twice.groupby("patient_id")["as_of"].diff().dropna()
    assert (gaps == 2 * DAY).all()
    keys = ["patient_id", "as_of"]
    joined = twice.merge(daily, on=keys, how="left", suffixes=("", "_daily"))
    assert len(joined) == len(twice) > 60
    assert (joined["risk"] == joined["risk_daily"]).all()
    facts = pq.read_schema(path).metadata
    assert facts[b"virtual"] == b"true"
    assert facts[b"model_version"].decode() == load_bundle(ward.bundle).version


def test_every_row_has_a_risk_within_its_interval_and_its_explanation_adds_up(ward, verb):
    rows, _ = predicted(ward, verb)
    assert rows[["risk", "risk_low", "risk_high"]].notna().all(axis=None)
    assert (rows["risk"] > 0).all()
    assert (rows["risk"] < 1).all()
    assert (rows["risk_low"] <= rows["risk"]).all()
    assert (rows["risk"] <= rows["risk_high"]).all()
    told = [dict(pairs) for pairs in rows["contributions"]]
    assert all("base" in one and len(one) > 5 for one in told)
    total = [math.fsum(one.values()) for one in told]
    log_odds = np.log(rows["risk"] / (1 - rows["risk"]))
    np.testing.assert_allclose(total, log_odds, atol=1e-9)


def test_rows_inside_an_episode_are_written_and_marked(ward, verb):
    rows, _ = predicted(ward, verb, "--no-contributions")
    records = pd.read_parquet(ward.place / "others" / "records.parquet")
    onsets = records[records["code"].astype("str").str.contains("infection_onset")]
    known = onsets["result_time"].fillna(onsets["time"])
    expected = []
    for patient, moment in zip(rows["patient_id"], rows["as_of"], strict=True):
        seen = onsets[(onsets["patient_id"] == patient) & (known <= moment)]
        expected.append(not ((moment - seen["time"]) <= EPISODE).any())
    assert rows["at_risk"].tolist() == expected
    inside = rows[~rows["at_risk"]]
    assert len(inside) > 3
    assert inside["verdict_reasons"].str.contains("already inside an infection episode").all()


def test_asked_times_may_lie_ahead_and_name_unknown_patients(ward, verb, tmp_path):
    patient = pd.read_parquet(ward.place / "others" / "records.parquet")["patient_id"].iloc[0]
    (tmp_path / "times.csv").write_text(
        "patient_id,as_of\n"
        f"nobody,2020-03-01T06:00Z\n{patient},2060-01-01T00:00+01:00\n{patient},1990-01-01T00:00Z\n"
    )
    rows, _ = predicted(ward, verb, "--as-of", tmp_path / "times.csv")
    assert rows["patient_id"].tolist() == ["nobody", patient, patient]
    assert rows["as_of"].iloc[1] == pd.Timestamp("2059-12-31T23:00Z")
    # nothing is known of the one, all is too old or to come for the other: written, no answer
    assert rows["verdict"].tolist() == ["abstain"] * 3
    assert rows["risk"].notna().all()
    assert rows["verdict_reasons"].str.len().gt(0).all()


def test_asked_times_are_answered_as_on_the_grid(ward, verb, tmp_path):
    grid, _ = predicted(ward, verb)
    asked = grid.iloc[[40, 3, 17]][["patient_id", "as_of"]]
    asked.assign(as_of=asked["as_of"].map(lambda t: t.isoformat())).to_csv(
        tmp_path / "times.csv", index=False
    )
    rows, _ = predicted(ward, verb, "--as-of", tmp_path / "times.csv")
    expected = grid.iloc[[40, 3, 17]].reset_index(drop=True)
    pd.testing.assert_frame_equal(
        rows.drop(columns="contributions"), expected.drop(columns="contributions")
    )


# Promote and fetch -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def champion(ward, verb):
    """The ward's run, promoted."""
    done = verb("promote", ward.run_id, "--alias", "champion")
    assert done.status == 0, done
    assert done.printed.startswith("crs-risk version 1 is now the champion\n")
    return "models:/crs-risk@champion"


def test_a_promotion_stands_in_the_ledger(ward, champion, verb):
    _, entry = read_ledger().entries
    assert (entry.kind, entry.alias, entry.version) == ("promoted", "champion", "1")
    assert (entry.run_id, entry.version_before) == (ward.run_id, "")
    assert entry.bundle_version == load_bundle(ward.bundle).version
    assert verb("ledger", "--verify").status == 0


def test_the_released_model_answers_as_its_folder_does(ward, champion, verb):
    own, _ = predicted(ward, verb, "--every", "48h")
    for uri in (champion, f"runs:/{ward.run_id}", "models:/crs-risk/1"):
        released, _ = predicted(ward, verb, "--model", uri, "--every", "48h")
        pd.testing.assert_frame_equal(released, own)


def test_fetch_prints_nothing_and_writes_the_very_bundle(ward, champion, tmp_path):
    out = tmp_path / "bundle"
    done = subprocess.run(
        [sys.executable, "-m", "training", "fetch", "--model", champion, "--out", str(out)],
        cwd=REPOSITORY, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert load_bundle(out).version == load_bundle(ward.bundle).version


def test_fetch_never_writes_over_what_lies_there(ward, champion, verb, tmp_path):
    (tmp_path / "note.txt").write_text("kept")
    answer = verb("fetch", "--model", champion, "--out", tmp_path)
    assert "not an empty folder" in answer.error
    assert [path.name for path in tmp_path.iterdir()] == ["note.txt"]
