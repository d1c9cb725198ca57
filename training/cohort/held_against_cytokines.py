"""The cohort held against 59 children and young adults given CD22 CAR-T cells (Lichtenstein 2021).

    patient  worst  hlh    onset_day  key  planned  day  value
    277          1  False       10.0  il6      7.0  7.0    3.1

Real and virtual patients go the same way: one such table, then quartiles by day from infusion or
from the onset of CRS, and the day on which each value is highest. Days are calendar days after that
of the infusion. The series: Blood 2021;138:2469, doi 10.1182/blood.2021011898. Nothing of it is
stored here; only quartiles leave.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.plurals import counted
from features.tables import InvalidInputError
from training.cohort.chance import normals, uniforms
from training.cohort.held_against import quartiles
from training.cohort.laboratories import LABORATORIES, PLACE
from training.cohort.lives import HLH, MORNING, histories
from training.cohort.observation import History
from training.cohort.parameters import CLOCK_AT_START, HOURS_BEFORE_FIRST_DOSE
from training.cohort.studies import study

STUDY = "cd22_children"
COLUMNS = ("patient", "worst", "hlh", "onset_day", "key", "planned", "day", "value")
"""`worst` is the worst ASTCT grade; `onset_day` is NaN without CRS; `planned` is 0, 7, 14, 21 or 28
for what was measured at five times, else the day itself; units of the catalogue, cells in 1/uL."""

PATIENTS, CYTOKINES = "patients.csv", "cytokines_by_day.csv"


@dataclass(frozen=True)
class Sampling:
    """One value there: its column (or cytokine), the column of its day, and when it was measured.

    `times`: planned day, usual day, share of patients. An assay tells nothing below `lowest` or
    above `highest`: what lies beyond counts as the limit, real or virtual. `noise` is the
    coefficient of variation where the value is no laboratory value of the cohort.
    """

    key: str
    column: str
    day_column: str
    times: tuple[tuple[int, int, float], ...]
    lowest: float
    highest: float
    noise: float = 0.0


_EVERY_OTHER_DAY = ((0, 1, 3, 5, 7, 9, 11, 13, 15, 28), 0.93)
_BETWEEN = ((6, 8, 10, 12, 14, 16, 17, 18, 19, 20, 21), 0.62)
_DAILY = tuple((day, day, share) for days, share in (_EVERY_OTHER_DAY, _BETWEEN) for day in days)
_WEEKLY = tuple((day, day, 0.96) for day in (0, 7, 14, 21, 28))
_FERRITIN = tuple((day, day, 0.76) for day in (0, 7, 14, 21, 28))
_CELLS = ((0, 0, 0.20), (7, 7, 0.49), (14, 13, 0.78), (21, 20, 0.76), (28, 27, 0.85))
WINDOWS = {0: "(-1 -2)", 7: "(5-9)", 14: "(10-18)", 21: "(19-23)", 28: "(24-32)"}
"""Planned days with the window that the columns' names give each."""

_TIMEPOINT = "Day {planned} {window} Timepoint | "

SAMPLED: tuple[Sampling, ...] = (
    Sampling("il6", "IL-6", "days", _DAILY, 0.37, 1472.0),
    Sampling("ifn_gamma", "IFN-gamma", "days", _DAILY, 0.65, 2860.0),
    Sampling("il10", "IL-10", "days", _DAILY, 0.24, 710.0),
    Sampling("cells", "Day {planned} {close_window} | Day {planned}_Abs CAR (cells/uL)",
             "Day {planned} {close_window} | True date_CAR Expansion Day {planned}",
             _CELLS, 0.0, np.inf, noise=0.3),
    Sampling("crp", f"{_TIMEPOINT}CRP (mg/L)", f"{_TIMEPOINT}true date_CRP",
             _WEEKLY, 0.2, 301.0),
    Sampling("ferritin", f"{_TIMEPOINT}Ferritin (ug/L)", f"{_TIMEPOINT}true date_ferritin",
             _FERRITIN, 19.0, np.inf),
    Sampling("ldh", f"{_TIMEPOINT}LDH (U/L)", f"{_TIMEPOINT}True date_LDH",
             _WEEKLY, 100.0, 2501.0),
)  # fmt: skip
"""Times, shares and limits are counted in the file; the noise of counting cells is assumed."""

