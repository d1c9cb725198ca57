"""Course starts, observation periods and the as-of grid of hand-drawn patients."""

import numpy as np
import pandas as pd
import pytest

from features.declared import columns_named, columns_of
from features.matrix import (
    as_of_grid,
    course_starts,
    events_from_records,
    feature_rows,
    observation_periods,
)
from features.outcomes import Outcome, as_it_was, at_risk, happenings
from features.tables import InvalidInputError
from features.trajectory import Feature, Statistic

START = pd.Timestamp("2026-03-01T06:00", tz="UTC")
DAY = pd.Timedelta(hours=24)
NAN = np.nan


def hours_of(times: pd.Series) -> list[float]:
    return [(time - START) / pd.Timedelta(hours=1) for time in times]


def grid_hours(events: pd.DataFrame, every: pd.Timedelta = DAY) -> list[float]:
    return hours_of(as_of_grid(events, every)["as_of"])


def test_a_wrong_date_lays_no_grid_of_decades(draw_events):
    decades = 24.0 * 365 * 73
    events = draw_events(("a", "crp", 0.0, 5.0), ("a", "crp", decades, 6.0), ("b", "crp", 0.0, 1.0))
    days = [hour / 24 for hour in grid_hours(events)]
    assert days == [*range(31), decades / 24, 0.0]


def test_a_pause_of_a_month_is_still_asked_about(draw_events):
    events = draw_events(("a", "crp", 0.0, 5.0), ("a", "crp", 720.0, 6.0), ("a", "crp", 800.0, 6.0))
    assert grid_hours(events) == [24.0 * day for day in range(34)]


def test_rows_depend_on_patient_and_time_alone_however_they_are_asked_for(draw_events):
    events = draw_events(("a", "crp", 0.0, 5.0), ("b", "crp", 1.0, 6.0))
    asked = pd.DataFrame({"patient_id": ["b", "a", "c"], "as_of": [START + DAY] * 3})
    columns = (Feature("crp", Statistic.LAST), Feature("crp", Statistic.AGE))
    rows = feature_rows(events, asked, columns)
    np.testing.assert_array_equal(rows, np.array([[6, 23], [5, 24], [NAN, NAN]], dtype="float32"))
    assert rows.index.to_list() == [(patient, START + DAY) for patient in "bac"]
    otherwise = asked.assign(bed=1, patient_id=asked["patient_id"].astype("category"))
    otherwise["as_of"] = otherwise["as_of"].dt.tz_convert("Europe/Berlin")
    for other in (otherwise, asked.set_index(pd.Index([7, 7, 7])).assign(bed=1)):
        pd.testing.assert_frame_equal(feature_rows(events, other, columns), rows)


def test_a_course_starts_with_the_first_dose_else_intensive_care_else_admission(draw_events):
    events = draw_events(
        ("a", "admission", 0.0, NAN), ("a", "therapy", 30.0, NAN), ("a", "therapy", 9.0, NAN),
        ("b", "admission", 3.0, NAN), ("b", "icu_admission", 5.0, NAN),
        ("c", "admission", 4.0, NAN),
        ("d", "crp", 1.0, 5.0),
    )  # fmt: skip
    starts = course_starts(events)
    assert dict(zip(starts.index, hours_of(starts), strict=True)) == {"a": 9.0, "b": 5.0, "c": 4.0}


def test_nothing_timed_means_no_start_no_period_and_no_grid(draw_events):
    for events in (draw_events(), draw_events(("a", "sex", None, 1.0))):
        assert course_starts(events).empty
        assert observation_periods(events).empty
        assert as_of_grid(events, DAY).empty


def test_observation_runs_from_the_first_known_value_to_the_last_thing_known(draw_events):
    events = draw_events(
        ("a", "birth", -400_000.0, NAN),
        ("a", "therapy", 0.0, NAN),
        ("a", "crp", 1.0, 5.0, 3.0),
        ("a", "crp", 40.0, 5.0, 44.0),
    )
    period = observation_periods(events).loc["a"]
    assert hours_of(period[["start", "first_known", "end"]]) == [0.0, 3.0, 44.0]


def test_a_documented_end_of_observation_wins_over_the_last_event(draw_events):
    events = draw_events(
        ("a", "therapy", 0.0, NAN), ("a", "crp", 1.0, 5.0), ("a", "infection_onset", 60.0, NAN),
        ("a", "observation_end", 50.0, NAN),
    )  # fmt: skip
    assert hours_of([observation_periods(events).loc["a", "end"]]) == [50.0]
    assert grid_hours(events) == [24.0, 48.0]


def test_the_start_itself_is_asked_about_only_where_something_was_measured(draw_events):
    later = [("a", "therapy", 0.0, NAN), ("a", "crp", 47.0, 5.0), ("a", "crp", 72.0, 5.0)]
    assert grid_hours(draw_events(*later)) == [48.0, 72.0]
    assert grid_hours(draw_events(*later, ("a", "crp", 0.0, 5.0))) == [0.0, 24.0, 48.0, 72.0]
    assert grid_hours(draw_events(*later, ("a", "crp", 0.0, 5.0, 0.1)))[0] == 24.0


def test_the_grid_keeps_every_patient_apart_and_its_step(draw_events):
    events = draw_events(
        ("b", "therapy", 5.0, NAN), ("b", "crp", 5.0, 1.0), ("b", "crp", 17.5, 1.0),
        ("a", "therapy", 0.0, NAN), ("a", "crp", 0.0, 1.0), ("a", "crp", 11.9, 1.0),
        ("c", "therapy", 50.0, NAN), ("c", "crp", 1.0, 1.0),
    )  # fmt: skip
    grid = as_of_grid(events, pd.Timedelta(hours=6))
    found = list(zip(grid["patient_id"], hours_of(grid["as_of"]), strict=True))
    assert found == [("a", 0.0), ("a", 6.0), ("b", 5.0), ("b", 11.0), ("b", 17.0), ("c", 50.0)]


