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
    # 320 U/L / 10 = 32 = 2 to the fifth
    "simplified_easix.log2": ({"ldh": 320.0, "platelets": 10.0}, 5.0),
    "fresh_easix.log2": ({"ldh": 512.0, "creatinine": 176.8, "platelets": 32.0}, 5.0),
    "fresh_modified_easix.log2": ({"ldh": 400.0, "crp": 160.0, "platelets": 100.0}, 6.0),
    "fresh_simplified_easix.log2": ({"ldh": 320.0, "platelets": 10.0}, 5.0),
    "easix_baseline.log2": ({"ldh": 512.0, "creatinine": 176.8, "platelets": 32.0}, 5.0),
    "systemic_immune_inflammation.index": (
        {"platelets": 200.0, "neutrophils": 4.0, "lymphocytes": 1.6},
        500.0,
    ),
    "ferritin_crp.ratio": ({"ferritin": 500.0, "crp": 50.0}, 10.0),
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


# Chart 1 of NEWS2 (2017): one observation at a time, beside observations that give no points
CALM = {
    "respiratory_rate": 16.0,
    "spo2": 97.0,
    "oxygen_flow": 0.0,
    "systolic_bp": 120.0,
    "heart_rate": 70.0,
    "temperature": 37.0,
    "gcs_total": 15.0,
    "age": 50.0,
}
NEWS2_CHART = [
    *[("respiratory_rate", rate, points) for rate, points in
      ((8, 3), (9, 1), (11, 1), (12, 0), (20, 0), (21, 2), (24, 2), (25, 3))],
    *[("spo2", percent, points) for percent, points in
      ((91, 3), (92, 2), (93, 2), (94, 1), (95, 1), (96, 0))],
    *[("oxygen_flow", litres, points) for litres, points in ((0, 0), (0.5, 2))],
    *[("systolic_bp", pressure, points) for pressure, points in
      ((90, 3), (91, 2), (100, 2), (101, 1), (110, 1), (111, 0), (219, 0), (220, 3))],
    *[("heart_rate", rate, points) for rate, points in
      ((40, 3), (41, 1), (50, 1), (51, 0), (90, 0), (91, 1), (110, 1), (111, 2), (130, 2),
       (131, 3))],
    *[("temperature", celsius, points) for celsius, points in
      ((35.0, 3), (35.1, 1), (36.0, 1), (36.1, 0), (38.0, 0), (38.1, 1), (39.0, 1), (39.1, 2))],
    *[("gcs_total", scale, points) for scale, points in ((15, 0), (14, 3), (3, 3))],
]  # fmt: skip


@pytest.mark.parametrize(("key", "value", "points"), NEWS2_CHART)
def test_the_whole_news2_follows_its_chart(key, value, points, draw_events, ask_at):
    observed = {**CALM, key: float(value)}
    assert _score("news2.points", observed, draw_events, ask_at) == points


@pytest.mark.parametrize("oxygen", [0.0, 2.0])
@pytest.mark.parametrize(
    ("percent", "on_air", "on_oxygen"),
    [
        (83, 3, 3), (84, 2, 2), (85, 2, 2), (86, 1, 1), (87, 1, 1), (88, 0, 0), (92, 0, 0),
        (93, 0, 1), (94, 0, 1), (95, 0, 2), (96, 0, 2), (97, 0, 3), (100, 0, 3),
    ],
)  # fmt: skip
def test_the_second_scale_of_saturation_follows_its_chart(
    percent, on_air, on_oxygen, oxygen, draw_events, ask_at
):
    observed = {**CALM, "spo2": float(percent), "oxygen_flow": oxygen}
    found = _score("news2_scale_2.points", observed, draw_events, ask_at)
    assert found == (on_oxygen + 2 if oxygen else on_air)


