"""The ledger as values: what was put in service when, by whom and why, as one sealed chain.

    entry 0: opened      entry 1: promoted       entry 2: refused
    previous: 000...     previous: hash 0        previous: hash 1
    hash 0               hash 1                  hash 2   <- the head: note it elsewhere
    next: hash 1         next: hash 2            next: none

A hash covers every field of its entry and the hash before it; the bytes of the verdict enter
through their own SHA-256. Each entry also names the one that follows, once and for all, so that two
promotions can not both follow one entry and an entry cut off the end is missed. Runs that the chain
does not lead to count for nothing.

A ledger, its experiment or its model that was renamed, deleted or emptied is missed while anything
of it is left in the store: an entry, an alias, a registered version. What this cannot show: no key
is secret, so whoever may write to the whole store (its database and its files) can seal another
story from the first entry on, with verdicts, times and names of people to fit, and move the aliases
to agree; or remove runs, versions and aliases altogether, so that the store looks new. Only a head
that was noted elsewhere shows either (`ledger --head`). And `by` is what its writer said.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum

from training.release.canonical import digest_of

FIRST_PREVIOUS_HASH = "0" * 64


class Kind(StrEnum):
    """What an entry tells."""

    OPENED = "opened"  # the ledger itself was begun
    PROMOTED = "promoted"
    REFUSED = "refused"  # nothing changed
    ROLLED_BACK = "rolled back"


@dataclass(frozen=True)
class Draft:
    """What happened, before it has a place in the chain; every field a text, empty where none.

    `time` is an ISO 8601 instant in UTC; `version` the registry's number of the model that the
    entry is about, `version_before` the one in service until then; `bundle_version` the digest of
    the model's files; `plan_digest` and `frozen_digest` those of the change plan and the frozen
    evaluation set; `verdict_sha256` that of the verdict, with every criterion's numbers.
    """

    kind: str
    time: str
    alias: str
    version: str
    version_before: str
    run_id: str
    bundle_version: str
    plan_digest: str
    frozen_digest: str
    verdict: str
    verdict_sha256: str
    by: str
    why: str
    code_version: str


@dataclass(frozen=True)
class Entry(Draft):
    """A draft in its place: its number, the hash of the entry before, its own hash."""

    sequence: str
    previous_hash: str
    entry_hash: str


ENTRY_FIELDS = tuple(field.name for field in fields(Entry))
SEALED_FIELDS = tuple(name for name in ENTRY_FIELDS if name != "entry_hash")


@dataclass(frozen=True)
class Link:
    """An entry as it lies in the store: the hash of the entry that follows, and in which run.

    `deleted` is what MLflow says of that run: it can be restored until it is swept away.
    """

    entry: Entry
    next_hash: str
    place: str
    deleted: bool = False


@dataclass(frozen=True)
class Ledger:
    """The links that hold from the first on; `broken` says what is wrong with the next one.

    `outside` are runs that the chain does not lead to: a promotion that was cut off while it was
    written, or somebody's own.
    """

    links: tuple[Link, ...] = ()
    outside: tuple[str, ...] = ()
    broken: str | None = None

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The entries in their order."""
        return tuple(link.entry for link in self.links)

    @property
    def head(self) -> str:
        """The hash of the last entry."""
        return self.links[-1].entry.entry_hash if self.links else FIRST_PREVIOUS_HASH


def seal(draft: Draft, ledger: Ledger) -> Entry:
    """The draft as the entry that follows the ledger's last."""
    place = {"sequence": str(len(ledger.links)), "previous_hash": ledger.head}
    content = vars(draft) | place
    return Entry(**content, entry_hash=digest_of(content))


def follow(links: Sequence[Link], noted_head: str | None = None) -> Ledger:
    """The chain through these links, up to the first entry that does not hold.

    `noted_head` is an entry's hash written down earlier: it must still be in the chain.
    """
    held: list[Link] = []
    broken, wanted = None, FIRST_PREVIOUS_HASH if links else ""
    while wanted and not broken:
        following = _following(links, held, wanted)
        broken = _what_is_wrong(following, held)
        if not broken:
            held.append(following[0])
            wanted = following[0].next_hash
    places = {link.place for link in held}
    outside = tuple(link.place for link in links if link.place not in places)
    known = {FIRST_PREVIOUS_HASH, *(link.entry.entry_hash for link in held)}
    if not broken and noted_head is not None and noted_head not in known:
        broken = f"the noted head {noted_head[:12]} is not in it: it was cut off or rewritten"
    return Ledger(tuple(held), outside, broken)


def _following(links: Sequence[Link], held: list[Link], wanted: str) -> list[Link]:
    """What claims to be the next entry: the opening one, or those with the hash that is named."""
    if not held:
        return [link for link in links if link.entry.previous_hash == FIRST_PREVIOUS_HASH]
    return [link for link in links if link.entry.entry_hash == wanted]


def _what_is_wrong(following: list[Link], held: list[Link]) -> str | None:
    """Why the next entry does not hold, or None where it does."""
    number = len(held)
    if not following:
        return f"entry {number} was changed or removed: nothing in the store has its hash"
    if len(following) > 1:
        return f"entry {number} is there {len(following)} times"
    entry = following[0].entry
    if following[0].deleted:
        return f"entry {number} was deleted in MLflow: restore run {following[0].place}"
    if entry.entry_hash != digest_of({name: getattr(entry, name) for name in SEALED_FIELDS}):
        return f"entry {number} was changed: its hash is not the hash of its content"
    before = held[-1].entry.entry_hash if held else FIRST_PREVIOUS_HASH
    if entry.previous_hash != before or entry.sequence != str(number):
        return f"entry {number} does not follow entry {number - 1}: they were put in another order"
    return None


def standing(ledger: Ledger, alias: str) -> tuple[Entry, ...]:
    """What the alias rests on, the last one in service: a rollback takes the top away.

    promoted 1, 2, 3, rolled back, promoted 4    ->    1, 2, 4
    """
    stack: list[Entry] = []
    for entry in ledger.entries:
        if entry.alias == alias and entry.kind == Kind.PROMOTED:
            stack.append(entry)
        if entry.alias == alias and entry.kind == Kind.ROLLED_BACK:
            stack.pop()
    return tuple(stack)


def in_service(ledger: Ledger, alias: str, at: datetime | None = None) -> Entry | None:
    """The entry that put the alias where it stood at that time (default: now)."""
    moves = [
        entry
        for entry in ledger.entries
        if entry.alias == alias
        and entry.kind in (Kind.PROMOTED, Kind.ROLLED_BACK)
        and (at is None or datetime.fromisoformat(entry.time) <= at)
    ]
    return moves[-1] if moves else None


def bundle_of(ledger: Ledger, version: str) -> str | None:
    """The digest under which this version first stood in the ledger."""
    return next((e.bundle_version for e in ledger.entries if e.version == version), None)
