"""What one body shows after one stimulus or one dose: kinetics without a study around them.

Patients get a single intravenous dose of an engager, or siltuximab alone; nobody treats them.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from training.cohort.body.hour import advance
from training.cohort.centres import centre
from training.cohort.chance import patient_keys
from training.cohort.laboratories import CRP
from training.cohort.observation import History
from training.cohort.parameters import HOURS_BEFORE_FIRST_DOSE, POLICY
from training.cohort.people import make_people
from training.cohort.products import Dose, Product, product
from training.cohort.simulation import beginning, live
from training.cohort.world import make_world

ONE_BODY = "one_body"
"""Where a target stands in the place of a study."""

STIMULUS, STIMULUS_MG = "glofitamab", 10.0
"""One pulse of cytokines: an intravenous dose to T cells that never met it."""
CLEARLY_ROSE = 5.0
"""Fold of its start to which CRP must have risen to be counted."""
RISES = 1.3
"""Fold of its start from which a rise can be told from assay noise (two CV of 15 %)."""
SILTUXIMAB_PER_KG, SILTUXIMAB_EVERY_H, SILTUXIMAB_DOSES = 11.0, 504, 8
THEN_NONE = 3
"""Intervals without a dose after them: the last phase."""

_TREATMENT = {"tocilizumab_doses", "steroid_grade_2_share", "steroid_grade_3_share"}


@dataclass(frozen=True)
class OneBody:
    """Medians over patients, h and mg/L.

    CRP after one stimulus: hours to its rise, a doubling between rise and peak, its peak; its
    half-life under complete blockade. Siltuximab: highest and lowest level in steady state, and
    half-life of the last phase.
    """

    crp_rises_h: float
    crp_doubles_h: float
    crp_peaks_h: float
    crp_halves_h: float
    siltuximab_highest: float
    siltuximab_lowest: float
    siltuximab_half_life_d: float


def one_body(patients: int, seed: int) -> OneBody:
    """All experiments on as many patients."""
    return OneBody(*_one_stimulus(patients, seed), *_siltuximab(min(patients, 100), seed))


def _one_stimulus(patients: int, seed: int) -> tuple[float, float, float]:
    """Of those in whom CRP rose at least fivefold after one dose that nobody treated."""
    item = product(STIMULUS)
    once = (replace(item, doses=(Dose(0, STIMULUS_MG),), premedication_mg=0.0),)
    history = _untreated(once, patients, seed)
    crp = history.labs[HOURS_BEFORE_FIRST_DOSE:, :, CRP].astype(np.float64)
    alone = ~(history.state["infection"] > 0).any(axis=0)
    crp = crp[:, alone & (crp.max(axis=0) > CLEARLY_ROSE * crp[0])]
    who = np.arange(crp.shape[1])
    rise, peak = (crp > RISES * crp[0]).argmax(axis=0), crp.argmax(axis=0)
    doublings = np.log2(crp[peak, who] / crp[rise, who])
    return _median(rise), _median((peak - rise) / doublings), _median(peak)


def _untreated(products: tuple[Product, ...], patients: int, seed: int) -> History:
    policy = tuple(replace(row, value=0.0) if row.name in _TREATMENT else row for row in POLICY)
    people = make_people(patient_keys(seed, 0, patients), products)
    return live(people, products, centre("university"), 10, policy)


def _siltuximab(patients: int, seed: int) -> tuple[float, float, float, float]:
    """Doses to steady state; CRP falls from 100 mg/L under the first of them."""
    products = (product(STIMULUS),)
    people = make_people(patient_keys(seed, 0, patients), products)
    people.constants["infection_per_day"] = 0.0
    world = make_world(people, products, centre("university"), POLICY)
    state, labs, care = beginning(people, world)
    labs[:, CRP] = 100.0 + people.rest[:, CRP]
    treated = SILTUXIMAB_EVERY_H * SILTUXIMAB_DOSES
    hours = treated + SILTUXIMAB_EVERY_H * THEN_NONE
    level, crp = np.empty((hours, patients)), np.empty((hours, patients))
    for hour in range(hours):
        due = hour < treated and hour % SILTUXIMAB_EVERY_H == 0
        care["siltuximab"] = SILTUXIMAB_PER_KG * people.persons["weight"] if due else 0.0
        advance(hour, 8, world, state, labs, care)
        level[hour], crp[hour] = state["siltuximab"], labs[:, CRP]
    last = level[treated - SILTUXIMAB_EVERY_H : treated]
    late = np.log(level[treated + SILTUXIMAB_EVERY_H] / level[-1]) / (2 * SILTUXIMAB_EVERY_H - 1)
    fallen = np.log(crp[4] / crp[28]) / 24.0
    return (
        _median(np.log(2.0) / fallen), _median(last.max(axis=0)), _median(last.min(axis=0)),
        _median(np.log(2.0) / late / 24.0),
    )  # fmt: skip


def _median(values: npt.NDArray[Any]) -> float:
    return float(np.median(values))
