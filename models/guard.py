"""Whether a risk may be used: answer, answer with caution, or abstain, each with its reasons."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.catalogue import ANALYTES
from features.catalogue.naming import name_of
from features.outcomes import DEFINITIONS, Outcome
from features.trajectory import Feature, Statistic
from models.prediction import Verdict
from models.reference import AnalyteReference, Reference

CAUTION_SHARE = 0.25
ABSTAIN_SHARE = 0.85
"""Shares of the model's usual evidence that is absent or stale: design choices of this project, to
be set by each hospital from its own risk-coverage curve. Without a single fresh measurement the
model abstains whatever the share."""

STALE_FACTOR = 2.0
"""Stale: older than this many times the age that 95 % of training rows stayed below."""

LEAST_USUAL_AGE = 24.0
"""Hours; wards draw blood daily, so nothing younger than twice this is called stale."""

USUAL_PRESENCE = 0.5
"""An analyte counts as usual evidence where at least this share of training rows had it."""

BLOCKADE_HOURS = 21 * 24.0
"""CRP cannot warn while IL-6 is blocked: siltuximab is given every 3 weeks (US label), tocilizumab
keeps CRP low for 1 to 2 weeks (unverified)."""

EVIDENCE = frozenset({*ANALYTES, "crs_grade"})
"""What can be missing: measurements and the grade. A drug that is not on record was not given."""

OUTSIDE_FEATURES = 5
"""So many features outside the training range call for caution: a design choice."""

GAPS_NAMED = 4

BLOCKADE = Feature("il6_blocker", Statistic.AGE)
DEATH = Feature("death", Statistic.AGE)


@dataclass(frozen=True)
class Judgement:
    """A verdict and the sentences behind it."""

    verdict: Verdict
    reasons: tuple[str, ...]


DECEASED = Judgement(Verdict.ABSTAIN, ("death is on record: nothing is asked",))


def evidence_columns(reference: Reference) -> tuple[Feature, ...]:
    """What the guard looks at, whatever columns the models read: ages, blockade, death."""
    keys = {key for table in reference.analytes.values() for key in table} & EVIDENCE
    shapes = (Statistic.LAST, Statistic.AGE)
    evidence = [Feature(key, shape) for key in sorted(keys) for shape in shapes]
    return (*evidence, BLOCKADE, DEATH)


def judge(
    rows: pd.DataFrame,
    evidence: pd.DataFrame,
    outcome: Outcome,
    at_risk: np.ndarray,
    reference: Reference,
) -> list[Judgement]:
    """Judge rows of the model's columns beside rows of `evidence_columns` (NaN = missing)."""
    absent = absent_evidence(evidence, reference.analytes[outcome])
    blocked = evidence[BLOCKADE.name].to_numpy(dtype=float)
    dead = evidence[DEATH.name].notna().to_numpy()
    outside = _outside_training(rows, reference)
    names = absent.columns.to_numpy()
    return [
        DECEASED if gone else _judgement(outcome, risky, names, gaps, hours, strange)
        for gone, risky, gaps, hours, strange in zip(
            dead, at_risk, absent.to_numpy(), blocked, outside, strict=True
        )
    ]


def absent_evidence(rows: pd.DataFrame, analytes: Mapping[str, AnalyteReference]) -> pd.DataFrame:
    """The share of the usual evidence that each analyte takes with it where it is absent or stale.

    Columns are the usual analytes by falling importance, 0 where present; a row's sum is the share
    of evidence that is absent. A model without usual evidence gets one column full of ones.
    """
    usual = {
        key: analyte
        for key, analyte in analytes.items()
        if analyte.present >= USUAL_PRESENCE and key in EVIDENCE
    }
    total = sum(analyte.importance for analyte in usual.values())
    if total <= 0.0:
        return pd.DataFrame({"every analyte": np.ones(len(rows))})
    order = sorted(usual, key=lambda key: -usual[key].importance)
    return pd.DataFrame(
        {key: _absent(rows, key, usual[key]) * usual[key].importance / total for key in order}
    )


def _absent(rows: pd.DataFrame, key: str, analyte: AnalyteReference) -> np.ndarray:
    shown = [rows[name].isna() for name in (f"{key}.last", f"{key}.age") if name in rows]
    if not shown:
        return np.zeros(len(rows))
    missing = np.logical_and.reduce([column.to_numpy() for column in shown])
    if f"{key}.age" not in rows:
        return missing.astype(float)
    limit = STALE_FACTOR * max(analyte.usual_age_hours, LEAST_USUAL_AGE)
    return (missing | (rows[f"{key}.age"].to_numpy() > limit)).astype(float)


def _outside_training(rows: pd.DataFrame, reference: Reference) -> np.ndarray:
    """How many features of each row lie outside what training saw."""
    count = np.zeros(len(rows), dtype=int)
    for name, known in reference.features.items():
        if name in rows:
            value = rows[name].to_numpy()
            count += (value < known.low) | (value > known.high)
    return count


def _judgement(
    outcome: Outcome,
    at_risk: bool,
    names: Sequence[str],
    gaps: np.ndarray,
    blocked_hours: float,
    outside: int,
) -> Judgement:
    if not at_risk:
        return Judgement(Verdict.ABSTAIN, (f"{DEFINITIONS[outcome].inside}: not asked again",))
    share = float(gaps.sum())
    reasons = []
    if share >= CAUTION_SHARE:
        reasons.append(_gap_sentence(share, [n for n, gap in zip(names, gaps, strict=True) if gap]))
    fresh = [gap == 0.0 for name, gap in zip(names, gaps, strict=True) if name in ANALYTES]
    if not any(fresh):
        reasons.append("nothing that the model rests on was measured recently")
    if share >= ABSTAIN_SHARE or not any(fresh):
        return Judgement(Verdict.ABSTAIN, tuple(reasons))
    if blocked_hours <= BLOCKADE_HOURS:
        reasons.append(
            f"anti-IL-6 given {blocked_hours:.0f} h ago: CRP stays low and cannot warn, "
            "IL-6 may read high"
        )
    if outside >= OUTSIDE_FEATURES:
        reasons.append(f"{outside} inputs lie outside what the model was trained on")
    return Judgement(Verdict.CAUTION if reasons else Verdict.ANSWER, tuple(reasons))


def _gap_sentence(share: float, gaps: Sequence[str]) -> str:
    named = ", ".join(name_of(key) for key in gaps[:GAPS_NAMED])
    more = f" and {len(gaps) - GAPS_NAMED} more" if len(gaps) > GAPS_NAMED else ""
    return f"{share:.0%} of the usual evidence is missing or too old: {named}{more}"
