"""Numbers as people and machines write them: comparisons, decimal commas, two pressures in one."""

import re
from dataclasses import dataclass

from features.units import ucum_units

_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?", re.IGNORECASE)
BLANKS = " \u00a0\u2009\u202f"
"""What parts thousands, within a number."""
COMPARISONS = "<=|>=|=<|=>|≤|≥|<|>|less than|more than|greater than"
"""What makes a limit of the number behind it, in either case."""

_GROUPED_BY_BLANKS = re.compile(rf"[+-]?[1-9]\d{{0,2}}([{BLANKS}]\d{{3}})+([.,]\d+)?")
_AMOUNT = re.compile(r"([+-]?[\d.,]*\d)\s*(\S.*)")
_COMPARED = re.compile(rf"\s*({COMPARISONS})\s*(.+)", re.IGNORECASE)
_BELOW = ("<", "=<", "≤", "less")
_PRESSURES = re.compile(
    r"\s*([0-9]{2,3}(?:\.[0-9]+)?)\s*/\s*([0-9]{1,3}(?:\.[0-9]+)?)\s*(mm ?\[?hg\]?)?\s*",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Comparison:
    """A limit that the true value lies below or above."""

    limit: float
    is_below: bool


@dataclass(frozen=True)
class Amount:
    """A number with a known unit behind it; `written` are its digits."""

    number: float
    unit: str
    written: str


def parse_number(text: str) -> float | None:
    """A number in the writing of either side of the Atlantic; None where there is none.

    One comma with one, two or more than three digits after it is decimal; with exactly three it
    may be either, so it is no number, unless no thousands can stand before it: behind a 0 or four
    digits. Blanks part thousands and nothing else. Digits are 0 to 9 alone, those of other scripts
    none.

    >>> parse_number("12,5"), parse_number("1,234.5"), parse_number("1,234"), parse_number("n/a")
    (12.5, 1234.5, None, None)
    >>> parse_number("12 345"), parse_number("12 3"), parse_number("0,301")
    (12345.0, None, 0.301)
    """
    plain = text.strip()
    if _GROUPED_BY_BLANKS.fullmatch(plain):
        plain = re.sub(r"\s", "", plain)
    if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+\.\d+|[+-]?\d{1,3}(,\d{3}){2,}", plain):
        plain = plain.replace(",", "")
    elif re.fullmatch(r"[+-]?\d{1,3}(\.\d{3})+,\d+|[+-]?[1-9]\d{0,2}(\.\d{3}){2,}", plain):
        plain = plain.replace(".", "").replace(",", ".")
    elif re.fullmatch(r"[+-]?(\d+,(\d{1,2}|\d{4,})|(0\d*|\d{4,}),\d{3})", plain):
        plain = plain.replace(",", ".")
    return float(plain) if _NUMBER.fullmatch(plain) else None


def parse_comparison(text: str) -> Comparison | None:
    """What a text such as "<5" or ">= 100" says; None for any other text.

    >>> parse_comparison("< 0,5"), parse_comparison("5")
    (Comparison(limit=0.5, is_below=True), None)
    """
    found = _COMPARED.fullmatch(text)
    limit = parse_number(found.group(2)) if found else None
    if found is None or limit is None:
        return None
    return Comparison(limit, found.group(1).lower().startswith(_BELOW))


def parse_amount(text: str) -> Amount | None:
    """The number and the unit of a text such as "8 mg/kg"; None for any other text.

    >>> parse_amount("8 mg/kg"), parse_amount("8 furlong")
    (Amount(number=8.0, unit='mg/kg', written='8'), None)
    """
    found = _AMOUNT.fullmatch(text.strip())
    number = parse_number(found.group(1)) if found else None
    if found is None or number is None or not ucum_units(found.group(2)):
        return None
    return Amount(number, found.group(2), found.group(1))


def parse_pressures(text: str) -> tuple[float, float] | None:
    """Systolic and diastolic pressure of a text such as "120/80"; None for any other text.

    >>> parse_pressures("120/80"), parse_pressures("120")
    ((120.0, 80.0), None)
    """
    found = _PRESSURES.fullmatch(text)
    return (float(found.group(1)), float(found.group(2))) if found else None


def is_written_number(text: str) -> bool:
    """True where a text is a number, a comparison or two pressures."""
    readings = (parse_number(text), parse_comparison(text), parse_pressures(text))
    return any(reading is not None for reading in readings)
