"""Laws of a training run: its bundle is what records, code and seed make of it, to the byte."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numba
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

from features.outcomes import Outcome
from models.bundle import Bundle, load_bundle
from models.recipes import recipe_for
from training import apply, train
from training.config import HOUR, TrainingConfig
from training.dataset import Events, label_cohort

SMALL = {"folds": 3, "repeats": 1, "bootstrap": 5, "variants": False, "seed": 4}
TRAIN_AGAIN = f"""
import sys
from pathlib import Path
from training.config import TrainingConfig
from training.train import train
records, out = map(Path, sys.argv[1:])
train(TrainingConfig(records, "table", out, **{SMALL}))
"""


def small_run(records: Path, out: Path, **changed: object) -> Bundle:
    return train.train(TrainingConfig(records, "table", out, **SMALL | changed)).bundle


def contents(bundle: Bundle) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in bundle.folder.iterdir()}


@pytest.fixture(scope="module")
def first(ward_file, tmp_path_factory):
    return small_run(ward_file, tmp_path_factory.mktemp("run") / "bundle")


def test_the_same_seed_and_records_in_any_order_give_the_same_bundle(first, ward_file, tmp_path):
    """In another process, where sets of words have another order."""
    records, out = tmp_path / "turned.csv", tmp_path / "bundle"
    table = pd.read_csv(ward_file, dtype="str", keep_default_na=False)
    table.sample(frac=1, random_state=1).to_csv(records, index=False)
    subprocess.run(
        [sys.executable, "-c", TRAIN_AGAIN, str(records), str(out)],
        cwd=Path(__file__).parents[2], env=os.environ | {"PYTHONHASHSEED": "1"}, check=True,
    )  # fmt: skip
    again = load_bundle(out)
    assert contents(again) == contents(first)
    assert again.version == first.version


def test_another_seed_gives_another_model(first, ward_file, tmp_path):
    other = small_run(ward_file, tmp_path / "bundle", seed=5)
    assert other.version != first.version
    for name in ("severe_crs.ubj", "infection.ubj"):  # not only the seed on the card
        assert contents(other)[name] != contents(first)[name]


def test_the_number_of_threads_does_not_change_the_bundle(ward_file, tmp_path, monkeypatch):
    """On hourly rows: linear algebra shares its sums among threads from some 10,000 rows on."""
    bundles = []
    for threads in (1, 2):
        recipe = replace(recipe_for(300.0), rounds=9, threads=threads)
        monkeypatch.setattr(train, "recipe_for", lambda events, recipe=recipe: recipe)
        numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))
        with threadpool_limits(threads):
            out = tmp_path / f"{threads}"
            bundles.append(small_run(ward_file, out, outcomes=(Outcome.INFECTION,), every=HOUR))
    one, two = map(contents, bundles)
    assert [name for name in one if one[name] != two[name]] == []
    assert bundles[0].version == bundles[1].version


def test_the_number_of_threads_does_not_change_an_evaluation(ward_events, ward_bundle):
    source = Events(ward_events, pd.DataFrame({"reason": []}), len(ward_events), (), virtual=False)
    cohort = label_cohort(source, HOUR, ward_bundle.outcomes, 24 * HOUR)
    found = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            found.append(apply.judge(ward_bundle, cohort, "table", 5, 0))
    assert found[0] == found[1]
