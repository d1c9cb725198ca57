"""Where the audit trail is kept: one append-only table in a SQLite file.

An append is one transaction that is on the disk before `append` returns. Two writers cannot both
follow the same entry: SQLite lets one in at a time (`BEGIN IMMEDIATE`), and `sequence` and
`previous_hash` are unique, so that the slower writer fails and tries again. Triggers refuse UPDATE
and DELETE. Another database would need the same three promises, so its URL is refused.
"""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from threading import Lock

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    create_engine,
    event,
    select,
    text,
)
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from serving.audit import Draft, Entry, Head, UnreadableEntriesError, seal

WAIT_FOR_WRITERS_S = 30
APPEND_ATTEMPTS = 20
SQLITE_DRIVERS = ("sqlite", "sqlite+pysqlite")
BEFORE_ALL = -(2**62)
OWNER_ONLY = 0o600  # the trail holds what patients' records said
FIELDS = tuple(Entry.__dataclass_fields__)

METADATA = MetaData()
AUDIT_ENTRIES = Table(
    "audit_entries",
    METADATA,
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("previous_hash", String(64), nullable=False, unique=True),
    Column("kind", String(32), nullable=False),
    Column("prediction_id", String(36), nullable=False, unique=True),
    Column("occurred_at", String(32), nullable=False),
    Column("actor", String(64), nullable=False),
    Column("model_version", String(64), nullable=False),
    Column("code_version", String(64), nullable=False),
    Column("request_sha256", String(64), nullable=False),
    Column("answer_sha256", String(64), nullable=False),
    Column("request", LargeBinary, nullable=False),
    Column("answer", LargeBinary, nullable=False),
    Column("entry_hash", String(64), nullable=False, unique=True),
)

SQLITE_TRIGGERS = (
    """CREATE TRIGGER IF NOT EXISTS audit_entries_refuse_update BEFORE UPDATE ON audit_entries
    BEGIN SELECT RAISE(ABORT, 'audit entries are append-only'); END""",
    """CREATE TRIGGER IF NOT EXISTS audit_entries_refuse_delete BEFORE DELETE ON audit_entries
    BEGIN SELECT RAISE(ABORT, 'audit entries are append-only'); END""",
    # INSERT OR REPLACE deletes without asking the trigger above: a new entry must be the next one.
    """CREATE TRIGGER IF NOT EXISTS audit_entries_only_at_the_end BEFORE INSERT ON audit_entries
    WHEN NEW.sequence <> (SELECT coalesce(max(sequence), 0) + 1 FROM audit_entries)
    BEGIN SELECT RAISE(ABORT, 'an audit entry can only follow the last one'); END""",
)

SQLITE_PRAGMAS = (
    f"PRAGMA busy_timeout = {WAIT_FOR_WRITERS_S * 1000}",
    # Write-ahead log, synced at every commit: an answer that left survives a power cut, and readers
    # do not stop the writer (https://sqlite.org/pragma.html#pragma_synchronous).
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA fullfsync = ON",  # macOS: fsync alone does not reach the disk
)

NEWEST = select(AUDIT_ENTRIES.c.sequence, AUDIT_ENTRIES.c.entry_hash).order_by(
    AUDIT_ENTRIES.c.sequence.desc()
)
# Text, not the table: a tampered value must come back as it is, not stumble over its declared type.
ALL_FIELDS = f"SELECT {', '.join(FIELDS)} FROM audit_entries"  # noqa: S608 - only our own names
EVERY_ENTRY = text(f"{ALL_FIELDS} WHERE sequence > :after ORDER BY sequence")
ONE_ENTRY = text(f"{ALL_FIELDS} WHERE prediction_id = :prediction_id")
KIND_OF_TRAIL = text("SELECT type FROM sqlite_master WHERE name = 'audit_entries'")


class StoreError(Exception):
    """A database that cannot be used: the message names it and the reason."""


