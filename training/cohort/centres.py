"""The centres: who comes, how often they measure, what they order, how and in which units."""

from dataclasses import dataclass

from training.cohort.choices import named
from training.cohort.laboratories import LABORATORIES


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
class AssayHabit:
    """How a centre's assay reads one laboratory value, beside the university's.

    `bias` multiplies every value, `noise` the assay's coefficient of variation. Below `lowest`
    (canonical unit) the centre prints "<" and this limit; None: the limit of the table of
    laboratory values.
    """

    key: str
    bias: float = 1.0
    noise: float = 1.0
    lowest: float | None = None


_DISTRICT_LABORATORY = (
    AssayHabit("ferritin", bias=1.15),
    AssayHabit("crp", bias=0.95, noise=1.1, lowest=3.0),
    AssayHabit("d_dimer", bias=0.9, noise=1.3, lowest=0.27),
    AssayHabit("procalcitonin", noise=1.2, lowest=0.05),
    AssayHabit("ldh", bias=1.05),
)
_BENCH_ANALYSERS = (
    AssayHabit("crp", bias=1.08, noise=1.4, lowest=5.0),
    AssayHabit("platelets", bias=1.04, noise=1.3, lowest=10.0),
    AssayHabit("hemoglobin", noise=1.2),
    AssayHabit("neutrophils", noise=1.2, lowest=0.1),
    AssayHabit("lymphocytes", noise=1.2, lowest=0.1),
)


@dataclass(frozen=True)
class CaseMix:
    """Who comes to a centre, beside the university's patients; the default are theirs.

    `age` shifts ages by so many of the disease's SDs, `prior_lines` multiplies earlier lines,
    `burden` shifts the score of tumour burden (SD), and with it inflammation and blood at rest.
    Nobody is younger than `youngest` (years), and a disease whose median patient is so is treated
    only under a product for nothing else.
    """

    age: float = 0.0
    prior_lines: float = 1.0
    burden: float = 0.0
    youngest: float = 0.0


USUAL_MIX = CaseMix()


@dataclass(frozen=True)
class HomeHabit:
    """What is missing and late of the measurements at home (shares; hours).

    `silent_days`: whole days without any. `forgotten`: single checks without the thermometer.
    `late`: checks that reach the hospital late, up to `latest_h` hours. A day with fever is never
    silent and its temperature never forgotten: that is what the clinic is called for.
    """

    silent_days: float = 0.0
    forgotten: float = 0.0
    late: float = 0.0
    latest_h: float = 24.0


_CYTOKINES = frozenset({"il6", "ifn_gamma", "il10"})
VITAL_SIGNS = (
    "temperature",
    "heart_rate",
    "systolic_bp",
    "diastolic_bp",
    "respiratory_rate",
    "spo2",
)
_CRP_COUNT_THERMOMETER = frozenset(
    {"crp", "platelets", "hemoglobin", "neutrophils", "lymphocytes", "temperature"}
)
_ALL = frozenset({*(row.key for row in LABORATORIES), *VITAL_SIGNS})


WARD_OXYGEN = ("room_air", "nasal_cannula", "high_flow", "cpap", "ventilator")
MASKS_ONLY = ("room_air", "nasal_cannula", "face_mask", "face_mask", "face_mask")
"""What is written for each step of support of the clinicians (`policy.OXYGEN_DEVICES`)."""


@dataclass(frozen=True)
class Centre:
    """Where patients are treated: how often they are measured, in which units results come.

    `lacks`: laboratory values and vital signs that are never on record. `home_crp`: finger-prick
    CRP every day at home.
    `stays_in` false: patients go home between the step-up doses and come for them. `daily_lines`:
    a registry's file, one line a day (see `daily_lines`). `policy`: what its clinicians do
    otherwise than the table POLICY. `case_mix`: who its patients are. `assays`: how its assays
    differ. `home`: how measuring at home goes. `oxygen`: the device it has for each step of
    support. All assumed.
    """

    key: str
    ward_check_h: int
    home_checks: int
    lacks: frozenset[str]
    home_crp: bool
    stays_in: bool
    orders: float  # multiplies the chance of an informative order
    delay: float  # multiplies the time to the result
    units: tuple[UnitHabit, ...]
    daily_lines: bool = False
    policy: tuple[tuple[str, float], ...] = ()
    habit: str = "as a hospital writes them"
    case_mix: CaseMix = USUAL_MIX
    assays: tuple[AssayHabit, ...] = ()
    home: HomeHabit = HomeHabit()
    oxygen: tuple[str, ...] = WARD_OXYGEN


CENTRES: tuple[Centre, ...] = (
    Centre(
        "university", 8, 2, frozenset(), False, True, 1.0, 1.0, _EUROPEAN,
        home=HomeHabit(silent_days=0.10, forgotten=0.05, late=0.10),
    ),
    Centre(
        "community", 8, 2, _CYTOKINES, False, True, 0.7, 1.4, _CONVENTIONAL,
        case_mix=CaseMix(age=0.5, prior_lines=0.8, youngest=18.0),
        assays=_DISTRICT_LABORATORY,
        home=HomeHabit(silent_days=0.15, forgotten=0.08, late=0.20),
    ),
    Centre(
        "low_income", 12, 2, _ALL - _CRP_COUNT_THERMOMETER, False, True, 0.8, 2.5, (),
        policy=(("tocilizumab_grade_2_share", 0.3), ("tocilizumab_act", 0.2),
                ("vasopressors_most", 1.0), ("oxygen_most", 2.0), ("immunoglobulin_share", 0.0),
                ("siltuximab_share", 0.0), ("anakinra_share", 0.0)),
        case_mix=CaseMix(age=-0.6, prior_lines=1.2, burden=0.6),
        assays=_BENCH_ANALYSERS,
        home=HomeHabit(silent_days=0.30, forgotten=0.15, late=0.40, latest_h=48.0),
        oxygen=MASKS_ONLY,
    ),
    Centre(
        "home_based", 6, 3, frozenset(), True, False, 0.9, 1.0, (),
        case_mix=CaseMix(burden=-0.6),
        home=HomeHabit(silent_days=0.05, forgotten=0.03, late=0.15, latest_h=12.0),
    ),
    Centre(
        "registry", 8, 2, frozenset(), False, True, 1.0, 1.0, (), daily_lines=True,
        habit="daily lines without drugs; printed numbers lost their zeros; lines end soon "
        "after the day of the worst grade; the product is written as unspecified CAR-T cells",
        policy=(("tocilizumab_grade_2_share", 0.3), ("tocilizumab_act", 0.15)),
    ),
)  # fmt: skip


def centre(key: str) -> Centre:
    """The centre named `key`; raises UnknownChoiceError with the known names."""
    return named(CENTRES, key, "centre")
