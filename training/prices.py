"""The price table: what a dose and a day cost, and how many of each an alarm leads to.

    item,value,unit,source
    anti_il6_dose,,EUR,
    monitored_days_per_alarm,1,days,assumption

Every line can be changed; `docs/prices.csv` is the table to start from. It holds no price: prices
differ between hospitals, and an invented one would be read as a fact.
"""

import re
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from features.plurals import columns_missing
from features.readers.delimited import read_delimited
from features.readers.places import shown
from features.tables import InvalidInputError

CURRENCY = "EUR"
HIGHEST_PRICE, MOST_COUNTED = 1e6, 1e3
"""EUR of a dose or a day, and doses or days of an alarm or a patient, above which a number is taken
for a slip of the pen (choices). So no product or sum leaves the range of numbers, either."""
NOT_GIVEN, UNSAID = "not given", "the table, which names no source"
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
"""As a table writes numbers: Python's own reading would take 1_000, nan and Arabic digits, too."""


def _price(title: str) -> float | None:
    price: float | None = field(default=None, metadata=_facts(title, CURRENCY, HIGHEST_PRICE))
    return price


def _number(value: float, title: str, unit: str, source: str = "assumption") -> float:
    facts = _facts(title, unit, MOST_COUNTED) | {"source": source}
    number: float = field(default=value, metadata=facts)
    return number


def _facts(title: str, unit: str, most: float) -> dict[str, str | float]:
    return {"title": title, "unit": unit, "most": most}


@dataclass(frozen=True)
class Prices:
    """What the arithmetic multiplies by; a price of None was not given."""

    anti_il6_dose: float | None = _price("price of one dose of an anti-IL-6 drug")
    monitored_day: float | None = _price("price of one day of closer monitoring")
    bed_day: float | None = _price("price of one day in a hospital bed")
    doses_per_alarm: float = _number(1.0, "doses of anti-IL-6 at an alarm", "doses")
    most_doses_per_patient: float = _number(
        4.0, "most doses of one patient", "doses", "label of tocilizumab: up to 3 after the first"
    )
    monitored_days_per_alarm: float = _number(1.0, "days of closer monitoring an alarm", "days")
    bed_days_per_alarm: float = _number(1.0, "days in a hospital bed an alarm", "days")
    sources: tuple[tuple[str, str], ...] = ()
    """Item and source, of the items whose value came from somewhere else than is declared."""

    def table(self) -> list[dict[str, str | float | None]]:
        """Its lines: item, title, value, unit, source."""
        given = dict(self.sources)
        return [
            {
                "item": name,
                "title": facts["title"],
                "value": getattr(self, name),
                "unit": facts["unit"],
                "source": given.get(name, facts.get("source", NOT_GIVEN)),
            }
            for name, facts in ITEMS.items()
        ]


ITEMS = {one.name: one.metadata for one in fields(Prices) if one.metadata}
OPEN = {one.name for one in fields(Prices) if one.default is None}
"""Items whose value may be left empty."""


def read_prices(path: Path | None) -> Prices:
    """The table of a CSV file with columns `item` and `value`; without a file the assumptions.

    Items that the file leaves out keep what is assumed; an empty value of a price leaves it open.
    The columns `unit` and `source` may be left out; where they are there, the unit is that of
    `docs/prices.csv` and every value has a source, which the report repeats.

    Raises:
        InvalidInputError: no such file, a missing column, an unknown or doubled item, a value that
            is no number from 0 to `HIGHEST_PRICE` (or `MOST_COUNTED`), another unit, or a value
            without a source.
    """
    if path is None:
        return Prices()
    table = read_delimited(path)
    missing = {"item", "value"} - set(table.columns)
    if missing:
        raise InvalidInputError(f"{shown(path)}: {columns_missing(sorted(missing))}")
    found: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for line, cells in table.iterrows():
        name, place = cells["item"].strip(), f"{shown(path)}:{line}"
        if name not in ITEMS:
            raise InvalidInputError(f"{place}: item {name!r} is none of {', '.join(ITEMS)}")
        if name in found:
            raise InvalidInputError(f"{place}: item {name!r} stands there twice")
        found[name] = _value(cells["value"].strip(), place, name)
        _check_unit(cells.get("unit"), place, name)
        source = _source(cells.get("source"), place, name, found[name])
        if source != ITEMS[name].get("source", NOT_GIVEN):
            sources[name] = source
    return replace(Prices(), **found, sources=tuple(sources.items()))


def _check_unit(unit: str | None, place: str, name: str) -> None:
    wanted = ITEMS[name]["unit"]
    if unit is not None and unit.strip() != wanted:
        raise InvalidInputError(f"{place}: {name}: unit {unit.strip()!r} where {wanted} is needed")


def _source(source: str | None, place: str, name: str, value: float | None) -> str:
    """Where a value comes from; without such a column what is declared, or that it was not said."""
    if source is None:
        declared = value == getattr(Prices(), name)
        return str(ITEMS[name].get("source", NOT_GIVEN)) if declared else UNSAID
    if not source.strip() and value is not None:
        raise InvalidInputError(f"{place}: {name}: {value:g} has no source; write where it is from")
    return source.strip() or NOT_GIVEN


def _value(text: str, place: str, name: str) -> float | None:
    if not text and name in OPEN:
        return None
    if not NUMBER.fullmatch(text):
        raise InvalidInputError(f"{place}: {name}: {text!r} is no number")
    value, most, unit = float(text) + 0.0, ITEMS[name]["most"], ITEMS[name]["unit"]  # -0 is 0
    if not 0 <= value <= most:
        raise InvalidInputError(
            f"{place}: {name}: {text:.40} where 0 to {most:,.0f} {unit} is needed"
        )
    return value
