"""The table of declared columns: every number that a model may see, in the order of the matrix."""

from collections.abc import Iterable, Sequence

from features.scores import SCORES, Score
from features.tables import InvalidInputError
from features.trajectory import Feature, Statistic

Column = Feature | Score

VITAL_SIGNS = (
    "temperature",
    "heart_rate",
    "respiratory_rate",
    "systolic_bp",
    "diastolic_bp",
    "mean_arterial_pressure",
    "spo2",
)
FREQUENT_LABS = (
    "crp", "procalcitonin", "il6", "ferritin", "ldh", "d_dimer", "fibrinogen", "platelets", "wbc",
    "neutrophils", "lymphocytes", "hemoglobin", "creatinine", "urea", "bilirubin_total", "ast",
    "alt", "albumin", "sodium", "potassium", "calcium", "glucose", "lactate", "aptt", "pt", "inr",
    "bicarbonate", "phosphate", "magnesium", "il10", "ifn_gamma", "tnf_alpha",
)  # fmt: skip
OTHER_LABS = (
    "monocytes", "neutrophils_percent", "lymphocytes_percent", "monocytes_percent", "red_cells",
    "hematocrit", "prealbumin", "chloride", "uric_acid", "triglycerides", "alp", "ggt", "hbdh",
    "bilirubin_direct", "bnp", "nt_probnp", "troponin_i", "troponin_t", "il2", "il4", "il17a",
    "igg", "egfr", "ph", "paco2", "pao2", "sao2", "fio2", "base_excess", "etco2", "oxygen_flow",
    "beta2_microglobulin", "soluble_il2r", "gcs_total", "ice_score",
)  # fmt: skip
HOST_FACTS = (
    "sex", "weight", "prior_lines", "tumour_burden", "blasts", "cell_dose", "medical_icu",
    "surgical_icu", "hospital_to_icu",
)  # fmt: skip
THERAPIES = ("therapy", "bispecific", "car_t")
COVERING_DRUGS = (
    "il6_blocker", "corticosteroid", "g_csf", "antipyretic", "antimicrobial_treatment",
    "vasopressor", "immunoglobulin",
)  # fmt: skip
GRADES = ("crs_grade", "icans_grade")


def _each(keys: Iterable[str], *shapes: tuple[Statistic, int | None]) -> tuple[Feature, ...]:
    """The same statistics of several keys."""
    return tuple(Feature(key, statistic, hours) for key in keys for statistic, hours in shapes)


FEATURES: tuple[Column, ...] = (
    *_each(
        VITAL_SIGNS,
        (Statistic.LAST, None),
        (Statistic.AGE, None),
        *((s, h) for h in (6, 24) for s in (Statistic.MINIMUM, Statistic.MAXIMUM, Statistic.MEAN)),
        (Statistic.SPREAD, 24),
        (Statistic.SLOPE, 6),
        (Statistic.SLOPE, 24),
        (Statistic.CHANGE, 24),
        (Statistic.MAXIMUM, 72),
        (Statistic.COUNT, 24),
        (Statistic.CHANGE_FROM_BASELINE, None),
    ),
    *_each(
        FREQUENT_LABS,
        (Statistic.LAST, None),
        (Statistic.AGE, None),
        (Statistic.CHANGE, 24),
        (Statistic.CHANGE, 72),
        (Statistic.SLOPE, 72),
        (Statistic.MINIMUM, 72),
        (Statistic.MAXIMUM, 72),
        (Statistic.COUNT, 24),
        (Statistic.COUNT, 72),
        (Statistic.FOLD_OF_BASELINE, None),
        (Statistic.MAXIMUM, None),
    ),
    *_each(
        OTHER_LABS,
        (Statistic.LAST, None),
        (Statistic.AGE, None),
        (Statistic.CHANGE, 24),
        (Statistic.COUNT, 72),
    ),
    *_each(HOST_FACTS, (Statistic.LAST, None)),
    *_each(("icu_admission",), (Statistic.HOURS_SINCE_FIRST, None)),
    *_each(
        THERAPIES,
        (Statistic.AGE, None),
        (Statistic.HOURS_SINCE_FIRST, None),
        (Statistic.COUNT, None),
    ),
    *_each(COVERING_DRUGS, (Statistic.AGE, None), (Statistic.COUNT, 72)),
    *_each(("corticosteroid",), (Statistic.SUM, 24), (Statistic.SUM, 168)),
    *_each(("blood_culture",), (Statistic.COUNT, 72), (Statistic.AGE, None)),
    *_each(
        GRADES,
        (Statistic.LAST, None),
        (Statistic.AGE, None),
        (Statistic.CHANGE, 24),
        (Statistic.MAXIMUM, None),
        (Statistic.SUM, 72),
    ),
    *SCORES,
)
"""Every declared column; a model keeps those that its training data can fill."""

_BY_NAME = {column.name: column for column in FEATURES}
if len(_BY_NAME) != len(FEATURES):
    raise InvalidInputError("two declared features share one name")


def columns_named(names: Sequence[str]) -> tuple[Column, ...]:
    """The declared columns of these names, in this order.

    Raises:
        InvalidInputError: a name that is not declared (a bundle of another version of the project).
    """
    unknown = [name for name in names if name not in _BY_NAME]
    if unknown:
        raise InvalidInputError(f"feature {unknown[0]!r} is not declared in this version")
    return tuple(_BY_NAME[name] for name in names)


def columns_of(keys: Iterable[str]) -> tuple[Column, ...]:
    """The declared columns that records with these catalogue keys can fill."""
    present = set(keys)
    return tuple(column for column in FEATURES if _can_be_filled(column, present))


def _can_be_filled(column: Column, present: set[str]) -> bool:
    if isinstance(column, Feature):
        return column.key in present
    filled = [feature.key in present for feature in column.inputs]
    return all(filled) if column.needs_every_key else any(filled)
