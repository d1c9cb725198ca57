"""Outcomes from where the command line says: in training, bundle, prediction, report and ingest."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.outcomes import OutcomeSource
from models.bundle import load_bundle
from models.predict import predict_patient
from training.dataset import load_events
from training.judging.outcome_quality import outcome_quality
from training.words.outcomes import outcomes_line

PRODUCT = "axicabtagene_ciloleucel"  # most severe CRS in few patients


@pytest.fixture(scope="module")
def virtual(verb, tmp_path_factory) -> Path:
    """A small virtual cohort."""
    out = tmp_path_factory.mktemp("virtual") / "cohort"
    asked = ("--patients", 110, "--days", 8, "--seed", 1, "--product", PRODUCT, "--out", out)
    assert verb("simulate", *asked).status == 0
    return out / "records.parquet"


@pytest.fixture(scope="module")
def trained(verb, virtual: Path) -> Path:
    """A bundle learnt from derived outcomes."""
    out = virtual.parents[1] / "bundle"
    done = verb(
        "train", "--records", virtual, "--format", "table", "--outcomes-from", "derived",
        "--outcome", "severe_crs", "--learn-every", "24h", "--repeats", 1, "--no-variants",
        "--no-track", "--out", out,
    )  # fmt: skip
    assert done.status == 0, done
    return out


def test_training_says_where_outcomes_came_from(trained):
    assert load_bundle(trained).outcomes_from == OutcomeSource.DERIVED
    assert json.loads((trained / "bundle.json").read_text())["outcomes_from"] == "derived"
    said = "Grades and infections were derived from signs, treatments and cultures"
    assert said in (trained / "MODEL_CARD.md").read_text()
    assert said in trained.with_name("bundle-report").joinpath("report.html").read_text()


def test_prediction_reads_records_as_training_did(verb, virtual, trained, tmp_path):
    records = pd.read_parquet(virtual)
    undocumented = records[~records["code"].isin(["crs_grade", "icans_grade", "infection_onset"])]
    undocumented.to_parquet(tmp_path / "records.parquet")
    asked = ("predict", "--model", trained, "--format", "table")
    answers = []
    for path in (virtual, tmp_path / "records.parquet"):
        out = tmp_path / f"{path.parent.name}-predictions.parquet"
        assert verb(*asked, "--records", path, "--out", out).status == 0
        answers.append(pd.read_parquet(out).set_index(["patient_id", "as_of"]))
    with_grades, without = answers
    both = with_grades.index.intersection(without.index)
    assert len(both) > 500
    # what was charted beside the signs says nothing to this model
    pd.testing.assert_frame_equal(with_grades.loc[both], without.loc[both], check_exact=True)
    assert not without["at_risk"].all()
    bundle = load_bundle(trained)
    for patient, as_of in both[::90]:
        own = undocumented[undocumented["patient_id"] == patient]
        (answer,) = predict_patient(bundle, own, as_of).outcomes
        line = without.loc[(patient, as_of)]
        assert (answer.risk, answer.at_risk) == (line["risk"], line["at_risk"])


@pytest.mark.parametrize("name", ["predict", "evaluate"])
def test_another_source_than_the_models_is_refused(name, verb, virtual, trained, tmp_path):
    asked = (name, "--model", trained, "--records", virtual, "--format", "table",
             "--out", tmp_path / "out.parquet", "--outcomes-from")  # fmt: skip
    assert verb(*asked, "documented").error.startswith(
        "--outcomes-from documented: this model learnt from derived outcomes"
    )
    assert verb(*asked, "guessed").error.endswith("'guessed': write documented, derived, either")


def test_evaluation_judges_by_the_models_own_source(verb, virtual, trained, tmp_path):
    done = verb(
        "evaluate", "--model", trained, "--records", virtual, "--format", "table", "--no-track",
        "--bootstrap", 40, "--outcomes-from", "derived", "--out", tmp_path / "judged",
    )  # fmt: skip
    assert done.status == 0, done
    found, learnt = (
        json.loads((folder / "metrics.json").read_text())
        for folder in (tmp_path / "judged", trained)
    )
    assert found["fates"] == learnt["fates"]
    assert "derived from signs" in (tmp_path / "judged/report.html").read_text()


def test_features_and_ingested_events_hold_derived_outcomes(verb, virtual, tmp_path):
    asked = ("--records", virtual, "--format", "table", "--outcomes-from", "derived")
    assert verb("features", *asked, "--out", tmp_path / "rows.parquet").status == 0
    done = verb("ingest", *asked, "--out", tmp_path / "ingested")
    assert done.status == 0
    events = pd.read_parquet(tmp_path / "ingested/events.parquet")
    expected = load_events(virtual, "table", outcomes_from=OutcomeSource.DERIVED).events
    assert (events["key"] == "crs_grade").sum() == (expected["key"] == "crs_grade").sum() > 100
    rows = pd.read_parquet(tmp_path / "rows.parquet")
    assert rows["crs_grade.last"].max() == expected["value"][expected["key"] == "crs_grade"].max()
    quality = json.loads((tmp_path / "ingested/quality.json").read_text())
    assert quality["outcomes_from"] == "derived"
    agreement = quality["outcomes"]["crs_agreement"]
    # the simulator's doctors grade by the same table, but for slips of charting by one
    table = np.array(agreement["table"])
    assert agreement["moments"] == table.sum() > 500
    assert agreement["weighted_kappa"] > 0.6  # charts slip by one grade
    assert np.trace(table[3:, 3:]) > 0.8 * table[3:].sum() > 16
    assert (
        f"weighted kappa {agreement['weighted_kappa']:.2f} at {table.sum():,} moments"
        in done.printed
    )


DOSE = ("therapy", 0.0, np.nan)


def test_agreement_is_quadratic_kappa_of_the_moments_compared(draw_events):
    """Pairs (1, 1), (2, 1), (2, 2): squares 1, by chance (1 + 2 + 2) / 3, kappa 1 - 3 / 5."""
    lines = (
        DOSE, ("temperature", 1.0, 38.5), ("crs_grade", 1.0, 1.0), ("crs_grade", 2.0, 2.0),
        ("oxygen_device", 3.0, 1.0), ("crs_grade", 3.0, 2.0),
        ("crs_grade", -1.0, 4.0),  # before the first dose there is no derived grade
    )  # fmt: skip
    found = outcome_quality(draw_events(*(("a", *line) for line in lines)))
    agreement = found.crs_agreement
    assert (agreement.moments, agreement.without_derived) == (3, 1)
    assert agreement.weighted_kappa == pytest.approx(0.4)
    assert (agreement.table[1][1], agreement.table[2][1], agreement.table[2][2]) == (1, 1, 1)
    assert (found.crs_episodes, found.severe_crs_episodes) == (1, 0)


def test_without_grades_or_with_one_grade_alone_there_is_no_kappa(draw_events):
    alone = draw_events(("a", *DOSE), ("a", "temperature", 1.0, 38.5), ("a", "crs_grade", 1.0, 1.0))
    nothing, same = "no documented grade has a derived one beside it", "all the same one"
    for events, moments, reason in ((draw_events(), 0, nothing), (alone, 1, same)):
        agreement = outcome_quality(events).crs_agreement
        assert (agreement.moments, agreement.weighted_kappa) == (moments, None)
        assert reason in agreement.reason


def test_grades_that_nothing_can_be_held_against_are_told_in_plain_words(draw_events):
    grade, fever = ("a", "crs_grade", 1.0, 1.0), ("a", "temperature", 1.0, 38.5)
    nobody_graded = outcomes_line(outcome_quality(draw_events(("a", *DOSE), fever)))
    assert nobody_graded.startswith("outcomes: infections: 0 documented, ")
    no_signs = outcomes_line(outcome_quality(draw_events(("a", *DOSE), grade)))
    assert no_signs.startswith(
        "outcomes: 1 documented CRS grade, and no derived one to compare with: deriving one takes "
        "a dose of the therapy on record and after it temperature, pressure or oxygen; infections: "
    )
    same = outcomes_line(outcome_quality(draw_events(("a", *DOSE), fever, grade)))
    assert "documented and derived grades are all the same one, at 1 moment; " in same


def test_infections_are_counted_by_definition(draw_events):
    events = draw_events(
        ("a", "infection_focus", 0.0, 1.0), ("a", "antimicrobial_treatment", 1.0, np.nan),
        ("b", "blood_culture", 0.0, 1.0), ("b", "temperature", 0.0, 39.0),
        ("b", "antimicrobial_treatment", 1.0, np.nan), ("b", "infection_onset", 0.0, np.nan),
    )  # fmt: skip
    assert outcome_quality(events).infections == {
        "documented": 1, "microbiological": 1, "clinical": 1, "suspected": 0,
    }  # fmt: skip
