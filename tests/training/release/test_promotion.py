"""Promotions in a real MLflow store: judged, refused with numbers, written down, rolled back."""

import json
import re
import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from threading import Barrier

import pytest

from features.tables import InvalidInputError
from models.bundle import InvalidBundleError, load_bundle
from training.release import ledger_store
from training.release.ledger import Draft, Kind
from training.release.ledger_store import LEDGER, read_ledger, read_verdict
from training.release.plan import DEFAULT, NoSubgroupWorse, Plan, Within
from training.release.plan_file import write_plan
from training.release.promotion import roll_back
from training.release.registry import alias_holder, fetch
from training.release.verdict import Allowed, RefusedError
from training.tracking.runs import DIGEST_TAG, REGISTERED_NAME
from training.tracking.tracker import client

CHAMPION = f"models:/{REGISTERED_NAME}@champion"
ONLY_NO_WORSE = replace(DEFAULT, within=(), alarms=(), no_subgroup_worse=())
NO_WORSE_IN_SEX = replace(
    ONLY_NO_WORSE,
    no_worse=(),
    no_subgroup_worse=(NoSubgroupWorse("auroc", ("sex",), 5, 0.01, "estimated", "by sex"),),
)


def lax(plan: Plan) -> Plan:
    """The same rows with limits that nothing reaches."""
    rows = tuple(replace(row, most_worse_by=1.0, must_be="estimated") for row in plan.no_worse)
    return replace(plan, no_worse=rows)


# Judged by the plan ------------------------------------------------------------------------------


def test_a_worse_model_is_refused_with_numbers_until_the_plan_lets_it(
    store, frozen, frozen_folder, verb, tmp_path
):
    store.promote("good")
    write_plan(ONLY_NO_WORSE, tmp_path / "plan.json")
    done = verb("promote", store.runs["worse"], "--alias", "champion", "--frozen", frozen_folder,
                "--plan", tmp_path / "plan.json")  # fmt: skip
    assert alias_holder("champion") == "1"
    refused = read_ledger().links[-1]
    assert (refused.entry.kind, refused.entry.version) == (Kind.REFUSED, "3")
    said = refused.entry.why
    lines = done.printed.splitlines()
    first = [line for line in lines if line.startswith("failed: ")]
    assert len(lines) == 8  # four figures of two outcomes; those of infection are the same
    assert lines[: len(first)] == first
    assert all(line.startswith("kept: infection: ") for line in lines[-4:])
    assert first[0].startswith("failed: severe_crs: auroc: 0.")
    assert first[0].endswith("allowed 0.03 (proven)")
    assert done.error == f"{len(first)} of 8 criteria failed, nothing changes"
    assert said == f"{len(first)} of 8 criteria failed: " + "; ".join(
        line.removeprefix("failed: ") for line in first
    )
    assert (refused.entry.plan_digest, refused.entry.frozen_digest) == (
        ONLY_NO_WORSE.digest,
        frozen.manifest.digest,
    )
    verdict = json.loads(read_verdict(refused))
    failed = [row for row in verdict["criteria"] if row["kept"] is False]
    assert all(f"{row['outcome']}: {row['criterion']}: {row['said']}" in said for row in failed)
    assert verdict["plan"]["no_worse"][0]["most_worse_by"] == 0.03

    with pytest.raises(RefusedError) as refusal:
        store.promote("worse", frozen=frozen, plan=NO_WORSE_IN_SEX)
    assert re.match(r"failed: severe_crs: auroc where sex is (fe)?male: ", refusal.value.lines[0])

    decision = store.promote("worse", frozen=frozen, plan=lax(ONLY_NO_WORSE))
    assert alias_holder("champion") == decision.version == "3"
    assert any(line.startswith("the plan is another than in entry 3") for line in decision.said)

    better = store.promote("good", frozen=frozen, plan=ONLY_NO_WORSE)
    assert alias_holder("champion") == better.version == "1"
    assert read_ledger().entries[-1].verdict == "passed"


def test_an_equal_model_is_promoted(store, frozen):
    store.promote("good")
    decision = store.promote("same", frozen=frozen, plan=ONLY_NO_WORSE)
    assert alias_holder("champion") == decision.version == "2"
    rows = json.loads(read_verdict(read_ledger().links[-1]))["criteria"]
    assert {row["value"] for row in rows} == {0.0}  # no difference, and no doubt about it


