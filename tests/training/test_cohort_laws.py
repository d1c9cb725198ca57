"""The laws of the virtual body: what must hold whoever the virtual patients are."""

import dataclasses
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from training.cohort.body.hour import advance
from training.cohort.centres import centre
from training.cohort.chance import patient_keys
from training.cohort.clinicians.hour import decide
from training.cohort.compiled import SOURCES, _digest
from training.cohort.laboratories import CRP, IL6, PLACE
from training.cohort.observation import History
from training.cohort.parameters import CLOCK_AT_START, POLICY
from training.cohort.people import People, make_people
from training.cohort.products import PRODUCTS, product
from training.cohort.simulation import beginning, live, simulate
from training.cohort.world import make_world

FIRST_DOSE = 168  # hours: the simulation starts a week before


def treated(people: People, key: str, days: int = 12, **policy: float) -> History:
    """These people under one product, with some of the policy's numbers replaced."""
    table = tuple(dataclasses.replace(row, value=policy.get(row.name, row.value)) for row in POLICY)
    return live(people, (product(key),), centre("university"), days, table)


def crowd(patients: int, key: str, seed: int = 4) -> People:
    return make_people(patient_keys(seed, 0, patients), (product(key),))


@cache
def cohort() -> pd.DataFrame:
    return simulate(150, seed=12).truth


@pytest.mark.parametrize("key", ["teclistamab", "glofitamab", "axicabtagene_ciloleucel"])
def test_without_a_dose_there_is_no_cytokine(key: str) -> None:
    never_dosed = dataclasses.replace(product(key), doses=())
    people = make_people(patient_keys(1, 0, 60), (never_dosed,))
    history = live(people, (never_dosed,), centre("university"), 14)
    assert history.state["drive"].max() == 0.0
    assert history.state["leak"].max() == 0.0
    healthy = history.state["burden"].max(axis=0) == 0.0
    assert healthy.sum() > 30
    il6 = history.labs[:, healthy, IL6]
    np.testing.assert_allclose(
        il6, np.broadcast_to(people.rest[healthy, IL6], il6.shape), rtol=1e-5
    )
    crp = history.labs[:, healthy, CRP]
    np.testing.assert_allclose(
        crp, np.broadcast_to(people.rest[healthy, CRP], crp.shape), rtol=1e-5
    )


def test_before_the_first_dose_nobody_has_crs() -> None:
    truth = cohort()
    before = truth[truth["hours_from_first_dose"] <= 0]
    assert (before["crs_grade"] == 0).all()
    assert (before["cytokine_drive"] == 0).all()


def test_more_tumour_means_more_severe_crs() -> None:
    people = crowd(150, "axicabtagene_ciloleucel")

    def severe(burden: float) -> float:
        persons = people.persons.copy()
        persons["burden_score"] = burden
        history = treated(dataclasses.replace(people, persons=persons), "axicabtagene_ciloleucel")
        return float((history.care["grade"].max(axis=0) >= 3).mean())

    assert severe(1.5) > severe(-1.5) + 0.05


def test_tocilizumab_raises_measured_il6_and_lowers_crp() -> None:
    people = crowd(120, "axicabtagene_ciloleucel")
    given = treated(people, "axicabtagene_ciloleucel")
    withheld = treated(people, "axicabtagene_ciloleucel", tocilizumab_doses=0.0)
    first = np.argmax(given.care["tocilizumab"] > 0, axis=0)
    blocked = np.flatnonzero((first > 0) & (first < given.hours - 60))
    assert len(blocked) > 20

    def paired(history: History, analyte: int, hours: int) -> np.ndarray:
        return history.labs[first[blocked] + hours, blocked, analyte]

    il6 = paired(given, IL6, 6) / paired(withheld, IL6, 6)
    assert np.median(il6) > 2.0
    crp = paired(given, CRP, 48) / paired(withheld, CRP, 48)
    assert np.median(crp) < 0.6


def test_crp_falls_with_its_half_life_once_il6_is_blocked() -> None:
    people = crowd(120, "axicabtagene_ciloleucel")
    history = treated(people, "axicabtagene_ciloleucel")
    halved = []
    for patient in range(len(people.keys)):
        doses = np.flatnonzero(history.care["tocilizumab"][:, patient] > 0)
        if len(doses) and doses[-1] + 31 < len(history.labs):
            crp = history.labs[doses[-1] + np.array([12, 31]), patient, CRP]
            if crp[0] > 30 and history.state["burden"][:, patient].max() == 0:
                halved.append(crp[1] / crp[0])
    assert len(halved) > 5
    # Without any production 19 h halve it; what is left of production can only slow the fall.
    assert min(halved) >= 0.5
    assert np.median(halved) < 0.62


def test_every_step_up_dose_meets_a_less_willing_t_cell() -> None:
    """The full dose at once makes a stronger stimulus than the same dose after its steps."""
    stepped = product("teclistamab")
    people = make_people(patient_keys(9, 0, 80), (stepped,))
    at_once = dataclasses.replace(stepped, doses=(stepped.doses[2],))
    whole = live(people, (at_once,), centre("university"), 12).state["stimulus"].max(axis=0)
    steps = live(people, (stepped,), centre("university"), 20).state["stimulus"].max(axis=0)
    assert np.median(whole) > 1.3 * np.median(steps)


