"""Released models against a real SQLite store: promoted, refused, fetched, kept in the ledger."""

import pytest

from features.tables import InvalidInputError
from models.bundle import InvalidBundleError, load_bundle
from training.registry import fetch, promote, promotions
from training.track import REGISTERED_NAME, tracking


def test_promotion_moves_the_alias_and_is_kept_in_the_ledger(store, another_bundle, tmp_path):
    _, bundle, first, version = store
    assert promote(first.run_id, "champion") == version
    with tracking("severe CRS", "second") as second:
        second_version = second.register(another_bundle(tmp_path / "other", seed=1))
    assert promote(second.run_id, "champion") == second_version
    assert promote(first.run_id, "champion") == version
    ledger = promotions()
    assert ledger["version"].tolist()[-3:] == [version, second_version, version]
    assert ledger["version_before"].tolist()[-2:] == [version, second_version]
    assert ledger["bundle_version"].iloc[-1] == load_bundle(bundle).version


@pytest.mark.parametrize(
    ("run_id", "alias", "words"),
    [("0" * 32, "champion", "registered no model"), ("0" * 32, "king", "alias 'king'")],
)
def test_a_promotion_that_cannot_be_is_refused(store, run_id, alias, words):
    with pytest.raises(InvalidInputError, match=words):
        promote(run_id, alias)


def test_a_bundle_is_fetched_whole_by_alias_number_and_run(store, tmp_path):
    _, bundle, run, version = store
    promote(run.run_id, "challenger")
    addresses = (
        f"models:/{REGISTERED_NAME}@challenger",
        f"models:/{REGISTERED_NAME}/{version}",
        f"runs:/{run.run_id}",
    )
    for number, address in enumerate(addresses):
        out = tmp_path / str(number)
        assert fetch(address, out) == load_bundle(bundle).version
        assert {path.name for path in out.iterdir()} == {path.name for path in bundle.iterdir()}
        assert load_bundle(out).version == load_bundle(bundle).version


@pytest.mark.parametrize(
    "uri",
    [
        "models:/nothing@champion", "models:/crs-risk@king", "models:/o'clock@champion",
        "models:/crs-risk/99", "models:/crs-risk/" + "9" * 30, "runs:/" + "0" * 32, "s3://bucket",
    ],
)  # fmt: skip
def test_an_address_without_a_model_is_refused_in_one_sentence(store, tmp_path, uri):
    with pytest.raises(InvalidInputError) as refusal:
        fetch(uri, tmp_path / "out")
    assert str(refusal.value).startswith(uri)
    assert not (tmp_path / "out").exists()


def test_nothing_is_fetched_over_something(store, tmp_path):
    (tmp_path / "kept.txt").write_text("kept")
    with pytest.raises(InvalidInputError, match="not an empty folder"):
        fetch(f"models:/{REGISTERED_NAME}/1", tmp_path)


def test_a_stored_bundle_that_was_replaced_by_another_whole_one_is_refused(
    store, another_bundle, tmp_path
):
    place, _, _, _ = store
    with tracking("severe CRS", "replaced") as run:
        run.register(another_bundle(tmp_path / "honest", seed=2))
    stored = max(place.rglob("artifacts/bundle/bundle.json"), key=lambda p: p.stat().st_mtime_ns)
    other = another_bundle(tmp_path / "swapped", seed=3)
    for path in other.iterdir():
        (stored.parent / path.name).write_bytes(path.read_bytes())
    with pytest.raises(InvalidBundleError, match="registered was"):
        promote(run.run_id, "champion")
