"""Activation to cytokines, and what they do: fever, leak, pressure, saturation, the brain."""

import numpy as np

from training.cohort.body.drugs import calming
from training.cohort.body.rates import share_gone
from training.cohort.compiled import inlined


@inlined
def make_cytokines(s, person, product, c, dt):  # type: ignore[no-untyped-def]
    """Activation, macrophage drive, and IL-6 made, bound and cleared by its receptor."""
    calm = calming(s, c)
    felt = s.stimulus * (1.0 - c.dexamethasone_drive_share * calm)
    before = s.activation
    s.activation += (felt - s.activation) * share_gone(dt / product.activation_h)
    activation = 0.5 * (before + s.activation)
    lasting, passing = np.sqrt(1.0 - product.occasion), np.sqrt(product.occasion)
    own = (
        product.spread * (lasting * person.sensitivity_score + passing * s.occasion)
        + c.burden_effect * person.burden_score
        + c.inflammation_effect * person.inflammation_score
        + s.mood
    )
    soothed = 1.0 - c.anakinra_share * s.anakinra / (s.anakinra + c.anakinra_half_effect)
    unlimited = soothed * product.sensitivity * activation**c.cytokine_power * np.exp(own)
    s.drive = unlimited / (1.0 + unlimited / c.drive_most)
    made = c.il6_at_unit_drive * s.drive**c.il6_exponent + c.il6_of_infection * s.burden**1.5
    s.bound = s.siltuximab / (s.siltuximab + c.siltuximab_ic50 * (1.0 + made / c.il6_outruns))
    open_receptor = (1.0 - s.blocked) * (1.0 - s.bound)
    kept = 1.0 - c.il6_by_receptor * (1.0 - open_receptor)
    s.il6 += (made / kept - s.il6) * share_gone(kept * dt / c.il6_lag_h)
    heard = (1.0 - c.tocilizumab_crp_share * s.blocked) * (1.0 - c.siltuximab_crp_share * s.bound)
    signal = (s.drive + c.crp_of_infection * s.crp_share * s.burden) * heard
    s.acute_phase += (signal - s.acute_phase) * share_gone(dt / c.crp_delay_h)


@inlined
def _silenced(s, share):  # type: ignore[no-untyped-def]
    """What is left of an IL-6 effect of which tocilizumab at full effect takes `share`."""
    return (1.0 - share * s.blocked) * (1.0 - share * s.bound)


@inlined
def raise_fever(s, person, c, noise, clock, dt):  # type: ignore[no-untyped-def]
    """Fever of CRS and of infection, as drugs leave it; the stronger one rules."""
    masked = 1.0 - c.paracetamol_fever_share * min(s.paracetamol / 0.6, 1.0)
    hidden = masked * (1.0 - c.dexamethasone_fever_share * calming(s, c))
    felt = s.drive * _silenced(s, c.tocilizumab_fever_share)
    s.fever_of_drive = hidden * c.fever_of_drive * felt / (felt + c.fever_half_drive)
    s.fever_of_infection = hidden * c.fever_of_infection * s.burden / (s.burden + 0.45)
    swing = c.daily_swing * np.cos(2.0 * np.pi * (clock - 18.0) / 24.0)
    strongest = max(s.fever_of_drive, s.fever_of_infection)
    both = strongest + 0.3 * min(s.fever_of_drive, s.fever_of_infection)
    target = person.temperature + swing + both + noise
    s.temperature += (min(target, 41.2) - s.temperature) * share_gone(dt / c.fever_lag_h)


@inlined
def leak_vessels(s, person, c, dt):  # type: ignore[no-untyped-def]
    """Vessels leak hours after the cytokines; slow inflammation, the brain and marrow follow."""
    felt = s.drive * _silenced(s, c.tocilizumab_leak_share * person.answer)
    lag = c.leak_rise_h if felt > s.leak else c.leak_fall_h
    s.leak += (felt - s.leak) * share_gone(dt / lag)
    septic = c.leak_of_infection * s.burden**2
    s.leak_of_infection += (septic - s.leak_of_infection) * share_gone(dt / c.leak_rise_h)
    slow = s.drive * _silenced(s, 0.5 * c.tocilizumab_leak_share * person.answer)
    s.slow += (slow - s.slow) * share_gone(dt / c.slow_inflammation_h)
    s.brain += (s.drive * (1.0 - 0.5 * calming(s, c)) - s.brain) * share_gone(dt / c.brain_h)


@inlined
def show_signs(s, person, product, c, noise):  # type: ignore[no-untyped-def]
    """Pressure, saturation, pulse and breaths of this hour."""
    shock = np.log1p(s.leak * product.vessels + s.leak_of_infection)
    lungs = np.log1p(
        s.leak * product.lung + s.leak_of_infection * (2.0 if s.infection == 2 else 0.6)
    )
    s.wander += -s.wander / 8.0 + c.pressure_noise * 0.5 * noise
    s.systolic = person.systolic - c.pressure_per_leak * shock + s.wander
    s.saturation = person.saturation - c.saturation_per_leak * lungs
    warm = max(s.temperature - 37.0, 0.0)
    low = max(105.0 - s.systolic, 0.0)
    s.heart_rate = person.heart_rate + c.heart_rate_per_kelvin * warm + 0.5 * low
    s.breaths = person.breaths + 1.6 * warm + 0.9 * max(95.0 - s.saturation, 0.0)
    s.icans = product.neurotoxicity * s.brain * c.neuro_susceptibility
