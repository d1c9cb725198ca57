"""How a published figure is counted in virtual patients: one function a figure, on a study's lives.

Percentages are of all patients unless the name says "among". Onset and duration in days count days
begun, as trials count them.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from training.cohort.lives import Lives
from training.cohort.parameters import CLOCK_AT_START

Measure = Callable[[Any], float]
"""Takes the lives of a study, or the experiments on one body."""


def _percent(mask: "pd.Series | npt.NDArray[np.bool_]") -> float:
    return 100.0 * float(np.mean(mask)) if len(mask) else float("nan")


def _median(values: pd.Series) -> float:
    return float(values.dropna().median())


def of_one_body(name: str) -> Measure:
    """The result `name` of the experiments on one body."""
    return lambda shown: float(getattr(shown, name))


def crs_any(lives: Lives) -> float:
    """Patients with CRS, %."""
    return _percent(lives.people["worst"] >= 1)


def worst_grade(grade: int) -> Measure:
    """Patients whose worst grade is `grade`, %."""
    return lambda lives: _percent(lives.people["worst"] == grade)


def grade_3(lives: Lives) -> float:
    """Patients with CRS of grade 3 or more (ASTCT 2019), %."""
    return _percent(lives.people["worst"] >= 3)


def lee_grade_3(lives: Lives) -> float:
    """Patients with grade 3 or more on the scale of Lee 2014, %."""
    return _percent(lives.people["worst_lee_3"])


def penn_grade_3(lives: Lives) -> float:
    """Patients with grade 3 or more on the Penn scale (Porter 2018), %."""
    return _percent(lives.people["worst_penn_3"])


def grade_3_among_crs(lives: Lives) -> float:
    """Grade 3 or more among patients with CRS, %."""
    return _percent(_sick(lives)["worst"] >= 3)


def _sick(lives: Lives) -> pd.DataFrame:
    return lives.people[lives.people["worst"] >= 1]


def more_than_one_event(lives: Lives) -> float:
    """Patients with two events of CRS or more, %."""
    counts = lives.events.groupby("patient").size()
    return 100.0 * float((counts > 1).sum()) / len(lives.people)


def recurrence(tocilizumab: bool) -> Measure:
    """Among patients whose first event was (not) treated with tocilizumab, a second event, %."""

    def measure(lives: Lives) -> float:
        events = lives.events.sort_values("start").groupby("patient")
        first, number = events["tocilizumab"].first(), events.size()
        return _percent(number[first == tocilizumab] > 1)

    return measure


def after_dose(number: int, later: bool = False) -> Measure:
    """Patients with an event that began after dose `number` (or a later one), %."""

    def measure(lives: Lives) -> float:
        dose = lives.events["dose"]
        chosen = lives.events[(dose >= number) if later else (dose == number)]
        return 100.0 * chosen["patient"].nunique() / len(lives.people)

    return measure


def onset_from_dose_h(lives: Lives) -> float:
    """Median hours from the latest dose to the onset of an event."""
    return _median(lives.events["from_dose_h"])


def onset_day(lives: Lives) -> float:
    """Median day of onset, the first 24 hours after infusion being day 1."""
    return _median(np.floor(_sick(lives)["onset_h"] / 24.0) + 1.0)


def onset_calendar_day(lives: Lives) -> float:
    """Median day of onset in calendar days after that of the infusion."""
    return _median(np.floor((_sick(lives)["onset_h"] + CLOCK_AT_START) / 24.0))


def median_among_crs(column: str) -> Measure:
    """Median of `column` of the people's table among patients with CRS."""
    return lambda lives: _median(_sick(lives)[column])


def severe_day(lives: Lives) -> float:
    """Median day of the first grade 3 or more, the first 24 hours after infusion being day 1."""
    return _median(np.floor(lives.people["severe_h"] / 24.0) + 1.0)


def event_hours(lives: Lives) -> float:
    """Median hours of one event."""
    return _median(lives.events["hours"])


def duration_days(lives: Lives) -> float:
    """Median days from the first onset to the last resolution, days begun."""
    sick = _sick(lives)
    return _median(np.floor(sick["end_h"] / 24.0) - np.floor(sick["onset_h"] / 24.0) + 1.0)


def among_crs(column: str) -> Measure:
    """`column` of the people's table among patients with CRS, %."""
    return lambda lives: _percent(_sick(lives)[column])


def fever_among_crs(lives: Lives) -> float:
    """Among CRS, 38.5 Cel or more measured: labels count fever as a reported sign, not 38.0."""
    return _percent(_sick(lives)["hottest"] >= 38.5)


def median_of(column: str) -> Measure:
    """Median of `column` of the people's table among all."""
    return lambda lives: _median(lives.people[column])


def share(column: str) -> Measure:
    """`column` of the people's table among all, %."""
    return lambda lives: _percent(lives.people[column])


def infected_by(day: float, kind: str | None = None, since: float = 0.0) -> Measure:
    """Patients with an infection (of `kind`: severe, fungal) from day `since` to `day`, %."""

    def measure(lives: Lives) -> float:
        found = lives.infections[lives.infections["day"].between(since, day)]
        found = found if kind is None else found[found[kind]]
        return 100.0 * found["patient"].nunique() / len(lives.people)

    return measure


def infection_density(first: float, last: float) -> Measure:
    """Infections for 100 patient-days from day `first` to day `last`."""

    def measure(lives: Lives) -> float:
        found = lives.infections["day"].between(first, last).sum()
        days = np.clip(lives.people["alive_h"] / 24.0 - first, 0.0, last - first).sum()
        return 100.0 * float(found) / float(days)

    return measure


def first_infection_day(last: float) -> Measure:
    """Median day of the first infection among those infected up to day `last`."""
    return lambda lives: _median(_first_infection(lives).where(lambda day: day <= last))


