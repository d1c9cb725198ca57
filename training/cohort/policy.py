"""The virtual clinicians: who is in hospital, what is measured and given, and the grade of CRS.

They see what is measured (with its error), not the hidden state; two judgements use the truth, as a
stand-in for clinical sense: whether CRS or infection is the greater cause, and how much support is
needed. The ASTCT grade follows from measured fever, support given and measured low pressure.
"""

import numba
import numpy as np
import numpy.typing as npt

from training.cohort.chance import normal, uniform
from training.cohort.parameters import HOURS_BEFORE_FIRST_DOSE
from training.cohort.people import People
from training.cohort.products import Kind, Product

NEVER = -9999
MORNING_ROUND = 8  # o'clock: everybody in hospital is seen and graded

CARE = np.dtype(
    [
        # place
        ("inside", np.bool_),
        ("icu", np.bool_),
        ("admitted", np.bool_),  # in this very hour, as the next three
        ("discharged", np.bool_),
        ("icu_entered", np.bool_),
        ("visit", np.bool_),
        ("watch_until", np.int64),
        ("arrives_at", np.int64),
        ("unwell_at", np.int64),
        # therapy
        ("next_dose", np.int64),
        ("next_dose_at", np.int64),
        ("premedicated", np.bool_),
        ("dose", np.float64),  # in the product's unit
        ("therapy", np.float64),  # fraction of the full dose reaching the body
        ("infused_at", np.int64),
        ("depleted_at", np.int64),
        # measured
        ("checked", np.bool_),
        ("temperature", np.float64),
        ("systolic", np.float64),
        ("diastolic", np.float64),
        ("heart_rate", np.float64),
        ("breaths", np.float64),
        ("saturation", np.float64),
        # support
        ("vasopressors", np.int64),
        ("vasopressors_since", np.int64),
        ("norepinephrine", np.float64),  # ug/kg/min
        ("vasopressor_changed", np.bool_),
        ("fluid", np.float64),  # mm[Hg]
        ("oxygen_device", np.int64),  # see OXYGEN_DEVICES
        ("oxygen_since", np.int64),
        ("oxygen_flow", np.float64),  # L/min
        ("oxygen_changed", np.bool_),
        # CRS
        ("any_fever_at", np.int64),
        ("fever_at", np.int64),
        ("hypotension_at", np.int64),
        ("organs_by_crs", np.bool_),
        ("episode_since", np.int64),
        ("crs_at", np.int64),
        ("grade", np.int64),
        ("graded", np.bool_),  # documented in this very hour
        ("icans", np.int64),  # ASTCT grade of ICANS
        # medication of this hour, mg; and when last
        ("tocilizumab", np.float64),
        ("tocilizumab_at", np.int64),
        ("tocilizumab_count", np.int64),
        ("siltuximab", np.float64),
        ("siltuximab_at", np.int64),
        ("anakinra", np.float64),
        ("anakinra_at", np.int64),
        ("crp_today", np.float64),  # as known, mg/L
        ("crp_yesterday", np.float64),
        ("dexamethasone", np.float64),
        ("steroid_at", np.int64),
        ("steroids", np.bool_),
        ("paracetamol", np.float64),
        ("paracetamol_at", np.int64),
        ("g_csf", np.float64),
        ("prophylaxis", np.bool_),
        # infection care
        ("culture", np.bool_),
        ("culture_at", np.int64),
        ("antimicrobial", np.int64),  # running drug, see ANTIMICROBIALS; 0 none
        ("antimicrobial_given", np.bool_),
        ("antimicrobial_since", np.int64),
        ("known_infection", np.bool_),
        ("effective", np.float64),
    ]
)

OXYGEN_DEVICES = ("room_air", "nasal_cannula", "high_flow", "cpap", "ventilator")
ANTIMICROBIALS = ("", "piperacillin_tazobactam", "meropenem", "ganciclovir", "caspofungin")

