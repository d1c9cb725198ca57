"""A bundle made by somebody else, whole by its manifest and wrong inside: one line, one place."""

import hashlib
import json
import os
import shutil
from pathlib import Path

import pytest

from features.outcomes import OutcomeSource
from models import bundle as bundles
from models.bundle import MANIFEST, InvalidBundleError, load_bundle
from serving.__main__ import main as serve
from training.__main__ import main as train

REMOVED = object()


@pytest.fixture
def copied(ward_bundle, tmp_path) -> Path:
    return Path(shutil.copytree(ward_bundle.folder, tmp_path / "copy"))


def seal(folder: Path) -> None:
    """A manifest that holds for whatever lies there."""
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != MANIFEST)
    lines = (f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p.name}" for p in files)
    (folder / MANIFEST).write_text("\n".join(lines) + "\n")


def craft(folder: Path, file: str, place: str, value: object) -> None:
    """Put a value at a place (`a/0/b`) of a JSON file, or take it away."""
    content = json.loads((folder / file).read_text())
    *steps, last = [int(step) if step.isdigit() else step for step in place.split("/")]
    inner = content
    for step in steps:
        inner = inner[step]
    if value is REMOVED:
        del inner[last]
    else:
        inner[last] = value
    (folder / file).write_text(json.dumps(content))


def refusal_of(folder: Path) -> str:
    seal(folder)
    with pytest.raises(InvalidBundleError) as refused:
        load_bundle(folder)
    assert "\n" not in str(refused.value)
    return str(refused.value)


WRONG = [
    ("bundle.json", "format_version", "1", "format_version: is a text, not a whole number"),
    ("bundle.json", "format_version", True, "format_version: is true or false"),
    ("bundle.json", "format_version", 99, "format version 99, this code reads 1 and 2"),
    ("bundle.json", "format_version", REMOVED, "format_version is missing"),
    ("bundle.json", "outcomes_from", "guessed", "outcomes_from: 'guessed', not of documented, "),
    ("bundle.json", "outcomes_from", 1, "outcomes_from: is 1, not a text"),
    ("bundle.json", "horizon_hours", "24", "horizon_hours: is a text, not a number"),
    ("bundle.json", "horizon_hours", -24, "horizon_hours: is not above 0 h"),
    ("bundle.json", "horizon_hours", float("nan"), "horizon_hours: is no finite number"),
    ("bundle.json", "horizon_hours", 10**400, "horizon_hours: is no finite number"),
    ("bundle.json", "outcomes", {}, "outcomes: no outcome"),
    ("bundle.json", "outcomes", [], "outcomes: is a list, not an object"),
    ("bundle.json", "outcomes/severe_crs", None, "outcomes: severe_crs: is null, not an object"),
    ("bundle.json", "outcomes/severe_crs/tiers", {"high": 0.5}, "tiers: elevated is missing"),
    ("bundle.json", "outcomes/severe_crs/tiers/high", "x", "tiers: high: is a text"),
    ("bundle.json", "outcomes/severe_crs/feature_names/0", 7, "feature_names: value 1: is 7"),
    ("bundle.json", "outcomes/severe_crs/feature_names/0", "blood.last", "'blood.last' is not dec"),
    ("bundle.json", "outcomes/severe_crs/feature_names/0", REMOVED, "severe_crs.ubj: reads"),
    ("bundle.json", "outcomes/severe_crs/starts", [], "trees are not of 0 members"),
    ("bundle.json", "outcomes/severe_crs/starts/0/weights", [1.0], "a start has not 2 weights"),
    ("card.json", "patients", "many", "card.json: patients: is a text, not a whole number"),
    ("card.json", "virtual", "no", "card.json: virtual: is a text, not true or false"),
    ("card.json", "learnt_from", REMOVED, "card.json: learnt_from is missing"),
    ("card.json", "libraries", ["numpy"], "card.json: libraries: is a list, not an object"),
    ("severe_crs.calibration.json", "slope", None, "calibration.json: slope: is null"),
    ("severe_crs.calibration.json", "covariance", [1, 2], "covariance: has 2 values, not 3"),
    ("severe_crs.baselines.json", "persistence/weights", [1.0], "persistence: is not what it"),
    ("severe_crs.baselines.json", "persistence/weights", REMOVED, "KeyError('weights')"),
    ("severe_crs.baselines.json", "persistence/intercept", float("nan"), "no finite risk"),
    ("severe_crs.baselines.json", "fever/rates", [], "baselines.json: fever: is not what"),
    ("severe_crs.baselines.json", "oracle", {}, "'oracle' is no baseline of this version"),
    ("severe_crs.baselines.json", "crp", 3, "baselines.json: crp: is 3, not an object"),
    ("reference.json", "features", None, "reference.json: features: is null"),
    ("reference.json", "analytes/severe_crs", REMOVED, "analytes: severe_crs is missing"),
    ("reference.json", "sketches", ["AQAAAA==", "AQ=="], "sketches: value 2: is no sketch"),
    ("reference.json", "sketches", ["eins"], "reference.json: sketches: value 1: is no sketch"),
    ("reference.json", "sketches", ["é"], "reference.json: sketches: value 1: is no sketch"),
    ("reference.json", "analytes/severe_crs/crp", {}, "crp: importance is missing"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "place", "value", "says"), WRONG)
