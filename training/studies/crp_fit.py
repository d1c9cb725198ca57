"""Fits the numbers of the CRP turnover model; `features.kinetics.constants.TURNOVER` keeps them.

They are those under which each value is most likely, given the patient's values before it: real
COVID-19 patients (Yan 2020, doi 10.1038/s42256-020-0180-7, the 375 of the publication) count three
parts, virtual patients one. Wide priors keep in place what the data do not tell.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.optimize import minimize

from features.harmonise import harmonise
from features.kinetics.constants import Turnover
from features.kinetics.rows import BLOCKERS
from features.kinetics.turnover import log_density, transitions
from features.plurals import columns_missing
from features.readers import read
from features.tables import TIME_TYPE, InvalidInputError, InvalidTableError

SHORTEST_H, LONGEST_H = 6.0, 78.0
"""Which gaps between values count: what a forecast is asked for."""

WUHAN_COLUMNS = {
    "PATIENT_ID": "patient_id",
    "RE_DATE": "time",
    "High sensitivity C-reactive protein": "value",
}
EVALUATIONS = 1500


MEDIAN = Turnover(
    assay_sd=0.15,
    assay_floor=0.4,
    gross_error=0.01,
    start_level=12.0,
    start_sd=1.5,
    start_apart=0.3,
    diffusion=0.4,
    return_rate=1 / 500,
    rest=12.0,
    flare_rate=1 / 250,
    flare=20.0,
    flare_sd=1.2,
)
"""Where each number is thought to lie before the fit: readings of 10 to 15 %, the rest a guess."""
LOG_SD = Turnover(
    assay_sd=0.4,
    assay_floor=0.5,
    gross_error=0.7,
    start_level=1.0,
    start_sd=0.4,
    start_apart=0.7,
    diffusion=0.7,
    return_rate=1.0,
    rest=1.0,
    flare_rate=1.0,
    flare=1.0,
    flare_sd=0.4,
)
"""How widely, as the standard deviation of its logarithm."""


@dataclass(frozen=True)
class Part:
    """CRP values to fit to, by patient and time, and how much they count."""

    bounds: np.ndarray
    time: np.ndarray
    value: np.ndarray
    weight: float


def wuhan_events(path: Path) -> pd.DataFrame:
    """The CRP values of a workbook of Yan 2020 as events, each known when it is dated.

    Raises:
        InvalidInputError: not a workbook, or a column is missing.
    """
    try:
        table = pd.read_excel(path)
    except (ValueError, KeyError) as error:
        raise InvalidInputError(f"{path}: not a readable workbook") from error
    missing = set(WUHAN_COLUMNS) - set(table.columns)
    if missing:
        raise InvalidTableError(f"{path}: {columns_missing(sorted(missing))}")
    table = table[list(WUHAN_COLUMNS)].rename(columns=dict(WUHAN_COLUMNS))
    table["patient_id"] = table["patient_id"].ffill()
    table = table.dropna().reset_index(drop=True)
    time = pd.to_datetime(table["time"], utc=True).astype(TIME_TYPE)
    return pd.DataFrame(
        {
            "patient_id": table["patient_id"].astype("int64").astype("str"),
            "time": time,
            "known_time": time,
            "until_time": pd.Series(pd.NaT, index=table.index, dtype=TIME_TYPE),
            "key": "crp",
            "value": table["value"].astype("float64"),
        }
    )


def virtual_events(folder: Path) -> pd.DataFrame:
    """The events of a simulated cohort that was written with `--format table`."""
    return harmonise(read(folder / "records.parquet", "table").records).events


def fit_turnover(real: pd.DataFrame, virtual: pd.DataFrame) -> Turnover:
    """The numbers under which these patients' CRP values are most likely."""
    parts = (_part(real, 300.0), _part(virtual, 100.0))
    centre, width = np.log(MEDIAN), np.array(LOG_SD)

    def surprise(shift: np.ndarray) -> float:
        turnover = Turnover(*np.exp(centre + shift))
        chains = transitions.__wrapped__(turnover)
        told = sum(
            part.weight
            * log_density(
                part.bounds, part.time, part.value, LONGEST_H, SHORTEST_H, turnover, chains,
                BLOCKERS,
            )
            for part in parts
        )  # fmt: skip
        return float(0.5 * np.sum((shift / width) ** 2) - told)

    best = np.zeros(len(MEDIAN))
    bounds = [(-4.0 * each, 4.0 * each) for each in width]
    for _ in range(2):  # the second time from where the first stopped
        best = minimize(
            surprise, best, method="Powell", bounds=bounds,
            options={"maxfev": EVALUATIONS, "xtol": 0.01, "ftol": 1e-5},
        ).x  # fmt: skip
    return Turnover(*(float(f"{number:.3g}") for number in np.exp(centre + best)))


def _part(events: pd.DataFrame, weight: float) -> Part:
    """CRP values before any blocker of IL-6, as they stand in the end."""
    doses = events[events["key"] == "il6_blocker"]
    first = doses.groupby("patient_id", observed=True)["time"].min()
    mine = events[(events["key"] == "crp") & events["until_time"].isna() & events["time"].notna()]
    dosed = first.rename(index=str).astype(TIME_TYPE).reindex(mine["patient_id"].astype("str"))
    blocked = mine["time"].to_numpy() > dosed.to_numpy()
    free = mine[~blocked].astype({"patient_id": "str"})
    free = free.sort_values(["patient_id", "time", "known_time", "value"])
    lengths = free.groupby("patient_id", sort=True).size().to_numpy()
    moments = free["time"].astype("datetime64[us, UTC]").astype("int64").to_numpy()
    bounds = np.append(0, np.cumsum(lengths))
    return Part(bounds, moments, free["value"].to_numpy(dtype=np.float64), weight)
