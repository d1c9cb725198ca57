"""What the clinicians do in one hour."""

from training.cohort.clinicians.bedside import check_is_due, measure_signs
from training.cohort.clinicians.crs_drugs import give_steroids, read_crp, relieve_crs
from training.cohort.clinicians.grading import grade_crs, grade_icans
from training.cohort.clinicians.infection_care import (
    continue_antimicrobials,
    daily_orders,
    diagnose_infection,
    work_up_fever,
)
from training.cohort.clinicians.stay import call_from_home, meet_fate, planned_care
from training.cohort.clinicians.support import give_oxygen, hold_pressure
from training.cohort.clinicians.therapy import give_prophylaxis, give_therapy
from training.cohort.compiled import SOURCES, entry, inlined


@inlined
def _forget_the_hour(care, policy):  # type: ignore[no-untyped-def]
    care.admitted = False
    care.discharged = False
    care.icu_entered = False
    care.visit = False
    care.dose = 0.0
    care.therapy = 0.0
    care.checked = False
    care.vasopressor_changed = False
    care.oxygen_changed = False
    care.graded = False
    care.tocilizumab = 0.0
    care.siltuximab = 0.0
    care.anakinra = 0.0
    care.dexamethasone = 0.0
    care.paracetamol = 0.0
    care.methylprednisolone = 0.0
    care.g_csf = 0.0
    care.immunoglobulin = 0.0
    care.documented = 0
    care.prophylaxis = False
    care.culture = False
    care.antimicrobial_given = False
    care.fluid *= policy.fluid_kept


def _made_of(sources: str):  # type: ignore[no-untyped-def]
    @entry
    def decide(hour, clock, world, state, labs, care):  # type: ignore[no-untyped-def]
        """What they do in this hour; `care` (and death in `state`) are changed in place."""
        _ = sources
        site = world.site[0]
        for i in range(len(world.keys)):
            mine, s, person, key = care[i], state[i], world.persons[i], world.keys[i]
            plan, policy = world.schedules[person.product], world.policy[person.product]
            _forget_the_hour(mine, policy)
            if not s.alive:
                continue
            planned_care(mine, plan, site, hour, clock)
            give_prophylaxis(mine, person, plan, hour, policy)
            give_therapy(mine, person, plan, key, hour, policy)
            grade_icans(mine, s)
            crp = labs[i, world.crp]
            read_crp(mine, person, site, crp, world.crp_noise, key, hour, clock, policy)
            if check_is_due(mine, site, hour, clock):
                measure_signs(mine, s, key, hour, policy)
                if mine.inside:
                    hold_pressure(mine, s, person, hour, policy)
                    give_oxygen(mine, s, key, hour, policy)
                grade_crs(mine, s, plan, hour, clock, policy)
                relieve_crs(mine, person, key, hour, policy)
            give_steroids(mine, person, hour, policy)
            work_up_fever(mine, s, labs[i, world.neutrophils], key, hour, policy)
            diagnose_infection(mine, s, key, hour, world.infection_kinds, policy)
            continue_antimicrobials(mine, s, key, hour, policy)
            call_from_home(mine, s, key, hour, policy)
            daily_orders(mine, person, labs[i], world, key, hour, clock, policy)
            meet_fate(mine, s, key, hour, world.constants[i])

    return decide


decide = _made_of(SOURCES)
