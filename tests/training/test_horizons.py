"""Longer horizons on the real patients: labels by a second route, from the public table."""

import pandas as pd
import pytest

from features.matrix import as_of_grid
from features.outcomes import Outcome
from features.tables import ORIGIN
from training.dataset import load_events
from training.labels import label_rows

DAY = pd.Timedelta(hours=24)


@pytest.fixture(scope="module")
def table(shared_data):
    path = shared_data / "car_t_b_all/daily_labs.csv"
    events = load_events(path, "prcrs").events
    grades = pd.read_csv(path).set_index(["patient", "Relative date"])["CRS"]
    return events, as_of_grid(events, DAY), grades


def label_of(course: pd.Series, day: int, days: int) -> float | None:
    """What the days after `day` hold, by day of the table; the last known grade is today's."""
    if course[course.index <= day].iloc[-1] >= 3:
        return None
    ahead = course[(course.index > day) & (course.index <= day + days)]
    if (ahead >= 3).any():
        return 1.0
    return 0.0 if len(ahead) and day + days <= course.index.max() else None


@pytest.mark.parametrize(("days", "rows", "events"), [(1, 849, 31), (2, 749, 61), (3, 646, 90)])
def test_labels_of_one_two_and_three_days_are_those_of_the_published_grades(
    table, days, rows, events
):
    known, grid, grades = table
    found = label_rows(known, grid, Outcome.SEVERE_CRS, days * DAY).label
    courses = {str(patient): course.droplevel(0) for patient, course in grades.groupby(level=0)}
    expected = [
        label_of(courses[str(patient)], (as_of - ORIGIN) // DAY - 1, days)  # known at the day's end
        for patient, as_of in zip(grid["patient_id"], grid["as_of"], strict=True)
    ]
    assert pd.Series(found).equals(pd.Series(expected, dtype=float))
    assert ((~pd.isna(found)).sum(), (found == 1).sum()) == (rows, events)
