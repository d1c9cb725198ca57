"""What is measured at the bedside, and when."""

import numpy as np

from training.cohort.chance import normal
from training.cohort.clinicians.care import MORNING_ROUND
from training.cohort.compiled import inlined


@inlined
def check_is_due(care, place, hour, clock):  # type: ignore[no-untyped-def]
    """By the place, and more often where somebody worries."""
    if care.icu:
        return True
    if care.visit or care.admitted:
        return True
    if not care.inside:
        return clock in (8, 20) or (place.home_checks > 2 and clock == 14)
    if care.charted >= 2:
        return clock % 2 == 0
    if care.charted == 1 or hour - care.any_fever_at < 12:
        return clock % 4 == 0
    return clock % place.ward_check_h == 0 or clock == MORNING_ROUND


@inlined
def measure_signs(care, s, key, hour, policy):  # type: ignore[no-untyped-def]
    """The vital signs as measured, with their error, under the support that is running."""
    care.checked = True
    care.temperature = np.round(s.temperature + 0.12 * normal(key, hour, 11), 1)
    pressed = s.systolic + care.fluid + care.vasopressors * policy.pressure_of_vasopressor
    if care.vasopressors > 0:
        pressed = max(pressed, 84.0)
    care.systolic = max(np.round(pressed + 3.0 * normal(key, hour, 12)), 40.0)
    gap = 0.36 * care.systolic * (1.0 + 0.08 * normal(key, hour, 13))
    care.diastolic = max(np.round(care.systolic - gap), 20.0)
    care.heart_rate = max(np.round(s.heart_rate + 4.0 * normal(key, hour, 14)), 35.0)
    care.breaths = max(np.round(s.breaths + 1.4 * normal(key, hour, 15)), 8.0)
    breathed = s.saturation + 0.7 * normal(key, hour, 16)
    if care.oxygen_device > 0:
        breathed = max(breathed, 93.5 + 1.2 * normal(key, hour, 16))
    care.saturation = min(max(np.round(breathed), 55.0), 100.0)
