"""Ratios and published scores over trajectory columns: the table of all of them."""

from features.scores.bedside import PARTIAL, WHOLE
from features.scores.blood import EASIX_FAMILY, MORE_OF_BLOOD
from features.scores.ratios import MORE_RATIOS, RATIOS
from features.scores.score import Checked, Score, age, age_in_years, last

__all__ = ["SCORES", "Checked", "Score", "age_in_years"]

AGE = Score(
    "age.years",
    (age("birth"), last("age")),
    age_in_years,
    "age in years",
    "date of birth, else the age on record",
    needs_every_key=False,
    unit="a",
    checked=Checked.DEFINITION,
    if_missing="one of the two is enough",
)

SCORES: tuple[Score, ...] = (
    *PARTIAL,
    AGE,
    *EASIX_FAMILY,
    *RATIOS,
    *WHOLE,
    *MORE_OF_BLOOD,
    *MORE_RATIOS,
)
"""Every declared score. New ones come last: the order of columns is part of a model."""