class Store:
    """The audit trail in one database; `close` it. Safe to share between threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._one_at_a_time = Lock()

    def close(self) -> None:
        """Give every connection back."""
        self._engine.dispose()

    def append(self, draft: Draft) -> Entry:
        """Seal the draft to the newest entry and commit; when this returns, it is on the disk."""
        with self._one_at_a_time:
            for _ in range(APPEND_ATTEMPTS - 1):
                try:
                    return self._append_once(draft)
                except IntegrityError:  # another process followed the same entry first
                    continue
            return self._append_once(draft)

    def _append_once(self, draft: Draft) -> Entry:
        with self._transaction(writes=True) as connection:
            entry = seal(draft, _head(connection))
            connection.execute(AUDIT_ENTRIES.insert().values(**vars(entry)))
        return entry

    def head(self) -> Head:
        """The newest entry's number and hash."""
        with self._reading() as connection:
            return _head(connection)

    def entry(self, prediction_id: str) -> Entry | None:
        """The entry of a prediction, or None where there is none."""
        with self._reading() as connection:
            rows = connection.execute(ONE_ENTRY, {"prediction_id": prediction_id})
            row = rows.mappings().one_or_none()
        return Entry(**row) if row else None

    def entries(self, after: int = BEFORE_ALL) -> Iterator[Entry]:
        """Every entry with a number above `after` (forged ones below 1 too), in order, unchecked.

        Raises UnreadableEntriesError where the database cannot read one.
        """
        try:
            with self._reading() as connection:
                streamed = connection.execution_options(stream_results=True)
                rows = streamed.execute(EVERY_ENTRY, {"after": after})
                while (row := rows.fetchone()) is not None:
                    yield Entry(**row._mapping)
        except StoreError as error:
            raise UnreadableEntriesError(f"the database cannot read it: {error}") from None

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        """A transaction on a trail that is there: a view of its name shows what was never sealed.

        Raises StoreError where the table is gone or was replaced.
        """
        with self._transaction() as connection:
            kind = connection.execute(KIND_OF_TRAIL).scalar()
            if kind != "table":
                what = f"a {kind}, not a table" if kind else "not there"
                raise StoreError(
                    f"{_shown(self._engine.url)}: there is no audit trail in this database: "
                    f"{AUDIT_ENTRIES.name} is {what}"
                )
            yield connection

    @contextmanager
    def _transaction(self, writes: bool = False) -> Iterator[Connection]:
        engine = self._engine.execution_options(writes=writes)
        with _told_plainly(engine.url), engine.begin() as connection:
            yield connection


@contextmanager
def _told_plainly(url: URL) -> Iterator[None]:
    """Raise what the database complains of as StoreError; a broken constraint stays what it is."""
    try:
        yield
    except IntegrityError:
        raise
    except DBAPIError as error:
        raise StoreError(f"{_shown(url)}: {_without_values(error.orig)}") from None
    except (sqlite3.Error, UnicodeDecodeError) as error:  # a damaged file, met while connecting
        raise StoreError(f"{_shown(url)}: {_without_values(error)}") from None
    except PoolTimeoutError:
        raise StoreError(f"{_shown(url)}: every connection is busy") from None


def _without_values(error: object) -> str:
    """The complaint on one line, without the stored text that SQLite quotes where it is no UTF-8.

    >>> _without_values("Could not decode to UTF-8 column 'request' with text 'Jane Doe'")
    "Could not decode to UTF-8 column 'request'"
    """
    return re.sub(r" with text .*", "", " ".join(str(error).split()))


def _head(connection: Connection) -> Head:
    row = connection.execute(NEWEST.limit(1)).one_or_none()
    return Head(*row) if row else Head()


def open_store(database_url: str) -> Store:
    """The store at the URL, made where it is missing.

    Raises StoreError where the database cannot be used, or is not SQLite.
    """
    url = make_url(database_url)
    _make_folder(url)
    with _engine_to_keep(url) as engine:
        with engine.execution_options(writes=True).begin() as connection:
            METADATA.create_all(connection)
            for trigger in SQLITE_TRIGGERS:
                connection.exec_driver_sql(trigger)
        return Store(engine)


def open_existing_store(database_url: str) -> Store:
    """The store at the URL; raises StoreError where there is no such file.

    Whether a trail is in it shows at reading: one that is gone is for `verify` to tell.
    """
    url = make_url(database_url)
    if not Path(str(url.database)).is_file():
        raise StoreError(f"{_shown(url)}: there is no such file")
    with _engine_to_keep(url) as engine:
        return Store(engine)


@contextmanager
def _engine_to_keep(url: URL) -> Iterator[Engine]:
    """An engine that stays open, unless what is done with it here fails."""
    engine = _engine(url)
    with ExitStack() as on_failure, _told_plainly(url):
        on_failure.callback(engine.dispose)
        yield engine
        on_failure.pop_all()


def _make_folder(url: URL) -> None:
    _check_is_sqlite(url)
    folder = Path(str(url.database)).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        Path(str(url.database)).touch(mode=OWNER_ONLY)
    except OSError as error:
        raise StoreError(f"{_shown(url)}: {folder}: {error.strerror}") from None


def _engine(url: URL) -> Engine:
    _check_is_sqlite(url)
    engine = create_engine(url, hide_parameters=True)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _check_is_sqlite(url: URL) -> None:
    if url.drivername not in SQLITE_DRIVERS:
        raise StoreError(f"{_shown(url)}: the audit trail is kept in SQLite alone: sqlite:///PATH")


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # transactions begin where _begin_sqlite says, nowhere else
    with closing(connection.cursor()) as cursor:
        for pragma in SQLITE_PRAGMAS:
            cursor.execute(pragma)


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _shown(url: URL) -> str:
    return url.render_as_string(hide_password=True)
