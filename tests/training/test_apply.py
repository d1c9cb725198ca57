"""A bundle on other patients: the utility of the challenge by hand, and the table of answers."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from features.outcomes import Outcome
from models.bundle import Bundle
from models.predict import predict_patient, predict_rows
from training import apply
from training.dataset import Cohort, Events, load_events

# pyarrow 25 asks for the values of a column with a zone; pandas 3.1 warns of that
pytestmark = pytest.mark.filterwarnings("ignore:Series.values returning an ndarray that drops")

ONSET = 40.0
STAYS = (("a", 28.0), ("a", 34.0), ("a", 40.0), ("a", 43.0), ("b", 1.0), ("b", 2.0))
# Stay a, hours from the onset:  -12   -6    0       3       stay b has no onset
#   an alarm is worth              0    1     1/3     0       -0.05  -0.05
#   silence is worth               0    0     -4/3    -2      0      0
#   an alarm gains                 0    1     5/3     2       -0.05  -0.05
POSSIBLE = 1.0 + 5.0 / 3.0 + 2.0


@pytest.fixture
def two_stays(draw_events) -> Cohort:
    events = draw_events(
        ("a", "crp", 1.0, 5.0),
        ("a", "infection_onset", 30.0, np.nan, 30.0, 35.0),  # withdrawn by a correction
        ("a", "infection_onset", ONSET, np.nan),
        ("a", "infection_onset", ONSET + 99.0, np.nan),  # the first one counts
        ("b", "crp", 1.0, 5.0),
    )
    source = Events(events, pd.DataFrame({"reason": []}), len(events), (), virtual=False)
    nothing = np.zeros(0, dtype=bool)
    return Cohort(source, pd.DataFrame(), nothing, pd.DataFrame(), {}, {})


def scored(ask_at, outcome, **risks):
    moments = ask_at(*STAYS)
    return pd.concat(
        [moments.assign(outcome=str(outcome), model=n, risk=r) for n, r in risks.items()]
    )


@pytest.mark.parametrize(
    ("risk", "gain", "threshold"),
    [
        # down the risks: 1, then 0.95, 0.95 + 5/3, 0.95 + 5/3 + 2, and only losses from there
        ([0.1, 0.9, 0.8, 0.3, 0.85, 0.2], 0.95 + 5.0 / 3.0 + 2.0, 0.3),
        ([0.0, 0.7, 0.8, 0.9, 0.2, 0.1], POSSIBLE, 0.7),
        ([0.5] * 6, POSSIBLE - 0.1, 0.5),
        # after both false alarms nothing but the loss is left of the row of hour -12
        ([0.7, np.nan, np.nan, np.nan, 0.9, 0.8], 0.0, None),
    ],
)
def test_two_stays_earn_what_the_hand_counts(risk, gain, threshold, two_stays, ask_at):
    table = scored(ask_at, Outcome.INFECTION, model=risk)
    found = apply.challenge_utility(two_stays, table.sample(frac=1, random_state=1))
    assert found == {"model": {"utility": pytest.approx(gain / POSSIBLE), "threshold": threshold}}


def test_each_scorer_has_its_own_threshold_and_crs_has_no_part_in_it(two_stays, ask_at):
    best, worst = [0.0, 0.7, 0.8, 0.9, 0.2, 0.1], [0.9, 0.1, 0.1, 0.1, 0.8, 0.8]
    infection = scored(ask_at, Outcome.INFECTION, model=best, crp=worst)
    crs = scored(ask_at, Outcome.SEVERE_CRS, model=worst, persistence=worst)
    found = apply.challenge_utility(two_stays, pd.concat([infection, crs]))
    assert set(found) == {"model", "crp"}
    assert found["model"] == {"utility": pytest.approx(1.0), "threshold": 0.7}
    assert found["crp"] == {"utility": pytest.approx((POSSIBLE - 0.1) / POSSIBLE), "threshold": 0.1}


@pytest.mark.parametrize(
    ("file_format", "outcomes", "has_utility"),
    [
        ("physionet2019", tuple(Outcome), True),
        ("physionet2019", (Outcome.SEVERE_CRS,), False),
        ("table", tuple(Outcome), False),
    ],
)
def test_the_utility_is_told_of_the_challenges_own_stays(
    file_format, outcomes, has_utility, ward_bundle, ward_cohort
):
    models = {outcome: ward_bundle.models[outcome] for outcome in outcomes}
    found = apply.judge(replace(ward_bundle, models=models), ward_cohort, file_format, 5, 0)
    assert ("challenge_utility" in found) == has_utility
    assert found["model_version"] == ward_bundle.version
    assert set(found["outcomes"]) == set(map(str, outcomes))


def test_others_are_judged_on_their_labels_beside_every_baseline(ward_bundle, ward_cohort):
    found = apply.judge(ward_bundle, ward_cohort, "table", 5, 0)
    for outcome in Outcome:
        labels = ward_cohort.labels[outcome]
        counts = found["outcomes"][str(outcome)]["counts"]
        assert found["fates"][str(outcome)] == labels.counts
        assert counts["rows"] == np.isfinite(labels.label).sum()
        scorers = {"model", *ward_bundle.models[outcome].baselines}
        assert set(found["outcomes"][str(outcome)]["models"]) == scorers


@pytest.fixture
def answered(ward_bundle, ward_cohort, tmp_path):
    """Predictions of the ward, and their file."""
    predictions = apply.predict(ward_bundle, ward_cohort.source, ward_cohort.as_of, True)
    apply.write_predictions(predictions, ward_bundle, tmp_path / "new" / "out.parquet")
    return predictions, tmp_path / "new" / "out.parquet"


def test_the_file_says_who_answered_and_that_it_learnt_from_virtual_patients(
    answered, ward_bundle: Bundle, tmp_path
):
    predictions, path = answered
    facts = pq.read_schema(path).metadata
    assert facts[b"model_version"].decode() == ward_bundle.version
    assert facts[b"learnt_from"] == b"80 drawn patients"
    assert facts[b"virtual"] == b"true"
    card = replace(ward_bundle.card, virtual=False)
    real = tmp_path / "real.parquet"
    apply.write_predictions(predictions, replace(ward_bundle, card=card), real)
    assert pq.read_schema(real).metadata[b"virtual"] == b"false"


def test_a_written_contribution_comes_back_as_it_was(answered):
    predictions, path = answered
    found = pd.read_parquet(path)
    assert [dict(one) for one in found["contributions"]] == predictions["contributions"].tolist()
    pd.testing.assert_frame_equal(
        found.drop(columns="contributions"), predictions.drop(columns="contributions")
    )


def test_slices_give_what_the_whole_gives(ward_bundle, ward_cohort, monkeypatch):
    moments = ward_cohort.as_of.head(50)
    whole = predict_rows(ward_bundle, ward_cohort.source.events, moments)
    monkeypatch.setattr(apply, "ROWS_AT_ONCE", 17)
    sliced = apply.predict(ward_bundle, ward_cohort.source, moments, contributions=True)
    keys = ["outcome", "patient_id", "as_of"]
    ordered = sliced.sort_values(keys, ignore_index=True)
    pd.testing.assert_frame_equal(ordered, whole.sort_values(keys, ignore_index=True))


def test_a_row_of_the_table_is_the_services_answer(answered, ward_bundle, ward_records):
    predictions, _ = answered
    row = predictions[predictions["outcome"] == "infection"].iloc[30]
    own = ward_records[ward_records["patient_id"] == row["patient_id"]]
    answer = predict_patient(ward_bundle, own, row["as_of"])
    one = next(found for found in answer.outcomes if found.outcome == Outcome.INFECTION)
    assert (one.risk, one.risk_low, one.risk_high) == (
        row["risk"], row["risk_low"], row["risk_high"]
    )  # fmt: skip
    assert one.contributions | {"base": one.base} == row["contributions"]
    assert (str(one.tier), str(one.verdict)) == (row["tier"], row["verdict"])


def test_an_evaluation_is_plain_json(ward_bundle, ward_cohort):
    found = apply.judge(ward_bundle, ward_cohort, "physionet2019", 5, 0)
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_a_bundle_of_another_format_sees_no_later_day_and_no_other_patient(ward_bundle, tmp_path):
    random = np.random.default_rng(4)
    days = [(who, day, int(random.random() < 0.4)) for who in range(1, 25) for day in range(8)]
    table = pd.DataFrame(days, columns=["patient", "Relative date", "CRS"])
    filled = random.random(len(table)) < 0.4
    table["C-reactive protein"] = np.where(
        filled, table["CRS"].map({0: 4.3, 1: 79.0}), random.lognormal(3.0, 1.0, len(table)).round(2)
    )
    table["D-dimer"], table["sex"], table["age"] = 1.0 + table["CRS"] * 0.5, "male", 60
    few = table[(table["patient"] == 3) & (table["Relative date"] <= 4)]
    risks = []
    for name, part in (("all", table), ("few", few)):
        part.to_csv(tmp_path / f"{name}.csv", index=False)
        cohort = apply.cohort_for(
            ward_bundle, tmp_path / f"{name}.csv", "prcrs", pd.Timedelta(days=1)
        )
        answers = predict_rows(ward_bundle, cohort.source.events, cohort.as_of, False)
        risks.append(answers.set_index(["outcome", "patient_id", "as_of"])["risk"])
    assert load_events(tmp_path / "all.csv", "prcrs").filled  # there was something to find
    assert len(risks[1]) > 0
    pd.testing.assert_series_equal(risks[1], risks[0].loc[risks[1].index], check_exact=True)