_LAST = {
    "arrives_at": NEVER,
    "unwell_at": NEVER,
    "infused_at": -1,
    "depleted_at": -1,
    "watch_until": NEVER,
    "vasopressors_since": NEVER,
    "oxygen_since": NEVER,
    "any_fever_at": NEVER,
    "fever_at": NEVER,
    "hypotension_at": NEVER,
    "episode_since": NEVER,
    "crs_at": NEVER,
    "tocilizumab_at": NEVER,
    "steroid_at": NEVER,
    "siltuximab_at": NEVER,
    "anakinra_at": NEVER,
    "paracetamol_at": NEVER,
    "culture_at": NEVER,
    "antimicrobial_since": NEVER,
}

SCHEDULE = np.dtype(
    [
        ("doses", np.int64),
        ("at", np.float64, (8,)),  # hours after day 0
        ("amount", np.float64, (8,)),  # as the label prints it
        ("fraction", np.float64, (8,)),  # of the full dose
        ("watch", np.float64, (8,)),  # h in hospital
        ("premedication", np.float64),  # mg of dexamethasone
        ("per_kg", np.bool_),
        ("cells", np.bool_),
    ]
)

SITE = np.dtype([("ward_check_h", np.int64), ("home_checks", np.int64), ("stays_in", np.bool_)])


def care_at_start(people: People, schedules: npt.NDArray[np.void]) -> npt.NDArray[np.void]:
    """Nobody is in hospital, nothing was given, the first dose is planned."""
    care = np.zeros(len(people.keys), dtype=CARE)
    for name, value in _LAST.items():
        care[name] = value
    first = schedules["at"][people.persons["product"], 0]
    care["next_dose_at"] = HOURS_BEFORE_FIRST_DOSE + first.astype(np.int64)
    return care


def schedule_records(products: tuple[Product, ...]) -> npt.NDArray[np.void]:
    """The schedules as records for compiled code, one a product."""
    table = np.zeros(len(products), dtype=SCHEDULE)
    for row, item in zip(table, products, strict=True):
        count = len(item.doses)
        row["doses"] = count
        row["at"][:count] = [24.0 * dose.day for dose in item.doses]
        row["amount"][:count] = [dose.amount for dose in item.doses]
        row["fraction"][:count] = [dose.amount / item.full_dose for dose in item.doses]
        row["watch"][:count] = [dose.watch_h for dose in item.doses]
        row["premedication"] = item.premedication_mg
        row["per_kg"] = item.per_kg
        row["cells"] = item.kind is Kind.CAR_T
    return table


@numba.njit(cache=True, nogil=True)
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
    care.g_csf = 0.0
    care.prophylaxis = False
    care.culture = False
    care.antimicrobial_given = False
    care.fluid *= policy.fluid_kept


@numba.njit(cache=True, nogil=True)
def _admit(care, hour):  # type: ignore[no-untyped-def]
    if not care.inside:
        care.inside = True
        care.admitted = True
        care.unwell_at = hour


@numba.njit(cache=True, nogil=True)
def _planned_care(care, plan, place, hour, clock):  # type: ignore[no-untyped-def]
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
    free = care.antimicrobial == 0 and care.grade == 0 and not care.icu
    if care.inside and clock == 11 and hour >= care.watch_until and rested and free:
        care.inside = False
        care.discharged = True


@numba.njit(cache=True, nogil=True)
def _therapy(care, person, plan, hour):  # type: ignore[no-untyped-def]
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


@numba.njit(cache=True, nogil=True)
def _check_is_due(care, place, hour, clock):  # type: ignore[no-untyped-def]
    if care.icu:
        return True
    if care.visit or care.admitted:
        return True
    if not care.inside:
        return clock in (8, 20) or (place.home_checks > 2 and clock == 14)
    if care.grade >= 2:
        return clock % 2 == 0
    if care.grade == 1 or hour - care.any_fever_at < 12:
        return clock % 4 == 0
    return clock % place.ward_check_h == 0 or clock == MORNING_ROUND


