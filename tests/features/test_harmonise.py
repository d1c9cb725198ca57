"""Harmonising: nothing is lost, no order matters, and what happens to each kind of record."""

from math import isnan, nan

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from features.catalogue import CLASS_KEYS
from features.harmonise import harmonise
from features.tables import (
    EVENT_COLUMNS,
    RECORD_COLUMNS,
    REJECT_COLUMNS,
    InvalidTableError,
    RejectReason,
)

SIX = "2026-03-01T06:00Z"
SEVEN = "2026-03-01T07:00Z"
NINE = "2026-03-01T09:00Z"
CLASS_EVENTS = {key for keys in CLASS_KEYS.values() for key in keys} | {"skin_commensal"}


def record(code, value=nan, unit=None, *, time=SIX, text=None, result=None, patient="a"):
    return (patient, time, code, value, text, unit, result, "file:1")


def table(*rows) -> pd.DataFrame:
    records = pd.DataFrame(list(rows), columns=list(RECORD_COLUMNS))
    for column in ("time", "result_time"):
        records[column] = pd.to_datetime(records[column], utc=True).astype("datetime64[us, UTC]")
    return records.astype({"numeric_value": "float64"})


def values(*rows) -> dict[str, list[float]]:
    """Values of the events by key, in the order of the table."""
    events = harmonise(table(*rows)).events
    found: dict[str, list[float]] = {}
    for key, value in zip(events["key"].astype("str"), events["value"], strict=True):
        found.setdefault(key, []).append(value)
    return found


def reasons(*rows) -> list[str]:
    return harmonise(table(*rows)).rejects["reason"].tolist()


# --- laws ---------------------------------------------------------------------------------------

ROWS = st.tuples(
    st.sampled_from(["a", "b", ""]),
    st.sampled_from([SIX, SEVEN, None]),
    st.sampled_from(
        ["crp", "LOINC//1988-5", "LOINC//3094-0", "temperature", "ATC//H02AB02", "ATC//L04AC07",
         "sex", "weight", "blood_pressure", "blood_culture", "platelets", "death", "egfr", "?"]
    ),
    st.sampled_from([nan, 1.2, 12.0, 12.0, 58.0, 101.0, -5.0, np.inf]),
    st.sampled_from(
        [None, "<5", "12", "12,5", "120/80", "99/300", "male", "no growth", "E. coli", "CoNS", "?"]
    ),
    st.sampled_from([None, "mg/dL", "mg/L", "mg", "K/uL", "C", "furlong"]),
    st.sampled_from([None, SIX, SEVEN, NINE]),
)  # fmt: skip


CROWDED = st.tuples(
    st.sampled_from(["a", "b"]),
    st.sampled_from([SIX, SEVEN]),
    st.sampled_from(["crp", "LOINC//1988-5", "dexamethasone", "prednisone", "tocilizumab"]),
    st.sampled_from([1.0, 10.0]),
    st.none(),
    st.sampled_from(["mg/dL", "mg/L", "mg"]),
    st.sampled_from([None, SEVEN, NINE]),
)
RECORDS = st.lists(ROWS, min_size=1, max_size=25) | st.lists(CROWDED, min_size=5, max_size=40)


def numbered(rows: list[tuple]) -> pd.DataFrame:
    return table(*((*row, f"file:{place}") for place, row in enumerate(rows)))


@settings(deadline=None, max_examples=80)
@given(RECORDS, st.randoms(use_true_random=False))
def test_the_order_of_records_changes_nothing(rows: list[tuple], chance) -> None:
    records = numbered(rows)
    places = list(range(len(rows)))
    chance.shuffle(places)
    straight, shuffled = harmonise(records), harmonise(records.iloc[places])
    assert_frame_equal(straight.events, shuffled.events)
    assert_frame_equal(straight.rejects, shuffled.rejects)


BLANKS = st.tuples(
    st.sampled_from(["a", "a ", "\ta", "", " ", None]),
    st.sampled_from([SIX, None]),
    st.sampled_from(["crp", " crp", "?", "? ", None]),
    st.sampled_from([nan, 5.0]),
    st.sampled_from([None, "", "<5", "<5 "]),
    st.sampled_from(["mg/L", "mg/L ", "furlong", " furlong"]),
    st.sampled_from([None, SIX]),
    st.sampled_from(["file:1", "file:1 "]),
)


