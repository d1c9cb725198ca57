"""From files to labelled rows, and the as-of times that a user writes."""

import numpy as np
import pandas as pd
import pytest

from features.outcomes import Outcome
from features.tables import InvalidInputError
from training.config import TrainingConfig
from training.dataset import Events, label_cohort, load_events, read_moments, without_records
from training.train import training_rows

DAY = pd.Timedelta(hours=24)


@pytest.fixture
def moments_of(tmp_path):
    def read(content: bytes) -> pd.DataFrame:
        path = tmp_path / "moments.csv"
        path.write_bytes(content)
        return read_moments(path)

    return read


def test_moments_are_read_in_any_zone(moments_of):
    found = moments_of(
        b"patient_id,as_of,note\na ,2026-03-01T06:00Z,x\n007,2026-03-01T06:00:30.25+02:00,\n"
    )
    assert found["patient_id"].tolist() == ["a", "007"]
    assert found["as_of"].tolist() == [
        pd.Timestamp("2026-03-01T06:00Z"),
        pd.Timestamp("2026-03-01T04:00:30.25Z"),
    ]
    assert str(found["as_of"].dtype) == "datetime64[us, UTC]"


def test_a_record_decades_after_the_others_is_told(tmp_path):
    lines = ["patient_id,time,code,value,unit", "a,1951-05-17,birth,,",
             *(f"{who},{day}T06:00Z,creatinine,80,umol/L" for who, day in (
                 ("a", "2026-03-01"), ("a", "2026-05-20"), ("b", "2026-03-01"), ("b", "2099-03-01"),
                 ("c", "2020-01-01"), ("c", "2020-04-10")))]  # fmt: skip
    (tmp_path / "ward.csv").write_text("\n".join(lines))
    found = load_events(tmp_path / "ward.csv", "table")
    assert found.notes[-1] == (
        "2 TIME(S) LIE MORE THAN 90 DAYS after the same patient's record before, the farthest "
        "73.0 years: is a date wrong?"
    )
    assert len(found.rejects) == 0


