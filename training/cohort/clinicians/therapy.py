"""The doses of the therapy, and what is given before them."""

from training.cohort.clinicians.crs_drugs import give_tocilizumab
from training.cohort.compiled import inlined


@inlined
def give_therapy(care, person, plan, hour):  # type: ignore[no-untyped-def]
    """Premedication, then the dose; CRS, fever or a treated infection put it off by a day."""
    if care.next_dose >= plan.doses:
        return
    held = care.grade > 0 or care.antimicrobial > 0 or hour - care.any_fever_at < 24
    step = care.next_dose
    if hour == care.next_dose_at - 1 and not held and not plan.cells and step < 4:
        care.premedicated = True
        care.dexamethasone += plan.premedication
        care.paracetamol += 1000.0
        care.paracetamol_at = hour
    if hour != care.next_dose_at:
        return
    if held and not plan.cells:
        care.next_dose_at += 24
        return
    care.dose = plan.amount[step] * (person.weight if plan.per_kg else 1.0)
    care.therapy = plan.fraction[step]
    if plan.cells:
        care.infused_at = hour
    elif care.inside:
        care.watch_until = max(care.watch_until, hour + int(plan.watch[step]))
    else:
        care.visit = True
    care.next_dose += 1
    if care.next_dose < plan.doses:
        care.next_dose_at = hour + int(plan.at[care.next_dose] - plan.at[step])


@inlined
def give_prophylaxis(care, person, plan, hour, policy):  # type: ignore[no-untyped-def]
    """Tocilizumab two hours before the dose of that number, where the centre gives it.

    Not again within a week: a dose that is put off brings no second one.
    """
    due = care.next_dose + 1 == int(policy.prophylaxis_before_dose)
    again = hour - care.tocilizumab_at >= policy.prophylaxis_again_h
    if due and again and hour == care.next_dose_at - 2 and not plan.cells:
        give_tocilizumab(care, person, hour, policy)
