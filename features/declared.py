"""The table of declared columns: every number that a model may see, in the order of the matrix."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from features.catalogue import ANALYTES, AnalyteKind
from features.families import FAMILIES
from features.groups import GROUPS
from features.kinetics.rows import KINETIC_COLUMNS, KineticColumn
from features.outcomes import Outcome
from features.scores import SCORES, Score
from features.tables import InvalidInputError
from features.trajectory import Feature, Statistic

Column = Feature | Score | KineticColumn

# Who carries the model of severe CRS: what is known to move with cytokine release, in few columns,
# because real events are few. How often something was measured is left out: it tells one hospital's
# habits more than a patient's state and does not travel.
CRS_ANALYTES = (
    "crp", "ferritin", "il6", "ifn_gamma", "il10", "d_dimer", "fibrinogen", "ldh", "platelets",
    "albumin", "ast", "procalcitonin", "calcium", "creatinine", "aptt", "lactate",
)  # fmt: skip
VITAL_SIGNS = (
    "temperature", "heart_rate", "respiratory_rate", "systolic_bp", "diastolic_bp",
    "mean_arterial_pressure", "spo2",
)  # fmt: skip
THERAPIES = ("therapy", "bispecific", "car_t")
COVERING_DRUGS = ("il6_blocker", "corticosteroid", "antipyretic", "vasopressor")

# Who carries the model of infection: everything a ward measures, and how closely it looks
EVERY_ANALYTE = tuple(
    key for key, row in ANALYTES.items() if row.kind != AnalyteKind.BODY and key not in VITAL_SIGNS
)
HOST_FACTS = (
    "sex", "weight", "prior_lines", "tumour_burden", "medical_icu", "surgical_icu",
    "hospital_to_icu",
)  # fmt: skip
INFECTION_DRUGS = (
    "il6_blocker", "corticosteroid", "g_csf", "antipyretic", "immunoglobulin",
    "antimicrobial_treatment", "antimicrobial_prophylaxis", "vasopressor",
)  # fmt: skip

Shape = tuple[Statistic, int | None]
LAST: Shape = (Statistic.LAST, None)
AGE: Shape = (Statistic.AGE, None)


def _each(keys: Iterable[str], *shapes: Shape) -> tuple[Feature, ...]:
    """The same statistics of several keys."""
    return tuple(Feature(key, statistic, hours) for key in keys for statistic, hours in shapes)


def _scores(*names: str) -> tuple[Score, ...]:
    """Declared scores whose analyte (what stands before the dot) is one of these."""
    return tuple(score for score in SCORES if score.name.partition(".")[0] in names)


SEVERE_CRS_COLUMNS: tuple[Column, ...] = (
    *_each(
        CRS_ANALYTES,
        LAST,
        (Statistic.CHANGE, 24),
        (Statistic.CHANGE, 48),
        (Statistic.FOLD_OF_BASELINE, None),
        (Statistic.SLOPE, 72),
        (Statistic.MINIMUM, 72),
        (Statistic.MAXIMUM, 72),
    ),
    *_each(
        VITAL_SIGNS,
        LAST,
        (Statistic.MINIMUM, 24),
        (Statistic.MAXIMUM, 24),
        (Statistic.MEAN, 24),
        (Statistic.CHANGE, 24),
    ),
    *_each(("temperature",), (Statistic.MAXIMUM, 72)),
    *_each(
        ("crs_grade",),
        LAST,
        (Statistic.CHANGE, 24),
        (Statistic.CHANGE, 48),
        (Statistic.HOURS_UNCHANGED, None),
        (Statistic.HOURS_SINCE_POSITIVE, None),
    ),
    *_each(("icans_grade",), LAST),
    *_each(THERAPIES, AGE, (Statistic.HOURS_SINCE_FIRST, None), (Statistic.COUNT, None)),
    *_each(COVERING_DRUGS, AGE),
    *_each(("corticosteroid",), (Statistic.SUM, 24)),
    *_each(("tumour_burden",), LAST),
    *_scores("age", "shock_index"),
    *_each([key for key in EVERY_ANALYTE if key not in CRS_ANALYTES], LAST),
)

INFECTION_COLUMNS: tuple[Column, ...] = (
    *_each((*VITAL_SIGNS, *EVERY_ANALYTE), LAST, AGE),
    *_each(
        VITAL_SIGNS,
        (Statistic.COUNT, 6),
        (Statistic.COUNT, 24),
        (Statistic.MEAN, 6),
        (Statistic.MEAN, 24),
    ),
    *_each(
        ("any_laboratory",),
        AGE,
        *((Statistic.COUNT, hours) for hours in (6, 24, 72, None)),
    ),
    *_each(("any_vital_sign",), *((Statistic.COUNT, hours) for hours in (6, 24, 72))),
    *_each(("blood_gas",), (Statistic.COUNT, 24)),
    *_each(("crp", "procalcitonin"), (Statistic.CHANGE, 24), (Statistic.MAXIMUM, 72)),
    *_each(("temperature",), (Statistic.MAXIMUM, 24), (Statistic.MAXIMUM, 72)),
    *_each(("neutrophils",), (Statistic.MINIMUM, 168)),
    *_each(HOST_FACTS, LAST),
    *_each(("icu_admission",), (Statistic.HOURS_SINCE_FIRST, None)),
    *_each(THERAPIES, AGE, (Statistic.HOURS_SINCE_FIRST, None), (Statistic.COUNT, None)),
    *_each(INFECTION_DRUGS, AGE, (Statistic.COUNT, 72)),
    *_each(("corticosteroid",), (Statistic.SUM, 24), (Statistic.SUM, 168)),
    *_each(("blood_culture",), AGE, (Statistic.COUNT, 72)),
    *_each(("crs_grade", "icans_grade"), LAST),
    *_scores("age", "partial_news2", "partial_qsofa", "partial_sirs", "partial_sofa"),
)

COLUMNS: Mapping[Outcome, tuple[Column, ...]] = MappingProxyType(
    {Outcome.SEVERE_CRS: SEVERE_CRS_COLUMNS, Outcome.INFECTION: INFECTION_COLUMNS}
)
"""The columns that each outcome's model may see; it keeps those that its training data fill."""

