"""The ASTCT 2019 table line by line, and the course of a grade, by hand."""

import numpy as np
import pandas as pd
import pytest

from features.catalogue import CLASS_KEYS, DRUGS
from features.crs import crs_episodes, grade_events, graded_moments, systolic_limit

FEVER = [("a", "temperature", 1.0, 38.0)]

# Lee 2019, doi 10.1016/j.bbmt.2018.12.758, table 2, with fever in every line
TABLE = {
    "fever alone": ([], 1),
    "fever of 37.9": ([("a", "temperature", 1.0, 37.9)], 0),
    "low pressure, no vasopressor": ([("a", "systolic_bp", 1.0, 89.0)], 2),
    "pressure of 90": ([("a", "systolic_bp", 1.0, 90.0)], 1),
    "one vasopressor": ([("a", "norepinephrine", 1.0, 0.1)], 3),
    "one vasopressor without its dose": ([("a", "norepinephrine", 1.0, np.nan)], 3),
    "one vasopressor stopped": (
        [("a", "norepinephrine", 0.5, 0.1), ("a", "norepinephrine", 1.0, 0.0)], 1
    ),
    "vasopressin alone is a vasopressor": ([("a", "vasopressin", 1.0, 0.03)], 3),
    "one vasopressor with vasopressin": (
        [("a", "norepinephrine", 1.0, 0.1), ("a", "vasopressin", 1.0, 0.03)], 3
    ),
    "two vasopressors": ([("a", "norepinephrine", 1.0, 0.1), ("a", "epinephrine", 1.0, 0.1)], 4),
    "one vasopressor given twice": (
        [("a", "norepinephrine", 0.2, 0.1), ("a", "norepinephrine", 1.0, 0.2)], 3
    ),
    "dobutamine is no vasopressor": ([("a", "dobutamine", 1.0, 5.0)], 1),
    "nasal cannula at 6 L/min": (
        [("a", "oxygen_device", 1.0, 1.0), ("a", "oxygen_flow", 1.0, 6.0)], 2
    ),
    "more than 6 L/min": ([("a", "oxygen_flow", 1.0, 6.1)], 3),
    "nasal cannula without its flow": ([("a", "oxygen_device", 1.0, 1.0)], 2),
    "high-flow cannula": ([("a", "oxygen_device", 1.0, 2.0)], 3),
    "face mask": ([("a", "oxygen_device", 1.0, 3.0), ("a", "oxygen_flow", 1.0, 5.0)], 3),
    "air by its fraction": ([("a", "fio2", 1.0, 0.21)], 1),
    "a fraction that a cannula gives": ([("a", "fio2", 1.0, 0.44)], 2),
    "a fraction that no cannula gives": ([("a", "fio2", 1.0, 0.45), ("a", "spo2", 1.0, 90.0)], 3),
    "a cannula after a high fraction": (
        [("a", "fio2", 0.5, 0.6), ("a", "oxygen_flow", 1.0, 2.0)], 2
    ),
    "a fraction after room air": ([("a", "oxygen_device", 0.5, 0.0), ("a", "fio2", 1.0, 0.6)], 3),
    "non-invasive ventilation": ([("a", "oxygen_device", 1.0, 4.0)], 4),
    "ventilator": ([("a", "oxygen_device", 1.0, 5.0)], 4),
    "room air after oxygen": (
        [("a", "oxygen_flow", 0.5, 4.0), ("a", "oxygen_device", 1.0, 0.0)], 1
    ),
    "cannula left on at no flow": (
        [("a", "oxygen_device", 0.5, 1.0), ("a", "oxygen_flow", 1.0, 0.0)], 1
    ),
    "mean pressure low": ([("a", "mean_arterial_pressure", 1.0, 64.0)], 2),
    "mean pressure of 65": ([("a", "mean_arterial_pressure", 1.0, 65.0)], 1),
    "mean pressure fallen since a systolic one": (
        [("a", "systolic_bp", 0.5, 110.0), ("a", "mean_arterial_pressure", 1.0, 45.0)], 2
    ),
    "air by its fraction after oxygen": (
        [("a", "oxygen_flow", 0.5, 10.0), ("a", "fio2", 1.0, 0.21)], 1
    ),
    "a ventilator set to air": ([("a", "oxygen_device", 0.5, 5.0), ("a", "fio2", 1.0, 0.21)], 4),
    "mean pressure low beside a systolic one": (
        [("a", "mean_arterial_pressure", 1.0, 64.0), ("a", "systolic_bp", 1.0, 95.0)], 1
    ),
    "pressure 30 below the own": (
        [("a", "systolic_bp", -1.0, 130.0), ("a", "systolic_bp", 1.0, 100.0)], 2
    ),
    "pressure 29 below the own": (
        [("a", "systolic_bp", -1.0, 130.0), ("a", "systolic_bp", 1.0, 101.0)], 1
    ),
    "pressure 30 below the first since the dose": (
        [("a", "systolic_bp", 0.5, 130.0), ("a", "systolic_bp", 1.0, 100.0)], 2
    ),
    "saturation low on air": ([("a", "spo2", 1.0, 91.0)], 2),
    "saturation of 92": ([("a", "spo2", 1.0, 92.0)], 1),
    "saturation low on a mask": (
        [("a", "spo2", 1.0, 85.0), ("a", "oxygen_device", 1.0, 3.0)], 3
    ),
    "the worse of pressure and oxygen": (
        [("a", "systolic_bp", 1.0, 80.0), ("a", "oxygen_device", 1.0, 4.0)], 4
    ),
    "organ toxicity is graded apart": ([("a", "creatinine", 1.0, 900.0)], 1),
}  # fmt: skip


