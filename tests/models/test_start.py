"""Where boosting starts: the grade's log-odds by hand, and what a missing grade means."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from models.start import Line, Start, fit_start, mean_start, moved


def graded(*grades: float) -> pd.DataFrame:
    return pd.DataFrame({"crs_grade.last": np.array(grades, dtype=np.float32)})


def test_without_the_grade_the_start_is_the_base_rate_for_everyone() -> None:
    target = np.array([1.0, 0.0, 0.0, 0.0])
    start = fit_start(pd.DataFrame(index=range(4)), target)
    assert start.margin(graded(0, 2, np.nan)) == pytest.approx([np.log(1 / 3)] * 3)


def test_a_higher_grade_starts_higher_and_a_missing_one_starts_as_none() -> None:
    grades = [0.0] * 40 + [1.0] * 20 + [2.0] * 10
    target = np.array([0.0] * 39 + [1.0] + [0.0] * 16 + [1.0] * 4 + [0.0] * 4 + [1.0] * 6)
    start = fit_start(graded(*grades), target)
    none, one, two, missing = start.margin(graded(0, 1, 2, np.nan))
    assert none < one < two
    assert missing == none


def test_a_large_table_starts_at_the_observed_log_odds_of_each_grade() -> None:
    grades = [0.0] * 10_000 + [1.0] * 10_000 + [2.0] * 10_000
    rates = (0.01, 0.1, 0.5)
    target = np.concatenate([np.arange(10_000) < 10_000 * rate for rate in rates]).astype(float)
    start = fit_start(graded(*grades), target)
    by_hand = [np.log(rate / (1 - rate)) for rate in rates]
    assert start.margin(graded(0, 1, 2)) == pytest.approx(by_hand, abs=0.05)


def test_the_grade_part_is_the_margin_without_its_intercept() -> None:
    start = Start(-3.0, (1.0, 2.0))
    assert start.margin(graded(0, 1, 2)).tolist() == [-3.0, -2.0, 0.0]
    assert start.grade_part(graded(0, 1, 2)).tolist() == [0.0, 1.0, 3.0]


def test_the_mean_start_gives_the_mean_of_the_margins() -> None:
    starts = [Start(-3.0, (1.0, 2.0)), Start(-1.0, (0.0, 4.0))]
    rows = graded(0, 1, 2, np.nan)
    mean = np.mean([start.margin(rows) for start in starts], axis=0)
    assert mean_start(starts).margin(rows) == pytest.approx(mean)


def test_rows_without_a_grade_column_start_at_the_base_rate() -> None:
    rows = pd.DataFrame({"crp.last": [1.0, 2.0]})
    start = fit_start(rows, np.array([0.0, 1.0]))
    assert start.margin(rows).tolist() == [0.0, 0.0]


def drawn(rows: int = 2000) -> tuple[pd.DataFrame, np.ndarray]:
    """Ferritin (log-normal) drives the target, albumin against it, sodium not at all."""
    random = np.random.default_rng(8)
    ferritin = np.exp(random.normal(6.0, 1.0, rows))
    albumin, sodium = random.normal(35.0, 5.0, rows), random.normal(140.0, 4.0, rows)
    margin = -2.0 + 1.5 * (np.log1p(ferritin) - 6.0) - 0.2 * (albumin - 35.0)
    target = (random.random(rows) < 1.0 / (1.0 + np.exp(-margin))).astype(float)
    columns = {"ferritin.last": ferritin, "albumin.last": albumin, "sodium.last": sodium}
    return pd.DataFrame(columns), target


def test_a_line_by_hand_inside_at_and_beyond_the_values_learnt() -> None:
    straight = Line("albumin.last", False, low=20.0, high=50.0, centre=35.0, slope=-0.2)
    start = Start(-2.0, (0.0, 0.0), (straight,))
    rows = pd.DataFrame({"albumin.last": [35.0, 30.0, 20.0, 5.0, 50.0, 70.0, np.nan]})
    expected = [-2.0, -1.0, 1.0, 1.0, -5.0, -5.0, -2.0]
    assert start.margin(rows).tolist() == pytest.approx(expected)
    assert start.line_parts(rows)[:, 0].tolist() == pytest.approx([m + 2.0 for m in expected])


def test_a_logarithm_by_hand() -> None:
    line = Line("ferritin.last", True, low=0.0, high=20.0, centre=np.log1p(999.0), slope=2.0)
    margin = Start(0.0, (0.0, 0.0), (line,)).margin(pd.DataFrame({"ferritin.last": [9.0, 99999.0]}))
    assert margin.tolist() == pytest.approx([-2.0 * np.log(100.0), 2.0 * np.log(100.0)])


def test_the_lines_find_what_drives_the_target() -> None:
    rows, target = drawn(20_000)
    found = {line.column: line for line in fit_start(rows, target).lines}
    assert found["ferritin.last"].is_log
    assert found["ferritin.last"].slope == pytest.approx(1.5, rel=0.25)  # held back a little
    assert found["albumin.last"].slope == pytest.approx(-0.2, rel=0.25)
    assert abs(found["sodium.last"].slope) < 0.1


def test_the_penalty_is_that_of_a_logistic_regression_of_standardised_values() -> None:
    rows, target = drawn(400)
    read = rows.assign(**{"ferritin.last": np.log1p(rows["ferritin.last"])})
    standard = (read - read.mean()) / read.std(ddof=0)
    other = LogisticRegression(C=1 / 100, tol=1e-10).fit(standard, target)
    assert fit_start(rows, target).margin(rows) == pytest.approx(
        other.decision_function(standard), abs=1e-4
    )


def test_a_line_never_runs_against_its_sign() -> None:
    rows, target = drawn()
    start = fit_start(rows, target, signs=(-1, 1, 0))
    slope = {line.column: line.slope for line in start.lines}
    assert slope.get("ferritin.last", 0.0) <= 0.0
    assert slope.get("albumin.last", 0.0) >= 0.0


def test_few_values_other_statistics_and_what_never_varies_have_no_line() -> None:
    rows, target = drawn(200)
    few = rows["ferritin.last"].where(np.arange(200) < 29)
    rows = pd.DataFrame({"crp.last": few, "crp.age": rows["albumin.last"], "spo2.last": 96.0})
    assert fit_start(rows, target).lines == ()


def test_without_lines_the_grade_alone_is_read() -> None:
    rows, target = drawn(200)
    rows["crs_grade.last"] = np.where(np.arange(200) % 3 == 0, 2.0, 0.0)
    start = fit_start(rows, target, lines=False)
    assert start.lines == ()
    assert start.weights != (0.0, 0.0)


def test_weights_count_as_rows_do() -> None:
    grades = [0.0, 0.0, 0.0, 1.0, 2.0, 2.0]
    target = np.array([0.0, 0.0, 1.0, 0.0, 1.0, 0.0])
    weight = np.array([3.0, 1.0, 1.0, 2.0, 2.0, 1.0])
    repeated = np.repeat(np.arange(6), weight.astype(int))
    weighted = fit_start(graded(*grades), target, weight=weight)
    plain = fit_start(graded(*np.array(grades)[repeated]), target[repeated])
    assert weighted.margin(graded(0, 1, 2)) == pytest.approx(
        plain.margin(graded(0, 1, 2)), abs=1e-5
    )


def test_means_and_moves_of_starts_with_lines() -> None:
    rows, target = drawn(300)
    starts = [fit_start(rows.iloc[half::2], target[half::2]) for half in (0, 1)]
    mean = np.mean([start.margin(rows) for start in starts], axis=0)
    assert mean_start(starts).margin(rows) == pytest.approx(mean)
    there = moved(starts[0], -1.0, 0.5).margin(rows)
    assert there == pytest.approx(0.5 * starts[0].margin(rows) - 1.0)


def test_a_row_alone_has_the_bits_of_many() -> None:
    rows, target = drawn(5000)
    start = fit_start(rows, target)
    many = start.margin(rows)
    assert [start.margin(rows.iloc[[place]])[0] for place in (0, 4095, 4096, 4999)] == [
        many[place] for place in (0, 4095, 4096, 4999)
    ]
