"""Continuations of one moment: the same bodies and clinicians, each branch with its own chance.

What branches count is unbiased. Infections have branches of their own: one that was already growing
counts where its onset comes; one yet to begin is made to begin in an hour drawn by chance, and an
onset in time then counts by that hour's hazard over the chance of drawing it. So rare infections
have a risk that is no coarse share of few branches, and are treated, or missed, like all others.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import numba
import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from training.cohort.body.hour import advance
from training.cohort.body.infection import hazard_of_infection
from training.cohort.centres import Centre
from training.cohort.chance import uniforms
from training.cohort.clinicians.hour import decide
from training.cohort.parameters import CLOCK_AT_START, Table
from training.cohort.people import People
from training.cohort.products import Product
from training.cohort.simulation import Body, beginning
from training.cohort.world import World, make_world

SHOWN = 0.05
"""Cytokine drive below which no test tells it from none: 0.1 K of fever, 0.5 pg/mL of IL-6."""

_AT_ONCE = 4000
"""Branches lived together; bounds the memory and changes no number."""
_INFECTIONS = 2000
_LEAST = 0.01
"""Added to each hour's share: every hour must be drawn now and then."""
_SENSITIVITY = 50
_BEGINS = 51
"""The questions of a redrawn sensitivity and of the hour of an infection; see `chance`."""
_APART = np.uint64(0xD1B54A32D192ED03)

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Crowd:
    """Who may be branched, and how they are treated from then on."""

    people: People
    products: tuple[Product, ...]
    place: Centre
    policy: Table | list[Table]

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

    `begins`: as `hours_to_begin` gives it for that horizon. `highest`: each patient's highest drive
    so far, where the sensitivity is to be drawn afresh; None where it is known.
    """

    hour: int
    horizon: int
    begins: Floats
    highest: Floats | None = None


def severe_branches(
    now: Body, crowd: Crowd, asked: Mask, numbers: range, question: Question
) -> Floats:
    """How many of the branches `numbers` come to CRS of grade >= 3; 0 for who is not `asked`."""
    return _summed(_severe, now, crowd, asked, numbers, question)


def infected_branches(
    now: Body, crowd: Crowd, asked: Mask, numbers: range, question: Question
) -> Floats:
    """Infections expected to show in the branches `numbers`; 0 for who is not `asked`."""
    return _summed(_infected, now, crowd, asked, numbers, question)


def _summed(
    lived: Callable[[Body, Crowd, Question], Floats],
    now: Body,
    crowd: Crowd,
    asked: Mask,
    numbers: range,
    question: Question,
) -> Floats:
    """The sum of what `lived` counts in the branches of each patient, some branches at a time."""
    patients, total = np.flatnonzero(asked), np.zeros(len(asked))
    pairs = len(patients) * len(numbers)
    for start in range(0, pairs, _AT_ONCE):
        place = np.arange(start, min(start + _AT_ONCE, pairs))
        who = patients[place // len(numbers)]
        number = (numbers.start + place % len(numbers)).astype(np.uint64)
        branches = crowd.some(who).with_chance(number)
        if question.highest is not None:
            branches = branches.with_unshown_sensitivity(question.highest[who], question.hour)
        body = Body(now.state[who], now.labs[who], now.care[who])
        np.add.at(total, who, lived(body, branches, question))
    return total


def _severe(body: Body, branches: Crowd, question: Question) -> Floats:
    """1 for each branch that comes to severe CRS, else 0."""
    world, severe = branches.world, np.zeros(len(body.state))
    for hour in range(question.hour, question.hour + question.horizon):
        advance(hour, clock(hour), world, *body)
        decide(hour + 1, clock(hour + 1), world, *body)
        severe[body.state["alive"] & (body.care["grade"] >= 3)] = 1.0
    return severe


def _infected(body: Body, branches: Crowd, question: Question) -> Floats:
    """Infections expected to show in each branch: see this file's head."""
    world, (state, labs, _) = branches.world, body
    keys = branches.people.keys
    drawn = uniforms(keys, np.full(len(keys), question.hour), _BEGINS)
    begins = np.searchsorted(np.cumsum(question.begins)[:-1], drawn, side="right")
    counted, weight = state["infection"] > 0, np.ones(len(state))
    hazard, expected = np.zeros(len(state)), np.zeros(len(state))
    rate = world.constants["infection_per_day"]  # this block's own copy
    own = rate.copy()
    for ahead in range(question.horizon):
        hour = question.hour + ahead
        made = (begins == ahead) & state["alive"] & (state["infection"] == 0)
        _hazards(world, state, labs, hazard)
        weight[made] = hazard[made] / question.begins[ahead]
        rate[:] = np.where(made, np.inf, own)
        advance(hour, clock(hour), world, *body)
        decide(hour + 1, clock(hour + 1), world, *body)
        counted = (counted | made) & (state["infection"] > 0)
        expected += weight * (counted & state["onset"] & state["alive"])
    return expected


def clock(hour: int) -> int:
    """O'clock in an hour of the simulation."""
    return (CLOCK_AT_START + hour) % 24


@numba.njit(nogil=True)
def _hazards(world, state, labs, hazard):  # type: ignore[no-untyped-def]
    """The chance that an infection begins in this hour.

    Not cached on disk: a cache would not see that the hazard's own file has changed.
    """
    for i in range(len(hazard)):
        person, c = world.persons[i], world.constants[i]
        product = world.products[person.product]
        neutrophils, igg = labs[i, world.neutrophils], labs[i, world.igg]
        here = hazard_of_infection(state[i], person, product, c, neutrophils, igg)
        hazard[i] = min(here, 1.0)


def hours_to_begin(crowd: Crowd, horizon: int) -> Floats:
    """How often an infection is made to begin in each hour of the horizon (shares, sum 1).

    The likelier it then shows in time, the oftener, so that few branches are lost on the last
    hours; counted in untreated copies of one patient who are all infected in their first hour.
    Decides how much the counts scatter, not what they are in the mean.
    """
    copies = crowd.some(np.zeros(_INFECTIONS, dtype=np.int64))
    constants = copies.people.constants.copy()
    constants["infection_per_day"] = np.inf
    keys = np.arange(_INFECTIONS, dtype=np.uint64) * _APART
    copies = replace(copies, people=replace(copies.people, constants=constants, keys=keys))
    world = copies.world
    body = beginning(copies.people, world)
    showed, shares = np.zeros(_INFECTIONS, dtype=bool), []
    for hour in range(horizon):
        advance(hour, clock(hour), world, *body)
        showed |= body.state["onset"]
        shares.append(showed.mean() + _LEAST)
    return np.array(shares[::-1]) / np.sum(shares)
