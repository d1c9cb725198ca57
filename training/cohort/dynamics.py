"""The virtual body: one hour of drug, T cells, cytokines, organs, blood values and infection.

    drug or cells x antigen -> stimulus -> activation -> drive -> IL-6 -> CRP, fibrinogen; ferritin
                                                           |-> fever
                                                           |-> leak -> pressure, saturation

Compiled code keeps no constant of another file: constants, products and weights come in as arrays,
so that a changed parameter is never hidden by a cached binary. Each person has constants of their
own (`world.constants[i]`). What flows is stepped `steps_per_hour` times an hour, exact for each
process alone; chances, infection and laboratory levels move by the hour.
"""

import numba
import numpy as np
import numpy.typing as npt

from training.cohort.chance import normal, uniform
from training.cohort.laboratories import IL6
from training.cohort.people import People
from training.cohort.products import Kind, Product

STATE = np.dtype(
    [
        # therapy
        ("depot", np.float64),  # fraction of the full dose under the skin
        ("lymph", np.float64),  # on its way to the blood, fraction of the full dose
        ("drug", np.float64),  # fraction of the full dose in the blood
        ("cells", np.float64),  # CAR-T cells, fraction of their peak
        ("antigen", np.float64),  # fraction left
        ("adaptation", np.float64),  # occupancy to which T cells have grown used
        ("occasion", np.float64),  # how this dose finds the T cells, standard normal
        ("mood", np.float64),  # of T cells and macrophages, hours to days: what no state tells
        ("stimulus", np.float64),
        ("activation", np.float64),
        (
            "drive",
            np.float64,
        ),  # cytokine drive: about 1 gives fever, 3 hypotension, above 10 severe
        ("lymphodepletion", np.float64),  # 0 to 1
        ("depletion", np.float64),  # plasma and B cells lost, 0 to 1
        # medication
        ("aplasia", np.float64),  # immunity lost with plasma and B cells, weeks late, 0 to 1
        ("tocilizumab", np.float64),  # mg/L
        ("blocked", np.float64),  # share of IL-6 receptors blocked, 0 to 1
        ("siltuximab", np.float64),  # mg/L
        ("bound", np.float64),  # share of IL-6 bound by siltuximab, 0 to 1
        ("anakinra", np.float64),  # mg
        ("dexamethasone", np.float64),  # mg at the site of effect
        ("paracetamol", np.float64),  # g
        ("g_csf", np.float64),  # effect
        # signals
        ("il6", np.float64),  # above the rest, as produced, pg/mL
        ("il6_measured", np.float64),  # with the clearance lost under tocilizumab, pg/mL
        ("acute_phase", np.float64),
        ("slow", np.float64),
        ("worst_slow", np.float64),  # slow inflammation, remembered for weeks
        ("brain", np.float64),  # drive as the brain feels it, days late
        ("icans", np.float64),  # above 1 shows
        ("marrow", np.float64),
        ("proliferating", np.float64),  # granulopoiesis by transit, 1 at rest
        ("maturing", np.float64, (3,)),
        ("circulating", np.float64),
        ("counts", np.float64),  # slow swings of the blood counts, log
        ("lymphopenia", np.float64),  # lymphocytes killed by lymphodepletion, 1 to 0
        ("barrier", np.float64),  # skin and mucosa broken, 1 to 0
        ("leak", np.float64),
        ("leak_of_infection", np.float64),
        ("fever_of_drive", np.float64),  # K
        ("fever_of_infection", np.float64),  # K
        ("temperature", np.float64),
        ("wander", np.float64),  # slow noise of the pressure, mm[Hg]
        ("systolic", np.float64),  # without vasopressors
        ("saturation", np.float64),  # on room air
        ("heart_rate", np.float64),
        ("breaths", np.float64),
        # infection
        ("burden", np.float64),  # 0, or about 0.02 to 2
        ("size", np.float64),  # burden that this infection tends to
        ("growing_h", np.float64),  # since it began
        ("apparent_h", np.float64),  # since signs appeared; 0 while hidden
        ("infection", np.int64),  # kind: 0 none, see infections.KINDS
        ("doubling_h", np.float64),  # of this infection
        ("crp_share", np.float64),  # how much of its burden CRP answers to
        ("procalcitonin_share", np.float64),
        ("severe_infection", np.bool_),
        ("infections", np.int64),  # apparent so far
        ("onset", np.bool_),  # in this very hour
        ("covered_h", np.float64),  # of effective treatment
        ("alive", np.bool_),
    ]
)

