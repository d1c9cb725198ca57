"""Whether a risk may be used: answer, answer with caution, or abstain, each with its reasons."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.catalogue import ANALYTES, AnalyteKind
from features.catalogue.naming import name_of
from features.outcomes import DEFINITIONS, Outcome
from features.trajectory import Feature, Statistic
from models.prediction import Verdict
from models.reference import NO_THERAPY, AnalyteReference, Reference, TherapyReference

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

MEASURED = frozenset(key for key, row in ANALYTES.items() if row.kind != AnalyteKind.BODY)
"""What can be fresh: a weight, known once, says nothing of today."""

GAPS_NAMED = 4

ALL_TREATED = 0.99
"""A model knows treated patients only where at least this share of its training rows were."""

SUPPORT_HOURS = 24.0
"""So long a vasopressor or high-flow oxygen argues with a documented grade below 3."""

HIGH_FLOW = 2.0
"""`oxygen_device` from high-flow cannula on is grade 3: ASTCT, doi 10.1016/j.bbmt.2018.12.758."""

SEVERE_GRADE = DEFINITIONS[Outcome.SEVERE_CRS].at_least

THERAPY = Feature("therapy", Statistic.AGE)
BLOCKADE = Feature("il6_blocker", Statistic.AGE)
DEATH = Feature("death", Statistic.AGE)
VASOPRESSOR = Feature("vasopressor", Statistic.AGE)
DEVICE, DEVICE_AGE = (Feature("oxygen_device", s) for s in (Statistic.LAST, Statistic.AGE))
GRADE = Feature("crs_grade", Statistic.LAST)
AGE_YEARS = "age.years"

Sentences = list[str]
"""One sentence a row, empty where there is nothing to say."""


@dataclass(frozen=True)
class Judgement:
    """A verdict and the sentences behind it."""

    verdict: Verdict
    reasons: tuple[str, ...]


def evidence_columns(reference: Reference) -> tuple[Feature, ...]:
    """What the guard looks at, whatever columns the models read."""
    keys = {key for table in reference.analytes.values() for key in table} & EVIDENCE
    shapes = (Statistic.LAST, Statistic.AGE)
    evidence = [Feature(key, shape) for key in sorted(keys) for shape in shapes]
    states = (THERAPY, BLOCKADE, DEATH, VASOPRESSOR, DEVICE, DEVICE_AGE, GRADE)
    return tuple(dict.fromkeys((*evidence, *states)))


def judge(
    rows: pd.DataFrame,
    evidence: pd.DataFrame,
    outcome: Outcome,
    at_risk: np.ndarray,
    reference: Reference,
) -> list[Judgement]:
    """Judge rows of the model's columns beside rows of `evidence_columns` (NaN = missing).

    The question is refused (abstain) where it has no meaning, else where too little is known;
    otherwise every doubt makes it a caution.
    """
    therapy = reference.therapy.get(str(outcome), NO_THERAPY)
    absent = absent_evidence(evidence, reference.analytes[outcome])
    meaningless = _joined(
        _where(evidence[DEATH.name].notna(), "death is on record: nothing is asked"),
        _where(~at_risk, f"{DEFINITIONS[outcome].inside}: not asked again"),
        _untreated(evidence, therapy),
    )
    gaps = _gaps(absent)
    nothing_fresh = _nothing_fresh(absent)
    doubts = _joined(
        gaps,
        nothing_fresh,
        _blockade(evidence),
        _support(evidence) if outcome == Outcome.SEVERE_CRS else [""] * len(rows),
        _late(evidence, therapy),
        _age(rows, reference),
        _outside_training(rows, reference),
    )
    too_little = (absent.sum(axis=1) >= ABSTAIN_SHARE).to_numpy()
    return [
        _judgement(refused, doubt, little or bool(stale))
        for refused, doubt, little, stale in zip(
            meaningless, doubts, too_little, nothing_fresh, strict=True
        )
    ]


def _judgement(refused: tuple[str, ...], doubts: tuple[str, ...], too_little: bool) -> Judgement:
    if refused:
        return Judgement(Verdict.ABSTAIN, refused[:1])
    if too_little:
        return Judgement(Verdict.ABSTAIN, doubts)
    return Judgement(Verdict.CAUTION if doubts else Verdict.ANSWER, doubts)


def _joined(*checks: Sentences) -> list[tuple[str, ...]]:
    """What all checks say of each row."""
    return [tuple(filter(None, said)) for said in zip(*checks, strict=True)]


def _where(fires: pd.Series | np.ndarray, sentence: str) -> Sentences:
    return [sentence if fired else "" for fired in fires]


def _untreated(evidence: pd.DataFrame, therapy: TherapyReference) -> Sentences:
    missing = evidence[THERAPY.name].isna() & (therapy.present >= ALL_TREATED)
    return _where(
        missing,
        "no dose of a T-cell-engaging therapy is on record: the model knows treated patients only",
    )


def _late(evidence: pd.DataFrame, therapy: TherapyReference) -> Sentences:
    longest = therapy.longest_hours
    return [
        f"last dose {hours / 24:.0f} d ago: the model learnt from at most {longest / 24:.0f} d"
        if hours > longest > 0.0
        else ""
        for hours in evidence[THERAPY.name]
    ]


def _blockade(evidence: pd.DataFrame) -> Sentences:
    return [
        f"anti-IL-6 given {hours:.0f} h ago: CRP stays low and cannot warn, IL-6 may read high"
        if hours <= BLOCKADE_HOURS
        else ""
        for hours in evidence[BLOCKADE.name]
    ]


def _support(evidence: pd.DataFrame) -> Sentences:
    """Where treatment on record speaks for grade 3 or more, and no grade on record agrees."""
    pressed = evidence[VASOPRESSOR.name] <= SUPPORT_HOURS
    oxygen = (evidence[DEVICE.name] >= HIGH_FLOW) & (evidence[DEVICE_AGE.name] <= SUPPORT_HOURS)
    below = ~(evidence[GRADE.name] >= SEVERE_GRADE)
    given = np.where(pressed, "a vasopressor", "oxygen by high flow or more")
    return [
        f"{what} is on record: if it is for CRS, the grade is 3 or more already" if fires else ""
        for what, fires in zip(given, (pressed | oxygen) & below, strict=True)
    ]


def _age(rows: pd.DataFrame, reference: Reference) -> Sentences:
    if AGE_YEARS not in rows or AGE_YEARS not in reference.features:
        return [""] * len(rows)
    known = reference.features[AGE_YEARS]
    return [
        f"age {years:.0f} years: the model learnt from {known.low:.0f} to {known.high:.0f}"
        if years < known.low or years > known.high
        else ""
        for years in rows[AGE_YEARS]
    ]


def absent_evidence(rows: pd.DataFrame, analytes: Mapping[str, AnalyteReference]) -> pd.DataFrame:
    """The share of the usual evidence that each analyte takes with it where it is absent or stale.

    Columns are the usual analytes by falling importance, 0 where present; a row's sum is the share
    of evidence that is absent. A model without usual evidence gets one column full of ones.
    """
    usual = {
        key: analyte
        for key, analyte in analytes.items()
        if analyte.present >= USUAL_PRESENCE and analyte.importance > 0.0 and key in EVIDENCE
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


def _outside_training(rows: pd.DataFrame, reference: Reference) -> Sentences:
    """Where many features of a row lie outside what training saw."""
    count = np.zeros(len(rows), dtype=int)
    for name, known in reference.features.items():
        if name in rows:
            value = rows[name].to_numpy()
            count += (value < known.low) | (value > known.high)
    return [
        f"{number} inputs lie outside what the model was trained on"
        if number >= OUTSIDE_FEATURES
        else ""
        for number in count
    ]


def _gaps(absent: pd.DataFrame) -> Sentences:
    """Where a good part of the usual evidence is missing or stale."""
    shares = absent.sum(axis=1).to_numpy()
    names = absent.columns.to_numpy()
    return [
        _gap_sentence(share, names[line > 0.0]) if share >= CAUTION_SHARE else ""
        for share, line in zip(shares, absent.to_numpy(), strict=True)
    ]


def _nothing_fresh(absent: pd.DataFrame) -> Sentences:
    measured = absent[[key for key in absent.columns if key in MEASURED]]
    fires = (measured > 0.0).all(axis=1)
    return _where(fires, "nothing that the model rests on was measured recently")


def _gap_sentence(share: float, gaps: Sequence[str]) -> str:
    named = ", ".join(name_of(key) for key in gaps[:GAPS_NAMED])
    more = f" and {len(gaps) - GAPS_NAMED} more" if len(gaps) > GAPS_NAMED else ""
    return f"{share:.0%} of the usual evidence is missing or too old: {named}{more}"
