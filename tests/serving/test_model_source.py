"""Where a model comes from: a folder, or a registry address that a child process fetches."""

from pathlib import Path

import pytest

from models.bundle import Bundle
from serving.model_source import ModelSourceError, bundle_from

FETCHER = """
import shutil, sys
verb, _, address, _, out = sys.argv[1:]
assert verb == "fetch"
if address.startswith("runs:/"):
    print("Traceback", "error: no such run", sep="\\n", file=sys.stderr)
    sys.exit({status})
shutil.copytree({bundle!r}, out)
"""


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bundle: Bundle) -> Path:
    """A stand-in for the training program, found first by a child process."""
    (tmp_path / "training").mkdir()
    code = FETCHER.format(bundle=str(bundle.folder), status=2)
    (tmp_path / "training" / "__main__.py").write_text(code)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_registry_address_is_fetched_by_a_child_process_and_cleared_away(
    registry: Path, bundle: Bundle
):
    with bundle_from("models:/crs-risk@champion") as fetched:
        assert fetched.version == bundle.version
        assert fetched.folder.is_dir()
    assert not fetched.folder.exists()


def test_what_the_registry_lacks_is_said_in_its_last_line(registry: Path):
    with pytest.raises(ModelSourceError) as raised, bundle_from("runs:/1/model"):
        pass
    assert str(raised.value) == "runs:/1/model: it cannot be fetched: no such run"
    assert raised.value.status == 2


def test_a_fault_of_the_child_process_is_a_fault_of_ours(registry: Path, bundle: Bundle):
    code = FETCHER.format(bundle=str(bundle.folder), status=1)
    (registry / "training" / "__main__.py").write_text(code)
    with pytest.raises(ModelSourceError) as raised, bundle_from("runs:/1/model"):
        pass
    assert raised.value.status == 1
