"""The audit table: on the disk at once, one chain whoever writes, and no way to change an entry."""

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from serving.audit import Draft, Entry, verify
from serving.store import FIELDS, Store, StoreError, open_existing_store, open_store

TRIGGERS = (
    "audit_entries_refuse_update",
    "audit_entries_refuse_delete",
    "audit_entries_only_at_the_end",
)


def draft(name: str) -> Draft:
    return Draft(
        kind="prediction",
        prediction_id=name,
        occurred_at="2024-03-05T08:00:00Z",
        actor="ward",
        model_version="m" * 64,
        code_version="c" * 64,
        request=b'{"patient_id":"p"}',
        answer=b'{"risk":0.5}',
    )


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "audit.db"


@pytest.fixture
def store(database: Path):
    with closing(open_store(f"sqlite:///{database}")) as store:
        yield store


@pytest.fixture
def filled(store: Store) -> Store:
    for number in range(1, 6):
        store.append(draft(f"id-{number}"))
    return store


def attack(database: Path, *statements: str) -> None:
    """What somebody with the file and without scruples can do."""
    with closing(sqlite3.connect(database)) as connection:
        for trigger in TRIGGERS:
            connection.execute(f"DROP TRIGGER {trigger}")
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def test_an_appended_entry_is_seen_by_another_connection_at_once(store: Store, database: Path):
    entry = store.append(draft("id-1"))
    with closing(sqlite3.connect(database)) as other:
        row = other.execute("SELECT sequence, entry_hash, answer FROM audit_entries").fetchone()
    assert row == (1, entry.entry_hash, b'{"risk":0.5}')


def test_a_commit_waits_for_the_disk(store: Store):
    with store._transaction() as connection:
        mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar()
        synchronous = connection.exec_driver_sql("PRAGMA synchronous").scalar()
    assert (mode, synchronous) == ("wal", 2)  # 2 is FULL: sqlite.org/pragma.html#pragma_synchronous


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entries SET answer = x'00' WHERE sequence = 2",
        "DELETE FROM audit_entries WHERE sequence = 5",
        "INSERT OR REPLACE INTO audit_entries SELECT * FROM audit_entries WHERE sequence = 3",
    ],
)
def test_the_database_refuses_to_change_an_entry(filled: Store, database: Path, statement: str):
    with closing(sqlite3.connect(database)) as connection:
        with pytest.raises(sqlite3.IntegrityError, match=r"append-only|only follow the last"):
            connection.execute(statement)
        connection.rollback()
    assert verify(filled.entries()).count == 5


OTHER_VALUES = ("'altered'", "x'ff00'", "987", "CAST(x'ff' AS TEXT)")
ALTERATIONS = [(field, value) for field in FIELDS if field != "sequence" for value in OTHER_VALUES]


@pytest.mark.parametrize(("field", "value"), [*ALTERATIONS, ("sequence", "987")])
def test_any_field_written_over_in_the_file_is_found(
    filled: Store, database: Path, field: str, value: str
):
    attack(database, f"UPDATE audit_entries SET {field} = {value} WHERE sequence = 3")  # noqa: S608
    broken = verify(filled.entries()).broken
    assert broken is not None
    assert broken.sequence == 3


def test_one_flipped_bit_of_a_stored_answer_is_found(filled: Store, database: Path):
    attack(database, "UPDATE audit_entries SET answer = '{\"risk\":0.4}' WHERE sequence = 4")
    attacked = verify(filled.entries()).broken
    assert attacked is not None
    assert (attacked.sequence, attacked.prediction_id) == (4, "id-4")


def test_a_row_deleted_in_the_middle_is_found(filled: Store, database: Path):
    attack(database, "DELETE FROM audit_entries WHERE sequence = 3")
    broken = verify(filled.entries()).broken
    assert broken is not None
    assert broken.sequence == 3
    assert "missing" in broken.reason


def test_two_rows_swapped_are_found(filled: Store, database: Path):
    attack(
        database,
        "UPDATE audit_entries SET sequence = 99 WHERE sequence = 2",
        "UPDATE audit_entries SET sequence = 2 WHERE sequence = 3",
        "UPDATE audit_entries SET sequence = 3 WHERE sequence = 99",
    )
    broken = verify(filled.entries()).broken
    assert broken is not None
    assert broken.sequence == 2


def test_rows_cut_off_the_end_are_found_with_the_noted_head(filled: Store, database: Path):
    noted = filled.head().entry_hash
    attack(database, "DELETE FROM audit_entries WHERE sequence >= 4")
    assert verify(filled.entries()).holds
    assert not verify(filled.entries(), noted).holds


def test_many_writers_of_two_stores_make_one_unbroken_chain(store: Store, database: Path):
    with closing(open_store(f"sqlite:///{database}")) as other:
        together = threading.Barrier(8)

        def write(writer: int) -> None:
            together.wait()
            for number in range(5):
                (store, other)[writer % 2].append(draft(f"{writer}-{number}"))

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(write, range(8)))
    report = verify(store.entries())
    assert (report.holds, report.count) == (True, 40)
    assert len({entry.prediction_id for entry in store.entries()}) == 40


def test_no_two_entries_can_follow_the_same_one(filled: Store, database: Path):
    columns = [name for name in FIELDS if name not in ("sequence", "prediction_id", "entry_hash")]
    copied = ", ".join(columns)
    with (
        closing(sqlite3.connect(database)) as connection,
        pytest.raises(sqlite3.IntegrityError, match=r"UNIQUE.*previous_hash"),
    ):
        connection.execute(
            f"INSERT INTO audit_entries (sequence, prediction_id, entry_hash, {copied}) "  # noqa: S608
            f"SELECT 6, 'fork', 'fork', {copied} FROM audit_entries WHERE sequence = 5"
        )


def test_a_store_opened_again_goes_on_where_it_stopped(filled: Store, database: Path):
    filled.close()
    with closing(open_store(f"sqlite:///{database}")) as again:
        assert again.append(draft("id-6")).sequence == 6
        assert verify(again.entries()).count == 6


@pytest.mark.parametrize(
    "url", ["sqlite:////proc/no/such.db", "nonsense://x", "sqlite:////dev/null"]
)
def test_a_database_that_cannot_be_used_is_named_in_one_line(url: str):
    with pytest.raises(StoreError) as raised, closing(open_store(url)):
        pass
    assert "\n" not in str(raised.value)


def test_reading_an_audit_trail_never_makes_one(tmp_path: Path):
    with pytest.raises(StoreError, match="no such file"):
        open_existing_store(f"sqlite:///{tmp_path / 'none.db'}")
    assert not list(tmp_path.iterdir())


def test_any_damaged_byte_of_the_file_is_found_or_harms_no_entry(filled: Store, database: Path):
    whole = list(filled.entries())
    filled.close()
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    intact = database.read_bytes()
    found = 0
    for place in np.random.default_rng(0).choice(len(intact), 150, replace=False):
        damaged = bytearray(intact)
        damaged[place] ^= 0xFF
        copied = database.with_name(f"{place}.db")
        copied.write_bytes(damaged)
        found += harm(copied, whole)
    assert found > 10


def harm(database: Path, whole: list[Entry]) -> bool:
    """Whether the damage was found; where it was not, every entry must still be there."""
    try:
        with closing(open_existing_store(f"sqlite:///{database}")) as store:
            if not verify(store.entries()).holds:
                return True
            assert list(store.entries()) == whole
            return False
    except StoreError:
        return True
