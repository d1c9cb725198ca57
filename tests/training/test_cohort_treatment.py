"""What the virtual clinicians give, believe and write down, and what it does to the body."""

import dataclasses

import numpy as np
import pytest

from features.catalogue import ANALYTES
from training.cohort.body.hour import advance
from training.cohort.centres import centre
from training.cohort.chance import patient_keys
from training.cohort.laboratories import PLACE
from training.cohort.observation import History, Observer
from training.cohort.parameters import POLICY
from training.cohort.people import People, make_people
from training.cohort.policies import policy
from training.cohort.products import Product, product
from training.cohort.simulation import beginning, live
from training.cohort.world import make_world

FIRST_DOSE = 168  # hours: the simulation starts a week before
WARD = centre("university")


def crowd(key: str, patients: int, seed: int = 9) -> tuple[People, tuple[Product, ...]]:
    products = (product(key),)
    return make_people(patient_keys(seed, 0, patients), products), products


def treated(key: str, patients: int, days: int, **habits: float) -> History:
    people, products = crowd(key, patients)
    table = tuple(dataclasses.replace(row, value=habits.get(row.name, row.value)) for row in POLICY)
    return live(people, products, WARD, days, table)


def often_infected(people: People, per_day: float) -> People:
    constants = people.constants.copy()
    constants["infection_per_day"] = per_day
    return dataclasses.replace(people, constants=constants)


def levels_after(drug: str, dose_per_kg: float, hours: int) -> np.ndarray:
    """Level of `drug` (mg/L) by the hour after one dose at hour 0, nobody else doing anything."""
    people, products = crowd("teclistamab", 1)
    world = make_world(people, products, WARD, POLICY)
    state, labs, care = beginning(people, world)
    found = []
    for hour in range(hours):
        care[drug] = dose_per_kg * people.persons["weight"] if hour == 0 else 0.0
        advance(hour, 8, world, state, labs, care)
        found.append(float(state[drug][0]))
    return np.array(found)


def test_tocilizumab_leaves_the_faster_the_less_of_it_there_is() -> None:
    level = levels_after("tocilizumab", 8.0, 40 * 24)
    half_life = -np.log(2.0) / np.gradient(np.log(level)) / 24.0
    high, low = np.argmin(abs(level - 60.0)), np.argmin(abs(level - 1.0))
    # k = 0.047 + 1.17 / (2.7 + C) a day, by hand: 10.7 d at 60 mg/L, 1.9 d at 1 mg/L
    assert half_life[high] == pytest.approx(10.7, rel=0.03)
    assert half_life[low] == pytest.approx(1.9, rel=0.05)


def test_an_infusion_holds_its_level_and_is_gone_within_a_day_of_its_end() -> None:
    history = treated("blinatumomab", 40, 10)
    running = (history.care["dose"] > 0).sum(axis=0) == 10  # no bag was missed
    people, products = crowd("blinatumomab", 40)
    world = make_world(people, products, WARD, POLICY)
    state, labs, care = beginning(people, world)
    care["therapy"], care["dosed_at"] = 1.0, 0
    for hour in range(72):
        advance(hour, 8, world, state, labs, care)
        care["therapy"] = 0.0
        if hour == 20:
            assert state["drug"] == pytest.approx(1.0, rel=0.01)
    assert running.any()
    assert (state["drug"] < 1e-4).all()  # half-life 2.1 h: 48 h are 23 half-lives


def test_a_fever_after_a_dose_is_charted_as_crs_until_its_infection_is_known() -> None:
    people, products = crowd("axicabtagene_ciloleucel", 300)
    history = live(often_infected(people, 0.05), products, WARD, 14)
    care, state = history.care, history.state
    wrongly = (care["charted"] > 0) & (care["grade"] == 0) & (state["drive"] < 0.05)
    before = np.arange(history.hours)[:, None] < FIRST_DOSE
    assert not (wrongly & before).any()  # nobody has CRS before the cells
    began = wrongly & ~np.vstack([wrongly[:1] & False, (care["charted"] > 0)[:-1]])
    assert began.any(axis=0).mean() > 0.05
    named = np.zeros_like(began)
    for hour, patient in np.argwhere(care["documented"] > 0):
        named[hour + 1 : hour + 73, patient] = True  # being treated as what it is
    assert (began & named).sum() < 0.1 * began.sum()


def test_a_late_fever_is_no_crs_to_a_ward() -> None:
    people, products = crowd("teclistamab", 200)
    once = (dataclasses.replace(products[0], doses=products[0].doses[:1]),)
    history = live(often_infected(people, 0.05), once, WARD, 21)
    dosed = (history.care["dose"] > 0).argmax(axis=0)  # fever may have put the dose off
    days_later = np.arange(history.hours)[:, None] > dosed + 8 * 24
    febrile = (history.state["burden"] > 0.3) & (history.state["temperature"] > 38.3)
    assert (febrile & days_later).sum() > 100
    fresh = history.care["charted"] > 0
    began = fresh & ~np.vstack([np.zeros_like(fresh[:1]), fresh[:-1]])
    assert not (began & days_later).any()


