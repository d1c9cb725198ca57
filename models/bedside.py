"""What stands on record beside a risk and argues with it: treatment, signs, cultures, blockade.

Each check gives one sentence a row, empty where there is nothing to say. `refusals` mean that the
question cannot be answered as it was asked, `doubts` that the answer must be read beside them.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from features.crs import RULES as ASTCT
from features.crs import is_low_mean, systolic_limit
from features.outcomes import DEFINITIONS, GRADE_HOLDS_HOURS, Outcome
from features.trajectory import Feature, Statistic

Sentences = list[str]
"""One sentence a row, empty where there is nothing to say."""

Evidence = Mapping[str, np.ndarray]
"""By column, one number a row (NaN = missing)."""

SEVERE_GRADE = DEFINITIONS[Outcome.SEVERE_CRS].at_least
HIGH_FLOW_DEVICE = 2.0
"""Grade 3 by hypoxia: more than a nasal cannula of 6 L/min (ASTCT)."""
TREATED_HOURS = 24
"""So long a vasopressor, a flow or a fraction of oxygen counts as what the patient now needs."""
SIGNS_HOURS = 12
"""So long a measured low pressure or saturation counts as the patient's own."""
FEVER_HOURS = 24
RECEPTOR_BLOCKED_HOURS = 21 * 24.0
"""Tocilizumab keeps CRP low for 1 to 2 weeks (unverified); a third for safety."""
SILTUXIMAB_BLOCKED_HOURS = 90 * 24.0
"""11 mg/kg give some 250 mg/L; with a half-life of 20 days (Kurzrock 2013; Nikanjam 2019,
PMC6800650) the level nears the IC50 of CRP synthesis, 9.7 mg/L (Blood 2012;120:1365), in 90."""
NEUTROPENIA = 0.5
"""10*9/L; with fever an emergency: IDSA, doi 10.1093/cid/cir073."""
COUNT_HOURS = 72.0
EPISODE_HOURS = int(DEFINITIONS[Outcome.INFECTION].lasts_hours or 0)

VASOPRESSOR = Feature("vasopressor", Statistic.AGE)
DEVICE, DEVICE_AGE = (Feature("oxygen_device", s) for s in (Statistic.LAST, Statistic.AGE))
FLOW = Feature("oxygen_flow", Statistic.MAXIMUM, TREATED_HOURS)
FIO2 = Feature("fio2", Statistic.MAXIMUM, TREATED_HOURS)
GRADE = Feature("crs_grade", Statistic.LAST)
TEMPERATURE = Feature("temperature", Statistic.MAXIMUM, FEVER_HOURS)
PRESSURE = Feature("systolic_bp", Statistic.MINIMUM, SIGNS_HOURS)
MEAN_PRESSURE = Feature("mean_arterial_pressure", Statistic.MINIMUM, SIGNS_HOURS)
SATURATION = Feature("spo2", Statistic.MINIMUM, SIGNS_HOURS)
BLOCKADE, SILTUXIMAB = (Feature(key, Statistic.AGE) for key in ("il6_blocker", "siltuximab"))
NEUTROPHILS, NEUTROPHILS_AGE = (
    Feature("neutrophils", statistic) for statistic in (Statistic.LAST, Statistic.AGE)
)
GREW = Feature("blood_culture", Statistic.SUM, EPISODE_HOURS)
SKIN = Feature("skin_commensal", Statistic.SUM, EPISODE_HOURS)

COLUMNS = (
    VASOPRESSOR, DEVICE, DEVICE_AGE, FLOW, FIO2, GRADE, TEMPERATURE, PRESSURE, MEAN_PRESSURE,
    SATURATION,
    BLOCKADE, SILTUXIMAB, NEUTROPHILS, NEUTROPHILS_AGE, GREW, SKIN,
)  # fmt: skip
"""What the checks look at."""


def refusals(evidence: Evidence, age: np.ndarray, outcome: Outcome) -> list[Sentences]:
    """Why the question cannot be answered; `age` in years (NaN = unknown)."""
    if outcome == Outcome.INFECTION:
        return [_culture(evidence)]
    ungraded = np.isnan(evidence[GRADE.name])
    return [
        [f"{said} and no current CRS grade: grade first" if said else "" for said in sentences]
        for sentences in (
            _only(ungraded, _support(evidence)),
            _only(ungraded, _signs(evidence, age)),
        )
    ]


