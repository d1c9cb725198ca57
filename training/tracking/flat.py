"""Nested settings and figures under flat names, as a tracker's tables want them."""

from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
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
    if is_dataclass(settings) and not isinstance(settings, type):
        settings = asdict(settings)
    if not isinstance(settings, Mapping):
        raise TypeError(f"settings are a dataclass or a mapping, not {type(settings).__name__}")
    return {
        name: "auto" if value is None and name in CHOSEN_BY_SIZE else as_typed(value)
        for name, value in flat(settings, ".").items()
    }


def as_typed(value: object) -> str:
    """A setting as a user types it on the command line.

    >>> as_typed(("severe_crs", "infection")), as_typed(pd.Timedelta("90min")), as_typed(False)
    ('severe_crs,infection', '90min', 'false')
    """
    if isinstance(value, pd.Timedelta):
        hours = value / HOUR
        return f"{hours:g}h" if hours == int(hours) else f"{value / MINUTE:g}min"
    if isinstance(value, list | tuple):
        return ",".join(as_typed(one) for one in value)
    if isinstance(value, bool):
        return str(value).lower()
    return "none" if value is None else str(value)


def flat(nested: Mapping[str, Any], joint: str) -> dict[str, Any]:
    """A nested mapping with its names joined.

    >>> flat({"split": {"folds": 5}, "seed": 1}, ".")
    {'split.folds': 5, 'seed': 1}
    """
    found: dict[str, Any] = {}
    for name, value in nested.items():
        if isinstance(value, Mapping):
            found |= {f"{name}{joint}{inner}": deep for inner, deep in flat(value, joint).items()}
        else:
            found[str(name)] = value
    return found


def flat_metrics(evaluation: Mapping[str, Any]) -> dict[str, float]:
    """Defined figures by flat names.

    `severe_crs/model/auroc`, `.../auroc/low`, `.../high`, `severe_crs/counts/events`,
    `severe_crs/model_minus_persistence/auroc`, `severe_crs/grade_2/model/auroc`; of events at the
    main alarm budget `severe_crs/events/model/found`.
    """
    found: dict[str, float] = {}
    for outcome, judged in evaluation["outcomes"].items():
        found |= _flat_comparison(outcome, judged, with_intervals=True)
        for stratum, parts in judged.get("strata", {}).items():
            for value, part in parts.items():
                found |= _flat_comparison(
                    f"{outcome}/{stratum}_{value}", part, with_intervals=False
                )
        found |= _flat_events(f"{outcome}/events", judged.get("events"))
    return {name.replace(" ", "_"): value for name, value in found.items()}


def _flat_events(place: str, events: Mapping[str, Any] | None) -> dict[str, float]:
    """The figures of every scorer's alarms at the first budget, which is the main one."""
    if not events:
        return {}
    models = next(iter(events["budgets"].values()))["models"]
    return {
        f"{place}/{model}/{name}": figure["value"]
        for model, figures in models.items()
        for name, figure in figures.items()
        if figure["value"] is not None
    }


def _flat_comparison(
    place: str, judged: Mapping[str, Any], with_intervals: bool
) -> dict[str, float]:
    groups = {model: answer["metrics"] for model, answer in judged["models"].items()}
    groups |= {f"model_minus_{other}": gaps for other, gaps in judged["differences"].items()}
    found = {f"{place}/counts/{name}": float(count) for name, count in judged["counts"].items()}
    for group, figures in groups.items():
        for name, figure in figures.items():
            ends = (
                {"": "value", "/low": "low", "/high": "high"} if with_intervals else {"": "value"}
            )
            found |= {
                f"{place}/{group}/{name}{end}": figure[key]
                for end, key in ends.items()
                if figure[key] is not None
            }
    return found