@settings(deadline=None, max_examples=80)
@given(st.lists(BLANKS, min_size=2, max_size=12), st.randoms(use_true_random=False))
def test_records_that_differ_only_by_blanks_are_refused_in_one_order(rows, chance) -> None:
    records, places = table(*rows), list(range(len(rows)))
    chance.shuffle(places)
    straight, shuffled = harmonise(records), harmonise(records.iloc[places])
    assert_frame_equal(straight.events, shuffled.events)
    assert_frame_equal(straight.rejects, shuffled.rejects)


def is_split(row: tuple) -> bool:
    """By hand: a panel with two pressures, of a named patient, timed, and not known too early."""
    patient, time, code, _, text, _, result = row
    is_timed = time is not None and (result is None or result >= time)
    return code == "blood_pressure" and text in {"120/80", "99/300"} and patient != "" and is_timed


@settings(deadline=None, max_examples=80)
@given(RECORDS)
def test_every_record_is_an_event_or_a_reject(rows: list[tuple]) -> None:
    found = harmonise(numbered(rows))
    own_events = ~found.events["key"].isin(CLASS_EVENTS)
    assert own_events.sum() + len(found.rejects) == len(rows) + sum(map(is_split, rows))
    assert set(found.rejects["reason"]) <= {str(reason) for reason in RejectReason}
    assert found.rejects["detail"].str.len().gt(0).all()


@settings(deadline=None, max_examples=40)
@given(RECORDS)
def test_a_patient_alone_has_the_events_it_has_among_others(rows: list[tuple]) -> None:
    together = harmonise(numbered(rows)).events
    alone = harmonise(numbered([row for row in rows if row[0] == "a"] or rows)).events
    mine = (events.query("patient_id == 'a'").astype({"patient_id": "str"}).reset_index(drop=True)
            for events in (together, alone))  # fmt: skip
    assert_frame_equal(*mine)


@settings(deadline=None, max_examples=40)
@given(RECORDS)
def test_at_every_moment_a_patient_has_one_value_of_a_key_and_time(rows: list[tuple]) -> None:
    events = harmonise(numbered(rows)).events
    own = events[~events["key"].isin(CLASS_EVENTS)]
    for _, same in own.groupby(["patient_id", "key", "time"], dropna=False, observed=True):
        assert same["known_time"].is_unique
        assert same["until_time"].tolist()[:-1] == same["known_time"].tolist()[1:]
        assert pd.isna(same["until_time"].iloc[-1])


@settings(deadline=None, max_examples=40)
@given(RECORDS)
def test_categories_and_plain_texts_are_read_alike(rows: list[tuple]) -> None:
    plain = numbered(rows)
    names = ["patient_id", "code", "text_value", "unit", "source"]
    columns = plain.astype(dict.fromkeys(names, "category"))
    assert_frame_equal(harmonise(plain).events, harmonise(columns).events)


@settings(deadline=None, max_examples=40)
@given(RECORDS)
def test_events_stand_in_order(rows: list[tuple]) -> None:
    events = harmonise(numbered(rows)).events
    places = events.assign(
        patient_id=events["patient_id"].astype("str"), key=events["key"].astype("str")
    )
    columns = ["patient_id", "key", "time", "known_time"]
    expected = places.sort_values(columns, kind="stable", na_position="first")
    assert_frame_equal(places[columns], expected[columns])


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin"])
@pytest.mark.parametrize("unit", ["s", "us", "ns"])
def test_instants_that_arrow_keeps_are_read_as_those_of_pandas(zone: str, unit: str) -> None:
    plain = table(
        record("crp", 9.0, "mg/L", result=SEVEN), record("sex", time=None, text="male", patient="b")
    )
    kept, texts = f"timestamp[{unit}, tz={zone}][pyarrow]", "large_string[pyarrow]"
    records = plain.astype({"time": kept, "result_time": kept, "code": texts, "unit": texts})
    assert_frame_equal(harmonise(records).events, harmonise(plain).events)
    naive = records.assign(time=records["time"].dt.tz_localize(None))
    with pytest.raises(InvalidTableError, match=r"time: timestamp\[\w+\]\[pyarrow\] found"):
        harmonise(naive)


