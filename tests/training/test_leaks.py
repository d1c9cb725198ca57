"""The leak audit: one planted leak of each kind is refused by name, and clean cohorts pass."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.harmonise import harmonise
from features.outcomes import Outcome, OutcomeSource, happenings
from features.readers import prcrs
from training.config import TrainingConfig
from training.dataset import Events, load_events
from training.leaks import Severity, audit
from training.leaks.event_bound import event_bound
from training.leaks.filled_values import filled_values
from training.leaks.folds import one_person_twice, shared_folds
from training.leaks.future import future_changes_the_past
from training.leaks.shuffling import shuffle, shuffled_labels
from training.leaks.single_column import single_column
from training.leaks.stamps import early_results, known_at_once
from training.report.page import page_values, render, report_context
from training.train import train

CRS, INFECTION = Outcome.SEVERE_CRS, Outcome.INFECTION
DAY = pd.Timedelta(hours=24)
HOUR = pd.Timedelta(hours=1)
LONGEST_LINE = 210  # characters
WORKBOOK = "car_t_b_all/daily_labs.csv"


def stopping(findings):
    return [finding for finding in findings if finding.severity is Severity.STOP]


def as_plain_table(workbook: Path, out: Path) -> Path:
    """The published workbook as a records table, as somebody would write it who knows no better."""
    records = prcrs.read(workbook, {}).records
    kept = ["crp", "d_dimer", "ferritin", "il6", "platelets", "crs_grade", "car_t_unspecified"]
    records = records[records["code"].isin(kept)]
    records.drop(columns="source").to_csv(out, index=False)
    return out


@pytest.fixture(scope="module")
def ward_with_records(ward_cohort, ward_records):
    """The ward with the records of ten patients kept, as reading a file keeps them."""
    some = sorted(ward_records["patient_id"].unique())[:10]
    specimen = ward_records[ward_records["patient_id"].isin(some)]
    return replace(ward_cohort, source=replace(ward_cohort.source, specimen=specimen))


def test_a_clean_ward_passes_every_check(ward_with_records, ward_training):
    found = audit(ward_with_records, ward_training, TrainingConfig(Path(), "table", Path()))
    assert stopping(found) == []


# Filled values


def test_constants_filled_in_by_the_grade_of_the_day_are_found(ward_events):
    grades = ward_events[ward_events["key"] == "crs_grade"]
    grade = {(p, t): v for p, t, v in zip(
        grades["patient_id"], grades["time"], grades["value"], strict=True)}  # fmt: skip
    is_crp = (ward_events["key"] == "crp").to_numpy()
    random, value = np.random.default_rng(1), ward_events["value"].to_numpy().copy()
    for row in np.flatnonzero(is_crp & (random.random(len(value)) < 0.4)):
        line = ward_events.iloc[row]
        value[row] = 7.0 + 11.0 * grade[line["patient_id"], line["time"] + 6 * HOUR]
    (found,) = filled_values(ward_events.assign(value=value), (CRS,))
    assert found.place == "crp"
    assert "crp 7 in" in found.sentence
    assert "18 in" in found.sentence
    assert filled_values(ward_events, (CRS, INFECTION)) == []


def filled_at(events, key, grade, value):
    """Four in ten values of the hours before this grade replaced by one constant; others kept."""
    graded = events[(events["key"] == "crs_grade") & (events["value"] == grade)]
    there = set(zip(graded["patient_id"], graded["time"], strict=True))
    at = zip(events["patient_id"], events["time"] + 6 * HOUR, strict=True)
    mine = (events["key"] == key).to_numpy() & np.array([place in there for place in at])
    some = mine & (np.random.default_rng(1).random(len(events)) < 0.4)
    return events.assign(value=events["value"].mask(some, value))


@pytest.mark.parametrize(("grade", "value"), [(0.0, 5.4), (1.0, 61.5), (2.0, 92.5), (2.0, 0.0)])
def test_a_constant_filled_in_for_one_grade_alone_is_found(ward_events, grade, value):
    (found,) = filled_values(filled_at(ward_events, "crp", grade, value), (CRS,))
    assert found.place == "crp"
    assert f"crp {value:g} in" in found.sentence
    assert f"at grade {grade:g}" in found.sentence


@pytest.mark.parametrize("grade", [1.0, 2.0])
def test_a_constant_under_a_little_noise_is_found(ward_events, grade):
    filled = filled_at(ward_events, "crp", grade, 61.5)
    value = filled["value"].to_numpy()
    noise = np.random.default_rng(2).normal(1.0, 1e-3, len(value))
    (found,) = filled_values(
        filled.assign(value=np.where(value == 61.5, value * noise, value)), (CRS,)
    )
    assert found.place == "crp"
    assert re.search(rf"crp about 61\.\d in \d+ of \d+ patients at grade {grade:g}", found.sentence)
    loud = np.where(value == 61.5, value * (1 + 100 * (noise - 1)), value)  # 10 %: nothing recurs
    assert filled_values(filled.assign(value=loud), (CRS,)) == []


@pytest.mark.parametrize("seed", [6, 12])
def test_values_close_together_that_rise_with_the_grade_are_no_fill_under_noise(draw_events, seed):
    """All values of a grade lie within a few per cent, and none in another grade."""
    random, lines = np.random.default_rng(seed), []
    for number in range(30):
        worst = (0, 0, 0, 1, 1, 1, 2, 2, 3, 4)[number % 10]
        for day in range(8):
            grade = min(worst, max(0, day - 1)) if day < 5 else 0
            lines.append((f"p{number}", "crs_grade", 24.0 * day, float(grade)))
            lines.append((f"p{number}", "crp", 24.0 * day, random.normal(40.0 + 20.0 * grade, 1.0)))
    assert filled_values(draw_events(*lines), (CRS,)) == []


def test_the_worst_grade_of_the_day_is_held_against_the_values_too(draw_events):
    """Noon's value was filled by the grade of the evening, the nearest grade is that of 10 h."""
    random, lines = np.random.default_rng(3), []
    for number in range(60):
        worst = float(number % 3)
        for hour, grade in ((-2.0, 0.0), (4.0, 0.0), (12.0, worst)):
            lines.append((f"p{number}", "crs_grade", hour, grade))
        value = 22.5 if worst == 1.0 and number % 2 else random.lognormal(3.0, 0.5)
        lines.append((f"p{number}", "crp", 6.0, round(value, 2)))
    (found,) = filled_values(draw_events(*lines), (CRS,))
    assert "crp 22.5 in 10 of 20 patients at grade 1" in found.sentence