CYTOKINE_KEYS = ("il6", "ifn_gamma", "il10")
"""Measured by day, in patients with CRS alone."""
BANDS = (("0-2", False), ("3-4", True))
FROM_ONSET = range(-6, 13)

_MOMENT, _ASKED, _NOISE = 3_000_000, 400, 420


def real(folder: Path) -> pd.DataFrame:
    """The public series in `folder`, a row a value, as `COLUMNS`.

    Raises InvalidInputError for a file or a column that is not there, for a word in the place of a
    number, and for cytokines of a patient whom the patients' file lacks.
    """
    patients, cytokines = _read(folder / PATIENTS), _read(folder / CYTOKINES)
    who = pd.DataFrame(
        {
            "patient": _numbers(patients, "Randomized ID"),
            "worst": _numbers(patients, "Max Grade CRS_ASBMT"),
            "hlh": _numbers(patients, "HLH (0=No/1=Yes)") == 1,
            "onset_day": _numbers(patients, "Date CRS (days post CAR T-cell infusion)"),
        }
    )
    measured = pd.concat([_by_day(cytokines), *_at_five_times(patients)], ignore_index=True)
    unknown = set(measured["patient"]) - set(who["patient"])
    if unknown:
        raise InvalidInputError(
            f"{CYTOKINES}: {counted(len(unknown), 'patient')} not in {PATIENTS}"
        )
    whole = measured.merge(who, on="patient")[list(COLUMNS)]
    return within_assay(whole.dropna(subset=["day", "value"]).reset_index(drop=True))