def test_events_keep_their_contract() -> None:
    found = harmonise(
        table(
            record("platelets", 90, "K/uL", patient="10", time=SEVEN),
            record("crp", 9, "mg/L", patient="9"),
            record("crp", 8, "mg/L", patient="10"),
            record("sex", text="male", patient="10", time=None),
        )
    )
    events = found.events
    assert tuple(events.columns) == EVENT_COLUMNS
    assert tuple(found.rejects.columns) == REJECT_COLUMNS
    assert {str(events[column].dtype) for column in ("time", "known_time", "until_time")} == {
        "datetime64[us, UTC]"
    }
    assert list(events["patient_id"].cat.categories) == ["10", "9"]
    assert events["key"].tolist() == ["crp", "platelets", "sex", "crp"]
    assert list(events["key"].cat.categories) == sorted(events["key"].cat.categories)
    assert events.loc[events["key"] == "sex", ["time", "known_time"]].isna().all(axis=None)


def test_rejects_are_of_the_records_as_they_were_harmonised() -> None:
    records = table(record("crp", 1.0, "mg/L"), record("nonsense", 2.0))
    found = harmonise(records)
    records.loc[1, "code"] = "crp"
    records.loc[1, "numeric_value"] = 3.0
    assert found.rejects[["code", "numeric_value"]].values.tolist() == [["nonsense", 2.0]]


def test_an_empty_records_table_gives_no_events() -> None:
    found = harmonise(table(record("crp", 1.0, "mg/L")).iloc[:0])
    assert (len(found.events), len(found.rejects)) == (0, 0)
    assert tuple(found.events.columns) == EVENT_COLUMNS


