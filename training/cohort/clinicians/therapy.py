"""The doses of the therapy, and what is given before them."""

import numpy as np

from training.cohort.chance import uniform
from training.cohort.clinicians.crs_drugs import give_tocilizumab
from training.cohort.compiled import inlined


@inlined
def _surface(person):  # type: ignore[no-untyped-def]
    """Of the body, m2 (Mosteller 1987, N Engl J Med 317:1098)."""
    return np.sqrt(person.weight * person.height / 3600.0)


@inlined
def _held(care, plan, hour, policy):  # type: ignore[no-untyped-def]
    """CRS, fever or a treated infection put a dose off; an infusion stops for what is severe.

    A second infusion of cells waits for CRS of grade 2 and ICANS.
    """
    shocked = hour - care.vasopressors_since < policy.held_after_shock_h
    if plan.continuous:
        return care.charted >= 3 or care.icans >= 3 or (care.charted > 0 and shocked)
    if plan.cells:
        return care.next_dose > 0 and (care.charted >= 2 or care.icans > 0)
    if care.icans > 0 or shocked:
        return True
    return care.charted > 0 or care.antimicrobial > 0 or hour - care.any_fever_at < 24


@inlined
def _premedicate(care, person, plan, hour):  # type: ignore[no-untyped-def]
    """Children: dexamethasone 5 mg/m2, paracetamol 15 mg/kg, as adults at most (unverified)."""
    steroid, paracetamol = plan.premedication, 1000.0
    if person.age < 18.0:
        steroid = min(np.round(5.0 * _surface(person), 1), steroid)
        paracetamol = min(15.0 * np.round(person.weight), paracetamol)
    care.dexamethasone += steroid
    care.paracetamol += paracetamol
    care.paracetamol_at = hour


@inlined
def _plan_next(care, plan, key, hour, policy):  # type: ignore[no-untyped-def]
    """The next dose falls some hours after eight, but for an infusion that goes on."""
    step = care.next_dose - 1
    late = 0
    if not plan.continuous and not plan.cells:
        late = int(policy.doses_spread_h * uniform(key, hour, 32))
    care.next_dose_at = hour + int(plan.at[step + 1] - plan.at[step]) - care.late_h + late
    care.planned_at = care.next_dose_at
    care.late_h = late


@inlined
def _give(care, person, plan, hour):  # type: ignore[no-untyped-def]
    step = care.next_dose
    care.dose = plan.amount[step] * (person.weight if plan.per_kg else 1.0)
    if plan.continuous and person.weight < 45.0:  # 5 and 15 ug/m2 a day, for 9 and 28 ug
        per_m2 = 0.005 if plan.amount[step] < 0.02 else 0.015
        care.dose = np.round(per_m2 * _surface(person), 4)
    care.therapy = plan.fraction[step]
    care.dosed_at = hour
    care.next_dose += 1
    if plan.cells:
        care.infused_at = hour if care.infused_at < 0 else care.infused_at
    elif care.inside:
        care.watch_until = max(care.watch_until, hour + int(plan.watch[step]))
    else:
        care.visit = True


@inlined
def give_therapy(care, person, plan, key, hour, policy):  # type: ignore[no-untyped-def]
    """Premedication, then the dose; put off by days, and by a step where it was off for long."""
    if care.next_dose >= plan.doses:
        return
    if care.charted >= 4 and not plan.cells:  # labels: never again
        care.next_dose = plan.doses
        return
    held = _held(care, plan, hour, policy)
    primes = not plan.cells and care.next_dose < (1 if plan.continuous else 4)
    if hour == care.next_dose_at - 1 and not held and primes:
        _premedicate(care, person, plan, hour)
    if hour != care.next_dose_at:
        return
    if held:
        care.next_dose_at += 24
        return
    long_off = hour - care.planned_at > policy.step_back_after_h
    if long_off and care.next_dose > 0 and not plan.cells:
        care.next_dose -= 1
    _give(care, person, plan, hour)
    if care.next_dose < plan.doses:
        _plan_next(care, plan, key, hour, policy)


@inlined
def give_prophylaxis(care, person, plan, hour, policy):  # type: ignore[no-untyped-def]
    """Tocilizumab two hours before the dose of that number, where the centre gives it.

    Not again within a week: a dose that is put off brings no second one.
    """
    due = care.next_dose + 1 == int(policy.prophylaxis_before_dose)
    again = hour - care.tocilizumab_at >= policy.prophylaxis_again_h
    if due and again and hour == care.next_dose_at - 2 and not plan.cells:
        give_tocilizumab(care, person, hour, policy)