def test_the_first_champion_is_judged_by_what_needs_no_other(store, frozen):
    calibrated = replace(
        DEFAULT,
        alarms=(),
        within=(Within("observed_to_expected", 0.8, 1.25, "not disproven", "calibration"),),
    )
    with pytest.raises(RefusedError, match="1 of 2 criteria failed, nothing changes") as refusal:
        store.promote("biased", frozen=frozen, plan=calibrated)
    failed, *unjudged, kept = refusal.value.lines
    assert failed.startswith("failed: severe_crs: observed_to_expected: 0.")
    assert failed.endswith("allowed 0.8 to 1.25 (not disproven)")
    assert all(line.startswith("not judged: ") for line in unjudged)
    assert kept.startswith("kept: infection: observed_to_expected: ")
    decision = store.promote("good", frozen=frozen, plan=calibrated)
    assert "2 criteria kept" in decision.said
    assert any("not judged, no champion answers this outcome: " in line for line in decision.said)


# What needs leave --------------------------------------------------------------------------------


def test_a_champion_is_not_replaced_unjudged_without_a_reason(store, verb):
    asked = ("promote", store.runs["same"], "--alias", "champion")
    assert verb("promote", store.runs["good"], "--alias", "champion").status == 0
    said = verb(*asked).error
    assert said.startswith("the champion, version 1, is only replaced by a model that was judged")
    assert verb(*asked, "--without-evaluation", " ").error.endswith("needs a reason for the ledger")
    done = verb(*asked, "--without-evaluation", "the ward asked for it", "--by", "A. Person")
    assert done.status == 0
    entry = read_ledger().entries[-1]
    assert (entry.why, entry.by) == ("without evaluation: the ward asked for it", "A. Person")
    assert entry.verdict == "not judged"
    again = verb(*asked)
    assert again.printed.endswith("is the champion already (crs-risk version 2): nothing changes\n")
    assert read_ledger().entries[-1] == entry


VIRTUAL = (
    "the champion, version 5, learnt from 81 patients, format meds; this model learnt from "
    "80 drawn patients: to replace it all the same: --allow-virtual"
)
FEWER = (
    "the champion, version 1, answers severe_crs, infection; this model does not answer "
    "infection: to replace it all the same: --allow-fewer-outcomes"
)


@pytest.mark.parametrize(
    ("in_use", "proposed", "flag", "words"),
    [
        ("real", "good", "virtual", VIRTUAL),
        ("good", "one_outcome", "fewer_outcomes", FEWER),
    ],
)
def test_a_lesser_model_replaces_the_champion_only_when_told_so(
    store, verb, in_use, proposed, flag, words
):
    store.promote(in_use)
    asked = ["promote", store.runs[proposed], "--alias", "champion", "--without-evaluation", "x"]
    other = {"virtual": "--allow-fewer-outcomes", "fewer_outcomes": "--allow-virtual"}[flag]
    for flags in ([], [other], [f"--allow-{flag.replace('_', '-')}", "no"]):
        assert verb(*asked, *flags).error == words
    assert {entry.kind for entry in read_ledger().entries[2:]} == {Kind.REFUSED}
    assert verb(*asked, f"--allow-{flag.replace('_', '-')}").status == 0
    assert f"allowed by flag: {flag}" in read_ledger().entries[-1].why


def test_a_model_that_answers_otherwise_is_said_to_in_print_and_in_the_ledger(store, verb):
    store.promote("far")
    asked = ["promote", store.runs["one_outcome"], "--alias", "champion"]
    asked += ["--without-evaluation", "the ward asked", "--allow-fewer-outcomes"]
    for more in ([], ["--allow-virtual"]):
        done = verb(*asked, *more)
        said = (
            "answers otherwise than the champion, version 7, did: horizon 24 h instead of 48 h; "
            "outcomes severe_crs instead of infection, severe_crs; "
            "outcomes taken as documented instead of derived"
        )
        assert said in done.printed.splitlines()
        assert said in read_ledger().entries[-1].why
        assert verb("ledger", "--verify").status == 0
        store.promote("far", allowed=Allowed(virtual=True))


def test_a_champion_whose_files_are_gone_gives_way_where_nothing_is_asked_of_it(
    store, verb, write_over
):
    store.promote("good")
    write_over("good", "worse", tag=False)
    asked = ["promote", store.runs["same"], "--alias", "champion", "--without-evaluation", "broken"]
    assert "registered was" in verb(*asked, "--allow-virtual").error
    done = verb(*asked, "--allow-virtual", "--allow-fewer-outcomes")
    told = "the champion, version 1, cannot be read: what it answered is not compared"
    assert told in done.printed.splitlines()
    assert told in read_ledger().entries[-1].why