def _read(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise InvalidInputError(f"{path.name}: not in the folder {path.parent.name}")
    return pd.read_csv(path)


def _text(table: pd.DataFrame, name: str) -> pd.Series:
    if name not in table:
        raise InvalidInputError(f"the column {name!r} is missing")
    return table[name]


def _numbers(table: pd.DataFrame, name: str) -> pd.Series:
    """A column as numbers; what its authors print where there is no result is missing."""
    written = _text(table, name).replace(r"^(-+|Hemolyzed)$", np.nan, regex=True)
    numbers = pd.to_numeric(written, errors="coerce")
    wrong = written[numbers.isna() & written.notna()]
    if len(wrong):
        place = f"first {wrong.iloc[0]!r} in line {wrong.index[0] + 2}"
        raise InvalidInputError(
            f"{name}: {counted(len(wrong), 'value')} where a number is needed, {place}"
        )
    return numbers


def _by_day(cytokines: pd.DataFrame) -> pd.DataFrame:
    keys = {row.column: row.key for row in SAMPLED if row.key in CYTOKINE_KEYS}
    day = _numbers(cytokines, "days")
    table = pd.DataFrame(
        {
            "patient": _numbers(cytokines, "patient_id"),
            "key": _text(cytokines, "cytokines").map(keys),
            "planned": day,
            "day": day,
            "value": _numbers(cytokines, "cytokine_levels"),
        }
    )
    return table[table["key"].notna()]


def _at_five_times(patients: pd.DataFrame) -> Iterator[pd.DataFrame]:
    for row in SAMPLED:
        if row.key in CYTOKINE_KEYS:
            continue
        for planned, window in WINDOWS.items():
            names = {
                "planned": planned,
                "window": window,
                "close_window": window.replace(" ", ""),
            }
            yield pd.DataFrame(
                {
                    "patient": _numbers(patients, "Randomized ID"),
                    "key": row.key,
                    "planned": float(planned),
                    "day": np.floor(_numbers(patients, row.day_column.format(**names))),
                    "value": _numbers(patients, row.column.format(**names)),
                }
            )


def within_assay(table: pd.DataFrame) -> pd.DataFrame:
    """The table with values beyond what its assay could tell at the assay's limit."""
    lowest = table["key"].map({row.key: row.lowest for row in SAMPLED})
    highest = table["key"].map({row.key: row.highest for row in SAMPLED})
    return table.assign(value=table["value"].clip(lowest, highest))


def virtual(patients: int, seed: int) -> pd.DataFrame:
    """The same table of virtual patients, sampled on the same days in the morning, with noise.

    Cells are fractions of a peak: only their course can be compared. Nobody has HLH.
    """
    parts = [
        _sampled(history, row).assign(patient=lambda part, first=first: part["patient"] + first)
        for first, history in histories(study(STUDY), patients, seed)
        for row in SAMPLED
    ]
    return within_assay(pd.concat(parts, ignore_index=True)[list(COLUMNS)])


def _sampled(history: History, row: Sampling) -> pd.DataFrame:
    """What one value's sampling would have found in these patients."""
    planned, day, share = (np.array(column) for column in zip(*row.times, strict=True))
    hour = HOURS_BEFORE_FIRST_DOSE + 24 * day + MORNING - CLOCK_AT_START
    level, noise = _level(history, row)
    time, patient = np.nonzero(history.state["alive"][hour])
    keys, moment = history.people.keys[patient], day[time] + _MOMENT
    question = [item.key for item in SAMPLED].index(row.key)
    # one question for the cytokines: a tube gives all of them
    asked = uniforms(keys, moment, _ASKED + max(question - 2, 0)) < share[time]
    drawn = np.exp(noise * normals(keys, moment, _NOISE + question))
    grade = history.care["charted"].max(axis=0)
    table = pd.DataFrame(
        {
            "patient": patient,
            "worst": grade[patient].astype(float),
            "hlh": np.asarray((history.state["hlh"] > HLH).any(axis=0))[patient],
            "onset_day": _onset_day(history)[patient],
            "key": row.key,
            "planned": planned[time].astype(float),
            "day": day[time].astype(float),
            "value": level[hour[time], patient] * drawn,
        }
    )
    return table[asked & ((table["worst"] >= 1) | (row.key not in CYTOKINE_KEYS))]


def _level(history: History, row: Sampling) -> tuple[npt.NDArray[np.float32], float]:
    """The true level (hour x patient) and the noise of its assay."""
    if row.key in PLACE:
        return history.labs[:, :, PLACE[row.key]], LABORATORIES[PLACE[row.key]].assay.noise
    return history.state[row.key], row.noise


def _onset_day(history: History) -> npt.NDArray[np.float64]:
    sick = history.care["charted"] > 0
    hour = sick.argmax(axis=0) - HOURS_BEFORE_FIRST_DOSE + CLOCK_AT_START
    return np.where(sick.any(axis=0), np.floor(hour / 24.0), np.nan)


def comparable(table: pd.DataFrame) -> pd.DataFrame:
    """Ferritin without the patients with HLH; cells as a share of the median patient's peak.

    The peak is that of the band of worst grade, among patients whose cells rose at all.
    """
    kept = table[(table["key"] != "ferritin") | ~table["hlh"]]
    cells, severe = kept["key"] == "cells", kept["worst"] >= 3
    peak = kept[cells].groupby([severe[cells], "patient"])["value"].max()
    median = peak[peak > 0.0].groupby(level=0).median()
    share = kept["value"] / severe.map(median)
    return kept.assign(value=kept["value"].where(~cells, share))


class Clock(NamedTuple):
    """From where days count, which are shown, and the day of each line of a table."""

    name: str
    days: Sequence[int]
    day_of: Callable[[pd.DataFrame], pd.Series]


def _clocks(row: Sampling) -> Iterator[Clock]:
    planned = sorted(planned for planned, _, _ in row.times)
    yield Clock("infusion", planned, lambda table: table["planned"])
    if row.key in CYTOKINE_KEYS:
        yield Clock("onset", FROM_ONSET, lambda table: table["day"] - table["onset_day"])


def quartiles_by_day(real: pd.DataFrame, virtual: pd.DataFrame) -> pd.DataFrame:
    """Quartiles by value, clock (infusion or onset), worst grade and day, real beside virtual."""
    tables = {"real": comparable(real), "virtual": comparable(virtual)}
    return pd.DataFrame(
        line
        for row in SAMPLED
        for clock in _clocks(row)
        for band in BANDS
        for line in _lines(tables, row.key, clock, band)
    )


def _lines(
    tables: dict[str, pd.DataFrame], key: str, clock: Clock, band: tuple[str, bool]
) -> Iterator[dict[str, object]]:
    """One line a day of one value, one clock, one band of worst grade."""
    name, severe = band
    chosen = {
        who: table[(table["key"] == key) & ((table["worst"] >= 3) == severe)]
        for who, table in tables.items()
    }
    for day in clock.days:
        line: dict[str, object] = {"key": key, "clock": clock.name, "worst": name, "day": day}
        for who, table in chosen.items():
            line |= quartiles(table.loc[clock.day_of(table) == day, "value"], who)
        yield line


LEAST_TIMES = 3
"""Of a patient with fewer measurements the day of the highest is not told."""


def day_of_highest(table: pd.DataFrame) -> pd.DataFrame:
    """One row a patient with CRS: onset_day, and by value the day on which it was highest.

    The first such day; missing with fewer than `LEAST_TIMES` measurements or where nothing rose
    above zero.
    """
    sick = table[table["worst"] >= 1]
    grouped = sick.groupby(["patient", "key"])["value"]
    enough = (grouped.transform("size") >= LEAST_TIMES) & (grouped.transform("max") > 0.0)
    told = sick[enough].sort_values(["patient", "key", "day"])
    first = told.loc[told.groupby(["patient", "key"])["value"].idxmax()]
    days = first.pivot_table(index="patient", columns="key", values="day")
    onset = sick.groupby("patient")["onset_day"].first()
    keys = [row.key for row in SAMPLED]
    return days.reindex(index=onset.index, columns=keys).assign(onset_day=onset)


LAGS: tuple[tuple[str, str, str], ...] = (
    ("onset of CRS, day", "onset_day", ""),
    ("highest IL-6, day", "il6", ""),
    ("highest IFN-gamma, day", "ifn_gamma", ""),
    ("highest IL-10, day", "il10", ""),
    ("most CAR-T cells of five times, day", "cells", ""),
    ("highest CRP of five times, day", "crp", ""),
    ("highest ferritin of five times, without HLH, day", "ferritin", ""),
    ("from onset to highest IL-6, d", "il6", "onset_day"),
    ("from onset to highest IFN-gamma, d", "ifn_gamma", "onset_day"),
    ("from onset to highest IL-10, d", "il10", "onset_day"),
    ("from highest IL-6 to most CAR-T cells, d", "cells", "il6"),
    ("from highest IL-6 to highest CRP, d", "crp", "il6"),
    ("from highest IL-6 to highest ferritin, d", "ferritin", "il6"),
)
"""Figure, the day it is about, and the day it counts from (none: that of the infusion)."""


def lags(real: pd.DataFrame, virtual: pd.DataFrame) -> pd.DataFrame:
    """Quartiles of each of `LAGS` among patients with CRS, real beside virtual."""
    days = {
        "real": day_of_highest(comparable(real)),
        "virtual": day_of_highest(comparable(virtual)),
    }
    rows = []
    for figure, day, start in LAGS:
        row: dict[str, object] = {"figure": figure}
        for who, table in days.items():
            since = table[start] if start else 0.0
            row |= quartiles((table[day] - since).dropna(), who)
        rows.append(row)
    return pd.DataFrame(rows)
