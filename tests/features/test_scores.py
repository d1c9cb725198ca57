"""Ratios and scores against numbers worked out by hand."""

import numpy as np
import pytest

from features.matrix import feature_rows
from features.scores import SCORES

YEAR = 365.25 * 24

BY_HAND = {
    # 512 U/L x (176.8 umol/L = 2.0 mg/dL) / 32 = 32 = 2 to the fifth
    "easix.log2": ({"ldh": 512.0, "creatinine": 176.8, "platelets": 32.0}, 5.0),
    # 400 U/L x (160 mg/L = 16 mg/dL) / 100 = 64 = 2 to the sixth
    "modified_easix.log2": ({"ldh": 400.0, "crp": 160.0, "platelets": 100.0}, 6.0),
    "shock_index.last": ({"heart_rate": 120.0, "systolic_bp": 80.0}, 1.5),
    "pulse_pressure.last": ({"systolic_bp": 120.0, "diastolic_bp": 75.0}, 45.0),
    "spo2_fio2.last": ({"spo2": 96.0, "fio2": 0.4}, 240.0),
    "neutrophil_lymphocyte_ratio.last": ({"neutrophils": 9.0, "lymphocytes": 0.5}, 18.0),
    "crp_albumin_ratio.last": ({"crp": 60.0, "albumin": 30.0}, 2.0),
    "urea_creatinine_ratio.last": ({"urea": 20.0, "creatinine": 100.0}, 0.2),
}


def _score(name, values, draw_events, ask_at):
    column = next(score for score in SCORES if score.name == name)
    events = draw_events(*[("a", key, 1.0, value) for key, value in values.items()])
    return feature_rows(events, ask_at(("a", 2.0)), (column,)).iloc[0, 0]


@pytest.mark.parametrize("name", BY_HAND)
def test_a_score_equals_the_hand_calculation(name, draw_events, ask_at):
    values, expected = BY_HAND[name]
    assert _score(name, values, draw_events, ask_at) == pytest.approx(expected, rel=2e-4)


@pytest.mark.parametrize("name", BY_HAND)
def test_a_score_is_missing_where_any_item_is(name, draw_events, ask_at):
    values, _ = BY_HAND[name]
    for left_out in values:
        rest = {key: value for key, value in values.items() if key != left_out}
        assert np.isnan(_score(name, rest, draw_events, ask_at))


@pytest.mark.parametrize("name", ["easix.log2", "modified_easix.log2", "crp_albumin_ratio.last"])
def test_a_score_over_nothing_is_missing_and_not_infinite(name, draw_events, ask_at):
    values, _ = BY_HAND[name]
    bottom = list(values)[-1]
    assert np.isnan(_score(name, {**values, bottom: 0.0}, draw_events, ask_at))


def test_the_age_comes_from_the_birth_date_else_from_the_stated_age(draw_events, ask_at):
    column = next(score for score in SCORES if score.name == "age.years")
    events = draw_events(
        ("a", "birth", -60.5 * YEAR, np.nan), ("a", "age", None, 59.0), ("b", "age", None, 41.0)
    )
    rows = feature_rows(events, ask_at(("a", 0.0), ("b", 0.0), ("c", 0.0)), (column,))
    np.testing.assert_allclose(rows["age.years"], [60.5, 41.0, np.nan], atol=1e-4)


def test_every_score_names_its_meaning_and_source():
    assert all(score.meaning and score.source for score in SCORES)


# Royal College of Physicians, NEWS2 (2017), chart 1; SOFA after Vincent 1996, table 3 (mg/dL)
BEDSIDE_BY_HAND = [
    ("partial_news2.last", {"respiratory_rate": 8.0}, 3),
    ("partial_news2.last", {"respiratory_rate": 11.0}, 1),
    ("partial_news2.last", {"respiratory_rate": 20.0}, 0),
    ("partial_news2.last", {"respiratory_rate": 24.0}, 2),
    ("partial_news2.last", {"respiratory_rate": 25.0}, 3),
    ("partial_news2.last", {"spo2": 91.0}, 3),
    ("partial_news2.last", {"spo2": 95.0}, 1),
    ("partial_news2.last", {"fio2": 0.21}, 0),
    ("partial_news2.last", {"fio2": 0.28}, 2),
    ("partial_news2.last", {"oxygen_flow": 2.0}, 2),
    ("partial_news2.last", {"oxygen_flow": 0.0}, 0),
    ("partial_news2.last", {"oxygen_device": 0.0}, 0),
    ("partial_news2.last", {"oxygen_device": 1.0, "oxygen_flow": 2.0, "fio2": 0.3}, 2),
    ("partial_news2.last", {"systolic_bp": 90.0}, 3),
    ("partial_news2.last", {"systolic_bp": 220.0}, 3),
    ("partial_news2.last", {"heart_rate": 40.0}, 3),
    ("partial_news2.last", {"heart_rate": 131.0}, 3),
    ("partial_news2.last", {"temperature": 35.0}, 3),
    ("partial_news2.last", {"temperature": 39.1}, 2),
    ("partial_news2.last", {"temperature": 38.5, "heart_rate": 112.0, "spo2": 93.0}, 1 + 2 + 2),
    ("partial_qsofa.last", {"respiratory_rate": 22.0, "systolic_bp": 100.0}, 2),
    ("partial_sirs.last", {"temperature": 35.9, "wbc": 3.9, "heart_rate": 91.0}, 3),
    ("partial_sirs.last", {"temperature": 38.0, "wbc": 12.0, "heart_rate": 90.0}, 0),
    ("partial_sofa.last", {"creatinine": 1.1 * 88.4}, 0),
    ("partial_sofa.last", {"creatinine": 1.2 * 88.4}, 1),
    ("partial_sofa.last", {"creatinine": 1.9 * 88.4}, 1),
    ("partial_sofa.last", {"creatinine": 2.0 * 88.4}, 2),
    ("partial_sofa.last", {"creatinine": 3.4 * 88.4}, 2),
    ("partial_sofa.last", {"creatinine": 3.5 * 88.4}, 3),
    ("partial_sofa.last", {"creatinine": 4.9 * 88.4}, 3),
    ("partial_sofa.last", {"creatinine": 5.0 * 88.4}, 4),
    ("partial_sofa.last", {"bilirubin_total": 1.9 * 17.1, "platelets": 99.0}, 1 + 2),
    ("partial_sofa.last", {"mean_arterial_pressure": 69.0, "platelets": 19.0}, 1 + 4),
]


@pytest.mark.parametrize(("name", "values", "expected"), BEDSIDE_BY_HAND)
def test_a_bedside_score_equals_its_published_table(name, values, expected, draw_events, ask_at):
    assert _score(name, values, draw_events, ask_at) == expected


@pytest.mark.parametrize(
    ("name", "key", "first", "second", "expected"),
    [
        ("partial_news2.worst_12h", "temperature", 34.8, 37.0, 3),
        ("partial_news2.worst_12h", "heart_rate", 39.0, 80.0, 3),
        ("partial_news2.worst_12h", "heart_rate", 140.0, 80.0, 3),
        ("partial_sirs.worst_24h", "wbc", 1.5, 8.0, 1),
        ("partial_sirs.worst_24h", "wbc", 15.0, 8.0, 1),
    ],
)
def test_the_worst_of_a_window_is_the_worst_on_either_side(
    name, key, first, second, expected, draw_events, ask_at
):
    column = next(score for score in SCORES if score.name == name)
    events = draw_events(("a", key, 1.0, first), ("a", key, 2.0, second))
    assert feature_rows(events, ask_at(("a", 3.0)), (column,)).iloc[0, 0] == expected
