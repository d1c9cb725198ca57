"""Numbers as people write them: blanks part thousands, and nothing else."""

import pytest

from features.written_numbers import parse_number


@pytest.mark.parametrize("blank", [" ", "\u00a0", "\u2009", "\u202f"])
def test_blanks_part_thousands(blank: str) -> None:
    assert parse_number(f" 12{blank}345{blank}678 ") == 12_345_678
    assert parse_number(f"1{blank}234,5") == 1234.5


@pytest.mark.parametrize("text", ["1 2", "12 3", "38 5", "1234 567", "0 123", "1  234", "1 234 5"])
def test_other_blanks_make_no_number(text: str) -> None:
    assert parse_number(text) is None
    assert parse_number(text.replace(" ", "\u00a0")) is None


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0,301", 0.301),
        ("-0,301", -0.301),
        ("1234,567", 1234.567),
        ("1 234,567", 1234.567),
        ("1.234.567", 1_234_567.0),
        ("1,234,567", 1_234_567.0),
        ("1,234", None),
        ("-123,456", None),
        ("0.123.456", None),
    ],
)
def test_three_digits_behind_a_comma_are_read_where_they_are_no_thousands(text, number) -> None:
    assert parse_number(text) == number
