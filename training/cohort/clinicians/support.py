"""Fluids, vasopressors and oxygen."""

import numpy as np

from training.cohort.chance import normal
from training.cohort.compiled import inlined


@inlined
def _vasopressors_wanted(care, needed, hour, policy):  # type: ignore[no-untyped-def]
    """How many, for the pressure `needed` (mm[Hg]) that there is without them."""
    if needed < policy.two_vasopressors_below:
        return 2
    if needed < policy.one_vasopressor_below:
        return 2 if care.vasopressors == 2 and needed < policy.one_vasopressor_below - 6.0 else 1
    soon = hour - care.vasopressors_since < policy.support_at_least_h
    if soon or needed <= policy.vasopressors_off_above:
        return min(care.vasopressors, 1)
    return 0


@inlined
def hold_pressure(care, s, person, hour, policy):  # type: ignore[no-untyped-def]
    """Fluids for a low pressure, vasopressors where fluids are not enough."""
    if care.systolic < person.hypotension_below:
        care.hypotension_at = hour
        care.fluid = min(care.fluid + policy.fluid_bolus, 18.0)
    needed = s.systolic + care.fluid + (90.0 - person.hypotension_below)
    wanted = _vasopressors_wanted(care, needed, hour, policy)
    wanted = min(wanted, int(policy.vasopressors_most))
    rate = 0.0
    if wanted > 0:
        rate = np.round(min(max(0.05 + 0.02 * (86.0 - needed), 0.03), 1.2), 2)
    care.vasopressor_changed = wanted != care.vasopressors or rate != care.norepinephrine
    if wanted != care.vasopressors:
        care.vasopressors_since = hour
    care.vasopressors = wanted
    care.norepinephrine = rate


@inlined
def _device_for(need, policy):  # type: ignore[no-untyped-def]
    """Place in OXYGEN_DEVICES for the saturation `need` (%) that there is on room air."""
    if need < policy.ventilator_below:
        return 4
    if need < policy.cpap_below:
        return 3
    if need < policy.high_flow_below:
        return 2
    if need < policy.nasal_cannula_below:
        return 1
    return 0


@inlined
def _flow(device, need):  # type: ignore[no-untyped-def]
    """L/min: up to 6 by nasal cannula, 30 to 60 by high flow, none counted otherwise."""
    if device == 1:
        return min(max(np.ceil((93.0 - need) / 1.2), 1.0), 6.0)
    if device == 2:
        return min(max(np.ceil((92.0 - need) / 2.0) * 10.0, 30.0), 60.0)
    return 0.0


@inlined
def give_oxygen(care, s, key, hour, policy):  # type: ignore[no-untyped-def]
    """The device that the saturation asks for; weaned slowly."""
    need = s.saturation + 0.4 * normal(key, hour, 17)
    wanted = _device_for(need, policy)
    if wanted < care.oxygen_device:
        if hour - care.oxygen_since < policy.support_at_least_h:
            wanted = care.oxygen_device
        elif wanted == 0 and need < policy.wean_above:
            wanted = 1
    wanted = min(wanted, int(policy.oxygen_most))
    flow = _flow(wanted, need)
    care.oxygen_changed = wanted != care.oxygen_device or flow != care.oxygen_flow
    if wanted != care.oxygen_device:
        care.oxygen_since = hour
    care.oxygen_device = wanted
    care.oxygen_flow = flow