def test_a_limit_of_detection_that_only_the_well_reach_is_no_fill(ward_events):
    """Nor does the audit see zeros written in where values are the lowest anyway."""
    low = (ward_events["key"] == "crp") & (ward_events["value"] < 6.0)
    limited = ward_events.assign(value=ward_events["value"].mask(low, 6.0))
    assert filled_values(limited, (CRS,)) == []
    assert filled_values(filled_at(ward_events, "crp", 0.0, 0.0), (CRS,)) == []


@pytest.mark.parametrize("share", [2, 3, 10])
def test_two_assays_with_two_limits_are_no_fill(draw_events, share):
    """CRP rises with the grade, so that both limits are met at grade 0 and hardly elsewhere."""
    random, lines = np.random.default_rng(share), []
    for number in range(150):
        worst, limit = number % 4, 1.0 if number % share == 0 else 5.0
        for day in range(8):
            grade = min(worst, max(0, day - 1)) if day < 5 else 0
            crp = round(random.lognormal((0.7, 3.0, 3.8, 4.6)[grade], 0.8), 1)
            lines.append((f"p{number}", "crs_grade", 24.0 * day, float(grade)))
            lines.append((f"p{number}", "crp", 24.0 * day, crp if crp >= limit else limit / 2))
    assert filled_values(draw_events(*lines), (CRS,)) == []


def test_values_rounded_coarsely_are_no_fill(draw_events):
    random, lines = np.random.default_rng(4), []
    for number in range(150):
        for day in range(8):
            grade = min(number % 4, max(0, day - 1)) if day < 5 else 0
            calcium = round(random.normal((2.3, 2.1, 2.0, 1.9)[grade], 0.08), 1)
            lines.append((f"p{number}", "crs_grade", 24.0 * day, float(grade)))
            lines.append((f"p{number}", "calcium", 24.0 * day, calcium))
    assert filled_values(draw_events(*lines), (CRS,)) == []


def test_a_limit_of_detection_in_every_grade_is_no_fill(ward_events):
    low = (ward_events["key"] == "ldh") & (ward_events["value"] < 300.0)
    limited = ward_events.assign(value=ward_events["value"].mask(low, 300.0))
    assert filled_values(limited, (CRS,)) == []


