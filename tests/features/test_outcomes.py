"""Grades and infections from records, as charted, derived, or whichever there is."""

import numpy as np
import pandas as pd
import pytest

from features.matrix import feature_rows
from features.outcomes import Outcome, OutcomeSource, at_risk, happenings, with_outcomes
from features.trajectory import Feature, Statistic

GRADE = Feature("crs_grade", Statistic.LAST)
SEVERE = (
    ("a", "therapy", 0.0, np.nan), ("a", "temperature", 10.0, 39.0),
    ("a", "norepinephrine", 12.0, 0.1), ("a", "temperature", 12.0, 38.6),
)  # fmt: skip


def grades(events, ask_at, *hours: float) -> list[float]:
    return feature_rows(events, ask_at(*(("a", h) for h in hours)), [GRADE])[GRADE.name].tolist()


def test_documented_leaves_the_events_as_they_are(draw_events):
    events = draw_events(*SEVERE)
    assert with_outcomes(events, OutcomeSource.DOCUMENTED) is events


def test_derived_grades_take_the_place_of_documented_ones(draw_events, ask_at):
    events = draw_events(
        *SEVERE, ("a", "crs_grade", 9.0, 4.0), ("a", "infection_onset", 9.0, np.nan)
    )
    derived = with_outcomes(events, OutcomeSource.DERIVED)
    assert grades(derived, ask_at, 9.5, 10.5, 12.0) == pytest.approx([np.nan, 1, 3], nan_ok=True)
    assert happenings(derived, Outcome.INFECTION).empty
    assert len(happenings(derived, Outcome.SEVERE_CRS)) == 1
    assert at_risk(derived, ask_at(("a", 11.0), ("a", 12.0)), Outcome.SEVERE_CRS).tolist() == [
        True, False,
    ]  # fmt: skip


def test_either_keeps_what_was_charted_and_fills_the_rest(draw_events, ask_at):
    later = [("a", "temperature", 100.0, 38.2)]
    events = draw_events(*SEVERE, *later, ("a", "crs_grade", 11.0, 2.0))
    either = with_outcomes(events, OutcomeSource.EITHER)
    assert grades(either, ask_at, 10.5, 12.0, 80.0, 100.0) == [1, 2, 2, 1]


@pytest.mark.parametrize(
    ("ice", "grade"), [(10, 0), (9, 1), (7, 1), (6, 2), (3, 2), (2, 3), (0, 3)]
)
def test_an_ice_score_gives_the_icans_grade_of_the_astct_table(ice, grade, draw_events, ask_at):
    events = with_outcomes(draw_events(("a", "ice_score", 1.0, ice)), OutcomeSource.EITHER)
    shown = feature_rows(events, ask_at(("a", 2.0)), [Feature("icans_grade", Statistic.LAST)])
    assert shown.iloc[0, 0] == grade


@pytest.mark.parametrize("source", list(OutcomeSource))
def test_what_comes_later_changes_nothing_before(source, ward_events, ask_at):
    moments = ward_events[["patient_id", "known_time"]].drop_duplicates().dropna()
    asked = moments.iloc[::40].rename(columns={"known_time": "as_of"})
    end = pd.Timestamp("2026-03-05T03:00", tz="UTC")
    asked = asked[asked["as_of"] <= end].astype({"patient_id": "str"})
    columns = [
        GRADE,
        Feature("infection_onset", Statistic.AGE),
        Feature("crs_grade", Statistic.AGE),
    ]
    whole = feature_rows(with_outcomes(ward_events, source), asked, columns)
    known = ward_events[ward_events[["time", "known_time"]].max(axis=1).fillna(end) <= end]
    cut = feature_rows(with_outcomes(known, source), asked, columns)
    assert len(asked) > 20
    pd.testing.assert_frame_equal(whole, cut)