@numba.njit(cache=True, nogil=True)
def _measure(care, s, key, hour, policy):  # type: ignore[no-untyped-def]
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


@numba.njit(cache=True, nogil=True)
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


@numba.njit(cache=True, nogil=True)
def _pressure(care, s, person, hour, policy):  # type: ignore[no-untyped-def]
    """Fluids for a low pressure, vasopressors where fluids are not enough."""
    if care.systolic < person.hypotension_below:
        care.hypotension_at = hour
        care.fluid = min(care.fluid + policy.fluid_bolus, 18.0)
    needed = s.systolic + care.fluid + (90.0 - person.hypotension_below)
    wanted = _vasopressors_wanted(care, needed, hour, policy)
    rate = 0.0
    if wanted > 0:
        rate = np.round(min(max(0.05 + 0.02 * (86.0 - needed), 0.03), 1.2), 2)
    care.vasopressor_changed = wanted != care.vasopressors or rate != care.norepinephrine
    if wanted != care.vasopressors:
        care.vasopressors_since = hour
    care.vasopressors = wanted
    care.norepinephrine = rate


@numba.njit(cache=True, nogil=True)
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


@numba.njit(cache=True, nogil=True)
def _flow(device, need):  # type: ignore[no-untyped-def]
    """L/min: up to 6 by nasal cannula, 30 to 60 by high flow, none counted otherwise."""
    if device == 1:
        return min(max(np.ceil((93.0 - need) / 1.2), 1.0), 6.0)
    if device == 2:
        return min(max(np.ceil((92.0 - need) / 2.0) * 10.0, 30.0), 60.0)
    return 0.0


@numba.njit(cache=True, nogil=True)
def _oxygen(care, s, key, hour, policy):  # type: ignore[no-untyped-def]
    need = s.saturation + 0.4 * normal(key, hour, 17)
    wanted = _device_for(need, policy)
    if wanted < care.oxygen_device:
        if hour - care.oxygen_since < policy.support_at_least_h:
            wanted = care.oxygen_device
        elif wanted == 0 and need < policy.wean_above:
            wanted = 1
    flow = _flow(wanted, need)
    care.oxygen_changed = wanted != care.oxygen_device or flow != care.oxygen_flow
    if wanted != care.oxygen_device:
        care.oxygen_since = hour
    care.oxygen_device = wanted
    care.oxygen_flow = flow


@numba.njit(cache=True, nogil=True)
def _organ_grade(care, hour, policy):  # type: ignore[no-untyped-def]
    """The worse of hypotension and hypoxia (ASTCT 2019), 0 without either."""
    hypotension = 0
    if hour - care.hypotension_at <= policy.hypotension_counts_h:
        hypotension = 2
    if care.vasopressors > 0:
        hypotension = 2 + care.vasopressors
    hypoxia = 0
    if care.oxygen_device > 0:
        hypoxia = min(care.oxygen_device + 1, 4)
    return max(hypotension, hypoxia)


@numba.njit(cache=True, nogil=True)
def _crs_grade(care, s, hour, policy):  # type: ignore[no-untyped-def]
    """The grade of this check: fever opens an episode, which lasts until all its signs are gone."""
    if care.temperature >= policy.fever_at:
        care.any_fever_at = hour
        if s.fever_of_drive >= s.fever_of_infection and s.drive > 0.05:
            care.fever_at = hour
    feverish = hour - care.fever_at <= policy.fever_counts_h
    organs = _organ_grade(care, hour, policy)
    care.organs_by_crs = s.leak >= s.leak_of_infection and s.leak > 0.05
    grade = 0
    if feverish or hour - care.crs_at <= policy.episode_apart_h:
        if feverish:
            grade = 1
        if care.organs_by_crs:
            grade = max(grade, organs)
    if grade > 0 and care.grade == 0:
        care.episode_since = hour
    if grade > 0:
        care.crs_at = hour
    return grade


