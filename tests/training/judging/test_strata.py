"""Strata: each row's groups by what was known then, drawn patient by patient."""

import numpy as np
import pandas as pd
import pytest

from features.harmonise import harmonise
from features.harmonising.site_names import LARGEST, number_of_name
from training.dataset import Events, site_names
from training.judging.groups.strata import STRATA, in_order, strata_rows
from training.judging.groups.values import UNKNOWN, disease_names, words_of

NOTHING = pd.DataFrame({"reason": []})


@pytest.fixture
def groups_at(draw_events, ask_at):
    """The groups of one patient at some hours, by stratum."""

    def at(lines, *hours, sites=None):
        events = draw_events(*[("a", *line) for line in lines])
        source = Events(events, NOTHING, len(lines), (), virtual=False, sites=sites or {})
        return strata_rows(source, ask_at(*[("a", hour) for hour in hours])).astype(object)

    return at


def test_every_stratum_is_told_of_every_row(ward_cohort):
    found = strata_rows(ward_cohort.source, ward_cohort.as_of)
    assert list(found) == [stratum.name for stratum in STRATA]
    assert len(found) == len(ward_cohort.as_of)
    assert not found.isna().any(axis=None)
    assert set(found["product"]) == {"Teclistamab"}
    assert set(found["sex"]) == {"female", "male"}
    assert set(found["age_group"]) == {UNKNOWN}


def test_the_product_is_the_one_given_last_and_known_by_then(groups_at):
    lines = [("teclistamab", 0.0, 1.5), ("therapy", 0.0, 1.5), ("bispecific", 0.0, 1.5),
             ("talquetamab", 72.0, 0.4, 80.0), ("therapy", 72.0, 0.4, 80.0)]  # fmt: skip
    found = groups_at(lines, -1.0, 12.0, 75.0, 81.0)
    assert list(found["product"]) == ["no dose yet", "Teclistamab", "Teclistamab", "Talquetamab"]
    assert list(found["therapy_class"])[:2] == ["no dose yet", "bispecific antibody"]


@pytest.mark.parametrize(
    ("years", "group"),
    [(0.0, "0-17"), (17.9, "0-17"), (18.0, "18-25"), (25.9, "18-25"), (26.0, "26-64"),
     (64.0, "26-64"), (65.0, "65 and over"), (90.0, "65 and over")],
)  # fmt: skip
def test_age_groups_end_at_their_birthdays(groups_at, years, group):
    assert list(groups_at([("age", None, years)], 5.0)["age_group"]) == [group]


def test_days_are_counted_from_the_last_and_from_the_first_dose(groups_at):
    lines = [("therapy", 0.0, 1.0), ("therapy", 168.0, 1.0)]
    found = groups_at(lines, 47.9, 48.0, 167.0, 168.0, 400.0, 168.0 + 360.0)
    assert list(found["day_since_dose"]) == ["0-1", "2-3", "4-7", "0-1", "8-14", "15 and later"]
    assert list(found["day_since_first_dose"]) == ["0-1", "2-3", "4-7", "4-7", "15 and later",
                                                   "15 and later"]  # fmt: skip


def test_cover_lasts_as_long_as_the_declared_windows(groups_at):
    lines = [("il6_blocker", 0.0, 8.0), ("corticosteroid", 0.0, 10.0)]
    found = groups_at(lines, -1.0, 24.0, 25.0, 21 * 24.0, 21 * 24.0 + 1.0)
    assert list(found["cover"]) == ["none", "anti-IL-6 and steroid", "anti-IL-6", "anti-IL-6",
                                    "none"]  # fmt: skip
    late = groups_at([("siltuximab", 0.0, 11.0), ("il6_blocker", 0.0, 11.0)], 89 * 24.0)
    assert list(late["cover"]) == ["anti-IL-6"]
    assert list(groups_at([("corticosteroid", 0.0, 10.0)], 3.0)["cover"]) == ["steroid"]


def test_the_panel_is_the_smallest_that_holds_what_was_measured_of_late(groups_at):
    lines = [("crp", 0.0, 5.0), ("ldh", 10.0, 200.0), ("il6", 20.0, 9.0), ("spo2", 200.0, 97.0)]
    found = groups_at(lines, 1.0, 12.0, 21.0, 91.0, 201.0)
    assert list(found["panel"]) == ["minimal", "standard", "full", "full", "no laboratory value"]


def test_a_site_is_told_by_the_name_that_the_records_give():
    records = pd.DataFrame(
        {
            "patient_id": ["a", "b", "c", "d"],
            "time": pd.Series([pd.NaT] * 4, dtype="datetime64[us, UTC]"),
            "code": ["site", "care_site", "site", "sex"],
            "numeric_value": [np.nan, np.nan, 8388601.0, 1.0],
            "text_value": ["Lyon", " lyon ", None, None],
        }
    )
    source = Events(harmonise(records).events, NOTHING, 4, (), False, sites=site_names(records))
    asked = pd.DataFrame({"patient_id": list("abcd"), "as_of": pd.Timestamp("2026-03-01T06Z")})
    assert list(strata_rows(source, asked)["site"]) == ["Lyon", "Lyon", "8388601", UNKNOWN]


def test_names_and_numbers_of_sites_do_not_meet():
    numbers = [number_of_name(name) for name in ("Lyon", "Paris", "Ward 7", "7", "8388607")]
    assert len(set(numbers)) == 5
    assert all(number == np.float32(number) and number <= LARGEST for number in numbers)
    assert min(numbers[:3]) > max(numbers[3:])


def test_groups_come_in_their_declared_order_with_the_unknown_last():
    assert in_order("age_group", ["unknown", "65 and over", "0-17"]) == ["0-17", "65 and over",
                                                                         "unknown"]  # fmt: skip
    assert in_order("site", ["unknown", "b", "a"]) == ["a", "b", "unknown"]


def test_every_disease_of_the_catalogue_has_a_name_for_people():
    names = disease_names()
    assert set(names) == set(words_of("disease"))
    assert names[3.0] == "follicular lymphoma"
    assert not any("_" in name for name in names.values())
