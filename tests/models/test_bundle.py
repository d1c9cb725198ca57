"""A bundle is one folder whose every byte counts."""

import shutil
from pathlib import Path

import pytest

from features.tables import InvalidInputError
from models.bundle import MANIFEST, InvalidBundleError, load_bundle, save_bundle

SUFFIXES = {".ubj", ".json", ".md", ".sha256"}


@pytest.fixture
def copied(ward_bundle, tmp_path) -> Path:
    return Path(shutil.copytree(ward_bundle.folder, tmp_path / "copy"))


def files_of(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_copy_elsewhere_has_the_same_version_and_answers(copied, ward_bundle, ward_rows):
    again = load_bundle(copied)
    assert again.version == ward_bundle.version
    assert len(again.version) == 64
    assert again.card == ward_bundle.card
    assert again.reference == ward_bundle.reference
    assert again.feature_names == ward_bundle.feature_names
    for outcome, model in ward_bundle.models.items():
        assert (model.risk.margin(ward_rows) == again.models[outcome].risk.margin(ward_rows)).all()
        assert again.models[outcome].calibration == model.calibration
        assert again.models[outcome].tiers == model.tiers


def test_a_bundle_holds_no_code_and_no_pickle(copied):
    assert {path.suffix for path in copied.iterdir()} == SUFFIXES
    for path in copied.iterdir():
        content = path.read_bytes()
        assert not content.startswith((b"\x80\x04", b"\x80\x05", b"PK"))


def test_any_changed_byte_is_refused_by_the_name_of_its_file(copied):
    names = [name for name in files_of(copied) if name != MANIFEST]
    assert len(names) > 8
    for name in names:
        whole = (copied / name).read_bytes()
        for place in (0, len(whole) // 2, len(whole) - 1):
            changed = bytearray(whole)
            changed[place] ^= 1
            (copied / name).write_bytes(bytes(changed))
            with pytest.raises(InvalidBundleError, match=name):
                load_bundle(copied)
        (copied / name).write_bytes(whole)
    load_bundle(copied)


def test_a_missing_file_is_refused_by_its_name(copied):
    for name in files_of(copied):
        whole = (copied / name).read_bytes()
        (copied / name).unlink()
        with pytest.raises(InvalidBundleError, match=name):
            load_bundle(copied)
        (copied / name).write_bytes(whole)


@pytest.mark.parametrize("added", ["extra.txt", ".hidden", "sub/more.json", f"sub/{MANIFEST}"])
def test_an_added_file_is_refused_by_its_name(added, copied):
    (copied / added).parent.mkdir(exist_ok=True)
    (copied / added).write_text("")
    with pytest.raises(InvalidBundleError, match=added):
        load_bundle(copied)


def test_a_changed_manifest_is_refused(copied):
    manifest = copied / MANIFEST
    whole = manifest.read_text()
    for changed in (whole + "\n", whole.replace("a", "b", 1), "", whole[:-2]):
        manifest.write_text(changed)
        with pytest.raises(InvalidBundleError, match="altered"):
            load_bundle(copied)


def test_what_is_no_bundle_is_refused(tmp_path):
    for place in (tmp_path, tmp_path / "nowhere", Path(__file__)):
        with pytest.raises(InvalidBundleError, match="not a bundle"):
            load_bundle(place)


def test_a_bundle_is_never_written_over_another(copied, ward_bundle):
    with pytest.raises(InvalidInputError, match="not empty"):
        save_bundle(
            copied, 24.0, ward_bundle.card, ward_bundle.models, ward_bundle.reference, {}, ""
        )
    assert load_bundle(copied).version == ward_bundle.version


def test_the_same_content_gives_the_same_version(ward_bundle, tmp_path):
    parts = (24.0, ward_bundle.card, ward_bundle.models, ward_bundle.reference, {}, "# Card\n")
    one, two = (save_bundle(tmp_path / name, *parts) for name in ("one", "two"))
    assert one == two
    assert one != ward_bundle.version
    assert load_bundle(tmp_path / "one").horizon_hours == 24.0