@numba.njit(cache=True, nogil=True)
def _grade(care, s, hour, clock, policy):  # type: ignore[no-untyped-def]
    grade = _crs_grade(care, s, hour, policy)
    changed = grade != care.grade or (care.admitted and grade > 0)
    care.graded = care.inside and (changed or (clock == MORNING_ROUND and hour > 24))
    care.grade = grade
    needs_icu = care.vasopressors > 0 or care.oxygen_device >= 2
    if needs_icu and not care.icu:
        care.icu_entered = True
    if not needs_icu and care.icu and grade >= 3:
        needs_icu = True
    care.icu = needs_icu
    if grade > 0 or care.icu:
        care.unwell_at = hour


@numba.njit(cache=True, nogil=True)
def _relieve(care, person, key, hour, policy):  # type: ignore[no-untyped-def]
    """Paracetamol, tocilizumab and dexamethasone."""
    hot = care.temperature > policy.paracetamol_above
    if hot and hour - care.paracetamol_at >= policy.paracetamol_every_h:
        care.paracetamol = 1000.0 if person.weight > 45.0 else 15.0 * np.round(person.weight)
        care.paracetamol_at = hour
    if not care.inside or care.grade == 0:
        care.steroids = False
        return
    _tocilizumab(care, person, key, hour, policy)
    _after_tocilizumab(care, person, hour, policy)


@numba.njit(cache=True, nogil=True)
def _tocilizumab(care, person, key, hour, policy):  # type: ignore[no-untyped-def]
    """At once from grade 3, by many at grade 2, by some at a grade 1 that does not pass."""
    again = hour - care.tocilizumab_at >= policy.tocilizumab_every_h
    since = hour - care.episode_since
    willing = policy.tocilizumab_grade_1_share
    enough = since >= policy.tocilizumab_grade_1_after_h and care.tocilizumab_count == 0
    if care.grade == 2:
        willing, enough = policy.tocilizumab_grade_2_share, True
    elif care.grade >= 3:
        willing, enough = 1.0, True
    wanted = enough and person.tocilizumab_doubt < willing
    acts = uniform(key, hour, 21) < policy.tocilizumab_act
    if wanted and again and acts and care.tocilizumab_count < policy.tocilizumab_doses:
        _give_tocilizumab(care, person, hour, policy)


@numba.njit(cache=True, nogil=True)
def _give_tocilizumab(care, person, hour, policy):  # type: ignore[no-untyped-def]
    per_kg = policy.tocilizumab_per_kg if person.weight >= 30.0 else 12.0
    care.tocilizumab = min(np.round(per_kg * person.weight), 800.0)
    care.tocilizumab_at = hour
    care.tocilizumab_count += 1


@numba.njit(cache=True, nogil=True)
def _after_tocilizumab(care, person, hour, policy):  # type: ignore[no-untyped-def]
    """Steroids where tocilizumab did not help or the grade is 3; then siltuximab, anakinra."""
    waited = hour - care.tocilizumab_at >= policy.steroid_after_tocilizumab_h
    failed = care.tocilizumab_count > 0 and waited
    early = person.early_steroid_doubt < policy.steroid_grade_3_share
    late = failed and person.late_steroid_doubt < policy.steroid_grade_2_share
    if care.grade >= 3 and (early or failed):
        care.steroids = True
    elif care.grade == 2:
        care.steroids = care.steroids or late
    else:
        care.steroids = False
    refractory = care.grade >= 2 and care.tocilizumab_count >= 2 and waited
    if refractory and person.siltuximab_doubt < policy.siltuximab_share:
        _give_siltuximab(care, person, hour, policy)
    next_is_due = hour - care.anakinra_at >= policy.anakinra_every_h
    trusted = person.anakinra_doubt < policy.anakinra_share
    if refractory and care.grade >= 3 and next_is_due and trusted:
        care.anakinra = policy.anakinra_dose
        care.anakinra_at = hour


@numba.njit(cache=True, nogil=True)
def _give_siltuximab(care, person, hour, policy):  # type: ignore[no-untyped-def]
    if hour - care.siltuximab_at >= policy.siltuximab_every_h:
        care.siltuximab = np.round(policy.siltuximab_per_kg * person.weight)
        care.siltuximab_at = hour


