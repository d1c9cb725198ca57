"""What moved a model's risks on a bounded sample of rows: by analyte, and by pairs of analytes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.catalogue.naming import name_of
from models.bundle import OutcomeModel
from models.calibration import CONTRIBUTION
from models.predict import explain
from training.finished import EXPLAINED_ROWS
from training.report.interactions import INTERACTION_ROWS, interactions, pairs

KNOWN_TO_PERSISTENCE = frozenset({"crs_grade", "therapy", "icu_admission"})
"""What persistence reads too: today's grade and the time since the course began."""


@dataclass(frozen=True)
class Explained:
    """One outcome's model on at most `EXPLAINED_ROWS` evenly spaced rows that it learnt from.

    `contributions` (rows x analytes, by key) are in calibrated log-odds; `values` holds what
    `last_values` gives. `pairs` is what `interactions.pairs`
    gives for the first `pair_rows` of an even choice among them, and `together` the strongest
    pair's whole effect on these rows, lined up with `contributions` (NaN on the other rows).
    """

    contributions: pd.DataFrame
    values: pd.DataFrame
    pairs: pd.DataFrame
    together: np.ndarray
    pair_rows: int
    rows_in_all: int

    @property
    def importance(self) -> pd.DataFrame:
        """Analytes, the weightiest first: `analyte`, `mean_absolute`, `share`, `persistence`."""
        mean = self.contributions.abs().mean().sort_values(ascending=False, kind="stable")
        return pd.DataFrame(
            {
                "analyte": mean.index.astype("str"),
                "mean_absolute": mean.to_numpy(),
                "share": mean.to_numpy() / max(mean.sum(), np.finfo(float).tiny),
                "persistence": mean.index.isin(KNOWN_TO_PERSISTENCE),
            }
        )


def explain_rows(model: OutcomeModel, rows: pd.DataFrame) -> Explained:
    """Explain the model on feature rows that hold its columns."""
    shown = rows.iloc[_evenly(len(rows), EXPLAINED_ROWS)].reset_index(drop=True)
    contributions, _ = explain(model, shown, model.calibration.log_odds(model.risk.margin(shown)))
    few = _evenly(len(shown), INTERACTION_ROWS)
    found = interactions(model, shown.iloc[few])
    analytes = [name for name in contributions.columns if name != CONTRIBUTION]
    strongest = pairs(found, analytes)
    together = np.full(len(shown), np.nan)
    if len(strongest):
        first, second = (analytes.index(strongest[side][0]) for side in ("first", "second"))
        together[few] = 2.0 * found[:, first, second]
    values = last_values(shown, list(contributions))
    return Explained(contributions, values, strongest, together, len(few), len(rows))


def last_values(rows: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """Each analyte's last value by key (NaN = missing): years of age, and for what is given or
    happens, 1 where it has been before the row and 0 where not. Without a column of either, none.

    >>> rows = pd.DataFrame({"crp.last": [3.0], "age.years": [61.0], "il6_blocker.age": [None]})
    >>> last_values(rows, ["crp", "age", "il6_blocker", "ferritin"]).to_dict("records")
    [{'crp': 3.0, 'age': 61.0, 'il6_blocker': 0.0}]
    """
    found = {}
    for key in keys:
        value = next((f"{key}.{s}" for s in ("last", "years") if f"{key}.{s}" in rows), None)
        since = next((f"{key}.{s}" for s in SINCE if f"{key}.{s}" in rows), None)
        if value is not None:
            found[key] = rows[value]
        elif since is not None:
            found[key] = rows[since].notna().astype(float)
    return pd.DataFrame(found, index=rows.index)


SINCE = ("age", "hours_since_first")
"""Statistics that are missing as long as a thing was never given."""


def title_of(key: str) -> str:
    """An analyte's name with a capital, as figures write it."""
    name = name_of(key)
    return name[:1].upper() + name[1:]


def _evenly(rows: int, most: int) -> np.ndarray:
    return np.unique(np.linspace(0, rows - 1, most).astype(int))
