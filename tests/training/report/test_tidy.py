"""What a notebook calls: small tables of an evaluation, and one patient's answer taken apart."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import logit

from features.known import known_at
from features.outcomes import Outcome
from features.tables import InvalidInputError
from models.predict import predict_patient
from training import apply
from training.judging.doubt.repair import repair, repair_scored
from training.report.tidy import (
    by_stratum,
    interval_bands,
    leak_findings,
    scoreboard,
    sentences,
    verdicts,
)

CRS, INFECTION = Outcome.SEVERE_CRS, Outcome.INFECTION


@pytest.fixture(scope="module")
def judged(ward_bundle, ward_file):
    return apply.judge_others(ward_bundle, ward_file, bootstrap=20, seed=4)


def test_judging_others_gives_what_judging_their_cohort_gives(judged, ward_bundle):
    told = apply.judge(ward_bundle, judged.cohort, "table", 20, 4)
    assert told == judged.evaluation
    rows = judged.scored[judged.scored["model"] == "model"].groupby("outcome")
    assert dict(rows.size()) == {
        outcome: each["counts"]["rows"] for outcome, each in told["outcomes"].items()
    }


def test_the_scoreboard_holds_each_scorer_and_its_paired_gain(judged):
    board = scoreboard(judged.evaluation, CRS, "auprc")
    told = judged.evaluation["outcomes"]["severe_crs"]
    assert set(board.index) == set(told["models"])
    assert board["value"].is_monotonic_decreasing
    ours = told["models"]["model"]["metrics"]["auprc"]
    assert list(board.loc["model", ["value", "low", "high"]]) == [
        ours["value"], ours["low"], ours["high"]
    ]  # fmt: skip
    assert board.loc["model", ["gain", "gain_low", "gain_high"]].isna().all()
    difference = board.loc["model", "value"] - board["value"].drop("model")
    assert np.allclose(board["gain"].drop("model"), difference, atol=1e-12)
    assert (board["gain_low"] <= board["gain_high"]).drop("model").all()


def test_groups_by_grade_hold_all_rows_and_their_own_gain(judged):
    table = by_stratum(judged.evaluation, CRS)
    counts = judged.evaluation["outcomes"]["severe_crs"]["counts"]
    single = table.drop(index="0-1")  # judged as one, and each by itself
    assert table.loc["0-1", "rows"] == table.loc[["0", "1"], "rows"].sum()
    assert single["rows"].sum() == counts["rows"]
    assert single["events"].sum() == counts["events"]
    both = table.dropna(subset=["gain"])
    assert len(both)
    assert np.allclose(both["gain"], both["model"] - both["persistence"], atol=1e-12)
    assert by_stratum(judged.evaluation, CRS, "no such group").empty


def test_bands_and_verdicts_hold_every_judged_row(judged):
    rows = judged.evaluation["outcomes"]["infection"]["counts"]["rows"]
    bands, guarded = (table(judged.evaluation, INFECTION) for table in (interval_bands, verdicts))
    assert bands["rows"].sum() == rows == guarded["rows"].sum()
    assert (bands["low"] <= bands["high"]).all()
    assert list(guarded.index) == ["answer", "caution", "abstain"]


def test_sentences_open_with_the_claim_and_an_unknown_outcome_is_named(judged):
    said = sentences(judged.evaluation, CRS)
    assert "today's grade and day alone" in said[0]
    assert said[-1].startswith("The guard abstains from")
    with pytest.raises(InvalidInputError, match=r"^icans: not judged here; judged: .*severe_crs"):
        sentences(judged.evaluation, "icans")


def test_an_evaluation_without_an_audit_has_no_findings(judged):
    assert leak_findings(judged.evaluation).empty
    finding = {"check": "future", "place": "crp.last", "sentence": "why", "severity": "stop"}
    (line,) = leak_findings({"leaks": [finding]}).to_dict("records")
    assert line == finding


def test_repair_of_scored_rows_is_the_repair_of_their_risks(judged):
    mine = judged.scored.query("model == 'model' and outcome == 'infection'")
    found = repair(*(mine[name].to_numpy() for name in ("label", "risk", "patient_id")), seed=1)
    table = repair_scored(judged.scored, INFECTION, seed=1)
    for when in ("before", "after"):
        medians = [spread["value"] for spread in found[when].values()]
        assert np.array_equal(table[when], np.array(medians, dtype=float), equal_nan=True)
    few = judged.scored[judged.scored["patient_id"] < "patient-30"]  # 28 of the 30 are judged
    with pytest.raises(InvalidInputError, match=r"^infection: 28 patients judged, 70 at least"):
        repair_scored(few, INFECTION)


def test_one_patients_contributions_add_up_in_their_table(ward_bundle, ward_records):
    theirs = ward_records[ward_records["patient_id"] == "patient-03"]
    told = predict_patient(ward_bundle, theirs, pd.Timestamp("2026-03-04T06:00Z"))
    answer = told.answer(CRS)
    table = answer.contribution_table()
    assert answer.base + table["contribution"].sum() == pytest.approx(logit(answer.risk), abs=1e-9)
    assert table["contribution"].abs().is_monotonic_decreasing
    assert np.allclose(np.log(table["odds_times"]), table["contribution"])
    assert table.loc["crp", "name"] == "C-reactive protein"
    with pytest.raises(InvalidInputError, match="icans: not answered by this model; answered: "):
        told.answer("icans")


def test_records_of_later_are_not_known_yet_each_by_its_own_moment(ward_records):
    theirs = ward_records[ward_records["patient_id"] == "patient-03"]
    seen = known_at(theirs, pd.Timestamp("2026-03-03T06:00Z"))  # 48 h: the draw of 47.5 h comes 49
    assert seen["code"].eq("sex").any()
    drawn = seen[seen["code"] == "crp"]
    assert drawn["time"].max() < pd.Timestamp("2026-03-02T06:00Z")
    moments = theirs["time"] - pd.Timedelta(minutes=1)
    assert set(known_at(theirs, moments)["code"]) == {"sex"}
