"""Whether a risk may be used: answer, answer with caution, or abstain, each with its reasons."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from features.catalogue import name_of
from features.outcomes import DEFINITIONS, Outcome
from models.prediction import Verdict
from models.reference import AnalyteReference, Reference

CAUTION_SHARE = 0.25
ABSTAIN_SHARE = 0.60
"""Share of the model's usual evidence that is absent or stale: design choices of this project,
to be set by each hospital from its own risk-coverage curve."""

STALE_FACTOR = 2.0
"""Stale: older than this many times the age that 95 % of training rows stayed below."""

USUAL_PRESENCE = 0.5
"""An analyte counts as usual evidence where at least this share of training rows had it."""

BLOCKADE_HOURS = 21 * 24.0
"""CRP cannot warn while IL-6 is blocked: siltuximab is given every 3 weeks (US label), tocilizumab
keeps CRP low for 1 to 2 weeks."""

OUTSIDE_FEATURES = 5
"""So many features outside the training range call for caution: a design choice."""


@dataclass(frozen=True)
class Judgement:
    """A verdict and the sentences behind it."""

    verdict: Verdict
    reasons: tuple[str, ...]


def judge(row: pd.Series, outcome: Outcome, is_at_risk: bool, reference: Reference) -> Judgement:
    """Judge one feature row (all the model's columns, NaN = missing)."""
    if not is_at_risk:
        return Judgement(Verdict.ABSTAIN, (f"{DEFINITIONS[outcome].inside}: not asked again",))
    share, gaps = absent_evidence(row, reference.analytes[outcome])
    reasons = [_gap_sentence(share, gaps)] if gaps and share >= CAUTION_SHARE else []
    if share >= ABSTAIN_SHARE:
        return Judgement(Verdict.ABSTAIN, tuple(reasons))
    reasons += _blockade(row)
    reasons += _outside(row, reference)
    return Judgement(Verdict.CAUTION if reasons else Verdict.ANSWER, tuple(reasons))


def absent_evidence(
    row: pd.Series, analytes: Mapping[str, AnalyteReference]
) -> tuple[float, tuple[str, ...]]:
    """Share of the usual evidence that is absent or stale, and the analytes that make it, by weight.

    The share is 1 where the model has no usual evidence at all.
    """
    usual = {key: a for key, a in analytes.items() if a.present >= USUAL_PRESENCE}
    total = sum(a.importance for a in usual.values())
    absent = {key: a.importance for key, a in usual.items() if _is_absent(row, key, a)}
    share = sum(absent.values()) / total if total > 0 else 1.0
    return share, tuple(sorted(absent, key=absent.__getitem__, reverse=True))


def _is_absent(row: pd.Series, key: str, analyte: AnalyteReference) -> bool:
    age = row.get(f"{key}.age")
    if age is not None and not pd.isna(age):
        return bool(age > STALE_FACTOR * max(analyte.usual_age_hours, 24.0))
    columns = [row[name] for name in (f"{key}.last", f"{key}.age") if name in row.index]
    return bool(columns) and all(pd.isna(value) for value in columns)


def _gap_sentence(share: float, gaps: tuple[str, ...]) -> str:
    names = ", ".join(name_of(key) for key in gaps[:4])
    more = f" and {len(gaps) - 4} more" if len(gaps) > 4 else ""
    return f"{share:.0%} of the usual evidence is missing or too old: {names}{more}"


def _blockade(row: pd.Series) -> list[str]:
    hours = row.get("il6_blocker.age")
    if hours is None or pd.isna(hours) or hours > BLOCKADE_HOURS:
        return []
    return [f"anti-IL-6 given {hours:.0f} h ago: CRP stays low and cannot warn, IL-6 may read high"]


def _outside(row: pd.Series, reference: Reference) -> list[str]:
    outside = [
        name
        for name, known in reference.features.items()
        if name in row.index and (row[name] < known.low or row[name] > known.high)
    ]
    if len(outside) < OUTSIDE_FEATURES:
        return []
    return [f"{len(outside)} inputs lie outside what the model was trained on, first {outside[0]}"]
