"""What the drugs and the CAR-T cells do in the body before they act."""

import numpy as np

from training.cohort.body.rates import LOG2, share_gone
from training.cohort.chance import normal
from training.cohort.compiled import inlined

METHYLPREDNISOLONE = 0.1875  # mg of dexamethasone that 1 mg of it is worth


@inlined
def receive_drugs(s, person, given, product, c, key, hour):  # type: ignore[no-untyped-def]
    """What was given in this hour enters the body; each dose finds T cells in another mood."""
    if given.therapy > 0.0:
        s.occasion = normal(key, hour, 7)
    kept = np.exp(-1.0 / c.mood_h)
    s.mood = kept * s.mood + c.mood * np.sqrt(1.0 - kept * kept) * normal(key, hour, 9)
    if product.continuous and given.therapy > 0.0:
        s.depot = given.therapy
    else:
        s.depot += given.therapy
    s.dexamethasone += given.dexamethasone
    s.paracetamol += given.paracetamol / 1000.0
    s.g_csf += 0.8 if given.g_csf > 0.0 else 0.0
    s.dexamethasone += METHYLPREDNISOLONE * given.methylprednisolone
    s.anakinra += given.anakinra
    s.immunoglobulin += given.immunoglobulin / (c.immunoglobulin_litres_per_kg * person.weight)


@inlined
def distribute_antibodies(s, person, given, c):  # type: ignore[no-untyped-def]
    """Tocilizumab, cleared the faster the less there is; siltuximab, in blood and tissues."""
    s.tocilizumab += given.tocilizumab / (c.antibody_litres_per_kg * person.weight)
    cleared = c.tocilizumab_clearance + c.tocilizumab_saturable / (c.tocilizumab_km + s.tocilizumab)
    s.tocilizumab *= np.exp(-cleared / 24.0)
    s.blocked = s.tocilizumab / (s.tocilizumab + c.tocilizumab_half_effect)
    s.siltuximab += given.siltuximab / (c.siltuximab_central * person.weight)
    out, back = c.siltuximab_out * s.siltuximab, c.siltuximab_back * s.siltuximab_tissue
    s.siltuximab += (back - out - c.siltuximab_clearance * s.siltuximab) / 24.0
    s.siltuximab_tissue += (out - back) / 24.0


@inlined
def expand_cells(s, given, product, c, hour):  # type: ignore[no-untyped-def]
    """CAR-T cells grow from none to their peak by the clock, then contract in two phases.

    A logistic curve, less what it has at the infusion (Stein 2019: growth to a time, then decline).
    """
    if given.infused_at < 0:
        return
    since = hour - given.infused_at
    width = product.doubling_h / LOG2
    half = product.expansion_h * c.pace
    at_once = 1.0 / (1.0 + np.exp(half / width))
    grown = (1.0 / (1.0 + np.exp((half - since) / width)) - at_once) / (1.0 - at_once)
    late = max(since - product.peak_h * c.pace, 0.0)
    fast, slow = c.contraction_h, c.persistence_h
    fade = 0.95 * np.exp(-LOG2 * late / fast) + 0.05 * np.exp(-LOG2 * late / slow)
    s.cells = grown * fade


@inlined
def absorb_drug(s, product, c, dt):  # type: ignore[no-untyped-def]
    """Engager from under the skin by the lymph into the blood; first doses are cleared faster.

    Returns the level in the blood in the middle of the step, as every process below hands on its
    own: halving the step then changes little.
    """
    share = 1.0
    if product.absorption > 0.0:
        share = share_gone(product.absorption * c.pace * dt)
    drained = s.depot * share
    absorbed = s.lymph * share if product.absorption > 0.0 else drained + s.lymph
    s.depot -= drained
    s.lymph += drained - absorbed
    before = s.drug
    cleared = product.elimination * (1.0 + c.target_clearance * s.antigen * (1.0 - s.depletion))
    s.drug = (before + absorbed) * np.exp(-cleared * dt)
    if product.absorption > 0.0:
        return 0.5 * (before + s.drug)
    return s.drug


@inlined
def infuse_drug(s, given, product, hour, dt):  # type: ignore[no-untyped-def]
    """A day's bag at an even rate; the level counts in that of the full dose in steady state."""
    running = hour - given.dosed_at < 24
    before = s.drug
    s.drug += ((s.depot if running else 0.0) - s.drug) * share_gone(product.elimination * dt)
    return 0.5 * (before + s.drug)


@inlined
def fade_drugs(s, c, dt):  # type: ignore[no-untyped-def]
    """Drugs of hours to days leave the body."""
    s.dexamethasone *= np.exp(-LOG2 * dt / c.dexamethasone_half_life_h)
    s.paracetamol *= np.exp(-LOG2 * dt / c.paracetamol_half_life_h)
    s.anakinra *= np.exp(-LOG2 * dt / c.anakinra_half_life_h)
    s.g_csf *= np.exp(-dt / 30.0)
    s.immunoglobulin *= np.exp(-LOG2 * dt / c.immunoglobulin_half_life_h)


@inlined
def calming(s, c):  # type: ignore[no-untyped-def]
    """Share of the full effect of corticosteroids, 0 to 1."""
    return s.dexamethasone / (s.dexamethasone + c.dexamethasone_half_effect)