def test_a_challenger_is_named_without_being_judged(store, frozen):
    store.promote("good")
    store.promote("worse", alias="challenger")
    assert (alias_holder("champion"), alias_holder("challenger")) == ("1", "3")
    with pytest.raises(InvalidInputError, match="a challenger is not in service"):
        store.promote("same", alias="challenger", frozen=frozen)


# Rollback ----------------------------------------------------------------------------------------


def test_a_rollback_goes_back_one_by_one_and_stops_at_the_first(store, verb):
    for name in ("good", "same", "worse"):
        store.promote(name)
    back = ("rollback", "--alias", "champion", "--why", "too many alarms")
    assert verb(*back).printed.startswith("crs-risk version 2 is now the champion\n")
    assert alias_holder("champion") == "2"
    assert verb(*back).printed.startswith("crs-risk version 1 is now the champion\n")
    assert alias_holder("champion") == "1"
    assert verb(*back).error == (
        "champion: version 1 is in service and nothing stood there before it"
    )
    entries = read_ledger().entries
    told = [(e.kind, e.version, e.version_before, e.why) for e in entries[-2:]]
    assert told == [
        (Kind.ROLLED_BACK, "2", "3", "too many alarms"),
        (Kind.ROLLED_BACK, "1", "2", "too many alarms"),
    ]
    assert verb("ledger", "--verify").status == 0
    with pytest.raises(InvalidInputError, match="no version is in service"):
        roll_back("challenger", "why not")


# Files that were written over --------------------------------------------------------------------


@pytest.fixture
def write_over(store, tmp_path, monkeypatch):
    """Puts another whole bundle in the place of a registered one, with or without its tag."""
    kept = []

    def swap(name, other, tag):
        place = store.files[name] / "artifacts" / "bundle"
        kept.append((place, shutil.copytree(place, tmp_path / f"kept {name}")))
        shutil.rmtree(place)
        shutil.copytree(store.files[other] / "artifacts" / "bundle", place)
        version = str(list(store.runs).index(name) + 1)
        if tag:
            digest = load_bundle(place).version
            client().set_model_version_tag(REGISTERED_NAME, version, DIGEST_TAG, digest)

    yield swap
    for place, copy in kept:
        shutil.rmtree(place)
        shutil.copytree(copy, place)


def test_files_written_over_are_refused_and_so_is_their_tag_once_promoted(
    store, write_over, tmp_path
):
    store.promote("good")
    store.promote("same")
    write_over("good", "worse", tag=False)
    for act in (
        lambda: fetch(f"models:/{REGISTERED_NAME}/1", tmp_path / "a"),
        lambda: roll_back("champion", "back"),
        lambda: store.promote("good"),
    ):
        with pytest.raises(InvalidBundleError, match="registered was"):
            act()
    write_over("same", "worse", tag=True)
    for act in (
        lambda: fetch(CHAMPION, tmp_path / "b"),
        lambda: fetch(f"runs:/{store.runs['same']}", tmp_path / "c"),
        lambda: store.promote("same"),
        lambda: store.promote("biased"),  # its files are compared with the champion's
    ):
        with pytest.raises(InvalidBundleError, match=r"models:/crs-risk/2: .*the ledger states"):
            act()
    assert alias_holder("champion") == "2"


POINT_ELSEWHERE = (
    "UPDATE model_versions SET source = :place, storage_location = :place WHERE version = :version"
)


def test_versions_in_service_that_were_pointed_elsewhere_are_each_named(store, verb):
    store.promote("good")
    store.promote("same", alias="challenger")
    promoted = {name: load_bundle(store.files[name] / "artifacts" / "bundle").version
                for name in ("good", "worse")}  # fmt: skip
    assert verb("ledger", "--verify").status == 0
    elsewhere = {"place": store.files["worse"].as_uri(), "version": 1}
    sql(store, (POINT_ELSEWHERE, elsewhere))
    champion = (
        "what is in service is not what was promoted: champion: models:/crs-risk/1: holds bundle "
        f"{promoted['worse']}, registered was {promoted['good']}"
    )
    assert verb("ledger", "--verify").error == champion
    client().set_model_version_tag(REGISTERED_NAME, "1", DIGEST_TAG, promoted["worse"])
    stated = champion.replace("registered was", "the ledger states")
    assert verb("ledger", "--verify").error == stated
    sql(store, (POINT_ELSEWHERE, {"place": "s3://bucket/there", "version": 2}))
    unread = verb("ledger", "--verify").error.removeprefix(f"{stated}; challenger: ")
    assert unread.startswith("models:/crs-risk/2: its files lie where they cannot be read from her")


