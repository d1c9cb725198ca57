"""Marrow, plasma cells and laboratory values."""

import numpy as np

from training.cohort.body.drugs import calming
from training.cohort.body.rates import LOG2
from training.cohort.chance import normal
from training.cohort.compiled import inlined


@inlined
def remember_traces(s, given, product, c, key, hour):  # type: ignore[no-untyped-def]
    """Traces that last: lymphodepletion, suppressed marrow, the worst inflammation so far."""
    if given.depleted_at == hour:
        s.barrier = 1.0
        s.lymphopenia = 1.0
    s.barrier *= np.exp(-1.0 / (24.0 * c.barrier_heals_d))
    s.lymphopenia *= np.exp(-1.0 / (24.0 * c.lymphocytes_return_d))
    kept = np.exp(-1.0 / (24.0 * c.counts_wander_d))
    swing = c.counts_wander * np.sqrt(1.0 - kept * kept)
    s.counts = kept * s.counts + swing * normal(key, hour, 8)
    if given.depleted_at >= 0:
        u = (hour - given.depleted_at) / (24.0 * c.lymphodepletion_peak_d)
        s.lymphodepletion = (u * np.exp(1.0 - u)) ** c.lymphodepletion_shape
    s.marrow += (product.marrow * np.log1p(s.slow) * 0.8 - s.marrow) / 120.0
    s.aplasia += (s.depletion * product.aplasia - s.aplasia) / c.aplasia_h
    s.worst_slow = max(s.worst_slow * np.exp(-1.0 / c.weakened_h), s.slow)
    _haemophagocytosis(s, product, c)


@inlined
def _haemophagocytosis(s, product, c):  # type: ignore[no-untyped-def]
    """Macrophages that run away days after strong inflammation; steroids and anakinra calm them."""
    beyond = np.log(max(product.hlh * s.worst_slow / c.hlh_above, 1.0))
    soothed = 1.0 - c.anakinra_share * s.anakinra / (s.anakinra + c.anakinra_half_effect)
    wanted = min(beyond, 1.0) * soothed * (1.0 - 0.5 * calming(s, c))
    s.hlh += (wanted - s.hlh) / (c.hlh_rises_h if wanted > s.hlh else c.hlh_falls_h)


@inlined
def grow_neutrophils(s, given, product, c, hour):  # type: ignore[no-untyped-def]
    """Friberg's chain of transit: precursors killed by lymphodepletion, slowed by inflammation."""
    rate = 4.0 / c.transit_h
    since = hour - given.depleted_at
    killed = 0.0
    if given.depleted_at >= 0 and since < c.marrow_kill_h:
        killed = c.marrow_kill * product.lymphodepletion
    killed += min(product.marrow * c.marrow_inflamed * np.log1p(s.slow), 0.8)
    feedback = max(s.circulating, 0.02) ** -c.marrow_feedback
    grown = s.proliferating * ((1.0 - killed) * feedback - 1.0)
    passed = s.proliferating
    s.proliferating = max(s.proliferating + rate * grown, 1e-4)
    for k in range(3):
        stays = s.maturing[k]
        s.maturing[k] += rate * (passed - stays)
        passed = stays
    s.circulating += rate * (passed - s.circulating)


@inlined
def name_drivers(s, product, c, drivers):  # type: ignore[no-untyped-def]
    """In the order of laboratories.DRIVERS."""
    drivers[0] = np.log1p(s.drive)
    drivers[1] = np.log1p(s.acute_phase)
    drivers[2] = np.log1p(s.slow)
    drivers[3] = np.log1p(s.leak + s.leak_of_infection)
    drivers[4] = s.burden
    drivers[5] = calming(s, c)
    drivers[6] = min(s.stimulus, 1.0)
    drivers[7] = s.lymphodepletion * c.marrow_depth
    drivers[8] = s.g_csf
    drivers[9] = s.marrow
    drivers[10] = s.depletion * product.plasma_cells
    drivers[11] = s.counts
    drivers[12] = s.lymphopenia
    drivers[13] = np.log(max(s.circulating, 0.005))
    drivers[14] = np.log1p(product.t_cells * s.drive)
    drivers[15] = s.burden * s.procalcitonin_share
    drivers[16] = s.hlh / product.macrophages  # which multiplies the answer again


@inlined
def move_laboratories(s, labs, rest, gains, world, drivers, c):  # type: ignore[no-untyped-def]
    """CRP by its turnover (row 0), IL-6 as measured (row 1), all others towards their target."""
    eaten = 1.0 - np.exp(-LOG2 / c.crp_half_life_h)
    heard = (gains[0] * s.acute_phase / c.crp_half_drive) ** c.crp_exponent
    quiet = (1.0 - s.blocked) * (1.0 - s.bound)
    made = rest[0] * quiet + c.crp_most * heard / (1.0 + heard)
    labs[0] += eaten * (made - labs[0])
    s.il6_measured = rest[1] / (1.0 - c.il6_by_receptor * (1.0 - quiet)) + gains[1] * s.il6
    labs[1] = s.il6_measured
    labs[world.igg] -= s.igg_given
    weights = world.weights
    for j in range(2, labs.shape[0]):
        push = 0.0
        for k in range(drivers.shape[0]):
            push += weights[j, k] * drivers[k]
        target = rest[j] * np.exp(min(gains[j] * push, c.most_push))
        share = world.hourly[j, 0] if target > labs[j] else world.hourly[j, 1]
        labs[j] += (target - labs[j]) * share
    s.igg_given = s.immunoglobulin
    labs[world.igg] += s.igg_given