def test_a_wrong_value_is_refused_by_its_file_and_field(copied, file, place, value, says):
    craft(copied, file, place, value)
    assert says in refusal_of(copied)


@pytest.mark.parametrize("outcome", ["../severe_crs", "/etc/passwd", "death"])
def test_an_outcome_that_leads_out_of_the_folder_is_none(copied, outcome):
    content = json.loads((copied / "bundle.json").read_text())
    content["outcomes"][outcome] = content["outcomes"]["severe_crs"]
    (copied / "bundle.json").write_text(json.dumps(content))
    assert f"bundle.json: outcomes: {outcome!r}" in refusal_of(copied)


@pytest.mark.parametrize(("field", "value"), [("low", 1e9), ("slope", 1e300), ("centre", -1e300)])
def test_a_line_that_no_fit_gives_is_refused(copied, field, value):
    craft(copied, "bundle.json", f"outcomes/severe_crs/starts/0/lines/0/{field}", value)
    assert "is damaged" in refusal_of(copied)


def test_a_line_of_a_column_that_the_model_has_not_is_refused(copied):
    craft(copied, "bundle.json", "outcomes/severe_crs/starts/0/lines/0/column", "zinc.last")
    assert "a start reads zinc.last" in refusal_of(copied)


def test_a_bundle_of_the_format_without_lines_answers_as_one_whose_lines_are_none(
    copied, ward_rows
):
    content = json.loads((copied / "bundle.json").read_text())
    for outcome in content["outcomes"].values():
        for start in outcome["starts"]:
            start["lines"] = []
    (copied / "bundle.json").write_text(json.dumps(content))
    seal(copied)
    plain = load_bundle(copied).models["severe_crs"].risk.margin(ward_rows)
    for outcome in content["outcomes"].values():
        for start in outcome["starts"]:
            del start["lines"]
    (copied / "bundle.json").write_text(json.dumps(content | {"format_version": 1}))
    seal(copied)
    older = load_bundle(copied).models["severe_crs"].risk.margin(ward_rows)
    assert (older == plain).all()
    craft(copied, "bundle.json", "outcomes/severe_crs/starts/0/weights", "many")
    assert "bundle.json: outcomes: severe_crs: starts: value 1: weights" in refusal_of(copied)


FILES = (
    "bundle.json", "card.json", "reference.json", "severe_crs.calibration.json",
    "severe_crs.baselines.json", "severe_crs.ubj",
)  # fmt: skip
CONTENTS = (b"{}", b"[]", b"null", b"", b"\xff\xfe", b"[" * 100_000, b"{", b'"text"')


@pytest.mark.parametrize("content", CONTENTS, ids=lambda content: repr(content[:8]))
@pytest.mark.parametrize("file", FILES)
def test_a_file_of_other_content_is_refused_by_its_name(copied, file, content):
    (copied / file).write_bytes(content)
    if (file, content) == ("severe_crs.baselines.json", b"{}"):
        seal(copied)
        assert not load_bundle(copied).models["severe_crs"].baselines  # without opponents
    else:
        assert f"{copied}: {file}: " in refusal_of(copied)