@numba.njit(cache=True, nogil=True)
def _read_crp(care, person, crp, clock, hour, policy):  # type: ignore[no-untyped-def]
    """The morning's CRP; where the rule is followed, siltuximab at a high and rising one."""
    if clock != MORNING_ROUND:
        return
    care.crp_yesterday = care.crp_today
    care.crp_today = crp
    high = crp > policy.rule_crp_above
    by_fold = crp >= policy.rule_crp_fold * care.crp_yesterday
    rising = by_fold or crp - care.crp_yesterday >= policy.rule_crp_rise
    if policy.siltuximab_rule > 0.0 and high and rising and hour > HOURS_BEFORE_FIRST_DOSE:
        _give_siltuximab(care, person, hour, policy)


@numba.njit(cache=True, nogil=True)
def _prophylaxis(care, person, plan, hour, policy):  # type: ignore[no-untyped-def]
    """Tocilizumab two hours before the dose of that number, where the centre gives it.

    Not again within a week: a dose that is put off brings no second one.
    """
    due = care.next_dose + 1 == int(policy.prophylaxis_before_dose)
    again = hour - care.tocilizumab_at >= policy.prophylaxis_again_h
    if due and again and hour == care.next_dose_at - 2 and not plan.cells:
        _give_tocilizumab(care, person, hour, policy)


@numba.njit(cache=True, nogil=True)
def _icans(care, s):  # type: ignore[no-untyped-def]
    """ASTCT grade of ICANS from the hidden state: at 1, 2, 4, 8 times the threshold."""
    care.icans = 0
    for threshold in (1.0, 2.0, 4.0, 8.0):
        if s.icans >= threshold:
            care.icans += 1


@numba.njit(cache=True, nogil=True)
def _steroids(care, hour, policy):  # type: ignore[no-untyped-def]
    ordered = care.steroids and policy.siltuximab_rule == 0.0
    if (ordered or care.icans >= 2) and hour - care.steroid_at >= policy.steroid_every_h:
        care.dexamethasone += policy.steroid_dose * (2.0 if care.grade >= 4 else 1.0)
    if care.dexamethasone > 0.0:
        care.steroid_at = hour


@numba.njit(cache=True, nogil=True)
def _start_antimicrobials(care, s, key, hour, policy):  # type: ignore[no-untyped-def]
    drug = 1 if uniform(key, hour, 22) < 0.7 else 2
    if care.known_infection and s.infection == 4:
        drug = 3
    elif care.known_infection and s.infection == 5:
        drug = 4
    care.antimicrobial = drug
    care.antimicrobial_since = hour
    helps = drug == (1 if s.infection <= 3 else s.infection - 1) or (drug == 2 and s.infection <= 3)
    covered = uniform(key, hour, 23) < policy.covered_share
    care.effective = 1.0 if s.infection > 0 and helps and covered else 0.0


@numba.njit(cache=True, nogil=True)
def _work_up_fever(care, s, neutrophils, key, hour, policy):  # type: ignore[no-untyped-def]
    """Cultures at a fever in hospital, and often antimicrobials before anything is known."""
    if not care.inside or not care.checked or hour != care.any_fever_at:
        return
    if hour - care.culture_at >= 48:
        care.culture = True
        care.culture_at = hour
    chance = 0.25
    if neutrophils < 0.5:
        chance = 0.9
    elif hour - care.hypotension_at < 6:
        chance = 0.7
    if care.antimicrobial == 0 and uniform(key, hour, 25) < chance:
        _start_antimicrobials(care, s, key, hour, policy)


@numba.njit(cache=True, nogil=True)
def _diagnose(care, s, key, hour, policy):  # type: ignore[no-untyped-def]
    """An infection with signs is recognised after hours to two days, then treated rightly."""
    if s.apparent_h == 0.0 or care.known_infection:
        return
    patience = 10.0 + 36.0 * uniform(key, s.infections, 24)
    if care.antimicrobial > 0:
        patience = min(patience, 24.0)
    if s.apparent_h < patience:
        return
    care.known_infection = True
    if care.effective == 0.0:
        _start_antimicrobials(care, s, key, hour, policy)
        care.effective = 1.0


