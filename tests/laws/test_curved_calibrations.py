"""The laws of the answer hold for a calibration that is no line: its share has its own name."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from scipy.special import logit

from features.matrix import as_of_grid
from models.bundle import load_bundle, save_bundle
from models.calibration import CONTRIBUTION, fit_calibration
from models.calibration_curves import Kind
from models.predict import predict_patient, predict_rows
from serving.answers import answer_bytes
from serving.schemas import EXAMPLE_REQUEST


@pytest.fixture(scope="module", params=[Kind.BETA, Kind.ISOTONIC])
def curved(request, ward_bundle, ward_training, tmp_path_factory):
    """The ward's bundle with another calibration, once through a folder."""
    models = {}
    for outcome, model in ward_bundle.models.items():
        judged = ward_training[outcome].judged_rows
        margin = model.risk.margin(judged.rows)
        calibration = fit_calibration(margin, judged.label, judged.patient, 3, request.param)
        models[outcome] = replace(model, calibration=calibration)
    folder = tmp_path_factory.mktemp("curved") / "bundle"
    card, reference = ward_bundle.card, ward_bundle.reference
    save_bundle(folder, 24.0, card, models, reference, {"outcomes": {}}, "# Card\n")
    loaded = load_bundle(folder)
    for outcome, model in models.items():
        assert loaded.models[outcome].calibration == model.calibration
        assert loaded.models[outcome].calibration.kind == request.param
    return loaded


@pytest.fixture(scope="module")
def batch(curved, ward_events):
    return predict_rows(curved, ward_events, as_of_grid(ward_events, pd.Timedelta(hours=72)))


def test_base_and_contributions_are_the_log_odds_shown(batch):
    total = [sum(parts.values()) for parts in batch["contributions"]]
    np.testing.assert_allclose(total, logit(batch["risk"]), rtol=0, atol=1e-9)
    assert ((batch["risk_low"] <= batch["risk"]) & (batch["risk"] <= batch["risk_high"])).all()


def test_the_curves_share_stands_beside_those_of_the_line(batch, curved, ward_bundle, ward_events):
    plain = predict_rows(ward_bundle, ward_events, as_of_grid(ward_events, pd.Timedelta(hours=72)))
    for outcome, model in curved.models.items():
        slope = model.calibration.slope / ward_bundle.models[outcome].calibration.slope
        mine, theirs = (t.loc[t["outcome"] == outcome, "contributions"] for t in (batch, plain))
        left_over = [parts[CONTRIBUTION] for parts in mine]
        assert np.ptp(left_over) > 0.01
        for line, other in zip(mine, theirs, strict=True):
            assert set(line) == {*other, CONTRIBUTION}
            shared = [key for key in other if key != "base"]
            assert [line[k] for k in shared] == pytest.approx(
                [slope * other[k] for k in shared], abs=1e-9
            )
        _, trees = model.risk.contributions(
            pd.DataFrame(columns=model.risk.names, index=[0], dtype=float)
        )
        base = model.calibration.slope * trees + model.calibration.intercept
        assert [line["base"] for line in mine] == pytest.approx([base] * len(mine), abs=1e-4)


def test_bedside_and_service_tell_it(batch, curved, ward_records):
    line = batch.iloc[len(batch) // 4]
    mine = ward_records[ward_records["patient_id"] == line["patient_id"]]
    answer = predict_patient(curved, mine, line["as_of"])
    told = {one.outcome: one for one in answer.outcomes}[line["outcome"]]
    assert {**told.contributions, "base": told.base} == line["contributions"]
    said = [r for one in answer.outcomes for r in one.reasons if r.analyte == CONTRIBUTION]
    for reason in said:
        way = "higher" if reason.contribution > 0 else "lower"
        assert reason.sentence == f"Calibration makes this risk {way}"
    body = json.dumps(EXAMPLE_REQUEST).encode()
    served = json.loads(answer_bytes(curved, body, "one", datetime(2026, 6, 1, tzinfo=UTC)))
    assert {one["verdict"] for one in served["outcomes"]} <= {"answer", "caution", "abstain"}
