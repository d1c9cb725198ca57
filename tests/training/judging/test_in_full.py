"""Everything that a model is judged by, on the drawn ward, from rows to the page."""

import json

import numpy as np
import pandas as pd
import pytest

from features.outcomes import Outcome
from models.rules import crp_rule
from training.judging.alarms.alarms import BUDGETS
from training.judging.in_full import evaluate_in_full
from training.judging.judged import scored_rows
from training.prices import Prices
from training.report.further import further_blocks
from training.report.page import page_values, render
from training.tracking.compared import compared_figures
from training.words.names import THERAPY

DAY = pd.Timedelta(hours=24)
PRICES = Prices(700.0, 50.0, 400.0)


@pytest.fixture(scope="module")
def evaluation(ward_cohort):
    """The ward judged with CRP as the model and lots as persistence."""
    crp = np.nan_to_num(ward_cohort.rows["crp.last"].to_numpy(dtype=float), nan=5.0)
    lots = np.random.default_rng(0).random(len(crp))
    rule = crp_rule(ward_cohort.rows)
    risks = {"model": crp / (crp + 100.0), "persistence": lots, "crp_rule": rule}
    scored = pd.concat([scored_rows(ward_cohort, outcome, risks) for outcome in Outcome])
    return evaluate_in_full(scored, ward_cohort, DAY, 60, 0, PRICES)


def test_events_are_the_onsets_with_a_row_before_them(ward_cohort, evaluation):
    severe = evaluation["outcomes"]["severe_crs"]
    events = ward_cohort.source.events
    first = events[(events["key"] == "crs_grade") & (events["value"] >= 3)].groupby("patient_id")
    patients = int((first.size() > 0).sum())
    assert severe["events"]["patients_with_event"] == patients
    assert severe["events"]["patients_without_warning"] == 0
    assert severe["events"]["events"] >= patients


def test_every_part_is_there_and_can_be_written(evaluation):
    severe, infection = (evaluation["outcomes"][str(outcome)] for outcome in Outcome)
    assert {"events", "groups", "decisions", "economics"} <= set(severe)
    assert "economics" not in infection
    assert {"sex", "cover", "product", "day_since_dose", "panel"} <= set(severe["groups"])
    assert "age_group" not in severe["groups"]  # unknown of everyone
    json.dumps(evaluation, allow_nan=False)
    found = severe["events"]["budgets"][BUDGETS[0].title]["models"]["model"]["found"]["value"]
    assert compared_figures(evaluation)["severe_crs/05_events_found"] == found


def test_groups_part_the_judged_rows(evaluation):
    severe = evaluation["outcomes"]["severe_crs"]
    for stratum in severe["groups"].values():
        for name in ("rows", "events"):
            parts = [part["counts"][name] for part in stratum["groups"].values()]
            assert sum(parts) == severe["counts"][name]


def test_the_grade_rule_treats_from_grade_two_on(ward_cohort, evaluation):
    severe = evaluation["outcomes"]["severe_crs"]
    rule = severe["economics"]["models"]["grade_2_rule"]
    labels = ward_cohort.labels[Outcome.SEVERE_CRS].label
    grade = ward_cohort.rows["crs_grade.last"].to_numpy(dtype=float)
    treated = int(((grade >= 2) & ~np.isnan(labels)).sum())  # a row a day: none is silenced
    patients = severe["counts"]["patients_judged"]
    assert rule["alarms_per_100"]["value"] == pytest.approx(100 * treated / patients)


def test_the_page_tells_of_events_gaps_groups_benefit_and_doses(evaluation):
    values = page_values(evaluation, {}, {"learnt_from": "drawn patients", "virtual": True})
    page = render(values)
    for part in ("events", "gaps", "groups", "decisions", "economics"):
        assert f'id="severe_crs-{part}"' in page
    assert "Arithmetic, not a trial" in page
    assert "Treat from grade 2 on" in page
    assert "Cost per event found early (EUR)" in page
    blocks = {b["id"]: b for b in further_blocks(evaluation["outcomes"]["severe_crs"], THERAPY)}
    first = blocks["events"]["sentences"][0]
    assert first.startswith(f"At {BUDGETS[0].title} the model finds")
    assert (
        "persistence" in blocks["events"]["sentences"][1]
        or "alone" in (blocks["events"]["sentences"][1])
    )


def test_an_outcome_without_an_event_is_judged_by_rows_alone(ward_cohort):
    risks = {"model": np.full(len(ward_cohort.as_of), 0.1)}
    scored = scored_rows(ward_cohort, Outcome.INFECTION, risks).assign(label=0.0, at_risk=True)
    found = evaluate_in_full(scored, ward_cohort, DAY, 10)["outcomes"]["infection"]
    assert {"events", "groups"}.isdisjoint(found)
