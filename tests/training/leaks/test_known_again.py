"""Patients known again by what was measured of them, however their records were cut or renamed."""

import hashlib
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.harmonise import harmonise
from models.bundle import load_bundle, save_bundle
from models.sketches import unpacked
from training.judging.judged import Seen
from training.leaks import Learnt, Severity, recognised
from training.leaks.fingerprints import fingerprints
from training.leaks.folds import one_person_twice
from training.leaks.known_again import Recognition, known_again, seen_before, told
from training.leaks.shingles import shingles
from training.leaks.sketches import texts

DAY = pd.Timedelta(hours=24)
ANALYTES = ("creatinine", "crp", "ldh", "platelets")  # as they stand within a moment


@pytest.fixture(scope="module")
def plain(ward_events):
    return ward_events.astype({"patient_id": "str", "key": "str"})


@pytest.fixture(scope="module")
def learnt(plain):
    return Learnt.of(plain)


def first_days_cut(events):
    first = events.groupby("patient_id")["time"].transform("min")
    return events[events["time"] >= first + 2 * DAY]


def last_half_cut(events):
    times = events.groupby("patient_id")["time"]
    return events[events["time"] <= times.transform("min") + 4 * DAY]


def first_value_lost(events):
    first = events[events["key"] == "crp"].drop_duplicates("patient_id")
    return events.drop(index=first.index)


def renamed(events):
    return events.assign(patient_id="x" + events["patient_id"])


def later(events):
    shift = pd.Timedelta(days=40, minutes=17)
    return events.assign(time=events["time"] + shift, known_time=events["known_time"] + shift)


def in_another_order(events):
    return events.sample(frac=1.0, random_state=1)


def twice_written(events):
    return pd.concat([events, events], ignore_index=True)


def a_twentieth_lost(events):
    return events[np.random.default_rng(1).random(len(events)) >= 0.05]


CHANGES = (first_days_cut, last_half_cut, first_value_lost, renamed, later, in_another_order,
           twice_written)  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_patients_are_known_again_whatever_became_of_their_records(plain, learnt, change):
    assert recognised(learnt, change(plain)) == Recognition(80, 80)


def test_most_are_known_again_where_all_of_it_happened_to_some_twenty_values(plain, learnt):
    changed = plain
    for change in (first_days_cut, a_twentieth_lost, renamed, later, in_another_order):
        changed = change(changed)
    assert recognised(learnt, changed).again > 50


def test_a_part_that_was_learnt_from_is_known_in_the_whole(plain):
    assert recognised(Learnt.of(first_days_cut(plain)), renamed(plain)) == Recognition(80, 80)


def test_another_unit_is_another_way_to_write_the_same_value(ward_records, learnt):
    in_mg_dl = ward_records.copy()
    crp = in_mg_dl["code"] == "crp"
    in_mg_dl.loc[crp, "numeric_value"] /= 10.0
    in_mg_dl.loc[crp, "unit"] = "mg/dL"
    assert recognised(learnt, harmonise(in_mg_dl).events) == Recognition(80, 80)


def test_others_are_strangers_under_the_names_of_those_learnt_from(plain):
    order = sorted(plain["patient_id"].unique())
    others = plain[plain["patient_id"].isin(order[40:])]
    swapped = others.assign(
        patient_id=others["patient_id"].map(dict(zip(order[40:], order[:40], strict=True)))
    )
    one = Learnt.of(plain[plain["patient_id"].isin(order[:40])])
    assert recognised(one, swapped) == Recognition(0, 40)


# Shingles and sketches


