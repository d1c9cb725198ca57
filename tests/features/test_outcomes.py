"""Grades and infections from records, as charted, derived, or whichever there is."""

import numpy as np
import pandas as pd
import pytest

from features.matrix import feature_rows
from features.outcomes import Outcome, OutcomeSource, at_risk, happenings, with_outcomes
from features.trajectory import Feature, Statistic

GRADE = Feature("crs_grade", Statistic.LAST)
DOSE = (("a", "therapy", 0.0, np.nan),)
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
    assert icans(draw_events(*DOSE, ("a", "ice_score", 1.0, ice)), ask_at) == grade


def icans(events, ask_at, source=OutcomeSource.EITHER) -> float:
    column = Feature("icans_grade", Statistic.LAST)
    return feature_rows(with_outcomes(events, source), ask_at(("a", 2.0)), [column]).iloc[0, 0]


@pytest.mark.parametrize(
    "lines",
    [
        (("a", "ice_score", 1.0, 5.0),),  # no immune effector therapy
        (*DOSE, ("a", "ice_score", -1.0, 5.0)),
        (*DOSE, ("a", "age", None, 11.0), ("a", "ice_score", 1.0, 5.0)),  # scored by CAPD
    ],
)
def test_an_ice_score_before_the_first_dose_or_of_a_young_child_gives_no_grade(
    lines, draw_events, ask_at
):
    assert np.isnan(icans(draw_events(*lines), ask_at))
    older = draw_events(*DOSE, ("a", "age", None, 12.0), ("a", "ice_score", 1.0, 5.0))
    assert icans(older, ask_at) == 2


def test_a_documented_icans_grade_knows_more_than_the_score(draw_events, ask_at):
    lines = [*DOSE, ("a", "icans_grade", 0.5, 4.0), ("a", "ice_score", 1.0, 10.0)]
    assert icans(draw_events(*lines), ask_at) == 4
    assert icans(draw_events(*lines), ask_at, OutcomeSource.DERIVED) == 0


def test_a_derived_infection_within_a_documented_episode_is_not_said_again(draw_events):
    treated = [("a", "infection_focus", 0.0, 1.0), ("a", "antimicrobial_treatment", 2.0, np.nan)]
    known = [("a", "infection_onset", -24.0, np.nan)]
    for charted, expected in (([], 1), (known, 1), ([("a", "infection_onset", -400.0, np.nan)], 2)):
        either = with_outcomes(draw_events(*treated, *charted), OutcomeSource.EITHER)
        assert len(happenings(either, Outcome.INFECTION)) == expected


def test_events_with_derived_ones_keep_their_order_and_types(ward_events):
    either = with_outcomes(ward_events, OutcomeSource.EITHER)
    assert (either.dtypes == ward_events.dtypes).all()
    assert len(either) > len(ward_events)
    pd.testing.assert_frame_equal(
        either, either.sort_values(["patient_id", "key", "time", "known_time"], kind="stable")
    )


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
