"""One training run from a file: its version is its content, and it says whom it learnt from."""

import json

import numpy as np
import pandas as pd
import pytest

from features.outcomes import Outcome
from models.bundle import load_bundle
from models.predict import tier_of
from models.prediction import Tier
from training.config import TrainingConfig, repeats_for
from training.dataset import load_events
from training.finished import make_card
from training.train import train


def bundle_of(ward_file, verb, out, *more):
    done = verb(
        "train", "--records", ward_file, "--format", "table", "--outcome", "infection",
        "--repeats", 1, "--no-variants", "--no-track", "--learn-every", "12h", "--out", out, *more,
    )  # fmt: skip
    assert done.status == 0, done
    assert "tracked" not in done.printed
    return load_bundle(out)


@pytest.fixture(scope="module")
def ward_run(ward_file, verb, tmp_path_factory):
    """A bundle of the drawn ward, who are not the simulator's virtual patients."""
    return bundle_of(ward_file, verb, tmp_path_factory.mktemp("run") / "bundle", "--seed", 4)


def test_the_same_seed_gives_the_same_bundle(ward_run, ward_file, verb, tmp_path):
    again = bundle_of(ward_file, verb, tmp_path / "again", "--seed", 4)
    assert again.version == ward_run.version
    for path in again.folder.iterdir():
        assert path.read_bytes() == (ward_run.folder / path.name).read_bytes(), path.name


def test_another_seed_gives_another_model(ward_run, ward_file, verb, tmp_path):
    other = bundle_of(ward_file, verb, tmp_path / "other", "--seed", 5)
    assert other.version != ward_run.version
    name = "infection.ubj"  # not only the seed on the card
    assert (other.folder / name).read_bytes() != (ward_run.folder / name).read_bytes()


def test_the_card_and_report_of_others_do_not_call_them_virtual(ward_run):
    card = (ward_run.folder / "MODEL_CARD.md").read_text("utf-8")
    page = (ward_run.folder.with_name("bundle-report") / "report.html").read_text("utf-8")
    assert not ward_run.card.virtual
    assert ward_run.card.learnt_from == "80 patients, format table"
    assert "virtual" not in card.lower()
    assert "Learnt from virtual" not in page
    assert "Not a certified medical device" in card


def test_the_card_shows_what_was_counted_and_judged(ward_run):
    card = (ward_run.folder / "MODEL_CARD.md").read_text("utf-8")
    found = json.loads((ward_run.folder / "metrics.json").read_text("utf-8"))
    judged = found["outcomes"]["infection"]
    for name, figures in judged["models"].items():
        figure = figures["metrics"]["auroc"]
        if figure["value"] is not None:
            told = f"| {name} | {figure['value']:.3f} ({figure['low']:.3f} to {figure['high']:.3f})"
            assert told in card
    assert {"model", "persistence"} <= set(judged["models"])
    assert f"{judged['counts']['events']} events" in card
    for fact in ("every 24 h", "seed: 4", ward_run.card.data_digest, ward_run.card.code_version):
        assert fact in card


def test_every_judged_row_is_one_of_the_grid_and_counted_by_its_fate(ward_run, ward_cohort):
    found = json.loads((ward_run.folder / "metrics.json").read_text("utf-8"))
    assert found["fates"]["infection"] == ward_cohort.labels[Outcome.INFECTION].counts


def test_metrics_card_and_report_tell_how_far_the_risks_may_be_doubted(ward_run):
    card = (ward_run.folder / "MODEL_CARD.md").read_text("utf-8")
    found = json.loads((ward_run.folder / "metrics.json").read_text("utf-8"))
    page = (ward_run.folder.with_name("bundle-report") / "report.html").read_text("utf-8")
    judged = found["outcomes"]["infection"]
    bands, verdicts = judged["interval"]["groups"], judged["abstention"]["verdicts"]
    for parts in (bands, verdicts.values()):
        assert sum(part["rows"] for part in parts) == judged["counts"]["rows"]
        assert sum(part["events"] for part in parts) == judged["counts"]["events"]
    kept = f"In {judged['interval']['bands_within']} of {judged['interval']['bands_counted']} bands"
    gone = (
        f"The guard abstains from {verdicts['abstain']['rows']:,} of {judged['counts']['rows']:,}"
    )
    for text in (card, page):
        assert judged["interval"]["promise"] in text
        assert kept in text
        assert gone in text
    for rule in judged["competing"]["rows"]:
        assert rule["rule"] in page
    assert found["first_events"]["patients"] == judged["counts"]["patients"]
    for figure in ("abstention", "incidence"):
        assert f'<figure id="infection-{figure}">' in page


def test_the_digest_on_the_card_is_that_of_the_records(ward_run, ward_file):
    assert ward_run.card.data_digest == load_events(ward_file, "table").digest


def test_one_virtual_patient_among_others_makes_card_and_report_virtual(
    ward_file, ward_records, tmp_path
):
    mixed = tmp_path / "mixed.csv"
    named = ward_records["patient_id"].replace("patient-07", "virtual-000007")
    ward_records.drop(columns="source").assign(patient_id=named).to_csv(mixed, index=False)
    source = load_events(mixed, "table")
    card = make_card(TrainingConfig(mixed, "table", tmp_path), source)
    assert source.virtual
    assert card.virtual
    assert card.learnt_from.startswith("80 virtual patients")
    assert not load_events(ward_file, "table").virtual


def test_tiers_hold_the_alarm_budget_on_unseen_patients(ward_file, tmp_path):
    config = TrainingConfig(
        ward_file, "table", tmp_path / "b", (Outcome.INFECTION,), repeats=1, bootstrap=5,
        learn_every=pd.Timedelta(hours=24),
    )  # fmt: skip
    run = train(config)
    risk = run.scored[run.scored["model"] == "model"]["risk"]
    tiers = run.bundle.models[Outcome.INFECTION].tiers
    named = [tier_of(one, tiers) for one in risk]
    high, raised = named.count(Tier.HIGH), len(named) - named.count(Tier.LOW)
    # the 97th and the 90th percentile; ties at a threshold are alarms too
    assert high >= 0.03 * len(risk) - 1
    assert (risk > tiers.high).sum() <= 0.03 * len(risk) + 1
    assert raised >= 0.10 * len(risk) - 1
    assert (risk > tiers.elevated).sum() <= 0.10 * len(risk) + 1
    assert set(run.scored["model"]) >= {"model", "model without trajectories"}
    for _, lines in run.scored.groupby("model"):
        assert np.isin(lines["label"], (0, 1)).all()


def test_repeats_are_those_asked_for_else_fewer_the_more_rows_there_are(tmp_path):
    config = TrainingConfig(tmp_path, "table", tmp_path)
    found = [repeats_for(config, rows) for rows in (1, 2_000, 2_001, 9_000, 20_000, 10**7)]
    assert found == [10, 10, 9, 2, 2, 1]
    assert repeats_for(TrainingConfig(tmp_path, "table", tmp_path, repeats=3), 10**7) == 3
