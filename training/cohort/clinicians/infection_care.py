"""Cultures, antimicrobials, and what guards against infection."""

from training.cohort.chance import uniform
from training.cohort.compiled import inlined
from training.cohort.parameters import HOURS_BEFORE_FIRST_DOSE


@inlined
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


@inlined
def work_up_fever(care, s, neutrophils, key, hour, policy):  # type: ignore[no-untyped-def]
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


@inlined
def diagnose_infection(care, s, key, hour, policy):  # type: ignore[no-untyped-def]
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


@inlined
def continue_antimicrobials(care, s, hour, policy):  # type: ignore[no-untyped-def]
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


@inlined
def daily_orders(care, neutrophils, hour, clock):  # type: ignore[no-untyped-def]
    """G-CSF in severe neutropenia, aciclovir for all."""
    if clock == 9 and care.inside and neutrophils < 0.5 and hour > HOURS_BEFORE_FIRST_DOSE + 48:
        care.g_csf = 1.0
    care.prophylaxis = clock == 8 and hour > HOURS_BEFORE_FIRST_DOSE - 48