def first_infection_months(lives: Lives) -> float:
    """Median months to the first infection, the uninfected counting as later than any."""
    first = _first_infection(lives).reindex(lives.people["patient"]).fillna(np.inf)
    return float(first.median()) / 30.4


def _first_infection(lives: Lives) -> pd.Series:
    later = lives.infections[lives.infections["day"] >= 0.0]
    return later.groupby("patient")["day"].min()


def infection_rate_ratio_per_crs_category(lives: Lives) -> float:
    """Geometric mean step in hazard of a first infection, no CRS to grades 1-3 to grades 4-5."""
    people = lives.people.set_index("patient")
    category = np.select([people["worst"] >= 4, people["worst"] >= 1], [2, 1], 0)
    return _hazard_slope(lives, category.astype(float))


def infection_rate_ratio_of_tocilizumab(lives: Lives) -> float:
    """Hazard of a first infection within 28 days with tocilizumab against without (crude)."""
    return _hazard_slope(lives, lives.people["tocilizumab_h"].notna().to_numpy().astype(float))


def _hazard_slope(lives: Lives, level: npt.NDArray[np.float64]) -> float:
    """exp(slope) of a Poisson regression of first infections on `level`, with time as exposure."""
    first = _first_infection(lives).reindex(lives.people["patient"]).to_numpy()
    seen = first <= 28.0
    time = np.clip(np.where(seen, first, 28.0), 0.1, 28.0)
    intercept, slope = np.log(max(seen.sum(), 1) / time.sum()), 0.0
    for _ in range(30):
        rate = time * np.exp(intercept + slope * level)
        score = np.array([(seen - rate).sum(), ((seen - rate) * level).sum()])
        cross = (rate * level).sum()
        information = np.array([[rate.sum(), cross], [cross, (rate * level**2).sum()]])
        step = np.linalg.solve(information, score)
        intercept, slope = intercept + step[0], slope + step[1]
    return float(np.exp(slope))


def improved_after_siltuximab(lives: Lives) -> float:
    """Among those given siltuximab, CRS of lower grade three days later, %."""
    return _percent(lives.people["improved"].dropna())


def siltuximab_among_treated(lives: Lives) -> float:
    """Siltuximab among patients treated for CRS, %."""
    treated = lives.people[lives.people["treated"]]
    return _percent(treated["siltuximab"])


def sensed_earlier_h(lives: Lives) -> float:
    """Median hours by which continuous sensing would have found the fever earlier."""
    return _median(lives.people["sensed_earlier_h"])


def ferritin_peak(severe: bool, column: str = "ferritin_peak") -> Measure:
    """Median peak ferritin, ng/mL, of patients with (without) grade 3 or more, all without HLH."""

    def measure(lives: Lives) -> float:
        chosen = ((lives.people["worst"] >= 3) == severe) & ~lives.people["hlh"]
        return _median(lives.people.loc[chosen, column])

    return measure


def grade_3_without_hlh(lives: Lives) -> float:
    """Patients with grade 3 or more and no haemophagocytosis, %."""
    return _percent((lives.people["worst"] >= 3) & ~lives.people["hlh"])


def ferritin_peak_with_hlh(lives: Lives) -> float:
    """Median peak ferritin, ng/mL, of patients with haemophagocytosis."""
    return _median(lives.people.loc[lives.people["hlh"], "ferritin_peak"])


def il6_crp_spearman(lives: Lives) -> float:
    """Spearman's rho of peak IL-6 (before blockade) and peak CRP among patients with CRS."""
    sick = _sick(lives)
    return float(sick["il6_crp"].corr(sick["crp_peak"], method="spearman"))


def severe_neutropenia_days(lives: Lives) -> float:
    """Median days with neutrophils below 0.5 x 10^9/L."""
    return _median(lives.people["neutropenic_d"])


def igg_below_4(lives: Lives) -> float:
    """Patients whose IgG fell below 4 g/L, %."""
    return _percent(lives.people["igg_lowest"] < 4.0)


def auroc_for_severe_crs(column: str) -> Measure:
    """AUROC of `column` of the people's table for CRS of grade 3 or more."""
    return lambda lives: _auroc(lives.people[column], lives.people["worst"] >= 3)


def hematotox_for_neutropenia(lives: Lives) -> float:
    """AUROC of CAR-HEMATOTOX for 14 days or more with neutrophils below 0.5 x 10^9/L."""
    return _auroc(lives.people["hematotox"], lives.people["neutropenic_d"] >= 14.0)


def procalcitonin_for_infection(lives: Lives) -> float:
    """AUROC of procalcitonin on the day of the first fever for an infection that is behind it."""
    feverish = lives.people[lives.people["fever_procalcitonin"].notna()]
    return _auroc(feverish["fever_procalcitonin"], feverish["fever_of_infection"])


def severely_infected_by(day: float, high: bool) -> Measure:
    """Severe infection by `day` among those of high (low) CAR-HEMATOTOX, %."""

    def measure(lives: Lives) -> float:
        chosen = lives.people.loc[(lives.people["hematotox"] >= 2) == high, "patient"]
        found = lives.infections[lives.infections["day"].between(0.0, day)]
        ill = set(found.loc[found["severe"], "patient"])
        return _percent(chosen.isin(ill))

    return measure


def _auroc(score: pd.Series, happened: pd.Series) -> float:
    """The chance that one to whom it happened ranks above one to whom it did not."""
    known = score.notna()
    rank, happened = score[known].rank(), happened[known].astype(bool)
    ones, zeros = int(happened.sum()), int((~happened).sum())
    if not ones or not zeros:
        return float("nan")
    return float((rank[happened].sum() - ones * (ones + 1) / 2.0) / (ones * zeros))
