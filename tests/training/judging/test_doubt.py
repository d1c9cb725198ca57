"""What is added to an evaluation: unseen members for rows left out, the guard as it answers."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.outcomes import Outcome
from models.calibration import fit_calibration
from models.predict import predict_rows
from training import apply
from training.fit import Fitted
from training.judging.doubt.added import _unseen_margin, cross_validated
from training.labels import Fate


@pytest.mark.parametrize("outcome", list(Outcome))
def test_the_members_asked_are_those_that_had_not_seen_the_patient(
    outcome, ward_bundle, ward_training
):
    """They give the margins on which the bundle's own calibration was fitted."""
    model, training = ward_bundle.models[outcome], ward_training[outcome]
    judged = training.judged_rows
    margin = _unseen_margin(model, training, judged.rows, judged.patient)
    again = fit_calibration(margin, judged.label, judged.patient, training.folds)
    assert again.slope == pytest.approx(model.calibration.slope, rel=1e-4)
    assert again.intercept == pytest.approx(model.calibration.intercept, rel=1e-4)
    seen = fit_calibration(model.risk.margin(judged.rows), judged.label, judged.patient, 3)
    assert seen.slope > 1.05 * model.calibration.slope  # whoever had seen them would know better


def test_of_a_stranger_no_member_has_seen_anything(ward_bundle, ward_training):
    model, training = ward_bundle.models[Outcome.INFECTION], ward_training[Outcome.INFECTION]
    rows = training.rows.iloc[:4]
    found = _unseen_margin(model, training, rows, np.array(["stranger"] * 4))
    np.testing.assert_allclose(found, model.risk.margin(rows), rtol=0, atol=1e-5)


def test_rows_left_out_get_a_risk_and_no_interval(ward_bundle, ward_training, ward_cohort):
    outcome = Outcome.INFECTION
    labels = ward_cohort.labels[outcome]
    fate = labels.fate.copy()
    fate[3] = Fate.CENSORED  # as if the records ended there
    label = np.where(np.arange(len(fate)) == 3, np.nan, labels.label)
    cohort = replace(ward_cohort, labels={outcome: replace(labels, label=label, fate=fate)})
    model, rows = ward_bundle.models[outcome], int((~np.isnan(label)).sum())
    fitted = Fitted(
        model.risk, model.calibration, np.full(rows, 0.2), np.tile([0.1, 0.3], (rows, 1))
    )
    given = cross_validated(cohort, outcome, model, ward_training[outcome], fitted)
    assert np.isnan(given.low[3])
    assert 0.0 < given.risk[3] != 0.2
    judged = ~np.isnan(label)
    assert (given.risk[judged], given.high[judged]) == (
        pytest.approx(np.full(rows, 0.2)), pytest.approx(np.full(rows, 0.3))
    )  # fmt: skip
    assert np.isnan(given.risk[fate == Fate.NOT_AT_RISK]).all()


def test_judging_others_tells_the_verdicts_that_they_would_be_answered_with(
    ward_bundle, ward_cohort
):
    events = ward_cohort.source.events
    thin = events[events["key"].isin(["therapy", "teclistamab", "crs_grade", "infection_onset"])]
    half = ward_cohort.as_of["patient_id"].unique()[::2]
    some = pd.concat([thin, events[events["patient_id"].isin(half)]]).drop_duplicates()
    cohort = replace(ward_cohort, source=replace(ward_cohort.source, events=some))
    found = apply.judge(ward_bundle, cohort, "table", 2, 0)
    answers = predict_rows(ward_bundle, some, cohort.as_of, contributions=False)
    for outcome, labels in cohort.labels.items():
        told = answers.loc[(answers["outcome"] == outcome).to_numpy(), "verdict"].to_numpy()
        expected = Counter(told[~np.isnan(labels.label)])
        added = found["outcomes"][outcome]["abstention"]
        rows = {name: part["rows"] for name, part in added["verdicts"].items() if part["rows"]}
        assert rows == dict(expected)
        assert expected["abstain"] > 50
        assert sum(part["rows"] for part in added["causes"].values()) == expected["abstain"]