MODEL_COLUMNS: tuple[Column, ...] = tuple(
    dict.fromkeys((*SEVERE_CRS_COLUMNS, *INFECTION_COLUMNS, *SCORES))
)
"""Every column that a model, a rule's opponent or a reference may read, once."""

FEATURES: tuple[Column, ...] = tuple(
    dict.fromkeys(
        (*MODEL_COLUMNS, *KINETIC_COLUMNS, *(f for family in FAMILIES for f in family.features))
    )
)
"""Every declared column once; docs/features.md says what each means."""

_BY_NAME = {column.name: column for column in FEATURES}


def columns_named(names: Sequence[str]) -> tuple[Column, ...]:
    """The declared columns of these names, in this order.

    Raises:
        InvalidInputError: a name that is not declared (a bundle of another version of the project).
    """
    unknown = [name for name in names if name not in _BY_NAME]
    if unknown:
        raise InvalidInputError(f"feature {unknown[0]!r} is not declared in this version")
    return tuple(_BY_NAME[name] for name in names)


def columns_of(keys: Iterable[str], among: Sequence[Column] = FEATURES) -> tuple[Column, ...]:
    """The columns, of these, that records with these catalogue keys can fill."""
    present = set(keys)
    return tuple(column for column in among if _can_be_filled(column, present))


def _can_be_filled(column: Column, present: set[str]) -> bool:
    if isinstance(column, Feature):
        return not present.isdisjoint(GROUPS.get(column.key, {column.key}))
    if isinstance(column, KineticColumn):
        return not present.isdisjoint(column.keys)
    filled = [feature.key in present for feature in column.inputs]
    return all(filled) if column.needs_every_key else any(filled)