PRODUCT = np.dtype(
    [
        ("cells", np.bool_),
        ("absorption", np.float64),  # 1/h; 0 for intravenous
        ("elimination", np.float64),  # 1/h
        ("half_effect", np.float64),
        ("adaptation", np.float64),  # 1/h
        ("occasion", np.float64),
        ("forgetting_h", np.float64),
        ("activation_h", np.float64),
        ("expansion_h", np.float64),
        ("doubling_h", np.float64),
        ("peak_h", np.float64),
        ("antigen_loss", np.float64),  # 1/h
        ("sensitivity", np.float64),
        ("spread", np.float64),
        ("vessels", np.float64),
        ("lung", np.float64),
        ("neurotoxicity", np.float64),
        ("marrow", np.float64),
        ("lymphodepletion", np.float64),
        ("plasma_cells", np.float64),
        ("aplasia", np.float64),
        ("t_cells", np.float64),
    ]
)

LOG2 = float(np.log(2.0))


def product_record(row: Product) -> tuple[float, ...]:
    """The fields of PRODUCT for one product."""
    absorption = LOG2 / row.absorption_half_life_h if row.absorption_half_life_h else 0.0
    return (
        row.kind is Kind.CAR_T,
        absorption,
        LOG2 / row.elimination_half_life_h,
        row.half_effect,
        1.0 / row.adaptation_h,
        row.occasion,
        row.forgetting_h,
        row.activation_h,
        24.0 * row.expansion_day,
        24.0 * row.doubling_day,
        24.0 * row.peak_day,
        row.antigen_loss_per_day / 24.0,
        row.sensitivity,
        row.spread,
        row.vessels,
        row.lung,
        row.neurotoxicity,
        row.marrow,
        row.lymphodepletion,
        row.plasma_cells,
        row.aplasia,
        row.t_cells,
    )


def state_at_rest(people: People) -> npt.NDArray[np.void]:
    """The state of healthy-for-them people before any therapy."""
    state = np.zeros(len(people.keys), dtype=STATE)
    for name in ("antigen", "proliferating", "maturing", "circulating"):
        state[name] = 1.0
    state["alive"] = True
    state["temperature"] = people.persons["temperature"]
    state["systolic"] = people.persons["systolic"]
    state["saturation"] = people.persons["saturation"]
    state["heart_rate"] = people.persons["heart_rate"]
    state["breaths"] = 15.0
    state["il6_measured"] = people.rest[:, IL6]
    return state


@numba.njit(cache=True, nogil=True)
def _receive(s, given, c, key, hour):  # type: ignore[no-untyped-def]
    """What was given in this hour enters the body; each dose finds T cells in another mood."""
    if given.therapy > 0.0:
        s.occasion = normal(key, hour, 7)
    kept = np.exp(-1.0 / c.mood_h)
    s.mood = kept * s.mood + c.mood * np.sqrt(1.0 - kept * kept) * normal(key, hour, 9)
    s.depot += given.therapy
    s.dexamethasone += given.dexamethasone
    s.paracetamol += given.paracetamol / 1000.0
    s.g_csf += 0.8 if given.g_csf > 0.0 else 0.0
    s.anakinra += given.anakinra