def test_some_infections_are_never_recognised_and_some_are_presumed() -> None:
    history = treated("axicabtagene_ciloleucel", 800, 28)
    onsets = history.state["onset"].sum()
    documented = history.care["documented"] > 0
    true = documented & (history.state["infection"] > 0)
    presumed = documented & ~(history.state["infection"] > 0)
    assert 0.6 < true.sum() / onsets < 0.97
    assert presumed.sum() > 5
    late = history.care["documented_onset"][documented] <= np.nonzero(documented)[0]
    assert late.all()  # nothing is written down before it began


def test_immunoglobulin_raises_igg_and_spares_infections() -> None:
    people, products = crowd("teclistamab", 300)
    people = often_infected(people, 0.004)
    none, all_ = (
        live(people, products, WARD, 120,
             tuple(dataclasses.replace(row, value=share) if row.name == "immunoglobulin_share"
                   else row for row in POLICY))
        for share in (0.0, 1.0)
    )  # fmt: skip
    assert not (none.care["immunoglobulin"] > 0).any()
    igg = PLACE["igg"]
    late = slice(FIRST_DOSE + 60 * 24, None)
    given = (all_.care["immunoglobulin"] > 0).any(axis=0)
    assert given.mean() > 0.5
    assert np.median(all_.labs[late][:, given, igg]) > np.median(none.labs[late][:, given, igg]) + 1
    counts = [history.state["onset"][late].sum() for history in (none, all_)]
    assert counts[1] < counts[0]


def test_grade_4_is_given_a_gram_of_methylprednisolone_a_day() -> None:
    history = treated("axicabtagene_ciloleucel", 600, 14, steroid_grade_3_share=1.0)
    given = history.care["methylprednisolone"] > 0
    assert given.any()
    assert (history.care["charted"][given] >= 4).all()
    hour, patient = np.nonzero(given)
    for one in set(patient):
        assert (np.diff(np.sort(hour[patient == one])) >= 24).all()


def test_doses_after_the_first_fall_between_eight_and_two() -> None:
    history = treated("teclistamab", 80, 21)
    hour, patient = np.nonzero(history.care["dose"] > 0)
    clock = (hour + 8) % 24
    first = np.r_[True, False]  # the first dose of each patient is at eight
    order = np.lexsort((hour, patient))
    new = np.r_[first[:1], np.diff(patient[order]) > 0]
    assert (clock[order][new] == 8).all()
    later = clock[order][~new]
    assert set(later) <= set(range(8, 14))
    assert len(set(later)) > 3


def test_the_crp_rule_reads_what_is_printed() -> None:
    people, products = crowd("teclistamab", 60)
    table = policy("crp_rule").tables(WARD, products)
    history = live(people, products, WARD, 21, table)
    printed = [row for row in Observer(history, WARD).rows()
               if row.code == f"LOINC//{ANALYTES['crp'].loinc[0]}"]  # fmt: skip
    known = {
        (int(p), int(m) // 60): value
        for row in printed for p, m, value in zip(row.patient, row.minute, row.value, strict=True)
    }  # fmt: skip
    start = people.persons["first_dose_day"] * 24 - FIRST_DOSE
    hour, patient = np.nonzero(history.care["siltuximab"] > 0)
    read = [known[key] for key in
            ((int(p), int(start[p] + h - 2)) for h, p in zip(hour, patient, strict=True))
            if key in known]  # fmt: skip
    assert len(read) > 5
    assert min(read) > 39.9  # printed to four digits


def test_a_long_pause_repeats_the_dose_before() -> None:
    history = treated("teclistamab", 300, 40, step_back_after_h=1.0)
    dose = history.care["dose"]
    order = [dose[:, one][dose[:, one] > 0] for one in range(dose.shape[1])]
    fell_back = [np.any(np.diff(given) < -1e-9) or np.any(np.diff(given[:3]) == 0)
                 for given in order if len(given) > 2]  # fmt: skip
    assert np.mean(fell_back) > 0.02


def test_a_poor_ward_gives_what_it_has() -> None:
    people, products = crowd("ciltacabtagene_autoleucel", 500)
    poor = centre("low_income")
    history = live(people, products, poor, 14, policy("usual").tables(poor, products))
    assert history.care["oxygen_device"].max() <= 2
    assert history.care["vasopressors"].max() == 1
    assert not (history.care["immunoglobulin"] > 0).any()
    assert (history.care["charted"] >= 3).any()
