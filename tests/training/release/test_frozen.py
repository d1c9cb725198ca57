"""A frozen set comes back as it was or not at all; it judges no model that learnt from it."""

import json
from dataclasses import replace

import pandas as pd
import pytest

from features.outcomes import OutcomeSource
from features.tables import InvalidInputError
from training.dataset import load_events
from training.leaks import Learnt
from training.release.frozen import check_fit, open_frozen


def test_the_events_come_back_as_the_reader_gave_them(frozen, ward_file):
    source = load_events(ward_file, "table")
    pd.testing.assert_frame_equal(frozen.source.events, source.events)
    assert frozen.manifest.events_digest == frozen.source.digest == source.digest
    assert (frozen.manifest.patients, frozen.manifest.records) == (80, "ward.csv")
    assert (frozen.manifest.replicates, frozen.manifest.frozen_by) == (40, "tester")
    assert (frozen.manifest.every_hours, frozen.manifest.horizon_hours) == (24.0, 24.0)


def test_what_can_be_judged_is_told_when_it_is_frozen(verb, ward_file, write_records, tmp_path):
    few = write_records(tmp_path / "few.csv", [("p", 0, "teclistamab", 1.5, "mg/kg"),
                                               ("p", 1, "crp", 5, "mg/L"),
                                               ("p", 60, "crp", 50, "mg/L"),
                                               ("p", 60, "moon", 1, None)])  # fmt: skip
    done = verb("freeze", "--records", few, "--format", "table", "--out", tmp_path / "out")
    assert "infection: 0 rows before an event, 0 patients: too few to judge a model by" in (
        done.printed
    )
    assert "set aside: 1 unknown_code, most in moon (1)" in done.printed
    assert open_frozen(tmp_path / "out").manifest.rejects == {"unknown_code": 1}
    again = verb("freeze", "--records", few, "--format", "table", "--out", tmp_path / "out")
    assert "not empty" in again.error


@pytest.fixture
def copy(frozen_folder, tmp_path):
    for file in frozen_folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    return tmp_path


def test_a_changed_manifest_or_event_is_refused(copy):
    manifest = copy / "frozen.json"
    stated = json.loads(manifest.read_text("utf-8"))
    manifest.write_text(json.dumps(stated | {"seed": 7}), "utf-8")
    with pytest.raises(InvalidInputError, match=r"frozen\.json was changed since it was frozen"):
        open_frozen(copy)
    manifest.write_text(json.dumps(stated), "utf-8")
    events = pd.read_parquet(copy / "events.parquet")
    events.assign(value=events["value"] * 1.01).to_parquet(copy / "events.parquet", index=False)
    with pytest.raises(InvalidInputError, match=r"events\.parquet was changed"):
        open_frozen(copy)
    events.drop(columns=["key", "value"]).to_parquet(copy / "events.parquet", index=False)
    with pytest.raises(InvalidInputError, match=r"events\.parquet: no column key, value$"):
        open_frozen(copy)
    (copy / "events.parquet").write_text("nothing")
    with pytest.raises(InvalidInputError, match="is no Parquet file"):
        open_frozen(copy)
    manifest.unlink()
    with pytest.raises(InvalidInputError, match="so this is no frozen set"):
        open_frozen(copy)


def test_a_model_that_can_not_be_judged_by_it_is_refused(frozen, ward_bundle):
    check_fit(frozen, "this model", ward_bundle)
    learnt = replace(ward_bundle.card, data_digest=frozen.manifest.events_digest)
    own = sorted(Learnt.of(frozen.source.events).sketches)[:3]
    some = replace(ward_bundle, reference=replace(ward_bundle.reference, sketches=tuple(own)))
    virtual = replace(frozen, manifest=replace(frozen.manifest, virtual=True))
    cases = (
        (frozen, replace(ward_bundle, card=learnt), "this model learnt from these very records"),
        (frozen, some, "this model learnt from 3 of these 80 patients, known again"),
        (frozen, replace(ward_bundle, horizon_hours=12.0), "judged 24 h ahead, this model .* 12"),
        (frozen, replace(ward_bundle, outcomes_from=OutcomeSource.DERIVED),
         "has documented outcomes, this model learnt from derived"),
        (virtual, replace(ward_bundle, card=replace(ward_bundle.card, virtual=False)),
         "its patients are virtual, this model learnt from real ones"),
    )  # fmt: skip
    for asked, bundle, words in cases:
        with pytest.raises(InvalidInputError, match=words):
            check_fit(asked, "this model", bundle)
