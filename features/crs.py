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
a grade 2 says so. Organ toxicity is graded apart (CTCAE).
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

    fever: Cel (ASTCT). low_flow: L/min up to which a cannula is low-flow (ASTCT). spo2_on_air: %
    below which hypoxia is inferred where no oxygen is charted. systolic_fall: mm[Hg] below the own
    pressure before the first dose from which hypotension is inferred, a choice of this project
    (sepsis takes 40: Bone 1992, doi 10.1378/chest.101.6.1644). fever_counts: a fever is present so
    long after it was measured. signs_count: a pressure, an oxygen device, a saturation or a
    vasopressor speaks of the present for so long. course: how long after a dose a fever may be CRS.
    renewed: an unchanged grade is said again so often. episodes_apart: from the end of one episode
    to the start of the next, at least.
    """

    fever: float = 38.0
    low_flow: float = 6.0
    spo2_on_air: float = 92.0
    systolic_fall: float = 30.0
    fever_counts: int = 24
    signs_count: int = 12
    course: float = 30 * 24.0
    renewed: float = 12.0
    episodes_apart: float = 48.0


RULES = CrsRules()

VASOPRESSORS = tuple(
    drug.key
    for drug in DRUGS.values()
    if drug.drug_class == DrugClass.VASOPRESSOR and drug.key != "vasopressin"
)
"""Vasopressin is not counted (ASTCT)."""

COVER = ("antipyretic", "cytokine_blocker", "corticosteroid")
"""What may hide the fever of CRS, so that it is not asked for any more (ASTCT)."""

CHARTED = ("crs_grade", "icans_grade", "infection_onset")
"""What others concluded: it is no sign, so its arrival changes no derived grade."""

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


def hypotension_grade(
    systolic: np.ndarray,
    baseline: np.ndarray,
    years: np.ndarray,
    vasopressors: np.ndarray,
    rules: CrsRules = RULES,
) -> np.ndarray:
    """0, 2 (low pressure without vasopressors: inferred), 3 (one), 4 (several).

    `baseline` is the own systolic pressure before the first dose; missing where none is known.

    >>> adults, own = np.full(5, 50.0), np.full(5, 125.0)
    >>> systolic, vasopressors = np.array([89, 96, 95, 80, 80.0]), np.array([0, 0, 0, 1, 2])
    >>> hypotension_grade(systolic, own, adults, vasopressors)
    array([2., 0., 2., 3., 4.])
    """
    fallen = systolic <= baseline - rules.systolic_fall
    low = np.where(fallen | (systolic < systolic_limit(years)), 2.0, 0.0)
    return np.where(vasopressors >= 2, 4.0, np.where(vasopressors == 1, 3.0, low))


def hypoxia_grade(
    device: np.ndarray, flow: np.ndarray, spo2: np.ndarray, rules: CrsRules = RULES
) -> np.ndarray:
    """0, 2 (low flow, or saturation low without oxygen charted: inferred), 3, 4; NaN = not charted.

    >>> hypoxia_grade(np.array([1.0, 1.0, np.nan]), np.array([4.0, 8.0, np.nan]), np.full(3, 91.0))
    array([2., 3., 2.])
    """
    by_device = np.where(np.isnan(device), 0.0, GRADE_BY_DEVICE[np.nan_to_num(device).astype(int)])
    by_flow = np.where(flow > rules.low_flow, 3.0, np.where(flow > 0.0, 2.0, 0.0))
    on_air = (np.nan_to_num(by_device) == 0.0) & (by_flow == 0.0)
    inferred = np.where(on_air & (spo2 < rules.spo2_on_air), 2.0, 0.0)
    return np.maximum(np.maximum(by_device, by_flow), inferred)


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
    keys = ("systolic_bp", "oxygen_device", "oxygen_flow", "spo2", *VASOPRESSORS)
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
    running = [
        (age[key] < rules.signs_count) & (column[f"{key}.last"] != 0.0) for key in VASOPRESSORS
    ]
    years = age_in_years(column["birth.age"], column["age.last"])
    highest = column[f"temperature.maximum_{rules.fever_counts}h"]
    device, flow = _agreeing(last, age)
    vasopressors, own = np.sum(running, axis=0), column["systolic_bp.baseline"]
    hypotension = hypotension_grade(last["systolic_bp"], own, years, vasopressors, rules)
    hypoxia = hypoxia_grade(device, flow, last["spo2"], rules)
    oxygen = hypoxia_grade(device, flow, np.full(len(moments), np.nan), rules)
    return pd.DataFrame(
        {
            "fever": highest >= rules.fever,
            "hypotension": hypotension,
            "hypoxia": hypoxia,
            "treated": (vasopressors > 0) | (oxygen > 0.0),
            "known": ~np.isnan(highest) | (np.maximum(hypotension, hypoxia) > 0.0),
            "since_dose": age["therapy"],
            "since_cover": np.fmin.reduce([age[key] for key in COVER]),
        }
    )


def _hours(times: pd.Series) -> np.ndarray:
    """Hours since 1970."""
    return times.astype("int64").to_numpy() / 3.6e9


def _agreeing(
    last: dict[str, np.ndarray], age: dict[str, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Device and flow, each forgotten where the other says later that no oxygen is given."""
    device, flow = last["oxygen_device"], last["oxygen_flow"]
    off = (device == 0.0) & ~(age["oxygen_flow"] < age["oxygen_device"])
    stopped = (flow == 0.0) & (age["oxygen_flow"] < age["oxygen_device"]) & (device <= 1.0)
    return np.where(stopped, np.nan, device), np.where(off, np.nan, flow)


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
