"""Events as arrays: the same rows as from their table, and nobody can write to them."""

import numpy as np
import pandas as pd
import pytest

from features.arrays import event_arrays, events_table, moments_of
from features.harmonise import harmonise
from features.matrix import feature_rows
from features.trajectory import Feature, Statistic

NAN = np.nan
COLUMNS = (Feature("crp", Statistic.LAST), Feature("crp", Statistic.COUNT))


def test_arrays_and_table_give_the_same_rows(ward_records, ask_at):
    harmonised = harmonise(ward_records)
    asked = ask_at(("patient-07", 70.0), ("nobody", 70.0), ("patient-03", 30.0))
    from_table = feature_rows(harmonised.events, asked)
    pd.testing.assert_frame_equal(feature_rows(harmonised.arrays, asked), from_table)
    pd.testing.assert_frame_equal(
        feature_rows(harmonised.arrays, moments_of(asked)), from_table, check_exact=True
    )


def test_a_table_comes_back_from_its_arrays(ward_events):
    pd.testing.assert_frame_equal(events_table(event_arrays(ward_events)), ward_events)


def test_events_without_a_patient_or_of_an_unknown_key_are_nobodys(draw_events, ask_at):
    events = draw_events(
        ("a", "crp", 1.0, 5.0), (None, "crp", 2.0, 9.0), ("a", "moon phase", 2.0, 7.0)
    )
    rows = feature_rows(events, ask_at(("a", 3.0), ("b", 3.0)), COLUMNS)
    assert rows.to_numpy()[0].tolist() == [5.0, 1.0]
    np.testing.assert_array_equal(rows.to_numpy()[1], [NAN, 0.0])


def test_nothing_can_be_written_into_arrays(draw_events):
    arrays = event_arrays(draw_events(("a", "crp", 1.0, 5.0)))
    with pytest.raises(ValueError, match="read-only"):
        arrays.key[0] = 1