# --- numbers, units, texts ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "number", "unit", "key", "expected"),
    [
        ("LOINC//1988-5", 5.8, "mg/dL", "crp", 58.0),
        ("LOINC//1988-5", 5.8, "MG/L", "crp", 5.8),
        ("OMOP//3020460", 0.0058, "g/L", "crp", 5.8),
        ("LOINC//718-7", 13.7, "g/dL", "hemoglobin", 137.0),
        ("LOINC//718-7", 137.0, "G/L", "hemoglobin", 137.0),
        ("LOINC//777-3", 95.0, "G/L", "platelets", 95.0),
        ("LOINC//777-3", 95000.0, "/µL", "platelets", 95.0),
        ("LOINC//8310-5", 104.0, "°F", "temperature", 40.0),
        ("LOINC//3094-0", 28.014, "mg/dL", "urea", 10.0),
        ("LOINC//3091-6", 60.06, "mg/dL", "urea", 10.0),
        ("LOINC//48066-5", 250.0, "ng/mL", "d_dimer", 0.5),
        ("LOINC//2744-1", 40.0, "nmol/L", "ph", 7.39794),
        ("temperature", 38.5, None, "temperature", 38.5),
        ("temperature", 101.3, None, "temperature", 38.5),
        ("hematocrit", 0.31, None, "hematocrit", 31.0),
        ("hematocrit", 31.0, None, "hematocrit", 31.0),
        ("spo2", 0.94, None, "spo2", 94.0),
        ("fio2", 40.0, None, "fio2", 0.4),
        ("fio2", 0.4, None, "fio2", 0.4),
        ("sodium", 138.0, None, "sodium", 138.0),
        ("tumour_burden", 40.0, "%", "tumour_burden", 0.4),
    ],
)
def test_a_number_arrives_in_the_canonical_unit(
    code: str, number: float, unit: str | None, key: str, expected: float
) -> None:
    assert values(record(code, number, unit)) == {key: [pytest.approx(expected, rel=2e-3)]}


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (record("crp", 5.8), "ambiguous_unit"),
        (record("LOINC//1988-5", 5.8, " "), "ambiguous_unit"),
        (record("temperature", 60.0), "ambiguous_unit"),
        (record("fio2", 7.0), "ambiguous_unit"),
        (record("monocytes_percent", 0.5), "ambiguous_unit"),
        (record("urea", 20.0, "mg/dL"), "ambiguous_unit"),
        (record("crp", 5.8, "furlong"), "unknown_unit"),
        (record("soluble_il2r", 900.0, "pg/mL"), "unknown_unit"),
        (record("crp", -1.0, "mg/L"), "implausible"),
        (record("temperature", 99.0, "Cel"), "implausible"),
        (record("crp", np.inf, "mg/L"), "implausible"),
        (record("ph", -3.0, "nmol/L"), "implausible"),
        (record("hemoglobin", 8.5, "g/L"), "implausible"),
        (record("hemoglobin", 19.0, "g/L"), "implausible"),
        (record("ATC//L04AC07", -640.0, "mg"), "implausible"),
        (record("crs_grade", 6.0), "implausible"),
        (record("LOINC//0000-0", 1.0), "unknown_code"),
        (record(None, 1.0), "unknown_code"),
        (record("crp", 1.0, "mg/L", patient=None), "no_patient"),
        (record("crp", 1.0, "mg/L", patient="  "), "no_patient"),
        (record("crp", 1.0, "mg/L", time=None), "no_time"),
        (record("ATC//L04AC07", 640.0, "mg", time=None), "no_time"),
        (record("crp", 1.0, "mg/L", time="9999-12-31T23:59Z"), "implausible_time"),
        (record("crp", 1.0, "mg/L", time="0001-01-01T00:00Z"), "implausible_time"),
        (record("crp", 1.0, "mg/L", time="1899-12-31T23:59Z"), "implausible_time"),
        (record("crp", 1.0, "mg/L", time="2300-01-01T00:00Z"), "implausible_time"),
        (record("crp", 1.0, "mg/L", result="9999-01-01T00:00Z"), "implausible_time"),
        (record("birth", time="1879-12-31T00:00Z"), "implausible_time"),
        (record("crp"), "no_value"),
        (record("blood_pressure"), "no_value"),
        (record("blood_culture", text="Pending"), "no_value"),
        (record("crp", text="haemolysed"), "not_a_number"),
        (record("crp", text="1,234", unit="mg/L"), "not_a_number"),
        (record("sex", text="purple", time=None), "not_a_number"),
        (record("blood_pressure", text="120/"), "not_a_number"),
        (record("blood_pressure", 120.0), "not_a_number"),
        (record("crp", 1.0, "mg/L", time=SEVEN, result=SIX), "result_before_collection"),
    ],
)
def test_a_faulty_record_is_refused_for_its_reason(row: tuple, reason: str) -> None:
    assert reasons(row) == [reason]


@pytest.mark.parametrize(
    ("code", "time"),
    [
        ("crp", "1900-01-01T00:00Z"),
        ("crp", "2199-12-31T23:59Z"),
        ("birth", "1899-12-31T00:00Z"),  # a hundred years old in a file that counts from 2000
    ],
)
def test_a_time_at_the_edge_of_the_possible_stands(code: str, time: str) -> None:
    assert reasons(record(code, 1.0, "mg/L", time=time)) == []


@pytest.mark.parametrize(
    ("code", "text", "told"),
    [
        ("crp", "haemolysed", "crp: a number is needed"),
        ("sex", "purple", "sex: none of female, f, woman, male, m, man"),
        ("blood_culture", "Pending", "blood_culture: no result yet, or never one"),
        ("blood_culture", None, "blood_culture: neither a number nor a text with a result"),
        ("blood_pressure", "120/", "blood_pressure: the text is no value of it"),
    ],
)
def test_a_refusal_of_a_text_says_what_was_expected(code: str, text: str | None, told: str) -> None:
    (detail,) = harmonise(table(record(code, text=text))).rejects["detail"]
    assert detail == told


def test_a_refusal_of_a_time_says_the_limits() -> None:
    (detail,) = harmonise(table(record("crp", 1.0, "mg/L", time="2300-01-01T00:00Z"))).rejects[
        "detail"
    ]
    assert detail == ("crp: its time is not within 1900-01-01 (a birth: 1880-01-01) to 2300-01-01")


def test_a_refusal_says_value_limit_and_unit_but_not_the_patient() -> None:
    rows = (record("LOINC//1988-5", 120.0, "mg/dL", patient="Smith"),)
    (detail,) = harmonise(table(*rows)).rejects["detail"]
    assert detail == "crp: 1200 outside 0 to 1000 (mg/L)"


