"""When results come out: by panel, later at night and at weekends, and by the machine's hours."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest

from features.catalogue import ANALYTES, key_of
from training.cohort import simulate
from training.cohort.laboratories import LABORATORIES
from training.cohort.results import PANELS, Panel, out_at

PANEL = {panel.key: panel for panel in PANELS}
MONDAY_8 = 0  # the calendar's origin, in minutes
HOUR, DAY = 60, 1440


def known(panel: Panel, drawn: int) -> int:
    """Without luck, at the usual pace."""
    return int(out_at(panel, np.array([drawn]), 1.0, np.zeros(1))[0])


def test_every_laboratory_value_has_one_panel() -> None:
    counted = Counter(key for panel in PANELS for key in panel.values)
    assert counted == Counter(row.key for row in LABORATORIES)


@pytest.mark.parametrize(
    ("panel", "drawn", "out"),
    [
        ("count", MONDAY_8 + 2 * HOUR, MONDAY_8 + 3 * HOUR),  # one hour by day
        ("count", MONDAY_8 + 14 * HOUR, MONDAY_8 + 15 * HOUR + 30),  # at 22 h: half as long again
        ("count", 5 * DAY + 2 * HOUR, 5 * DAY + 3 * HOUR + 30),  # on Saturday too
        ("il6", MONDAY_8 + 10 * HOUR, DAY + 3 * HOUR),  # at 18 h: waits for the run at 8 h
        ("il6", DAY - 2 * HOUR, DAY + 3 * HOUR),  # at 6 h: for the one of the same morning
        ("cytokines", 4 * DAY + 9 * HOUR, 7 * DAY + 6 * HOUR),  # Friday at 17 h: Monday
        ("cytokines", 6 * DAY + 1 * HOUR, 7 * DAY + 6 * HOUR),  # Sunday: Monday
    ],
)
def test_results_come_when_the_machine_runs(panel: str, drawn: int, out: int) -> None:
    assert known(PANEL[panel], drawn) == out + 10


def test_values_of_one_panel_of_one_draw_are_known_together() -> None:
    records = simulate(40, seed=6, days=14).records
    keys = records["code"].astype(str).map(key_of)
    chemistry = records[keys.isin(PANEL["chemistry"].values)]
    groups = chemistry.groupby(["patient_id", "time"], observed=True)["result_time"]
    assert (groups.size() > 5).mean() > 0.8
    assert (groups.max() == groups.min()).mean() > 0.9  # corrections come later
    laboratory = records[keys.isin([row.key for row in LABORATORIES])]
    waited = laboratory["result_time"] - laboratory["time"]
    median = waited.groupby(keys[laboratory.index]).median()
    assert median["platelets"] < median["crp"] < median["ferritin"] < median["il6"]
    assert waited[keys == "il6"].quantile(0.9) > pd.Timedelta(hours=8)


def test_a_value_below_its_assay_limit_is_printed_as_the_limit() -> None:
    records = simulate(40, seed=6, days=7, centre="community").records
    keys = records["code"].astype(str).map(key_of)
    text = records["text_value"].astype("object").where(records["text_value"].notna(), "")
    blind = text.str.startswith("<")
    assert set(text[blind & (keys == "crp")]) == {"<0.3"}  # mg/dL: 3 mg/L in that centre's unit
    assert records.loc[blind, "numeric_value"].isna().all()
    crp = records.loc[(keys == "crp") & (records["unit"] == "mg/dL"), "numeric_value"].dropna()
    assert (crp >= 0.3 * 0.6).all()  # a result that is corrected later may be 0.6 of the limit
    assert (crp < 0.3).mean() < 0.01
    # where nobody has none at all, a limit is no text: the lowest printed value stands
    assert all(ANALYTES[key].has_detection_limit for key in set(keys[blind]))
