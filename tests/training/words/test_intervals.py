"""The page tells for each kind of interval whether patients were resampled for it, and which."""

import pytest

from training.words.intervals import interval_sources
from training.words.rounding import SPACE


def evaluation(judged=None, **more):
    """An evaluation of one outcome with 300 resamples of patients."""
    found = {"resampling": {"unit": "patient", "replicates": 300, "level": 0.95}}
    return found | {"outcomes": {"infection": judged or {}}} | more


def told(found):
    return {line.where: line.source for line in interval_sources(found)}


def test_a_plain_evaluation_has_one_resampling_and_says_what_it_covers():
    lines = told(evaluation())
    assert len(lines) == 2
    ours, wilson = lines.values()
    assert ours.startswith(f"95{SPACE}% percentiles of 300 resamples of the whole patients judged")
    assert "No model is fitted anew" in ours
    assert wilson.startswith("No resampling")


@pytest.mark.parametrize(
    ("more", "where", "words"),
    [
        ({"panels": {"infection": []}}, "What less measured costs", "drawn for this table alone"),
        (
            {"adaptation": {"infection": {"patients_with_event": 5}}},
            "The learning curve of the adapted model",
            "not with other tables",
        ),
        (
            {"challenge_utility_intervals": {"models": {}}},
            "Utility in the 2019 challenge",
            "thresholds are held",
        ),
    ],
)
def test_a_table_with_resamples_of_its_own_says_so(more, where, words):
    assert words in told(evaluation(**more))[where]
    assert where not in told(evaluation())


def test_a_learning_curve_with_too_few_events_has_no_intervals_to_explain():
    few = evaluation(adaptation={"infection": {"patients_with_event": 4}})
    assert told(few) == told(evaluation())


def test_gaps_between_groups_are_no_percentiles():
    gaps = {"groups": {"sex": {"gaps": {}}, "panel": {}}}
    assert "Bonferroni" in told(evaluation(gaps))["Gaps between groups"]
    assert "Gaps between groups" not in told(evaluation({"groups": {"panel": {}}}))


def test_the_interval_of_a_risk_is_told_apart_from_that_of_a_figure():
    lines = told(evaluation({"interval": {"level": 0.9}}))
    assert lines["The risk of one row"].startswith(f"90{SPACE}%, and no resampling of patients")
    assert f"exact 90{SPACE}%" in lines["Observed, by chance alone, by band of risk"]
