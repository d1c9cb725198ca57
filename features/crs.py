"""The ASTCT 2019 grade of CRS at any time, from temperature, pressure, oxygen and drugs.

Lee DW et al. Biol Blood Marrow Transplant 2019;25:625, doi 10.1016/j.bbmt.2018.12.758, table 2:

    grade   fever   and hypotension                       and/or hypoxia
    1       yes     none                                  none
    2       yes     not requiring vasopressors            low-flow cannula (<= 6 L/min), blow-by
    3       yes     one vasopressor, +/- vasopressin      high-flow cannula, mask (> 6 L/min)
    4       yes     several vasopressors, not vasopressin positive pressure

The grade is the worse of the two. Once CRS is there and antipyretics, anti-cytokine drugs or
corticosteroids were given, fever is not needed any more. That a fever has another cause, or that a
death was one of CRS (grade 5), no record tells: a documented grade knows more than this one.
Hypotension and hypoxia that no treatment shows are inferred from pressure and saturation, and such
a grade 2 says so. Oxygen charted as a fraction alone is read by what a cannula can give. Organ
toxicity is graded apart (CTCAE).
"""

from dataclasses import dataclass

import numba
import numpy as np
import pandas as pd

from features.catalogue import DRUGS, DrugClass
from features.scores import age_in_years
from features.tables import EVENT_COLUMNS, TIME_TYPE
from features.trajectory import Feature, Statistic, trajectory_rows


@dataclass(frozen=True)
class CrsRules:
    """What the publication fixes, and what it leaves to the ward (hours, choices of this project).

    fever: Cel (ASTCT). low_flow: L/min up to which a cannula is low-flow (ASTCT).
    low_flow_fraction: what such a cannula gives at most (0.20 + 4 % a litre, a rule of thumb);
    fraction_of_air: above it oxygen is given. mean_pressure: mm[Hg] below which an adult's mean
    pressure is low, asked where no systolic one came with or after it (Surviving Sepsis Campaign
    2021, doi 10.1097/CCM.0000000000005337). spo2_on_air: % below which hypoxia is inferred where no
    oxygen is charted. systolic_fall: mm[Hg] below the own pressure before the first dose from which
    hypotension is inferred, a choice of this project (sepsis takes 40: Bone 1992, doi
    10.1378/chest.101.6.1644). fever_counts: a fever is present so long after it was measured.
    signs_count: a pressure, an oxygen device, a saturation or a vasopressor speaks of the present
    for so long. course: how long after a dose a fever may be CRS. renewed: an unchanged grade is
    said again so often. episodes_apart: from the end of one episode to the start of the next, at
    least.
    """

    fever: float = 38.0
    low_flow: float = 6.0
    low_flow_fraction: float = 0.44
    fraction_of_air: float = 0.21
    mean_pressure: float = 65.0
    spo2_on_air: float = 92.0
    systolic_fall: float = 30.0
    fever_counts: int = 24
    signs_count: int = 12
    course: float = 30 * 24.0
    renewed: float = 12.0
    episodes_apart: float = 48.0


RULES = CrsRules()

OXYGEN = ("oxygen_device", "oxygen_flow", "fio2")
SIGNS = ("systolic_bp", "mean_arterial_pressure", "spo2", *OXYGEN)
"""What tells of pressure and oxygen."""

VASOPRESSIN = "vasopressin"
VASOPRESSORS = tuple(
    drug.key
    for drug in DRUGS.values()
    if drug.drug_class == DrugClass.VASOPRESSOR and drug.key != VASOPRESSIN
)
"""Vasopressin beside another is not counted (ASTCT); alone it supports the pressure as one does
(the publication does not say)."""

ROUNDED = 1e-6

COVER = ("antipyretic", "cytokine_blocker", "corticosteroid")
"""What may hide the fever of CRS, so that it is not asked for any more (ASTCT)."""

CHARTED = ("crs_grade", "icans_grade", "infection_onset")
"""What others concluded: it is no sign, so its arrival changes no derived grade."""

ADULT = 18.0
"""Years; an age that is not known is an adult's, as for the systolic pressure."""

VENTILATED = 4.0
"""From this `oxygen_device` on positive pressure is given, also with air."""

GRADE_BY_DEVICE = np.array([0.0, 2.0, 3.0, 3.0, 4.0, 4.0])
"""By `oxygen_device`: room air, cannula or blow-by, high flow, mask, non-invasive, invasive."""


