"""Who is in hospital: planned and unplanned admissions, discharge, death."""

from training.cohort.chance import uniform
from training.cohort.compiled import inlined
from training.cohort.parameters import HOURS_BEFORE_FIRST_DOSE


@inlined
def _admit(care, hour):  # type: ignore[no-untyped-def]
    if not care.inside:
        care.inside = True
        care.admitted = True
        care.unwell_at = hour


@inlined
def planned_care(care, plan, place, hour, clock):  # type: ignore[no-untyped-def]
    """Baseline and clinic visits, planned admissions, lymphodepletion, leaving hospital."""
    if hour == 2 or (not care.inside and clock == 9 and (hour // 24) % 7 in (2, 5)):
        care.visit = True
    if plan.cells and hour == HOURS_BEFORE_FIRST_DOSE - 144:
        _admit(care, hour)
        care.watch_until = HOURS_BEFORE_FIRST_DOSE + int(plan.watch[0])
    if plan.cells and hour == HOURS_BEFORE_FIRST_DOSE - 120:
        care.depleted_at = hour
    if care.next_dose < plan.doses and not plan.cells:
        soon = hour == care.next_dose_at - 4
        if soon and plan.watch[care.next_dose] > 0.0 and place.stays_in:
            _admit(care, hour)
    if care.arrives_at == hour:
        _admit(care, hour)
    rested = hour - max(care.unwell_at, care.any_fever_at) >= 24
    free = care.antimicrobial == 0 and care.charted == 0 and care.icans == 0 and not care.icu
    if care.inside and clock == 11 and hour >= care.watch_until and rested and free:
        care.inside = False
        care.discharged = True


@inlined
def call_from_home(care, s, key, hour, policy):  # type: ignore[no-untyped-def]
    """Fever at home, or feeling too ill, brings the patient in within hours."""
    if care.inside or care.arrives_at > hour:
        return
    ill = s.leak + s.leak_of_infection > 1.6
    feverish = care.checked and care.temperature >= policy.fever_at
    low = hour - care.hypotension_at < 24
    treated = care.antimicrobial > 1 or (care.antimicrobial > 0 and low)
    phones = feverish and uniform(key, hour, 26) < policy.phones_share
    if phones or ill or treated or care.icans > 0:
        care.arrives_at = hour + 2 + int(4.0 * uniform(key, hour, 27))


@inlined
def meet_fate(care, s, key, hour, constants):  # type: ignore[no-untyped-def]
    """Death from CRS of grade 4, or from a severe infection, above all in shock."""
    risk = 0.0
    if care.grade >= 4:
        risk += constants.death_at_grade_4_per_h
    if s.burden > 0.8:
        risk += constants.death_in_severe_infection_per_h
        if care.vasopressors > 0:
            risk += constants.death_in_septic_shock_per_h
    if uniform(key, hour, 28) < risk:
        s.alive = False
