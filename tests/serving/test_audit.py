"""The chain as values: whatever is changed, taken out, put in or swapped is found and named."""

import hashlib
import json
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.audit import Draft, Entry, Head, seal, verify


def draft(number: int) -> Draft:
    return Draft(
        kind="prediction",
        prediction_id=f"id-{number}",
        occurred_at=f"2024-03-0{number}T08:00:00Z",
        actor="ward",
        model_version="m" * 64,
        code_version="c" * 64,
        request=b'{"patient_id":"p","n":%d}' % number,
        answer=b'{"risk":0.%d}' % number,
    )


def chain(length: int = 4) -> list[Entry]:
    entries, head = [], Head()
    for number in range(1, length + 1):
        entries.append(seal(draft(number), head))
        head = Head(number, entries[-1].entry_hash)
    return entries


def altered(value: object) -> object:
    """The value with one bit or one character changed."""
    if isinstance(value, bytes):
        return bytes([value[0] ^ 1]) + value[1:]
    return value + 1 if isinstance(value, int) else ("X" if value[0] != "X" else "Y") + value[1:]


def test_an_untouched_chain_holds_and_gives_its_head():
    entries = chain()
    report = verify(entries)
    assert report.holds
    assert (report.count, report.head) == (4, Head(4, entries[-1].entry_hash))


def test_the_hash_can_be_recomputed_from_its_published_recipe():
    entry = chain(2)[1]
    sealed = {
        "actor": "ward",
        "answer_sha256": hashlib.sha256(entry.answer).hexdigest(),
        "code_version": "c" * 64,
        "kind": "prediction",
        "model_version": "m" * 64,
        "occurred_at": "2024-03-02T08:00:00Z",
        "prediction_id": "id-2",
        "previous_hash": chain(1)[0].entry_hash,
        "request_sha256": hashlib.sha256(entry.request).hexdigest(),
        "sequence": 2,
    }
    text = json.dumps(sealed, sort_keys=True, separators=(",", ":"))
    assert entry.entry_hash == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize("field", [field.name for field in fields(Entry)])
@given(place=st.integers(0, 3))
def test_any_altered_field_of_any_entry_is_found_and_the_entry_named(field: str, place: int):
    entries = chain()
    entry = entries[place]
    entries[place] = replace(entry, **{field: altered(getattr(entry, field))})
    broken = verify(entries).broken
    assert broken is not None
    assert broken.sequence == place + 1


@pytest.mark.parametrize("field", [field.name for field in fields(Entry)])
def test_a_value_of_another_type_is_found_instead_of_breaking_the_check(field: str):
    entries = chain()
    entries[1] = replace(entries[1], **{field: None})
    broken = verify(entries).broken
    assert broken is not None
    assert broken.sequence == 2
    assert field in broken.reason


@given(place=st.integers(0, 2))
def test_an_entry_taken_out_before_the_end_is_found(place: int):
    entries = chain()
    del entries[place]
    broken = verify(entries).broken
    assert broken is not None
    assert broken.sequence == place + 1
    assert "missing" in broken.reason


def test_an_entry_recomputed_after_a_change_breaks_the_next_link():
    entries = chain()
    changed = replace(draft(2), answer=b'{"risk":0.9}')
    entries[1] = seal(changed, Head(1, entries[0].entry_hash))
    broken = verify(entries).broken
    assert broken is not None
    assert broken.sequence == 3
    assert "link" in broken.reason


def test_a_chain_cut_at_its_end_holds_by_itself_but_not_against_a_noted_head():
    entries = chain()
    noted = entries[-1].entry_hash
    assert verify(entries[:3]).holds
    assert not verify(entries[:3], noted).holds


def test_a_chain_rewritten_from_the_start_does_not_hold_against_a_noted_head():
    noted = chain()[1].entry_hash
    rewritten, head = [], Head()
    for number in range(1, 5):
        rewritten.append(seal(replace(draft(number), actor="forger"), head))
        head = Head(number, rewritten[-1].entry_hash)
    assert verify(rewritten).holds
    assert not verify(rewritten, noted).holds


def test_a_noted_head_holds_while_the_chain_grows():
    assert verify(chain(4), noted_head=chain(2)[1].entry_hash).holds


def test_an_empty_chain_holds():
    assert verify([]).head == Head(0, "0" * 64)
