"""Released models against a real SQLite store: promoted, refused, fetched, kept in the ledger."""

import pytest

from features.tables import InvalidInputError
from models.bundle import InvalidBundleError, load_bundle
from training.__main__ import main
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


@pytest.fixture
def registered(another_bundle, tmp_path, monkeypatch):
    """Registers bundles in a store of their own; gives each run's identifier."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'own.db'}")

    def register(name, **facts):
        with tracking("severe CRS", name) as run:
            run.register(another_bundle(tmp_path / name, **facts))
        return run.run_id

    return register


REAL = {"virtual": False, "learnt_from": "81 patients, format meds", "patients": 81}
BOTH, ONE = {"outcomes": 2}, {"outcomes": 1}
VIRTUAL = (
    "--allow-virtual",
    (
        "the champion, version 1, learnt from 81 patients, format meds; this model learnt from "
        "80 drawn patients: to replace it all the same: --allow-virtual"
    ),
)
FEWER = (
    "--allow-fewer-outcomes",
    (
        "the champion, version 1, answers severe_crs, infection; this model does not answer "
        "infection: to replace it all the same: --allow-fewer-outcomes"
    ),
)


@pytest.mark.parametrize(
    ("in_use", "proposed", "flag", "words"),
    [(REAL | BOTH, BOTH, *VIRTUAL), (REAL | BOTH, REAL | ONE, *FEWER)],
)
def test_a_lesser_model_replaces_the_champion_only_when_told_so(
    registered, capsys, in_use, proposed, flag, words
):
    first, second = registered("first", **in_use), registered("second", **proposed, seed=9)
    assert promote(first, "champion") == "1"
    asked = ["promote", second, "--alias", "champion"]
    other = {"--allow-virtual", "--allow-fewer-outcomes"} - {flag}
    for flags in ([], [*other]):
        assert main([*asked, *flags]) == 2
        assert capsys.readouterr().err == f"error: {words}\n"
    assert promotions()["version"].tolist() == ["1"]
    assert main([*asked, flag]) == 0
    assert promotions()["version"].tolist() == ["1", "2"]


@pytest.mark.parametrize(
    ("in_use", "proposed"),
    [(BOTH, REAL | BOTH), (REAL | ONE, REAL | BOTH)],
)
def test_an_equal_or_better_model_needs_no_leave(registered, in_use, proposed):
    first, second = registered("first", **in_use), registered("second", **proposed, seed=9)
    assert [promote(run, "champion") for run in (first, second, second)] == ["1", "2", "2"]


def test_a_model_in_use_whose_files_are_gone_is_replaced_only_when_told_so(
    registered, tmp_path, capsys
):
    first, second = registered("first"), registered("second", seed=9)
    promote(first, "champion")
    for stored in (tmp_path / "mlruns").rglob("bundle/MANIFEST.sha256"):
        if (stored.parent / "card.json").read_bytes() == (
            tmp_path / "first/card.json"
        ).read_bytes():
            stored.unlink()
    asked = ["promote", second, "--alias", "champion"]
    assert main(asked) == 2
    said = "error: models:/crs-risk/1: no MANIFEST.sha256, so this is not a bundle\n"
    assert capsys.readouterr().err == said
    assert main([*asked, "--allow-virtual", "--allow-fewer-outcomes"]) == 0


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
