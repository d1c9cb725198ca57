"""What is declared names only what exists, and the tests see this checkout's packages."""

import importlib
from pathlib import Path

import pytest

from features.catalogue import ANALYTES, KEYS
from features.declared import FEATURES
from features.groups import GROUPS
from features.kinetics.rows import KineticColumn
from features.matrix import COURSE_START_KEYS
from features.outcomes import DEFINITIONS, Outcome
from features.scores import Score
from models.predict import KEY_ANALYTES
from models.rules import RULE_COLUMNS

ROOT = Path(__file__).parents[2]


def keys_behind(columns) -> set[str]:
    kinetic = [column for column in columns if isinstance(column, KineticColumn)]
    return {
        feature.key
        for column in columns
        if column not in kinetic
        for feature in (column.inputs if isinstance(column, Score) else (column,))
    }.union(*(column.keys for column in kinetic))


def test_every_declared_feature_reads_a_key_of_the_catalogue():
    assert keys_behind(FEATURES) - {*KEYS, *GROUPS} == set()
    assert set().union(*GROUPS.values()) - set(ANALYTES) == set()
    assert not set(GROUPS) & set(KEYS)
    assert keys_behind(RULE_COLUMNS) - set(KEYS) == set()
    assert {*COURSE_START_KEYS, *KEY_ANALYTES} - set(KEYS) == set()
    assert {definition.key for definition in DEFINITIONS.values()} - set(KEYS) == set()


def test_no_feature_is_declared_twice():
    names = [column.name for column in FEATURES]
    assert len(names) == len(set(names)) > 100


def test_what_is_predicted_from_its_own_future_is_never_a_feature():
    assert "infection_onset" not in keys_behind(FEATURES)
    assert not keys_behind(FEATURES) & {"discharge", "death", "observation_end"}


def test_every_outcome_is_defined_with_its_source():
    assert set(DEFINITIONS) == set(Outcome)
    assert all(definition.source for definition in DEFINITIONS.values())


@pytest.mark.parametrize("package", ["features", "models", "training", "serving"])
def test_the_packages_come_from_this_checkout(package):
    assert Path(importlib.import_module(package).__file__).parent == ROOT / package


def test_no_test_folder_is_a_package():
    assert list((ROOT / "tests").rglob("__init__.py")) == []