def graded(draw_events, *lines: tuple) -> pd.DataFrame:
    """Grades by hour after the dose at hour 0."""
    start = draw_events(("a", "therapy", 0.0, np.nan))["time"].iloc[0]
    found = graded_moments(draw_events(("a", "therapy", 0.0, np.nan), *lines))
    return found.assign(hour=(found["as_of"] - start) / pd.Timedelta(hours=1)).set_index("hour")


@pytest.mark.parametrize("case", TABLE)
def test_each_line_of_the_table(case, draw_events):
    lines, expected = TABLE[case]
    fever = [] if any(key == "temperature" for _, key, *_ in lines) else FEVER
    assert graded(draw_events, *fever, *lines)["grade"][1.0] == expected


def test_without_a_fever_or_a_dose_nothing_is_crs(draw_events):
    low = ("a", "systolic_bp", 1.0, 70.0)
    assert graded(draw_events, low)["grade"][1.0] == 0
    assert graded_moments(draw_events(*FEVER, low)).empty
    early = graded_moments(draw_events(("a", "therapy", 2.0, np.nan), *FEVER))
    assert early["grade"].iloc[0] == 1  # a fever of an hour ago is still there at the dose


def test_a_fever_long_after_the_last_dose_is_another_fever(draw_events):
    found = graded(
        draw_events, ("a", "temperature", 721.0, 39.0), ("a", "temperature", 720.0, 39.0)
    )
    assert found["grade"][720.0] == 1
    again = graded(draw_events, ("a", "temperature", 721.0, 39.0))
    assert again["grade"][721.0] == 0


@pytest.mark.parametrize("cover", ["antipyretic", "cytokine_blocker", "corticosteroid"])
def test_after_cover_fever_is_not_needed_any_more(cover, draw_events):
    lines = [*FEVER, ("a", cover, 2.0, 1.0), ("a", "temperature", 26.0, 36.5),
             ("a", "systolic_bp", 20.0, 85.0), ("a", "systolic_bp", 30.0, 110.0)]  # fmt: skip
    with_cover = graded(draw_events, *lines)["grade"]
    assert (with_cover[20.0], with_cover[26.0], with_cover[30.0]) == (2, 2, 0)
    without = graded(draw_events, *(line for line in lines if line[1] != cover))["grade"]
    assert (without[20.0], without[26.0]) == (2, 0)


def test_cover_before_the_fever_does_not_count(draw_events):
    lines = [("a", "antipyretic", 0.5, 1.0), *FEVER, ("a", "temperature", 26.0, 36.5),
             ("a", "systolic_bp", 20.0, 85.0)]  # fmt: skip
    assert graded(draw_events, *lines)["grade"][26.0] == 0


def test_a_grade_ends_when_its_signs_cease_to_count_and_is_unknown_without_any(draw_events):
    others = [("a", "crp", hour, 5.0) for hour in (12.9, 13.0, 25.0)]
    found = graded(draw_events, *FEVER, ("a", "norepinephrine", 1.0, 0.1), *others)["grade"]
    assert found.to_dict() == pytest.approx(
        {0.0: np.nan, 1.0: 3, 12.9: 3, 13.0: 1, 25.0: np.nan}, nan_ok=True
    )


def test_what_is_known_later_changes_no_earlier_grade(draw_events):
    late = ("a", "systolic_bp", 1.0, 80.0, 5.0)
    found = graded(draw_events, *FEVER, late)["grade"]
    assert (found[1.0], found[5.0]) == (1, 2)
    wrong = [("a", "temperature", 1.0, 40.0, 1.0, 6.0), ("a", "temperature", 1.0, 36.0, 6.0)]
    corrected = graded(draw_events, *wrong)["grade"]
    assert (corrected[1.0], corrected[6.0]) == (1, 0)


