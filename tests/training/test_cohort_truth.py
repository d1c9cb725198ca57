"""What only the simulator can tell: what-if, the measuring rod and its page."""

import dataclasses

import numba
import numpy as np
import pandas as pd
import pytest

from features.catalogue import STATES
from features.crs import hypotension_grade, hypoxia_grade
from training.cohort import simulate
from training.cohort.calibrate import refit
from training.cohort.centres import centre
from training.cohort.chance import patient_keys
from training.cohort.choices import UnknownChoiceError
from training.cohort.clinicians.care import OXYGEN_DEVICES
from training.cohort.comparison import compare
from training.cohort.experiments import ONE_BODY
from training.cohort.fitted import FITTED
from training.cohort.lives import Lives, live_study
from training.cohort.measures import infection_density, more_than_one_event, recurrence
from training.cohort.people import People, make_people
from training.cohort.policies import POLICIES
from training.cohort.products import Product, product
from training.cohort.simulation import live
from training.cohort.studies import STUDIES, study
from training.cohort.targets import TARGETS, Target, Verdict, wilson


def crowd(key: str, patients: int) -> tuple[People, tuple[Product, ...]]:
    products = (product(key),)
    return make_people(patient_keys(7, 0, patients), products), products


def test_another_policy_meets_the_same_patients_with_the_same_chance() -> None:
    usual, other = (simulate(40, 3, ("axicabtagene_ciloleucel",), days=12, policy=key).truth
                    for key in ("usual", "no_tocilizumab"))  # fmt: skip
    before = (
        usual["il6_receptors_blocked"].groupby(usual["patient_id"], observed=True).cummax() == 0
    )
    both = usual.merge(other, on=["patient_id", "time"], suffixes=("", "_other"))
    untreated = both["il6_receptors_blocked"] == 0
    never = ~both["patient_id"].isin(both.loc[~untreated, "patient_id"])
    assert before.any()
    assert never.any()
    np.testing.assert_array_equal(both.loc[never, "crp"], both.loc[never, "crp_other"])
    treated = both[~never & (both["il6_receptors_blocked"] > 0.8)]
    assert (treated["crp"] < treated["crp_other"]).mean() > 0.8


def test_prophylaxis_prevents_crs_and_blinds_crp() -> None:
    people, products = crowd("teclistamab", 150)
    ward = centre("university")
    by_policy = {row.key: row for row in POLICIES}
    usual = live(people, products, ward, 12)
    protected = live(people, products, ward, 12, by_policy["prophylaxis"].table(ward))
    sick, spared = (history.care["grade"].max(axis=0) >= 1 for history in (usual, protected))
    assert spared.mean() < 0.5 * sick.mean()
    crp = [history.labs[168:].max(axis=0)[:, 0] for history in (usual, protected)]
    assert np.median(crp[1]) < 0.5 * np.median(crp[0])


def test_infection_under_blockade_shows_less_crp() -> None:
    people, products = crowd("teclistamab", 120)
    never_dosed = (dataclasses.replace(products[0], doses=()),)
    physiology = people.constants.copy()
    physiology["infection_per_day"] = 0.2
    people = dataclasses.replace(people, constants=physiology)
    ward, by_policy = centre("university"), {row.key: row for row in POLICIES}
    open_, blocked = (
        live(people, products, ward, 10, table)
        for table in (by_policy["usual"].table(ward), by_policy["prophylaxis"].table(ward))
    )
    alone = live(people, never_dosed, ward, 10)
    assert alone.state["drive"].max() == 0.0
    ill = (open_.state["burden"] > 0.5) & (blocked.state["burden"] > 0.5)
    ill &= (blocked.state["blocked"] > 0.9) & (open_.state["blocked"] < 0.1)
    assert ill.sum() > 100
    assert np.median(blocked.labs[ill][:, 0]) < 0.4 * np.median(open_.labs[ill][:, 0])


@pytest.mark.parametrize("key", ["majestec_1", "zuma_1", "unicar"])
def test_halving_the_step_changes_the_grade_of_fewer_than_one_in_two_hundred(key: str) -> None:
    where = study(key)
    products = (where.treatment(),)
    people = make_people(patient_keys(11, 0, 600), products)
    worst = [
        live(people, products, centre("university"), 14, steps_per_hour=steps)
        .care["grade"].max(axis=0)
        for steps in (4, 8)
    ]  # fmt: skip
    assert (worst[0] != worst[1]).mean() < 1 / 200


