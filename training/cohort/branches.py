"""Continuations of one moment: the same bodies and clinicians, each branch with its own chance.

What branches count is unbiased. An infection that was already growing counts where its onset comes;
one yet to begin counts by its expectation: in each hour that a branch is free of infection, the
hazard of that hour times the chance that an infection begun then shows within the hours left. So
rare infections have a risk that is no coarse share of few branches.
"""

from dataclasses import dataclass, fields, replace

import numba
import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from training.cohort.centres import Centre
from training.cohort.chance import uniforms
from training.cohort.dynamics import _hazard, advance
from training.cohort.parameters import CLOCK_AT_START, Parameter
from training.cohort.people import People
from training.cohort.policy import decide
from training.cohort.products import Product
from training.cohort.simulation import Body, beginning
from training.cohort.world import World, make_world

SHOWN = 0.05
"""Cytokine drive below which no test tells it from none: 0.1 K of fever, 0.5 pg/mL of IL-6."""

_AT_ONCE = 4000
"""Branches lived together; bounds the memory and changes no number."""
_INFECTIONS = 10_000
_SENSITIVITY = 50
"""The question of a redrawn sensitivity; see `chance`."""
_APART = np.uint64(0xD1B54A32D192ED03)

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Crowd:
    """Who may be branched, and how they are treated from then on."""

    people: People
    products: tuple[Product, ...]
    place: Centre
    policy: tuple[Parameter, ...]

    @property
    def world(self) -> World:
        """Their world."""
        return make_world(self.people, self.products, self.place, self.policy)

    def some(self, patient: Whole) -> "Crowd":
        """These patients, as often as they are named."""
        columns = {row.name: getattr(self.people, row.name)[patient] for row in fields(People)}
        return replace(self, people=People(**columns))

    def with_chance(self, number: npt.NDArray[np.uint64]) -> "Crowd":
        """The same, each with the chance of the branch of that number."""
        return replace(self, people=replace(self.people, keys=self.people.keys ^ number * _APART))

    def with_unshown_sensitivity(self, highest: Floats, hour: int) -> "Crowd":
        """The same with another sensitivity for everyone whose drive was never above `SHOWN`.

        The drive is proportional to exp(spread x sensitivity), so what did not show says that the
        sensitivity is below a bound and nothing else: it is drawn from the normal cut off there.
        `highest` is the highest drive so far. Doses to come find T cells by a chance of their own.
        """
        persons = self.people.persons.copy()
        told = np.array([row.spread * np.sqrt(1.0 - row.occasion) for row in self.products])
        hidden = (highest < SHOWN) & (told[persons["product"]] > 0.0)
        room = (
            np.log(SHOWN / np.maximum(highest[hidden], 1e-300)) / told[persons["product"]][hidden]
        )
        keys = self.people.keys[hidden]
        drawn = uniforms(keys, np.full(len(keys), hour), _SENSITIVITY)
        most = persons["sensitivity_score"][hidden] + room
        persons["sensitivity_score"][hidden] = ndtri(drawn * ndtr(most))
        return replace(self, people=replace(self.people, persons=persons))


@dataclass(frozen=True)
class Question:
    """`horizon` hours after `hour` (since the simulation's start) are asked about.

    `shows`: as `shows_within` gives it for that horizon. `highest`: each patient's highest drive
    so far, where the sensitivity is to be drawn afresh; None where it is known.
    """

    hour: int
    horizon: int
    shows: Floats
    highest: Floats | None = None


def branched(
    now: Body, crowd: Crowd, asked: npt.NDArray[np.bool_], numbers: range, question: Question
) -> tuple[Floats, Floats]:
    """Branches with CRS of grade >= 3 in the horizon, and infections expected to show in them.

    Summed over the branches `numbers` of everybody `asked`, 0 for all others: one value a patient.
    """
    patients = np.flatnonzero(asked)
    severe, infected = np.zeros(len(asked)), np.zeros(len(asked))
    pairs = len(patients) * len(numbers)
    for start in range(0, pairs, _AT_ONCE):
        place = np.arange(start, min(start + _AT_ONCE, pairs))
        who = patients[place // len(numbers)]
        number = (numbers.start + place % len(numbers)).astype(np.uint64)
        branches = crowd.some(who).with_chance(number)
        if question.highest is not None:
            branches = branches.with_unshown_sensitivity(question.highest[who], question.hour)
        body = Body(now.state[who], now.labs[who], now.care[who])
        for total, found in zip((severe, infected), _lived(body, branches, question), strict=True):
            np.add.at(total, who, found)
    return severe, infected


def _lived(body: Body, branches: Crowd, question: Question) -> tuple[npt.NDArray[np.bool_], Floats]:
    """Live the horizon; severe CRS (bool), infections expected to show (one value a branch)."""
    world, (state, _, care) = branches.world, body
    severe, showed = np.zeros(len(state), dtype=bool), np.zeros(len(state), dtype=bool)
    begun = state["infection"] > 0
    expected = np.zeros(len(state))
    for ahead in range(question.horizon):
        hour = question.hour + ahead
        _expect(world, *body, question.shows[question.horizon - 1 - ahead], expected)
        advance(hour, clock(hour), world, *body)
        decide(hour + 1, clock(hour + 1), world, *body)
        begun &= state["infection"] > 0
        severe |= state["alive"] & (care["grade"] >= 3)
        showed |= state["alive"] & state["onset"] & begun
    return severe, showed + expected


def clock(hour: int) -> int:
    """O'clock in an hour of the simulation."""
    return (CLOCK_AT_START + hour) % 24


@numba.njit(nogil=True)
def _expect(world, state, labs, care, shows, expected):  # type: ignore[no-untyped-def]  # noqa: ARG001
    """Add what this hour is expected to begin of infections that will show in time.

    Not cached on disk: a cache would not see that `_hazard` of another file has changed.
    """
    for i in range(len(expected)):
        s = state[i]
        if s.alive and s.infection == 0:
            neutrophils, igg = labs[i, world.neutrophils], labs[i, world.igg]
            expected[i] += min(_hazard(s, world.constants[i], neutrophils, igg), 1.0) * shows


def shows_within(crowd: Crowd, hours: int) -> Floats:
    """Share of infections whose onset comes within 0, 1, ... `hours` - 1 hours of their beginning.

    Counted in copies of one patient who are all infected in their first hour: how an infection
    grows, and which kind it is, does not depend on the person.
    """
    copies = crowd.some(np.zeros(_INFECTIONS, dtype=np.int64))
    constants = copies.people.constants.copy()
    constants["infection_per_day"] = np.inf
    keys = np.arange(_INFECTIONS, dtype=np.uint64) * _APART
    copies = replace(copies, people=replace(copies.people, constants=constants, keys=keys))
    world = copies.world
    body = beginning(copies.people, world)
    showed, shares = np.zeros(_INFECTIONS, dtype=bool), []
    for hour in range(hours):
        advance(hour, clock(hour), world, *body)
        showed |= body.state["onset"]
        shares.append(showed.mean())
    return np.array(shares)