def test_an_alias_that_was_moved_past_the_ledger_is_not_followed(store, tmp_path, verb):
    client().set_registered_model_alias(REGISTERED_NAME, "champion", "3")
    with pytest.raises(InvalidInputError, match="the ledger knows no promotion to it"):
        fetch(CHAMPION, tmp_path / "a")
    store.promote("good")
    client().set_registered_model_alias(REGISTERED_NAME, "champion", "3")
    with pytest.raises(InvalidInputError, match="names version 3, the ledger knows version 1"):
        fetch(CHAMPION, tmp_path / "b")
    assert "it was moved past the ledger" in verb("ledger", "--verify").error
    said = store.promote("good").said
    assert said[1] == "the alias named version 3 and was put back"
    assert fetch(CHAMPION, tmp_path / "c")


# The ledger in the store -------------------------------------------------------------------------


@pytest.fixture
def three(store):
    """Three promotions; the links of the ledger."""
    for name in ("good", "same", "worse"):
        store.promote(name)
    return read_ledger().links


def sql(store, *statements):
    with closing(sqlite3.connect(store.database)) as connection, connection:
        for statement, values in statements:
            connection.execute(statement, values)


CHANGE = "UPDATE params SET value = ? WHERE run_uuid = ? AND key = ?"


def test_a_changed_an_exchanged_and_a_removed_entry_are_found(store, three, verb, tmp_path):
    first, second = three[1], three[2]
    sql(store, (CHANGE, ("nobody", second.place, "by")))
    assert verb("ledger", "--verify").error.endswith("entry 2 was changed: its hash is not the "
                                                     "hash of its content")  # fmt: skip
    with pytest.raises(InvalidInputError, match="the ledger does not hold: entry 2"):
        roll_back("champion", "back")
    with pytest.raises(InvalidInputError, match="the ledger does not hold: entry 2"):
        fetch(CHAMPION, tmp_path / "a")
    sql(store, (CHANGE, ("tester", second.place, "by")))
    assert verb("ledger", "--verify").status == 0
    exchange = [
        (CHANGE, (other.entry.time, link.place, "time"))
        for link, other in ((first, second), (second, first))
    ]
    sql(store, *exchange)
    assert "entry 1 was changed" in verb("ledger", "--verify").error
    undo = [(CHANGE, (link.entry.time, link.place, "time")) for link in (first, second)]
    sql(store, *undo)
    client().delete_run(second.place)
    assert f"entry 2 was deleted in MLflow: restore run {second.place}" in (
        verb("ledger", "--verify").error
    )
    client().restore_run(second.place)
    assert verb("ledger", "--verify").status == 0
    sql(store, ("DELETE FROM params WHERE run_uuid = ?", (three[3].place,)))
    assert "entry 3 was changed or removed" in verb("ledger", "--verify").error


def test_a_verdict_that_was_rewritten_is_found(three, verb):
    client().log_text(three[2].place, '{"criteria": []}', ledger_store.VERDICT_FILE)
    assert verb("ledger", "--verify").error == (
        "the ledger does not hold: the verdict of entry 2 was changed"
    )


def test_of_two_promotions_at_once_the_second_is_refused(store):
    store.promote("good")
    seen = read_ledger()
    store.promote("same")
    late = replace_draft(seen.entries[-1], version="3")
    with pytest.raises(InvalidInputError, match="another entry was written into the ledger"):
        ledger_store.append(seen, late, {})
    now = read_ledger()
    assert now.broken is None
    assert [entry.version for entry in now.entries[1:]] == ["1", "2"]


def test_of_two_first_promotions_at_once_one_begins_the_ledger(store):
    nothing = read_ledger()
    store.promote("good")
    late = replace_draft(read_ledger().entries[-1], version="2")
    with pytest.raises(
        InvalidInputError, match=r"^another promotion has begun the ledger meanwhile"
    ):
        ledger_store.append(nothing, late, {})
    now = read_ledger()
    assert now.broken is None
    assert [entry.kind for entry in now.entries] == [Kind.OPENED, Kind.PROMOTED]
    assert not now.outside


