"""Antipyretics, tocilizumab, siltuximab, anakinra and steroids against CRS."""

import numpy as np

from training.cohort.chance import normal, uniform
from training.cohort.clinicians.care import MORNING_ROUND
from training.cohort.compiled import inlined
from training.cohort.parameters import HOURS_BEFORE_FIRST_DOSE

DRAWN = 6  # o'clock: blood is drawn from those who stay in
OBSERVED, CRP_NOISE = 1_000_000, 140
"""Moment and question of the noise of the same printed CRP: see observation."""


@inlined
def relieve_crs(care, person, key, hour, policy):  # type: ignore[no-untyped-def]
    """Paracetamol, tocilizumab and dexamethasone."""
    hot = care.temperature > policy.paracetamol_above
    if hot and hour - care.paracetamol_at >= policy.paracetamol_every_h:
        care.paracetamol = 1000.0 if person.weight > 45.0 else 15.0 * np.round(person.weight)
        care.paracetamol_at = hour
    if not care.inside or care.charted == 0:
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
    if care.charted == 2:
        willing, enough = policy.tocilizumab_grade_2_share, True
    elif care.charted >= 3:
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
    if care.charted >= 3 and (early or failed):
        care.steroids = True
    elif care.charted == 2:
        care.steroids = care.steroids or late
    else:
        care.steroids = False
    refractory = care.charted >= 2 and care.tocilizumab_count >= 2 and waited
    if refractory and person.siltuximab_doubt < policy.siltuximab_share:
        _give_siltuximab(care, person, hour, policy)
    next_is_due = hour - care.anakinra_at >= policy.anakinra_every_h
    trusted = person.anakinra_doubt < policy.anakinra_share
    if refractory and care.charted >= 3 and next_is_due and trusted:
        care.anakinra = min(policy.anakinra_dose, np.round(policy.anakinra_per_kg * person.weight))
        care.anakinra_at = hour


@inlined
def _give_siltuximab(care, person, hour, policy):  # type: ignore[no-untyped-def]
    if hour - care.siltuximab_at >= policy.siltuximab_every_h:
        care.siltuximab = np.round(policy.siltuximab_per_kg * person.weight)
        care.siltuximab_at = hour


@inlined
def read_crp(care, person, place, crp, cv, key, hour, clock, policy):  # type: ignore[no-untyped-def]
    """The morning's CRP as printed; by the rule, siltuximab where it is high and rises."""
    if clock == DRAWN and (care.inside or place.home_crp):
        care.crp_yesterday = care.crp_today
        care.crp_today = crp * np.exp(cv * normal(key, hour + OBSERVED, CRP_NOISE))
    if clock != MORNING_ROUND or policy.siltuximab_rule == 0.0:
        return
    high = care.crp_today > policy.rule_crp_above
    by_fold = care.crp_today >= policy.rule_crp_fold * care.crp_yesterday
    rising = by_fold or care.crp_today - care.crp_yesterday >= policy.rule_crp_rise
    in_crs = care.inside and care.charted > 0 and not care.blames_infection
    if in_crs and high and rising and hour > HOURS_BEFORE_FIRST_DOSE:
        _give_siltuximab(care, person, hour, policy)


@inlined
def give_steroids(care, person, hour, policy):  # type: ignore[no-untyped-def]
    """Dexamethasone as ordered and for ICANS from grade 2; methylprednisolone at CRS of grade 4."""
    ordered = care.steroids and policy.siltuximab_rule == 0.0
    again = hour - care.methylprednisolone_at >= policy.methylprednisolone_every_h
    if ordered and care.charted >= 4 and again:
        by_weight = np.round(policy.methylprednisolone_per_kg * person.weight)
        care.methylprednisolone = min(policy.methylprednisolone_dose, by_weight)
        care.methylprednisolone_at = hour
    if (ordered or care.icans >= 2) and hour - care.steroid_at >= policy.steroid_every_h:
        care.dexamethasone += min(
            policy.steroid_dose, np.round(policy.steroid_per_kg * person.weight, 1)
        )
    if care.dexamethasone > 0.0:
        care.steroid_at = hour
