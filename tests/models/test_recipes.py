"""Recipes and declared signs: what a member may not do however the data lie."""

import numpy as np
import pandas as pd
import pytest

from features.catalogue import KEYS
from features.declared import COLUMNS
from features.outcomes import Outcome
from features.scores import SCORES
from models.recipes import RECIPES, SIGNS, Recipe, monotone_signs, recipe_for
from models.risk import fit_member, join_members
from models.start import fit_start

QUICK = Recipe(30, 0.3, 3, 1.0, 1.0, threads=1)


def test_fewer_events_get_a_recipe_that_is_no_deeper() -> None:
    depths = [recipe.depth for _, recipe in RECIPES]
    assert depths == sorted(depths)
    assert recipe_for(31) is RECIPES[0][1]
    assert recipe_for(1e9) is RECIPES[-1][1]


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_signed_key_is_an_analyte_or_a_score_and_signs_a_column(outcome: Outcome) -> None:
    names = [column.name for column in COLUMNS[outcome]]
    signed = {
        n.partition(".")[0] for n, s in zip(names, monotone_signs(names, outcome), strict=True) if s
    }
    assert set(SIGNS[outcome]) <= {*KEYS, *(score.key for score in SCORES)}
    assert signed == set(SIGNS[outcome])


def test_ages_counts_and_times_are_never_signed() -> None:
    names = ["crp.age", "crp.count_24h", "crs_grade.hours_unchanged", "il6.last", "age.years"]
    assert monotone_signs(names, Outcome.SEVERE_CRS) == (0, 0, 0, 0, 0)


def test_more_crp_never_lowers_the_risk_though_the_data_say_so() -> None:
    random = np.random.default_rng(3)
    rows = pd.DataFrame(
        {name: random.normal(size=400).astype(np.float32) for name in ("crp.last", "il6.last")}
    )
    target = (random.random(400) < 1 / (1 + np.exp(3 * rows["crp.last"]))).astype(float)
    assert _slopes(rows, target, "crp.last").min() >= 0.0
    assert _slopes(rows, target, "il6.last").min() < 0.0  # free, so it follows the noise


def _slopes(rows: pd.DataFrame, target: np.ndarray, name: str) -> np.ndarray:
    """Steps of the margin as one column rises and the others stand still."""
    signs = monotone_signs(list(rows.columns), Outcome.SEVERE_CRS)
    start = fit_start(rows, target, signs)
    model = join_members([fit_member(rows, target, start, QUICK, signs, 0)], rows.columns)
    rising = pd.DataFrame({c: np.zeros(200, np.float32) for c in rows})
    rising[name] = np.linspace(-3, 3, 200, dtype=np.float32)
    return np.diff(model.margin(rising))