def test_the_published_workbook_is_caught_as_it_is_and_passes_once_cleaned(shared_data):
    place = shared_data / WORKBOOK
    (found,) = stopping(filled_values(load_events(place, "prcrs", {}).events, (CRS,)))
    assert "d_dimer 0.43 in 110 of 132 patients at grade 0" in found.sentence
    assert filled_values(load_events(place, "prcrs").events, (CRS,)) == []


def test_train_refuses_the_workbook_written_as_a_plain_table(shared_data, verb, tmp_path):
    table = as_plain_table(shared_data / WORKBOOK, tmp_path / "plain.csv")
    refused = verb("train", "--records", table, "--format", "table", "--outcome", "severe_crs",
                   "--no-track", "--learn-every", "24h", "--out", tmp_path / "b")  # fmt: skip
    assert refused.error.startswith("leak: filled values: 4 analytes hold")
    assert "d_dimer 0.43" in refused.error
    assert not (tmp_path / "b" / "MANIFEST.sha256").exists()


# One column


def with_column(training, name, values):
    rows = training.rows.assign(**{name: np.asarray(values, dtype=np.float32)})
    return replace(training, rows=rows)


def test_a_column_that_knows_tomorrow_is_named(ward_training):
    training = ward_training[CRS]
    noise = np.random.default_rng(0).normal(0.0, 0.2, len(training.label))
    (found,) = single_column(with_column(training, "ldh.last", training.label + noise))
    assert found.place == "ldh.last"
    assert "by its value" in found.sentence
    assert single_column(training) == []


def test_how_often_a_ward_looks_is_told_and_stops_nothing(ward_training):
    training = ward_training[CRS]
    counted = with_column(training, "spo2.count_6h", training.label * 3.0)
    assert [found.severity for found in single_column(counted)] == [Severity.TELL]


def test_sampling_weights_do_not_disturb_the_shuffling(ward_training):
    training = ward_training[CRS]
    names = ["crs_grade.last", "crp.last"]
    weighted = replace(training, weight=np.full(len(training.label), 3.0))
    assert shuffled_labels(weighted, names, 0) == shuffled_labels(training, names, 0)


def test_a_laboratory_value_that_knows_tomorrow_stops_and_a_sign_is_told(ward_training):
    training = ward_training[CRS]
    noise = np.random.default_rng(4).normal(0, 0.2, len(training.label))
    for name, severity in {"ldh.last": Severity.STOP, "systolic_bp.last": Severity.TELL}.items():
        (found,) = single_column(with_column(training, name, training.label + noise))
        assert found.severity == severity


def test_a_column_measured_only_before_an_event_is_named(ward_training):
    training = ward_training[CRS]
    random = np.random.default_rng(0)
    seen = (training.label == 1) & (random.random(len(training.label)) < 0.9)
    values = np.where(seen, random.normal(size=len(seen)), np.nan)
    (found,) = single_column(with_column(training, "lactate.last", values))
    assert found.place == "lactate.last"


# Availability


def test_a_row_that_looks_ahead_is_found_by_cutting_its_future(ward_with_records):
    rows = ward_with_records.rows
    ahead = rows["platelets.last"].groupby(level="patient_id").shift(-1)
    looks_ahead = replace(ward_with_records, rows=rows.assign(**{"platelets.last": ahead}))
    (found,) = future_changes_the_past(looks_ahead, OutcomeSource.DOCUMENTED)
    assert found.place == "platelets.last"
    assert found.severity is Severity.STOP
    assert future_changes_the_past(ward_with_records, OutcomeSource.DOCUMENTED) == []


def test_results_stamped_before_their_sample_stop_where_they_are_many(ward_records):
    platelets = (ward_records["code"] == "platelets").to_numpy()

    def events_with(share):
        early = platelets & (np.random.default_rng(2).random(len(platelets)) < share)
        known = ward_records["result_time"].mask(early, ward_records["time"] - HOUR)
        harmonised = harmonise(ward_records.assign(result_time=known))
        return Events(harmonised.events, harmonised.rejects, len(known), (), virtual=False)

    (many,) = early_results(events_with(0.3))
    (few,) = early_results(events_with(0.02))
    assert (many.place, many.severity) == ("platelets", Severity.STOP)
    assert (few.place, few.severity) == ("platelets", Severity.TELL)
    assert early_results(events_with(0.0)) == []


