"""One line a day: records as a registry of CAR-T patients keeps them, in the public file's shape.

Laboratory values and the worst grade of day d are known at its end, d + 1 days after the infusion;
there are no drugs and no vital signs. As in the file (Wei 2023, doi 10.3389/fimmu.2023.1273507) the
lines of a patient end around the first days of their worst grade, panels are measured together,
more often in the sick, and numbers have lost their zeros. Shares and lengths are counted in it.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.catalogue import ANALYTES
from training.cohort.chance import normals, uniforms
from training.cohort.laboratories import LABORATORIES
from training.cohort.observation import History
from training.cohort.parameters import HOURS_BEFORE_FIRST_DOSE
from training.cohort.written import STATIC, Rows

_MOMENT = 2_000_000
_LENGTH, _EXTRA, _HOUR, _PANEL, _INCLUDED, _NOISE, _FOLLOWS = 60, 61, 62, 63, 300, 340, 400

MEASURED: dict[str, tuple[float, float, float]] = {
    "platelets": (1.0, 1.0, 1.0),
    "hemoglobin": (1.0, 1.0, 1.0),
    "neutrophils": (0.93, 0.83, 0.78),
    "lymphocytes": (0.97, 0.86, 0.65),
    "crp": (0.73, 0.79, 1.0),
    "il6": (0.60, 0.65, 0.84),
    "ifn_gamma": (0.39, 0.56, 0.78),
    "il10": (0.56, 0.61, 0.73),
    "ferritin": (0.43, 0.37, 0.35),
    "d_dimer": (0.33, 0.32, 0.31),
    "procalcitonin": (0.44, 0.54, 0.33),
    "fibrinogen": (0.60, 0.68, 0.80),
    "aptt": (0.60, 0.69, 0.80),
    "ldh": (0.65, 0.75, 0.86),
    "ast": (0.66, 0.76, 0.86),
    "alt": (0.66, 0.76, 0.86),
    "albumin": (0.65, 0.75, 0.86),
    "calcium": (0.61, 0.71, 0.88),
    "creatinine": (0.64, 0.74, 0.82),
    "glucose": (0.55, 0.6, 0.7),
}
"""Share of days with the value, at grade 0, 1-2 and 3-4 of that day."""

PANELS = {
    **dict.fromkeys(("ldh", "ast", "alt", "albumin", "calcium", "creatinine", "glucose"), 0),
    **dict.fromkeys(("il6", "il10", "ifn_gamma"), 1),
    **dict.fromkeys(("fibrinogen", "aptt"), 2),
}
"""Values that are asked for on one form: there together or missing together."""
WITH_ITS_PANEL = 0.9
"""Share of such values whose presence is its panel's: pairs there correlate by 0.65 to 0.96."""

DECIMALS = {
    "albumin": 1, "ast": 1, "alt": 1, "creatinine": 1, "ldh": 1, "ferritin": 2, "crp": 2,
    "procalcitonin": 3,
}  # fmt: skip
"""Printed there with more decimals than elsewhere."""

EXTRA_DAYS = (0.0, 2.0, 0.9, 0.5, 0.2)
"""Mean days that are still listed after the first one at the worst grade, by that grade."""

QUIET_DAYS = (3, 15)
"""A patient without CRS is listed for so many days, any number between alike."""