@pytest.mark.parametrize("file", FILES)
def test_a_file_that_the_manifest_does_not_miss_is_missed(copied, file):
    (copied / file).unlink()
    assert file in refusal_of(copied)


def test_an_empty_manifest_and_one_of_no_files_are_refused(tmp_path):
    for manifest in ("", "\n"):
        (tmp_path / MANIFEST).write_text(manifest)
        with pytest.raises(InvalidBundleError, match=r"altered|bundle\.json: is missing"):
            load_bundle(tmp_path)


def test_a_manifest_that_names_a_file_outside_is_refused(copied):
    outside = copied.parent / "outside.txt"
    outside.write_text("outside")
    digest = hashlib.sha256(b"outside").hexdigest()
    with (copied / MANIFEST).open("a") as manifest:
        manifest.write(f"{digest}  ../outside.txt\n")
    with pytest.raises(InvalidBundleError, match=r"altered .*: \.\./outside\.txt"):
        load_bundle(copied)


def test_a_link_is_refused_wherever_it_leads(copied):
    card = copied / "MODEL_CARD.md"
    elsewhere = copied.parent / "card.md"
    card.rename(elsewhere)
    for target in (elsewhere, copied, Path("/dev/zero"), Path("nowhere")):
        card.symlink_to(target)
        with pytest.raises(InvalidBundleError, match=r"MODEL_CARD\.md: is a link"):
            load_bundle(copied)
        card.unlink()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_refused_instead_of_waited_for(copied):
    os.mkfifo(copied / "pipe")
    with pytest.raises(InvalidBundleError, match="pipe: is a link or a device"):
        load_bundle(copied)


def test_a_file_too_large_is_refused_before_it_is_read(copied):
    with (copied / "MODEL_CARD.md").open("wb") as card:
        card.truncate(bundles.LARGEST_FILE_BYTES + 2**20)  # a hole: it takes no room on the disk
    with pytest.raises(InvalidBundleError, match=r"MODEL_CARD\.md: has 257 MiB, more than 256 MiB"):
        load_bundle(copied)


RECORDS = ("--records", "records.parquet", "--format", "table", "--out", "out.csv")


@pytest.mark.parametrize(
    "arguments",
    [
        ("predict", "--model", "copy", *RECORDS),
        ("evaluate", "--model", "copy", *RECORDS),
        ("register", "--model", "copy"),
    ],
)
def test_training_tells_it_in_one_line(copied, arguments, monkeypatch, capsys):
    monkeypatch.chdir(copied.parent)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{copied.parent / 'mlflow.db'}")
    (copied / "card.json").write_text("{}")
    seal(copied)
    assert train(arguments) == 2
    assert capsys.readouterr().err == "error: copy: card.json: learnt_from is missing\n"


def test_the_service_does_not_start_and_tells_it_in_one_line(copied, monkeypatch, capsys):
    monkeypatch.chdir(copied.parent)
    (copied / "card.json").write_text("{}")
    seal(copied)
    assert serve(["--model", "copy", "--port", "0"]) == 2
    assert capsys.readouterr().err == "error: copy: card.json: learnt_from is missing\n"


def test_metrics_that_are_none_are_not_registered(copied, monkeypatch, capsys):
    monkeypatch.chdir(copied.parent)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{copied.parent / 'mlflow.db'}")
    for content in ("[]", '{"outcomes": 3}', '{"outcomes": {"infection": {}}}'):
        (copied / "metrics.json").write_text(content)
        seal(copied)
        assert train(["register", "--model", "copy"]) == 2
        assert capsys.readouterr().err.startswith("error: copy: metrics.json: ")


@pytest.mark.parametrize("stated", list(OutcomeSource))
def test_a_bundle_says_where_outcomes_came_from_and_an_old_one_took_documented_ones(
    stated, ward_bundle, tmp_path
):
    parts = (24.0, ward_bundle.card, ward_bundle.models, ward_bundle.reference, {}, "# Card\n")
    bundles.save_bundle(tmp_path / "new", *parts, stated)
    assert load_bundle(tmp_path / "new").outcomes_from == stated
    craft(tmp_path / "new", "bundle.json", "outcomes_from", REMOVED)
    seal(tmp_path / "new")
    assert load_bundle(tmp_path / "new").outcomes_from == OutcomeSource.DOCUMENTED
