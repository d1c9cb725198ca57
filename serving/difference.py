"""The first place where two answers differ."""

import json
from collections.abc import Iterator
from typing import Any


def first_difference(stored: bytes, now: bytes) -> str | None:
    """A sentence that names the first differing place, or None for the same bytes.

    >>> first_difference(b'{"risk":0.5}', b'{"risk":0.6}')
    '/risk was 0.5 and is now 0.6'
    """
    if stored == now:
        return None
    for pointer, was, becomes in _differences(json.loads(stored), json.loads(now), ""):
        return f"{pointer or '/'} was {_shown(was)} and is now {_shown(becomes)}"
    place = next((i for i, (a, b) in enumerate(zip(stored, now, strict=False)) if a != b), None)
    return f"byte {place if place is not None else min(len(stored), len(now))} differs"


def _differences(was: Any, now: Any, pointer: str) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(was, dict) and isinstance(now, dict):
        for key in was | now:
            yield from _differences(was.get(key), now.get(key), f"{pointer}/{key}")
    elif isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
        for place, pair in enumerate(zip(was, now, strict=True)):
            yield from _differences(*pair, f"{pointer}/{place}")
    elif repr(was) != repr(now):
        yield pointer, was, now


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else text[:77] + "..."