@pytest.mark.parametrize(
    ("code", "text", "unit", "expected"),
    [
        ("crp", "12.5", "mg/L", 12.5),
        ("crp", "12,5", "mg/L", 12.5),
        ("crp", "<5", "mg/L", 2.5),  # half the limit: none at all is possible
        ("crp", "< 0,5", "mg/dL", 2.5),
        ("il6", ">5000", "pg/mL", 5000.0),
        ("egfr", ">= 60", "mL/min/1.73m2", 60.0),
        ("ph", "<6.9", None, 6.9),  # the limit: no patient has half of it
        ("temperature", "<95", "F", 35.0),
        ("ferritin", "1.234,5", "ng/mL", 1234.5),
        ("platelets", "1,234.5", "K/uL", 1234.5),
    ],
)
def test_a_number_in_words_is_read(code: str, text: str, unit: str | None, expected: float) -> None:
    assert values(record(code, text=text, unit=unit)) == {code: [pytest.approx(expected)]}


def test_a_comparison_speaks_louder_than_the_number_beside_it() -> None:
    assert values(record("crp", 5.0, "mg/L", text="<5")) == {"crp": [2.5]}
    assert values(record("crp", 5.0, "mg/L", text="see note")) == {"crp": [5.0]}


@pytest.mark.parametrize(
    ("code", "text", "expected"),
    [
        ("sex", "Female", 0),
        ("sex", "male", 1),
        ("oxygen_device", "Nasal cannula", 1),
        ("oxygen_device", "high-flow", 2),
        ("oxygen_device", "ventilator", 5),
        ("disease", "DLBCL", 2),
        ("blood_culture", "No growth after 5 days", 0),
        ("blood_culture", "Escherichia coli", 1),
        ("crs_grade", "2", 2),
        ("crs_grade", "Grade 3", 3),
        ("crs_grade", "grade 2 ", 2),
        ("crs_grade", "None", 0),
        ("crs_grade", "no CRS", 0),
        ("icans_grade", "No ICANS", 0),
        ("oxygen_device", "None", 0),
        ("crs_grade", "G3", 3),
        ("crs_grade", "CRS grade-1", 1),
        ("icans_grade", "III", 3),
        ("icans_grade", "Grade IV", 4),
        ("icans_grade", "0", 0),
    ],
)
def test_a_state_in_words_becomes_its_number(code: str, text: str, expected: float) -> None:
    assert values(record(code, text=text)) == {code: [expected]}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Grade 3-4", "not_a_number"),
        (">=3", "not_a_number"),
        ("severe", "not_a_number"),
        ("VI", "not_a_number"),
        ("grade", "not_a_number"),
        ("2.5", "implausible"),
        ("Grade 6", "implausible"),
        ("-1", "implausible"),
    ],
)
def test_what_is_no_single_grade_is_counted(text: str, reason: str) -> None:
    for code in ("crs_grade", "icans_grade"):
        assert reasons(record(code, text=text)) == [reason]


@pytest.mark.parametrize("code", ["Creatinine", "CREATININE", " creatinine "])
def test_a_key_of_ours_may_be_in_any_case(code: str) -> None:
    assert values(record(code, 80.0, "umol/L")) == {"creatinine": [80.0]}


def test_half_a_grade_is_no_grade() -> None:
    (detail,) = harmonise(table(record("crs_grade", 2.5))).rejects["detail"]
    assert detail == "crs_grade: 2.5 is no whole number from 0 to 5"


def test_a_skin_commensal_is_said_beside_the_culture() -> None:
    found = values(record("blood_culture", text="Staphylococcus epidermidis"))
    assert found == {"blood_culture": [1.0], "skin_commensal": [1.0]}


def test_two_pressures_in_one_text_become_two_events() -> None:
    found = values(record("LOINC//85354-9", text="120 / 80 mmHg"))
    assert found == {"diastolic_bp": [80.0], "systolic_bp": [120.0]}


