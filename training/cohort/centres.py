"""The centres: how often they measure, what they order, in which units they print."""

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


@dataclass(frozen=True)
class Centre:
    """Where patients are treated: how often they are measured, in which units results come.

    `lacks`: laboratory values and vital signs that are never on record. `home_crp`: finger-prick
    CRP every day at home.
    `stays_in` false: patients go home between the step-up doses and come for them. `daily_lines`:
    a registry's file, one line a day (see `daily_lines`). `policy`: what its clinicians do
    otherwise than the table POLICY. All assumed.
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


CENTRES: tuple[Centre, ...] = (
    Centre("university", 8, 2, frozenset(), False, True, 1.0, 1.0, _EUROPEAN),
    Centre("community", 8, 2, _CYTOKINES, False, True, 0.7, 1.4, _CONVENTIONAL),
    Centre(
        "low_income", 12, 2, _ALL - _CRP_COUNT_THERMOMETER, False, True, 0.8, 2.5, (),
        policy=(("tocilizumab_grade_2_share", 0.3), ("tocilizumab_act", 0.2)),
    ),
    Centre("home_based", 6, 3, frozenset(), True, False, 0.9, 1.0, ()),
    Centre(
        "registry", 8, 2, frozenset(), False, True, 1.0, 1.0, (), daily_lines=True,
        policy=(("tocilizumab_grade_2_share", 0.3), ("tocilizumab_act", 0.15)),
    ),
)  # fmt: skip


def centre(key: str) -> Centre:
    """The centre named `key`; raises UnknownChoiceError with the known names."""
    return named(CENTRES, key, "centre")