def test_infection_shows_only_after_a_hidden_beginning() -> None:
    truth = cohort()
    onsets = truth.index[truth["infection_onset"]]
    assert len(onsets) > 10
    day_before = truth.loc[onsets - 12]
    assert (day_before["infection_burden"] < truth.loc[onsets, "infection_burden"].to_numpy()).all()
    assert not day_before["infection"].any()


def test_crs_and_infection_are_as_frequent_as_asked_for_training() -> None:
    truth = simulate(600, seed=3, days=28).truth
    worst = truth.groupby("patient_id", observed=True)["crs_grade"].max()
    infected = truth.groupby("patient_id", observed=True)["infection_onset"].any()
    # 600 patients: binomial SD 0.010 and 0.016 around 0.06 and 0.20
    assert 0.03 <= (worst >= 3).mean() <= 0.10
    assert 0.14 <= infected.mean() <= 0.28


def test_tocilizumab_lowers_the_risk_of_severe_crs() -> None:
    people = crowd(600, "axicabtagene_ciloleucel")
    given, withheld = (
        (treated(people, "axicabtagene_ciloleucel", **policy).care["grade"] >= 3).any(axis=0)
        for policy in ({}, {"tocilizumab_doses": 0.0})
    )
    assert given.sum() > 10
    assert withheld.sum() > 1.3 * given.sum()


@pytest.mark.parametrize("key", [row.key for row in PRODUCTS])
def test_levels_stay_positive_and_finite(key: str) -> None:
    history = treated(crowd(25, key), key, days=30)
    assert np.isfinite(history.labs).all()
    assert (history.labs > 0.0).all()
    for name in ("stimulus", "drive", "il6", "blocked", "bound", "leak", "burden"):
        assert (history.state[name] >= 0.0).all(), name
    assert (history.state["blocked"] <= 1.0).all()
    assert history.state["temperature"].min() > 34.0
    assert history.state["temperature"].max() < 43.0


def test_no_drug_is_lost_but_by_elimination() -> None:
    """Where nothing is eliminated, depot, lymph and blood hold every dose that was given."""
    endless = dataclasses.replace(product("teclistamab"), elimination_half_life_h=1e12)
    people = make_people(patient_keys(4, 0, 20), (endless,))
    people.constants["target_clearance"] = 0.0
    world = make_world(people, (endless,), centre("university"), POLICY)
    body = beginning(people, world)
    given = np.zeros(20)
    for hour in range(FIRST_DOSE + 24 * 10):
        clock = (CLOCK_AT_START + hour) % 24
        decide(hour, clock, world, body.state, body.labs, body.care)
        given += body.care["therapy"]
        advance(hour, clock, world, body.state, body.labs, body.care)
    held = body.state["depot"] + body.state["lymph"] + body.state["drug"]
    alive = body.state["alive"]
    assert (given[alive] > 0.0).all()
    np.testing.assert_allclose(held[alive], given[alive], rtol=1e-9)


def test_prophylaxis_is_one_dose_even_where_the_dose_is_put_off() -> None:
    history = treated(crowd(150, "teclistamab"), "teclistamab", prophylaxis_before_dose=2.0)
    given = history.care["tocilizumab"] > 0
    sick = np.maximum.accumulate(history.care["charted"] > 0, axis=0)
    without_crs = given & ~sick
    assert without_crs.any(axis=0).mean() > 0.5
    for one in np.flatnonzero(without_crs.sum(axis=0) > 1):  # put off for more than a week
        assert (np.diff(np.flatnonzero(without_crs[:, one])) >= 168).all()
    assert (without_crs.sum(axis=0) > 1).mean() < 0.05


def test_a_virus_raises_procalcitonin_less_than_bacteria_in_the_blood() -> None:
    people = crowd(1500, "axicabtagene_ciloleucel")
    history = treated(people, "axicabtagene_ciloleucel", days=28)
    hour, patient = np.nonzero(history.state["onset"])
    later = np.minimum(hour + 24, history.hours - 1)
    kind = history.state["infection"][hour, patient]
    level = history.labs[later, patient, PLACE["procalcitonin"]]
    bloodstream, viral = (np.median(level[kind == number]) for number in (1, 4))
    assert bloodstream > 2.5 * viral


def test_some_infections_show_within_a_day_of_their_beginning() -> None:
    people = crowd(1500, "axicabtagene_ciloleucel")
    history = treated(people, "axicabtagene_ciloleucel", days=28)
    hour, patient = np.nonzero(history.state["onset"])
    ill = history.state["infection"] > 0
    begun = np.array([h - np.argmin(ill[h::-1, p]) + 1 for h, p in zip(hour, patient, strict=True)])
    waited = hour - begun
    assert 0.2 < (waited < 24).mean() < 0.8


def test_compiled_code_is_made_anew_when_any_of_its_files_changes(tmp_path: Path) -> None:
    (tmp_path / "body").mkdir()
    (tmp_path / "body" / "drugs.py").write_text("half_life = 19\n")
    before = _digest(tmp_path)
    (tmp_path / "body" / "drugs.py").write_text("half_life = 20\n")
    assert _digest(tmp_path) != before
    sources = [cell.cell_contents for cell in advance.py_func.__closure__]
    assert sources == [SOURCES]  # in the key of numba's cache
