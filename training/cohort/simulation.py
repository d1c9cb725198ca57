"""Simulating the cohort hour by hour: clinicians decide, the body answers, the hospital writes."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from training.cohort.chance import patient_keys
from training.cohort.dynamics import (
    INFECTIONS,
    PRODUCT,
    advance,
    product_record,
    state_at_rest,
)
from training.cohort.observation import History, Observer, _moments, records_table
from training.cohort.parameters import (
    CLOCK_AT_START,
    HOURS_BEFORE_FIRST_DOSE,
    LABORATORIES,
    PHYSIOLOGY,
    POLICY,
    PRODUCTS,
    Centre,
    Product,
    as_record,
    laboratory_arrays,
)
from training.cohort.parameters import centre as centre_named
from training.cohort.parameters import product as product_named
from training.cohort.people import People, make_people
from training.cohort.policy import PLACE, care_at_start, decide, schedule_records

VERSION = "1"
"""Rises whenever the same seed gives another cohort."""

_AT_ONCE = 200
"""Patients simulated together; bounds the memory and changes no number."""


@dataclass(frozen=True)
class VirtualCohort:
    """Virtual patients: no row of this is about anybody who lived.

    `records`  the records contract (features.tables); every `source` says "virtual"
    `truth`    one row a patient and hour alive: crs_grade, infection (apparent), and hidden values
    `metadata` virtual = True, generator, version, seed, centre, products, days, patients
    """

    records: pd.DataFrame
    truth: pd.DataFrame
    metadata: dict[str, Any]


def simulate(
    patients: int,
    seed: int,
    products: tuple[str, ...] | None = None,
    centre: str = "university",
    days: int = 28,
    start_at: int = 0,
) -> VirtualCohort:
    """Patients `start_at` to `start_at + patients - 1` of the cohort `seed`, `days` from day 0 on.

    The patient of a number is the same whatever `patients` and `start_at` are. `products` None is
    the default mix (64 % CAR-T), else those products by their shares. Raises UnknownChoiceError.
    """
    chosen = PRODUCTS if products is None else tuple(product_named(key) for key in products)
    place = centre_named(centre)
    parts = [
        _simulate_some(first, min(_AT_ONCE, start_at + patients - first), seed, chosen, place, days)
        for first in range(start_at, start_at + patients, _AT_ONCE)
    ]
    metadata = {
        "virtual": True,
        "notice": "Simulated. No patient in this data set has ever lived.",
        "generator": "crs-risk virtual patient cohort",
        "version": VERSION,
        "seed": seed,
        "first_patient": start_at,
        "patients": patients,
        "days": days,
        "centre": place.key,
        "products": [row.key for row in chosen],
    }
    return VirtualCohort(
        _stack([part.records for part in parts]), _stack([part.truth for part in parts]), metadata
    )


def join(cohorts: list[VirtualCohort]) -> VirtualCohort:
    """Neighbouring parts of one cohort as one: the same as simulating them together."""
    whole = {**cohorts[0].metadata, "patients": sum(part.metadata["patients"] for part in cohorts)}
    return VirtualCohort(
        _stack([part.records for part in cohorts]), _stack([part.truth for part in cohorts]), whole
    )


def _simulate_some(
    first: int, count: int, seed: int, products: tuple[Product, ...], place: Centre, days: int
) -> VirtualCohort:
    people = make_people(patient_keys(seed, first, count), products)
    history = _live(people, products, place, days)
    names = [f"virtual-{number:06d}" for number in range(first, first + count)]
    source = f"virtual patient cohort, seed {seed}"
    rows = list(Observer(history, place).rows())
    return VirtualCohort(records_table(rows, names, source), _truth(history, names), {})


def _live(people: People, products: tuple[Product, ...], place: Centre, days: int) -> History:
    """Hour after hour: clinicians decide, the hour is kept, the body lives through it."""
    hours = HOURS_BEFORE_FIRST_DOSE + 24 * days
    bodies = np.array([product_record(row) for row in products], dtype=PRODUCT)
    schedules = schedule_records(products)
    site = np.array([(place.ward_check_h, place.home_checks, place.stays_in)], dtype=PLACE)
    constants, policies = as_record(PHYSIOLOGY), as_record(POLICY)
    weights, lags = laboratory_arrays()
    shares = np.cumsum([share for _, share in INFECTIONS])
    keys = [row.key for row in LABORATORIES]
    neutrophils, igg = keys.index("neutrophils"), keys.index("igg")
    state, labs = state_at_rest(people), people.rest.copy()
    care = care_at_start(people, schedules)
    kept_state = np.empty((hours, len(state)), dtype=state.dtype)
    kept_care = np.empty((hours, len(care)), dtype=care.dtype)
    kept_labs = np.empty((hours, *labs.shape), dtype=np.float32)
    for hour in range(hours):
        clock = (CLOCK_AT_START + hour) % 24
        decide(
            hour, clock, people.keys, people.persons, state, labs, care, schedules, site, constants, policies, neutrophils
        )  # fmt: skip
        kept_state[hour], kept_care[hour], kept_labs[hour] = state, care, labs
        advance(
            hour, clock, people.keys, people.persons, state, labs, people.rest, care, bodies, constants, weights, lags,
            shares, neutrophils, igg,
        )  # fmt: skip
    return History(people, products, kept_state, kept_care, kept_labs)


def _truth(history: History, names: list[str]) -> pd.DataFrame:
    """What only the simulator knows, one row a patient and hour alive."""
    state, care = history.state.T, history.care.T
    patient, hour = np.nonzero(state["alive"])
    lived, cared = state[patient, hour], care[patient, hour]
    start = history.people.persons["first_dose_day"] * 1440 - HOURS_BEFORE_FIRST_DOSE * 60
    keys = np.array([row.key for row in history.products])
    product = history.people.persons["product"][patient]
    return pd.DataFrame(
        {
            "patient_id": pd.Categorical.from_codes(patient, names),
            "time": _moments(start[patient] + 60 * hour),
            "hours_from_first_dose": (hour - HOURS_BEFORE_FIRST_DOSE).astype(np.int32),
            "product": pd.Categorical.from_codes(product, keys),
            "crs_grade": cared["grade"].astype(np.int8),
            "infection": lived["apparent_h"] > 0,
            "infection_onset": lived["onset"].astype(bool),
            "severe_infection": lived["severe_infection"] & (lived["apparent_h"] > 0),
            "in_hospital": cared["inside"].astype(bool),
            "cytokine_drive": lived["drive"].astype(np.float32),
            "il6": (people_rest(history, patient) + lived["il6"]).astype(np.float32),
            "il6_receptors_blocked": lived["blocked"].astype(np.float32),
            "crp": history.labs[hour, patient, 0],
            "temperature": lived["temperature"].astype(np.float32),
            "infection_burden": lived["burden"].astype(np.float32),
        }
    )


def people_rest(history: History, patient: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """IL-6 at rest (pg/mL) of each patient asked for."""
    return np.asarray(history.people.rest[patient, 1])


def _stack(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Tables with categorical columns, one below the other; categories sorted, so the cut is lost."""
    if len(parts) == 1:
        return parts[0]
    columns = {}
    for name in parts[0].columns:
        pieces = [part[name] for part in parts]
        if isinstance(pieces[0].dtype, pd.CategoricalDtype):
            words = sorted({word for piece in pieces for word in piece.cat.categories})
            pieces = [piece.cat.set_categories(words) for piece in pieces]
        columns[name] = pd.concat(pieces, ignore_index=True)
    return pd.DataFrame(columns)
