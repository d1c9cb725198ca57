"""The declared trajectory columns in families: which statistics of which keys, why, and by whom.

Adding a column is adding a shape or a key to a row. `declared.py` says which of these columns each
outcome's model may see.
"""

from dataclasses import dataclass

from features.catalogue import ANALYTES, DRUGS, AnalyteKind, DrugClass
from features.groups import GROUPS
from features.trajectory import Feature, Statistic

S = Statistic


@dataclass(frozen=True)
class Shape:
    """A statistic with its windows (None: everything known) and, where it has one, its level."""

    statistic: Statistic
    windows: tuple[int | None, ...] = (None,)
    level: float | None = None

    def of(self, key: str) -> tuple[Feature, ...]:
        """The columns of one key."""
        return tuple(Feature(key, self.statistic, hours, self.level) for hours in self.windows)


@dataclass(frozen=True)
class Family:
    """Columns that are there for the same reason: every shape of every key.

    `why` says what it is thought to tell, `source` who showed or defined it.
    """

    name: str
    keys: tuple[str, ...]
    shapes: tuple[Shape, ...]
    why: str
    source: str

    @property
    def features(self) -> tuple[Feature, ...]:
        """Every column, key by key."""
        return tuple(f for key in self.keys for shape in self.shapes for f in shape.of(key))


def _analytes(kind: AnalyteKind) -> tuple[str, ...]:
    return tuple(key for key, row in ANALYTES.items() if row.kind == kind)


def _products(drug_class: DrugClass) -> tuple[str, ...]:
    return tuple(key for key, row in DRUGS.items() if row.drug_class == drug_class)


CHANGES = (6, 12, 24, 48, 72)
DAYS = (24, 72)
HOURS_AND_DAYS = (6, 12, 24, 72)

FEVER = 38.0
"""Cel: fever of CRS; Lee DW et al. Biol Blood Marrow Transplant 2019;25:625."""
HIGH_FEVER = 39.0
"""Cel; a choice."""
SEVERE_NEUTROPENIA, PROFOUND_NEUTROPENIA = 0.5, 0.1
"""10*9/L; Freifeld AG et al. Clin Infect Dis 2011;52:e56."""
LOW_IGG = 4.0
"""g/L: below, replacement is considered; Hill JA et al. Blood Rev 2019;38:100596."""
LOW_SYSTOLIC = 90.0
"""mm[Hg]: hypotension of adults; Lee DW et al. 2019."""
LOW_SATURATION = 90.0
"""%; the limit of hypoxia that oxygen aims to keep; a choice."""

_VALUE_SHAPES = (
    Shape(S.LAST),
    Shape(S.AGE),
    Shape(S.BASELINE),
    Shape(S.CHANGE_FROM_BASELINE),
    Shape(S.FOLD_OF_BASELINE),
    Shape(S.PEAK_SINCE_START),
    Shape(S.HOURS_SINCE_PEAK),
    Shape(S.CHANGE, CHANGES),
)

