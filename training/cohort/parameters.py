"""Every number that the virtual cohort rests on, each with its unit and where it comes from.

`assumed` marks a value chosen so that trajectories look as published, `tuned` one fitted by hand to a
published rate, `unverified` one taken from general knowledge and not seen in its source.
Rows named T.., K.., I.. are those of the table of published targets in docs/cohort.md.
"""

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
import numpy.typing as npt

HOURS_BEFORE_FIRST_DOSE = 7 * 24
"""The simulation starts a week before the first dose, at the baseline visit."""

CLOCK_AT_START = 8
"""Hour of the day at which the simulation starts, and so of the first dose (UTC)."""


class Kind(StrEnum):
    """The two kinds of T-cell engaging therapy."""

    BISPECIFIC = "bispecific"
    CAR_T = "car_t"


@dataclass(frozen=True)
class Parameter:
    """One constant of the physiology or of the clinicians: `value` in `unit`, seen in `source`."""

    name: str
    value: float
    unit: str
    source: str


@dataclass(frozen=True)
class Dose:
    """One dose: days after the first one, amount (mg, or mg/kg), and the watch in hospital after it."""

    day: float
    amount: float
    watch_h: float = 0.0


@dataclass(frozen=True)
class Product:
    """A product: whom it treats, how it is given, and how the body answers.

    Bispecifics: concentration counts in fractions of `full_dose`; `half_effect` is the fraction at
    half of the greatest effect; `adaptation_h` is how fast T cells grow used to a concentration.
    CAR-T: cells reach half of their peak on `expansion_day`, over about `expansion_width_day`; the
    antigen they meet is lost at `antigen_loss_per_day`.
    `sensitivity` (median cytokine drive) and `spread` (its log-normal SD) are tuned to the rates.
    """

    key: str
    kind: Kind
    diseases: tuple[tuple[str, float], ...]
    doses: tuple[Dose, ...]
    source: str
    sensitivity: float
    spread: float
    share: float
    per_kg: bool = False
    full_dose: float = 1.0
    absorption_half_life_h: float = 0.0
    elimination_half_life_h: float = 240.0
    half_effect: float = 0.1
    adaptation_h: float = 72.0
    premedication_mg: float = 16.0
    expansion_day: float = 4.0
    expansion_width_day: float = 0.5
    antigen_loss_per_day: float = 0.3
    marrow: float = 1.0
    plasma_cells: float = 0.0
    unit: str = field(default="mg")


_SCHEDULE = "US prescribing information (doses read)"
_KINETICS = "absorption and elimination unverified"

