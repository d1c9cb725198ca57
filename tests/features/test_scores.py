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
