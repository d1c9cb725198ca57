"""The best risk that anyone could give: continuations branched from the hidden state.

At a moment everything about the patient is known, also what nobody can measure; what remains is
chance. Each branch lives the next hours with the same body and clinicians and a chance of its own.

| patient | hours_from_first_dose | at_risk | severe_crs | infection | new_infection | branches |
|---|---|---|---|---|---|---|
| 0 | 24 | True | 0.02 | 0.31 | 0.001 | 1100 |
| 1 | 24 | True | 0.0 | 0.0004 | 0.0004 | 100 |

What if tocilizumab were withheld from the moment on, after a life under the usual policy:

    withheld = policy("no_tocilizumab").table(place)
    oracle_risk(people, products, place, [24, 31], Branching(100, then=withheld))
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.tables import InvalidInputError
from training.cohort.body.hour import advance
from training.cohort.branches import (
    Crowd,
    Floats,
    Question,
    clock,
    hours_to_begin,
    infected_branches,
    severe_branches,
)
from training.cohort.centres import Centre
from training.cohort.centres import centre as centre_named
from training.cohort.chance import patient_keys
from training.cohort.clinicians.hour import decide
from training.cohort.export import Growing, arrow_table
from training.cohort.parameters import HOURS_BEFORE_FIRST_DOSE, POLICY, Table
from training.cohort.people import People, make_people
from training.cohort.policies import policy as policy_named
from training.cohort.products import Product
from training.cohort.simulation import PATIENT_PREFIX, Asked, Body, beginning, side_by_side
from training.cohort.written import moments as instants

MORE = 10
"""Further branches, as a multiple of the first, wherever severe CRS is not plainly out of reach."""

QUIET = 0.3
"""Cytokine drive and leak (see the body's state) from which severe CRS is more than a day away."""

_PATIENTS_AT_ONCE = 10
"""Few, so that every thread has work; changes no number."""


@dataclass(frozen=True)
class Branching:
    """`branches` of each moment in the first round, and how far ahead they look (h).

    `then`: how patients are treated from the moment on, its own hour included; None as before.
    `sensitivity_known` false: the person's hidden sensitivity counts as unknown for as long as the
    cytokine drive has shown nothing of it; see `branches`.

    Raises InvalidInputError for a number out of range.
    """

    branches: int = 100
    horizon: int = 24
    then: Table | list[Table] | None = None
    sensitivity_known: bool = True

    def __post_init__(self) -> None:
        for name, value, most in (
            ("branches", self.branches, 1_000_000),
            ("horizon in hours", self.horizon, 24 * 28),
        ):
            if not 1 <= value <= most:
                raise InvalidInputError(f"oracle: {name}: {value} is outside 1 to {most}")


def oracle_parts(
    asked: Asked,
    moments: Sequence[int],
    branching: Branching,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[pd.DataFrame]:
    """The oracle's risk of the cohort `asked` at `moments` (hours after day 0), part by part.

    As `oracle_risk`, with `patient_id` and `as_of` in the place of `patient`. No number changes
    with the threads.
    """
    products, place = asked.chosen, centre_named(asked.centre)
    clinicians = policy_named(asked.policy).tables(place, products)

    def crowd(first: int, count: int) -> Crowd:
        people = make_people(patient_keys(asked.seed, first, count), products, mix=place.case_mix)
        return Crowd(people, products, place, clinicians)

    begins = hours_to_begin(crowd(asked.start_at, 1), branching.horizon)

    def some(_: Asked, first: int, count: int) -> pd.DataFrame:
        lived = crowd(first, count)
        people, risk = lived.people, _along(lived, moments, branching, begins)
        names = [f"{PATIENT_PREFIX}{number:06d}" for number in range(first, first + count)]
        patient, hour = risk.pop("patient").to_numpy(), risk["hours_from_first_dose"].to_numpy()
        minute = people.persons["first_dose_day"][patient] * 1440 + hour * 60
        risk.insert(0, "patient_id", pd.Categorical.from_codes(patient, names))
        risk.insert(1, "as_of", instants(minute))
        return risk

    return side_by_side(some, asked, _PATIENTS_AT_ONCE, progress)


def write_oracle(
    risks: Iterable[pd.DataFrame], branching: Branching, metadata: dict[str, object], path: Path
) -> Path:
    """Write what `oracle_parts` gives beside a cohort's truth, with its `metadata`; the path."""
    rounds = {"branches": branching.branches, "horizon_h": branching.horizon}
    with Growing(path, {**metadata, "oracle": rounds}, "oracle") as file:
        for part in risks:
            file.add(arrow_table(part))
    return path


def oracle_risk(
    people: People,
    products: tuple[Product, ...],
    place: Centre,
    moments: Sequence[int],
    branching: Branching,
    policy: Table | list[Table] = POLICY,
) -> pd.DataFrame:
    """The true risk of each outcome at `moments` (hours after day 0): see this file's head.

    One row a moment and patient alive then. A moment is a row of the truth table: what happens in
    its hour is known, what happens in the `horizon` hours after it is asked. `policy` is how the
    patients are treated until the moment, and after it unless `branching.then` says otherwise.

    at_risk        not in CRS of grade >= 3
    severe_crs     probability of CRS of grade >= 3; missing where not at risk
    infection      probability of an infection's onset; missing inside an apparent infection
    new_infection  the same, had nothing begun yet: of the infections to come alone
    branches       continuations behind `severe_crs`

    Raises InvalidInputError for no moment, or one before the simulation's start.
    """
    lived = Crowd(people, products, place, policy)
    return _along(lived, moments, branching, hours_to_begin(lived, branching.horizon))


def _along(
    lived: Crowd, moments: Sequence[int], branching: Branching, begins: Floats
) -> pd.DataFrame:
    """Live hour after hour, branch at each moment; `begins` as `hours_to_begin` gives it."""
    _check_moments(moments)
    crowd = replace(lived, policy=branching.then or lived.policy)
    world, then = lived.world, crowd.world
    body, highest = beginning(lived.people, world), np.zeros(len(lived.people.keys))
    wanted, parts = {HOURS_BEFORE_FIRST_DOSE + moment for moment in moments}, []
    for hour in range(max(wanted) + 1):
        if hour in wanted:
            now = Body(body.state.copy(), body.labs.copy(), body.care.copy())
            decide(hour, clock(hour), then, *now)
            unshown = None if branching.sensitivity_known else highest
            question = Question(hour, branching.horizon, begins, unshown)
            parts.append(_risks(now, crowd, branching.branches, question))
        decide(hour, clock(hour), world, *body)
        advance(hour, clock(hour), world, *body)
        highest = np.maximum(highest, body.state["drive"])
    return pd.concat(parts, ignore_index=True)


def _check_moments(moments: Sequence[int]) -> None:
    if min(moments, default=-np.inf) < -HOURS_BEFORE_FIRST_DOSE:
        raise InvalidInputError(
            f"oracle: moments: {list(moments)[:3]} ... hours after day 0: name at least one, none "
            f"before the simulation's start at {-HOURS_BEFORE_FIRST_DOSE} h"
        )


def _risks(now: Body, crowd: Crowd, branches: int, question: Question) -> pd.DataFrame:
    """One moment's rows: a first round for all, `MORE` where severe CRS is within reach."""
    state, at_risk = now.state, now.care["grade"] < 3
    alive, well = state["alive"], state["apparent_h"] == 0.0
    first = range(1, branches + 1)
    further = range(first.stop, first.stop + MORE * branches)
    near = alive & at_risk & ~_out_of_reach(now, question)
    severe = severe_branches(now, crowd, alive & at_risk, first, question)
    severe += severe_branches(now, crowd, near, further, question)
    infected = infected_branches(now, crowd, alive & well, first, question)
    hidden = alive & well & (state["infection"] > 0)
    spared = Body(_without_infection(state), now.labs, now.care)
    later = infected_branches(spared, crowd, hidden, first, question)
    counted = branches * np.where(near, 1 + MORE, 1)
    rows = pd.DataFrame(
        {
            "patient": np.arange(len(alive)),
            "hours_from_first_dose": question.hour - HOURS_BEFORE_FIRST_DOSE,
            "at_risk": at_risk,
            "severe_crs": np.where(at_risk, severe / counted, np.nan),
            "infection": np.where(well, infected / branches, np.nan),
            "new_infection": np.where(well, np.where(hidden, later, infected) / branches, np.nan),
            "branches": counted,
        }
    )
    return rows[alive]


def _without_infection(state: npt.NDArray[np.void]) -> npt.NDArray[np.void]:
    spared = state.copy()
    for name in ("infection", "burden", "leak_of_infection", "fever_of_infection"):
        spared[name] = 0
    return spared


def _out_of_reach(now: Body, question: Question) -> npt.NDArray[np.bool_]:
    """Where nobody comes to severe CRS within a day: no sign of CRS, and no dose now or then.

    Measured: none of 670,000 branches of 500 patients under all products did. Decides how many
    branches are lived, by what is so at the moment alone; so no count is biased by it.
    """
    signs = np.maximum(now.state["drive"], now.state["leak"])
    until = now.care["next_dose_at"] - question.hour
    dosed = (now.care["therapy"] > 0.0) | ((until > 0) & (until < question.horizon))
    return (signs < QUIET) & ~dosed & (question.horizon <= 24)
