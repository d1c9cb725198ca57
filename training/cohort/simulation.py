"""Simulating the cohort hour by hour: clinicians decide, the body answers, the hospital writes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.tables import InvalidInputError
from training.cohort import registry
from training.cohort.centres import Centre
from training.cohort.centres import centre as centre_named
from training.cohort.chance import patient_keys
from training.cohort.dynamics import advance, state_at_rest
from training.cohort.laboratories import CRP, IL6
from training.cohort.observation import LIVED, NOTED, History, Observer, room_for
from training.cohort.parameters import (
    CLOCK_AT_START,
    HOURS_BEFORE_FIRST_DOSE,
    POLICY,
    STEPS_PER_HOUR,
    Parameter,
)
from training.cohort.people import People, make_people
from training.cohort.policy import care_at_start, decide
from training.cohort.products import PRODUCTS, Product
from training.cohort.products import product as product_named
from training.cohort.world import make_world
from training.cohort.written import moments, records_table

VERSION = "1"
"""Rises whenever the same seed gives another cohort."""

DEFAULT_MIX = tuple(row for row in PRODUCTS if row.share > 0.0)

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
    progress: Callable[[int, int], None] | None = None,
) -> VirtualCohort:
    """Patients `start_at` to `start_at + patients - 1` of the cohort `seed`, `days` from day 0 on.

    The patient of a number is the same whatever `patients` and `start_at` are. `products` None is
    the default mix (63 % CAR-T), else those products by their shares. `progress` is told how many
    patients are done, and of how many.

    Raises InvalidInputError for a number out of range, an unknown product or centre.
    """
    _check("patients", patients, 1, 1_000_000)
    _check("days", days, 1, 365)
    _check("seed", seed, 0, 2**63 - 1)
    _check("start_at", start_at, 0, 10**9)
    chosen = DEFAULT_MIX if products is None else tuple(product_named(key) for key in products)
    place = centre_named(centre)
    end = start_at + patients
    parts = []
    for first in range(start_at, end, _AT_ONCE):
        count = min(_AT_ONCE, end - first)
        parts.append(_simulate_some(first, count, seed, chosen, place, days))
        if progress is not None:
            progress(first + count - start_at, patients)
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


def _check(name: str, value: int, lowest: int, highest: int) -> None:
    if not lowest <= value <= highest:
        raise InvalidInputError(f"{name}: {value} is outside {lowest} to {highest}")


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
    history = live(people, products, place, days)
    names = [f"virtual-{number:06d}" for number in range(first, first + count)]
    source = f"virtual patient cohort, seed {seed}"
    rows = list(registry.rows(history) if place.daily_lines else Observer(history, place).rows())
    return VirtualCohort(records_table(rows, names, source), truth_table(history, names), {})


def live(
    people: People,
    products: tuple[Product, ...],
    place: Centre,
    days: int,
    policy: tuple[Parameter, ...] = POLICY,
    steps_per_hour: int = STEPS_PER_HOUR,
) -> History:
    """Hour after hour: clinicians decide, the hour is kept, the body lives through it.

    The same people under another `policy` draw the same chances: a comparison patient by patient.
    """
    hours = HOURS_BEFORE_FIRST_DOSE + 24 * days
    world = make_world(people, products, place, policy, steps_per_hour)
    state, labs = state_at_rest(people), people.rest.copy()
    care = care_at_start(people, world.schedules)
    kept_state, kept_care = room_for(LIVED, hours, len(state)), room_for(NOTED, hours, len(care))
    kept_labs = np.empty((hours, *labs.shape), dtype=np.float32)
    for hour in range(hours):
        clock = (CLOCK_AT_START + hour) % 24
        decide(hour, clock, world, state, labs, care)
        for kept, now in ((kept_state, state), (kept_care, care)):
            for name, column in kept.items():
                column[hour] = now[name]
        kept_labs[hour] = labs
        advance(hour, clock, world, state, labs, care)
    return History(people, products, kept_state, kept_care, kept_labs)


def truth_table(history: History, names: list[str]) -> pd.DataFrame:
    """What only the simulator knows, one row a patient and hour alive."""
    state = history.state
    patient, hour = np.nonzero(state["alive"].T)

    def at(column: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
        return column[hour, patient]

    start = history.people.persons["first_dose_day"] * 1440 - HOURS_BEFORE_FIRST_DOSE * 60
    keys = np.array([row.key for row in history.products])
    product = history.people.persons["product"][patient]
    infected = at(state["apparent_h"]) > 0
    return pd.DataFrame(
        {
            "patient_id": pd.Categorical.from_codes(patient, names),
            "time": moments(start[patient] + 60 * hour),
            "hours_from_first_dose": (hour - HOURS_BEFORE_FIRST_DOSE).astype(np.int32),
            "hours_since_dose": at(_since_dose(history.care["dose"] > 0)),
            "product": pd.Categorical.from_codes(product, keys),
            "crs_grade": at(history.care["grade"]),
            "icans_grade": at(history.care["icans"]),
            "infection": infected,
            "infection_onset": at(state["onset"]),
            "severe_infection": at(state["severe_infection"]) & infected,
            "in_hospital": at(history.care["inside"]),
            "cytokine_drive": at(state["drive"]),
            "il6": at(state["il6"]) + history.people.rest[patient, IL6].astype(np.float32),
            "il6_receptors_blocked": at(state["blocked"]),
            "crp": at(history.labs[:, :, CRP]),
            "temperature": at(state["temperature"]),
            "infection_burden": at(state["burden"]),
        }
    )


def _since_dose(dosed: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    """Hours since the latest dose (hour x patient); NaN before the first one."""
    hour = np.arange(len(dosed), dtype=np.int32)[:, None]
    latest = np.maximum.accumulate(np.where(dosed, hour, -1), axis=0)
    return np.where(latest < 0, np.nan, hour - latest).astype(np.float32)


def _stack(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Tables with categorical columns, one below the other; categories sorted, so no cut shows."""
    columns = {}
    for name in parts[0].columns:
        pieces = [part[name] for part in parts]
        if isinstance(pieces[0].dtype, pd.CategoricalDtype):
            words = sorted({word for piece in pieces for word in piece.cat.categories})
            pieces = [piece.cat.set_categories(words) for piece in pieces]
        columns[name] = pd.concat(pieces, ignore_index=True)
    return pd.DataFrame(columns)
