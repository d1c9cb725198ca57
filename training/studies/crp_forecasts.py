"""Judges the CRP forecast beside the last value carried forward and the line through two values.

python -m training.studies.crp_forecasts fit --wuhan XLSX --virtual FOLDER
python -m training.studies.crp_forecasts evaluate --wuhan XLSX --daily CSV --virtual FOLDER --out F
"""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from features.harmonise import harmonise
from features.kinetics.curve import QUANTILES
from features.kinetics.rows import KINETIC_COLUMNS, crp_forecasts, kinetics_rows
from features.kinetics.turnover import (
    CRP_HALF_LIFE_H,
    HIGHEST_CRP,
    IMPOSSIBLE_SHARE,
    LEAST_FALL_FROM,
    LOWEST_CRP,
    MOSTLY_BLOCKED,
)
from features.readers import read
from features.tables import InvalidInputError
from training.studies.command import run_study
from training.studies.crp_fit import fit_turnover, virtual_events, wuhan_events

BINS_H = {12: (6.0, 18.0), 24: (18.0, 36.0), 48: (36.0, 60.0), 72: (60.0, 84.0)}
"""Horizons as they are reported, and the hours ahead that count as such: above .. up to."""
FLOOR = 1.0
"""mg/L: logarithms are taken of this at least; below it assays differ, not patients."""
MOVED = 1.2
"""A last value so many times the one before it counts as rising, and the other way as falling."""
RESAMPLES = 500
METHODS = ("turnover", "last_value", "line")


def pairs(events: pd.DataFrame) -> pd.DataFrame:
    """What can be forecast: each moment a CRP value became known, with each later value in reach.

    The later value counts as it stands in the end. Earlier ones count as they were known.

    Returns:
        DataFrame, one line a pair: `patient_id, as_of`, `hours` (to the later value), `truth`,
        `last`, `line` (mg/L), `change` (last over the one before it; NaN without one),
        `remains` (what elimination alone would leave of `last`).
    """
    crp = events[(events["key"] == "crp") & events["time"].notna()]
    crp = crp.astype({"patient_id": "str", "key": "str"})
    found = [_pairs_of(patient, lines) for patient, lines in crp.groupby("patient_id")]
    return pd.concat(found, ignore_index=True)


def _pairs_of(patient: str, lines: pd.DataFrame) -> pd.DataFrame:
    lines = lines.sort_values(["time", "known_time"])
    final = lines[lines["until_time"].isna()]
    found = []
    for as_of in lines[["time", "known_time"]].max(axis=1).drop_duplicates().sort_values():
        seen = lines[(lines["time"] <= as_of) & (lines["known_time"] <= as_of)]
        seen = seen[~(seen["until_time"] <= as_of)]
        hours = (final["time"] - as_of) / pd.Timedelta(hours=1)
        reached = (hours > BINS_H[12][0]) & (hours <= BINS_H[72][1])
        if not reached.any() or seen.empty:
            continue
        age = ((as_of - seen["time"]) / pd.Timedelta(hours=1)).to_numpy()
        value = seen["value"].to_numpy().clip(LOWEST_CRP, HIGHEST_CRP)
        ahead = hours[reached].to_numpy()
        found.append(
            pd.DataFrame(
                {
                    "patient_id": patient,
                    "as_of": as_of,
                    "hours": ahead,
                    "truth": final.loc[reached, "value"].to_numpy(),
                    "last": value[-1],
                    "line": _line(age, value, ahead),
                    "change": value[-1] / value[-2] if len(value) > 1 else np.nan,
                    "remains": value[-1] * 0.5 ** ((ahead + age[-1]) / CRP_HALF_LIFE_H),
                }
            )
        )
    return pd.concat(found) if found else pd.DataFrame()


def _line(age: np.ndarray, value: np.ndarray, ahead: np.ndarray) -> np.ndarray:
    """The straight line through the last two values at least 6 h apart, in logarithms."""
    before = np.flatnonzero(age >= age[-1] + BINS_H[12][0])
    if len(before) == 0:
        return np.full(len(ahead), value[-1])
    other = before[-1]
    slope = np.log(value[-1] / value[other]) / (age[other] - age[-1])
    told = np.log(value[-1]) + slope * (ahead + age[-1])
    return np.exp(np.clip(told, np.log(LOWEST_CRP), np.log(HIGHEST_CRP)))


def with_forecasts(events: pd.DataFrame, found: pd.DataFrame) -> pd.DataFrame:
    """The pairs with the model's quantiles (`QUANTILES`), `turnover` (its median), `blocked`."""
    moments = found[["patient_id", "as_of"]]
    quantiles = crp_forecasts(
        events, moments, found["hours"].to_numpy(), tuple(QUANTILES.values())
    )  # fmt: skip
    told = pd.DataFrame(quantiles, columns=list(QUANTILES), index=found.index)
    place = [column.name for column in KINETIC_COLUMNS].index("crp.blocked_share")
    blocked = kinetics_rows(events, moments)[:, place] > MOSTLY_BLOCKED
    scored = pd.concat([found, told], axis=1).assign(
        turnover=told["median"], last_value=found["last"], blocked=blocked
    )
    return scored[scored["turnover"].notna()].reset_index(drop=True)


@dataclass(frozen=True)
class Group:
    """Pairs that are reported apart."""

    name: str
    chosen: Callable[[pd.DataFrame], pd.Series]


def _possible(scored: pd.DataFrame) -> pd.Series:
    """The later value is not below what elimination alone can reach from the last one."""
    fell_too_fast = (scored["remains"] > LEAST_FALL_FROM) & (
        scored["truth"] < IMPOSSIBLE_SHARE * scored["remains"]
    )
    return ~fell_too_fast


