"""The virtual body lives through one hour."""

import numpy as np

from training.cohort.body.blood import (
    grow_neutrophils,
    move_laboratories,
    name_drivers,
    remember_traces,
)
from training.cohort.body.drugs import (
    absorb_drug,
    distribute_antibodies,
    expand_cells,
    fade_drugs,
    infuse_drug,
    receive_drugs,
)
from training.cohort.body.infection import live_infection
from training.cohort.body.inflammation import leak_vessels, make_cytokines, raise_fever, show_signs
from training.cohort.body.t_cells import meet_cells, meet_drug
from training.cohort.chance import normal
from training.cohort.compiled import SOURCES, entry, inlined


@inlined
def _flow(s, person, given, product, c, noise, hour, clock, dt):  # type: ignore[no-untyped-def]
    """One fine step of everything that flows."""
    fade_drugs(s, c, dt)
    if product.cells:
        meet_cells(s, product, dt)
    elif product.continuous:
        meet_drug(s, infuse_drug(s, given, product, hour, dt), product, dt)
    else:
        meet_drug(s, absorb_drug(s, product, c, dt), product, dt)
    make_cytokines(s, person, product, c, dt)
    raise_fever(s, person, c, noise, clock, dt)
    leak_vessels(s, person, c, dt)


@inlined
def _idle(s, given):  # type: ignore[no-untyped-def]
    """Nothing moves fast: no dose in this hour, no infection, a drive far below any sign."""
    small = s.drive < 0.02 and s.leak < 0.02 and s.burden == 0.0 and s.stimulus < 0.01
    return small and given.therapy == 0.0 and given.paracetamol == 0.0


def _made_of(sources: str):  # type: ignore[no-untyped-def]
    @entry
    def advance(hour, clock, world, state, labs, care):  # type: ignore[no-untyped-def]
        """Let one hour pass for everybody alive; `state` and `labs` are changed in place."""
        _ = sources
        drivers = np.empty(world.weights.shape[1])
        for i in range(len(world.keys)):
            s, person, key, given = state[i], world.persons[i], world.keys[i], care[i]
            if not s.alive:
                continue
            product, c = world.products[person.product], world.constants[i]
            receive_drugs(s, person, given, product, c, key, hour)
            distribute_antibodies(s, person, given, c)
            if product.cells:
                expand_cells(s, given, product, c, hour)
            live_infection(s, person, labs[i], given, product, key, hour, world, c)
            warmth = 0.15 * normal(key, hour, 1)
            steps = 1 if _idle(s, given) else world.steps_per_hour
            for _ in range(steps):
                _flow(s, person, given, product, c, warmth, hour, clock, 1.0 / steps)
            show_signs(s, person, product, c, normal(key, hour, 2))
            remember_traces(s, given, product, c, key, hour)
            grow_neutrophils(s, given, product, c, hour)
            name_drivers(s, product, c, drivers)
            move_laboratories(s, labs[i], world.rest[i], world.gains[i], world, drivers, c)

    return advance


advance = _made_of(SOURCES)