def systolic_limit(years: np.ndarray) -> np.ndarray:
    """Systolic pressure (mm[Hg]) below which it is low; that of adults where no age is known.

    Children from 1 to 10 years: 70 + 2 x age (PALS, American Heart Association 2020); infants 70.

    >>> systolic_limit(np.array([0.5, 4.0, 10.0, 40.0, np.nan]))
    array([70., 78., 90., 90., 90.])
    """
    limit = 70.0 + 2.0 * np.floor(years)
    return np.where(years < 1.0, 70.0, np.where(years <= 10.0, limit, 90.0))


def is_low_mean(mean: np.ndarray | float, years: np.ndarray, rules: CrsRules = RULES) -> np.ndarray:
    """Whether a mean arterial pressure (mm[Hg]) is low; of adults alone."""
    low: np.ndarray = (mean < rules.mean_pressure) & ~(years < ADULT)
    return low


def hypotension_grade(
    systolic: np.ndarray,
    baseline: np.ndarray,
    years: np.ndarray,
    vasopressors: np.ndarray,
    mean: np.ndarray | float = np.nan,
    rules: CrsRules = RULES,
) -> np.ndarray:
    """0, 2 (low pressure without vasopressors: inferred), 3 (one), 4 (several).

    `baseline` is the own systolic pressure before the first dose; missing where none is known.
    `mean` is the mean arterial pressure of adults, missing where the systolic one speaks.

    >>> adults, own = np.full(5, 50.0), np.full(5, 125.0)
    >>> systolic, vasopressors = np.array([89, 96, 95, 80, 80.0]), np.array([0, 0, 0, 1, 2])
    >>> hypotension_grade(systolic, own, adults, vasopressors)
    array([2., 0., 2., 3., 4.])
    """
    fallen = systolic <= baseline - rules.systolic_fall
    below = (systolic < systolic_limit(years)) | is_low_mean(mean, years, rules)
    low = np.where(fallen | below, 2.0, 0.0)
    return np.where(vasopressors >= 2, 4.0, np.where(vasopressors == 1, 3.0, low))


def hypoxia_grade(
    device: np.ndarray,
    flow: np.ndarray,
    spo2: np.ndarray,
    fraction: np.ndarray | float = np.nan,
    rules: CrsRules = RULES,
) -> np.ndarray:
    """0, 2 (low flow, or saturation low without oxygen charted: inferred), 3, 4; NaN = not charted.

    `fraction` is the inspired fraction of oxygen (0 to 1).

    >>> hypoxia_grade(np.array([1.0, 1.0, np.nan]), np.array([4.0, 8.0, np.nan]), np.full(3, 91.0))
    array([2., 3., 2.])
    >>> nothing, fraction = np.full(3, np.nan), np.array([0.21, 0.4, 0.6])
    >>> hypoxia_grade(nothing, nothing, nothing, fraction)
    array([0., 2., 3.])
    """
    by_device = np.where(np.isnan(device), 0.0, GRADE_BY_DEVICE[np.nan_to_num(device).astype(int)])
    by_flow = _steps(flow, 0.0, rules.low_flow)
    by_fraction = _steps(fraction, rules.fraction_of_air, rules.low_flow_fraction)
    given = np.maximum(np.maximum(by_device, by_flow), by_fraction)
    inferred = np.where((given == 0.0) & (spo2 < rules.spo2_on_air), 2.0, 0.0)
    return np.maximum(given, inferred)


def _steps(oxygen: np.ndarray | float, none: float, low: float) -> np.ndarray:
    """2 above `none`, 3 above `low`, each by more than float32 rounds; 0 where nothing is known."""
    return np.where(oxygen > low + ROUNDED, 3.0, np.where(oxygen > none + ROUNDED, 2.0, 0.0))


def graded_moments(events: pd.DataFrame, rules: CrsRules = RULES) -> pd.DataFrame:
    """The grade whenever anything becomes known of a patient, from the first known dose on.

    At each moment only what was known then is used, so that nothing later changes an earlier grade.

    Returns:
        DataFrame sorted by patient and time: `patient_id`, `as_of`, `grade` (0 to 4; NaN where
        neither temperature nor support is known), `fever` (bool), `hypotension`, `hypoxia` (0, 2,
        3, 4), `inferred` (bool: a grade 2 that rests on pressure or saturation alone).
    """
    moments = _moments(events)
    signs = _signs(events, moments, rules)
    level = np.maximum(signs["hypotension"], signs["hypoxia"]).to_numpy(dtype=float)
    grade = _run(
        pd.factorize(moments["patient_id"])[0],
        _hours(moments["as_of"]),
        signs["fever"].to_numpy(),
        level,
        signs["known"].to_numpy(),
        signs["since_dose"].to_numpy(dtype=float) <= rules.course,
        signs["since_cover"].to_numpy(dtype=float),
    )
    return moments.assign(
        grade=grade,
        fever=signs["fever"],
        hypotension=signs["hypotension"],
        hypoxia=signs["hypoxia"],
        inferred=(grade == 2.0) & ~signs["treated"].to_numpy(),
    )


