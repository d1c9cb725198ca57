"""What a JSON file states, read as the types that the code declares; a wrong one is named."""

import json
import sys
from collections.abc import Mapping
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from features.tables import InvalidInputError

NAMES = {float: "a number", int: "a whole number", str: "a text", bool: "true or false"}
JSON_NAMES: Mapping[type, str] = {
    str: "a text", bool: "true or false", dict: "an object", list: "a list", type(None): "null",
}  # fmt: skip


def read_json(path: Path) -> Any:
    """The value in a JSON file.

    Raises:
        InvalidInputError: the file is missing, or holds no JSON.
    """
    if not path.is_file():
        raise InvalidInputError(f"{path.name}: is missing")
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as fault:  # RecursionError: brackets without end
        raise InvalidInputError(f"{path.name}: is not JSON: {fault}") from fault


def read_as(kind: Any, value: Any, place: str) -> Any:
    """`value` as `kind`: float, int, str, bool, Any, a tuple or mapping of them, or a dataclass.

    Numbers are finite; fields that a dataclass does not declare are left aside.

    Raises:
        InvalidInputError: names the place of a value that is missing or of another type.

    >>> read_as(tuple[float, ...], [1, 2.5], "card.json: limits")
    (1.0, 2.5)
    >>> read_as(Mapping[str, int], {"seed": "x"}, "card.json")
    Traceback (most recent call last):
    features.tables.InvalidInputError: card.json: seed: is a text, not a whole number
    """
    if kind is Any:
        return value
    if is_dataclass(kind) and isinstance(kind, type):
        return _read_fields(kind, _of_type(dict, value, "an object", place), place)
    if get_origin(kind) is tuple:
        return _read_tuple(get_args(kind), _of_type(list, value, "a list", place), place)
    if get_origin(kind) is Mapping:
        of_each = get_args(kind)[1]
        fields = _of_type(dict, value, "an object", place)
        return {name: read_as(of_each, one, f"{place}: {name}") for name, one in fields.items()}
    return _read_plain(kind, value, place)


def _read_fields(kind: type, stated: Mapping[str, Any], place: str) -> Any:
    hints = get_type_hints(kind)
    missing = [name for name in hints if name not in stated]
    if missing:
        raise InvalidInputError(f"{place}: {missing[0]} is missing")
    return kind(**{n: read_as(hint, stated[n], f"{place}: {n}") for n, hint in hints.items()})


def _read_tuple(kinds: tuple[Any, ...], stated: list[Any], place: str) -> tuple[Any, ...]:
    wanted = (kinds[0],) * len(stated) if kinds[-1] is Ellipsis else kinds
    if len(stated) != len(wanted):
        raise InvalidInputError(f"{place}: has {len(stated)} values, not {len(wanted)}")
    pairs = enumerate(zip(wanted, stated, strict=True), start=1)
    return tuple(read_as(kind, one, f"{place}: value {n}") for n, (kind, one) in pairs)


def _read_plain(kind: type, value: Any, place: str) -> Any:
    is_number = type(value) is int or (type(value) is float and kind is float)
    if kind is float and is_number and abs(value) <= sys.float_info.max:  # NaN is not
        return float(value)
    if kind is not float and type(value) is kind:
        return value
    raise InvalidInputError(f"{place}: is {_named(value)}, not {NAMES[kind]}")


def _of_type(kind: type, value: Any, name: str, place: str) -> Any:
    if not isinstance(value, kind):
        raise InvalidInputError(f"{place}: is {_named(value)}, not {name}")
    return value


def _named(value: Any) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:g}" if abs(value) <= sys.float_info.max else "no finite number"
    return JSON_NAMES[type(value)]
