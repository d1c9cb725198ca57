"""Cultures, antimicrobials, what is recognised as infection, and what guards against it."""

import numpy as np

from training.cohort.chance import uniform
from training.cohort.compiled import inlined
from training.cohort.parameters import HOURS_BEFORE_FIRST_DOSE

ANTIMICROBIAL_EVERY_H = (8, 8, 8, 12, 24)
"""In the order of ANTIMICROBIALS, by their labels (unverified)."""
PRESUMED = 3  # the kind that is written down where none was found: see infections.KINDS
HABIT = 3_000_002
"""The moment of draws that belong to the patient's clinicians and not to an hour."""


@inlined
def _start_antimicrobials(care, s, key, hour, policy):  # type: ignore[no-untyped-def]
    """For bacteria by guess; for what was found once it is known."""
    drug = 1 if uniform(key, hour, 22) < policy.first_line_share else 2
    if care.known_infection and s.infection == 4:
        drug = 3
    elif care.known_infection and s.infection == 5:
        drug = 4
    care.antimicrobial = drug
    care.antimicrobial_since = hour
    helps = drug == (1 if s.infection <= 3 else s.infection - 1) or (drug == 2 and s.infection <= 3)
    covered = uniform(key, hour, 23) < policy.covered_share
    care.effective = 1.0 if s.infection > 0 and helps and covered else 0.0


@inlined
def work_up_fever(care, s, neutrophils, key, hour, policy):  # type: ignore[no-untyped-def]
    """Cultures at a fever in hospital, and often antimicrobials before anything is known."""
    if not care.inside or not care.checked or hour != care.any_fever_at:
        return
    if hour - care.culture_at >= 48:
        care.culture = True
        care.culture_at = hour
    chance = policy.empirical_share
    if neutrophils < 0.5:
        chance = policy.empirical_neutropenic_share
    elif hour - care.hypotension_at < 6:
        chance = policy.empirical_shock_share
    if care.antimicrobial == 0 and uniform(key, hour, 25) < chance:
        _start_antimicrobials(care, s, key, hour, policy)


@inlined
def _document(care, kind, onset):  # type: ignore[no-untyped-def]
    """An infection is known from now on, and blamed for a fever that did not come before it."""
    care.known_infection = True
    care.documented = kind
    care.documented_onset = onset
    began_later = care.charted == 0 or care.episode_since >= onset - 6
    care.blames_infection = began_later and care.charted < 3


@inlined
def diagnose_infection(care, s, key, hour, kinds, policy):  # type: ignore[no-untyped-def]
    """Most infections with signs are recognised after hours to two days, then treated rightly."""
    if s.apparent_h == 0.0 or care.known_infection:
        return
    found = uniform(key, s.infections, 29) < kinds[s.infection - 1].recognised
    if not found and not s.severe_infection:
        return
    patience = policy.recognised_after_h
    patience += policy.recognised_within_h * uniform(key, s.infections, 24)
    if care.antimicrobial > 0:
        patience = min(patience, 24.0)
    if s.apparent_h < patience:
        return
    _document(care, s.infection, hour - int(min(s.apparent_h, 24.0)))
    if care.effective == 0.0:
        _start_antimicrobials(care, s, key, hour, policy)
        care.effective = 1.0


@inlined
def continue_antimicrobials(care, s, key, hour, policy):  # type: ignore[no-untyped-def]
    """By each drug's interval; three days where nothing was found, else a week and until cured.

    Where nothing was found, an infection is now and then presumed, and treated on.
    """
    if care.antimicrobial == 0:
        return
    lasted = hour - care.antimicrobial_since
    over = lasted == int(policy.empirical_hours) and not care.known_infection
    if over and uniform(key, hour, 31) < policy.presumed_share:
        _document(care, PRESUMED, care.antimicrobial_since)
    enough = policy.treatment_hours if care.known_infection else policy.empirical_hours
    if lasted >= enough and (s.infection == 0 or not care.known_infection):
        care.antimicrobial = 0
        care.effective = 0.0
        care.known_infection = False
        care.blames_infection = False
    else:
        care.antimicrobial_given = lasted % ANTIMICROBIAL_EVERY_H[care.antimicrobial] == 0


@inlined
def _immunoglobulin(care, person, igg, key, hour, policy):  # type: ignore[no-untyped-def]
    """Replacement once IgG is low, where the patient's clinicians replace it."""
    given = uniform(key, HABIT, 30) < policy.immunoglobulin_share
    due = hour - care.immunoglobulin_at >= policy.immunoglobulin_every_h
    if given and due and igg < policy.immunoglobulin_below:
        care.immunoglobulin = np.round(policy.immunoglobulin_per_kg * person.weight)
        care.immunoglobulin_at = hour


@inlined
def daily_orders(care, person, labs, world, key, hour, clock, policy):  # type: ignore[no-untyped-def]
    """G-CSF in severe neutropenia, immunoglobulin where IgG is low, aciclovir for all."""
    since = hour - HOURS_BEFORE_FIRST_DOSE
    if clock == 9 and care.inside and labs[world.neutrophils] < 0.5 and since > 48:
        care.g_csf = 1.0
    if clock == 9 and (care.inside or care.visit) and since > 0:
        _immunoglobulin(care, person, labs[world.igg], key, hour, policy)
    care.prophylaxis = clock == 8 and since > -48