def grade_events(graded: pd.DataFrame, rules: CrsRules = RULES) -> pd.DataFrame:
    """`graded_moments` as events of key `crs_grade`: each change, and the same grade renewed."""
    graded = graded.dropna(subset="grade")
    patient = pd.factorize(graded["patient_id"])[0]
    due = _worth_saying(patient, _hours(graded["as_of"]), graded["grade"].to_numpy(), rules.renewed)
    said = graded[due]
    return pd.DataFrame(
        {
            "patient_id": said["patient_id"],
            "time": said["as_of"],
            "known_time": said["as_of"],
            "until_time": pd.Series(pd.NaT, index=said.index, dtype=TIME_TYPE),
            "key": "crs_grade",
            "value": said["grade"],
        }
    ).reset_index(drop=True)[list(EVENT_COLUMNS)]


def crs_episodes(graded: pd.DataFrame, rules: CrsRules = RULES) -> pd.DataFrame:
    """Episodes of `graded_moments`: what lies less than `rules.episodes_apart` apart is one.

    Returns:
        DataFrame with `patient_id`, `start`, `end` (the first moment without CRS; missing where
        none is known), `grade` (the highest), `severe` (when it first reached 3, else missing).
    """
    known = graded.dropna(subset="grade").sort_values(["patient_id", "as_of"], ignore_index=True)
    present, same = known["grade"] >= 1.0, known["patient_id"] == known["patient_id"].shift()
    after = known["as_of"].groupby(known["patient_id"]).shift(-1)
    begins = present & ~(present.shift(fill_value=False) & same)
    # while CRS is present, its end so far is the next moment: that of the last one is the end
    ill = known.assign(start=begins, after=after, severe=known["as_of"].where(known["grade"] >= 3))
    ill = ill[present]
    gap = ill["as_of"] - ill["after"].shift()
    apart = ill["start"] & (gap >= pd.Timedelta(hours=rules.episodes_apart))
    first = ill["patient_id"] != ill["patient_id"].shift()
    episodes = ill.groupby((apart | first).cumsum())
    found = episodes.agg(
        patient_id=("patient_id", "first"),
        start=("as_of", "first"),
        grade=("grade", "max"),
        severe=("severe", "min"),
    )
    found.insert(2, "end", episodes.tail(1)["after"].array)
    return found.reset_index(drop=True)


def _moments(events: pd.DataFrame) -> pd.DataFrame:
    """When anything becomes known of a patient, from the first known dose on."""
    timed = events[events["time"].notna() & ~events["key"].isin(CHARTED)]
    patient = timed["patient_id"].astype("str")
    known = timed[["time", "known_time"]].max(axis=1)
    dose = timed["key"] == "therapy"
    first = known[dose].groupby(patient[dose]).min()
    moments = pd.DataFrame({"patient_id": patient, "as_of": known})
    moments = moments[patient.isin(first.index)].drop_duplicates()
    start = pd.Series(first.reindex(moments["patient_id"]).array, index=moments.index)
    moments = moments[moments["as_of"] >= start]
    return moments.sort_values(["patient_id", "as_of"], ignore_index=True)


