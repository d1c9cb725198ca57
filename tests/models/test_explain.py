"""The sentences behind a risk and the published rules beside it."""

import numpy as np
import pandas as pd
import pytest

from models.explain import (
    REASONS_SHOWN,
    Recent,
    by_analyte,
    keys_behind,
    plain_number,
    reasons,
    recent_values,
)
from models.rules import read_rules

NAN = np.nan


def sentence(key: str, recent: Recent | None, row: pd.Series | None = None) -> str:
    table = {} if recent is None else {key: recent}
    (reason,) = reasons({key: 0.5}, pd.Series(dtype=float) if row is None else row, table)
    return reason.sentence


SENTENCES = {
    "rose": (
        "crp", Recent(120.0, 3.0, 75.0, 24.0), "C-reactive protein rose from 45 to 120 mg/L in 24 h"
    ),
    "rose over longer than a day": ("crp", Recent(120.0, 3.0, 75.0, 61.0), "mg/L in 61 h"),
    "fell": (
        "platelets", Recent(40.0, 3.0, -60.0, 23.0), "Platelets fell from 100 to 40 10*9/L in 23 h"
    ),
    "steady": ("crp", Recent(120.0, 30.4, 0.0, 24.0), "C-reactive protein 120 mg/L, 30 h old"),
    "same when rounded": (
        "crp", Recent(120.0, 3.0, 0.01, 24.0), "C-reactive protein 120 mg/L, 3 h old"
    ),
    "falling consciousness": (
        "gcs_total", Recent(7.0, 1.0, -8.0, 24.0), "fell from 15 to 7 in 24 h"
    ),
    "slight": ("fibrinogen", Recent(5.17, 3.0, -0.02, 24.0), "Fibrinogen 5.17 g/L, 3 h old"),
    "a slight change of temperature counts": (
        "temperature", Recent(38.9, 3.0, 0.7, 24.0), "rose from 38.2 to 38.9 Cel in 24 h"
    ),
    "first value": ("crp", Recent(120.0, 3.0, NAN, NAN), "C-reactive protein 120 mg/L, 3 h old"),
    "no value": ("crp", Recent(NAN, NAN, NAN, NAN), "No C-reactive protein on record"),
    "no plain name": ("tumour_burden", None, "No tumour burden on record"),
    "unheard of": ("crp", None, "No C-reactive protein on record"),
    "a drug without a dose": (
        "il6_blocker", Recent(NAN, 12.0, NAN, NAN), "Last anti-IL-6 drug 12 h ago"
    ),
    "a drug with a dose": (
        "corticosteroid", Recent(10.0, 12.0, NAN, NAN), "Last corticosteroid 12 h ago"
    ),
    "how often was looked": (
        "any_vital_sign", Recent(1.0, 3.0, NAN, NAN), "Last vital sign 3 h ago"
    ),
    "male": ("sex", Recent(1.0, NAN, NAN, NAN), "Male sex"),
    "female": ("sex", Recent(0.0, NAN, NAN, NAN), "Female sex"),
    "a grade": ("crs_grade", Recent(2.0, 1.0, 1.0, 24.0), "rose from 1 to 2 in 24 h"),
    "a grade from none": ("crs_grade", Recent(1.0, 1.0, 1.0, 24.0), "rose from 0 to 1 in 24 h"),
}  # fmt: skip


@pytest.mark.parametrize("case", SENTENCES)
def test_a_reason_reads_as_a_ward_would_say_it(case):
    key, recent, expected = SENTENCES[case]
    assert sentence(key, recent).endswith(expected)


def test_a_static_value_of_a_first_record_is_a_sentence_too():
    assert sentence("weight", Recent(70.0, NAN, NAN, NAN)) == "Body weight 70 kg"


def test_a_score_is_named_by_its_meaning_and_by_what_it_lacks():
    row = pd.Series({"easix.log2": 5.0})
    assert sentence("easix", None, row) == "Endothelial activation and stress index 5"
    known = {"ldh": Recent(300.0, 1.0, NAN, NAN)}
    (reason,) = reasons({"easix": 0.5}, pd.Series({"easix.log2": NAN}), known)
    assert reason.sentence.endswith("not known: no creatinine, platelets on record")


def test_a_score_says_which_of_its_columns_the_model_reads():
    worst = pd.Series({"partial_sirs.worst_24h": 3.0})
    assert sentence("partial_sirs", None, worst) == "SIRS without PaCO2 3 at worst of 24 h"
    both = pd.Series({"partial_sirs.worst_24h": 3.0, "partial_sirs.last": 1.0})
    assert sentence("partial_sirs", None, both) == "SIRS without PaCO2 1"


def test_the_inputs_of_a_score_are_among_the_keys_that_its_reason_needs():
    assert keys_behind(("crp", "easix")) == ("crp", "easix", "ldh", "creatinine", "platelets")


