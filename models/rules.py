"""What published bedside rules say of a patient, beside the model."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.arrays import EventArrays, Moments
from features.matrix import feature_rows
from features.scores import SCORES
from features.trajectory import Feature, Statistic
from models.explain import plain_number
from models.prediction import RuleReading

CRP_LIMIT = 40.0  # mg/L, Rossi 2026
CRP_FRESH_HOURS = 24.0  # the rule asks for a CRP every day; an older one says nothing of today
TINY = 1e-9  # mg/L; so that an infinite fold is one of nothing, too
CRP_RULE_SOURCE = "Rossi 2026, Front Immunol, doi 10.3389/fimmu.2026.1749348"
FEVER_LIMIT = 38.0  # Cel, ASTCT 2019, doi 10.1016/j.bbmt.2018.12.758
ASTCT_SOURCE = "ASTCT 2019, doi 10.1016/j.bbmt.2018.12.758"

CRP = Feature("crp", Statistic.LAST)
CRP_AGE = Feature("crp", Statistic.AGE)
CRP_LOWEST = Feature("crp", Statistic.MINIMUM, 36)
CRP_COUNT = Feature("crp", Statistic.COUNT, 36)
HIGHEST_TEMPERATURE = Feature("temperature", Statistic.MAXIMUM, 24)
GRADE = Feature("crs_grade", Statistic.LAST)
EASIX = next(score for score in SCORES if score.name == "easix.log2")

EASIX_AGES = tuple(Feature(item.key, Statistic.AGE) for item in EASIX.inputs)

RULE_COLUMNS = (CRP, CRP_AGE, CRP_LOWEST, CRP_COUNT, HIGHEST_TEMPERATURE, GRADE, EASIX)


@dataclass(frozen=True)
class Rapid:
    """What a rapid rise of CRP in 24 h means: at least `fold` times, or at least `rise` mg/L more.

    The publication says "rapid" without a number: both are this project's parameters. They are
    measured against the lowest CRP of 36 h, because daily draws are not 24 h apart to the minute.
    An infinite one does not count.
    """

    fold: float = 2.0
    rise: float = 20.0


RAPID = Rapid()
"""The meaning that rule, baseline and answers use."""


def crp_rule(rows: pd.DataFrame, rapid: Rapid = RAPID) -> np.ndarray:
    """1 where CRP is above 40 mg/L and rose rapidly in 24 h, 0 where not.

    NaN where there is no CRP of the last 24 h, or none of 36 h to compare it with.
    """
    last = rows[CRP.name].to_numpy(dtype=float)
    before = rows[CRP_LOWEST.name].to_numpy(dtype=float)
    rise = last - before
    rose = (rise >= rapid.rise) | ((last >= rapid.fold * np.maximum(before, TINY)) & (rise > 0))
    fresh = rows[CRP_AGE.name].to_numpy(dtype=float) <= CRP_FRESH_HOURS
    known = fresh & (rows[CRP_COUNT.name].to_numpy() >= 2)
    return np.where(known, ((last > CRP_LIMIT) & rose).astype(float), np.nan)


def fever(rows: pd.DataFrame) -> np.ndarray:
    """1 where any temperature of the last 24 h reached 38.0 Cel, 0 where not, NaN where none is."""
    highest = rows[HIGHEST_TEMPERATURE.name].to_numpy(dtype=float)
    return np.where(np.isnan(highest), np.nan, (highest >= FEVER_LIMIT).astype(float))


def read_rules(
    events: pd.DataFrame | EventArrays, moment: pd.DataFrame | Moments
) -> tuple[RuleReading, ...]:
    """Every rule's reading of one as-of row (`moment` has one line)."""
    rows = feature_rows(events, moment, (*RULE_COLUMNS, *EASIX_AGES))
    row = {name: float(value) for name, value in rows.iloc[0].items()}
    return (
        _reading("crp_rule", row[CRP.name], crp_rule(rows)[0], _crp_words(row), CRP_RULE_SOURCE),
        _reading(
            "fever",
            row[HIGHEST_TEMPERATURE.name],
            fever(rows)[0],
            _words("highest temperature of 24 h", row[HIGHEST_TEMPERATURE.name], "Cel"),
            ASTCT_SOURCE,
        ),
        _reading(
            "crs_grade",
            row[GRADE.name],
            np.nan,
            _words("current ASTCT grade", row[GRADE.name], ""),
            ASTCT_SOURCE,
        ),
        _reading(
            "easix",
            row[EASIX.name],
            np.nan,
            _easix_words(row),
            EASIX.source,
        ),
    )


def _reading(rule: str, value: float, fires: float, sentence: str, source: str) -> RuleReading:
    return RuleReading(
        rule,
        None if np.isnan(value) else value,
        None if np.isnan(fires) else bool(fires),
        sentence[0].upper() + sentence[1:],
        source,
    )


def _crp_words(row: dict[str, float]) -> str:
    if np.isnan(row[CRP.name]):
        return "no CRP on record"
    if row[CRP_AGE.name] > CRP_FRESH_HOURS:
        return f"last CRP {plain_number(row[CRP.name])} mg/L, {row[CRP_AGE.name]:.0f} h old"
    last = f"CRP {plain_number(row[CRP.name])} mg/L"
    if row[CRP_COUNT.name] < 2:
        return f"{last}, no earlier value of 36 h to compare"
    return f"{last}, {row[CRP.name] - row[CRP_LOWEST.name]:+.0f} mg/L on the lowest of 36 h"


def _easix_words(row: dict[str, float]) -> str:
    words = _words("EASIX (log2)", row[EASIX.name], "")
    oldest = max(row[age.name] for age in EASIX_AGES)
    return words if np.isnan(row[EASIX.name]) else f"{words}, oldest item {oldest:.0f} h old"


def _words(name: str, value: float, unit: str) -> str:
    return (
        f"no {name} on record"
        if np.isnan(value)
        else f"{name} {plain_number(value)} {unit}".strip()
    )