@numba.njit(cache=True, nogil=True)
def _antibodies(s, person, given, c):  # type: ignore[no-untyped-def]
    """Tocilizumab and siltuximab: one compartment, linear in the range of one to four doses."""
    s.tocilizumab += given.tocilizumab / (c.antibody_litres_per_kg * person.weight)
    s.tocilizumab *= np.exp(-LOG2 / c.tocilizumab_half_life_h)
    s.blocked = s.tocilizumab / (s.tocilizumab + c.tocilizumab_half_effect)
    s.siltuximab += given.siltuximab / (c.antibody_litres_per_kg * person.weight)
    s.siltuximab *= np.exp(-LOG2 / c.siltuximab_half_life_h)


@numba.njit(cache=True, nogil=True)
def _expand(s, given, product, c, hour):  # type: ignore[no-untyped-def]
    """CAR-T cells double until their half-peak, then level off and contract in two phases."""
    if given.infused_at < 0:
        return
    since = hour - given.infused_at
    width = product.doubling_h / LOG2
    grown = 1.0 / (1.0 + np.exp(-(since - product.expansion_h * c.pace) / width))
    late = max(since - product.peak_h * c.pace, 0.0)
    fast, slow = c.contraction_h, c.persistence_h
    fade = 0.95 * np.exp(-LOG2 * late / fast) + 0.05 * np.exp(-LOG2 * late / slow)
    s.cells = grown * fade


@numba.njit(cache=True, nogil=True)
def _share(steps):  # type: ignore[no-untyped-def]
    """How much of its way to a target a first-order process goes in so many time constants."""
    return 1.0 - np.exp(-steps)


@numba.njit(cache=True, nogil=True)
def _absorb(s, product, c, dt):  # type: ignore[no-untyped-def]
    """Engager from under the skin by the lymph into the blood; first doses are cleared faster.

    Returns the level in the blood in the middle of the step, as every process below hands on its
    own: halving the step then changes little.
    """
    share = 1.0
    if product.absorption > 0.0:
        share = _share(product.absorption * c.pace * dt)
    drained = s.depot * share
    absorbed = s.lymph * share if product.absorption > 0.0 else drained + s.lymph
    s.depot -= drained
    s.lymph += drained - absorbed
    before = s.drug
    cleared = product.elimination * (1.0 + c.target_clearance * s.antigen)
    s.drug = (before + absorbed) * np.exp(-cleared * dt)
    if product.absorption > 0.0:
        return 0.5 * (before + s.drug)
    return s.drug


@numba.njit(cache=True, nogil=True)
def _meet_cells(s, product, dt):  # type: ignore[no-untyped-def]
    """CAR-T cells meet their antigen and destroy it."""
    before = s.antigen
    s.antigen *= np.exp(-product.antigen_loss * s.cells * dt)
    s.stimulus = s.cells * 0.5 * (before + s.antigen)
    killing = s.cells / (s.cells + 0.02)
    s.depletion += (killing - s.depletion) * _share(dt / 96.0)


@numba.njit(cache=True, nogil=True)
def _meet_drug(s, drug, product, dt):  # type: ignore[no-untyped-def]
    """What T cells feel of the engager beyond what they have grown used to."""
    occupancy = drug / (drug + product.half_effect)
    lag = product.adaptation if occupancy > s.adaptation else 1.0 / product.forgetting_h
    before = s.adaptation
    s.adaptation += (occupancy - s.adaptation) * _share(lag * dt)
    s.stimulus = max(occupancy - 0.5 * (before + s.adaptation), 0.0) * s.antigen
    s.antigen *= np.exp(-product.antigen_loss * occupancy * dt)
    s.depletion += (occupancy - s.depletion) * _share(dt / 120.0)


@numba.njit(cache=True, nogil=True)
def _calm(s, c):  # type: ignore[no-untyped-def]
    return s.dexamethasone / (s.dexamethasone + c.dexamethasone_half_effect)