def test_an_impossible_half_of_a_blood_pressure_leaves_the_other() -> None:
    rows = (record("blood_pressure", text="99/300"),)
    assert values(*rows) == {"systolic_bp": [99.0]}
    assert reasons(*rows) == ["ambiguous_unit"]  # no unit was given, and 300 suits none


def test_a_moment_needs_no_value() -> None:
    (value,) = values(record("icu_admission"))["icu_admission"]
    assert isnan(value)


def test_a_birth_is_an_event_at_the_birth_date() -> None:
    events = harmonise(table(record("MEDS_BIRTH", time="1961-04-05T00:00Z"))).events
    assert events["key"].tolist() == ["birth"]
    assert events["time"].tolist() == [pd.Timestamp("1961-04-05", tz="UTC")]


# --- drugs ----------------------------------------------------------------------------------------


def test_a_drug_is_repeated_under_its_classes() -> None:
    assert values(record("ATC//L04AC07", 640.0, "mg")) == {
        "tocilizumab": [640.0],
        "il6_receptor_blocker": [640.0],
        "il6_blocker": [640.0],
        "cytokine_blocker": [640.0],
    }
    assert set(values(record("teclistamab", 1.5, "mg/kg"))) == {
        "teclistamab", "bispecific", "therapy",
    }  # fmt: skip


def test_steroids_add_up_in_milligrams_of_dexamethasone() -> None:
    found = values(record("methylprednisolone", 1.0, "g"), record("prednisone", 10.0, "mg"))
    assert found["methylprednisolone"] == [1000.0]
    assert found["corticosteroid"] == [pytest.approx(1.5), pytest.approx(187.5)]


def test_a_steroid_dose_that_is_no_mass_has_no_equivalent() -> None:
    found = values(record("methylprednisolone", 2.0, "mg/kg"))
    assert found["methylprednisolone"] == [2.0]
    assert isnan(found["corticosteroid"][0])


def test_a_dose_needs_a_unit_that_is_one() -> None:
    (row,) = harmonise(table(record("tocilizumab", 560.0, "furlong"))).rejects.itertuples()
    assert (row.reason, row.detail) == ("unknown_unit", "tocilizumab: furlong is no unit")
    for unit in ("tablet", "{vial}", "mg/kg", "x10^6 cells/kg", None):
        assert values(record("tocilizumab", 2.0, unit))["tocilizumab"] == [2.0]


def test_a_drug_without_a_dose_was_still_given() -> None:
    assert isnan(values(record("anakinra"))["anakinra"][0])
    assert values(record("norepinephrine", text="stopped"))["vasopressor"] == [0.0]


def test_the_words_of_a_chart_say_whether_a_dose_was_given() -> None:
    for text in ("given", "Administered", "yes", "infused", "given as ordered", "8 mg/kg"):
        assert isnan(values(record("tocilizumab", text=text))["tocilizumab"][0]), text
    assert values(record("tocilizumab", 560.0, "mg", text="given IV"))["tocilizumab"] == [560.0]


@pytest.mark.parametrize("value", [nan, 560.0])
@pytest.mark.parametrize(
    "text",
    ["not given", "held", "refused", "refused by patient", "Cancelled", "ordered", "stopped",
     "dose omitted", "none", "not administered", "ordered, not given", "discontinued"],
)  # fmt: skip
def test_a_dose_that_was_not_given_is_counted_as_such(text: str, value: float) -> None:
    assert reasons(record("tocilizumab", value, "mg", text=text)) == (
        ["not_given"] if text != "none" or isnan(value) else []
    )


def test_a_text_that_nobody_listed_is_no_dose() -> None:
    (row,) = harmonise(table(record("teclistamab", text="to discuss"))).rejects.itertuples()
    assert row.reason == "not_a_number"
    assert row.detail == "teclistamab: tells neither that it was given nor that it was not"


def test_a_dose_of_nothing_is_none_and_a_rate_of_nothing_a_stop() -> None:
    assert reasons(record("teclistamab", 0.0, "mg"), record("tocilizumab", text="0 mg")) == [
        "not_given", "not_given",
    ]  # fmt: skip
    assert values(record("norepinephrine", 0.0, "ug/min"))["vasopressor"] == [0.0]


