"""JSON as bytes: the same values give the same bytes, whoever writes them and when.

Floats are written by `repr`, so that reading them back gives the same bits. NaN and infinity are
refused (ValueError): JSON has no word for them, and an answer must not hide one.
"""

import json
from collections.abc import Mapping
from typing import Any


def canonical_json(value: Mapping[str, Any]) -> bytes:
    """UTF-8 JSON with sorted keys and no spaces: what hashes are taken of.

    >>> canonical_json({"b": 0.1, "a": "°C"})
    b'{"a":"\\xc2\\xb0C","b":0.1}'
    """
    return _json(value, sort_keys=True)


def ordered_json(value: Mapping[str, Any]) -> bytes:
    """UTF-8 JSON without spaces, keys in the order given: what a person reads from top to bottom.

    >>> ordered_json({"b": 0.1, "a": None})
    b'{"b":0.1,"a":null}'
    """
    return _json(value, sort_keys=False)


def _json(value: Mapping[str, Any], sort_keys: bool) -> bytes:
    text = json.dumps(
        value, sort_keys=sort_keys, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return text.encode()
