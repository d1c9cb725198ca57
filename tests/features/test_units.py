"""Units as hospitals write them: a table by hand, and what no spelling may change."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from features.units import Conversion, ucum_units

SPELLINGS = {
    "10*3/uL": (
        "K/uL", "k/ul", "K/UL", "x10E3/uL", "10^3/uL", "10*3/mm3", "10³/µL", "10³/μL", "10E3/uL",
        "x 10^3/uL", "x10^3/mcL", "10**3/uL", "10(3)/uL", "1000/uL", "103/uL", "Thousand/uL",
        "thou/uL", "TH/uL", "K/mm3", "K/cumm", "K/cu mm", "10^3/mm^3", "Tsd/µl", "10E+3/uL",
    ),
    "10*9/L": ("10^9/L", "10⁹/L", "x10^9/L", "X 10E9/L", "10 9/L", "10*9/L", "Gpt/L", "Mrd/L",
               "E9/L"),
    "10*12/L": ("10^12/L", "T/L", "Tpt/L", "x10E12/L", "10¹²/L"),
    "10*6/uL": ("M/uL", "Million/uL", "10^6/uL", "mio/ul"),
    "10*4/uL": ("10^4/uL", "10*4/uL", "x10⁴/µL"),
    "/uL": ("cells/uL", "/uL", "/mm3", "/cumm", "#/uL", "{cells}/uL", "/mm³", "cells/mm3"),
    "/nL": ("/nL", "/nl"),
    "mg/dL": ("mg/dL", "mg/dl", "MG/DL", "mg per dL", "mg / dL", " mg/dL "),
    "mg/L": ("mg/L", "mg/l", "MG/L"),
    "ug/L": ("ug/L", "µg/L", "μg/L", "mcg/L", "UG/L"),
    "ng/mL": ("ng/mL", "ng/ml", "NG/ML"),
    "pg/mL": ("pg/mL", "pg/ml", "PG/ML"),
    "g/dL": ("g/dL", "gm/dL", "g/dl", "G/DL"),
    "g/L": ("g/L", "g/l", "grams/L"),
    "mmol/L": ("mmol/L", "mmol/l", "MMOL/L"),
    "umol/L": ("umol/L", "µmol/L", "μmol/l", "UMOL/L"),
    "meq/L": ("mEq/L", "meq/L", "MEQ/L", "mval/l"),
    "U/L": ("U/L", "U/l", "u/l", "units/L"),
    "[IU]/L": ("IU/L", "[IU]/L", "iU/L", "IE/L"),
    "ukat/L": ("ukat/L", "µkat/L", "μkat/l"),
    "U/mL": ("U/mL", "U/ml"),
    "mm[Hg]": ("mmHg", "mm Hg", "mm[Hg]", "MMHG", "Torr"),
    "kPa": ("kPa", "KPA"),
    "Cel": ("°C", "C", "degC", "Cel", "℃", "º C", "Celsius", "deg C"),
    "[degF]": ("°F", "F", "degF", "[degF]", "Fahrenheit"),
    "K": ("K", "Kelvin"),
    "%": ("%", "percent", "PCT"),
    "1": ("1", "{fraction}", "fraction", "L/L", "ratio"),
    "/min": ("bpm", "/min", "beats/min", "breaths/min", "{beats}/min", "{breaths}/min", "1/min"),
    "s": ("sec", "s", "seconds", "Sek"),
    "L/min": ("l/min", "L/min", "LPM"),
    "mL/min/{1.73_m2}": (
        "mL/min/1.73m2", "mL/min/{1.73_m2}", "ml/min/1.73 m²", "mL/min/1.73 sq m", "mL/min/1.73m^2",
        "mL/min/1.73",
    ),
    "ng/mL{FEU}": ("ng/mL FEU", "ng/ml{FEU}", "ng{FEU}/mL", "ng/mL (FEU)", "ng FEU/mL"),
    "mg/L{DDU}": ("mg/L DDU", "mg/L{DDU}", "mg/L D-DU"),
    "mg/dL{urea_nitrogen}": ("mg/dL BUN", "mgN/dL", "mg/dL{urea_nitrogen}"),
    "mg/dL{urea}": ("mg/dL{urea}", "mg/dL urea"),
    "{INR}": ("INR", "{INR}"),
    "[pH]": ("pH", "[pH]", "pH units"),
    "{score}": ("{score}", "points"),
    "[lb_av]": ("lb", "lbs", "[lb_av]"),
    "[in_i]": ("in", "inches"),
    "ug/kg/min": ("mcg/kg/min", "ug/kg/min", "µg/kg/min"),
    "mg/kg": ("mg/kg", "MG/KG"),
}  # fmt: skip
PAIRS = [(spelling, unit) for unit, spellings in SPELLINGS.items() for spelling in spellings]


@pytest.mark.parametrize(("spelling", "unit"), PAIRS)
def test_a_hospitals_spelling_is_read_as_its_ucum_unit(spelling: str, unit: str) -> None:
    assert ucum_units(spelling) == (unit,)


@pytest.mark.parametrize("spelling", ["G/L", "G/l"])
def test_a_capital_g_per_litre_may_be_grams_or_giga_cells(spelling: str) -> None:
    assert ucum_units(spelling) == ("g/L", "10*9/L")


@pytest.mark.parametrize(
    "spelling", ["", "furlong", "mg/furlong", "dunno/L", "/", "10^", "mg//", "tablets", "see note"]
)
def test_an_unknown_spelling_is_no_unit(spelling: str) -> None:
    assert ucum_units(spelling) == ()


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=12))
def test_no_text_breaks_the_reading_of_units(text: str) -> None:
    assert all(isinstance(unit, str) and unit for unit in ucum_units(text))


@settings(deadline=None, max_examples=100)
@given(st.sampled_from(PAIRS), st.integers(0, 12), st.sampled_from([" ", "\u00a0", "\t"]))
@example(("10¹²/L", "10*12/L"), 3, " ")
def test_blanks_do_not_change_a_unit(pair: tuple[str, str], place: int, blank: str) -> None:
    spelling, unit = pair
    if " per " in spelling:
        return
    place = min(place, len(spelling))
    assert ucum_units(spelling[:place] + blank + spelling[place:]) == (unit,)


def test_an_affine_conversion_scales_and_shifts() -> None:
    fahrenheit = Conversion(slope=1 / 1.8, offset=-32 / 1.8)
    np.testing.assert_allclose(fahrenheit.convert([32.0, 212.0, 98.6]), [0.0, 100.0, 37.0])


def test_a_logarithmic_conversion_has_no_answer_at_zero() -> None:
    acidity = Conversion(slope=-1, offset=9, of_log10=True)
    np.testing.assert_allclose(acidity.convert([100.0, 1.0, 0.0]), [7.0, 9.0, np.nan])
