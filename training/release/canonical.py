"""JSON as bytes of which digests are taken: the same values give the same bytes."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def canonical_json(value: Mapping[str, Any]) -> str:
    """JSON with sorted keys and no spaces; NaN and infinity are refused (ValueError).

    >>> canonical_json({"b": 0.1, "a": "°C"})
    '{"a":"°C","b":0.1}'
    """
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def digest_of(value: Mapping[str, Any]) -> str:
    """SHA-256 (hexadecimal) over the canonical JSON."""
    return text_digest(canonical_json(value))


def text_digest(text: str) -> str:
    """SHA-256 (hexadecimal) of a text in UTF-8."""
    return hashlib.sha256(text.encode()).hexdigest()