def test_low_pressure_depends_on_age(draw_events):
    assert systolic_limit(np.array([2.0, 7.9])).tolist() == [74.0, 84.0]
    child = [*FEVER, ("a", "age", None, 3.0), ("a", "systolic_bp", 1.0, 77.0)]
    assert graded(draw_events, *child)["grade"][1.0] == 1
    child[-1] = ("a", "systolic_bp", 1.0, 75.0)
    assert graded(draw_events, *child)["grade"][1.0] == 2
    child[-1] = ("a", "mean_arterial_pressure", 1.0, 55.0)  # usual at three years
    assert graded(draw_events, *child)["grade"][1.0] == 1


def test_events_tell_each_change_and_renew_the_rest(draw_events):
    hours = [1.0, 2.0, 3.0, 14.0, 15.0]
    lines = [("a", "temperature", hour, 38.5) for hour in hours]
    events = draw_events(("a", "therapy", 0.0, np.nan), *lines, ("a", "oxygen_device", 3.0, 1.0))
    said = grade_events(graded_moments(events))
    start = events["time"].iloc[0]
    hour = (said["time"] - start) / pd.Timedelta(hours=1)
    assert list(zip(hour, said["value"], strict=True))[:3] == [(1.0, 1.0), (3.0, 2.0), (15.0, 1.0)]
    assert (said["known_time"] == said["time"]).all()


def test_each_patient_has_a_course_of_their_own(draw_events):
    both = draw_events(
        ("a", "therapy", 0.0, np.nan), ("a", "temperature", 1.0, 39.0),
        ("a", "antipyretic", 1.5, 1.0),
        ("b", "therapy", 0.0, np.nan), ("b", "temperature", 1.0, 37.0),
        ("b", "systolic_bp", 2.0, 60.0),
    )  # fmt: skip
    found = graded_moments(both).dropna()
    assert found.groupby("patient_id")["grade"].max().to_dict() == {"a": 1.0, "b": 0.0}


def test_a_grade_2_says_whether_it_was_inferred(draw_events):
    for line, inferred in (
        (("a", "spo2", 1.0, 90.0), True),
        (("a", "systolic_bp", 1.0, 80.0), True),
        (("a", "oxygen_device", 1.0, 1.0), False),
        (("a", "norepinephrine", 1.0, 0.1), False),
    ):
        assert graded(draw_events, *FEVER, line)["inferred"][1.0] == inferred


def test_a_dose_charted_late_starts_no_grade_before(draw_events):
    found = graded_moments(
        draw_events(("a", "therapy", 0.0, np.nan, 5.0), *FEVER, ("a", "crp", 2.0, 9.0))
    )
    assert found["grade"].tolist() == [1.0]


@pytest.mark.parametrize("well", [47.0, 48.0])
def test_episodes_are_apart_when_48_hours_lie_between_them(well, draw_events):
    lines = [
        ("a", "temperature", 1.0, 38.5), ("a", "norepinephrine", 2.0, 0.1),
        ("a", "temperature", 25.0, 36.6), ("a", "temperature", 25.0 + well, 38.5),
        ("b", "therapy", 0.0, np.nan), ("b", "temperature", 1.0, 38.5),
    ]  # fmt: skip
    events = draw_events(("a", "therapy", 0.0, np.nan), *lines)
    found = crs_episodes(graded_moments(events))
    times = found[["start", "end", "severe"]].apply(lambda column: column - events["time"].iloc[0])
    hours = (times / pd.Timedelta(hours=1)).assign(
        patient=found["patient_id"], grade=found["grade"]
    )
    of_b = [1.0, np.nan, np.nan, "b", 1.0]
    apart = [[1.0, 25.0, 2.0, "a", 3.0], [73.0, np.nan, np.nan, "a", 1.0], of_b]
    joined = [[1.0, np.nan, 2.0, "a", 3.0], of_b]
    expected = pd.DataFrame(apart if well == 48.0 else joined, columns=hours.columns)
    pd.testing.assert_frame_equal(hours, expected, check_dtype=False)


def test_no_moments_no_episodes(draw_events):
    assert crs_episodes(graded_moments(draw_events())).empty


@pytest.mark.parametrize(
    ("drug", "covers"),
    [("tocilizumab", True), ("siltuximab", True), ("anakinra", True), ("acetaminophen", True),
     ("dexamethasone", True), ("filgrastim", False), ("meropenem", False)],
)  # fmt: skip
def test_which_drugs_hide_fever(drug, covers):
    keys = CLASS_KEYS[DRUGS[drug].drug_class]
    assert bool({"antipyretic", "cytokine_blocker", "corticosteroid"} & set(keys)) == covers