@numba.njit(cache=True, nogil=True)
def _cytokines(s, person, product, c, dt):  # type: ignore[no-untyped-def]
    """Activation, macrophage drive, and IL-6 made, bound and cleared by its receptor."""
    calm = _calm(s, c)
    felt = s.stimulus * (1.0 - c.dexamethasone_drive_share * calm)
    before = s.activation
    s.activation += (felt - s.activation) * _share(dt / product.activation_h)
    activation = 0.5 * (before + s.activation)
    lasting, passing = np.sqrt(1.0 - product.occasion), np.sqrt(product.occasion)
    own = (
        product.spread * (lasting * person.sensitivity_score + passing * s.occasion)
        + c.burden_effect * person.burden_score
        + c.inflammation_effect * person.inflammation_score
        + s.mood
    )
    soothed = 1.0 - c.anakinra_share * s.anakinra / (s.anakinra + c.anakinra_half_effect)
    unlimited = soothed * product.sensitivity * activation**c.cytokine_power * np.exp(own)
    s.drive = unlimited / (1.0 + unlimited / c.drive_most)
    made = c.il6_at_unit_drive * s.drive**c.il6_exponent + c.il6_of_infection * s.burden**1.5
    s.bound = s.siltuximab / (s.siltuximab + c.siltuximab_ic50 * (1.0 + made / c.il6_outruns))
    open_receptor = (1.0 - s.blocked) * (1.0 - s.bound)
    kept = 1.0 - c.il6_by_receptor * (1.0 - open_receptor)
    s.il6 += (made / kept - s.il6) * _share(kept * dt / c.il6_lag_h)
    heard = (1.0 - c.tocilizumab_crp_share * s.blocked) * (1.0 - c.siltuximab_crp_share * s.bound)
    signal = (s.drive + c.crp_of_infection * s.crp_share * s.burden) * heard
    s.acute_phase += (signal - s.acute_phase) * _share(dt / c.crp_delay_h)


@numba.njit(cache=True, nogil=True)
def _silenced(s, share):  # type: ignore[no-untyped-def]
    """What is left of an IL-6 effect of which tocilizumab at full effect takes `share`."""
    return (1.0 - share * s.blocked) * (1.0 - share * s.bound)


@numba.njit(cache=True, nogil=True)
def _fever(s, person, c, noise, clock, dt):  # type: ignore[no-untyped-def]
    masked = 1.0 - c.paracetamol_fever_share * min(s.paracetamol / 0.6, 1.0)
    hidden = masked * (1.0 - c.dexamethasone_fever_share * _calm(s, c))
    felt = s.drive * _silenced(s, c.tocilizumab_fever_share)
    s.fever_of_drive = hidden * c.fever_of_drive * felt / (felt + c.fever_half_drive)
    s.fever_of_infection = hidden * c.fever_of_infection * s.burden / (s.burden + 0.45)
    swing = c.daily_swing * np.cos(2.0 * np.pi * (clock - 18.0) / 24.0)
    strongest = max(s.fever_of_drive, s.fever_of_infection)
    both = strongest + 0.3 * min(s.fever_of_drive, s.fever_of_infection)
    target = person.temperature + swing + both + noise
    s.temperature += (min(target, 41.2) - s.temperature) * _share(dt / c.fever_lag_h)


@numba.njit(cache=True, nogil=True)
def _leak(s, person, c, dt):  # type: ignore[no-untyped-def]
    """Vessels leak hours after the cytokines; slow inflammation, the brain and marrow follow."""
    felt = s.drive * _silenced(s, c.tocilizumab_leak_share * person.answer)
    lag = c.leak_rise_h if felt > s.leak else c.leak_fall_h
    s.leak += (felt - s.leak) * _share(dt / lag)
    septic = c.leak_of_infection * s.burden**2
    s.leak_of_infection += (septic - s.leak_of_infection) * _share(dt / c.leak_rise_h)
    slow = s.drive * _silenced(s, 0.5 * c.tocilizumab_leak_share * person.answer)
    s.slow += (slow - s.slow) * _share(dt / c.slow_inflammation_h)
    s.brain += (s.drive * (1.0 - 0.5 * _calm(s, c)) - s.brain) * _share(dt / c.brain_h)