def rows(history: History) -> Iterator[Rows]:
    """Every record of the registry."""
    people = history.people
    days = (history.hours - HOURS_BEFORE_FIRST_DOSE) // 24
    grade = _daily_grade(history, days)
    listed = np.arange(days)[:, None] <= _last_day(people.keys, grade)
    start = people.persons["first_dose_day"] * 1440
    yield from _host(history, start)
    day, patient = np.nonzero(listed)
    known = start[patient] + 1440 * (day + 1)
    worst = grade[day, patient]
    yield Rows(patient, known, "crs_grade", worst.astype(float))
    band = np.select([worst >= 3, worst >= 1], [2, 1], 0)
    late = np.floor(12.0 * uniforms(people.keys[patient], day + _MOMENT, _HOUR)).astype(np.int64)
    hour = HOURS_BEFORE_FIRST_DOSE + 24 * day + late
    for index, row in enumerate(LABORATORIES):
        if row.key not in MEASURED:
            continue
        asked = (
            _drawn(people.keys[patient], day, index, row.key) < np.array(MEASURED[row.key])[band]
        )
        level = history.labs[hour[asked], patient[asked], index].astype(float)
        noise = normals(people.keys[patient[asked]], day[asked] + _MOMENT, _NOISE + index)
        value = level * np.exp(row.assay.noise * noise)
        decimals = DECIMALS.get(row.key, row.assay.decimals)
        value = without_zeros(np.maximum(value, row.assay.lowest), decimals)
        code = f"LOINC//{ANALYTES[row.key].loinc[0]}"
        yield Rows(patient[asked], known[asked], code, value, unit=row.unit)


def _drawn(
    keys: npt.NDArray[np.uint64], day: npt.NDArray[np.int64], index: int, key: str
) -> npt.NDArray[np.float64]:
    """The uniform number that decides whether a value is there: mostly its panel's."""
    own = uniforms(keys, day + _MOMENT, _INCLUDED + index)
    if key not in PANELS:
        return own
    panel = uniforms(keys, day + _MOMENT, _PANEL + PANELS[key])
    follows = uniforms(keys, day + _MOMENT, _FOLLOWS + index) < WITH_ITS_PANEL
    return np.where(follows, panel, own)


def without_zeros(values: npt.NDArray[np.float64], decimals: int) -> npt.NDArray[np.float64]:
    """Numbers as the public file prints them: every zero is gone but one before the point.

    >>> without_zeros(np.array([140.0, 105.2, 0.05, 3.07, 88.0]), 2).tolist()
    [14.0, 15.2, 0.5, 3.7, 88.0]
    """
    if len(values) == 0:
        return values
    printed = pd.Series(values).map(f"{{:.{decimals}f}}".format)
    whole, _, fraction = (printed.str.partition(".")[part] for part in range(3))
    whole, fraction = whole.str.replace("0", ""), fraction.str.replace("0", "")
    return (whole.where(whole != "", "0") + "." + fraction + "0").astype(float).to_numpy()


def _host(history: History, start: npt.NDArray[np.int64]) -> Iterator[Rows]:
    persons = history.people.persons
    everyone = np.arange(len(persons))
    static, nothing = np.full(len(persons), STATIC), np.full(len(persons), np.nan)
    yield Rows(everyone, start - (persons["age"] * 525_960).astype(np.int64), "birth", nothing)
    sex = np.where(persons["male"], "male", "female").astype(object)
    yield Rows(everyone, static, "sex", nothing, sex)
    yield Rows(everyone, static, "prior_lines", persons["prior_lines"].astype(float))
    yield Rows(everyone, start, "car_t_unspecified", nothing)


def _daily_grade(history: History, days: int) -> npt.NDArray[np.int64]:
    """Worst grade of each day (day x patient) from day 0 on."""
    grade = history.care["charted"][HOURS_BEFORE_FIRST_DOSE:]
    return np.asarray(grade[: 24 * days].reshape(days, 24, -1).max(axis=1))


def _last_day(keys: npt.NDArray[np.uint64], grade: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The last listed day of each patient."""
    moment = np.full(len(keys), _MOMENT)
    drawn = uniforms(keys, moment, _LENGTH)
    quiet = np.floor(QUIET_DAYS[0] + (QUIET_DAYS[1] - QUIET_DAYS[0] + 1) * drawn) - 1
    worst = grade.max(axis=0)
    first = (grade == worst).argmax(axis=0)
    mean = np.array(EXTRA_DAYS)[worst]
    extra = np.floor(-mean * np.log(uniforms(keys, moment, _EXTRA)))
    falls = (grade < worst) & (np.arange(len(grade))[:, None] > first)
    run = np.where(falls.any(axis=0), falls.argmax(axis=0) - 1, len(grade) - 1)
    sick = np.minimum(first + extra, run)
    return np.minimum(np.where(worst > 0, sick, quiet), len(grade) - 1).astype(np.int64)