WHOLE_SCORES = {
    "news2.points": CALM,
    "news2_scale_2.points": CALM,
    "qsofa.points": {key: CALM[key] for key in ("respiratory_rate", "systolic_bp", "gcs_total")},
    "sirs.points": {"temperature": 37.0, "heart_rate": 70.0, "respiratory_rate": 16.0, "wbc": 6.0},
    "sofa_respiration.points": {"pao2": 90.0, "fio2": 0.21},
    "sofa_consciousness.points": {"gcs_total": 15.0},
    "easix_f.criteria": {"ldh": 200.0, "creatinine": 88.4, "platelets": 200.0, "ferritin": 100.0},
    "car_hematotox.points": {
        "platelets": 200.0, "neutrophils": 3.0, "hemoglobin": 120.0, "crp": 5.0, "ferritin": 100.0,
    },
    "routine_hscore.points": {
        "temperature": 37.0, "ferritin": 100.0, "triglycerides": 1.0, "fibrinogen": 3.0,
        "ast": 20.0, "hemoglobin": 120.0, "wbc": 6.0, "platelets": 200.0,
    },
    "modified_glasgow_prognostic.points": {"crp": 5.0, "albumin": 40.0},
}  # fmt: skip
"""Observations that give no points."""


@pytest.mark.parametrize("name", WHOLE_SCORES)
def test_a_whole_score_is_zero_of_calm_values_and_missing_without_any_of_them(
    name, draw_events, ask_at
):
    observed = WHOLE_SCORES[name]
    assert _score(name, observed, draw_events, ask_at) == 0
    for left_out in observed.keys() - {"age"}:
        rest = {key: value for key, value in observed.items() if key != left_out}
        assert np.isnan(_score(name, rest, draw_events, ask_at))


@pytest.mark.parametrize("name", ["news2.points", "news2_scale_2.points"])
@pytest.mark.parametrize(("years", "scored"), [(15.9, False), (16.0, True), (None, True)])
def test_news2_is_not_for_children(name, years, scored, draw_events, ask_at):
    observed = {key: value for key, value in CALM.items() if key != "age"}
    observed |= {} if years is None else {"age": years}
    assert np.isnan(_score(name, observed, draw_events, ask_at)) != scored


POINTS_BY_HAND = [
    # Singer 2016: one point each
    ("qsofa.points", {"respiratory_rate": 21.0, "systolic_bp": 101.0, "gcs_total": 15.0}, 0),
    ("qsofa.points", {"respiratory_rate": 22.0, "systolic_bp": 100.0, "gcs_total": 14.0}, 3),
    # Bone 1992: breaths above 20 or PaCO2 below 32 mm[Hg] is one criterion
    ("sirs.points", {"temperature": 38.1, "heart_rate": 91.0, "paco2": 31.0, "wbc": 12.1}, 4),
    ("sirs.points", {"temperature": 38.0, "heart_rate": 90.0, "paco2": 32.0, "wbc": 12.0}, 0),
    ("sirs.points", {**WHOLE_SCORES["sirs.points"], "respiratory_rate": 30.0, "paco2": 20.0}, 1),
    # Vincent 1996, PaO2/FiO2: below 400, 300; below 200 and 100 with respiratory support
    ("sofa_respiration.points", {"pao2": 80.0, "fio2": 0.2}, 0),
    ("sofa_respiration.points", {"pao2": 79.8, "fio2": 0.2}, 1),
    ("sofa_respiration.points", {"pao2": 59.8, "fio2": 0.2}, 2),
    ("sofa_respiration.points", {"pao2": 90.0, "fio2": 0.5, "oxygen_device": 3.0}, 2),
    ("sofa_respiration.points", {"pao2": 90.0, "fio2": 0.5, "oxygen_device": 4.0}, 3),
    ("sofa_respiration.points", {"pao2": 90.0, "fio2": 1.0, "oxygen_device": 5.0}, 4),
    ("sofa_consciousness.points", {"gcs_total": 14.0}, 1),
    ("sofa_consciousness.points", {"gcs_total": 12.0}, 2),
    ("sofa_consciousness.points", {"gcs_total": 9.0}, 3),
    ("sofa_consciousness.points", {"gcs_total": 5.0}, 4),
    # Proctor 2011: low albumin alone gives nothing
    ("modified_glasgow_prognostic.points", {"crp": 10.0, "albumin": 20.0}, 0),
    ("modified_glasgow_prognostic.points", {"crp": 10.1, "albumin": 35.0}, 1),
    ("modified_glasgow_prognostic.points", {"crp": 10.1, "albumin": 34.9}, 2),
]