def test_the_strongest_come_first_with_their_share_and_none_without_effect():
    contributions = {"crp": -0.6, "ldh": 0.3, "sodium": 0.1, "il6": 0.0}
    found = reasons(contributions, pd.Series(dtype=float), {})
    assert [(r.analyte, r.contribution, round(r.share, 9)) for r in found] == [
        ("crp", -0.6, 0.6), ("ldh", 0.3, 0.3), ("sodium", 0.1, 0.1)
    ]  # fmt: skip
    many = {f"key {n}": 1.0 for n in range(40)}
    assert len(reasons(many, pd.Series(dtype=float), {})) == REASONS_SHOWN
    assert reasons({"crp": 0.0}, pd.Series(dtype=float), {}) == ()


def test_contributions_are_summed_by_what_stands_before_the_dot():
    values = np.array([[1.0, 2.0, 4.0], [10.0, 20.0, 40.0]])
    found = by_analyte(values, ["crp.last", "ldh.last", "crp.age"])
    assert found.to_dict("list") == {"crp": [5.0, 50.0], "ldh": [2.0, 20.0]}


def test_one_row_is_summed_to_the_bits_of_many():
    random = np.random.default_rng(0)
    names = [f"key{n % 7}.feature{n}" for n in range(333)]
    many = random.normal(size=(97, 333))
    together = by_analyte(many, names).to_numpy()
    for place in range(0, 97, 8):
        assert (by_analyte(many[[place]], names).to_numpy()[0] == together[place]).all()


@pytest.mark.parametrize(
    ("number", "text"),
    [(0.0, "0"), (-0.0, "0"), (12345.6, "12346"), (0.00012, "0.00012"), (-2.5, "-2.5"),
     (100.0, "100"), (9.999, "10"), (1000.0, "1000"), (58.04, "58")],
)  # fmt: skip
def test_numbers_read_as_on_a_chart(number, text):
    assert plain_number(number) == text


def test_recent_values_are_those_known_at_the_moment(draw_events, ask_at):
    events = draw_events(
        ("a", "crp", 0.0, 10.0), ("a", "crp", 30.0, 50.0), ("a", "crp", 33.0, 90.0, 40.0),
        ("b", "ldh", 1.0, 1.0),
    )  # fmt: skip
    found = recent_values(events, ask_at(("a", 36.0)), ["crp", "ldh"])
    assert found["crp"] == Recent(50.0, 6.0, 40.0, 30.0)
    assert np.isnan([found["ldh"].last, found["ldh"].age_hours, found["ldh"].change]).all()


def test_rules_are_read_beside_the_model(draw_events, ask_at):
    events = draw_events(
        ("a", "crp", 6.0, 10.0), ("a", "crp", 30.0, 50.0), ("a", "temperature", 33.0, 38.4),
        ("a", "crs_grade", 34.0, 1.0), ("a", "ldh", 1.0, 512.0), ("a", "platelets", 1.0, 32.0),
    )  # fmt: skip
    rules = {rule.rule: rule for rule in read_rules(events, ask_at(("a", 36.0)))}
    assert (rules["crp_rule"].value, rules["crp_rule"].fires) == (50.0, True)
    assert rules["crp_rule"].sentence == "CRP 50 mg/L, +40 mg/L on the lowest of 36 h"
    assert rules["fever"].fires is True
    assert rules["fever"].sentence == "Highest temperature of 24 h 38.4 Cel"
    assert (rules["crs_grade"].value, rules["crs_grade"].fires) == (1.0, None)
    assert rules["easix"].value is None  # no creatinine
    assert "No EASIX" in rules["easix"].sentence
    assert all(rule.source for rule in rules.values())


def test_rules_without_their_items_say_so(draw_events, ask_at):
    rules = {rule.rule: rule for rule in read_rules(draw_events(), ask_at(("a", 36.0)))}
    assert all(rule.value is None and rule.fires is None for rule in rules.values())
    assert rules["crp_rule"].sentence == "No CRP on record"
    single = draw_events(("a", "crp", 30.0, 50.0))
    first = read_rules(single, ask_at(("a", 36.0)))[0]
    assert (first.value, first.fires) == (50.0, None)
    assert "no earlier value" in first.sentence


def test_easix_tells_how_old_its_oldest_item_is(draw_events, ask_at):
    events = draw_events(
        ("a", "ldh", 1.0, 512.0), ("a", "platelets", 30.0, 32.0), ("a", "creatinine", 6.0, 176.8)
    )
    easix = next(rule for rule in read_rules(events, ask_at(("a", 36.0))) if rule.rule == "easix")
    assert easix.sentence == "EASIX (log2) 5, oldest item 35 h old"
