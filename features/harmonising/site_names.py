"""What a name stands for where events carry numbers: the same number for the same name."""

from math import nan
from zlib import crc32

from features.written_numbers import parse_number

LARGEST = 2**24 - 1
"""The largest whole number up to which rows of single precision hold every one."""
_FIRST_OF_NAMES = 2**23


def number_of_name(name: str) -> float:
    """The number of a name, by its CRC-32: case and blanks around do not count.

    A name that is a whole number stands for itself. The upper half of the range is for words: of a
    hundred names two share a number in one case in seventeen hundred. An empty name gives NaN.

    >>> number_of_name("12"), number_of_name("Ward A") == number_of_name(" ward a ")
    (12.0, True)
    """
    plain = name.strip().casefold()
    if not plain:
        return nan
    number = parse_number(plain)
    if number is not None and number.is_integer():
        return float(number)
    return float(_FIRST_OF_NAMES + crc32(plain.encode()) % _FIRST_OF_NAMES)