@pytest.mark.parametrize(("name", "values", "expected"), POINTS_BY_HAND)
def test_points_equal_the_published_table(name, values, expected, draw_events, ask_at):
    assert _score(name, values, draw_events, ask_at) == expected


@pytest.mark.parametrize(
    ("key", "value", "points"),
    [
        ("platelets", 175.1, 0), ("platelets", 175.0, 1), ("platelets", 75.0, 1),
        ("platelets", 74.9, 2), ("neutrophils", 1.21, 0), ("neutrophils", 1.2, 1),
        ("hemoglobin", 90.1, 0), ("hemoglobin", 90.0, 1), ("crp", 29.9, 0), ("crp", 30.0, 1),
        ("ferritin", 649.0, 0), ("ferritin", 650.0, 1), ("ferritin", 2000.0, 1),
        ("ferritin", 2001.0, 2),
    ],
)  # fmt: skip
def test_car_hematotox_counts_each_item_at_its_border(key, value, points, draw_events, ask_at):
    values = {**WHOLE_SCORES["car_hematotox.points"], key: value}
    assert _score("car_hematotox.points", values, draw_events, ask_at) == points


def test_car_hematotox_stays_what_it_was_at_the_first_dose(draw_events, ask_at):
    column = next(score for score in SCORES if score.name == "car_hematotox.points")
    calm = WHOLE_SCORES["car_hematotox.points"]
    before = [("a", key, 1.0, value) for key, value in calm.items()]
    later = [("a", "platelets", 30.0, 10.0), ("a", "crp", 30.0, 200.0)]
    events = draw_events(*before, ("a", "therapy", 2.0, 1.0), *later)
    assert feature_rows(events, ask_at(("a", 40.0)), (column,)).iloc[0, 0] == 0


@pytest.mark.parametrize(
    ("changed", "points"),
    [
        # Fardet 2014, table 4
        ({"temperature": 38.3}, 0), ({"temperature": 38.4}, 33), ({"temperature": 39.4}, 33),
        ({"temperature": 39.5}, 49),
        ({"ferritin": 1999.0}, 0), ({"ferritin": 2000.0}, 35), ({"ferritin": 6000.0}, 35),
        ({"ferritin": 6001.0}, 50),
        ({"triglycerides": 1.49}, 0), ({"triglycerides": 1.5}, 44), ({"triglycerides": 4.0}, 44),
        ({"triglycerides": 4.1}, 64),
        ({"fibrinogen": 2.6}, 0), ({"fibrinogen": 2.5}, 30),
        ({"ast": 29.0}, 0), ({"ast": 30.0}, 19),
        ({"hemoglobin": 92.0}, 0), ({"hemoglobin": 92.0, "wbc": 5.0}, 24),
        ({"hemoglobin": 92.0, "wbc": 5.0, "platelets": 110.0}, 34),
        ({"hemoglobin": 92.1, "wbc": 5.0, "platelets": 110.0}, 24),
        ({"hemoglobin": 92.1, "wbc": 5.1, "platelets": 110.0}, 0),
    ],
)  # fmt: skip
def test_hscore_counts_each_routine_item_at_its_border(changed, points, draw_events, ask_at):
    values = {**WHOLE_SCORES["routine_hscore.points"], **changed}
    for name in ("routine_hscore.points", "partial_hscore.points"):
        assert _score(name, values, draw_events, ask_at) == points


def test_the_partial_hscore_counts_what_was_measured(draw_events, ask_at):
    measured = {"ferritin": 7000.0, "platelets": 20.0, "wbc": 1.0}
    assert _score("partial_hscore.points", measured, draw_events, ask_at) == 50 + 24
    assert np.isnan(_score("routine_hscore.points", measured, draw_events, ask_at))
    assert np.isnan(_score("partial_hscore.points", {"heart_rate": 90.0}, draw_events, ask_at))


