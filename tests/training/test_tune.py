"""Recipes tuned inside each split: repeatable, resumable, and blind to the patients judged."""

from dataclasses import replace

import numpy as np
import optuna
import pandas as pd
import pytest

from features.outcomes import Outcome
from features.tables import InvalidInputError
from models.recipes import Recipe
from training import train as training_run
from training import tune as tuning
from training.config import TrainingConfig
from training.fit import TrainingRows, fit_committee
from training.split import fold_plan

SHIPPED = Recipe(20, 0.2, 2, 1.0, 5.0, threads=1)


@pytest.fixture(scope="module", autouse=True)
def short_boosting():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tuning, "MOST_ROUNDS", 25)
        patch.setattr(tuning, "PATIENCE", 4)
        yield


@pytest.fixture(scope="module")
def drawn():
    """60 patients, four rows each, one column that tells and one that does not; three folds."""
    random = np.random.default_rng(8)
    patient = np.repeat([f"p{number:02d}" for number in range(60)], 4)
    signal, noise = random.normal(size=(2, len(patient))).astype(np.float32)
    label = (random.random(len(patient)) < 1 / (1 + np.exp(1.5 - 1.5 * signal))).astype(float)
    rows = pd.DataFrame({"crp.last": signal, "il6.last": noise})
    plan = fold_plan(patient, label, 3, 1, seed=1)
    everywhere = np.ones(len(label), dtype=bool)
    return TrainingRows(Outcome.INFECTION, rows, label, label, everywhere, patient, plan)


def tuned(training, out, **changed):
    settings = {"trials": 4, "seed": 2, "outcomes": (Outcome.INFECTION,)} | changed
    config = TrainingConfig(out, "table", out, **settings)
    return tuning.tune(training, list(training.rows), SHIPPED, config)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Where the undisturbed run leaves its studies."""
    return tmp_path_factory.mktemp("fresh") / "bundle"


@pytest.fixture(scope="module")
def fresh(drawn, place):
    """Four trials without an interruption."""
    return tuned(drawn, place)


def tried(out):
    """What each finished trial of each study took, and what it gave."""
    storage = f"sqlite:///{tuning.study_file(out)}"
    return {
        name: [
            (trial.params, trial.intermediate_values)
            for trial in optuna.load_study(study_name=name, storage=storage).trials
            if trial.state in tuning.DONE
        ]
        for name in optuna.get_all_study_names(storage)
    }


def test_an_interrupted_run_goes_on_where_it_stood_and_ends_the_same(drawn, fresh, place, tmp_path):
    out = tmp_path / "bundle"
    assert tuned(drawn, out, trials=2).trials == 6
    storage = f"sqlite:///{tuning.study_file(out)}"
    optuna.load_study(study_name="infection, split 2", storage=storage).ask()  # cut off in a trial
    assert tuned(drawn, out) == fresh
    assert tried(out) == tried(place)
    assert fresh.trials == 12
    assert len(set(fresh.recipes)) > 1  # splits are tuned apart


def test_the_first_trial_is_the_shipped_recipe_and_the_best_is_no_worse(fresh):
    assert fresh.loss <= fresh.shipped_loss
    assert {recipe.threads for recipe in fresh.recipes} == {1}
    assert all(1 <= recipe.rounds <= 25 for recipe in fresh.recipes)


def test_patients_who_are_judged_have_no_say_in_their_recipe(drawn, fresh, tmp_path):
    held_out = drawn.plan[:, 0] == 0
    turned = np.where(held_out, 1.0 - drawn.label, drawn.label)
    other = tuned(replace(drawn, target=turned, label=turned), tmp_path / "bundle")
    assert other.recipes[0] == fresh.recipes[0]
    assert other.recipes[1:] != fresh.recipes[1:]  # they learn from those patients


@pytest.mark.parametrize(("changed", "told"), [
    ({"seed": 3}, "another seed"), ({"label": 0}, "another set of rows, labels"),
])  # fmt: skip
def test_a_study_of_something_else_is_refused(drawn, tmp_path, changed, told):
    out = tmp_path / "bundle"
    tuned(drawn, out, trials=1)
    if "label" in changed:
        drawn = replace(drawn, label=np.roll(drawn.label, 1))
    with pytest.raises(InvalidInputError, match=told):
        tuned(drawn, out, trials=1, seed=changed.get("seed", 2))


def test_a_file_that_is_no_study_is_refused(drawn, tmp_path):
    tuning.study_file(tmp_path / "bundle").write_text("notes of the night shift")
    with pytest.raises(InvalidInputError, match="is no study of an earlier run"):
        tuned(drawn, tmp_path / "bundle")


def test_minutes_that_are_used_up_leave_the_shipped_recipe(drawn, tmp_path):
    found = tuned(drawn, tmp_path / "bundle", trials=0, minutes=1e-9)
    assert found.trials == len(drawn.splits)
    assert {replace(recipe, rounds=SHIPPED.rounds) for recipe in found.recipes} == {SHIPPED}


def test_rounds_end_where_the_mean_loss_over_the_folds_is_lowest():
    curves = [np.array([0.9, 0.5, 0.4, 0.6]), np.array([0.7, 0.6, 0.9])]  # means 0.8, 0.55, 0.65
    assert tuning._lowest(curves) == (2, pytest.approx(0.55))


def test_a_committee_of_unequal_members_is_still_their_mean(drawn):
    recipes = [replace(SHIPPED, rounds=rounds) for rounds in (3, 11, 7)]
    model = fit_committee(drawn, list(drawn.rows), recipes, 0, "test").model
    alone = [fit_committee(drawn, list(drawn.rows), one, 0, "test").model for one in recipes]
    margins = np.column_stack(
        [each.member_margins(drawn.rows)[:, place] for place, each in enumerate(alone)]
    )
    assert model.member_margins(drawn.rows) == pytest.approx(margins, abs=1e-5)
    assert model.margin(drawn.rows) == pytest.approx(margins.mean(axis=1), abs=1e-5)
    shares, base = model.contributions(drawn.rows)
    assert shares.sum(axis=1) + base == pytest.approx(model.margin(drawn.rows), abs=1e-5)


def test_trials_and_one_seed_give_one_bundle_that_tells_of_them(ward_file, tmp_path, monkeypatch):
    monkeypatch.setattr(training_run, "recipe_for", lambda events: SHIPPED)
    runs = [
        training_run.train(
            TrainingConfig(
                ward_file, "table", tmp_path / name / "bundle", (Outcome.SEVERE_CRS,), folds=3,
                repeats=1, bootstrap=5, variants=False, seed=4, trials=3,
                learn_every=pd.Timedelta(hours=24),
            )
        )
        for name in ("one", "two")
    ]  # fmt: skip
    assert runs[0].bundle.version == runs[1].bundle.version
    told = runs[0].evaluation["tuning"]["severe_crs"]
    assert told["trials"] == 9
    assert len(told["recipes"]) == 3
    assert any("figures are nested" in note for note in runs[0].evaluation["notes"])