def test_a_laboratory_without_any_delay_is_told(ward_events):
    assert known_at_once(ward_events) == []
    at_once = ward_events["key"] == "crp"
    known = ward_events["known_time"].mask(at_once, ward_events["time"])
    (found,) = known_at_once(ward_events.assign(known_time=known))
    assert (found.place, found.severity) == ("crp", Severity.TELL)


def stamped_early(events, key):
    """A treatment for every patient with severe CRS, entered six hours before it is charted."""
    first = happenings(events, CRS).groupby("patient_id")["time"].min() - 6 * HOUR
    lines = pd.DataFrame({"patient_id": first.index, "time": first.array, "key": key})
    never = pd.Series(pd.NaT, index=lines.index, dtype=events["until_time"].dtype)
    lines = lines.assign(known_time=lines["time"], until_time=never, value=np.nan)
    plain = events.astype({"patient_id": "str", "key": "str"})
    return pd.concat([plain, lines[list(plain.columns)]], ignore_index=True)


def test_a_treatment_of_the_event_that_is_stamped_before_it_is_named(ward_events):
    (found,) = event_bound(stamped_early(ward_events, "anakinra"), CRS, DAY)
    assert (found.place, found.severity) == ("anakinra", Severity.STOP)
    (told_only,) = event_bound(stamped_early(ward_events, "norepinephrine"), CRS, DAY)
    assert told_only.severity is Severity.TELL
    assert event_bound(ward_events, CRS, DAY) == []


def test_repeats_that_were_stamped_before_the_event_are_named(ward_events):
    """Everybody had a dose on the first day; the next was charted with severe CRS, but earlier."""
    backdated = stamped_early(ward_events, "anakinra")
    doses = backdated[backdated["key"] == "anakinra"]
    everybody = ward_events["patient_id"].astype("str").unique()
    began = ward_events["time"].min()
    first = doses.iloc[np.zeros(len(everybody), dtype=int)].assign(
        patient_id=everybody, time=began, known_time=began
    )
    (found,) = event_bound(pd.concat([backdated, first], ignore_index=True), CRS, DAY)
    assert (found.place, found.severity) == ("anakinra", Severity.STOP)
    assert "severe_crs: the event follows a repeated anakinra within 24 h" in found.sentence


def test_honest_repeats_before_an_event_stop_nothing(ward_events):
    """A dose a day from admission on, for the severe alone: one of many lies in the last day."""
    plain = ward_events.astype({"patient_id": "str", "key": "str"})
    severe = plain["patient_id"].isin(happenings(ward_events, CRS)["patient_id"])
    doses = plain[severe & (plain["key"] == "temperature")].assign(key="dexamethasone")
    daily = pd.concat([plain, doses], ignore_index=True)
    assert event_bound(daily, CRS, DAY) == []


# Folds


def dense(training, plan):
    """Four rows where there was one, as an hourly grid has them."""
    row = np.repeat(np.arange(len(training.label)), 4)
    return replace(
        training, rows=training.rows.iloc[row], target=training.target[row],
        label=training.label[row], judged=training.judged[row], patient=training.patient[row],
        plan=plan(row)[:, np.newaxis],
    )  # fmt: skip


def test_rows_of_a_patient_in_two_folds_show_under_shuffled_labels(ward_training):
    training = ward_training[INFECTION]
    columns = [name for name in training.rows if name.endswith(".last")]
    by_row = dense(training, lambda row: np.random.default_rng(0).integers(0, 3, len(row)))
    by_patient = dense(training, lambda row: training.plan[row, 0])
    (found,) = shuffled_labels(by_row, columns, seed=1)
    assert "something passes between the folds" in found.sentence
    assert shuffled_labels(by_patient, columns, seed=1) == []
    (direct,) = shared_folds(by_row)
    assert "74 of 74 patients" in direct.sentence
    assert shared_folds(by_patient) == []


def test_shuffling_moves_labels_between_patients_and_nothing_else(ward_training):
    training = ward_training[INFECTION]
    moved = shuffle(training, np.random.default_rng(0))
    assert moved.rows is training.rows
    assert not np.array_equal(moved.label, training.label)
    assert set(np.unique(moved.label)) == {0.0, 1.0}
    assert 0.01 < moved.label.mean() < 0.2  # 0.05 before


def test_shuffling_says_nothing_where_the_events_fall_into_one_fold(ward_training):
    training = ward_training[INFECTION]
    one = np.flatnonzero(training.judged & (training.label == 1))[0]
    label = np.where(training.judged, 0.0, training.label)
    label[one] = 1.0
    single = replace(training, label=label, target=np.where(np.isnan(label), np.nan, label))
    assert shuffled_labels(single, ["crp.last", "ldh.last"], seed=1) == []


