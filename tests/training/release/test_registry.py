"""Registered models: fetched whole by any address, refused in one sentence where there is none."""

import pytest

from features.tables import InvalidInputError
from models.bundle import load_bundle
from training.release.registry import fetch
from training.tracking.runs import REGISTERED_NAME


def test_a_bundle_is_fetched_whole_by_alias_number_and_run(store, tmp_path):
    store.promote("same", alias="challenger")
    bundle = store.files["same"] / "artifacts" / "bundle"
    addresses = (
        f"models:/{REGISTERED_NAME}@challenger",
        f"models:/{REGISTERED_NAME}/2",
        f"runs:/{store.runs['same']}",
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


@pytest.mark.parametrize(
    ("alias", "words"), [("champion", "registered no model"), ("king", "alias 'king'")]
)
def test_a_promotion_that_cannot_be_is_refused(store, alias, words):
    strange = type(store)(store.database, {"none": "0" * 32}, {})
    with pytest.raises(InvalidInputError, match=words):
        strange.promote("none", alias=alias)


def test_a_champion_whose_files_are_gone_is_replaced_only_when_told_so(store, verb):
    store.promote("good")
    manifest = store.files["good"] / "artifacts" / "bundle" / "MANIFEST.sha256"
    asked = ("promote", store.runs["same"], "--alias", "champion", "--without-evaluation", "gone")
    content = manifest.read_bytes()
    manifest.unlink()
    try:
        said = verb(*asked).error
        assert said == "models:/crs-risk/1: no MANIFEST.sha256, so this is not a bundle"
        assert verb(*asked, "--allow-virtual", "--allow-fewer-outcomes").status == 0
    finally:
        manifest.write_bytes(content)