BROKEN = {
    "nothing": (b"", "not a readable CSV file, it is empty"),
    "no lines": (b"patient_id,as_of\n", "no lines"),
    "no patient": (b"as_of\n2026-03-01T06:00Z\n", "patient_id"),
    "no time": (b"patient_id\na\n", "as_of"),
    "no zone": (b"patient_id,as_of\na,2026-03-01T06:00Z\nb,2026-03-01T06:00\n", r":3: as_of"),
    "a date alone": (b"patient_id,as_of\na,2026-03-01\n", "zone"),
    "words": (b"patient_id,as_of\na,tomorrow\n", "tomorrow"),
    "no such day": (b"patient_id,as_of\na,2026-02-30T06:00Z\n", "2026-02-30"),
    "empty time": (b"patient_id,as_of\na,\n", ":2"),
    "empty patient": (b"patient_id,as_of\na,2026-03-01T06:00Z\n ,2026-03-01T06:00Z\n", ":3"),
    "one cell too many": (b"patient_id,as_of\na,2026-03-01T06:00Z,\n", "line 2 has 3 cells"),
    "another encoding": (b"patient_id,as_of\nm\xfcller,2026-03-01T06:00Z\n", "line 2 is not UTF-8"),
    "a name twice": (b"patient_id,as_of,as_of\na,2026-03-01T06:00Z,\n", "more than once: as_of"),
    "an absurd year": (b"patient_id,as_of\na,9999-03-01T06:00Z\n", ":2: as_of '9999.*2300-01-01"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_moments_that_cannot_be_read_are_refused_with_their_place(case, moments_of):
    content, words = BROKEN[case]
    with pytest.raises(InvalidInputError, match=words):
        moments_of(content)


def test_a_file_of_moments_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InvalidInputError, match=r"nowhere\.csv: .*no such file"):
        read_moments(tmp_path / "nowhere.csv")


def test_patients_without_a_record_are_counted_and_all_of_them_refused(draw_events):
    events = draw_events(("a", "crp", 0.0, 1.0))
    asked = pd.DataFrame({"patient_id": ["x", "a", "y", "x"]})
    assert without_records(asked, events) == ["x", "y"]
    assert without_records(asked[1:2], events) == []
    with pytest.raises(InvalidInputError, match=r"the 2 patients asked about.*'y'"):
        without_records(asked[2:], events)


def source_of(events: pd.DataFrame, notes: tuple[str, ...] = ()) -> Events:
    return Events(events, pd.DataFrame({"reason": []}), len(events), notes, virtual=False)


def test_rows_moments_and_labels_stand_line_by_line(ward_events, ward_rows):
    cohort = label_cohort(source_of(ward_events), DAY, tuple(Outcome), DAY)
    assert cohort.rows.index.get_level_values("patient_id").tolist() == list(
        cohort.as_of["patient_id"]
    )
    assert all(len(labels.label) == len(cohort.rows) for labels in cohort.labels.values())
    assert cohort.reported.all()


def test_learning_rows_stand_between_the_reported_ones_and_change_none_of_them(ward_events):
    daily = label_cohort(source_of(ward_events), DAY, tuple(Outcome), DAY)
    quarter = pd.Timedelta(hours=6)
    dense = label_cohort(source_of(ward_events), DAY, tuple(Outcome), DAY, learn_every=quarter)
    assert len(dense.rows) > len(daily.rows)
    pd.testing.assert_frame_equal(dense.rows[dense.reported], daily.rows, check_exact=True)
    for outcome in Outcome:
        kept = dense.labels[outcome].of(dense.reported).label
        assert np.array_equal(kept, daily.labels[outcome].label, equal_nan=True)


def test_training_rows_are_those_with_a_label(ward_events, tmp_path):
    config = TrainingConfig(tmp_path, "table", tmp_path, folds=3, repeats=2)
    cohort = label_cohort(source_of(ward_events), DAY, tuple(Outcome), DAY)
    training = training_rows(cohort, Outcome.INFECTION, config)
    counts = cohort.labels[Outcome.INFECTION].counts
    judged = training.judged_rows
    assert len(judged.label) == counts["event"] + counts["no_event"]
    assert judged.label.sum() == counts["event"]
    assert (training.rows.index.get_level_values("patient_id") == training.patient).all()
    assert judged.plan.shape == (len(judged.label), 2)


def test_a_cohort_without_events_to_learn_from_is_refused_by_name(draw_events, tmp_path):
    events = draw_events(
        ("a", "therapy", 0.0, np.nan), *(("a", "crp", float(h), 1.0) for h in range(0, 99, 9))
    )
    config = TrainingConfig(tmp_path, "table", tmp_path)
    cohort = label_cohort(source_of(events), DAY, (Outcome.SEVERE_CRS,), DAY)
    with pytest.raises(InvalidInputError, match="severe_crs"):
        training_rows(cohort, Outcome.SEVERE_CRS, config)


def test_a_cohort_without_a_moment_is_refused(draw_events):
    events = draw_events(("a", "sex", None, 1.0))
    with pytest.raises(InvalidInputError, match="as-of"):
        label_cohort(source_of(events), DAY, tuple(Outcome), DAY)


def test_a_file_without_a_usable_record_says_why(tmp_path):
    header = "patient,Relative date,sex,age,sodium\n"
    (tmp_path / "labs.csv").write_text(header.replace("patient,", "") + "0,male,50,14\n")
    assert load_events(tmp_path / "labs.csv", "prcrs").patients == 1
    (tmp_path / "labs.csv").write_text(header + ",0,male,50,140\n")
    with pytest.raises(InvalidInputError, match="no_patient"):
        load_events(tmp_path / "labs.csv", "prcrs")


def test_the_digest_is_that_of_the_content_in_any_order(ward_events):
    digest = source_of(ward_events).digest
    assert source_of(ward_events.sample(frac=1, random_state=1)).digest == digest
    changed = ward_events.copy()
    changed.loc[5, "value"] += 1e-9
    assert source_of(changed).digest != digest
    assert source_of(ward_events.iloc[1:]).digest != digest


@pytest.mark.parametrize(
    ("patient", "source", "virtual"),
    [
        ("H0001", "hospital.csv:2", False),
        ("virtual-000001", "renamed.csv:2", True),
        ("H0001", "virtual patient cohort, seed 1", True),
    ],
)
def test_a_virtual_patient_is_known_by_name_or_by_source(tmp_path, patient, source, virtual):
    path = tmp_path / "records.csv"
    path.write_text(
        "patient_id,time,code,numeric_value,unit,source\n"
        f'{patient},2026-03-01T06:00Z,crp,5,mg/L,"{source}"\n'
    )
    assert load_events(path, "table").virtual is virtual