@pytest.mark.parametrize("threads", [1, 2])
def test_threads_change_nothing(threads: int) -> None:
    before = numba.get_num_threads()
    if threads > before:
        pytest.skip("numba may use one thread only here")
    numba.set_num_threads(threads)
    try:
        records = simulate(410, 5, days=1).records
    finally:
        numba.set_num_threads(before)
    pd.testing.assert_frame_equal(records, simulate(410, 5, days=1).records)


def lives(events: list[tuple[int, int, bool]], patients: int = 4) -> Lives:
    """Patients drawn by their events: (patient, start hour, tocilizumab)."""
    table = pd.DataFrame(events, columns=["patient", "start", "tocilizumab"])
    people = pd.DataFrame({"patient": range(patients), "alive_h": 240.0})
    infections = pd.DataFrame({"patient": [0, 1], "day": [2.0, 40.0]})
    return Lives(people, table, infections)


def test_events_and_recurrences_are_counted_by_hand() -> None:
    drawn = lives([(0, 5, True), (1, 5, False), (1, 90, True), (2, 7, False), (0, 99, False)])
    assert more_than_one_event(drawn) == 50.0
    assert recurrence(tocilizumab=True)(drawn) == 100.0
    assert recurrence(tocilizumab=False)(drawn) == 50.0
    assert infection_density(0, 10)(drawn) == pytest.approx(100.0 * 1 / 40)


def test_a_target_is_inside_near_or_outside() -> None:
    target = Target("X", "zuma_1", "CRS, %", 50.0, lambda _: 0.0, "nowhere", 100)
    low, high = wilson(50.0, 100)
    assert (round(low, 1), round(high, 1)) == (40.4, 59.6)  # Wilson 1927 for 50 of 100
    assert target.verdict(41.0) is Verdict.INSIDE
    assert target.verdict(61.0) is Verdict.NEAR
    assert target.verdict(75.0) is Verdict.OUTSIDE
    assert target.verdict(float("nan")) is Verdict.OUTSIDE


def test_every_target_names_a_study_and_every_fit_too() -> None:
    keys = {row.key for row in STUDIES}
    assert {target.study for target in TARGETS} <= keys | {ONE_BODY}
    assert set(FITTED) <= keys
    assert len({target.key for target in TARGETS}) == len(TARGETS)
    with pytest.raises(UnknownChoiceError, match="'zuma_9' is unknown"):
        study("zuma_9")


def test_the_comparison_has_one_line_a_target_of_the_study() -> None:
    found = compare(40, seed=1, studies=("magnetismm_3",))
    assert list(found["key"]) == ["T30", "T31"]
    assert found["simulated"].between(0, 100).all()


def test_a_refit_comes_back_to_the_same_values() -> None:
    where = study("magnetismm_3")
    one, other = (refit(where, patients=30, seed=2, trials=12) for _ in range(2))
    assert one == other
    again = live_study(where, 30, 2, one)
    assert len(again.people) == 30


def test_the_projects_own_astct_table_gives_the_simulators_grade() -> None:
    """Noise-free signs and support of every check, graded by features.crs, where only CRS ails."""
    people, products = crowd("axicabtagene_ciloleucel", 300)
    history = live(people, products, centre("university"), 21)
    care, grade = history.care, history.care["grade"]
    hour = np.arange(len(grade))[:, None]
    low = hour - care["hypotension_at"] <= 6  # as long as the clinicians count a low pressure
    years = np.broadcast_to(people.persons["age"], grade.shape)
    pressure = hypotension_grade(
        np.where(low, 0.0, 200.0), np.full(grade.shape, np.nan), years, care["vasopressors"]
    )
    codes = np.array([STATES["oxygen_device"].words[name] for name in OXYGEN_DEVICES])
    device = codes[care["oxygen_device"]]
    flow = np.where(device == 1, care["oxygen_flow"], np.nan)
    oxygen = hypoxia_grade(device.astype(float), flow, np.full(grade.shape, np.nan))
    by_table = np.maximum(1.0, np.fmax(pressure, oxygen))
    alone = (grade > 0) & care["checked"] & ~(history.state["infection"] > 0).any(axis=0)
    assert (grade[alone] >= 3).sum() > 200
    assert (by_table[alone] == grade[alone]).all()
