"""The price table: what a dose and a day cost, and how many of each an alarm leads to.

    item,value,unit,source
    anti_il6_dose,,EUR,
    monitored_days_per_alarm,1,days,assumption

Every line can be changed; `docs/prices.csv` is the table to start from. It holds no price: prices
differ between hospitals, and an invented one would be read as a fact.
"""

from dataclasses import dataclass, field, fields, replace
from math import isfinite
from pathlib import Path
from typing import Any

from features.readers.delimited import read_delimited
from features.readers.places import shown
from features.tables import InvalidInputError

CURRENCY = "EUR"


def _price(title: str) -> float | None:
    price: float | None = field(default=None, metadata={"title": title, "unit": CURRENCY})
    return price


def _number(value: float, title: str, unit: str, source: str = "assumption") -> float:
    number: float = field(default=value, metadata={"title": title, "unit": unit, "source": source})
    return number


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

    def table(self) -> list[dict[str, str | float | None]]:
        """Its lines: item, title, value, unit, source."""
        return [
            {
                "item": one.name,
                "title": one.metadata["title"],
                "value": getattr(self, one.name),
                "unit": one.metadata["unit"],
                "source": one.metadata.get("source", "not given"),
            }
            for one in fields(self)
        ]


def read_prices(path: Path | None) -> Prices:
    """The table of a CSV file with columns `item` and `value`; without a file the assumptions.

    Items that the file leaves out keep what is assumed; an empty value of a price leaves it open.

    Raises:
        InvalidInputError: no such file, a missing column, an unknown or doubled item, or a value
            that is no number from 0 on.
    """
    if path is None:
        return Prices()
    table = read_delimited(path)
    missing = {"item", "value"} - set(table.columns)
    if missing:
        raise InvalidInputError(f"{shown(path)}: column(s) missing: {', '.join(sorted(missing))}")
    known = {one.name: one for one in fields(Prices)}
    found: dict[str, Any] = {}
    for line, item, value in zip(table.index, table["item"], table["value"], strict=True):
        name, place = item.strip(), f"{shown(path)}:{line}"
        if name not in known:
            raise InvalidInputError(f"{place}: item {name!r} is none of {', '.join(known)}")
        if name in found:
            raise InvalidInputError(f"{place}: item {name!r} stands there twice")
        found[name] = _value(value.strip(), place, name, known[name].default is None)
    return replace(Prices(), **found)


def _value(text: str, place: str, name: str, may_be_open: bool) -> float | None:
    if not text and may_be_open:
        return None
    try:
        value = float(text)
    except ValueError as error:
        raise InvalidInputError(f"{place}: {name}: {text!r} is no number") from error
    if not isfinite(value) or value < 0:
        raise InvalidInputError(f"{place}: {name}: {text} is not a number from 0 on")
    return value