GROUPS = (
    Group("all", lambda scored: scored["hours"] > 0),
    Group("possible falls only", _possible),
    Group("rising", lambda scored: scored["change"] >= MOVED),
    Group("falling", lambda scored: scored["change"] <= 1 / MOVED),
    Group("neither", lambda scored: scored["change"].between(1 / MOVED, MOVED)),
    Group("one value so far", lambda scored: scored["change"].isna()),
    Group("CRP of 40 mg/L or more", lambda scored: scored["last"] >= 40.0),
    Group("not blocked", lambda scored: ~scored["blocked"]),
    Group("under blockade", lambda scored: scored["blocked"]),
)


def judged(scored: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """Errors by group, horizon and method, with the paired difference from the last value.

    Returns:
        DataFrame, one line a group, horizon and method: `pairs, patients, median_log_error`
        (median of |log error|), `mean_log_error`, `rmse_log, mae_mg_per_l, cover_80, cover_95`
        (the turnover model's alone), `less_than_last_value` (mean |log error| less that of the
        last value, with `_low`, `_high`: 95 % of patients drawn again; below 0 is better).
    """
    lines = []
    for group in GROUPS:
        mine = scored[group.chosen(scored)]
        for horizon, (above, most) in BINS_H.items():
            there = mine[(mine["hours"] > above) & (mine["hours"] <= most)]
            if there["patient_id"].nunique() >= 10:
                lines += _lines(there, group.name, horizon, seed)
    return pd.DataFrame(lines)


def _lines(there: pd.DataFrame, group: str, horizon: int, seed: int) -> list[dict]:
    truth = there["truth"].to_numpy()
    error = {
        method: np.abs(np.log(there[method].clip(lower=FLOOR)) - np.log(truth.clip(FLOOR)))
        for method in METHODS
    }
    lines = []
    for method in METHODS:
        own = error[method].to_numpy()
        difference = error[method] - error["last_value"]
        low, high = _interval(difference, there["patient_id"], seed)
        line = {
            "group": group,
            "horizon_h": horizon,
            "method": method,
            "pairs": len(there),
            "patients": there["patient_id"].nunique(),
            "median_log_error": np.median(own),
            "mean_log_error": own.mean(),
            "rmse_log": np.sqrt((own**2).mean()),
            "mae_mg_per_l": np.abs(there[method].to_numpy() - truth).mean(),
            "cover_80": _cover(there, "80") if method == "turnover" else np.nan,
            "cover_95": _cover(there, "95") if method == "turnover" else np.nan,
            "less_than_last_value": difference.mean(),
            "less_low": low,
            "less_high": high,
        }
        lines.append({key: _short(value) for key, value in line.items()})
    return lines


def _short(value: object) -> object:
    return round(float(value), 3) if isinstance(value, float) else value


def _cover(there: pd.DataFrame, level: str) -> float:
    """Share of readings inside the interval; below `FLOOR` all are one."""
    truth = there["truth"].clip(lower=FLOOR)
    low, high = (there[f"{end}_{level}"].clip(lower=FLOOR) for end in ("low", "high"))
    return float(((truth >= low) & (truth <= high)).mean())


def _interval(difference: pd.Series, patient: pd.Series, seed: int) -> tuple[float, float]:
    """95 % interval of the mean, patients drawn with replacement."""
    sums = difference.groupby(patient.to_numpy()).agg(["sum", "size"]).to_numpy()
    drawn = np.random.default_rng(seed).integers(0, len(sums), (RESAMPLES, len(sums)))
    total = sums[drawn].sum(axis=1)
    low, high = np.quantile(total[:, 0] / total[:, 1], [0.025, 0.975])
    return float(low), float(high)


def evaluate(name: str, events: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """`judged` for the pairs of one source of events, its name in the column `data`."""
    table = judged(with_forecasts(events, pairs(events)), seed)
    table.insert(0, "data", name)
    return table


def main(arguments: Sequence[str] | None = None) -> int:
    """Fit, or evaluate and write one CSV a source; returns the exit status."""
    return run_study("crp_forecasts", __doc__, _add_flags, _run, arguments)


def _add_flags(parser: ArgumentParser) -> None:
    parser.add_argument("verb", choices=("fit", "evaluate"))
    parser.add_argument("--wuhan", type=Path, required=True, help="a workbook of Yan 2020")
    parser.add_argument("--virtual", type=Path, required=True, help="a simulated cohort's folder")
    parser.add_argument("--daily", type=Path, help="daily_labs.csv of Wei 2023 (evaluate)")
    parser.add_argument("--out", type=Path, help="folder for the tables (evaluate)")


def _run(options: Namespace) -> None:
    if options.verb == "fit":
        fitted = fit_turnover(wuhan_events(options.wuhan), virtual_events(options.virtual))
        sys.stdout.write(f"{fitted}\n")
        return
    if options.daily is None or options.out is None:
        raise InvalidInputError("evaluate: --daily and --out are needed")
    sources = {
        "wuhan_covid19": wuhan_events(options.wuhan),
        "car_t_b_all": harmonise(read(options.daily, "prcrs").records).events,
        "virtual": virtual_events(options.virtual),
    }
    options.out.mkdir(parents=True, exist_ok=True)
    for name, events in sources.items():
        evaluate(name, events).to_csv(options.out / f"{name}.csv", index=False)


if __name__ == "__main__":
    sys.exit(main())
