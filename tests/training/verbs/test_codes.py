"""What `python -m training codes` prints is what a records table may say."""

import pytest

from features.catalogue import ANALYTES, DRUGS, STATES, key_of
from features.harmonising.conversions import route
from training.__main__ import main
from training.verbs.codes import code_lines


def test_every_key_stands_there_once_with_codes_that_mean_it() -> None:
    lines = code_lines()
    assert [line.key for line in lines if line.key != "blood_pressure"] == [
        *ANALYTES, *DRUGS, *STATES
    ]  # fmt: skip
    for line in lines:
        assert all(key_of(code) == line.key for code in line.codes.split(", ") if code)


@pytest.mark.parametrize("key", ["crp", "urea", "d_dimer", "egfr", "temperature", "wbc"])
def test_every_unit_that_it_names_is_accepted(key: str) -> None:
    (line,) = (line for line in code_lines() if line.key == key)
    units = [unit for unit in line.accepted.split(", ") if not unit.startswith("no unit:")]
    for unit in (line.unit, *units):
        assert route(key, key, unit).ways, unit


def test_columns_stand_below_their_titles(capsys) -> None:
    assert main(["codes", "ferritin"]) == 0
    title, line = capsys.readouterr().out.splitlines()
    assert title.split() == ["key", "name", "unit", "also", "accepted", "codes"]
    assert line.startswith("ferritin  Ferritin  ng/mL  ug/L, mg/L, ")
    assert line.index("ng/mL") == title.index("unit")
    assert "LOINC//2276-4" in line


def test_a_word_that_nothing_holds_is_named(capsys) -> None:
    assert main(["codes", "unobtainium"]) == 2
    assert capsys.readouterr().err.startswith("error: 'unobtainium'")