def test_a_ledger_whose_beginning_was_cut_off_is_renamed_and_begun_again(store):
    cut_off = client().create_experiment(LEDGER)
    with pytest.raises(InvalidInputError, match=r"was cut off: rename the experiment"):
        store.promote("good")
    client().rename_experiment(cut_off, "cut off")
    store.promote("good")
    assert [entry.kind for entry in read_ledger().entries] == [Kind.OPENED, Kind.PROMOTED]


def test_two_first_promotions_in_step_leave_one_ledger_that_holds(store):
    began, together = read_ledger(), Barrier(2)
    entry = Draft(**dict.fromkeys(Draft.__dataclass_fields__, "x") | {"kind": Kind.PROMOTED})

    def one(version: str) -> str:
        together.wait()
        try:
            return ledger_store.append(began, replace(entry, version=version), {}).head
        except InvalidInputError as refusal:
            return str(refusal)

    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(one, ("1", "2")))
    now = read_ledger()
    assert now.broken is None
    assert [entry.kind for entry in now.entries] == [Kind.OPENED, Kind.PROMOTED]
    assert now.head in answers
    answers.remove(now.head)
    assert answers[0].startswith("another promotion has begun the ledger meanwhile")


def replace_draft(entry, **facts):
    return Draft(**({name: getattr(entry, name) for name in Draft.__dataclass_fields__} | facts))


def test_the_ledger_tells_what_was_in_service(store, verb, three):
    printed = verb("ledger").printed.splitlines()
    assert printed[0].split("  ")[0] == "0"
    assert "promoted as champion  version 3 (before: 2)" in printed[3]
    then = verb("ledger", "--at", three[2].entry.time).printed
    assert then.startswith(f"champion: version 2, bundle {three[2].entry.bundle_version}")
    assert then.endswith("challenger: nothing was in service\n")
    head = three[-1].entry.entry_hash
    assert verb("ledger", "--head", head).printed.endswith(f"4 entries, head {head}\n")
    assert "is not in it" in verb("ledger", "--head", "0" * 63 + "1").error
    assert "needs a zone" in verb("ledger", "--at", "2026-03-01").error


def test_a_new_store_has_an_empty_ledger_that_holds(verb, tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'new.db'}")
    assert verb("ledger").printed == ""
    assert verb("ledger", "--verify").printed.startswith("the ledger holds: 0 entries")
    then = verb("ledger", "--at", "2026-03-01T00:00Z").printed
    assert then == "champion: nothing was in service\nchallenger: nothing was in service\n"


EMPTY = ("ledger", "--verify"), ("ledger", "--at", "2026-03-01T00:00Z")


def test_an_empty_ledger_beside_registered_models_vouches_for_nothing(verb, store):
    for words in EMPTY:
        assert verb(*words).error.startswith("no ledger, but registered versions (7 of crs-risk)")
    client().rename_registered_model(REGISTERED_NAME, "something-else")
    for words in EMPTY:
        assert "(7 of something-else)" in verb(*words).error


def test_a_renamed_ledger_is_no_empty_one_and_no_new_one_is_begun(store, three, verb):
    place = client().get_experiment_by_name(LEDGER).experiment_id
    client().rename_experiment(place, "old things")
    client().rename_registered_model(REGISTERED_NAME, "something-else")
    client().delete_registered_model_alias("something-else", "champion")
    for words in (*EMPTY, ("ledger",)):
        assert "a ledger lies in the experiment 'old things'" in verb(*words).error
    client().rename_registered_model("something-else", REGISTERED_NAME)
    with pytest.raises(InvalidInputError, match="'old things': it was renamed"):
        store.promote("biased")
    client().delete_experiment(place)
    assert "'old things'" in verb("ledger").error
    client().restore_experiment(place)
    client().rename_experiment(place, LEDGER)
    client().set_registered_model_alias(REGISTERED_NAME, "champion", "3")
    assert verb("ledger", "--verify").status == 0


def test_what_was_in_service_is_told_only_while_the_aliases_agree(three, verb):
    client().delete_registered_model_alias(REGISTERED_NAME, "champion")
    assert verb("ledger", "--at", three[2].entry.time).error == (
        "the alias champion names version none, the ledger 3: it was moved past the ledger"
    )


def test_a_deleted_ledger_is_no_empty_one(three, verb):
    client().delete_experiment(client().get_experiment_by_name(LEDGER).experiment_id)
    assert "the ledger was deleted: restore the experiment" in verb("ledger").error