def drawn(draw_events, count, value=lambda n: 10.0 + n):
    return draw_events(*(("p", ANALYTES[n % 4], n // 4, value(n)) for n in range(count)))


def test_a_shingle_is_the_digest_of_twelve_values_in_order(draw_events):
    lines = [f"{ANALYTES[n % 4]}|{10 + n}" for n in range(12)]
    codes = b"".join(hashlib.sha256(line.encode()).digest()[:8] for line in lines)
    expected = int.from_bytes(hashlib.sha256(codes).digest()[:4], "little")
    found = shingles(drawn(draw_events, 12))
    assert found["shingle"].tolist() == [expected]
    nearly = drawn(draw_events, 12, lambda n: (10.0 + n) * (1.0 + 1e-6))
    assert shingles(nearly)["shingle"].tolist() == [expected]


@pytest.mark.parametrize(("count", "able"), [(11, 0), (12, 0), (13, 1), (40, 1)])
def test_thirteen_values_of_one_kind_are_enough_to_tell(draw_events, count, able):
    events = drawn(draw_events, count)
    assert len(texts(shingles(events))) == able
    assert recognised(Learnt(frozenset(["AQAAAA=="])), events) == Recognition(0, able)


def test_a_run_of_the_same_few_values_is_nobodys(draw_events):
    assert shingles(drawn(draw_events, 40, lambda n: 98.0 + n // 4 % 2)).empty is False
    saturations = [("p", "spo2", n, 98.0 + n % 2) for n in range(40)]
    assert shingles(draw_events(*saturations)).empty


def test_a_sketch_is_small_and_always_the_same(draw_events):
    long = drawn(draw_events, 400, lambda n: 10.0 + n * n % 89)
    (text,) = texts(shingles(long))
    hashes, _ = unpacked([text])
    assert (hashes == np.sort(shingles(long)["shingle"])[:24]).all()
    assert len(f' "{text}",\n') * 6096 < 1_000_000
    assert texts(shingles(in_another_order(long))) == {text}
    assert texts(shingles(long.iloc[:0])) == frozenset()


# Bundles


def saved(bundle, reference, folder):
    save_bundle(folder, 24.0, bundle.card, bundle.models, reference, {"outcomes": {}}, "# Card\n")
    return load_bundle(folder)


def test_a_bundle_knows_its_patients_again(ward_bundle, ward_cohort, learnt, tmp_path):
    some = tuple(sorted(learnt.sketches)[:30])
    bundle = saved(ward_bundle, replace(ward_bundle.reference, sketches=some), tmp_path / "b")
    assert bundle.reference.sketches == some
    found = known_again(bundle, ward_cohort.source)
    assert found == Recognition(30, 80)
    seen = seen_before(bundle, ward_cohort.source, found.again)
    assert seen is Seen.SOME_OF_TRAINING
    assert "30 OF THESE 80 PATIENTS" in told(seen, found, 80, learnt)
    assert seen_before(bundle, ward_cohort.source, 80) is Seen.TRAINING_RECORDS


def test_an_older_bundle_knows_them_by_their_first_values(ward_bundle, ward_cohort, plain):
    prints = fingerprints(plain)
    older = replace(ward_bundle.reference, patients=tuple(sorted(prints.iloc[:30])))
    bundle = replace(ward_bundle, reference=older)
    assert known_again(bundle, ward_cohort.source) == Recognition(30, 80)
    strange = recognised(Learnt.by(older), first_days_cut(plain))
    assert strange.again == 0
    assert "knows first values alone" in told(Seen.OTHER_RECORDS, strange, 80, Learnt.by(older))


def test_nothing_more_is_said_than_is_known(ward_bundle, ward_cohort):
    none = known_again(ward_bundle, ward_cohort.source)
    assert none == Recognition(0, 0)
    assert "cannot be told" in told(Seen.OTHER_RECORDS, none, 80, Learnt())
    said = told(Seen.OTHER_RECORDS, Recognition(0, 71), 80, Learnt(frozenset("s")))
    assert said == (
        "No patient of these records was recognised as one that the model learnt from (71 of 80 "
        "have enough measurements to tell)."
    )


# One person under two names


def crowd(people, twins):
    """Fifteen values of each patient, and twins of the first without their earliest."""
    random = np.random.default_rng(3)
    whole = pd.DataFrame(
        {
            "patient_id": np.repeat([f"p{n:04}" for n in range(people)], 15),
            "time": pd.Timestamp("2026-01-01", tz="UTC")
            + pd.to_timedelta(np.tile(np.arange(15), people), unit="h"),
            "until_time": pd.Series(pd.NaT, index=range(15 * people), dtype="datetime64[us, UTC]"),
            "key": np.tile([ANALYTES[n % 4] for n in range(15)], people),
            "value": random.lognormal(3.0, 1.0, 15 * people),
        }
    )
    copied = whole[(whole["patient_id"] < f"p{twins:04}") & (whole.index % 15 > 0)]
    copied = copied.assign(patient_id="z" + copied["patient_id"])
    return pd.concat([whole, copied], ignore_index=True)


@pytest.mark.parametrize(
    ("people", "twins", "told_of", "severity"),
    [(140, 60, "60 patients have another's", Severity.STOP),
     (1200, 1, "1 patient has another's", Severity.TELL),
     (1200, 2, "2 patients have another's", Severity.STOP)],
)  # fmt: skip
def test_people_under_two_names_stop_the_run_where_they_are_more_than_one_in_a_thousand(
    people, twins, told_of, severity
):
    (found,) = one_person_twice(crowd(people, twins))
    assert told_of in found.sentence
    assert f"the 1. and the {people + 1}. of {people + twins}" in found.sentence
    assert found.severity is severity


def test_many_names_of_one_person_are_counted_once_each():
    events = crowd(50, 1)
    third = events[events["patient_id"] == "zp0000"].assign(patient_id="zz")
    (found,) = one_person_twice(pd.concat([events, third], ignore_index=True))
    assert "2 patients have another's" in found.sentence
    assert one_person_twice(crowd(50, 0)) == []
