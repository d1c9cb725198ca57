"""The CRP rule under other meanings of "rapid": counted by hand on six rows."""

from math import inf

import numpy as np
import pandas as pd
import pytest

from models.crp_meanings import MEANINGS, by_meaning_of_rapid
from models.rules import RAPID, Rapid

# CRP now and its lowest of 36 h: +50 %, +15 mg/L, doubled, +30 mg/L, steady, nothing to compare
NOW = np.array([60.0, 75.0, 90.0, 130.0, 100.0, 90.0])
LOWEST = np.array([40.0, 60.0, 45.0, 100.0, 100.0, np.nan])
LABEL = np.array([0.0, 0.0, 1.0, 1.0, 0.0, 1.0])


def rows() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "crp.last": NOW,
            "crp.age": 3.0,
            "crp.minimum_36h": LOWEST,
            "crp.count_36h": np.where(np.isnan(LOWEST), 1.0, 2.0),
        }
    )


@pytest.mark.parametrize(
    ("rapid", "alarms", "caught"),
    [
        (Rapid(2.0, 20.0), 3, 2),  # the rows of +50 % (+20 mg/L), doubled, +30 mg/L
        (Rapid(1.5, inf), 2, 1),
        (Rapid(2.0, inf), 1, 1),
        (Rapid(3.0, inf), 0, 0),
        (Rapid(inf, 10.0), 4, 2),
        (Rapid(inf, 40.0), 1, 1),
        (Rapid(3.0, 10.0), 4, 2),
    ],
)
def test_alarms_under_each_meaning_are_those_counted_by_hand(rapid, alarms, caught):
    line = by_meaning_of_rapid(rows(), LABEL, (rapid,)).iloc[0]
    assert (line["judged"], line["answered"], line["alarms"], line["caught"]) == (
        6, 5, alarms, caught,
    )  # fmt: skip
    assert line["sensitivity"] == pytest.approx(caught / 3)
    assert line["ppv"] == pytest.approx(caught / alarms if alarms else np.nan, nan_ok=True)


def test_rows_without_a_known_outcome_are_not_judged():
    label = np.where(np.arange(6) == 2, np.nan, LABEL)
    assert by_meaning_of_rapid(rows(), label, (RAPID,)).iloc[0]["judged"] == 5


def test_a_stricter_meaning_never_gives_more_alarms():
    table = by_meaning_of_rapid(rows(), LABEL).pivot_table(
        index="fold", columns="rise", values="alarms"
    )
    grid = table.sort_index().sort_index(axis=1).to_numpy()
    assert not (np.diff(grid, axis=0) > 0).any()
    assert not (np.diff(grid, axis=1) > 0).any()


def test_the_meaning_in_use_is_among_them_once():
    table = by_meaning_of_rapid(rows(), LABEL)
    assert len(table) == len(MEANINGS) == 15
    assert table.loc[table["default"], ["fold", "rise"]].to_numpy().tolist() == [[2.0, 20.0]]
