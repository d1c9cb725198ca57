"""Antipyretics, tocilizumab, siltuximab, anakinra and steroids against CRS."""

import numpy as np

from training.cohort.chance import uniform
from training.cohort.clinicians.care import MORNING_ROUND
from training.cohort.compiled import inlined
from training.cohort.parameters import HOURS_BEFORE_FIRST_DOSE


@inlined
def relieve_crs(care, person, key, hour, policy):  # type: ignore[no-untyped-def]
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


@inlined
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
        give_tocilizumab(care, person, hour, policy)


@inlined
def give_tocilizumab(care, person, hour, policy):  # type: ignore[no-untyped-def]
    """One dose by weight, at most 800 mg."""
    per_kg = policy.tocilizumab_per_kg if person.weight >= 30.0 else 12.0
    care.tocilizumab = min(np.round(per_kg * person.weight), 800.0)
    care.tocilizumab_at = hour
    care.tocilizumab_count += 1


@inlined
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


@inlined
def _give_siltuximab(care, person, hour, policy):  # type: ignore[no-untyped-def]
    if hour - care.siltuximab_at >= policy.siltuximab_every_h:
        care.siltuximab = np.round(policy.siltuximab_per_kg * person.weight)
        care.siltuximab_at = hour


@inlined
def read_crp(care, person, crp, clock, hour, policy):  # type: ignore[no-untyped-def]
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


@inlined
def give_steroids(care, hour, policy):  # type: ignore[no-untyped-def]
    """Dexamethasone as ordered, twice the dose at grade 4; for ICANS from grade 2."""
    ordered = care.steroids and policy.siltuximab_rule == 0.0
    if (ordered or care.icans >= 2) and hour - care.steroid_at >= policy.steroid_every_h:
        care.dexamethasone += policy.steroid_dose * (2.0 if care.grade >= 4 else 1.0)
    if care.dexamethasone > 0.0:
        care.steroid_at = hour