@pytest.mark.parametrize("hours", [0, -24])
def test_a_step_that_is_not_positive_is_refused(hours, draw_events):
    with pytest.raises(InvalidInputError, match="positive"):
        as_of_grid(draw_events(("a", "crp", 1.0, 5.0)), pd.Timedelta(hours=hours))


def test_records_and_their_events_give_the_same_rows(ward_records, ward_events):
    few = ward_records[ward_records["patient_id"] < "patient-03"]
    columns = columns_of(["crp", "therapy"])
    made = events_from_records(few)
    found = feature_rows(made.events, as_of_grid(made.events, DAY), columns)
    names = ward_events["patient_id"].astype(str)
    mine = ward_events[names < "patient-03"]
    expected = feature_rows(mine, as_of_grid(mine, DAY), columns)
    pd.testing.assert_frame_equal(found, expected, check_exact=True)
    assert (found.dtypes == np.float32).all()
    assert len(made.rejects) == 0


def test_a_moment_in_another_time_zone_is_the_same_moment(draw_events, ask_at):
    events, moments = draw_events(("a", "crp", 1.0, 5.0)), ask_at(("a", 2.0))
    there = moments.assign(as_of=moments["as_of"].dt.tz_convert("Asia/Tokyo"))
    pd.testing.assert_frame_equal(feature_rows(events, there), feature_rows(events, moments))
    by_arrow = moments.astype({"as_of": "timestamp[ns, tz=Asia/Tokyo][pyarrow]"})
    pd.testing.assert_frame_equal(feature_rows(events, by_arrow), feature_rows(events, moments))


def test_an_undeclared_feature_is_named(draw_events):
    with pytest.raises(InvalidInputError, match="moon_phase"):
        columns_named(["moon_phase.last"])


def test_a_column_needs_its_keys():
    names = {column.name for column in columns_of(["platelets", "ldh"])}
    assert "platelets.last" in names
    assert "easix.log2" not in names
    assert "easix.log2" in {c.name for c in columns_of(["platelets", "ldh", "creatinine"])}
    assert "age.years" in {c.name for c in columns_of(["birth"])}
    assert Feature("crp", Statistic.LAST) not in columns_of(["ldh"])


def test_severe_crs_lasts_until_a_lower_grade_is_known(draw_events, ask_at):
    events = draw_events(
        ("a", "crs_grade", 10.0, 2.0),
        ("a", "crs_grade", 20.0, 3.0, 26.0),
        ("a", "crs_grade", 40.0, 1.0),
    )
    asked = ask_at(*(("a", hour) for hour in (5.0, 15.0, 22.0, 26.0, 39.0, 40.0)))
    outside = [True, True, True, False, False, True]
    assert at_risk(events, asked, Outcome.SEVERE_CRS).tolist() == outside


def test_by_the_truth_severe_crs_begins_when_it_began_not_when_it_was_charted(draw_events, ask_at):
    events = draw_events(("a", "crs_grade", 20.0, 3.0, 26.0))
    asked = ask_at(("a", 19.0), ("a", 20.0), ("a", 22.0))
    assert at_risk(as_it_was(events), asked, Outcome.SEVERE_CRS).tolist() == [True, False, False]


def test_an_infection_episode_lasts_fourteen_days(draw_events, ask_at):
    events = draw_events(("a", "infection_onset", 10.0, NAN))
    end = 10.0 + 14 * 24.0
    asked = ask_at(("a", 9.9), ("a", 10.0), ("a", end), ("a", end + 1.0), ("b", 20.0))
    assert at_risk(events, asked, Outcome.INFECTION).tolist() == [True, False, False, True, True]


def test_a_corrected_grade_never_happened(draw_events):
    events = draw_events(
        ("a", "crs_grade", 20.0, 3.0, 20.0, 25.0),
        ("a", "crs_grade", 20.0, 2.0, 25.0),
        ("b", "crs_grade", 20.0, 3.0),
        ("b", "crs_grade", 30.0, 2.0),
    )
    found = happenings(events, Outcome.SEVERE_CRS)
    assert list(zip(found["patient_id"], hours_of(found["time"]), strict=True)) == [("b", 20.0)]


def test_a_grade_that_nobody_renewed_for_three_days_is_not_known_any_more(draw_events):
    events = draw_events(("a", "crs_grade", 0.0, 1.0), ("a", "crs_grade", 24.0, 3.0))
    asked = [24.0, 96.0, 96.1]
    as_of = pd.DataFrame(
        {"patient_id": "a", "as_of": [START + pd.Timedelta(hours=hour) for hour in asked]}
    )
    columns = [
        Feature("crs_grade", Statistic.LAST),
        Feature("crs_grade", Statistic.HOURS_UNCHANGED),
        Feature("crs_grade", Statistic.COUNT),
        Feature("crs_grade", Statistic.AGE),
    ]
    rows = feature_rows(events, as_of, columns).to_numpy()
    np.testing.assert_allclose(
        rows, [[3, 0, 2, 0], [3, 72, 2, 72], [NAN, NAN, NAN, 72.1]], rtol=1e-6
    )
    assert feature_rows(events, as_of, columns[:1]).to_numpy().ravel()[:2].tolist() == [3, 3]
    assert at_risk(events, as_of, Outcome.SEVERE_CRS).tolist() == [False, False, True]
