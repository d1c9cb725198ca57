"""What the turnover model is given: the two blockers, and the numbers that were fitted."""

from typing import NamedTuple


class Antibody(NamedTuple):
    """A blocker of IL-6 signalling: one compartment, and a share of CRP synthesis that it stops.

    share stopped = most_blocked x level / (level + half_effect), level in mg/L.
    """

    usual_mg_per_kg: float
    litres_per_kg: float
    half_life_h: float
    half_effect: float
    most_blocked: float
    window_h: float


RECEPTOR_BLOCKER = Antibody(
    usual_mg_per_kg=8.0,  # label
    litres_per_kg=0.09,  # 6.4 L in 70 kg: Frey 2010, doi 10.1177/0091270009350623
    half_life_h=6.3 * 24.0,  # label, after one dose; longer at steady state
    half_effect=0.2,  # assumed: above 1 mg/L CRP is normal (doi 10.1182/blood-2008-05-155846)
    most_blocked=0.97,  # assumed: infection under blockade still makes a little
    window_h=21 * 24.0,  # as the guard says: CRP stays low for 1 to 2 weeks, a third for safety
)
"""Tocilizumab; sarilumab counts as such, having no published kinetics in cytokine release."""

SILTUXIMAB = Antibody(
    usual_mg_per_kg=11.0,  # label
    litres_per_kg=0.068,  # Blood 2012;120:1365
    half_life_h=20 * 24.0,  # 19 to 24 d: Nikanjam 2019, PMC6800650
    half_effect=9.73,  # mg/L, IC50 of CRP synthesis: Blood 2012;120:1365
    most_blocked=0.98,  # assumed
    window_h=90 * 24.0,  # as the guard says: the level is then near the IC50
)


class Turnover(NamedTuple):
    """The fitted numbers: how CRP synthesis wanders and how CRP is read.

    Log synthesis diffuses, is drawn slowly to rest, and now and then jumps to a flare. Synthesis is
    given as the level in mg/L that it would hold.
    """

    assay_sd: float  # log SD of one reading, day-to-day noise included
    assay_floor: float  # mg/L, SD of one reading near zero
    gross_error: float  # share of readings that are wrong altogether
    start_level: float  # median synthesis at the first value, mg/L
    start_sd: float  # its log SD
    start_apart: float  # log SD of the first level about its synthesis
    diffusion: float  # log SD a square-root day
    return_rate: float  # per hour, to rest
    rest: float  # mg/L
    flare_rate: float  # per hour
    flare: float  # median synthesis of a flare, mg/L
    flare_sd: float  # its log SD


TURNOVER = Turnover(
    assay_sd=0.172,
    assay_floor=0.172,
    gross_error=0.00737,
    start_level=10.8,
    start_sd=1.94,
    start_apart=0.5,
    diffusion=0.547,
    return_rate=0.00229,
    rest=3.18,
    flare_rate=0.00391,
    flare=153.0,
    flare_sd=0.723,
)
"""Fitted by `python -m training.studies.crp_forecasts fit` to 375 patients with COVID-19 (Yan 2020,
doi 10.1038/s42256-020-0180-7) and, with a third of their weight, to 300 virtual patients (seed 11).
"""
