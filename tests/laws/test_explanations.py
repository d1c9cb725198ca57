"""Laws of the answer: explanations add up, one row equals many, and a saved model stays itself."""

import importlib
import itertools
import json
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xgboost as xgb
from scipy.special import expit, logit

from features.matrix import as_of_grid, feature_rows
from features.outcomes import Outcome
from models.predict import explain, predict_patient, predict_rows, risks
from models.recipes import Recipe
from models.risk import RiskModel, fit_member, join_members
from models.start import GRADE, Start, fit_start
from models.stated import read_as

DAY = pd.Timedelta(hours=24)
RECIPE = Recipe(9, 0.3, 3, 0.3, 1.0, row_share=0.8, node_column_share=0.6, threads=1)


@pytest.fixture(scope="module")
def moments(ward_events):
    return as_of_grid(ward_events, DAY)


@pytest.fixture(scope="module")
def batch(ward_bundle, ward_events, moments):
    return predict_rows(ward_bundle, ward_events, moments)


def test_base_and_contributions_are_the_log_odds_of_the_risk_shown(batch):
    total = [sum(parts.values()) for parts in batch["contributions"]]
    np.testing.assert_allclose(total, logit(batch["risk"]), rtol=0, atol=1e-9)


def test_the_base_shown_is_the_calibrated_base_of_the_model(batch, ward_bundle, ward_rows):
    for outcome, model in ward_bundle.models.items():
        _, tree_base = model.risk.contributions(ward_rows)
        expected = model.calibration.slope * tree_base + model.calibration.intercept
        shown = [c["base"] for c in batch.loc[batch["outcome"] == outcome, "contributions"]]
        np.testing.assert_allclose(shown, expected, rtol=0, atol=1e-4)


def start_by_hand(start, names, rows):
    """What a start adds to each column (rows x names), line by line in plain pandas."""
    parts = pd.DataFrame(0.0, index=range(len(rows)), columns=list(names))
    plain = rows.reset_index(drop=True).astype("float64")
    if GRADE in parts:
        parts[GRADE] += (plain[GRADE] >= 1) * start.weights[0] + (
            plain[GRADE] >= 2
        ) * start.weights[1]
    for line in start.lines:
        read = np.log1p(plain[line.column]) if line.is_log else plain[line.column]
        held = read.clip(line.low, line.high)
        parts[line.column] += (line.slope * (held - line.centre)).fillna(0.0)
    return parts.to_numpy()


@pytest.mark.parametrize("outcome", list(Outcome))
def test_uncalibrated_contributions_equal_the_shap_library(outcome, ward_bundle, ward_rows):
    model = ward_bundle.models[outcome].risk
    booster = xgb.Booster()
    booster.load_model(ward_bundle.folder / f"{outcome}.ubj")
    rows = ward_rows[list(model.names)].iloc[::9]
    with warnings.catch_warnings(action="ignore"):  # shap's own import warns
        shap = importlib.import_module("shap")
    explainer = shap.TreeExplainer(booster)
    own, base = model.contributions(rows)
    expected = explainer.shap_values(rows).astype(float)
    for start in model.starts:
        expected += start_by_hand(start, model.names, rows) / len(model.starts)
    np.testing.assert_allclose(own, expected, rtol=0, atol=1e-5)
    tree_base = float(np.ravel(explainer.expected_value)[0])
    intercept = np.mean([start.intercept for start in model.starts])
    assert base == pytest.approx(tree_base + intercept, abs=1e-5)
    assert np.abs(own).max() > 0.01


def test_an_analyte_gets_the_sum_of_its_features(ward_bundle, ward_rows):
    model = ward_bundle.models[Outcome.SEVERE_CRS]
    found = risks(model, ward_rows)
    shares, _ = explain(model, ward_rows, logit(found.risk))
    values, _ = model.risk.contributions(ward_rows)
    analyte = max(shares, key=lambda key: shares[key].abs().sum())
    mine = [name.split(".")[0] == analyte for name in model.risk.names]
    expected = model.calibration.slope * values[:, mine].sum(axis=1)
    np.testing.assert_allclose(shares[analyte], expected, rtol=0, atol=1e-12)
    assert set(shares) == {name.split(".")[0] for name in model.risk.names}


def test_an_answer_names_the_patient_as_the_batch_does(ward_bundle, ward_records, moments):
    patient, as_of = moments.iloc[0]
    mine = ward_records[ward_records["patient_id"] == patient]
    plain = predict_patient(ward_bundle, mine, as_of)
    named = predict_patient(ward_bundle, mine.assign(patient_id=" Mu\u0308ller"), as_of)
    assert named.patient_id == "M\u00fcller"
    assert replace(named, patient_id=plain.patient_id) == plain


def test_batch_and_bedside_give_the_same_bits(batch, ward_bundle, ward_records, moments):
    for place in range(0, len(moments), 130):
        patient, as_of = moments.iloc[place]
        mine = ward_records[ward_records["patient_id"] == patient].sample(
            frac=1, random_state=place
        )
        answer = predict_patient(ward_bundle, mine, as_of)
        lines = batch[(batch["patient_id"] == patient) & (batch["as_of"] == as_of)]
        assert len(lines) == len(answer.outcomes) == 2
        for one in answer.outcomes:
            line = lines[lines["outcome"] == one.outcome].iloc[0]
            assert (one.risk, one.risk_low, one.risk_high) == (
                line["risk"], line["risk_low"], line["risk_high"]
            )  # fmt: skip
            assert {**one.contributions, "base": one.base} == line["contributions"]
            assert (one.verdict, one.tier, one.at_risk) == (
                line["verdict"], line["tier"], line["at_risk"]
            )  # fmt: skip


