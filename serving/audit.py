"""The audit trail as values: one entry per answer, each sealed to the one before it.

    entry 1            entry 2            entry 3
    previous: 000...   previous: hash 1   previous: hash 2
    hash 1             hash 2             hash 3   <- the head: note it elsewhere

A hash covers every field, the bytes of request and answer through their own SHA-256 (so that the
bytes could one day be erased on a patient's demand and the chain still hold). Whoever changes,
removes or inserts an entry breaks a link. Two things a chain cannot show by itself: entries cut off
its end, and a chain rewritten from some entry on; a head noted elsewhere shows both.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from serving.canonical import canonical_json

FIRST_PREVIOUS_HASH = "0" * 64
HASH = r"[0-9a-f]{64}"
"""The pattern of a hash as this trail writes it."""


class EntryKind(StrEnum):
    """What was asked, and so how the request's bytes are read when it is replayed."""

    PREDICTION = "prediction"  # POST /v1/predictions


@dataclass(frozen=True)
class Draft:
    """What happened, before it has a place in the chain.

    `occurred_at` is an ISO 8601 instant in UTC; `request` and `answer` are the bytes that came and
    left; `actor` is the name of the caller's token, or `anyone` where authentication is off.
    """

    kind: str
    prediction_id: str
    occurred_at: str
    actor: str
    model_version: str
    code_version: str
    request: bytes
    answer: bytes


@dataclass(frozen=True)
class Entry(Draft):
    """A draft in its place: number, link to the entry before, digests and its own hash."""

    sequence: int
    previous_hash: str
    request_sha256: str
    answer_sha256: str
    entry_hash: str


@dataclass(frozen=True)
class Head:
    """The last entry's number and hash; 0 and zeros for an empty chain."""

    sequence: int = 0
    entry_hash: str = FIRST_PREVIOUS_HASH


class UnreadableEntriesError(Exception):
    """The database cannot give an entry back at all."""


SEALED_FIELDS = tuple(
    f.name for f in fields(Entry) if f.name not in ("request", "answer", "entry_hash")
)


def entry_hash(sealed: dict[str, Any]) -> str:
    """SHA-256 (hexadecimal) over the canonical JSON of the sealed fields."""
    return hashlib.sha256(
        canonical_json({name: sealed[name] for name in SEALED_FIELDS})
    ).hexdigest()


def seal(draft: Draft, head: Head) -> Entry:
    """The draft as the entry that follows the head."""
    content = vars(draft) | {
        "sequence": head.sequence + 1,
        "previous_hash": head.entry_hash,
        "request_sha256": hashlib.sha256(draft.request).hexdigest(),
        "answer_sha256": hashlib.sha256(draft.answer).hexdigest(),
    }
    return Entry(**content, entry_hash=entry_hash(content))


def is_intact(entry: Entry) -> bool:
    """Whether the entry's content is what was sealed; its place in the chain is not looked at."""
    return _what_is_wrong(entry, Head(entry.sequence - 1, entry.previous_hash)) is None


@dataclass(frozen=True)
class Broken:
    """The first entry that does not hold, and what is wrong with it."""

    sequence: int
    prediction_id: str | None
    reason: str


@dataclass(frozen=True)
class ChainReport:
    """How many entries hold from the first on, the head they lead to, and what broke the chain."""

    count: int
    head: Head
    broken: Broken | None

    @property
    def holds(self) -> bool:
        """Whether nothing is broken."""
        return self.broken is None


def verify(entries: Iterable[Entry], noted_head: str | None = None) -> ChainReport:
    """Recompute the whole chain, in order of sequence, up to the first entry that does not hold.

    `noted_head` is an entry hash written down earlier: it must still be in the chain.
    """
    head, noted = Head(), noted_head in (None, FIRST_PREVIOUS_HASH)
    try:
        for entry in entries:
            reason = _what_is_wrong(entry, head)
            if reason:
                broken = Broken(head.sequence + 1, _identity(entry), reason)
                return ChainReport(head.sequence, head, broken)
            head = Head(entry.sequence, entry.entry_hash)
            noted = noted or head.entry_hash == noted_head
    except UnreadableEntriesError as error:
        broken = Broken(head.sequence + 1, None, str(error))
        return ChainReport(head.sequence, head, broken)
    return ChainReport(head.sequence, head, None if noted else _lost(head))


def _lost(head: Head) -> Broken:
    reason = "the noted head is not in the chain: entries were cut off its end, or it was rewritten"
    return Broken(head.sequence + 1, None, reason)


def _identity(entry: Entry) -> str | None:
    return entry.prediction_id if isinstance(entry.prediction_id, str) else None


def _what_is_wrong(entry: Entry, head: Head) -> str | None:
    """Why the entry does not follow the head, or None where it does."""
    for field in fields(Entry):
        if not isinstance(getattr(entry, field.name), field.type):  # type: ignore[arg-type]
            return f"{field.name} was altered: it is no longer of type {_type_name(field.type)}"
    if entry.sequence != head.sequence + 1:
        return f"it is missing: the next entry is number {entry.sequence}"
    for name in ("request", "answer"):
        digest = hashlib.sha256(getattr(entry, name)).hexdigest()
        if digest != getattr(entry, f"{name}_sha256"):
            return f"the bytes of its {name} were altered"
    if entry.previous_hash != head.entry_hash:
        return "its link to the entry before it was altered, or the entry before was replaced"
    if entry.entry_hash != entry_hash(vars(entry)):
        return "a field was altered: its hash is not the hash of its content"
    return None


def _type_name(kind: Any) -> str:
    return str(getattr(kind, "__name__", kind))


@dataclass(frozen=True)
class Replay:
    """Whether the same question gives the same bytes; if not, the first place that differs."""

    prediction_id: str
    model_version: str
    difference: str | None

    @property
    def same_bytes(self) -> bool:
        """Whether nothing differs."""
        return self.difference is None
