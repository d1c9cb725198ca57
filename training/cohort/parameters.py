"""Every number that the virtual cohort rests on, each with its unit and where it comes from.

`assumed` marks a value chosen so that trajectories look as published, `tuned` one fitted by hand to
a published rate, `unverified` one taken from general knowledge and not seen in its source.
Rows named T.., K.., I.., W.., C.. are those of the table of published targets in docs/cohort.md.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

HOURS_BEFORE_FIRST_DOSE = 7 * 24
"""The simulation starts a week before the first dose, at the baseline visit."""

STEPS_PER_HOUR = 4
"""Fine steps of the body in an hour; halving the step changes the grade of fewer than 1 in 200."""

CLOCK_AT_START = 8
"""Hour of the day at which the simulation starts, and so of the first dose (UTC)."""


@dataclass(frozen=True)
class Parameter:
    """One constant of the physiology or of the clinicians: `value` in `unit`, seen in `source`.

    `spread` is how much patients differ: the standard deviation of the logarithm between them.
    """

    name: str
    value: float
    unit: str
    source: str
    spread: float = 0.0


Table = tuple[Parameter, ...]
"""PHYSIOLOGY or POLICY, or one of them with other values."""


@dataclass(frozen=True)
class Disease:
    """Who has the disease and what their blood looks like at rest (medians; all assumed).

    Ages in years, counts in 10^9/L, haemoglobin and IgG in g/L, LDH in U/L, creatinine in umol/L;
    ferritin and procalcitonin in
    ng/mL; `burden` is the median tumour burden (fraction of the worst).
    """

    key: str
    age: float
    age_sd: float
    youngest: float
    oldest: float
    prior_lines: float
    burden: float
    platelets: float
    neutrophils: float
    haemoglobin: float
    igg: float
    ldh: float
    creatinine: float
    ferritin: float = 380.0
    procalcitonin: float = 0.08
    counts_sd: float = 0.35  # how much neutrophils and platelets differ, SD of the logarithm
    word: str = ""  # as records name it, where that is not the key


DISEASES: tuple[Disease, ...] = (
    Disease("myeloma", 65, 9, 33, 86, 5.0, 0.30, 145, 2.9, 102, 4.5, 200, 90),
    Disease("dlbcl", 62, 12, 20, 84, 3.0, 0.35, 170, 3.4, 108, 6.5, 270, 76),
    Disease("fl", 60, 11, 29, 85, 3.0, 0.25, 190, 3.6, 118, 6.8, 210, 76),
    Disease("sclc", 64, 8, 32, 82, 2.0, 0.35, 210, 4.4, 112, 9.5, 260, 74),
    Disease("b_all", 14, 6, 4, 26, 3.0, 0.30, 110, 1.9, 96, 6.5, 250, 48, ferritin=1000),
    Disease("mcl", 65, 9, 38, 82, 3.0, 0.30, 150, 3.2, 110, 6.8, 230, 80),
    Disease("cll", 62, 9, 40, 82, 4.0, 0.35, 120, 2.6, 110, 5.0, 240, 80, word="other"),
    Disease("b_all_adult", 45, 15, 19, 80, 3.0, 0.35, 100, 1.7, 92, 6.5, 260, 66, word="b_all"),
    Disease(
        "b_all_any_age",
        32,
        16,
        7,
        73,
        3.0,
        0.30,
        105,
        1.7,
        82,
        6.5,
        150,
        45,
        counts_sd=0.9,
        ferritin=480,
        procalcitonin=0.22,
        word="b_all",
    ),
    Disease(
        "b_all_relapsed_young",
        16,
        7,
        4,
        30,
        4.0,
        0.45,
        60,
        1.2,
        92,
        6.5,
        230,
        48,
        ferritin=1500,
        word="b_all",
    ),
)

PHYSIOLOGY: tuple[Parameter, ...] = (
    # T cells
    Parameter("burden_effect", 0.55, "log per SD", "assumed; sign: CRS rises with tumour burden"),
    Parameter("inflammation_effect", 0.40, "log per SD", "assumed; sign: S01-S03"),
    Parameter("pace", 1.0, "1", "assumed: how fast cells expand and depots empty", spread=0.27),
    Parameter("contraction_h", 103.0, "h", "4.3 d, Stein 2019, doi 10.1002/psp4.12388"),
    Parameter("persistence_h", 5280.0, "h", "220 d, Stein 2019, doi 10.1002/psp4.12388"),
    Parameter(
        "target_clearance",
        1.0,
        "1",
        "assumed: first doses last half as long",
    ),
    Parameter("mood", 0.35, "log", "assumed: SD of chance in the answer while it lasts"),
    Parameter("mood_h", 24.0, "h", "assumed"),
    # Cytokines
    Parameter(
        "cytokine_power",
        2.0,
        "1",
        "assumed: cytokines rise faster than activation, so they end sooner",
    ),
    Parameter("drive_most", 200.0, "1", "assumed: cytokines are not made without limit"),
    Parameter("il6_at_unit_drive", 19, "pg/mL", "assumed: 100 to > 10,000 in CRS"),
    Parameter("il6_exponent", 1.25, "1", "assumed"),
    Parameter("il6_lag_h", 3.0, "h", "assumed: half-life about 2 h"),
    Parameter(
        "il6_by_receptor",
        0.8,
        "1",
        "assumed; that receptor blockade keeps IL-6 in the blood: Nishimoto 2008, Blood 112:3959",
    ),
    Parameter("il6_of_infection", 180.0, "pg/mL", "assumed: 50 to 1,000 in infection"),
    # Fever
    Parameter("fever_of_drive", 4.7, "K", "assumed: peaks 39-40.5 C"),
    Parameter("fever_half_drive", 2.0, "1", "assumed"),
    Parameter("fever_of_infection", 3.0, "K", "assumed"),
    Parameter("fever_lag_h", 2.5, "h", "assumed: gone hours after tocilizumab"),
    Parameter("daily_swing", 0.25, "K", "daily swing 0.5 C in all"),
    Parameter("paracetamol_fever_share", 0.45, "1", "assumed: hides fever for 4 to 6 h"),
    Parameter("paracetamol_half_life_h", 2.5, "h", "2-4 h, unverified"),
    # Acute phase
    Parameter("crp_half_life_h", 19.0, "h", "K01"),
    Parameter("crp_delay_h", 10.0, "h", "fitted to K02-K04"),
    Parameter("crp_most", 600.0, "mg/L", "assumed: 100-300 in severe CRS"),
    Parameter("crp_of_infection", 5.0, "1", "assumed: 50-300 mg/L, counts like this much drive"),
    Parameter("crp_exponent", 1.3, "1", "assumed: level follows severity"),
    Parameter("crp_half_drive", 10.0, "1", "assumed: 20-60 mg/L in grade 1-2"),
    Parameter("slow_inflammation_h", 26.0, "h", "assumed: ferritin rises 12-24 h after CRP"),
    # Vessels and lung
    Parameter("leak_rise_h", 15.0, "h", "assumed: hypotension follows the cytokines by hours"),
    Parameter("leak_fall_h", 18.0, "h", "assumed"),
    Parameter("leak_of_infection", 2.0, "1", "assumed"),
    Parameter("pressure_per_leak", 20.0, "mm[Hg]", "assumed", spread=0.25),
    Parameter(
        "saturation_per_leak",
        2.6,
        "%",
        "assumed: hypoxia in half as many as hypotension (T65, T66)",
        spread=0.35,
    ),
    Parameter("heart_rate_per_kelvin", 10.0, "/min", "about 10 beats a minute for 1 C"),
    Parameter("pressure_noise", 3.0, "mm[Hg]", "assumed"),
    # Drugs
    Parameter(
        "tocilizumab_clearance",
        0.047,
        "1/d",
        "0.3 L/d in 6.4 L, Frey 2010, doi 10.1177/0091270009350623, unverified",
    ),
    Parameter("tocilizumab_saturable", 1.17, "mg/L/d", "7.5 mg/d in 6.4 L, Frey 2010, unverified"),
    Parameter("tocilizumab_km", 2.7, "mg/L", "Frey 2010, unverified: faster below, as receptors"),
    Parameter("tocilizumab_half_effect", 3.0, "mg/L", "assumed; blocks while > 1 ug/mL"),
    Parameter("tocilizumab_crp_share", 0.97, "1", "assumed: CRP stays low for weeks"),
    Parameter("tocilizumab_fever_share", 0.86, "1", "assumed"),
    Parameter(
        "tocilizumab_leak_share",
        0.92,
        "1",
        "assumed; times the patient's own answer, 2/3 on average",
    ),
    Parameter("antibody_litres_per_kg", 0.09, "L/kg", "assumed: tocilizumab, 6.4 L of 70 kg"),
    Parameter("siltuximab_central", 0.044, "L/kg", "fitted to K12"),
    Parameter(
        "siltuximab_clearance", 0.0747, "1/d", "0.23 L/d of 70 kg, label, unverified; fitted to K11"
    ),
    Parameter("siltuximab_out", 0.0629, "1/d", "fitted to K11 and K13: into the tissues"),
    Parameter("siltuximab_back", 0.0891, "1/d", "fitted to K11 and K13: out of the tissues"),
    Parameter("siltuximab_ic50", 9.73, "mg/L", "K10: of CRP synthesis"),
    Parameter("siltuximab_crp_share", 0.98, "1", "assumed"),
    Parameter(
        "il6_outruns",
        2000.0,
        "pg/mL",
        "assumed; that much IL-6 outruns the dose: Rossi 2022, doi 10.3389/fimmu.2022.919489",
    ),
    Parameter("anakinra_half_life_h", 5.0, "h", "4-6 h, unverified"),
    Parameter("anakinra_half_effect", 100.0, "mg", "assumed"),
    Parameter("anakinra_share", 0.5, "1", "assumed"),
    # Brain
    Parameter("brain_h", 60.0, "h", "assumed: ICANS follows CRS by days"),
    Parameter("neuro_susceptibility", 1.0, "1", "assumed", spread=0.9),
    # Haemophagocytosis
    Parameter(
        "hlh_above",
        20.0,
        "1",
        "fitted to K14: remembered inflammation from which it begins",
        spread=0.9,
    ),
    Parameter("hlh_rises_h", 40.0, "h", "assumed: days after the peak of CRS"),
    Parameter("hlh_falls_h", 140.0, "h", "assumed"),
    Parameter("dexamethasone_half_life_h", 40.0, "h", "biological half-life 36-54 h, unverified"),
    Parameter("dexamethasone_half_effect", 30.0, "mg", "assumed"),
    Parameter("dexamethasone_drive_share", 0.60, "1", "assumed"),
    Parameter("dexamethasone_fever_share", 0.35, "1", "assumed: hides fever"),
    Parameter("most_push", 6.0, "log", "assumed: no level rises above 400 times that at rest"),
    # Blood counts
    Parameter(
        "lymphodepletion_peak_d", 11.0, "d", "lowest day 5-9 after infusion; given days -5 to -3"
    ),
    Parameter("lymphodepletion_shape", 5, "1", "assumed; severe neutropenia median 9 d (I21)"),
    Parameter("lymphocytes_return_d", 9.0, "d", "assumed; low from infusion on in Wei 2023"),
    Parameter("transit_h", 125.0, "h", "mean transit, Friberg 2002, J Clin Oncol 20:4713"),
    Parameter("marrow_feedback", 0.16, "1", "Friberg 2002: exponent of the feedback"),
    Parameter("marrow_kill", 2.0, "1", "fitted to I21: lymphodepletion, three days", spread=0.5),
    Parameter("marrow_kill_h", 72.0, "h", "given days -5 to -3"),
    Parameter("marrow_inflamed", 0.22, "1", "assumed: CRS slows the marrow"),
    Parameter("counts_wander", 0.48, "log", "fitted to I05: SD of slow swings of the counts"),
    Parameter("counts_wander_d", 14.0, "d", "assumed"),
    Parameter("marrow_depth", 1.0, "1", "assumed: how deep lymphodepletion goes", spread=0.2),
    # Infection
    Parameter("infection_per_day", 0.00013, "1/d", "tuned to I10-I13", spread=1.7),
    Parameter("hazard_of_line", 1.4, "ratio", "assumed: a central venous line"),
    Parameter("hazard_of_earlier", 1.25, "ratio", "assumed: of each earlier infection, up to 3"),
    Parameter("hazard_neutrophils_below_half", 2.04, "ratio", "Hill 2018, table 4: unadjusted"),
    Parameter("hazard_neutrophils_below_one", 1.5, "ratio", "assumed"),
    Parameter(
        "hazard_of_barrier",
        40,
        "added ratio",
        "fitted to I13: mucosa and skin broken by lymphodepletion and lines",
    ),
    Parameter("barrier_heals_d", 4, "d", "fitted to I13"),
    Parameter("hazard_of_aplasia", 9, "added ratio", "fitted to I12"),
    Parameter("aplasia_h", 800, "h", "assumed: memory of B and plasma cells fades in weeks"),
    Parameter("hazard_igg_below_four", 1.5, "ratio", "assumed; sign: I09"),
    Parameter("immunoglobulin_half_life_h", 600.0, "h", "21-28 d, unverified"),
    Parameter("immunoglobulin_litres_per_kg", 0.08, "L/kg", "assumed"),
    Parameter("hazard_dexamethasone", 1.2, "added ratio", "assumed"),
    Parameter("weakened_h", 100, "h", "assumed: the hazard outlasts the CRS"),
    Parameter("hazard_per_drive", 3.5, "added ratio per log", "assumed; sign: I14"),
    Parameter("hazard_tocilizumab", 1.2, "ratio", "assumed; I15 is not adjusted"),
    Parameter("infection_pace", 0.5, "log", "assumed: SD of the doubling time between infections"),
    Parameter("infection_seed", 0.02, "1", "assumed"),
    Parameter("infection_apparent", 0.25, "1", "assumed: burden at which signs appear, the onset"),
    Parameter("infection_over", 0.05, "1", "assumed"),
    Parameter("infection_cleared_per_h", 0.045, "1/h", "falls over 1-3 days when covered"),
    Parameter("infection_immunity_d", 5.0, "d", "assumed: uncovered infection ebbs from then on"),
    Parameter("severe_infection_share", 0.34, "1", "fitted to I02, I06"),
    Parameter("death_at_grade_4_per_h", 0.004, "1/h", "assumed"),
    Parameter("death_in_septic_shock_per_h", 0.006, "1/h", "assumed"),
    Parameter("death_in_severe_infection_per_h", 0.0005, "1/h", "assumed: one in thirty"),
)

POLICY: tuple[Parameter, ...] = (
    Parameter("fever_at", 38.0, "Cel", "ASTCT 2019, doi 10.1016/j.bbmt.2018.12.758"),
    Parameter("fever_counts_h", 6.0, "h", "assumed: a fever is over after 6 h without one"),
    Parameter(
        "episode_apart_h",
        48.0,
        "h",
        "assumed: within it, hypotension or hypoxia need no new fever to be CRS again",
    ),
    Parameter("hypotension_counts_h", 6.0, "h", "assumed: pressure low within 6 h counts"),
    Parameter("one_vasopressor_below", 82.0, "mm[Hg]", "assumed"),
    Parameter("two_vasopressors_below", 60.0, "mm[Hg]", "assumed"),
    Parameter("vasopressors_off_above", 92.0, "mm[Hg]", "assumed"),
    Parameter("pressure_of_vasopressor", 24.0, "mm[Hg]", "assumed"),
    Parameter("fluid_bolus", 9.0, "mm[Hg]", "assumed"),
    Parameter("fluid_kept", 0.88, "1/h", "assumed: share of a bolus still there an hour later"),
    Parameter("nasal_cannula_below", 91.5, "%", "SpO2 < 92 % on air"),
    Parameter("high_flow_below", 86.0, "%", "assumed"),
    Parameter("cpap_below", 81.0, "%", "assumed"),
    Parameter("ventilator_below", 77.0, "%", "assumed"),
    Parameter("vasopressors_most", 2.0, "1", "assumed: how many a ward has at one bedside"),
    Parameter("oxygen_most", 4.0, "1", "assumed: best device of a ward, 0 air to 4 ventilator"),
    Parameter("wean_above", 93.0, "%", "assumed"),
    Parameter("support_at_least_h", 6.0, "h", "assumed"),
    Parameter("paracetamol_above", 38.2, "Cel", "assumed"),
    Parameter("paracetamol_every_h", 6.0, "h", "1 g every 6-8 h"),
    Parameter("tocilizumab_every_h", 8.0, "h", "label: again after 8 h, at most 4 doses (read)"),
    Parameter("tocilizumab_doses", 4.0, "1", "label (read)"),
    Parameter("tocilizumab_per_kg", 8.0, "mg/kg", "label; 12 below 30 kg; at most 800 mg (read)"),
    Parameter("tocilizumab_act", 0.4, "probability per check", "assumed"),
    Parameter("tocilizumab_grade_2_share", 0.9, "1", "assumed: patients whose clinicians do"),
    Parameter("tocilizumab_grade_1_after_h", 36.0, "h", "24-72 h of grade 1, unverified"),
    Parameter("tocilizumab_grade_1_share", 0.25, "1", "assumed: clinicians who then give it"),
    Parameter("prophylaxis_before_dose", 0.0, "1", "tocilizumab before this dose; 0 never"),
    Parameter("prophylaxis_again_h", 168.0, "h", "assumed: one dose covers a week"),
    Parameter("siltuximab_per_kg", 11.0, "mg/kg", "label (read)"),
    Parameter("siltuximab_every_h", 504.0, "h", "label: every three weeks (read)"),
    Parameter("siltuximab_share", 0.3, "1", "assumed: after two doses of tocilizumab (T97)"),
    Parameter("siltuximab_rule", 0.0, "1", "1: by CRP, in the place of steroids (Rossi 2026)"),
    Parameter("rule_crp_above", 40.0, "mg/L", "Rossi 2026, doi 10.3389/fimmu.2026.1749348"),
    Parameter("rule_crp_fold", 2.0, "1", "assumed: what a rapid 24-hour rise is, or"),
    Parameter("rule_crp_rise", 20.0, "mg/L", "assumed"),
    Parameter("anakinra_dose", 100.0, "mg", "unverified"),
    Parameter("anakinra_per_kg", 3.0, "mg/kg", "assumed: the dose of the light"),
    Parameter("anakinra_every_h", 12.0, "h", "unverified"),
    Parameter("anakinra_share", 0.3, "1", "assumed"),
    Parameter("steroid_grade_3_share", 0.8, "1", "assumed: with the first tocilizumab"),
    Parameter("steroid_grade_2_share", 0.5, "1", "assumed: where tocilizumab did not help"),
    Parameter("steroid_dose", 10.0, "mg", "dexamethasone 10 mg every 6 h"),
    Parameter("steroid_per_kg", 0.25, "mg/kg", "assumed: dexamethasone of the light"),
    Parameter("steroid_every_h", 6.0, "h", "dexamethasone 10 mg every 6 h"),
    Parameter("steroid_after_tocilizumab_h", 14.0, "h", "assumed: no answer at grade 2"),
    Parameter("methylprednisolone_dose", 1000.0, "mg", "1 g a day at grade 4, unverified"),
    Parameter("methylprednisolone_per_kg", 30.0, "mg/kg", "unverified: of the light"),
    Parameter("methylprednisolone_every_h", 24.0, "h", "1 g a day at grade 4, unverified"),
    Parameter(
        "crs_after_dose_h", 120.0, "h", "assumed: later than this after a dose, fever is no CRS"
    ),
    Parameter("crs_after_cells_h", 504.0, "h", "assumed: the same after CAR-T cells"),
    Parameter("doses_spread_h", 6.0, "h", "assumed: doses after the first are given by 14:00"),
    Parameter("held_after_shock_h", 48.0, "h", "assumed: no dose so soon after vasopressors"),
    Parameter(
        "step_back_after_h", 168.0, "h", "assumed: after such a delay the dose before is repeated"
    ),
    Parameter("empirical_share", 0.25, "1", "assumed: antimicrobials at a fever, of checks"),
    Parameter("empirical_neutropenic_share", 0.9, "1", "assumed: below 0.5 x 10^9/L"),
    Parameter("empirical_shock_share", 0.7, "1", "assumed: with low pressure"),
    Parameter("first_line_share", 0.7, "1", "assumed: piperacillin, else meropenem"),
    Parameter("recognised_after_h", 10.0, "h", "assumed: after the first sign of an infection"),
    Parameter("recognised_within_h", 36.0, "h", "assumed: evenly spread from then on"),
    Parameter("presumed_share", 0.06, "1", "assumed: empirical courses that end as an infection"),
    Parameter("immunoglobulin_below", 4.0, "g/L", "IgG below 4 g/L, unverified"),
    Parameter("immunoglobulin_per_kg", 0.4, "g/kg", "every 4 weeks, unverified"),
    Parameter("immunoglobulin_every_h", 672.0, "h", "every 4 weeks, unverified"),
    Parameter("immunoglobulin_share", 0.4, "1", "assumed: patients whose clinicians replace it"),
    Parameter(
        "empirical_hours", 72.0, "h", "assumed; under 4 days, so not an infection of its own"
    ),
    Parameter("treatment_hours", 168.0, "h", "assumed: 7 days"),
    Parameter("covered_share", 0.85, "1", "assumed"),
    Parameter("phones_share", 0.9, "1", "assumed: comes in with fever at home"),
)


def own_constants(
    table: tuple[Parameter, ...], scores: npt.NDArray[np.float64]
) -> npt.NDArray[np.void]:
    """Each person's constants (one record a person) from `scores` (person x parameter, normal)."""
    kind = np.dtype([(row.name, np.float64) for row in table])
    constants = np.empty(len(scores), dtype=kind)
    for column, row in enumerate(table):
        constants[row.name] = row.value * np.exp(row.spread * scores[:, column])
    return constants


def as_record(table: tuple[Parameter, ...]) -> npt.NDArray[np.void]:
    """The table as one numpy record with a field a parameter, for compiled code."""
    kind = np.dtype([(row.name, np.float64) for row in table])
    return np.array([tuple(row.value for row in table)], dtype=kind)
