"""Laws of the risk, from a file of records to the table of answers, to the bit."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.special import logit

from features.matrix import feature_rows
from features.outcomes import Outcome
from training import apply

AS_OF = 100.0  # hours after the drawn start: the hour at which drawn stays end
SLOW = settings(
    max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
ANSWER = ["outcome", "patient_id", "as_of"]


def named(patient, stay):
    return [(patient, line) for line in stay]


def same_answers(left, right):
    """The same rows to the bit, in whatever order they were asked for."""
    ordered = [answers.sort_values(ANSWER, ignore_index=True) for answers in (left, right)]
    pd.testing.assert_frame_equal(*ordered, check_exact=True)


@SLOW
@given(data=st.data())
def test_what_comes_after_the_moment_changes_no_risk(
    data, stays, known_by, ingested, ask_at, ward_bundle
):
    stay = data.draw(stays)
    late = [line["hour"] for line in stay if line["known_hour"] is not None]
    hour = data.draw(st.sampled_from([*late, AS_OF]))
    sources = ingested(named("a", stay)), ingested(named("a", known_by(stay, hour)))
    moment = ask_at(("a", hour))
    same_answers(*(apply.predict(ward_bundle, source, moment, True) for source in sources))


@SLOW
@given(data=st.data())
def test_no_risk_depends_on_another_patient(data, stays, ingested, ask_at, ward_bundle):
    own, others = data.draw(stays), data.draw(st.lists(stays, min_size=1, max_size=3))
    names = [f"{data.draw(st.sampled_from('AZ'))}{place}" for place in range(len(others))]
    beds = zip([*names, "M"], [*others, own], strict=True)
    ward = data.draw(st.permutations([pair for bed in beds for pair in named(*bed)]))
    alone = apply.predict(ward_bundle, ingested(named("M", own)), ask_at(("M", AS_OF)), True)
    asked = ask_at(*((name, AS_OF) for name in data.draw(st.permutations(["M", *names]))))
    among = apply.predict(ward_bundle, ingested(ward), asked, True)
    same_answers(alone, among[among["patient_id"] == "M"])


def test_a_patient_alone_has_the_risk_of_the_whole_ward(ward_bundle, ward_cohort):
    """On all cores for eighty patients, on one for a single patient."""
    asked = ward_cohort.as_of
    whole = apply.predict(ward_bundle, ward_cohort.source, asked, True)
    events = ward_cohort.source.events
    for name in asked["patient_id"].unique()[::11]:
        source = replace(ward_cohort.source, events=events[events["patient_id"] == name])
        alone = apply.predict(ward_bundle, source, asked[asked["patient_id"] == name], True)
        same_answers(alone, whole[whole["patient_id"] == name])


@SLOW
@given(data=st.data())
def test_the_order_of_a_files_lines_changes_no_event_row_or_risk(
    data, stays, ingested, ask_at, ward_bundle
):
    lines = [*named("a", data.draw(stays)), *named("b", data.draw(stays))]
    moments = ask_at(*((name, AS_OF + hour) for name in "ab" for hour in (-24.0, 0.0, 6.0)))
    first, second = sources = ingested(lines), ingested(data.draw(st.permutations(lines)))
    pd.testing.assert_frame_equal(first.events, second.events, check_exact=True)
    assert first.digest == second.digest
    assert sorted(first.rejects["reason"]) == sorted(second.rejects["reason"])
    rows = [feature_rows(source.events, moments) for source in sources]
    pd.testing.assert_frame_equal(*rows, check_exact=True)
    same_answers(*(apply.predict(ward_bundle, source, moments, True) for source in sources))


@pytest.mark.filterwarnings("ignore:Series.values returning an ndarray that drops")
@SLOW
@given(data=st.data())
def test_base_and_contributions_in_the_file_are_the_calibrated_log_odds(
    data, stays, ingested, ask_at, ward_bundle, tmp_path
):
    lines = [*named("a", data.draw(stays)), *named("b", data.draw(stays))]
    moments = ask_at(*((name, AS_OF + hour) for name in "ab" for hour in (-24.0, 0.0, 6.0)))
    path = tmp_path / "predictions.parquet"
    predictions = apply.predict(ward_bundle, ingested(lines), moments, True)
    apply.write_predictions(predictions, ward_bundle, path)
    answers = pq.read_table(path).to_pylist()
    assert len(answers) == len(moments) * len(ward_bundle.outcomes)
    for answer in answers:
        parts = dict(answer["contributions"])
        assert sum(parts.values()) == pytest.approx(logit(answer["risk"]), abs=1e-9)
    rows = feature_rows(ingested(lines).events, moments, ward_bundle.columns)
    for outcome, model in ward_bundle.models.items():
        own = [answer for answer in answers if answer["outcome"] == outcome]
        margin = model.calibration.slope * model.risk.margin(rows) + model.calibration.intercept
        assert logit([answer["risk"] for answer in own]) == pytest.approx(margin, abs=1e-9)
        _, trees = model.risk.contributions(rows)
        base = model.calibration.slope * trees + model.calibration.intercept
        bases = [dict(answer["contributions"])["base"] for answer in own]
        assert bases == pytest.approx(np.full(len(own), base), abs=1e-4)


@pytest.fixture(scope="module")
def ask_the_ward(ward_bundle, ward_cohort):
    """Answers the ward's as-of times at these places, so many at once (None: as it comes)."""

    def ask(places, at_once=None):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(apply, "ROWS_AT_ONCE", at_once or apply.ROWS_AT_ONCE)
            moments = ward_cohort.as_of.iloc[places]
            return apply.predict(ward_bundle, ward_cohort.source, moments, True)

    return ask


@pytest.fixture(scope="module")
def ward_answers(ask_the_ward, ward_cohort):
    return ask_the_ward(range(len(ward_cohort.as_of)))


@SLOW
@given(places=st.lists(st.integers(0, 300), min_size=1, max_size=40), at_once=st.integers(1, 40))
def test_neither_the_size_of_a_batch_nor_the_order_of_questions_changes_a_risk(
    places, at_once, ask_the_ward, ward_answers
):
    some = ask_the_ward(places, at_once)
    asked = [ward_answers[ward_answers["outcome"] == name].iloc[places] for name in Outcome]
    same_answers(some, pd.concat(asked))
