"""Nested settings under flat names, as a tracker's table of parameters wants them."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

import pandas as pd

HOUR, MINUTE = pd.Timedelta(hours=1), pd.Timedelta(minutes=1)

CHOSEN_BY_SIZE = frozenset({"repeats"})
"""Settings that choose for themselves where none was given; of others none is none."""


def flat_settings(settings: object) -> dict[str, str]:
    """A configuration (dataclass or mapping) under dotted names, its values as a user types them.

    >>> flat_settings({"split": {"folds": 5}, "every": pd.Timedelta("1D"), "repeats": None})
    {'split.folds': '5', 'every': '24h', 'repeats': 'auto'}
    """
    if not _is_nested(settings):
        raise TypeError(f"settings are a dataclass or a mapping, not {type(settings).__name__}")
    return {
        name: "auto" if value is None and name in CHOSEN_BY_SIZE else as_typed(value)
        for name, value in _flat(settings)
    }


def as_typed(value: object) -> str:
    """A setting as a user types it on the command line.

    >>> as_typed(("severe_crs", "infection")), as_typed(pd.Timedelta("90min")), as_typed(False)
    ('severe_crs,infection', '90min', 'false')
    """
    if isinstance(value, Enum):
        return as_typed(value.value)
    if isinstance(value, pd.Timedelta):
        hours = value / HOUR
        return f"{hours:g}h" if hours == int(hours) else f"{value / MINUTE:g}min"
    if isinstance(value, list | tuple):
        return ",".join(as_typed(one) for one in value)
    if isinstance(value, bool):
        return str(value).lower()
    return "none" if value is None else str(value)


def _flat(nested: Any) -> Iterator[tuple[str, Any]]:
    """Every value within, however deep, by its names joined with dots."""
    named = nested if isinstance(nested, Mapping) else _by_field(nested)
    for name, value in named.items():
        if _is_nested(value):
            yield from ((f"{name}.{inner}", deep) for inner, deep in _flat(value))
        else:
            yield str(name), value


def _by_field(settings: Any) -> dict[str, Any]:
    return {field.name: getattr(settings, field.name) for field in fields(settings)}


def _is_nested(value: object) -> bool:
    return isinstance(value, Mapping) or (is_dataclass(value) and not isinstance(value, type))
