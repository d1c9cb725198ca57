"""Decimal points and commas of one file: a number that is read is never wrong a thousand times."""

from itertools import chain, combinations
from pathlib import Path

import pandas as pd
import pytest

from features.harmonise import harmonise
from features.readers import read
from features.readers.decimal_marks import in_points
from features.tables import Reading
from features.written_numbers import parse_comparison, parse_number

COMMAS = {
    "8,5": 8.5, "0,301": 0.301, "-1,788": -1.788, "1.234": 1234.0, "1.234,5": 1234.5,
    "1.234.567": 1_234_567.0, "150.000": 150_000.0, "12": 12.0, "1,5e3": 1500.0,
}  # fmt: skip
"""What a ward with decimal commas writes, and means."""
POINTS = {text.translate(str.maketrans(",.", ".,")): value for text, value in COMMAS.items()}
EITHER = {"-1,788", "1.234", "150.000", "-1.788", "1,234", "150,000"}


def files_of(writings: dict[str, float]):
    return chain.from_iterable(combinations(writings, n) for n in range(1, len(writings) + 1))


def readings_of(*written: str) -> dict[str, float | None]:
    """What each text of a column is read as; None where it is set aside."""
    (plain,) = in_points(pd.Series(written, dtype="str"))
    numbers = [
        None if doubtful else parse_number(text)
        for text, doubtful in zip(plain.texts, plain.is_doubtful, strict=True)
    ]
    return dict(zip(written, numbers, strict=True))


def in_table(path: Path, *rows: tuple[str, str, str]) -> Reading:
    """Read a semicolon-separated table of (code, value, text), each row an hour after the other."""
    lines = [f"p;2026-03-01T{hour:02d}:00Z;{code};{value};{text};" for hour, (code, value, text)
             in enumerate(rows)]  # fmt: skip
    path.write_text("\n".join(["patient_id;time;code;numeric_value;text_value;unit", *lines]))
    return read(path, "table")


def values_of(reading: Reading) -> list[float]:
    events = harmonise(reading.records).events.sort_values("time")
    return events["value"].round(9).tolist()


def test_no_file_with_decimal_commas_is_read_wrong() -> None:
    for written in files_of(COMMAS):
        if not any("," in text or text.count(".") > 1 for text in written):
            continue  # nothing tells it from a file with decimal points
        read_as = readings_of(*written)
        assert all(number in (None, COMMAS[text]) for text, number in read_as.items()), written
        certain = {text for text in written if text not in EITHER}
        assert all(read_as[text] is not None for text in certain), written
        if certain - {"12"}:
            assert read_as.get("-1,788", -1.788) == -1.788


def test_no_file_with_decimal_points_is_read_wrong() -> None:
    for written in files_of(POINTS):
        read_as = readings_of(*written)
        assert all(number in (None, POINTS[text]) for text, number in read_as.items()), written
        if not any("," in text for text in written):
            assert None not in read_as.values()


@pytest.mark.parametrize(("points", "doubtful"), [(99, True), (100, False)])
def test_one_slip_of_the_pen_decides_nothing_among_a_hundred_numbers(points, doubtful) -> None:
    texts = pd.Series([f"{number}.5" for number in range(points)] + ["8,5", "1.234"])
    (read,) = in_points(texts)
    assert read.is_doubtful.tolist() == [False] * (points + 1) + [doubtful]
    assert read.texts.iloc[-1] == "1.234"
    turned = pd.Series([f"{number},5" for number in range(points)] + ["8.5", "1,234"])
    (read,) = in_points(turned)
    assert read.is_doubtful.tolist() == [False] * (points + 1) + [doubtful]
    assert read.texts.iloc[-1] == ("1,234" if doubtful else "1.234")


def test_what_may_be_either_is_set_aside_where_both_marks_stand() -> None:
    for comma in ("8,5", "0,301", "1.234,5", "1.234.567", "1234,567", "1,5e3", "<0,5"):
        for point in ("8.5", "0.301", "1,234.5", "1,234,567", "1234.567", ".5", "1.5e3", "> 8.5"):
            found = readings_of(comma, point, *EITHER, "7")
            assert {text for text, number in found.items() if number is None} - EITHER <= {
                "<0,5", "> 8.5"
            }  # fmt: skip
            assert all(found[text] is None for text in EITHER)


def test_a_point_before_three_digits_is_a_thousand_only_where_one_is_seen() -> None:
    assert readings_of("8,5", "1.234,5", "1.234") == {"8,5": 8.5, "1.234,5": 1234.5, "1.234": 1234}
    assert readings_of("8,5", "7.401") == {"8,5": 8.5, "7.401": None}


