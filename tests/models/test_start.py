"""Where boosting starts: the grade's log-odds by hand, and what a missing grade means."""

import numpy as np
import pandas as pd
import pytest

from models.start import Start, fit_start, mean_start


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