@pytest.mark.parametrize(
    ("ldh", "ferritin", "crp", "criteria"),
    [(467.0, 321.0, 21.0, (2, 3)), (466.0, 321.0, 20.9, (1, 1)), (467.0, 320.0, 21.0, (1, 2))],
)
def test_easix_f_counts_the_criteria_met(ldh, ferritin, crp, criteria, draw_events, ask_at):
    # LDH x 1.0 mg/dL / 100 = 4.67 at 467 U/L
    values = {"ldh": ldh, "creatinine": 88.4, "platelets": 100.0, "ferritin": ferritin, "crp": crp}
    found = [
        _score(f"{name}.criteria", values, draw_events, ask_at) for name in ("easix_f", "easix_fc")
    ]
    assert tuple(found) == criteria


@pytest.mark.parametrize(("hours", "known"), [(167.9, True), (168.0, True), (168.1, False)])
@pytest.mark.parametrize("old", ["ldh", "creatinine", "platelets"])
def test_a_fresh_easix_has_no_item_older_than_a_week(old, hours, known, draw_events, ask_at):
    named = {score.name: score for score in SCORES}
    values = {"ldh": 512.0, "creatinine": 176.8, "platelets": 32.0}
    events = draw_events(
        *[("a", key, 0.0 if key == old else hours, value) for key, value in values.items()]
    )
    asked = ask_at(("a", hours))
    row = feature_rows(events, asked, (named["easix.log2"], named["fresh_easix.log2"])).iloc[0]
    assert row["easix.log2"] == pytest.approx(5.0, rel=1e-4)
    assert np.isnan(row["fresh_easix.log2"]) != known


OXYGEN_AT_HOURS = [
    # the newest word on oxygen counts: lines (key, hour, value) and the fraction by hand
    ([], None),
    ([("fio2", 1.0, 0.5)], 0.5),
    ([("oxygen_flow", 1.0, 0.0)], 0.21),
    ([("oxygen_flow", 1.0, 1.0)], 0.24),
    ([("oxygen_flow", 1.0, 6.0)], 0.44),
    ([("oxygen_flow", 1.0, 6.1)], None),
    ([("oxygen_device", 1.0, 0.0)], 0.21),
    ([("oxygen_device", 1.0, 1.0)], None),
    ([("fio2", 1.0, 0.5), ("oxygen_flow", 2.0, 2.0)], 0.28),
    ([("fio2", 2.0, 0.5), ("oxygen_flow", 2.0, 2.0)], 0.5),
    ([("oxygen_flow", 1.0, 2.0), ("oxygen_device", 3.0, 0.0)], 0.21),
    ([("oxygen_flow", 1.0, 2.0), ("oxygen_device", 3.0, 1.0)], 0.28),
]


@pytest.mark.parametrize(("lines", "fraction"), OXYGEN_AT_HOURS)
def test_the_fraction_of_oxygen_is_what_was_last_said_of_it(lines, fraction, draw_events, ask_at):
    column = next(score for score in SCORES if score.name == "estimated_spo2_fio2.ratio")
    events = draw_events(("a", "spo2", 3.0, 95.0), *[("a", *line) for line in lines])
    found = feature_rows(events, ask_at(("a", 4.0)), (column,)).iloc[0, 0]
    wanted = np.nan if fraction is None else 95.0 / fraction
    assert found == pytest.approx(wanted, rel=1e-5, nan_ok=True)


def test_every_score_stays_within_its_range_and_takes_any_row(draw_events, ask_at):
    random = np.random.default_rng(3)
    spans = {"gcs_total": (3, 15), "spo2": (50, 100), "fio2": (0.21, 1), "oxygen_device": (0, 5)}
    keys = sorted({column.key for score in SCORES for column in score.inputs} - {"birth"})
    lines = [
        (f"p{patient}", key, float(random.uniform(0, 48)), float(random.uniform(*span)))
        for patient in range(60)
        for key in keys
        for span in (spans.get(key, (0.01, 400)),)
        if random.random() < 0.9
    ]
    rows = feature_rows(
        draw_events(*lines), ask_at(*[(f"p{patient}", 48.0) for patient in range(60)]), SCORES
    )
    for score in SCORES:
        values = rows[score.name].dropna()
        assert values.between(score.low, score.high).all(), score.name
        assert len(values), score.name