@numba.njit(cache=True, nogil=True)
def _continue_antimicrobials(care, s, hour, policy):  # type: ignore[no-untyped-def]
    """Every 8 h; three days where nothing was found, a week and until cured where something was."""
    if care.antimicrobial == 0:
        return
    lasted = hour - care.antimicrobial_since
    enough = policy.treatment_hours if care.known_infection else policy.empirical_hours
    if lasted >= enough and (s.infection == 0 or not care.known_infection):
        care.antimicrobial = 0
        care.effective = 0.0
        care.known_infection = False
    else:
        care.antimicrobial_given = lasted % 8 == 0


@numba.njit(cache=True, nogil=True)
def _call_from_home(care, s, key, hour, policy):  # type: ignore[no-untyped-def]
    """Fever at home, or feeling too ill, brings the patient in within hours."""
    if care.inside or care.arrives_at > hour:
        return
    ill = s.leak + s.leak_of_infection > 1.6
    feverish = care.checked and care.temperature >= policy.fever_at
    treated = care.antimicrobial > 1 or (care.antimicrobial > 0 and s.severe_infection)
    if (feverish and uniform(key, hour, 26) < policy.phones_share) or ill or treated:
        care.arrives_at = hour + 2 + int(4.0 * uniform(key, hour, 27))


@numba.njit(cache=True, nogil=True)
def _daily_orders(care, neutrophils, hour, clock):  # type: ignore[no-untyped-def]
    if clock == 9 and care.inside and neutrophils < 0.5 and hour > HOURS_BEFORE_FIRST_DOSE + 48:
        care.g_csf = 1.0
    care.prophylaxis = clock == 8 and hour > HOURS_BEFORE_FIRST_DOSE - 48


@numba.njit(cache=True, nogil=True)
def _fate(care, s, key, hour, constants):  # type: ignore[no-untyped-def]
    risk = 0.0
    if care.grade >= 4:
        risk += constants.death_at_grade_4_per_h
    if s.burden > 0.8 and care.vasopressors > 0:
        risk += constants.death_in_septic_shock_per_h
    if uniform(key, hour, 28) < risk:
        s.alive = False


@numba.njit(cache=True, nogil=True)
def decide(hour, clock, world, state, labs, care):  # type: ignore[no-untyped-def]
    """What the clinicians do in this hour; `care` (and death in `state`) are changed in place."""
    policy, site = world.policy[0], world.site[0]
    for i in range(len(world.keys)):
        mine, s, person, key = care[i], state[i], world.persons[i], world.keys[i]
        _forget_the_hour(mine, policy)
        if not s.alive:
            continue
        plan = world.schedules[person.product]
        _planned_care(mine, plan, site, hour, clock)
        _prophylaxis(mine, person, plan, hour, policy)
        _therapy(mine, person, plan, hour)
        _icans(mine, s)
        _read_crp(mine, person, labs[i, world.crp], clock, hour, policy)
        if _check_is_due(mine, site, hour, clock):
            _measure(mine, s, key, hour, policy)
            if mine.inside:
                _pressure(mine, s, person, hour, policy)
                _oxygen(mine, s, key, hour, policy)
            _grade(mine, s, hour, clock, policy)
            _relieve(mine, person, key, hour, policy)
        _steroids(mine, hour, policy)
        _work_up_fever(mine, s, labs[i, world.neutrophils], key, hour, policy)
        _diagnose(mine, s, key, hour, policy)
        _continue_antimicrobials(mine, s, hour, policy)
        _call_from_home(mine, s, key, hour, policy)
        _daily_orders(mine, labs[i, world.neutrophils], hour, clock)
        _fate(mine, s, key, hour, world.constants[i])
