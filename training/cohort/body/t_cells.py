"""T cells meet their antigen."""

import numpy as np

from training.cohort.body.rates import share_gone
from training.cohort.compiled import inlined


@inlined
def meet_cells(s, product, dt):  # type: ignore[no-untyped-def]
    """CAR-T cells meet their antigen and destroy it."""
    before = s.antigen
    s.antigen *= np.exp(-product.antigen_loss * s.cells * dt)
    s.stimulus = s.cells * 0.5 * (before + s.antigen)
    killing = s.cells / (s.cells + 0.02)
    s.depletion += (killing - s.depletion) * share_gone(dt / 96.0)


@inlined
def meet_drug(s, drug, product, dt):  # type: ignore[no-untyped-def]
    """What T cells feel of the engager beyond what they have grown used to."""
    occupancy = drug / (drug + product.half_effect)
    lag = product.adaptation if occupancy > s.adaptation else 1.0 / product.forgetting_h
    before = s.adaptation
    s.adaptation += (occupancy - s.adaptation) * share_gone(lag * dt)
    s.stimulus = max(occupancy - 0.5 * (before + s.adaptation), 0.0) * s.antigen
    s.antigen *= np.exp(-product.antigen_loss * occupancy * dt)
    s.depletion += (occupancy - s.depletion) * share_gone(dt / 120.0)