@pytest.mark.parametrize(
    ("code", "value", "unit", "text"),
    [
        ("crs_grade", 1.0, None, "Grade 3"),
        ("oxygen_device", 0.0, None, "intubated"),
        ("sex", 0.0, None, "male"),
        ("blood_culture", 0.0, None, "E. coli"),
        ("blood_culture", 1.0, None, "No growth"),
        ("blood_culture", 0.0, None, "pending"),
        ("crp", 58.0, "mg/L", "99"),
        ("crp", 58.0, "mg/L", "99 mg/L"),
        ("crp", 58.0, "mg/L", "<5"),
        ("crp", 58.0, "mg/L", ">100"),
        ("crp", 58.0, "mg/L", "cancelled"),
        ("crp", 58.0, "mg/L", "haemolysed, invalid"),
        ("heart_rate", 88.0, "/min", "entered in error"),
        ("tocilizumab", 560.0, "mg", "280"),
        ("norepinephrine", 0.1, None, "stopped"),
    ],
)
def test_a_number_that_its_own_text_contradicts_is_counted(
    code: str, value: float, unit: str | None, text: str
) -> None:
    (row,) = harmonise(table(record(code, value, unit, text=text))).rejects.itertuples()
    assert row.reason == "contradicted"
    assert row.detail == f"{code}: the text beside the number says otherwise"


@pytest.mark.parametrize(
    ("code", "value", "unit", "text"),
    [
        ("crs_grade", 3.0, None, "Grade III"),
        ("oxygen_device", 5.0, None, "Intubated"),
        ("oxygen_device", 3.0, None, "None"),  # what a program writes into an empty cell
        ("blood_culture", 1.0, None, "final"),
        ("crp", 58.0, "mg/L", "58"),
        ("crp", 58.04, "mg/L", "58.0 mg/l"),
        ("crp", 58.0, "mg/L", "5.8 mg/dL"),
        *(("crp", 58.0, "mg/L", word) for word in ("H", "HH", "high", "final", "*", "mg/L")),
        ("glucose", 5.0, "mmol/L", "fasting"),
        ("potassium", 5.0, "mmol/L", "not haemolysed"),
        ("crp", 100.0, "mg/L", ">100"),
        ("dexamethasone", 10.0, "mg", "10 mg"),
        ("tocilizumab", 560.0, "mg", "8 mg/kg"),
        ("norepinephrine", 0.0, None, "stopped"),
    ],
)
def test_a_number_stands_beside_a_text_that_agrees_or_says_nothing(
    code: str, value: float, unit: str | None, text: str
) -> None:
    assert values(record(code, value, unit, text=text))[code] == [value]


# --- repeats --------------------------------------------------------------------------------------


def test_the_same_value_twice_is_a_duplicate_whatever_its_code_and_unit() -> None:
    rows = (record("LOINC//1988-5", 0.7, "mg/dL"), record("crp", 7.0, "mg/L"))
    assert values(*rows) == {"crp": [pytest.approx(7.0)]}
    assert reasons(*rows) == ["duplicate"]


def test_the_same_value_reported_again_later_stays_known_from_the_first() -> None:
    rows = (record("crp", 7.0, "mg/L", result=SEVEN), record("crp", 7.0, "mg/L", result=NINE))
    events = harmonise(table(*rows)).events
    assert events["known_time"].tolist() == [pd.Timestamp(SEVEN)]
    assert reasons(*rows) == ["duplicate"]


def test_a_corrected_value_holds_until_its_correction_is_known() -> None:
    rows = (record("crp", 70.0, "mg/L", result=SEVEN), record("crp", 7.0, "mg/L", result=NINE))
    events = harmonise(table(*rows)).events
    assert events["value"].tolist() == [70.0, 7.0]
    assert events["until_time"].tolist() == [pd.Timestamp(NINE), pd.NaT]
    assert reasons(*rows) == []


def test_a_correction_may_be_taken_back() -> None:
    rows = [record("crp", v, "mg/L", result=r) for v, r in ((7, SIX), (70, SEVEN), (7, NINE))]
    assert values(*rows) == {"crp": [7.0, 70.0, 7.0]}


