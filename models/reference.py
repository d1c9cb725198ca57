"""What the training rows looked like: the frame in which the guard and the drift watch compare."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

import numpy as np
import pandas as pd

from features.tables import FilledValues

LOW_QUANTILE, HIGH_QUANTILE = 0.001, 0.999


@dataclass(frozen=True)
class FeatureReference:
    """One feature's training distribution: share of rows with a value, and its extremes."""

    present: float
    low: float
    median: float
    high: float


@dataclass(frozen=True)
class AnalyteReference:
    """How one analyte served in training.

    `importance` is its share (0 to 1) of the mean absolute contribution; `present` the share of
    training rows in which it had a value; `usual_age_hours` the 95th percentile of its age there.
    """

    importance: float
    present: float
    usual_age_hours: float


@dataclass(frozen=True)
class TherapyReference:
    """Who was learnt from: the share of training rows after a dose of a T-cell-engaging therapy.

    `longest_hours` is the longest time since the last dose among them, 0 where there was none.
    """

    present: float
    longest_hours: float


NO_THERAPY = TherapyReference(0.0, 0.0)


@dataclass(frozen=True)
class Reference:
    """The training frame: features by name, and by outcome the analytes that carried it.

    `therapy` tells by outcome how the training rows stood to the therapy;
    `filled` are the values, by code, that stood for "not measured" in the training file;
    `sketches` are those learnt from, to know them again by (see `models.sketches`), sorted;
    `patients` are the fingerprints that older bundles have in their place.
    """

    features: Mapping[str, FeatureReference]
    analytes: Mapping[str, Mapping[str, AnalyteReference]]
    therapy: Mapping[str, TherapyReference] = field(default_factory=dict)
    filled: FilledValues = field(default_factory=dict)
    patients: tuple[str, ...] = ()
    sketches: tuple[str, ...] = ()

    def to_json(self) -> dict:
        """Plain values for JSON."""
        return {
            "features": {name: asdict(value) for name, value in self.features.items()},
            "analytes": {
                outcome: {key: asdict(value) for key, value in table.items()}
                for outcome, table in self.analytes.items()
            },
            "therapy": {outcome: asdict(value) for outcome, value in self.therapy.items()},
            "filled": {code: list(values) for code, values in self.filled.items()},
            "patients": list(self.patients),
            "sketches": list(self.sketches),
        }


def describe_features(rows: pd.DataFrame) -> dict[str, FeatureReference]:
    """The distribution of each column; a column without values has no place here."""
    described = {}
    for name in rows.columns:
        values = rows[name].to_numpy(dtype=float)
        values = values[~np.isnan(values)]
        if len(values):
            low, median, high = np.quantile(values, [LOW_QUANTILE, 0.5, HIGH_QUANTILE])
            described[name] = FeatureReference(
                len(values) / len(rows), float(low), float(median), float(high)
            )
    return described


def describe_analytes(
    evidence: pd.DataFrame, contributions: pd.DataFrame
) -> dict[str, AnalyteReference]:
    """Importance, presence and usual age of each analyte.

    Args:
        evidence: last values and ages (`KEY.last`, `KEY.age`) at the training rows.
        contributions: log-odds by analyte (columns) for a sample of those rows.
    """
    weight = contributions.abs().mean()
    share = weight / weight.sum() if weight.sum() > 0 else weight
    return {
        str(key): AnalyteReference(float(share[key]), *_presence(evidence, str(key)))
        for key in share.sort_values(ascending=False).index
    }


def describe_therapy(hours: pd.Series) -> TherapyReference:
    """How training rows stood to the therapy, from their hours since the last dose (NaN = none)."""
    if not hours.notna().any():
        return NO_THERAPY
    return TherapyReference(float(hours.notna().mean()), float(hours.max()))


def _presence(evidence: pd.DataFrame, key: str) -> tuple[float, float]:
    last, age = evidence.get(f"{key}.last"), evidence.get(f"{key}.age")
    shown = last if last is not None else age
    present = 1.0 if shown is None else float(shown.notna().mean())
    usual = float(age.quantile(0.95)) if age is not None and age.notna().any() else float("inf")
    return present, usual if np.isfinite(usual) else 1e9


def analytes_of(names: Sequence[str]) -> list[str]:
    """The analyte of each feature name: what stands before the dot."""
    return [name.partition(".")[0] for name in names]
