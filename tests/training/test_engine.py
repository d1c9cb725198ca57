"""An engine's answers do not depend on how the work is cut, or on a run that was cut off."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.declared import COLUMNS
from features.matrix import feature_rows
from features.outcomes import Outcome
from features.tables import InvalidInputError
from models.recipes import Recipe
from models.risk import Member
from training.engine import Cost, Engine
from training.engine.committee import Committee, fit_one
from training.engine.kept import Kept
from training.engine.work import Done

SMALL = Recipe(3, 0.3, 2, 0.1, 1.0, threads=1)


@pytest.fixture(scope="module")
def committee() -> Committee:
    """Two folds, once; sixteen rows whose target follows the one column that is read."""
    value = np.arange(16, dtype=np.float32)
    rows = pd.DataFrame({"crp.last": value, "ldh.last": value[::-1]})
    target = np.where(value < 14, (value > 6).astype(float), np.nan)
    plan = (np.arange(16) % 2)[:, np.newaxis]
    return Committee(rows, ("crp.last",), target, plan, 2, (SMALL, SMALL), (1,), 7)


@pytest.fixture
def said(caplog):
    caplog.set_level("INFO", "training")
    return lambda: [record.getMessage() for record in caplog.records]


@pytest.mark.parametrize("rows_at_once", [1, 45, 10**6])
def test_rows_in_chunks_are_the_rows_at_once_bit_for_bit(ward_events, ward_cohort, rows_at_once):
    mixed = ward_cohort.as_of.sample(frac=1.0, random_state=3).reset_index(drop=True)
    stranger = mixed.iloc[[0]].assign(patient_id="nobody")
    asked = pd.concat([mixed[:40], stranger, mixed[40:]], ignore_index=True)
    columns = COLUMNS[Outcome.SEVERE_CRS]
    done: list[Done] = []
    found = Engine(rows_at_once=rows_at_once, tell=done.append).feature_rows(
        ward_events, asked, columns
    )
    pd.testing.assert_frame_equal(found, feature_rows(ward_events, asked, columns))
    assert found.dtypes.eq("float32").all()
    # 81 patients of at most eight rows: a chunk of 45 has 45 to 52
    pieces = {1: range(81, 82), 45: range(len(asked) // 52, len(asked) // 45 + 2), 10**6: [1]}
    assert len(done) in pieces[rows_at_once]


def test_a_member_comes_back_from_its_bytes_as_it_was(committee):
    member = fit_one(committee, 1)
    back = Member.from_bytes(member.to_bytes())
    assert back.start == member.start
    assert back.booster.save_raw("json") == member.booster.save_raw("json")
    for damaged in (b"", member.to_bytes()[:200], b"{}\n" + member.to_bytes()):
        with pytest.raises(InvalidInputError, match="no member"):
            Member.from_bytes(damaged)


def test_what_no_member_reads_is_not_sent_and_changes_none(committee):
    compact = committee.compact()
    assert list(compact.rows) == ["crp.last"]
    assert len(compact.rows) == len(compact.target) == len(compact.plan) == 14
    for number in range(2):
        assert fit_one(compact, number).to_bytes() == fit_one(committee, number).to_bytes()


def test_a_key_changes_with_all_that_a_member_depends_on_and_with_nothing_else(committee):
    rows, known = committee.rows, committee.key(0)
    assert replace(committee, rows=rows.assign(**{"ldh.last": 0.0})).key(0) == known
    others = [
        committee.key(1),
        replace(committee, rows=rows.assign(**{"crp.last": rows["ldh.last"]})).key(0),
        replace(committee, columns=("ldh.last",)).key(0),
        replace(committee, target=committee.target / 2).key(0),
        replace(committee, plan=1 - committee.plan).key(0),
        replace(committee, recipes=(replace(SMALL, depth=1), SMALL)).key(0),
        replace(committee, weight=np.linspace(1.0, 2.0, 16)).key(0),
        replace(committee, signs=(0,)).key(0),
        replace(committee, seed=8).key(0),
    ]
    assert len({known, *others}) == 1 + len(others)


def test_kept_members_are_taken_up_again_and_only_the_missing_are_fitted(committee, tmp_path, said):
    folder = tmp_path / "bundle.partial"
    first = Engine(kept=Kept(folder)).members(committee, "crs")
    next(iter(folder.iterdir())).unlink()
    done: list[Done] = []
    kept = Kept(folder)
    again = Engine(kept=kept, tell=done.append).members(committee, "crs")
    assert [m.to_bytes() for m in again] == [m.to_bytes() for m in first]
    assert len(done) == 1
    assert f"{folder}: 1 piece of a run that was cut off" in said()
    assert "crs: 1 of 2 taken up again" in said()
    kept.clear()
    assert not any("not used" in line for line in said())


def test_members_of_other_settings_are_counted_and_never_taken(committee, tmp_path, said):
    folder = tmp_path / "bundle.partial"
    Engine(kept=Kept(folder)).members(committee, "crs")
    kept, done = Kept(folder), []
    Engine(kept=kept, tell=done.append).members(replace(committee, seed=8), "crs")
    assert len(done) == 2
    kept.clear()
    assert f"{folder}: 2 pieces not used: of other records, settings or code" in said()
    assert not folder.exists()


def test_a_damaged_member_is_refused_by_its_name(committee, tmp_path):
    Engine(kept=Kept(tmp_path)).members(committee, "crs")
    path = tmp_path / f"{committee.key(1)}.member"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(InvalidInputError, match=f"{path.name}: is damaged; remove it"):
        Engine(kept=Kept(tmp_path)).members(committee, "crs")


def test_cost_adds_up_by_worker():
    cost = Cost()
    for worker, seconds, sent in (("b", 2.0, 2**20), ("a", 1.0, 0), ("b", 3.5, 2**21)):
        cost.add(Done(0, None, worker, seconds, sent, 2**19))
    found = cost.figures()
    assert found.pop("work/wall_seconds") >= 0.0
    assert found == {
        "work/worker_seconds": 6.5, "work/workers": 2.0, "work/tasks": 3.0,
        "work/bytes_sent": 3.0 * 2**20, "work/bytes_received": 1.5 * 2**20,
    }  # fmt: skip
    assert cost.shares() == [
        {"worker": "a", "tasks": 1, "seconds": 1.0, "bytes_sent": 0, "bytes_received": 2**19},
        {"worker": "b", "tasks": 2, "seconds": 5.5, "bytes_sent": 3 * 2**20,
         "bytes_received": 2**20},
    ]  # fmt: skip
    whole, *by_worker = cost.lines()
    assert whole.startswith("work: 6.5 worker-seconds in ")
    assert whole.endswith("3 tasks, 3.0 MiB sent, 1.5 MiB back")
    assert by_worker == [
        "  b: 5.5 s, 2 tasks, 3.0 MiB sent, 1.0 MiB back",
        "  a: 1.0 s, 1 tasks, 0.0 MiB sent, 0.5 MiB back",
    ]
