"""The compiled passes over records answer as plain pandas and the declared conversions do."""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from features.catalogue import ANALYTES
from features.harmonise import harmonise
from features.harmonising.conversions import route
from features.harmonising.lines import INDEX, TABLE
from features.harmonising.passes import (
    ACCEPTED,
    FAULTS,
    REASONS,
    Edges,
    convert,
    first_fault,
    told_apart,
)
from features.tables import RejectReason

NEVER = np.iinfo(np.int64).min
EDGES = Edges(earliest=-1_000, earliest_birth=-2_000, latest=5_000, birth=INDEX["birth"])


@settings(deadline=None)
@given(st.lists(st.integers(-5, 5) | st.integers(-(2**62), 2**62), max_size=200))
def test_numbers_are_told_apart_as_pandas_does(numbers):
    given_numbers = np.array(numbers, dtype=np.int64)
    place, distinct = told_apart(given_numbers)
    expected_place, expected = pd.factorize(given_numbers)
    assert place.tolist() == expected_place.tolist()
    assert distinct.tolist() == expected.tolist()


def _fault(patient=0, key=INDEX["crp"], time=0, known=0):
    lines = (np.array([patient], np.int32), np.array([key], np.int16))
    moments = np.array([time]), np.array([known])
    (found,) = first_fault(*lines, *moments, TABLE.timeless, EDGES, FAULTS)
    return None if found == ACCEPTED else REASONS[found]


def test_the_first_fault_of_a_record_by_hand():
    assert _fault() is None
    assert _fault(patient=-1, key=-1) is RejectReason.NO_PATIENT
    assert _fault(key=-1, time=NEVER, known=NEVER) is RejectReason.UNKNOWN_CODE
    assert _fault(time=NEVER, known=NEVER) is RejectReason.NO_TIME
    assert _fault(key=INDEX["age"], time=NEVER, known=NEVER) is None
    assert _fault(time=-1_001) is RejectReason.IMPLAUSIBLE_TIME
    assert _fault(time=-1_000) is None
    assert _fault(key=INDEX["birth"], time=-1_500) is None
    assert _fault(key=INDEX["birth"], time=-2_001) is RejectReason.IMPLAUSIBLE_TIME
    assert _fault(time=5_000, known=5_000) is RejectReason.IMPLAUSIBLE_TIME
    assert _fault(known=5_000) is RejectReason.IMPLAUSIBLE_TIME
    assert _fault(time=10, known=9) is RejectReason.RESULT_BEFORE_COLLECTION


def _by_declaration(key: str, unit: str, number: float) -> float | RejectReason:
    """What the catalogue says of a number in a unit, one way after the other."""
    told = route(key, key, unit)
    for way in told.ways:
        value = float(way.conversion.convert(number))
        if way.low <= number <= way.high and not np.isnan(value):
            analyte = ANALYTES[key]
            within = analyte.plausible_low <= value <= analyte.plausible_high
            return value if within else RejectReason.IMPLAUSIBLE
    return told.reason or RejectReason.IMPLAUSIBLE


UNITS = [(key, unit) for key, row in ANALYTES.items() for unit in (row.unit, *row.conversions)]


@settings(deadline=None)
@given(st.sampled_from(UNITS), st.floats(-1e6, 1e9) | st.floats(0, 50))
def test_every_unit_of_every_analyte_converts_as_declared(asked, number):
    key, unit = asked
    records = pd.DataFrame(
        {
            "patient_id": ["a"],
            "time": pd.to_datetime(["2026-03-01T06:00Z"]),
            "code": [key],
            "numeric_value": [number],
            "unit": [unit],
        }
    )
    harmonised = harmonise(records)
    expected = _by_declaration(key, unit, number)
    if isinstance(expected, RejectReason):
        assert harmonised.rejects["reason"].tolist() == [expected]
    else:
        assert np.isclose(harmonised.events["value"].tolist(), [expected], rtol=1e-15, atol=0)


def test_the_second_way_takes_what_the_first_does_not():
    """A percentage up to 100, a fraction up to 1: two ways of one route, by the number."""
    ways = np.array([[0.0, 1.0, 100.0, 0.0, 0.0], [1.0, 100.0, 1.0, 0.0, 0.0]])
    number, found = convert(
        np.zeros(4, np.int16), np.array([0.5, 50.0, 200.0, np.nan]), np.zeros(4, np.int64),
        np.array([0, 2]), ways, np.array([FAULTS.no_value], np.int8), np.array([0.0]),
        np.array([100.0]), np.array([False]), FAULTS,
    )  # fmt: skip
    assert number[:2].tolist() == [50.0, 50.0]
    assert np.isnan(number[2:]).all()
    assert found.tolist() == [ACCEPTED, ACCEPTED, FAULTS.no_value, ACCEPTED]
