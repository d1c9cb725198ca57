"""The best risk that anyone could give: continuations branched from the hidden state.

At a moment everything about the patient is known, also what nobody can measure; what remains is
chance. Each branch lives the next hours with the same body and clinicians and a chance of its own.

| hours_from_first_dose | patient | at_risk | severe_crs | infection |
|---|---|---|---|---|
| 24 | 0 | True | 0.02 | 0.01 |
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from training.cohort.body.hour import advance
from training.cohort.centres import Centre
from training.cohort.clinicians.hour import decide
from training.cohort.parameters import CLOCK_AT_START, HOURS_BEFORE_FIRST_DOSE, POLICY, Parameter
from training.cohort.people import People
from training.cohort.products import Product
from training.cohort.simulation import Body, beginning
from training.cohort.world import World, make_world


@dataclass(frozen=True)
class Branching:
    """How many continuations, how far ahead (h), and how far apart the moments asked about (h)."""

    branches: int = 100
    horizon: int = 24
    every: int = 24


def oracle_risk(
    people: People,
    products: tuple[Product, ...],
    place: Centre,
    days: int,
    branching: Branching,
    policy: tuple[Parameter, ...] = POLICY,
) -> pd.DataFrame:
    """The true risk of each outcome at every moment asked about: see this file's head.

    `severe_crs`, `infection`: share of branches with grade >= 3, with an onset, in the horizon.
    `at_risk`: alive and not in CRS of grade >= 3 at the moment.
    """
    world = make_world(people, products, place, policy)
    many = _branched(people, branching.branches)
    body = beginning(people, world)
    parts = []
    for hour in range(HOURS_BEFORE_FIRST_DOSE + 24 * days):
        since = hour - HOURS_BEFORE_FIRST_DOSE
        if since >= 0 and since % branching.every == 0:
            branch_world = make_world(many, products, place, policy)
            parts.append(_risks(body, branch_world, hour, branching))
        _one_hour(hour, world, body)
    return pd.concat(parts, ignore_index=True)


def _one_hour(hour: int, world: World, body: Body) -> None:
    clock = (CLOCK_AT_START + hour) % 24
    decide(hour, clock, world, body.state, body.labs, body.care)
    advance(hour, clock, world, body.state, body.labs, body.care)


def _branched(people: People, branches: int) -> People:
    """Every person `branches` times, each time with another chance."""
    keys = np.repeat(people.keys, branches)
    number = np.tile(np.arange(1, branches + 1, dtype=np.uint64), len(people.keys))
    return replace(
        people,
        keys=keys ^ (number * np.uint64(0xD1B54A32D192ED03)),
        persons=np.repeat(people.persons, branches),
        rest=np.repeat(people.rest, branches, axis=0),
        constants=np.repeat(people.constants, branches),
        gains=np.repeat(people.gains, branches, axis=0),
    )


def _risks(body: Body, world: World, hour: int, branching: Branching) -> pd.DataFrame:
    at_risk = body.state["alive"] & (body.care["grade"] < 3)
    many = Body(
        np.repeat(body.state, branching.branches),
        np.repeat(body.labs, branching.branches, axis=0),
        np.repeat(body.care, branching.branches),
    )
    severe = np.zeros(len(many.state), dtype=bool)
    infected = np.zeros(len(many.state), dtype=bool)
    for ahead in range(branching.horizon):
        _one_hour(hour + ahead, world, many)
        severe |= many.care["grade"] >= 3
        infected |= many.state["onset"]
    return pd.DataFrame(
        {
            "patient": np.arange(len(at_risk)),
            "hours_from_first_dose": hour - HOURS_BEFORE_FIRST_DOSE,
            "at_risk": at_risk,
            "severe_crs": _share(severe, branching.branches),
            "infection": _share(infected, branching.branches),
        }
    )


def _share(happened: npt.NDArray[np.bool_], branches: int) -> npt.NDArray[np.float64]:
    return np.asarray(happened.reshape(-1, branches).mean(axis=1))
