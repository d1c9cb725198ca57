"""Simulating the cohort hour by hour: clinicians decide, the body answers, the hospital writes."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import numba
import numpy as np
import numpy.typing as npt
import pandas as pd

from features.tables import InvalidInputError
from training.cohort import daily_lines
from training.cohort.body.hour import advance
from training.cohort.body.state import state_at_rest
from training.cohort.centres import Centre
from training.cohort.centres import centre as centre_named
from training.cohort.chance import patient_keys
from training.cohort.clinicians.care import care_at_start
from training.cohort.clinicians.hour import decide
from training.cohort.laboratories import CRP, IL6
from training.cohort.observation import LIVED, NOTED, History, Observer, room_for
from training.cohort.parameters import (
    CLOCK_AT_START,
    HOURS_BEFORE_FIRST_DOSE,
    POLICY,
    STEPS_PER_HOUR,
    Table,
)
from training.cohort.people import People, make_people
from training.cohort.policies import policy as policy_named
from training.cohort.products import PRODUCTS, Kind, Product
from training.cohort.products import product as product_named
from training.cohort.world import World, make_world
from training.cohort.written import moments, records_table

Part = TypeVar("Part")

VERSION = "2"
"""Rises whenever the same seed gives another cohort."""

PATIENT_PREFIX = "virtual-"
"""Before the six digits of every patient's number."""

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
    policy: str = "usual",
    progress: Callable[[int, int], None] | None = None,
) -> VirtualCohort:
    """Patients `start_at` to `start_at + patients - 1` of the cohort `seed`, `days` from day 0 on.

    The patient of a number is the same whatever `patients` and `start_at` are. `products` None is
    the default mix (two thirds CAR-T), else those products by their shares. The same patients under
    another `policy` draw the same chances. `progress` is told how many patients are done, and of
    how many.

    Raises InvalidInputError for a number out of range, an unknown product, centre or policy.
    """
    asked = Asked(patients, seed, products, centre, days, start_at, policy)
    return join(list(parts(asked, progress)))


@dataclass(frozen=True)
class Asked:
    """What is to be simulated: the arguments of `simulate`, checked."""

    patients: int
    seed: int
    products: tuple[str, ...] | None = None
    centre: str = "university"
    days: int = 28
    start_at: int = 0
    policy: str = "usual"

    def __post_init__(self) -> None:
        _check("patients", self.patients, 1, 1_000_000)
        _check("days", self.days, 1, 365)
        _check("seed", self.seed, 0, 2**63 - 1)
        _check("start_at", self.start_at, 0, 10**9)
        if centre_named(self.centre).daily_lines:
            _check_cells(self.chosen, self.centre)

    @property
    def chosen(self) -> tuple[Product, ...]:
        """The products."""
        if self.products is None:
            return DEFAULT_MIX
        return tuple(product_named(key) for key in self.products)

    def metadata(self, first: int, patients: int) -> dict[str, Any]:
        """What files say of a part of this cohort."""
        return {
            "virtual": True,
            "notice": "Simulated. No patient in this data set has ever lived.",
            "generator": "crs-risk virtual patient cohort",
            "version": VERSION,
            "seed": self.seed,
            "first_patient": first,
            "patients": patients,
            "days": self.days,
            "centre": centre_named(self.centre).key,
            "written": centre_named(self.centre).habit,
            "policy": policy_named(self.policy).key,
            "products": [row.key for row in self.chosen],
        }


def parts(
    asked: Asked, progress: Callable[[int, int], None] | None = None
) -> Iterator[VirtualCohort]:
    """The cohort a few patients at a time, in order: memory stays that of a few parts."""
    return side_by_side(_simulate_some, asked, _AT_ONCE, progress)


def side_by_side(
    make: Callable[[Asked, int, int], Part],
    asked: Asked,
    at_once: int,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[Part]:
    """What `make` gives for the cohort, the first patient's number, and `at_once` patients a part.

    In order, on as many threads as numba may use; no number changes by it.
    """
    end = asked.start_at + asked.patients
    firsts = range(asked.start_at, end, at_once)
    threads = numba.get_num_threads()
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[Part]] = deque()
        for number in range(len(firsts) + threads):
            if number < len(firsts):
                first = firsts[number]
                waiting.append(pool.submit(make, asked, first, min(at_once, end - first)))
            if number >= threads:
                part = waiting.popleft().result()
                if progress is not None:
                    done = (number - threads + 1) * at_once
                    progress(min(done, asked.patients), asked.patients)
                yield part


def _check(name: str, value: int, lowest: int, highest: int) -> None:
    if not lowest <= value <= highest:
        raise InvalidInputError(f"{name}: {value} is outside {lowest} to {highest}")


def _check_cells(products: tuple[Product, ...], centre: str) -> None:
    engagers = [row.key for row in products if row.kind is not Kind.CAR_T]
    if engagers:
        cells = ", ".join(row.key for row in PRODUCTS if row.kind is Kind.CAR_T)
        raise InvalidInputError(
            f"centre {centre}: writes daily lines of CAR-T patients only, but product "
            f"{engagers[0]!r} is an engager; name CAR-T products (--product): {cells}"
        )


def join(cohorts: list[VirtualCohort]) -> VirtualCohort:
    """Neighbouring parts of one cohort as one: the same as simulating them together."""
    whole = {**cohorts[0].metadata, "patients": sum(part.metadata["patients"] for part in cohorts)}
    return VirtualCohort(
        _stack([part.records for part in cohorts]), _stack([part.truth for part in cohorts]), whole
    )


def _simulate_some(asked: Asked, first: int, count: int) -> VirtualCohort:
    products, place = asked.chosen, centre_named(asked.centre)
    keys = patient_keys(asked.seed, first, count)
    people = make_people(keys, products, mix=place.case_mix)
    tables = policy_named(asked.policy).tables(place, products)
    history = live(people, products, place, asked.days, tables)
    names = [f"{PATIENT_PREFIX}{number:06d}" for number in range(first, first + count)]
    source = f"virtual patient cohort, seed {asked.seed}"
    rows = list(daily_lines.rows(history) if place.daily_lines else Observer(history, place).rows())
    return VirtualCohort(
        records_table(rows, names, source),
        truth_table(history, names),
        asked.metadata(first, count),
    )


class Body(NamedTuple):
    """Everything that changes while the hours pass, a row a patient."""

    state: npt.NDArray[np.void]
    labs: npt.NDArray[np.float64]
    care: npt.NDArray[np.void]


def beginning(people: People, world: World) -> Body:
    """Everybody as they are a week before the first dose."""
    care = care_at_start(people, world.schedules)
    return Body(state_at_rest(people), people.rest.copy(), care)


def live(
    people: People,
    products: tuple[Product, ...],
    place: Centre,
    days: int,
    policy: Table | list[Table] = POLICY,
    steps_per_hour: int = STEPS_PER_HOUR,
) -> History:
    """Hour after hour: clinicians decide, the hour is kept, the body lives through it.

    The same people under another `policy` draw the same chances: a comparison patient by patient.
    """
    hours = HOURS_BEFORE_FIRST_DOSE + 24 * days
    world = make_world(people, products, place, policy, steps_per_hour)
    state, labs, care = beginning(people, world)
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

    def at(column: npt.NDArray[Any]) -> npt.NDArray[Any]:
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
            "believed_grade": at(history.care["charted"]),
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
