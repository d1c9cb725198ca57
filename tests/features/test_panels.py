"""Panels: what belongs to each, and that nothing but measurements is taken away."""

import pandas as pd
import pytest

from features.catalogue import KEYS
from features.matrix import as_of_grid, feature_rows
from features.panels import FULL, MEASURED, PANEL, PANELS, WITHOUT, only


def test_panels_name_keys_of_the_catalogue_and_each_is_within_the_one_before():
    for panel in PANEL.values():
        assert panel.keys <= MEASURED <= set(KEYS)
        assert panel.meaning
    full, standard, minimal = PANELS
    assert minimal.keys < standard.keys < full.keys
    assert len(PANEL) == len(PANELS) + len(WITHOUT)


def test_the_minimal_panel_is_crp_blood_count_temperature_pressure_and_saturation():
    assert PANEL["minimal"].keys == {
        "crp", "temperature", "spo2", "systolic_bp", "diastolic_bp", "mean_arterial_pressure",
        "wbc", "neutrophils", "lymphocytes", "monocytes", "neutrophils_percent",
        "lymphocytes_percent", "monocytes_percent", "platelets", "hemoglobin", "hematocrit",
        "red_cells",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "lacking"),
    [
        ("without IL-6", {"il6"}),
        ("without ferritin", {"ferritin"}),
        ("without D-dimer", {"d_dimer"}),
        ("without IL-6, ferritin and D-dimer", {"il6", "ferritin", "d_dimer"}),
    ],
)
def test_a_panel_without_a_test_lacks_that_test_alone(name, lacking):
    assert MEASURED - PANEL[name].keys == lacking


def test_the_standard_panel_has_no_il6_ferritin_or_d_dimer():
    assert not {"il6", "ferritin", "d_dimer"} & PANEL["standard"].keys
    assert {"crp", "ldh", "creatinine", "ast", "albumin", "fibrinogen", "heart_rate"} <= (
        PANEL["standard"].keys
    )


def test_the_full_panel_takes_nothing_away(ward_events):
    pd.testing.assert_frame_equal(only(ward_events, FULL), ward_events)


def test_a_panel_takes_away_measurements_and_nothing_that_was_charted(ward_events):
    kept = only(ward_events, PANEL["minimal"])
    gone = set(ward_events["key"].astype(str)) - set(kept["key"].astype(str))
    assert gone == {"ldh", "creatinine"}
    assert len(kept) == (~ward_events["key"].isin(gone)).sum()


def test_rows_of_a_panel_are_the_full_ones_but_for_what_it_lacks(ward_events):
    asked = as_of_grid(ward_events, pd.Timedelta(hours=24))
    full = feature_rows(ward_events, asked)
    less = feature_rows(only(ward_events, PANEL["minimal"]), asked)
    lost = less.isna() & full.notna()
    kept = full.columns[~lost.any()]
    crp = [name for name in full if name.startswith(("crp.", "crs_grade.", "platelets."))]
    assert set(crp) <= set(kept)
    pd.testing.assert_frame_equal(full[crp], less[crp], check_exact=True)
    assert less.filter(regex=r"^(ldh|creatinine)\.last$").isna().all(axis=None)
    assert less["easix.log2"].isna().all()