@numba.njit(cache=True, nogil=True)
def _fade(s, c, dt):  # type: ignore[no-untyped-def]
    """Drugs of hours to days leave the body."""
    s.dexamethasone *= np.exp(-LOG2 * dt / c.dexamethasone_half_life_h)
    s.paracetamol *= np.exp(-LOG2 * dt / c.paracetamol_half_life_h)
    s.anakinra *= np.exp(-LOG2 * dt / c.anakinra_half_life_h)
    s.g_csf *= np.exp(-dt / 30.0)


@numba.njit(cache=True, nogil=True)
def _flow(s, person, product, c, noise, clock, dt):  # type: ignore[no-untyped-def]
    """One fine step of everything that flows."""
    _fade(s, c, dt)
    if product.cells:
        _meet_cells(s, product, dt)
    else:
        _meet_drug(s, _absorb(s, product, c, dt), product, dt)
    _cytokines(s, person, product, c, dt)
    _fever(s, person, c, noise, clock, dt)
    _leak(s, person, c, dt)


@numba.njit(cache=True, nogil=True)
def _idle(s, given):  # type: ignore[no-untyped-def]
    """Nothing moves fast: no dose in this hour, no infection, a drive far below any sign."""
    small = s.drive < 0.02 and s.leak < 0.02 and s.burden == 0.0 and s.stimulus < 0.01
    return small and given.therapy == 0.0 and given.paracetamol == 0.0


@numba.njit(cache=True, nogil=True)
def _signs(s, person, product, c, noise):  # type: ignore[no-untyped-def]
    """Pressure, saturation, pulse and breaths of this hour."""
    shock = np.log1p(s.leak * product.vessels + s.leak_of_infection)
    lungs = np.log1p(
        s.leak * product.lung + s.leak_of_infection * (2.0 if s.infection == 2 else 0.6)
    )
    s.wander += -s.wander / 8.0 + c.pressure_noise * 0.5 * noise
    s.systolic = person.systolic - c.pressure_per_leak * shock + s.wander
    s.saturation = person.saturation - c.saturation_per_leak * lungs
    warm = max(s.temperature - 37.0, 0.0)
    low = max(105.0 - s.systolic, 0.0)
    s.heart_rate = person.heart_rate + c.heart_rate_per_kelvin * warm + 0.5 * low
    s.breaths = 15.0 + 1.6 * warm + 0.9 * max(95.0 - s.saturation, 0.0)
    s.icans = product.neurotoxicity * s.brain * c.neuro_susceptibility


@numba.njit(cache=True, nogil=True)
def _hazard(s, c, neutrophils, igg):  # type: ignore[no-untyped-def]
    """Of a new infection in this hour (probability)."""
    hazard = c.infection_per_day / 24.0
    if neutrophils < 0.5:
        hazard *= c.hazard_neutrophils_below_half
    elif neutrophils < 1.0:
        hazard *= c.hazard_neutrophils_below_one
    hazard *= 1.0 + c.hazard_of_barrier * s.barrier
    hazard *= 1.0 + c.hazard_of_aplasia * s.aplasia
    if igg < 4.0:
        hazard *= c.hazard_igg_below_four
    hazard *= 1.0 + c.hazard_dexamethasone * _calm(s, c)
    hazard *= 1.0 + c.hazard_per_drive * np.log1p(s.worst_slow)
    if s.blocked > 0.3 or s.bound > 0.3:
        hazard *= c.hazard_tocilizumab
    return hazard


