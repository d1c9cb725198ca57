"""Infection as a process of its own: hazard, hidden growth, signs, end."""

import numpy as np

from training.cohort.body.drugs import calming
from training.cohort.body.rates import LOG2
from training.cohort.chance import normal, uniform
from training.cohort.compiled import inlined


@inlined
def hazard_of_infection(s, person, product, c, neutrophils, igg):  # type: ignore[no-untyped-def]
    """Of a new infection in this hour (probability)."""
    hazard = product.infections * c.infection_per_day / 24.0
    if person.central_line:
        hazard *= c.hazard_of_line
    hazard *= c.hazard_of_earlier ** min(person.prior_infections, 3)
    if neutrophils < 0.5:
        hazard *= c.hazard_neutrophils_below_half
    elif neutrophils < 1.0:
        hazard *= c.hazard_neutrophils_below_one
    hazard *= 1.0 + c.hazard_of_barrier * s.barrier
    hazard *= 1.0 + c.hazard_of_aplasia * s.aplasia
    if igg < 4.0:
        hazard *= c.hazard_igg_below_four
    hazard *= 1.0 + c.hazard_dexamethasone * calming(s, c)
    hazard *= 1.0 + c.hazard_per_drive * np.log1p(s.worst_slow)
    if s.blocked > 0.3 or s.bound > 0.3:
        hazard *= c.hazard_tocilizumab
    return hazard


@inlined
def _begin_infection(s, key, c, hour, kinds):  # type: ignore[no-untyped-def]
    chosen = uniform(key, hour, 4)
    s.infection = 1
    while chosen > kinds[s.infection - 1].until and s.infection < len(kinds):
        s.infection += 1
    kind = kinds[s.infection - 1]
    s.doubling_h = kind.doubling_h * np.exp(c.infection_pace * normal(key, hour, 10))
    s.crp_share = kind.crp
    s.procalcitonin_share = kind.procalcitonin
    s.severe_infection = uniform(key, hour, 5) < c.severe_infection_share
    median = 1.3 if s.severe_infection else 0.65
    s.size = median * np.exp(0.2 * normal(key, hour, 6))
    s.burden = c.infection_seed
    s.growing_h = 0.0
    s.apparent_h = 0.0
    s.covered_h = 0.0


@inlined
def _grow_or_ebb(s, c):  # type: ignore[no-untyped-def]
    """Burden of an infection: grows, is cleared by treatment, or is outgrown by immunity."""
    if s.covered_h > 6.0:
        s.burden -= c.infection_cleared_per_h * s.burden
    elif s.growing_h > 24.0 * c.infection_immunity_d:
        s.burden -= 0.35 * c.infection_cleared_per_h * s.burden
    else:
        growth = LOG2 / s.doubling_h
        s.burden += growth * s.burden * (1.0 - s.burden / s.size)


@inlined
def live_infection(s, person, labs, given, product, key, hour, world, c):  # type: ignore[no-untyped-def]
    """A hidden beginning, signs about a day later, an end once the burden is small."""
    s.onset = False
    if s.infection == 0:
        hazard = hazard_of_infection(
            s, person, product, c, labs[world.neutrophils], labs[world.igg]
        )
        if uniform(key, hour, 3) < hazard:
            _begin_infection(s, key, c, hour, world.infection_kinds)
        return
    s.growing_h += 1.0
    if given.effective > 0.0:
        s.covered_h += 1.0
    _grow_or_ebb(s, c)
    if s.growing_h > 24.0 and s.burden < c.infection_over:
        s.infection = 0
        s.burden = 0.0
        s.apparent_h = 0.0
    elif s.apparent_h > 0.0:
        s.apparent_h += 1.0
    elif s.burden >= c.infection_apparent:
        s.apparent_h = 1.0
        s.infections += 1
        s.onset = True
