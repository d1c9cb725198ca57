"""The reporting statements: whole, honest about what a run cannot know, and on the model card."""

import numpy as np
import pandas as pd
import pytest

from features.outcomes import Outcome
from training.judging.judged import Seen
from training.judging.rows.evaluation import evaluate
from training.statements.answers import Status
from training.statements.card import card_text
from training.statements.facts import Facts
from training.statements.hti1 import hti1
from training.statements.tripod import tripod
from training.words.limits import limits
from training.words.methods import contrasts
from training.words.names import INTENSIVE_CARE, THERAPY

PARTS_OF_ITEMS = {3: 3, 5: 2, 6: 3, 8: 3, 9: 3, 12: 7, 18: 6, 20: 3, 23: 2, 27: 3}
"""TRIPOD+AI's items with more than one part (BMJ 2024;385:e078378, table 2)."""
ATTRIBUTES_OF_PARAGRAPHS = (4, 4, 2, 4, 2, 4, 5, 4, 2)
"""How many attributes each of the paragraphs (1) to (9) of 45 CFR 170.315(b)(11)(iv)(B) names."""
FUNDING, CONTACT = "18a", "(1)(i)"


@pytest.fixture(scope="module")
def judged():
    """20 patients of three days; the last day of each second one is before an event."""
    day, patient = np.tile([0, 1, 2], 20), np.repeat(np.arange(20), 3)
    event = (day == 2) & (patient % 2 == 0)
    rows = pd.DataFrame(
        {
            "patient_id": [f"p{n}" for n in patient],
            "as_of": pd.Timestamp("2026-01-01", tz="UTC") + pd.to_timedelta(day, "D"),
            "outcome": "severe_crs",
            "label": event.astype(float),
            "at_risk": True,
            "grade": (day == 2).astype(float),
        }
    )
    risks = {"model": 0.1 + 0.5 * event + patient / 100, "persistence": 0.1 + 0.2 * (day == 2)}
    lines = [rows.assign(model=name, risk=risk) for name, risk in risks.items()]
    return evaluate(pd.concat(lines), bootstrap=5)


@pytest.fixture(scope="module")
def facts(judged):
    """Facts of a run by who taught the model and who was judged."""

    def make(virtual=False, seen=Seen.CROSS_VALIDATED, judged_format="table", rejects=None):
        on = {"format": judged_format, "patients": 20, "virtual": virtual, "seen": str(seen)}
        context = {
            "learnt_from": "20 patients, format table", "virtual": virtual, "horizon_hours": 24.0,
            "features": {"severe_crs": {"crp": 3, "age": 1}}, "data_digest": "abc",
        }  # fmt: skip
        return Facts(judged | {"judged_on": on, "rejects": rejects or {}}, context)

    return make


def states(statement):
    return {point.number: point.status for point in statement.points}


def test_tripod_has_its_27_items_and_52_parts_in_order(facts):
    expected = [
        f"{item}{'abcdefg'[part] if PARTS_OF_ITEMS.get(item, 1) > 1 else ''}"
        for item in range(1, 28)
        for part in range(PARTS_OF_ITEMS.get(item, 1))
    ]
    assert [point.number for point in tripod(facts()).points] == expected
    assert len(expected) == 52


def test_an_external_evaluation_names_its_setting_as_it_is_written(facts):
    found = {p.number: p for p in hti1(facts(seen=Seen.OTHER_RECORDS)).points}
    said = found["(6)(i)"].answer
    assert (
        said == "Real patients under T-cell-engaging therapy (format table; real as far as the "
        "records say)."
    )


def test_the_rule_has_its_31_attributes_by_paragraph(facts):
    roman = ("i", "ii", "iii", "iv", "v")
    expected = [
        f"({paragraph})({roman[place]})"
        for paragraph, count in enumerate(ATTRIBUTES_OF_PARAGRAPHS, start=1)
        for place in range(count)
    ]
    assert [point.number for point in hti1(facts()).points] == expected
    assert len(expected) == 31


@pytest.mark.parametrize("make", [tripod, hti1])
@pytest.mark.parametrize("virtual", [True, False])
@pytest.mark.parametrize("seen", list(Seen))
def test_every_point_is_answered_or_says_who_must_write_it(make, virtual, seen, facts):
    statement = make(facts(virtual, seen))
    for point in statement.points:
        assert point.answer
        assert bool(point.missing) == (point.status != Status.FILLED), point
    assert sum(statement.counted.values()) == len(statement.points)
    assert f"{statement.counted[Status.OPEN]} open for people to write" in statement.sentence


def test_what_a_run_cannot_know_is_never_filled(facts):
    for made in (facts(), facts(virtual=True), facts(seen=Seen.OTHER_RECORDS)):
        assert states(tripod(made))[FUNDING] == Status.OPEN
        assert states(hti1(made))[CONTACT] == Status.OPEN
        assert states(hti1(made))["(7)(v)"] == Status.OPEN