@numba.njit(cache=True, nogil=True)
def _begin_infection(s, key, c, hour, kinds):  # type: ignore[no-untyped-def]
    chosen = uniform(key, hour, 4)
    s.infection = 1
    while chosen > kinds[s.infection - 1].until and s.infection < len(kinds):
        s.infection += 1
    kind = kinds[s.infection - 1]
    s.doubling_h = kind.doubling_h * np.exp(c.infection_pace * normal(key, hour, 10))
    s.crp_share = kind.crp
    s.procalcitonin_share = kind.procalcitonin
    s.severe_infection = uniform(key, hour, 5) < c.severe_infection_share
    median = 1.3 if s.severe_infection else 0.65
    s.size = median * np.exp(0.2 * normal(key, hour, 6))
    s.burden = c.infection_seed
    s.growing_h = 0.0
    s.apparent_h = 0.0
    s.covered_h = 0.0


@numba.njit(cache=True, nogil=True)
def _grow_or_ebb(s, c):  # type: ignore[no-untyped-def]
    """Burden of an infection: grows, is cleared by treatment, or is outgrown by immunity."""
    if s.covered_h > 6.0:
        s.burden -= c.infection_cleared_per_h * s.burden
    elif s.growing_h > 24.0 * c.infection_immunity_d:
        s.burden -= 0.35 * c.infection_cleared_per_h * s.burden
    else:
        growth = LOG2 / s.doubling_h
        s.burden += growth * s.burden * (1.0 - s.burden / s.size)


@numba.njit(cache=True, nogil=True)
def _infection(s, labs, given, key, hour, world, c):  # type: ignore[no-untyped-def]
    """A hidden beginning, signs about a day later, an end once the burden is small."""
    s.onset = False
    if s.infection == 0:
        hazard = _hazard(s, c, labs[world.neutrophils], labs[world.igg])
        if uniform(key, hour, 3) < hazard:
            _begin_infection(s, key, c, hour, world.infection_kinds)
        return
    s.growing_h += 1.0
    if given.effective > 0.0:
        s.covered_h += 1.0
    _grow_or_ebb(s, c)
    if s.growing_h > 24.0 and s.burden < c.infection_over:
        s.infection = 0
        s.burden = 0.0
        s.apparent_h = 0.0
    elif s.apparent_h > 0.0:
        s.apparent_h += 1.0
    elif s.burden >= c.infection_apparent:
        s.apparent_h = 1.0
        s.infections += 1
        s.onset = True


@numba.njit(cache=True, nogil=True)
def _remember(s, given, product, c, key, hour):  # type: ignore[no-untyped-def]
    """Traces that last: lymphodepletion, suppressed marrow, the worst inflammation so far."""
    if given.depleted_at == hour:
        s.barrier = 1.0
        s.lymphopenia = 1.0
    s.barrier *= np.exp(-1.0 / (24.0 * c.barrier_heals_d))
    s.lymphopenia *= np.exp(-1.0 / (24.0 * c.lymphocytes_return_d))
    kept = np.exp(-1.0 / (24.0 * c.counts_wander_d))
    swing = c.counts_wander * np.sqrt(1.0 - kept * kept)
    s.counts = kept * s.counts + swing * normal(key, hour, 8)
    if given.depleted_at >= 0:
        u = (hour - given.depleted_at) / (24.0 * c.lymphodepletion_peak_d)
        s.lymphodepletion = (u * np.exp(1.0 - u)) ** c.lymphodepletion_shape
    s.marrow += (product.marrow * np.log1p(s.slow) * 0.8 - s.marrow) / 120.0
    s.aplasia += (s.depletion * product.aplasia - s.aplasia) / c.aplasia_h
    s.worst_slow = max(s.worst_slow * np.exp(-1.0 / c.weakened_h), s.slow)