FAMILIES: tuple[Family, ...] = (
    Family(
        "Laboratory values",
        _analytes(AnalyteKind.LABORATORY),
        (
            *_VALUE_SHAPES,
            *(Shape(s, (24, 48, 72)) for s in (S.SLOPE, S.LOG_SLOPE)),
            *(Shape(s, DAYS) for s in (S.MINIMUM, S.MAXIMUM, S.MEAN, S.SPREAD)),
            *(Shape(s, DAYS) for s in (S.TIME_WEIGHTED_MEAN, S.AREA)),
            Shape(S.COUNT, DAYS),
            Shape(S.RATE, (72,)),
        ),
        "Severe CRS shows in the level and the climb of CRP, ferritin, cytokines and the markers "
        "of endothelium, liver and coagulation before it shows at the bedside; a fold of the "
        "patient's own baseline takes out what disease and earlier treatment left.",
        "Hay KA et al. Blood 2017;130:2295; Teachey DT et al. Cancer Discov 2016;6:664; fold and "
        "slope of CRP: Povoa P et al. Crit Care 2011;15:R169",
    ),
    Family(
        "Vital signs and oxygen",
        _analytes(AnalyteKind.VITAL_SIGN),
        (
            *_VALUE_SHAPES,
            *(Shape(s, DAYS) for s in (S.SLOPE, S.LOG_SLOPE, S.AREA)),
            *(
                Shape(s, HOURS_AND_DAYS)
                for s in (S.MINIMUM, S.MAXIMUM, S.MEAN, S.SPREAD, S.TIME_WEIGHTED_MEAN)
            ),
            Shape(S.COUNT, (6, 24, 72)),
            Shape(S.RATE, (24,)),
        ),
        "Fever, low pressure and low saturation define the grades of CRS and the criteria of "
        "sepsis; their course over hours comes before the grade.",
        "Lee DW et al. Biol Blood Marrow Transplant 2019;25:625; Royal College of Physicians, "
        "NEWS2, 2017",
    ),
    Family(
        "Bedside assessments",
        _analytes(AnalyteKind.SCORE),
        (Shape(S.LAST), Shape(S.AGE), Shape(S.CHANGE, (24,)), Shape(S.MINIMUM, DAYS)),
        "ICE and GCS define the grade of ICANS, which follows CRS.",
        "Lee DW et al. Biol Blood Marrow Transplant 2019;25:625",
    ),
    Family(
        "Body measures",
        _analytes(AnalyteKind.BODY),
        (Shape(S.LAST), Shape(S.AGE), Shape(S.CHANGE_FROM_BASELINE), Shape(S.CHANGE, DAYS)),
        "Weight that climbs within days is fluid: capillary leak and what was infused against it.",
        "Neelapu SS et al. Nat Rev Clin Oncol 2018;15:47",
    ),
    Family(
        "How closely a patient is watched",
        tuple(GROUPS),
        (Shape(S.AGE), Shape(S.COUNT, (6, 24, 72, None)), Shape(S.RATE, DAYS)),
        "That somebody ordered a test tells what the ward expects, often more than its result.",
        "Agniel D et al. BMJ 2018;361:k1479",
    ),
    Family(
        "Therapy",
        ("therapy", "bispecific", "car_t"),
        (
            Shape(S.AGE),
            Shape(S.AGE_OF_SECOND),
            Shape(S.AGE_OF_THIRD),
            Shape(S.HOURS_SINCE_FIRST),
            Shape(S.COUNT, (168, None)),
        ),
        "Product class, and of a step-up schedule the step (the count of doses) and the hours "
        "since each of the last three: CRS gathers in the days after the first full doses.",
        "Moreau P et al. N Engl J Med 2022;387:495",
    ),
    Family(
        "Exposure by product",
        (*_products(DrugClass.BISPECIFIC), *_products(DrugClass.CAR_T)),
        (Shape(S.LAST), Shape(S.AGE), Shape(S.COUNT), Shape(S.SUM, (168, None))),
        "Products differ in how often and how soon CRS comes; the dose reached and the cumulative "
        "dose are the exposure.",
        "Moreau P et al. N Engl J Med 2022;387:495; Dickinson MJ et al. N Engl J Med 2022;387:2220",
    ),
    Family(
        "Cover",
        (
            "tocilizumab", "siltuximab", "anakinra", "il6_receptor_blocker", "il6_blocker",
            "cytokine_blocker", "jak_inhibitor", "corticosteroid", "g_csf", "antipyretic",
            "immunoglobulin", "antimicrobial_treatment", "antimicrobial_prophylaxis",
            "vasopressor", "inotrope",
        ),
        (
            Shape(S.AGE),
            Shape(S.AGE_OF_SECOND),
            Shape(S.HOURS_SINCE_FIRST),
            Shape(S.COUNT, (24, 72, 168, None)),
        ),
        "What was given hides and tells: blockade of IL-6 takes CRP and fever away, antipyretics "
        "the fever alone, G-CSF brings neutrophils back.",
        "Lee DW et al. Biol Blood Marrow Transplant 2019;25:625; Neelapu SS et al. Nat Rev Clin "
        "Oncol 2018;15:47",
    ),
    Family(
        "Corticosteroid dose",
        ("corticosteroid",),
        (Shape(S.SUM, (24, 72, 168, None)), Shape(S.MAXIMUM, (24, 72))),
        "Milligrams of dexamethasone that the doses stand for: how much fever and CRP are "
        "suppressed, and how much infection is invited.",
        "equivalence of glucocorticoids: features/catalogue/drugs.py; Lee DW et al. 2019",
    ),
    Family(
        "Host",
        (
            "sex", "disease", "prior_lines", "tumour_burden", "blasts", "cell_dose",
            "medical_icu", "surgical_icu", "hospital_to_icu",
        ),
        (Shape(S.LAST),),
        "Tumour burden and cell dose drive cytokine release, earlier lines the reserve of marrow "
        "and immunity.",
        "Hay KA et al. Blood 2017;130:2295; Rejeski K et al. Blood 2021;138:2499",
    ),
    Family(
        "Neutropenia",
        ("neutrophils",),
        (
            Shape(S.MINIMUM, (168, None)),
            *(
                Shape(s, windows, level)
                for level in (SEVERE_NEUTROPENIA, PROFOUND_NEUTROPENIA)
                for s, windows in ((S.RUN_BELOW, (None,)), (S.HOURS_BELOW, (168, 336)))
            ),
        ),
        "Infection follows the depth and the duration of neutropenia.",
        "Bodey GP et al. Ann Intern Med 1966;64:328; Freifeld AG et al. Clin Infect Dis 2011;"
        "52:e56",
    ),
    Family(
        "Low immunoglobulin",
        ("igg",),
        (Shape(S.MINIMUM, (None,)), Shape(S.RUN_BELOW, (None,), LOW_IGG)),
        "B-cell and plasma-cell loss leaves patients without antibodies for months.",
        "Hill JA et al. Blood Rev 2019;38:100596",
    ),
    Family(
        "Earlier and suspected infection",
        ("blood_culture", "skin_commensal", "pathogen_test", "infection_focus"),
        (
            Shape(S.AGE),
            Shape(S.HOURS_SINCE_POSITIVE),
            Shape(S.COUNT, (24, 72, 168, None)),
            Shape(S.MAXIMUM, (168, None)),
        ),
        "A culture taken tells of suspicion, a pathogen found of an infection already met. The "
        "onset that is predicted is never itself a column.",
        "Young JH et al. Biol Blood Marrow Transplant 2016;22:359",
    ),
    Family(
        "Grades",
        ("crs_grade", "icans_grade"),
        (
            Shape(S.LAST),
            Shape(S.AGE),
            Shape(S.CHANGE, (24, 48)),
            Shape(S.MAXIMUM, (24, 72)),
            Shape(S.HOURS_UNCHANGED),
            Shape(S.HOURS_SINCE_POSITIVE),
            Shape(S.PEAK_SINCE_START),
            Shape(S.HOURS_SINCE_PEAK),
        ),
        "Today's grade is the best single predictor of tomorrow's; the highest so far is the CRS "
        "that this course has already had.",
        "Lee DW et al. Biol Blood Marrow Transplant 2019;25:625",
    ),
    Family(
        "Fever",
        ("temperature",),
        (
            *(
                Shape(s, windows, level)
                for level in (FEVER, HIGH_FEVER)
                for s, windows in ((S.RUN_AT_LEAST, (None,)), (S.HOURS_AT_LEAST, DAYS))
            ),
        ),
        "How long a fever has lasted tells a first spike from one that treatment does not hold.",
        "Lee DW et al. Biol Blood Marrow Transplant 2019;25:625",
    ),
    Family(
        "Hypotension",
        ("systolic_bp",),
        (Shape(S.HOURS_BELOW, DAYS, LOW_SYSTOLIC), Shape(S.RUN_BELOW, (None,), LOW_SYSTOLIC)),
        "Hours below the limit that makes CRS grade 2.",
        "Lee DW et al. Biol Blood Marrow Transplant 2019;25:625",
    ),
    Family(
        "Hypoxia",
        ("spo2",),
        (Shape(S.HOURS_BELOW, DAYS, LOW_SATURATION), Shape(S.RUN_BELOW, (None,), LOW_SATURATION)),
        "Hours of low saturation, with or without oxygen.",
        "Lee DW et al. Biol Blood Marrow Transplant 2019;25:625",
    ),
    Family(
        "Oxygen device",
        ("oxygen_device",),
        (Shape(S.LAST), Shape(S.AGE), Shape(S.MAXIMUM, DAYS)),
        "The device decides between grades 2 and 3.",
        "Lee DW et al. Biol Blood Marrow Transplant 2019;25:625",
    ),
    Family(
        "Intensive care",
        ("icu_admission", "admission"),
        (Shape(S.AGE), Shape(S.HOURS_SINCE_FIRST)),
        "Where the patient lies and since when.",
        "definition",
    ),
)  # fmt: skip


_FIRST_FAMILY = {feature: family for family in reversed(FAMILIES) for feature in family.features}


def family_of(feature: Feature) -> Family:
    """The first family that declares a column.

    Raises:
        LookupError: no family does.
    """
    if feature not in _FIRST_FAMILY:
        raise LookupError(f"{feature.name} belongs to no family")
    return _FIRST_FAMILY[feature]
