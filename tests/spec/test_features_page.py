"""The page of features says what is declared, and every column is declared in full."""

import importlib.util
from pathlib import Path

import pytest

from features.declared import FEATURES
from features.families import FAMILIES, family_of
from features.meanings import (
    MEANINGS,
    meaning_of_feature,
    missing_of_feature,
    name_of_key,
    unit_of_feature,
)
from features.tables import InvalidInputError
from features.trajectory import Feature, Statistic

ROOT = Path(__file__).parents[2]
TRAJECTORY = [column for column in FEATURES if isinstance(column, Feature)]


def _refresh_features():
    place = ROOT / "docs/refresh_features.py"
    spec = importlib.util.spec_from_file_location("refresh_features", place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_of_features_is_current():
    written = (ROOT / "docs/features.md").read_text("utf-8")
    assert written == _refresh_features().page(), "run .venv/bin/python docs/refresh_features.py"


def test_the_page_names_every_key_and_every_statistic():
    written = (ROOT / "docs/features.md").read_text("utf-8")
    assert all(f"`{feature.key}`" in written for feature in TRAJECTORY)
    assert all(f"| `{statistic}` |" in written for statistic in Statistic)


def test_every_trajectory_column_belongs_to_a_family_with_reason_and_source():
    assert all(family_of(feature) for feature in TRAJECTORY)
    assert all(family.why and family.source and family.features for family in FAMILIES)


def test_no_family_declares_what_another_has():
    declared = [feature for family in FAMILIES for feature in family.features]
    assert len(declared) == len(set(declared))


def test_every_statistic_is_used_and_every_column_has_meaning_unit_and_gap():
    assert {feature.statistic for feature in TRAJECTORY} == set(Statistic) == set(MEANINGS)
    for feature in TRAJECTORY:
        said = (meaning_of_feature(feature), unit_of_feature(feature), missing_of_feature(feature))
        assert all(said), feature.name
        assert name_of_key(feature.key)
        assert not any("{" in words.replace(unit_of_feature(feature), "") for words in said[:1])


@pytest.mark.parametrize(
    ("statistic", "hours", "level", "words"),
    [
        (Statistic.LAST, 24, None, "crp.last_24h: a window of 24 h is impossible"),
        (Statistic.MEAN, 0, None, "crp.mean_0h: a window of 0 h is impossible"),
        (Statistic.CHANGE, None, None, "crp.change: a window in hours is needed"),
        (Statistic.HOURS_BELOW, 24, None, "a level belongs to"),
        (Statistic.MEAN, 24, 38.0, "a level belongs to"),
    ],
)
def test_a_column_that_cannot_be_is_refused(statistic, hours, level, words):
    with pytest.raises(InvalidInputError, match=words):
        Feature("crp", statistic, hours, level)
