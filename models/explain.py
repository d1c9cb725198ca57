"""From TreeSHAP contributions to signed shares per analyte and plain sentences."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from features.arrays import NEVER, EventArrays, Moments, event_arrays, moments_of
from features.catalogue import ANALYTES, KEYS
from features.catalogue.naming import name_of, unit_of
from features.kernel import MICROSECONDS_PER_HOUR
from features.matrix import feature_rows
from features.outcomes import GRADES
from features.scores import SCORES
from features.trajectory import Feature, Statistic
from models.calibration import CONTRIBUTION
from models.prediction import Reason
from models.reference import analytes_of

REASONS_SHOWN = 6
CHANGE_HOURS = 24
SLIGHT_CHANGE = 0.02
"""A share of the earlier value. A change below it lies within what analysers differ by (choice of
this project) and is not told, but for `NO_RATIO`, whose values have no meaningful ratio."""
NO_RATIO = frozenset({"temperature", "ph", "base_excess"})
WORSE_WHEN_LOW = frozenset(
    {
        "platelets", "albumin", "calcium", "systolic_bp", "diastolic_bp",
        "mean_arterial_pressure", "spo2", "sao2", "pao2", "neutrophils", "lymphocytes",
        "hemoglobin", "hematocrit", "red_cells", "fibrinogen", "prealbumin", "igg", "ph",
        "bicarbonate", "base_excess", "egfr", "gcs_total", "ice_score",
    }
)  # fmt: skip

_SCORES = {
    key: tuple(score for score in SCORES if score.name.partition(".")[0] == key)
    for key in (score.name.partition(".")[0] for score in SCORES)
}
"""A score's columns, as of now and at its worst of a window, by what stands before the dot."""


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
        recent: what is known of each analyte and of each input of a score (see `recent_values`).
    """
    total = sum(abs(value) for value in contributions.values())
    strongest = sorted(contributions, key=lambda key: (-abs(contributions[key]), key))
    return tuple(
        Reason(
            analyte=key,
            sentence=_sentence(key, row, recent, contributions[key]),
            contribution=contributions[key],
            share=abs(contributions[key]) / total,
        )
        for key in strongest[:REASONS_SHOWN]
        if contributions[key] != 0.0
    )


@dataclass(frozen=True)
class Recent:
    """One key at the as-of time; each is NaN where it does not exist.

    `last` is the latest value and `age_hours` the hours since it; `change` is what it gained on the
    value that was current 24 hours before, which was taken `span_hours` before the latest.
    """

    last: float
    age_hours: float
    change: float
    span_hours: float


UNKNOWN = Recent(np.nan, np.nan, np.nan, np.nan)


def keys_behind(analytes: Collection[str]) -> tuple[str, ...]:
    """Every key whose recent value the reasons about these analytes may speak of."""
    scores = (score for key in analytes for score in _SCORES.get(key, ()))
    inputs = (column.key for score in scores for column in score.inputs)
    return tuple(key for key in dict.fromkeys((*analytes, *inputs)) if key != CONTRIBUTION)


def recent_values(
    events: pd.DataFrame | EventArrays, moment: pd.DataFrame | Moments, keys: Sequence[str]
) -> dict[str, Recent]:
    """The latest values of these keys for one as-of row (`moment` has one line)."""
    told, asked = event_arrays(events), moments_of(moment)
    rows = feature_rows(told, asked, _recent_columns(tuple(keys)))
    values = rows.to_numpy(dtype=float)[0].reshape(-1, len(_RECENT))
    earlier = _hours_since_current_then(told, asked)
    return {
        key: Recent(last, age, change, earlier.get(key, np.nan) - age)
        for key, (last, age, change) in zip(keys, values.tolist(), strict=True)
    }


_RECENT = ((Statistic.LAST, None), (Statistic.AGE, None), (Statistic.CHANGE, CHANGE_HOURS))


@lru_cache(maxsize=16)
def _recent_columns(keys: tuple[str, ...]) -> tuple[Feature, ...]:
    """Kept, because every request asks for the same."""
    return tuple(Feature(key, statistic, hours) for key in keys for statistic, hours in _RECENT)


def _hours_since_current_then(events: EventArrays, moment: Moments) -> dict[str, float]:
    """By key, the age of the value that was current `CHANGE_HOURS` before the as-of time."""
    (patient,), (as_of,) = events.place_of(moment), moment.time
    then = as_of - CHANGE_HOURS * MICROSECONDS_PER_HOUR
    known = (events.patient == patient) & (events.patient >= 0) & (events.key >= 0)
    for time, limit in ((events.known, as_of), (events.time, then)):
        known &= (time != NEVER) & (time <= limit)
    known &= (events.until == NEVER) | (events.until > as_of)
    latest = np.full(len(KEYS), NEVER)
    np.maximum.at(latest, events.key[known], events.time[known])
    return {
        KEYS[key]: float(as_of - latest[key]) / MICROSECONDS_PER_HOUR
        for key in np.flatnonzero(latest != NEVER)
    }


def _sentence(key: str, row: pd.Series, recent: Mapping[str, Recent], contribution: float) -> str:
    mine = recent.get(key, UNKNOWN)
    if key == CONTRIBUTION:
        words = f"calibration makes this risk {'higher' if contribution > 0 else 'lower'}"
    elif key in _SCORES:
        words = _score_words(key, row, recent)
    elif np.isnan(mine.last) and np.isnan(mine.age_hours):
        words = f"no {_inside_sentence(name_of(key))} on record"
    elif not np.isnan(mine.last) and (key in ANALYTES or key in GRADES):
        words = _value_words(key, mine, contribution)
    else:
        words = _state_words(key, mine)
    return words[0].upper() + words[1:]


def _value_words(key: str, recent: Recent, contribution: float) -> str:
    """The value, with its change where that is more than slight and points as the contribution."""
    name, unit = name_of(key), unit_of(key)
    last = plain_number(recent.last)
    before = "" if np.isnan(recent.change) else plain_number(recent.last - recent.change)
    worsened = (recent.change > 0) != (key in WORSE_WHEN_LOW)
    if before in ("", last) or _is_slight(key, recent) or worsened != (contribution > 0):
        age = "" if np.isnan(recent.age_hours) else f", {recent.age_hours:.0f} h old"
        return f"{name} {last}{_spaced(unit)}{age}"
    verb = "rose" if recent.change > 0 else "fell"
    return f"{name} {verb} from {before} to {last}{_spaced(unit)} in {recent.span_hours:.0f} h"


def _is_slight(key: str, recent: Recent) -> bool:
    earlier = recent.last - recent.change
    return key not in NO_RATIO and abs(recent.change) < SLIGHT_CHANGE * abs(earlier)


def _state_words(key: str, recent: Recent) -> str:
    name = name_of(key)
    if key == "sex":
        return "male sex" if recent.last == 1.0 else "female sex"
    if np.isnan(recent.age_hours):
        return f"{name} {plain_number(recent.last)}{_spaced(unit_of(key))}"
    return f"last {_inside_sentence(name)} {recent.age_hours:.0f} h ago"


def _score_words(key: str, row: pd.Series, recent: Mapping[str, Recent]) -> str:
    """The first of the score's columns that the model reads."""
    score = next(score for score in _SCORES[key] if score.name in row)
    value = float(row[score.name])
    if not np.isnan(value):
        window = score.name.partition("worst_")[2].removesuffix("h")
        return f"{score.meaning} {plain_number(value)}" + (
            f" at worst of {window} h" if window else ""
        )
    keys = dict.fromkeys(column.key for column in score.inputs)
    gaps = [key for key in keys if np.isnan(recent.get(key, UNKNOWN).last)]
    named = ", ".join(_inside_sentence(name_of(key)) for key in gaps)
    return f"{score.meaning} not known: no {named} on record"


def _inside_sentence(name: str) -> str:
    """A name as it stands inside a sentence: a capital stays where it belongs to an abbreviation.

    >>> _inside_sentence("Tumour burden"), _inside_sentence("D-dimer"), _inside_sentence("G-CSF")
    ('tumour burden', 'D-dimer', 'G-CSF')
    """
    plain = name[1:2].islower()
    return name[0].lower() + name[1:] if plain else name


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