PRODUCTS: tuple[Product, ...] = (
    Product(
        "teclistamab",
        Kind.BISPECIFIC,
        (("myeloma", 1.0),),
        (
            Dose(0, 0.06, 48),
            Dose(3, 0.3, 48),
            Dose(6, 1.5, 48),
            Dose(13, 1.5),
            Dose(20, 1.5),
            Dose(27, 1.5),
        ),
        f"{_SCHEDULE}; {_KINETICS}",
        sensitivity=2.2,
        spread=0.75,
        share=0.08,
        per_kg=True,
        full_dose=1.5,
        absorption_half_life_h=24.0,
        elimination_half_life_h=140.0,
        half_effect=0.10,
        plasma_cells=1.0,
    ),
    Product(
        "elranatamab",
        Kind.BISPECIFIC,
        (("myeloma", 1.0),),
        (Dose(0, 12, 48), Dose(3, 32, 24), Dose(7, 76), Dose(14, 76), Dose(21, 76)),
        f"{_SCHEDULE}; {_KINETICS}",
        sensitivity=2.0,
        spread=0.75,
        share=0.05,
        full_dose=76.0,
        absorption_half_life_h=24.0,
        elimination_half_life_h=200.0,
        half_effect=0.10,
        premedication_mg=20.0,
        plasma_cells=1.0,
    ),
    Product(
        "talquetamab",
        Kind.BISPECIFIC,
        (("myeloma", 1.0),),
        (Dose(0, 0.01, 48), Dose(3, 0.06, 48), Dose(6, 0.4, 48), Dose(9, 0.8, 48), Dose(23, 0.8)),
        f"{_SCHEDULE}, every two weeks; {_KINETICS}",
        sensitivity=2.2,
        spread=0.8,
        share=0.05,
        per_kg=True,
        full_dose=0.8,
        absorption_half_life_h=18.0,
        elimination_half_life_h=180.0,
        half_effect=0.06,
        plasma_cells=0.3,
    ),
    Product(
        "epcoritamab",
        Kind.BISPECIFIC,
        (("dlbcl", 1.0),),
        (Dose(0, 0.16), Dose(7, 0.8), Dose(14, 48, 24), Dose(21, 48), Dose(28, 48)),
        f"{_SCHEDULE}; {_KINETICS}",
        sensitivity=1.6,
        spread=0.95,
        share=0.06,
        full_dose=48.0,
        absorption_half_life_h=30.0,
        elimination_half_life_h=300.0,
        half_effect=0.08,
    ),
    Product(
        "glofitamab",
        Kind.BISPECIFIC,
        (("dlbcl", 1.0),),
        (Dose(7, 2.5, 24), Dose(14, 10, 24), Dose(28, 30)),
        f"{_SCHEDULE}; obinutuzumab on day 0 spares the first dose; half-life 7.6 d unverified",
        sensitivity=2.0,
        spread=0.9,
        share=0.05,
        full_dose=30.0,
        elimination_half_life_h=182.0,
        half_effect=0.10,
        premedication_mg=20.0,
    ),
    Product(
        "mosunetuzumab",
        Kind.BISPECIFIC,
        (("fl", 1.0),),
        (Dose(0, 1), Dose(7, 2), Dose(14, 60), Dose(21, 60)),
        f"{_SCHEDULE}; half-life 16 d unverified",
        sensitivity=1.5,
        spread=0.95,
        share=0.03,
        full_dose=60.0,
        elimination_half_life_h=384.0,
        half_effect=0.08,
        premedication_mg=20.0,
    ),
    Product(
        "tarlatamab",
        Kind.BISPECIFIC,
        (("sclc", 1.0),),
        (Dose(0, 1, 24), Dose(7, 10, 24), Dose(14, 10), Dose(28, 10)),
        f"{_SCHEDULE}; half-life 5.7 d unverified",
        sensitivity=2.0,
        spread=0.8,
        share=0.05,
        full_dose=10.0,
        elimination_half_life_h=137.0,
        half_effect=0.08,
        premedication_mg=8.0,
    ),
    Product(
        "linvoseltamab",
        Kind.BISPECIFIC,
        (("myeloma", 1.0),),
        (Dose(0, 5, 24), Dose(7, 25, 24), Dose(14, 200), Dose(21, 200), Dose(28, 200)),
        f"{_SCHEDULE}; half-life 11-15 d unverified",
        sensitivity=1.8,
        spread=0.8,
        share=0.03,
        full_dose=200.0,
        elimination_half_life_h=310.0,
        half_effect=0.10,
        premedication_mg=40.0,
        plasma_cells=1.0,
    ),
    Product(
        "axicabtagene_ciloleucel",
        Kind.CAR_T,
        (("dlbcl", 0.8), ("fl", 0.2)),
        (Dose(0, 1, 240),),
        "onset T62, T69; peak of expansion about day 7 unverified",
        sensitivity=5.0,
        spread=0.95,
        share=0.28,
        expansion_day=3.0,
        expansion_width_day=0.55,
        antigen_loss_per_day=0.28,
        unit="1",
    ),
    Product(
        "tisagenlecleucel",
        Kind.CAR_T,
        (("dlbcl", 0.6), ("b_all", 0.4)),
        (Dose(0, 1, 168),),
        "onset T86, T93; peak of expansion day 9-10 unverified",
        sensitivity=2.5,
        spread=1.15,
        share=0.14,
        expansion_day=4.5,
        expansion_width_day=0.7,
        antigen_loss_per_day=0.3,
        unit="1",
    ),
    Product(
        "idecabtagene_vicleucel",
        Kind.CAR_T,
        (("myeloma", 1.0),),
        (Dose(0, 1, 168),),
        "onset T107; peak of expansion day 11 unverified",
        sensitivity=4.0,
        spread=0.95,
        share=0.08,
        expansion_day=2.0,
        expansion_width_day=0.5,
        antigen_loss_per_day=0.28,
        plasma_cells=1.0,
        unit="1",
    ),
    Product(
        "ciltacabtagene_autoleucel",
        Kind.CAR_T,
        (("myeloma", 1.0),),
        (Dose(0, 1, 240),),
        "onset T111 (median day 7, late); peak of expansion day 12-13 unverified",
        sensitivity=4.0,
        spread=0.75,
        share=0.10,
        expansion_day=8.0,
        expansion_width_day=0.6,
        antigen_loss_per_day=0.4,
        plasma_cells=1.0,
        unit="1",
    ),
)