def doubts(evidence: Evidence, age: np.ndarray, outcome: Outcome) -> list[Sentences]:
    """What must be read beside the answer; `age` in years (NaN = unknown)."""
    if outcome == Outcome.INFECTION:
        return [_blockade(evidence), _febrile_neutropenia(evidence)]
    grade = evidence[GRADE.name]
    supported = [
        f"{said}: if it is for CRS, the grade is 3 or more already" if said else ""
        for said in _only(grade < SEVERE_GRADE, _support(evidence))
    ]
    signs = [
        f"{said}: signs of grade 2 or more, the documented grade is {now:.0f}" if said else ""
        for said, now in zip(_only(grade < 2.0, _signs(evidence, age)), grade, strict=True)
    ]
    return [_blockade(evidence), supported, signs]


def _only(rows: np.ndarray, sentences: Sentences) -> Sentences:
    return [said if chosen else "" for chosen, said in zip(rows, sentences, strict=True)]


def _support(evidence: Evidence) -> Sentences:
    """Treatment that grade 3 or more is defined by."""
    pressed = evidence[VASOPRESSOR.name] <= TREATED_HOURS
    device = (evidence[DEVICE.name] >= HIGH_FLOW_DEVICE) & (
        evidence[DEVICE_AGE.name] <= GRADE_HOLDS_HOURS
    )
    much = (evidence[FLOW.name] > ASTCT.low_flow) | (evidence[FIO2.name] > ASTCT.low_flow_fraction)
    named = np.where(
        pressed, "a vasopressor is on record", "oxygen by high flow or more is on record"
    )
    return _only(pressed | device | much, list(named))


def _signs(evidence: Evidence, age: np.ndarray) -> Sentences:
    """Fever (or drugs that take it away) with a low pressure or saturation."""
    hot = evidence[TEMPERATURE.name] >= ASTCT.fever
    pressure, mean = evidence[PRESSURE.name], evidence[MEAN_PRESSURE.name]
    saturation = evidence[SATURATION.name]
    found = (
        _named(pressure < systolic_limit(age), "systolic pressure {:.0f} mm[Hg]", pressure),
        _named(
            np.isnan(pressure) & is_low_mean(mean, age),
            "mean arterial pressure {:.0f} mm[Hg]",
            mean,
        ),
        _named(saturation < ASTCT.spo2_on_air, "oxygen saturation {:.0f} %", saturation),
    )
    return [_sign_words(*each) for each in zip(hot, _blocked(evidence), *found, strict=True)]


def _named(low: np.ndarray, words: str, values: np.ndarray) -> Sentences:
    return [words.format(value) if here else "" for here, value in zip(low, values, strict=True)]


def _sign_words(fever: bool, covered: bool, *found: str) -> str:
    low = [said for said in found if said]
    if not low or not (fever or covered):
        return ""
    return f"{'fever' if fever else 'anti-IL-6, which hides fever,'} with {' and '.join(low)}"


def _blocked(evidence: Evidence) -> np.ndarray:
    return (evidence[BLOCKADE.name] <= RECEPTOR_BLOCKED_HOURS) | (
        evidence[SILTUXIMAB.name] <= SILTUXIMAB_BLOCKED_HOURS
    )


def _blockade(evidence: Evidence) -> Sentences:
    return _only(
        _blocked(evidence),
        [
            f"anti-IL-6 given {_ago(hours)} ago: CRP stays low and cannot warn, IL-6 may read high"
            for hours in evidence[BLOCKADE.name].tolist()
        ],
    )


def _ago(hours: float) -> str:
    return f"{hours:.0f} h" if hours < 72.0 else f"{hours / 24.0:.0f} d"


def _culture(evidence: Evidence) -> Sentences:
    """A pathogen in a blood culture, or a skin commensal in two (NHSN's rule for commensals)."""
    grew, skin = (np.nan_to_num(evidence[column.name]) for column in (GREW, SKIN))
    infected = (grew - skin >= 1.0) | (skin >= 2.0)
    days = EPISODE_HOURS // 24
    said = f"a blood culture of the last {days} d grew: an infection may be there already"
    return _only(infected, [said] * len(infected))


def _febrile_neutropenia(evidence: Evidence) -> Sentences:
    hot = evidence[TEMPERATURE.name] >= ASTCT.fever
    few = (evidence[NEUTROPHILS.name] < NEUTROPENIA) & (
        evidence[NEUTROPHILS_AGE.name] <= COUNT_HOURS
    )
    said = "febrile neutropenia on record: an emergency whatever this risk says"
    return _only(hot & few, [said] * len(hot))


def joined(checks: Sequence[Sentences]) -> list[tuple[str, ...]]:
    """What all checks say of each row."""
    return [tuple(filter(None, said)) for said in zip(*checks, strict=True)]
