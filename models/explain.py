"""From TreeSHAP contributions to signed shares per analyte and plain sentences."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.catalogue import ANALYTES
from features.catalogue.naming import name_of, unit_of
from features.matrix import feature_rows
from features.scores import SCORES
from features.trajectory import Feature, Statistic
from models.prediction import Reason
from models.reference import analytes_of

REASONS_SHOWN = 6
CHANGE_HOURS = 24
WORSE_WHEN_LOW = frozenset(
    {
        "platelets", "albumin", "calcium", "systolic_bp", "diastolic_bp",
        "mean_arterial_pressure", "spo2", "neutrophils", "lymphocytes", "hemoglobin", "fibrinogen",
        "igg",
    }
)  # fmt: skip
GRADE_KEYS = ("crs_grade", "icans_grade")

_SCORE_MEANING = {score.name.partition(".")[0]: score.meaning for score in SCORES}


def by_analyte(contributions: np.ndarray, names: Sequence[str]) -> pd.DataFrame:
    """Sum contributions (rows x features) over the features of each analyte, in a fixed order.

    One feature after the other: a matrix product would round one row otherwise than many.
    """
    analytes = analytes_of(names)
    order = sorted(set(analytes))
    place = {analyte: position for position, analyte in enumerate(order)}
    total = np.zeros((len(order), len(contributions)))
    np.add.at(total, [place[analyte] for analyte in analytes], contributions.T)
    return pd.DataFrame(np.ascontiguousarray(total.T), columns=order)


def reasons(
    contributions: Mapping[str, float], row: pd.Series, recent: Mapping[str, "Recent"]
) -> tuple[Reason, ...]:
    """The strongest contributions as sentences, strongest first.

    Args:
        contributions: log-odds by analyte.
        row: the model's own feature row, for scores.
        recent: latest value, its age and its change by analyte (see `recent_values`).
    """
    total = sum(abs(value) for value in contributions.values())
    strongest = sorted(contributions, key=lambda key: (-abs(contributions[key]), key))
    return tuple(
        Reason(
            analyte=key,
            sentence=_sentence(key, row, recent.get(key), contributions[key]),
            contribution=contributions[key],
            share=abs(contributions[key]) / total,
        )
        for key in strongest[:REASONS_SHOWN]
        if contributions[key] != 0.0
    )


@dataclass(frozen=True)
class Recent:
    """One analyte at the as-of time: latest value, hours since it, change over the last 24 hours.

    Each is NaN where it does not exist.
    """

    last: float
    age_hours: float
    change: float


def recent_values(
    events: pd.DataFrame, moment: pd.DataFrame, analytes: Sequence[str]
) -> dict[str, Recent]:
    """The latest values of these analytes for one as-of row (`moment` has one line)."""
    shapes = ((Statistic.LAST, None), (Statistic.AGE, None), (Statistic.CHANGE, CHANGE_HOURS))
    features = [Feature(key, statistic, hours) for key in analytes for statistic, hours in shapes]
    values = feature_rows(events, moment, features).to_numpy(dtype=float)[0].reshape(-1, 3)
    return {key: Recent(*map(float, line)) for key, line in zip(analytes, values, strict=True)}


def _sentence(key: str, row: pd.Series, recent: Recent | None, contribution: float) -> str:
    if key in _SCORE_MEANING:
        return _score_sentence(key, row)
    if recent is None or np.isnan(recent.last):
        return _absence_sentence(key, recent)
    if key in ANALYTES or key in GRADE_KEYS:
        return _value_sentence(key, recent, contribution)
    return _state_sentence(key, recent)


def _value_sentence(key: str, recent: Recent, contribution: float) -> str:
    """The value, with its change where that points the way the contribution does."""
    name, unit = name_of(key), unit_of(key)
    last = plain_number(recent.last)
    before = "" if np.isnan(recent.change) else plain_number(recent.last - recent.change)
    worsened = (recent.change > 0) != (key in WORSE_WHEN_LOW)
    if before in ("", last) or worsened != (contribution > 0):
        age = "" if np.isnan(recent.age_hours) else f", {recent.age_hours:.0f} h old"
        return f"{name} {last}{_spaced(unit)}{age}"
    verb = "rose" if recent.change > 0 else "fell"
    return f"{name} {verb} from {before} to {last}{_spaced(unit)} in {CHANGE_HOURS} h"


def _state_sentence(key: str, recent: Recent) -> str:
    name = name_of(key)
    if key == "sex":
        return "male sex" if recent.last == 1.0 else "female sex"
    if np.isnan(recent.age_hours):
        return f"{name} {plain_number(recent.last)}{_spaced(unit_of(key))}"
    return f"{name} {recent.age_hours:.0f} h ago"


def _absence_sentence(key: str, recent: Recent | None) -> str:
    if recent is not None and not np.isnan(recent.age_hours):
        return f"{name_of(key)} {recent.age_hours:.0f} h ago"
    return f"no {name_of(key)} on record"


def _score_sentence(key: str, row: pd.Series) -> str:
    column = next(score for score in SCORES if score.name.partition(".")[0] == key)
    value = float(row[column.name])
    if np.isnan(value):
        return f"{column.meaning} cannot be computed"
    return f"{column.meaning} is {plain_number(value)}"


def _spaced(unit: str) -> str:
    """A unit after its number; a count's own name, as UCUM's {score}, is not said."""
    return f" {unit}" if unit and not unit.startswith("{") else ""


def plain_number(value: float) -> str:
    """A number as a chart prints it: three significant digits, never an exponent.

    >>> plain_number(12345.6), plain_number(58.04), plain_number(0.0123), plain_number(2.0)
    ('12346', '58', '0.0123', '2')
    """
    if value == 0.0:
        return "0"
    digits = max(0, 2 - int(np.floor(np.log10(abs(value)))))
    text = f"{value:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