@dataclass(frozen=True)
class Disease:
    """Who has the disease and what their blood looks like at rest (medians; all assumed).

    Ages in years, counts in 10^9/L, haemoglobin and IgG in g/L, LDH in U/L, creatinine in umol/L;
    `burden` is the median tumour burden (fraction of the worst).
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


DISEASES: tuple[Disease, ...] = (
    Disease("myeloma", 65, 9, 33, 86, 5.0, 0.30, 145, 2.9, 102, 4.5, 200, 90),
    Disease("dlbcl", 62, 12, 20, 84, 3.0, 0.35, 170, 3.4, 108, 6.5, 270, 76),
    Disease("fl", 60, 11, 29, 85, 3.0, 0.25, 190, 3.6, 118, 6.8, 210, 76),
    Disease("sclc", 64, 8, 32, 82, 2.0, 0.35, 210, 4.4, 112, 9.5, 260, 74),
    Disease("b_all", 14, 6, 4, 26, 3.0, 0.30, 110, 1.9, 96, 6.5, 250, 48),
)

PHYSIOLOGY: tuple[Parameter, ...] = (
    # T cells
    Parameter(
        "activation_h", 7.0, "h", "assumed: onset hours after iv, 1-3 days after sc (T28, T40)"
    ),
    Parameter("burden_effect", 0.45, "log per SD", "assumed; sign: CRS rises with tumour burden"),
    Parameter("inflammation_effect", 0.25, "log per SD", "assumed; sign: S01-S03"),
    Parameter("cell_growth", 1.0, "1", "assumed"),
    Parameter("antigen_return_h", 2000.0, "h", "assumed"),
    # Cytokines
    Parameter("il6_at_unit_drive", 55.0, "pg/mL", "assumed: 100 to > 10,000 in CRS"),
    Parameter("il6_exponent", 1.5, "1", "assumed"),
    Parameter("il6_lag_h", 4.0, "h", "assumed"),
    Parameter("il6_of_infection", 180.0, "pg/mL", "assumed: 50 to 1,000 in infection"),
    # Fever
    Parameter("fever_of_drive", 3.4, "K", "assumed: peaks 39-40.5 C"),
    Parameter("fever_half_drive", 1.5, "1", "assumed"),
    Parameter("fever_of_infection", 2.6, "K", "assumed"),
    Parameter("fever_lag_h", 2.5, "h", "assumed: gone hours after tocilizumab"),
    Parameter("daily_swing", 0.25, "K", "daily swing 0.5 C in all"),
    Parameter("paracetamol_fever_share", 0.55, "1", "assumed: hides fever for 4 to 6 h"),
    Parameter("paracetamol_half_life_h", 2.5, "h", "2-4 h, unverified"),
    # Acute phase
    Parameter("crp_half_life_h", 19.0, "h", "K01"),
    Parameter("crp_delay_h", 5.0, "h", "K02"),
    Parameter("crp_most", 430.0, "mg/L", "assumed: 100-300 in severe CRS"),
    Parameter("crp_half_drive", 6.0, "1", "assumed: 20-60 mg/L in grade 1-2"),
    Parameter("slow_inflammation_h", 26.0, "h", "assumed: ferritin rises 12-24 h after CRP"),
    # Vessels and lung
    Parameter("leak_rise_h", 11.0, "h", "assumed: hypotension follows the cytokines by hours"),
    Parameter("leak_fall_h", 16.0, "h", "assumed"),
    Parameter("leak_of_infection", 2.0, "1", "assumed"),
    Parameter("pressure_per_leak", 20.0, "mm[Hg]", "assumed"),
    Parameter(
        "saturation_per_leak",
        2.6,
        "%",
        "assumed: hypoxia in half as many as hypotension (T65, T66)",
    ),
    Parameter("heart_rate_per_kelvin", 10.0, "/min", "about 10 beats a minute for 1 C"),
    Parameter("pressure_noise", 5.0, "mm[Hg]", "assumed"),
    # Drugs
    Parameter("tocilizumab_half_life_h", 144.0, "h", "about 6 days after one dose, unverified"),
    Parameter("tocilizumab_half_effect", 8.0, "mg/L", "assumed; blocks while > 1 ug/mL"),
    Parameter("tocilizumab_crp_share", 0.97, "1", "assumed: CRP stays low for 1-2 weeks"),
    Parameter("tocilizumab_fever_share", 0.90, "1", "assumed"),
    Parameter("tocilizumab_leak_share", 0.62, "1", "assumed: about two thirds answer"),
    Parameter(
        "tocilizumab_il6_fold", 4.0, "1", "assumed; measured IL-6 rises: no receptor clearance"
    ),
    Parameter("dexamethasone_half_life_h", 40.0, "h", "biological half-life 36-54 h, unverified"),
    Parameter("dexamethasone_half_effect", 30.0, "mg", "assumed"),
    Parameter("dexamethasone_drive_share", 0.60, "1", "assumed"),
    Parameter("dexamethasone_fever_share", 0.35, "1", "assumed: hides fever"),
    # Blood counts
    Parameter(
        "lymphodepletion_peak_d", 11.0, "d", "lowest day 5-9 after infusion; given days -5 to -3"
    ),
    Parameter("lymphodepletion_shape", 3.0, "1", "assumed; severe neutropenia median 9 d (I21)"),
    # Infection
    Parameter("infection_per_day", 0.0042, "1/d", "tuned to I10-I13"),
    Parameter("hazard_neutrophils_below_half", 2.6, "ratio", "assumed"),
    Parameter("hazard_neutrophils_below_one", 1.5, "ratio", "assumed"),
    Parameter("hazard_igg_below_four", 1.5, "ratio", "assumed; sign: I09"),
    Parameter("hazard_dexamethasone", 1.2, "added ratio", "assumed"),
    Parameter("hazard_per_drive", 0.30, "added ratio per log", "assumed; sign: I14"),
    Parameter("hazard_tocilizumab", 1.2, "ratio", "assumed; I15 is not adjusted"),
    Parameter("infection_doubling_h", 6.5, "h", "assumed"),
    Parameter("infection_seed", 0.02, "1", "assumed"),
    Parameter("infection_apparent", 0.25, "1", "assumed: burden at which signs appear, the onset"),
    Parameter("infection_over", 0.05, "1", "assumed"),
    Parameter("infection_cleared_per_h", 0.045, "1/h", "falls over 1-3 days when covered"),
    Parameter("infection_immunity_d", 5.0, "d", "assumed: uncovered infection ebbs from then on"),
    Parameter("severe_infection_share", 0.5, "1", "half of the infections are grade 3 or more"),
    Parameter("death_at_grade_4_per_h", 0.0015, "1/h", "assumed"),
    Parameter("death_in_septic_shock_per_h", 0.0020, "1/h", "assumed"),
)

POLICY: tuple[Parameter, ...] = (
    Parameter("fever_at", 38.0, "Cel", "ASTCT 2019, doi 10.1016/j.bbmt.2018.12.758"),
    Parameter("fever_counts_h", 12.0, "h", "assumed: a fever is over after 12 h without one"),
    Parameter("hypotension_counts_h", 6.0, "h", "assumed: pressure low within 6 h counts"),
    Parameter("one_vasopressor_below", 78.0, "mm[Hg]", "assumed"),
    Parameter("two_vasopressors_below", 56.0, "mm[Hg]", "assumed"),
    Parameter("vasopressors_off_above", 92.0, "mm[Hg]", "assumed"),
    Parameter("pressure_of_vasopressor", 24.0, "mm[Hg]", "assumed"),
    Parameter("fluid_bolus", 9.0, "mm[Hg]", "assumed"),
    Parameter("fluid_h", 8.0, "h", "assumed"),
    Parameter("nasal_cannula_below", 91.5, "%", "SpO2 < 92 % on air"),
    Parameter("high_flow_below", 86.0, "%", "assumed"),
    Parameter("cpap_below", 81.0, "%", "assumed"),
    Parameter("ventilator_below", 77.0, "%", "assumed"),
    Parameter("wean_above", 93.0, "%", "assumed"),
    Parameter("support_at_least_h", 6.0, "h", "assumed"),
    Parameter("paracetamol_above", 38.2, "Cel", "assumed"),
    Parameter("paracetamol_every_h", 6.0, "h", "1 g every 6-8 h"),
    Parameter("tocilizumab_every_h", 8.0, "h", "label: again after 8 h, at most 4 doses (read)"),
    Parameter("tocilizumab_doses", 4.0, "1", "label (read)"),
    Parameter("tocilizumab_per_kg", 8.0, "mg/kg", "label; 12 below 30 kg; at most 800 mg (read)"),
    Parameter("tocilizumab_act", 0.7, "probability per check", "assumed"),
    Parameter("tocilizumab_grade_1_after_h", 48.0, "h", "24-72 h of grade 1, unverified"),
    Parameter("steroid_dose", 10.0, "mg", "dexamethasone 10 mg every 6 h"),
    Parameter("steroid_every_h", 6.0, "h", "dexamethasone 10 mg every 6 h"),
    Parameter("steroid_after_tocilizumab_h", 14.0, "h", "assumed: no answer at grade 2"),
    Parameter(
        "empirical_hours", 72.0, "h", "assumed; under 4 days, so not an infection of its own"
    ),
    Parameter("treatment_hours", 168.0, "h", "assumed: 7 days"),
    Parameter("covered_share", 0.85, "1", "assumed"),
    Parameter("phones_share", 0.9, "1", "assumed: comes in with fever at home"),
)

DRIVERS: tuple[str, ...] = (
    "cytokines",  # log(1 + drive), early, not blocked by tocilizumab
    "acute_phase",  # log(1 + delayed IL-6 signal), blocked by tocilizumab
    "slow",  # log(1 + slow inflammation)
    "shock",  # log(1 + leak)
    "infection",  # burden of infection, about 0 to 2
    "dexamethasone",  # effect, 0 to 1
    "stimulus",  # T-cell stimulus, about 0 to 1
    "lymphodepletion",  # 0 to 1
    "g_csf",  # effect, 0 to 1
    "marrow",  # suppression of the marrow by inflammation, about 0 to 2
    "depletion",  # loss of plasma and B cells, 0 to 1
)


@dataclass(frozen=True)
class Laboratory:
    """One laboratory value: level = rest x exp(sum of weight x driver), followed with a lag.

    `rise_h`, `fall_h` are the time constants; `weights` name drivers; `noise` is the coefficient of
    variation of assay and biology; `routine` and `worried` are the chances that a daily draw holds it
    on a quiet day and on a day with fever or CRS; `delay_h` is the median time to the result.
    Levels are assumed to match the shapes published; the unit is the catalogue's canonical one.
    """

    key: str
    unit: str
    rise_h: float
    fall_h: float
    weights: dict[str, float]
    noise: float
    decimals: int
    routine: float = 1.0
    worried: float = 1.0
    delay_h: float = 1.5
    lowest: float = 0.0


LABORATORIES: tuple[Laboratory, ...] = (
    Laboratory("crp", "mg/L", 1, 1, {}, 0.06, 1, 0.95, 1.0, 1.5, 0.3),  # own turnover
    Laboratory("il6", "pg/mL", 1, 1, {}, 0.15, 1, 0.20, 0.75, 3.0, 1.5),  # own turnover
    Laboratory("ferritin", "ng/mL", 26, 140, {"slow": 0.85, "infection": 0.25}, 0.07, 0, 0.40, 0.85, 2.5, 1),
    Laboratory("ldh", "U/L", 30, 96, {"slow": 0.26, "infection": 0.08, "shock": 0.08}, 0.07, 0, 0.9, 1.0, 1.5, 5),
    Laboratory("ast", "U/L", 36, 72, {"slow": 0.30, "infection": 0.12, "shock": 0.15}, 0.10, 0, 0.9, 1.0, 1.5, 3),
    Laboratory("alt", "U/L", 40, 90, {"slow": 0.26, "infection": 0.12, "shock": 0.12}, 0.10, 0, 0.9, 1.0, 1.5, 3),
    Laboratory("bilirubin_total", "umol/L", 30, 60, {"slow": 0.16, "infection": 0.15, "shock": 0.1}, 0.10, 0, 0.9, 1.0, 1.5, 2),
    Laboratory("creatinine", "umol/L", 24, 60, {"shock": 0.14, "infection": 0.05}, 0.05, 0, 1.0, 1.0, 1.5, 10),
    Laboratory("albumin", "g/L", 20, 220, {"slow": -0.10, "infection": -0.08}, 0.03, 0, 0.9, 1.0, 1.5, 8),
    Laboratory("platelets", "10*9/L", 30, 110, {"slow": -0.24, "lymphodepletion": -0.9, "infection": -0.15, "marrow": -0.2}, 0.06, 0, 1.0, 1.0, 1.0, 2),
    Laboratory("neutrophils", "10*9/L", 7, 22, {"lymphodepletion": -2.7, "dexamethasone": 0.6, "infection": 0.45, "g_csf": 1.5, "marrow": -0.75}, 0.08, 2, 1.0, 1.0, 1.0, 0.01),
    Laboratory("lymphocytes", "10*9/L", 60, 9, {"stimulus": -1.6, "lymphodepletion": -2.6, "dexamethasone": -0.7}, 0.10, 2, 1.0, 1.0, 1.0, 0.01),
    Laboratory("hemoglobin", "g/L", 72, 240, {"slow": -0.05, "lymphodepletion": -0.16, "marrow": -0.04}, 0.025, 0, 1.0, 1.0, 1.0, 40),
    Laboratory("d_dimer", "mg/L{FEU}", 18, 72, {"slow": 0.62, "infection": 0.35}, 0.12, 2, 0.35, 0.8, 2.0, 0.1),
    Laboratory("fibrinogen", "g/L", 20, 60, {"acute_phase": 0.26, "slow": -0.22, "infection": 0.10}, 0.06, 2, 0.4, 0.8, 2.0, 0.3),
    Laboratory("procalcitonin", "ng/mL", 9, 36, {"cytokines": 0.75, "infection": 3.2}, 0.12, 2, 0.12, 0.7, 2.0, 0.02),
    Laboratory("lactate", "mmol/L", 4, 8, {"shock": 0.32, "infection": 0.15}, 0.10, 1, 0.05, 0.5, 0.5, 0.3),
    Laboratory("glucose", "mmol/L", 8, 20, {"dexamethasone": 0.45, "cytokines": 0.05}, 0.15, 1, 0.9, 1.0, 1.0, 2.0),
    Laboratory("igg", "g/L", 400, 400, {"depletion": -0.9}, 0.05, 1, 0.06, 0.06, 6.0, 0.3),
)  # fmt: skip


@dataclass(frozen=True)
class UnitHabit:
    """A unit that a centre prints instead of the canonical one: printed = canonical / `factor`."""

    key: str
    unit: str
    factor: float


_CONVENTIONAL = (
    UnitHabit("crp", "mg/dL", 10.0),
    UnitHabit("creatinine", "mg/dL", 88.42),
    UnitHabit("bilirubin_total", "mg/dL", 17.104),
    UnitHabit("hemoglobin", "g/dL", 10.0),
    UnitHabit("albumin", "g/dL", 10.0),
    UnitHabit("fibrinogen", "mg/dL", 0.01),
    UnitHabit("glucose", "mg/dL", 0.05551),
    UnitHabit("igg", "mg/dL", 0.01),
    UnitHabit("platelets", "10*3/uL", 1.0),
    UnitHabit("neutrophils", "10*3/uL", 1.0),
    UnitHabit("lymphocytes", "10*3/uL", 1.0),
    UnitHabit("ferritin", "ug/L", 1.0),
)
_EUROPEAN = (UnitHabit("hemoglobin", "g/dL", 10.0), UnitHabit("ferritin", "ug/L", 1.0))


@dataclass(frozen=True)
class Centre:
    """Where patients are treated: how often they are measured and which units the laboratory prints.

    `measures_il6` false: IL-6 is never ordered. `home_crp`: finger-prick CRP every day at home.
    `stays_in` false: patients go home between the step-up doses and come for them. All assumed.
    """

    key: str
    ward_check_h: int
    home_checks: int
    measures_il6: bool
    home_crp: bool
    stays_in: bool
    orders: float  # multiplies the chance of an informative order
    delay: float  # multiplies the time to the result
    units: tuple[UnitHabit, ...]


CENTRES: tuple[Centre, ...] = (
    Centre("university", 6, 2, True, False, True, 1.0, 1.0, _EUROPEAN),
    Centre("community", 8, 2, False, False, True, 0.7, 1.4, _CONVENTIONAL),
    Centre("home_based", 6, 3, True, True, False, 0.9, 1.0, ()),
)


class UnknownChoiceError(ValueError):
    """A product or a centre that the cohort does not know."""


def product(key: str) -> Product:
    """The product named `key`; raises UnknownChoiceError with the known names."""
    return _named(PRODUCTS, key, "product")


def centre(key: str) -> Centre:
    """The centre named `key`; raises UnknownChoiceError with the known names."""
    return _named(CENTRES, key, "centre")


def _named(table, key: str, what: str):  # type: ignore[no-untyped-def]
    for row in table:
        if row.key == key:
            return row
    known = ", ".join(row.key for row in table)
    raise UnknownChoiceError(f"{what} {key!r} is unknown; known: {known}")


def as_record(table: tuple[Parameter, ...]) -> npt.NDArray[np.void]:
    """The table as one numpy record with a field a parameter, for compiled code."""
    kind = np.dtype([(row.name, np.float64) for row in table])
    return np.array([tuple(row.value for row in table)], dtype=kind)


def laboratory_arrays() -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Weights (laboratory x driver) and lags (laboratory x rise, fall; h), for compiled code."""
    weights = np.array([[row.weights.get(name, 0.0) for name in DRIVERS] for row in LABORATORIES])
    lags = np.array([[row.rise_h, row.fall_h] for row in LABORATORIES])
    return weights, lags