def test_external_validity_is_filled_only_where_others_were_judged(facts):
    inside, outside = hti1(facts()), hti1(facts(seen=Seen.OTHER_RECORDS))
    assert states(inside)["(7)(iii)"] == Status.OPEN
    assert states(outside)["(7)(iii)"] == Status.FILLED
    assert states(inside)["(7)(i)"] == Status.FILLED
    told = {point.number: point.answer for point in outside.points}
    assert "against" in told["(7)(iii)"]
    assert "of today's grade and day alone" in told["(7)(iii)"]


@pytest.fixture(scope="module")
def adapted(facts):
    """Facts of a run that started from a bundle of virtual patients."""

    def make(virtual):
        made = facts(virtual)
        told = {"chosen": "recalibrated", "meanings": {"recalibrated": "its risks moved"}}
        learnt = "20 patients; started from the bundle 0123 (severe_crs: recalibrated)"
        context = {"learnt_from": learnt, "virtual": True, "adapted_from": "0123"}
        return Facts(made.evaluation | {"adaptation": {"severe_crs": told}}, made.context | context)

    return make


@pytest.mark.parametrize("virtual", [True, False])
def test_an_adapted_model_is_not_said_to_be_made_from_scratch(adapted, virtual):
    points = {point.number: point for point in tripod(adapted(virtual)).points}
    told = {number: point.answer for number, point in points.items()}
    assert told["1"].startswith("Adaptation of an existing model and its evaluation on ")
    assert "To adapt a finished model" in told["4"]
    assert "without its patient" in told["12a"]
    assert "recalibrated (its risks moved)" in told["12c"]
    assert "one a patient fold" not in told["12c"]
    assert "started from the bundle 0123" in told["16"]
    assert "of the local records alone" in told["18e"]
    assert "simulated again" not in told["18e"]
    assert "share one file" not in told["20c"]
    assert "updates a model" in told["24"]
    for number in ("12c", "16", "18e", "20c"):
        assert points[number].status == Status.PARTLY
    assert ("adapted to real ones" in told["26"]) != virtual


def test_an_adapted_model_judged_elsewhere_is_still_known_as_adapted(facts):
    made = facts(seen=Seen.OTHER_RECORDS)
    elsewhere = Facts(made.evaluation, made.context | {"adapted_from": "0123"})
    told = {point.number: point.answer for point in tripod(elsewhere).points}
    assert told["1"].startswith("Evaluation of an existing model on ")
    assert "In the way that item 5a names." in told["12c"]
    assert "of the local records alone" in told["18e"]


def test_groups_that_were_measured_change_what_is_said_of_fairness(facts):
    made = facts()
    by_sex = {o: one | {"strata": {"sex": {}}} for o, one in made.evaluation["outcomes"].items()}
    measured = Facts(made.evaluation | {"outcomes": by_sex}, made.context)
    assert states(tripod(made))["14"] == Status.OPEN
    assert states(tripod(measured))["14"] == Status.PARTLY
    assert "by sex" in {p.number: p.answer for p in hti1(measured).points}["(7)(ii)"]


def test_the_card_carries_every_attribute_and_calls_nobody_virtual_who_is_not(facts, ward_bundle):
    made = facts()
    models = {Outcome.SEVERE_CRS: ward_bundle.models[Outcome.SEVERE_CRS]}
    card = card_text(ward_bundle.card, models, made.evaluation, horizon_hours=24.0)
    lines = [line for line in card.splitlines() if line.startswith("| (")]
    assert len(lines) == 31
    assert all(line.count("|") == 5 for line in lines)
    assert "within the next 24 h" in card
    assert not any("virtual" in point.answer.lower() for point in hti1(made).points)


def test_the_methods_name_the_two_ways_in_which_the_published_model_differs(facts):
    constants = facts(judged_format="prcrs", rejects={"filled_constant": 14218})
    told = {line.what: line for line in contrasts(constants.evaluation, THERAPY)}
    assert "Splits by row" in told["Who is judged"].published
    assert "epoch on the test set" in told["How long is learnt"].published
    assert "a little optimism" in told["How long is learnt"].here
    assert "14,218 values" in told["Filled-in constants"].here
    assert not contrasts(constants.evaluation, INTENSIVE_CARE)


def test_limits_say_that_one_file_is_one_hospital_only_for_cross_validation(facts):
    inside, outside = (
        " ".join(limits(False, facts(seen=seen).judged_on, THERAPY))
        for seen in (Seen.CROSS_VALIDATED, Seen.OTHER_RECORDS)
    )
    assert "not of another hospital" in inside
    assert "not of another hospital" not in outside
    assert "treated in time looks like a false alarm" in inside