def _signs(events: pd.DataFrame, moments: pd.DataFrame, rules: CrsRules) -> pd.DataFrame:
    drugs = (*VASOPRESSORS, VASOPRESSIN)
    keys = (*SIGNS, *drugs)
    features = [
        Feature("temperature", Statistic.MAXIMUM, rules.fever_counts),
        *(Feature(key, statistic) for key in keys for statistic in (Statistic.LAST, Statistic.AGE)),
        *(Feature(key, Statistic.AGE) for key in ("therapy", *COVER, "birth")),
        Feature("age", Statistic.LAST),
        Feature("systolic_bp", Statistic.BASELINE),
    ]
    table = trajectory_rows(events, moments, features, ("therapy",)).astype(np.float64)
    column = {feature.name: table[:, place] for place, feature in enumerate(features)}
    age = {key: column[f"{key}.age"] for key in (*keys, "therapy", *COVER)}
    last = {
        key: np.where(age[key] < rules.signs_count, column[f"{key}.last"], np.nan) for key in keys
    }
    running = {
        key: (age[key] < rules.signs_count) & (column[f"{key}.last"] != 0.0) for key in drugs
    }
    counted = np.sum([running[key] for key in VASOPRESSORS], axis=0)
    vasopressors = np.where(counted == 0, running[VASOPRESSIN], counted)
    years = age_in_years(column["birth.age"], column["age.last"])
    highest = column[f"temperature.maximum_{rules.fever_counts}h"]
    oxygen = _agreeing(last, age, rules)
    is_latest = ~(age["systolic_bp"] <= age["mean_arterial_pressure"])
    mean = np.where(is_latest, last["mean_arterial_pressure"], np.nan)
    own = column["systolic_bp.baseline"]
    hypotension = hypotension_grade(last["systolic_bp"], own, years, vasopressors, mean, rules)
    hypoxia = hypoxia_grade(oxygen.device, oxygen.flow, last["spo2"], oxygen.fraction, rules)
    unsaturated = np.full(len(moments), np.nan)
    given = hypoxia_grade(oxygen.device, oxygen.flow, unsaturated, oxygen.fraction, rules)
    return pd.DataFrame(
        {
            "fever": highest >= rules.fever,
            "hypotension": hypotension,
            "hypoxia": hypoxia,
            "treated": (vasopressors > 0) | (given > 0.0),
            "known": ~np.isnan(highest) | (np.maximum(hypotension, hypoxia) > 0.0),
            "since_dose": age["therapy"],
            "since_cover": np.fmin.reduce([age[key] for key in COVER]),
        }
    )


def _hours(times: pd.Series) -> np.ndarray:
    """Hours since 1970."""
    return times.astype("int64").to_numpy() / 3.6e9


@dataclass(frozen=True)
class _Oxygen:
    """What is charted of oxygen now, one number a moment (NaN = nothing)."""

    device: np.ndarray
    flow: np.ndarray
    fraction: np.ndarray


def _agreeing(last: dict[str, np.ndarray], age: dict[str, np.ndarray], rules: CrsRules) -> _Oxygen:
    """Device and flow, each forgotten where the other says later that no oxygen is given.

    A fraction is forgotten where device or flow say anything later; one of air that is the latest
    ends both but for a ventilator.
    """
    device, flow, fraction = (last[key] for key in OXYGEN)
    charted = np.fmin(age["oxygen_device"], age["oxygen_flow"])
    on_air = (fraction <= rules.fraction_of_air + ROUNDED) & (age["fio2"] < charted)
    on_air &= ~(device >= VENTILATED)
    flow_later = age["oxygen_flow"] < age["oxygen_device"]
    off = (device == 0.0) & ~flow_later
    stopped = (flow == 0.0) & flow_later & (device <= 1.0)
    return _Oxygen(
        np.where(stopped | on_air, np.nan, device),
        np.where(off | on_air, np.nan, flow),
        np.where(charted < age["fio2"], np.nan, fraction),
    )


@numba.njit(cache=True)
def _run(patient, hour, fever, level, known, in_course, since_cover):  # type: ignore[no-untyped-def]
    """Walk each patient's moments: CRS begins with a fever, ends when what defines it is gone."""
    grade = np.full(len(hour), np.nan)
    present, start, before = False, 0.0, -1
    for i in range(len(hour)):
        if patient[i] != before:
            present, before = False, patient[i]
        if not known[i]:
            continue
        if fever[i] and in_course[i]:
            if not present:
                start = hour[i]
            present = True
        elif present:
            covered = since_cover[i] <= hour[i] - start
            present = covered and level[i] > 0.0
        grade[i] = max(1.0, level[i]) if present else 0.0
    return grade


@numba.njit(cache=True)
def _worth_saying(patient, hour, grade, renewed):  # type: ignore[no-untyped-def]
    """Which grades differ from the last one said of the patient, or are due again."""
    said = np.zeros(len(hour), dtype=np.bool_)
    last = -1
    for i in range(len(hour)):
        new = last < 0 or patient[i] != patient[last]
        if new or grade[i] != grade[last] or hour[i] - hour[last] >= renewed:
            said[i] = True
            last = i
    return said
