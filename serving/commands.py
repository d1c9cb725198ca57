"""The verbs of `python -m serving audit`: each gives the lines to show and an exit status."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from serving.audit import Entry, verify
from serving.canonical import canonical_json
from serving.model_source import bundle_from
from serving.replays import AlteredEntryError, OtherModelError, replay
from serving.store import Store

DONE, FAULT, WRONG_INPUT = 0, 1, 2
OWNER_ONLY = 0o600
"""File mode of an export: it holds patients' records."""


class WrongInputError(Exception):
    """What a user asked for cannot be done: the message says why."""


@dataclass(frozen=True)
class Shown:
    """What a verb says, and the exit status it ends with."""

    lines: tuple[str, ...]
    status: int = DONE


def verify_trail(store: Store, noted_head: str | None) -> Shown:
    """Whether the chain holds; the head to note, or the first broken entry by name."""
    report = verify(store.entries(), noted_head)
    lines: tuple[str, ...]
    if report.broken is None:
        kept = " and the noted head is in it" if noted_head else ""
        lines = (
            f"the chain holds{kept}: {report.count} entries",
            f"head {report.head.entry_hash}",
            "note count and head elsewhere: only they show entries cut off the end (--head HASH)",
        )
        return Shown(lines)
    named = f" (prediction {report.broken.prediction_id})" if report.broken.prediction_id else ""
    lines = (
        f"BROKEN at entry {report.broken.sequence}{named}: {report.broken.reason}",
        f"{report.count} entries before it hold, up to {report.head.entry_hash}",
    )
    return Shown(lines, FAULT)


def list_entries(store: Store, last: int) -> Shown:
    """The newest entries, oldest of them first, one a line, without patients' data."""
    newest = store.head().sequence
    rows = [_row(entry) for entry in store.entries(after=max(newest - last, 0))]
    return Shown(("sequence  occurred_at                  prediction_id", *rows))


def _row(entry: Entry) -> str:
    return (
        f"{entry.sequence:>8}  {entry.occurred_at:<27}  {entry.prediction_id}  {entry.kind}  "
        f"by {entry.actor}  model {entry.model_version[:12]}  hash {entry.entry_hash[:12]}"
    )


def show_entry(store: Store, prediction_id: str) -> Shown:
    """One entry as indented JSON, request and answer unfolded. It holds patient data."""
    entry = _wanted(store, prediction_id)
    unfolded = {"request": json.loads(entry.request), "answer": json.loads(entry.answer)}
    return Shown((json.dumps(vars(entry) | unfolded, indent=2, ensure_ascii=False),))


def replay_entry(store: Store, prediction_id: str, model: str) -> Shown:
    """Whether the bundle gives the same bytes for the stored request."""
    entry = _wanted(store, prediction_id)
    with bundle_from(model) as bundle:
        try:
            again = replay(bundle, entry)
        except OtherModelError as error:
            raise WrongInputError(str(error)) from None
        except AlteredEntryError as error:
            return Shown((str(error),), FAULT)
    if again.difference is None:
        return Shown(("same bytes",))
    return Shown((f"different: {again.difference}",), FAULT)


def export_trail(store: Store, folder: Path) -> Shown:
    """Every entry as a line of `audit.jsonl`, and `head.json` with count and head.

    A line's `entry_hash` is the SHA-256 of the canonical JSON of its other fields except
    `request` and `answer`, whose own SHA-256 are among them: anyone can check it.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise WrongInputError(f"{folder}: is not an empty folder")
    store.head()  # a database without a trail shows before anything is written
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "audit.jsonl", (canonical_json(exported(e)) for e in store.entries()))
    report = verify(store.entries())
    head = {"count": report.count, "head": report.head.entry_hash, "holds": report.holds}
    _write(folder / "head.json", iter([canonical_json(head)]))
    return Shown((f"{report.count} entries -> {folder / 'audit.jsonl'}",))


def exported(entry: Entry) -> dict[str, object]:
    """The entry's fields, request and answer as text."""
    return vars(entry) | {"request": _text(entry.request), "answer": _text(entry.answer)}


def _text(content: bytes) -> str:
    return content.decode(errors="backslashreplace")


def _write(file: Path, lines: Iterator[bytes]) -> None:
    file.touch(mode=OWNER_ONLY)
    with file.open("wb") as out:
        out.writelines(line + b"\n" for line in lines)


def _wanted(store: Store, prediction_id: str) -> Entry:
    entry = store.entry(prediction_id)
    if entry is None:
        raise WrongInputError(f"{prediction_id}: no prediction has this number")
    return entry
