"""The chain of entries: it holds when nobody touched it, and names the first that was touched."""

from dataclasses import replace
from datetime import datetime

import pytest

from training.release.ledger import (
    FIRST_PREVIOUS_HASH,
    Draft,
    Kind,
    Ledger,
    Link,
    bundle_of,
    follow,
    in_service,
    seal,
    standing,
)


def draft(kind: Kind, version: str = "", hour: int = 0) -> Draft:
    nothing = dict.fromkeys(Draft.__dataclass_fields__, "")
    facts = {"kind": str(kind), "alias": "champion" if version else "", "version": version}
    facts |= {"time": f"2026-03-01T{hour:02d}:00:00+00:00", "bundle_version": version * 64}
    return Draft(**(nothing | facts))


def ledger_of(*drafts: Draft) -> Ledger:
    links: tuple[Link, ...] = ()
    for number, each in enumerate(drafts):
        entry = seal(each, Ledger(links))
        if links:
            links = (*links[:-1], replace(links[-1], next_hash=entry.entry_hash))
        links = (*links, Link(entry, "", f"run {number}"))
    return Ledger(links)


STORY = (
    draft(Kind.OPENED),
    draft(Kind.PROMOTED, "1", 1),
    draft(Kind.PROMOTED, "2", 2),
    draft(Kind.REFUSED, "3", 3),
    draft(Kind.PROMOTED, "4", 4),
    draft(Kind.ROLLED_BACK, "2", 5),
)


@pytest.fixture
def links() -> list[Link]:
    return list(ledger_of(*STORY).links)


def test_a_chain_that_nobody_touched_holds_in_any_order_of_reading(links):
    assert follow(links) == follow(links[::-1]) == Ledger(tuple(links))
    assert follow([]) == Ledger()


def changed(links, number, **facts):
    entry = replace(links[number].entry, **facts)
    return [*links[:number], replace(links[number], entry=entry), *links[number + 1 :]]


def swapped(links):
    """Entries 2 and 3 in each other's place, their links written anew."""
    second = replace(links[2], next_hash=links[4].entry.entry_hash)
    third = replace(links[3], next_hash=links[2].entry.entry_hash)
    before = replace(links[1], next_hash=links[3].entry.entry_hash)
    return [links[0], before, third, second, *links[4:]]


def copied(links):
    return [*links, replace(links[2], place="a copy")]


@pytest.mark.parametrize(
    ("tamper", "words"),
    [
        (lambda links: changed(links, 2, version="9"), "entry 2 was changed: its hash"),
        (lambda links: changed(links, 3, why="nothing"), "entry 3 was changed: its hash"),
        (lambda links: [*links[:2], *links[3:]], "entry 2 was changed or removed"),
        (lambda links: links[:-1], "entry 5 was changed or removed"),
        (lambda links: links[1:], "entry 0 was changed or removed"),
        (swapped, "entry 2 does not follow entry 1"),
        (copied, "entry 2 is there 2 times"),
        (lambda links: [*links[:4], replace(links[4], deleted=True), links[5]],
         "entry 4 was deleted in MLflow: restore run run 4"),
    ],
)  # fmt: skip
def test_what_was_changed_removed_reordered_or_doubled_is_named(links, tamper, words):
    found = follow(tamper(links))
    assert found.broken is not None
    assert found.broken.startswith(words)
    assert found.entries == tuple(link.entry for link in links)[: len(found.entries)]


def test_what_the_chain_does_not_lead_to_counts_for_nothing(links):
    stranger = seal(draft(Kind.PROMOTED, "7", 9), Ledger(tuple(links)))
    found = follow([*links, Link(stranger, "", "somebody's")])
    assert (found.broken, found.outside) == (None, ("somebody's",))
    assert in_service(found, "champion").version == "2"


def test_a_noted_head_shows_that_the_end_was_cut_off_with_care(links):
    head = links[-1].entry.entry_hash
    cut = [*links[:4], replace(links[4], next_hash="")]
    assert follow(cut).broken is None
    assert "is not in it" in follow(cut, head).broken
    assert follow(links, head).broken is None
    assert follow(links, links[2].entry.entry_hash).broken is None
    assert follow([], head).broken
    assert follow([], FIRST_PREVIOUS_HASH).broken is None


def test_what_was_in_service_is_told_for_every_hour(links):
    ledger = follow(links)
    stood = [
        in_service(ledger, "champion", datetime.fromisoformat(f"2026-03-01T{hour:02d}:30Z"))
        for hour in range(6)
    ]
    assert [entry and entry.version for entry in stood] == [None, "1", "2", "2", "4", "2"]
    assert in_service(ledger, "challenger") is None


def test_a_rollback_takes_the_top_away_and_the_next_one_goes_deeper():
    def versions(*drafts):
        return [entry.version for entry in standing(ledger_of(*STORY, *drafts), "champion")]

    assert versions() == ["1", "2"]
    assert versions(draft(Kind.ROLLED_BACK, "1", 6)) == ["1"]
    assert versions(draft(Kind.PROMOTED, "5", 6)) == ["1", "2", "5"]


def test_the_digest_of_a_version_is_the_one_it_first_stood_under(links):
    assert bundle_of(follow(links), "2") == "2" * 64
    assert bundle_of(follow(links), "3") == "3" * 64  # refused, and known since
    assert bundle_of(follow(links), "8") is None