@numba.njit(cache=True, nogil=True)
def _granulopoiesis(s, given, product, c, hour):  # type: ignore[no-untyped-def]
    """Friberg's chain of transit: precursors killed by lymphodepletion, slowed by inflammation."""
    rate = 4.0 / c.transit_h
    since = hour - given.depleted_at
    killed = 0.0
    if given.depleted_at >= 0 and since < c.marrow_kill_h:
        killed = c.marrow_kill * product.lymphodepletion
    killed += min(product.marrow * c.marrow_inflamed * np.log1p(s.slow), 0.8)
    feedback = max(s.circulating, 0.02) ** -c.marrow_feedback
    grown = s.proliferating * ((1.0 - killed) * feedback - 1.0)
    passed = s.proliferating
    s.proliferating = max(s.proliferating + rate * grown, 1e-4)
    for k in range(3):
        stays = s.maturing[k]
        s.maturing[k] += rate * (passed - stays)
        passed = stays
    s.circulating += rate * (passed - s.circulating)


@numba.njit(cache=True, nogil=True)
def _drivers(s, product, c, drivers):  # type: ignore[no-untyped-def]
    """In the order of laboratories.DRIVERS."""
    drivers[0] = np.log1p(s.drive)
    drivers[1] = np.log1p(s.acute_phase)
    drivers[2] = np.log1p(s.slow)
    drivers[3] = np.log1p(s.leak + s.leak_of_infection)
    drivers[4] = s.burden
    drivers[5] = _calm(s, c)
    drivers[6] = min(s.stimulus, 1.0)
    drivers[7] = s.lymphodepletion * c.marrow_depth
    drivers[8] = s.g_csf
    drivers[9] = s.marrow
    drivers[10] = s.depletion * product.plasma_cells
    drivers[11] = s.counts
    drivers[12] = s.lymphopenia
    drivers[13] = np.log(max(s.circulating, 0.005))
    drivers[14] = np.log1p(product.t_cells * s.drive)
    drivers[15] = s.burden * s.procalcitonin_share


@numba.njit(cache=True, nogil=True)
def _laboratories(s, labs, rest, gains, world, drivers, c):  # type: ignore[no-untyped-def]
    """CRP by its turnover (row 0), IL-6 as measured (row 1), all others towards their target."""
    eaten = 1.0 - np.exp(-LOG2 / c.crp_half_life_h)
    heard = (gains[0] * s.acute_phase / c.crp_half_drive) ** c.crp_exponent
    quiet = (1.0 - s.blocked) * (1.0 - s.bound)
    made = rest[0] * quiet + c.crp_most * heard / (1.0 + heard)
    labs[0] += eaten * (made - labs[0])
    s.il6_measured = rest[1] / (1.0 - c.il6_by_receptor * (1.0 - quiet)) + gains[1] * s.il6
    labs[1] = s.il6_measured
    weights = world.weights
    for j in range(2, labs.shape[0]):
        push = 0.0
        for k in range(drivers.shape[0]):
            push += weights[j, k] * drivers[k]
        target = rest[j] * np.exp(gains[j] * push)
        share = world.hourly[j, 0] if target > labs[j] else world.hourly[j, 1]
        labs[j] += (target - labs[j]) * share


@numba.njit(cache=True, nogil=True)
def advance(hour, clock, world, state, labs, care):  # type: ignore[no-untyped-def]
    """Let one hour pass for everybody alive; `state` and `labs` are changed in place."""
    drivers = np.empty(world.weights.shape[1])
    for i in range(len(world.keys)):
        s, person, key, given = state[i], world.persons[i], world.keys[i], care[i]
        if not s.alive:
            continue
        product, c = world.products[person.product], world.constants[i]
        _receive(s, given, c, key, hour)
        _antibodies(s, person, given, c)
        if product.cells:
            _expand(s, given, product, c, hour)
        _infection(s, labs[i], given, key, hour, world, c)
        warmth = 0.15 * normal(key, hour, 1)
        steps = 1 if _idle(s, given) else world.steps_per_hour
        for _ in range(steps):
            _flow(s, person, product, c, warmth, clock, 1.0 / steps)
        _signs(s, person, product, c, normal(key, hour, 2))
        _remember(s, given, product, c, key, hour)
        _granulopoiesis(s, given, product, c, hour)
        _drivers(s, product, c, drivers)
        _laboratories(s, labs[i], world.rest[i], world.gains[i], world, drivers, c)