def test_a_row_alone_gives_the_bits_of_the_batch(ward_bundle, ward_rows):
    for model in ward_bundle.models.values():
        many = risks(model, ward_rows)
        shares, base = explain(model, ward_rows, logit(many.risk))
        for place in range(0, len(ward_rows), 160):
            row = ward_rows.iloc[[place]]
            one = risks(model, row)
            own, own_base = explain(model, row, logit(one.risk))
            assert (one.margin[0], one.risk[0]) == (many.margin[place], many.risk[place])
            assert (one.low[0], one.high[0]) == (many.low[place], many.high[place])
            assert (own.iloc[0] == shares.iloc[place]).all()
            assert own_base[0] == base[place]


def test_only_the_past_of_the_records_counts_for_the_answer(ward_bundle, ward_records, moments):
    patient, as_of = moments.iloc[3]
    mine = ward_records[ward_records["patient_id"] == patient]
    known = mine["result_time"].fillna(mine["time"])
    past = mine[mine["time"].isna() | (known <= as_of)]
    assert len(past) < len(mine)
    whole, truncated = (predict_patient(ward_bundle, r, as_of) for r in (mine, past))
    assert whole.outcomes == truncated.outcomes
    assert whole.rules == truncated.rules
    assert whole.data_quality.age_hours == truncated.data_quality.age_hours


@pytest.fixture(scope="module")
def committee(ward_training):
    training = ward_training[Outcome.SEVERE_CRS].judged_rows
    names = ["crp.last", "temperature.last", "platelets.last", GRADE, "crp.age"]
    rows, members = training.rows[names], []
    for seed in range(4):
        some, target = rows.iloc[seed % 2 :: 2], training.label[seed % 2 :: 2]
        start = fit_start(some.drop(columns=[] if seed else [GRADE]), target)
        members.append(fit_member(some, target, start, RECIPE, (0,) * len(names), seed))
    return members, names, rows


def test_the_joined_margin_is_the_mean_of_the_members(committee):
    members, names, rows = committee
    joined = join_members(members, names)
    matrix = xgb.DMatrix(rows.to_numpy(np.float32), feature_names=names)
    each = np.column_stack(
        [
            member.booster.predict(matrix, output_margin=True)
            + member.start.intercept
            + start_by_hand(member.start, names, rows).sum(axis=1)
            for member in members
        ]
    )
    assert np.ptp(each, axis=1).max() > 0.1
    assert any(member.start.weights[0] > 0.1 for member in members)
    assert all(member.start.lines for member in members)
    np.testing.assert_allclose(joined.margin(rows), each.mean(axis=1), rtol=0, atol=1e-5)
    np.testing.assert_allclose(joined.member_margins(rows), each, rtol=0, atol=1e-5)


def test_joining_leaves_the_members_as_they_were(committee):
    members, names, _ = committee
    before = [bytes(member.booster.save_raw("ubj")) for member in members]
    join_members(members, names)
    assert [bytes(member.booster.save_raw("ubj")) for member in members] == before


def test_a_saved_model_answers_with_the_same_bits(committee, tmp_path):
    members, names, rows = committee
    joined = join_members(members, names)
    joined.save(tmp_path / "model.ubj")
    state = json.loads(json.dumps(joined.state))
    starts = read_as(tuple[Start, ...], state["starts"], "starts")
    again = RiskModel.load(tmp_path / "model.ubj", state["feature_names"], starts)
    assert again.members == 4
    for ask in ("margin", "member_margins"):
        assert (getattr(joined, ask)(rows) == getattr(again, ask)(rows)).all()
    left, right = joined.contributions(rows), again.contributions(rows)
    assert (left[0] == right[0]).all()
    assert left[1] == right[1]


def test_features_in_another_order_of_columns_give_the_same_answer(committee):
    members, names, rows = committee
    joined = join_members(members, names)
    turned = rows[names[::-1]].assign(other=1.0)
    assert (joined.margin(turned) == joined.margin(rows)).all()


def test_the_risk_is_the_calibrated_margin_inside_its_interval(ward_bundle, ward_rows):
    for model in ward_bundle.models.values():
        found = risks(model, ward_rows)
        by_hand = expit(model.calibration.slope * found.margin + model.calibration.intercept)
        np.testing.assert_allclose(found.risk, by_hand, rtol=1e-12)
        assert ((found.low <= found.risk) & (found.risk <= found.high)).all()


def test_rows_in_another_order_give_the_same_predictions(batch, ward_bundle, ward_events, moments):
    turned = predict_rows(ward_bundle, ward_events, moments.iloc[::-1])
    keys = ["outcome", "patient_id", "as_of"]
    left, right = (t.sort_values(keys).reset_index(drop=True) for t in (batch, turned))
    pd.testing.assert_frame_equal(left, right, check_exact=True)


def test_every_outcome_answers_every_row_once(batch, ward_bundle, moments):
    pairs = set(itertools.product(map(str, ward_bundle.outcomes), range(len(moments))))
    assert len(batch) == len(pairs)
    assert not batch.duplicated(["outcome", "patient_id", "as_of"]).any()


def test_a_patient_without_a_single_usable_record_is_answered_by_abstaining(
    ward_bundle, ward_records, ward_events, moments
):
    nothing = ward_records.iloc[[0]].assign(code="unheard of")
    answer = predict_patient(ward_bundle, nothing, moments["as_of"].iloc[0])
    assert {str(one.verdict) for one in answer.outcomes} == {"abstain"}
    assert answer.data_quality.rejected == {"unknown_code": 1}
    rows = feature_rows(ward_events.iloc[:0], moments[:1], ward_bundle.columns)
    expected = risks(ward_bundle.models[Outcome.SEVERE_CRS], rows).risk[0]
    assert {o.outcome: o.risk for o in answer.outcomes}[Outcome.SEVERE_CRS] == expected