def test_where_nothing_tells_the_mark_neither_writing_is_believed() -> None:
    assert readings_of("1,234", "1.788", "12") == {"1,234": None, "1.788": None, "12": 12.0}
    assert readings_of("1.788", "12") == {"1.788": 1.788, "12": 12.0}


def test_limits_and_empty_cells_are_read_as_the_numbers_are() -> None:
    texts = ["< 1,788", "less than 1.234", None, "haemolysed, 1,234", "1.234,5", ">=0,5"]
    (plain,) = in_points(pd.Series(texts, dtype="str"))
    assert plain.texts.tolist()[3] == texts[3]
    assert pd.isna(plain.texts[2])
    limits = [parse_comparison(text) for text in plain.texts[[0, 1, 5]]]
    assert [compared and compared.limit for compared in limits] == [1.788, 1234.0, 0.5]
    assert not plain.is_doubtful.any()


def test_thousands_of_a_german_file_are_thousands(tmp_path) -> None:
    reading = in_table(
        tmp_path / "de.csv",
        ("crp", "5,8", ""), ("crp", "1,788", ""), ("crp", "0,301", ""), ("ldh", "1.234", ""),
        ("ldh", "1.234,5", ""), ("ldh", "", "1.234,5"), ("crp", "", "<1,788"), ("ldh", "900", ""),
    )  # fmt: skip
    units = reading.records["code"].astype("str").map({"crp": "mg/L", "ldh": "U/L"})
    reading.records["unit"] = units
    assert values_of(reading) == [5.8, 1.788, 0.301, 1234, 1234.5, 1234.5, 0.894, 900]
    assert len(reading.rejects) == 0
    assert reading.notes[1:] == (
        "de.csv: numeric_value: numbers are read with a decimal comma, 1.234 as 1234",
        "de.csv: text_value: numbers are read with a decimal comma, 1.234 as 1234",
    )


def test_what_is_set_aside_is_counted_with_its_reason_and_as_it_was_written(tmp_path) -> None:
    reading = in_table(
        tmp_path / "both.csv",
        ("crp", "8,5", ""), ("crp", "8.5", ""), ("crp", "1.234", ""), ("crp", "2,345", "fasting"),
        ("crp", "", "3.456"), ("crp", "< 4,567", ""),
    )  # fmt: skip
    found = reading.rejects
    assert found["text_value"].tolist() == ["1.234", "fasting", "3.456", "< 4,567"]
    assert found["numeric_value"].isna().all()
    assert set(found["reason"]) == {"ambiguous_number"}
    assert found["detail"].str.contains("1.234 or 1234", regex=False).all()
    assert reading.records["numeric_value"].tolist() == [8.5, 8.5]
    assert reading.notes[1].startswith("both.csv: numeric_value: 3 numbers set aside that may be")
    assert reading.notes[2].startswith("both.csv: text_value: 1 number set aside that may be")


def test_a_file_with_points_alone_is_read_as_ever(tmp_path) -> None:
    reading = in_table(
        tmp_path / "points.csv",
        ("crp", "8.5", ""), ("crp", "1.234", ""), ("crp", "1,234", ""), ("crp", "1,234.5", ""),
        ("crp", "9.5", "taken at 8, then 9"),
    )  # fmt: skip
    assert reading.rejects[["text_value", "reason"]].to_numpy().tolist() == [
        ["1,234", "not_a_number"]
    ]
    assert reading.records["numeric_value"].dropna().tolist() == [8.5, 1.234, 9.5]
    assert reading.records["text_value"].dropna().tolist() == ["1,234.5", "taken at 8, then 9"]
    assert len(reading.notes) == 1


def test_texts_of_another_program_are_read_by_their_own_numbers(tmp_path) -> None:
    reading = in_table(
        tmp_path / "two.csv",
        ("crp", "1,788", ""), ("crp", "8,5", ""), ("crp", "", "<0.5"), ("crp", "", "1.234"),
    )  # fmt: skip
    reading.records["unit"] = "mg/L"
    assert values_of(reading) == [1.788, 8.5, 0.25, 1.234]


@pytest.mark.parametrize("texts", [["8,5", "1.234"], ["8,5", "8.5"], ["1.234,5", "1,234"]])
def test_numbers_of_parquet_stay_as_they_are(tmp_path, texts: list[str]) -> None:
    content = {
        "patient_id": "p",
        "time": pd.to_datetime(["2026-03-01T06:00Z", "2026-03-01T07:00Z"]),
        "code": "crp",
        "numeric_value": [1.234, 12.5],
        "text_value": texts,
    }
    pd.DataFrame(content).to_parquet(tmp_path / "typed.parquet")
    reading = read(tmp_path / "typed.parquet", "table")
    assert reading.records["numeric_value"].tolist() == [1.234, 12.5]
    assert len(reading.rejects) == 0
    assert not any("set aside" in note for note in reading.notes)
