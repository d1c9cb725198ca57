"""The page of scores says what is declared, and every score is declared in full."""

import importlib.util
from pathlib import Path

import pytest

from features.catalogue import KEYS
from features.scores import SCORES, Checked

ROOT = Path(__file__).parents[2]


def _refresh_scores():
    spec = importlib.util.spec_from_file_location("refresh_scores", ROOT / "docs/refresh_scores.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_of_scores_is_current():
    written = (ROOT / "docs/scores.md").read_text("utf-8")
    assert written == _refresh_scores().page(), "run .venv/bin/python docs/refresh_scores.py"


@pytest.mark.parametrize("score", SCORES, ids=lambda score: score.name)
def test_a_score_states_items_unit_range_source_and_what_a_missing_item_does(score):
    assert score.inputs
    assert {column.key for column in score.inputs} <= set(KEYS)
    assert score.unit
    assert score.low < score.high
    assert score.if_missing
    assert score.source
    assert score.meaning


def test_a_formula_read_in_a_publication_says_which():
    assert all(score.doi for score in SCORES if score.checked is Checked.PRIMARY)


def test_no_two_scores_share_a_name():
    assert len({score.name for score in SCORES}) == len(SCORES)


def test_columns_that_released_models_may_read_keep_their_names():
    bedside = [
        f"partial_{name}.{window}"
        for name in ("news2", "qsofa", "sirs", "sofa")
        for window in ("last", "worst_12h", "worst_24h")
    ]
    assert [score.name for score in SCORES][:21] == [
        *bedside, "age.years", "easix.log2", "modified_easix.log2", "shock_index.last",
        "pulse_pressure.last", "spo2_fio2.last", "neutrophil_lymphocyte_ratio.last",
        "crp_albumin_ratio.last", "urea_creatinine_ratio.last",
    ]  # fmt: skip


def test_new_scores_are_no_last_values_for_the_logistic_baseline():
    assert not [score.name for score in SCORES[21:] if score.name.endswith(".last")]
