"""Every outcome's scorers judged on the same rows, over all and within strata."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.judging.rows.common_rows import (
    JudgedRows,
    check_scored,
    counts_of,
    judged_rows,
    population_of,
)
from training.judging.rows.comparison import compare
from training.judging.rows.curves import curves
from training.judging.rows.ranking import ALARM_BUDGET, TARGET_SENSITIVITY
from training.judging.rows.resampled import INTERVAL_LEVEL
from training.progress import progress

TOGETHER = {"grade": {"0-1": ("0", "1")}}
"""Groups of a stratum that are also judged as one: from grade 0 or 1 severe CRS is a surprise."""


def evaluate(
    scored: pd.DataFrame,
    bootstrap: int = 200,
    seed: int = 0,
    strata: Sequence[str] = ("grade",),
    what: str = "",
) -> dict[str, Any]:
    """Judge every scorer on every outcome; undefined figures are null with a reason.

    `scored` has one line per patient, as-of time, outcome and scorer (`SCORED_COLUMNS`), `label`
    NaN where the horizon was not observed; `risk` NaN where the scorer gave none. Optional:
    `repeat` (a run of cross-validation: figures are means over the repeats), `weight` (how many
    patients of the population the row's patient stands for; `counts` stay those on file, and
    `population` has the weighted rows and events that the figures are of) and the
    `strata` columns. All scorers must judge the same rows. `what` names the work to whoever waits.

    Raises InvalidTableError when a column is missing, a label is not 0, 1 or NaN, a line is double,
    or the scorers do not judge the same rows.
    """
    check_scored(scored)
    present = [stratum for stratum in strata if stratum in scored]
    parts = list(scored.groupby("outcome", observed=True))
    return {
        "resampling": {
            "unit": "patient",
            "replicates": bootstrap,
            "seed": seed,
            "level": INTERVAL_LEVEL,
        },
        "alarm_budget_per_patient_day": ALARM_BUDGET,
        "target_sensitivity": TARGET_SENSITIVITY,
        "outcomes": {
            str(outcome): _evaluate_outcome(lines, bootstrap, seed, present)
            for outcome, lines in progress(parts, len(parts), what)
        },
    }


def _evaluate_outcome(
    lines: pd.DataFrame, bootstrap: int, seed: int, strata: Sequence[str]
) -> dict[str, Any]:
    table = judged_rows(lines, bootstrap, seed, strata)
    found = {"counts": counts_of(table.rows), **compare(table.samples, table.draws)}
    if "weight" in table.rows:
        found["population"] = population_of(table.rows)
    for model, repeats in table.samples.items():
        found["models"][model]["curves"] = curves(repeats[0], table.draws[0])
    found["strata"] = {stratum: _by_stratum(table, stratum) for stratum in strata}
    return found


def _by_stratum(table: JudgedRows, stratum: str) -> dict[str, Any]:
    """The comparison within each value of a column; rows without a value come under 'unknown'."""
    values = table.rows[stratum].to_numpy()
    together = TOGETHER.get(stratum, {})
    found = {}
    for name, member in _groups(values, together).items():
        within = {
            model: [sample.subset(member[table.judged]) for sample in repeats]
            for model, repeats in table.samples.items()
        }
        counts = counts_of(table.rows[member])
        found[str(name)] = {"counts": counts, **compare(within, table.draws)}
    return found


def _groups(
    values: NDArray[Any], together: Mapping[str, Sequence[str]]
) -> dict[str, NDArray[np.bool_]]:
    """The rows of each group by its name; `together`: groups that are also judged as one."""
    named = np.array([_stratum_name(value) for value in values], dtype=object)
    present = set(named)
    groups = {name: named == name for name in present}
    groups |= {
        name: np.isin(named, parts) for name, parts in together.items() if present >= set(parts)
    }
    by_last_part = sorted(groups, key=lambda name: (name.rpartition("-")[2], len(name)))
    return {str(name): groups[name] for name in by_last_part}


def _stratum_name(value: Any) -> str:
    if pd.isna(value):
        return "unknown"
    return (
        str(int(value))
        if isinstance(value, int | float | np.number) and float(value).is_integer()
        else str(value)
    )
