"""The infection model on the challenge's terms: every hour counts, thresholds are the others'."""

import numpy as np
import pandas as pd
import pytest

from features.readers.physionet2019 import MEASURED_COLUMNS, STATIC_COLUMNS
from training.studies.challenge import Hours, _utility, main


def hours_of(stays):
    """Twelve hours of stays (patient, onset or NaN, fold, margin six hours before the onset)."""
    patient, onset, fold, margin = (
        np.repeat(np.array(each), 12) for each in zip(*stays, strict=True)
    )
    hour = np.tile(np.arange(12.0), len(stays))
    return Hours(patient, hour, onset, fold, np.where(hour == onset - 6.0, margin, -5.0))


def test_the_label_is_one_from_six_hours_before_the_onset_to_the_end():
    hours = hours_of([("a", 9.0, 0, 1.0), ("b", np.nan, 1, 1.0)])
    assert hours.label[:12].tolist() == [0.0] * 3 + [1.0] * 9
    assert not hours.label[12:].any()


def test_a_folds_alarms_sound_at_the_threshold_that_is_best_for_the_others():
    """Alarms all over would earn 15 in the stay with an onset and cost 0.6 in each other."""
    quiet = [(f"q{number:02d}", np.nan, number % 2, 0.0) for number in range(60)]
    hours = hours_of([("a", 9.0, 0, 3.0), ("b", 9.0, 1, 1.0), *quiet])
    all_stays, a_alone, b_alone = np.zeros((3, 62))
    all_stays[:], a_alone[0], b_alone[1] = 1.0, 1.0, 1.0
    found = _utility(hours, np.array([all_stays, a_alone, b_alone]))
    # a sounds at 1 and more, its one alarm earns 1 of 15; b sounds at 3 and more: never
    assert found == pytest.approx([1 / 30, 1 / 15, 0.0])


def test_stays_on_file_are_scored_hour_by_hour_by_members_that_had_not_seen_them(tmp_path):
    random = np.random.default_rng(6)
    columns = [*MEASURED_COLUMNS, "Age", *STATIC_COLUMNS, "ICULOS", "SepsisLabel"]
    (tmp_path / "stays").mkdir()
    for number in range(40):
        stay = pd.DataFrame(np.nan, index=range(24), columns=columns)
        septic = number % 4 == 0
        stay["ICULOS"], stay["SepsisLabel"] = np.arange(1, 25), 0
        stay["Age"], stay["HR"] = 60, 80 + random.normal(0, 5, 24).round()
        if septic:
            stay.loc[10:, "SepsisLabel"], stay.loc[6:, "HR"] = 1, stay.loc[6:, "HR"] + 40
        stay.to_csv(tmp_path / f"stays/p{number:03d}.psv", sep="|", index=False, na_rep="NaN")
    out = tmp_path / "found.csv"
    assert main(["--records", str(tmp_path / "stays"), "--out", str(out)]) == 0
    found = pd.read_csv(out).set_index("figure")
    assert list(found.index) == ["auroc", "auprc", "utility"]
    assert (found["low"] <= found["value"]).all()
    assert (found["value"] <= found["high"]).all()
    assert found.loc["auroc", "value"] > 0.95
    assert found.loc["utility", "value"] > 0.6


def test_records_that_are_not_there_are_one_line(tmp_path, capsys):
    assert main(["--records", str(tmp_path / "none"), "--out", str(tmp_path / "out.csv")]) == 2
    assert capsys.readouterr().err.startswith("error: ")