@pytest.mark.parametrize(
    ("key", "unit", "one", "other", "kept"),
    [
        ("crp", "mg/L", 12.0, 90.0, 90.0),
        ("platelets", "10*9/L", 20.0, 250.0, 20.0),
        ("temperature", "Cel", 34.0, 38.0, 34.0),  # 2.75 against 1.25 from the middle, 36.75
        ("egfr", "mL/min/1.73m2", 30.0, 110.0, 30.0),
        ("crs_grade", None, 1.0, 3.0, 3.0),
    ],
)
def test_of_two_values_at_once_the_more_abnormal_is_kept(
    key: str, unit: str | None, one: float, other: float, kept: float
) -> None:
    rows = (record(key, one, unit), record(key, other, unit))
    assert values(*rows) == {key: [kept]}
    assert reasons(*rows) == ["conflict"]


@pytest.mark.parametrize(
    ("doses", "total", "refused"),
    [
        ([(10.0, "mg"), (4.0, "mg")], [14.0], ["added_up"]),
        ([(10.0, "mg"), (0.004, "g"), (10.0, "mg")], [14.0], ["duplicate", "added_up"]),
        ([(10.0, "mg"), (10.0, "mg")], [10.0], ["duplicate"]),
        ([(10.0, "mg"), (0.1, "mg/kg")], [10.0], ["conflict"]),
        ([(10.0, "mg"), (nan, None)], [10.0], ["conflict"]),
    ],
)
def test_doses_of_one_moment_add_up(doses: list, total: list, refused: list) -> None:
    rows = [record("dexamethasone", *dose) for dose in doses]
    assert values(*rows)["dexamethasone"] == pytest.approx(total)
    assert values(*rows)["corticosteroid"] == pytest.approx(total)
    assert reasons(*rows) == refused


def test_doses_known_at_different_moments_are_a_correction() -> None:
    rows = [record("dexamethasone", 10.0, "mg"), record("dexamethasone", 4.0, "mg", result=SEVEN)]
    assert values(*rows)["dexamethasone"] == [10.0, 4.0]


def test_two_rates_of_an_infusion_stay_a_conflict() -> None:
    rows = [record("norepinephrine", rate, "ug/kg/min") for rate in (0.1, 0.3)]
    assert values(*rows)["norepinephrine"] == [0.3]
    assert reasons(*rows) == ["conflict"]


def test_one_bottle_without_growth_does_not_take_back_the_others_growth() -> None:
    rows = (
        record("blood_culture", text="Escherichia coli", result=SEVEN),
        record("blood_culture", text="no growth", result=NINE),
    )
    assert values(*rows) == {"blood_culture": [1.0]}
    assert reasons(*rows) == ["conflict"]


def test_growth_after_a_preliminary_negative_is_a_correction() -> None:
    rows = (
        record("blood_culture", text="no growth to date", result=SEVEN),
        record("blood_culture", text="Escherichia coli", result=NINE),
    )
    assert values(*rows) == {"blood_culture": [0.0, 1.0]}


# --- the table itself -----------------------------------------------------------------------------


def test_a_missing_column_is_named() -> None:
    with pytest.raises(InvalidTableError, match=r"columns missing: time, code"):
        harmonise(table(record("crp")).drop(columns=["time", "code"]))


def test_true_and_false_are_no_numbers() -> None:
    with pytest.raises(InvalidTableError, match="true and false found, numbers are needed"):
        harmonise(table(record("crp", 1.0, "mg/L")).assign(numeric_value=[True]))


def test_times_without_offset_are_refused() -> None:
    records = table(record("crp", 1.0, "mg/L"))
    records["time"] = records["time"].dt.tz_localize(None)
    with pytest.raises(InvalidTableError, match=r"time: .* timestamps with an offset"):
        harmonise(records)


def test_words_among_the_numbers_are_refused() -> None:
    records = table(record("crp", 1.0, "mg/L")).astype({"numeric_value": "object"})
    records.loc[0, "numeric_value"] = "abc"
    with pytest.raises(InvalidTableError, match=r"numeric_value: .* numbers are needed"):
        harmonise(records)


def test_the_given_table_is_left_as_it_was() -> None:
    records = table(record("crp", 5.8, "mg/dL"), record("crp", text="<5", unit="mg/L"))
    before = records.copy()
    harmonise(records)
    assert_frame_equal(records, before)