def test_one_person_under_two_names_and_dates_is_found(ward_events):
    plain = ward_events.astype({"patient_id": "str", "key": "str"})
    twin = plain[plain["patient_id"] == "patient-05"].assign(patient_id="somebody else")
    for name in ("time", "known_time"):
        twin[name] = twin[name] + 40 * DAY
    (found,) = one_person_twice(pd.concat([plain, twin], ignore_index=True))
    assert "the first two are the 6. and the 81. of 81" in found.sentence
    assert "patient-05" not in found.sentence
    assert one_person_twice(ward_events) == []


# The lines


def test_a_line_of_the_audit_is_short_enough_to_read(ward_events, ward_training):
    training = ward_training[CRS]
    noise = np.random.default_rng(0).normal(0.0, 0.2, len(training.label))
    plain = ward_events.astype({"patient_id": "str", "key": "str"})
    twin = plain[plain["patient_id"] == "patient-05"].assign(patient_id="somebody else")
    found = [
        *filled_values(
            filled_at(filled_at(ward_events, "crp", 0.0, 5.4), "crp", 1.0, 61.5), (CRS,)
        ),
        *event_bound(stamped_early(ward_events, "hydrocortisone"), CRS, DAY),
        *event_bound(stamped_early(ward_events, "norepinephrine"), CRS, DAY),
        *single_column(with_column(training, "bilirubin_total.change_24h", training.label + noise)),
        *one_person_twice(pd.concat([plain, twin])),
        *known_at_once(ward_events.assign(known_time=ward_events["time"])),
    ]
    assert len(found) == 6
    assert max(len(f"leak audit: {one.check}: {one.sentence}") for one in found) <= LONGEST_LINE


# The run


@pytest.fixture(scope="module")
def leaking_ward(ward_records, ward_events, tmp_path_factory):
    first = happenings(ward_events, CRS).groupby("patient_id")["time"].min() - 6 * HOUR
    given = pd.DataFrame({"patient_id": first.index, "time": first.array, "code": "anakinra"})
    path = tmp_path_factory.mktemp("leaking") / "ward.csv"
    pd.concat([ward_records.drop(columns="source"), given]).to_csv(path, index=False)
    return path


def test_train_stops_with_the_reason_and_goes_on_only_when_told(leaking_ward, verb, tmp_path):
    words = ("train", "--records", leaking_ward, "--format", "table", "--outcome", "severe_crs",
             "--repeats", 1, "--no-variants", "--no-track", "--learn-every", "24h")  # fmt: skip
    refused = verb(*words, "--out", tmp_path / "refused")
    assert refused.error.startswith("leak: bound to the event: severe_crs: within 24 h")
    assert "anakinra" in refused.error
    assert "--accept-leaks" in refused.error
    config = TrainingConfig(
        leaking_ward, "table", tmp_path / "b", (CRS,), repeats=1, bootstrap=5, variants=False,
        learn_every=DAY, accept_leaks=True,
    )  # fmt: skip
    run = train(config)
    metrics = json.loads((tmp_path / "b" / "metrics.json").read_text("utf-8"))
    assert "anakinra" in {leak["place"] for leak in metrics["leaks"] if leak["severity"] == "stop"}
    assert "leaks that were accepted" in (tmp_path / "b" / "MODEL_CARD.md").read_text("utf-8")
    values = page_values(run.evaluation, {}, report_context(run.bundle, config, ""))
    page = render(values)
    assert "LEAKS WERE ACCEPTED" in page


@pytest.mark.parametrize("seed", [1, 3])
def test_half_the_limit_of_one_of_two_laboratories_is_no_fill(draw_events, seed):
    """One prints "<5", read as 2.5; of the other's patients some reach 2.5 and lower, honestly."""
    random, lines = np.random.default_rng(seed), []
    for number in range(60):
        for day in range(6):
            grade = float(number % 3 == 0 and day >= 3)
            spread = 1.0 if number < 30 else 0.6
            crp = round(float(np.exp(random.normal(1.3 + 3.0 * grade, spread))), 1)
            if number < 30:
                crp = 2.5 if crp < 5.0 else crp
            lines.append((f"p{number}", "crs_grade", 24.0 * day, grade))
            lines.append((f"p{number}", "crp", 24.0 * day, crp))
    assert filled_values(draw_events(*lines), (CRS,)) == []
