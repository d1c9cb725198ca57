"""Whether a risk may be used: answer, answer with caution, or abstain, each with its reasons."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import numpy as np
import pandas as pd

from features.catalogue import ANALYTES, AnalyteKind
from features.catalogue.naming import name_of
from features.outcomes import DEFINITIONS, Outcome
from features.scores import SCORES, Score
from features.trajectory import Feature, Statistic
from models import bedside
from models.bedside import Evidence, Sentences, joined
from models.prediction import Verdict
from models.reference import (
    NO_THERAPY,
    AnalyteReference,
    Reference,
    TherapyReference,
    analytes_of,
)

CAUTION_SHARE = 0.25
ABSTAIN_SHARE = 0.55
"""Shares of the model's usual evidence that is absent or stale: design choices of this project, to
be set by each hospital from its own risk-coverage curve. Without a single fresh measurement the
model abstains whatever the share."""

FRESH_HOURS = 72.0
"""No measurement at all for so long, and nothing is known of today (choice of this project)."""

STALE_FACTOR = 2.0
"""Stale: older than this many times the age that 95 % of training rows stayed below."""

LEAST_USUAL_AGE = 24.0
"""Hours; wards draw blood daily, so nothing younger than twice this is called stale."""

USUAL_PRESENCE = 0.5
"""An analyte counts as usual evidence where at least this share of training rows had it."""

EVIDENCE = frozenset({*ANALYTES, "crs_grade"})
"""What can be missing: measurements and the grade. A drug that is not on record was not given."""

OUTSIDE_FEATURES = 5
"""So many features outside the training range call for caution: a design choice."""

MEASURED = frozenset(key for key, row in ANALYTES.items() if row.kind != AnalyteKind.BODY)
"""What can be fresh: a weight, known once, says nothing of today."""

GAPS_NAMED = 4

ALL_TREATED = 0.99
"""A model knows treated patients only where at least this share of its training rows were."""

THERAPY = Feature("therapy", Statistic.AGE)
DEATH = Feature("death", Statistic.AGE)
AGE = next(score for score in SCORES if score.name == "age.years")


class Cause(StrEnum):
    """Why the guard abstains; of several the first counts."""

    DEATH = "death"  # death is on record
    INSIDE = "inside"  # already in the outcome
    UNTREATED = "untreated"  # no dose on record, and the model knows treated patients only
    BEDSIDE = "bedside"  # what stands on record argues with the question
    NOTHING_FRESH = "nothing_fresh"  # nothing that the model rests on was measured recently
    TOO_LITTLE = "too_little"  # too much of the usual evidence is missing or too old


@dataclass(frozen=True)
class Grounds:
    """What an abstention rests on, one an as-of row.

    `cause` is None where the guard answers; `refusal` is the sentence of a question without a
    meaning (else empty); `absent` is as `absent_evidence` gives it.
    """

    cause: list[Cause | None]
    refusal: Sentences
    nothing_fresh: Sentences
    absent: pd.DataFrame


@dataclass(frozen=True)
class Judgement:
    """A verdict and the sentences behind it."""

    verdict: Verdict
    reasons: tuple[str, ...]


def evidence_columns(reference: Reference) -> tuple[Feature | Score, ...]:
    """What the guard looks at, whatever columns the models read."""
    return _columns(frozenset(key for table in reference.analytes.values() for key in table))


@lru_cache(maxsize=16)
def _columns(keys: frozenset[str]) -> tuple[Feature | Score, ...]:
    """Kept, because every request asks for the same."""
    shapes = (Statistic.LAST, Statistic.AGE)
    evidence = [Feature(key, shape) for key in sorted(keys & EVIDENCE) for shape in shapes]
    return tuple(dict.fromkeys((*evidence, THERAPY, DEATH, AGE, *bedside.COLUMNS)))


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
    known = _by_name(evidence)
    found = _grounds(known, evidence, outcome, at_risk, reference)
    doubts = joined(
        [
            *bedside.doubts(known, _years(known), outcome),
            _ungraded(known, outcome, reference.analytes[outcome]),
            _gaps(found.absent),
            found.nothing_fresh,
            _late(known, reference.therapy.get(str(outcome), NO_THERAPY)),
            _age(rows, reference),
            _outside_training(rows, reference),
        ]
    )
    return [
        _judgement(cause, refusal, doubt)
        for cause, refusal, doubt in zip(found.cause, found.refusal, doubts, strict=True)
    ]


def grounds(
    evidence: pd.DataFrame, outcome: Outcome, at_risk: np.ndarray, reference: Reference
) -> Grounds:
    """Why the guard abstains from rows of `evidence_columns`, if it does."""
    return _grounds(_by_name(evidence), evidence, outcome, at_risk, reference)


def _grounds(
    known: Evidence,
    evidence: pd.DataFrame,
    outcome: Outcome,
    at_risk: np.ndarray,
    reference: Reference,
) -> Grounds:
    """As `grounds`; `known` holds the columns of `evidence` by name."""
    absent = absent_evidence(evidence, reference.analytes[outcome])
    therapy = reference.therapy.get(str(outcome), NO_THERAPY)
    dead = _where(~np.isnan(known[DEATH.name]), "death is on record: nothing is asked")
    inside = _where(~at_risk, f"{DEFINITIONS[outcome].inside}: not asked again")
    meaningless = [
        (Cause.DEATH, dead),
        (Cause.INSIDE, inside),
        (Cause.UNTREATED, _untreated(known, therapy)),
        *((Cause.BEDSIDE, said) for said in bedside.refusals(known, _years(known), outcome)),
    ]
    nothing_fresh = _nothing_fresh(absent, known)
    too_little = _where(absent.sum(axis=1) >= ABSTAIN_SHARE, "too little")
    little = [(Cause.NOTHING_FRESH, nothing_fresh), (Cause.TOO_LITTLE, too_little)]
    refusals = joined([said for _, said in meaningless])
    return Grounds(
        _first([*meaningless, *little]),
        [refusal[0] if refusal else "" for refusal in refusals],
        nothing_fresh,
        absent,
    )


def _first(checks: Sequence[tuple[Cause, Sentences]]) -> list[Cause | None]:
    causes, sentences = zip(*checks, strict=True)
    return [
        next((cause for cause, one in zip(causes, said, strict=True) if one), None)
        for said in zip(*sentences, strict=True)
    ]


def _years(known: Evidence) -> np.ndarray:
    return known[AGE.name].astype(float)


def _judgement(cause: Cause | None, refusal: str, doubts: tuple[str, ...]) -> Judgement:
    if refusal:
        return Judgement(Verdict.ABSTAIN, (refusal,))
    if cause is not None:
        return Judgement(Verdict.ABSTAIN, doubts)
    return Judgement(Verdict.CAUTION if doubts else Verdict.ANSWER, doubts)


def _where(fires: np.ndarray, sentence: str) -> Sentences:
    return [sentence if fired else "" for fired in fires]


def _by_name(rows: pd.DataFrame) -> Evidence:
    """Each column's numbers, read at once: pandas takes its price for every single one."""
    return dict(zip(rows.columns.tolist(), rows.to_numpy().T, strict=True))


def _untreated(evidence: Evidence, therapy: TherapyReference) -> Sentences:
    missing = np.isnan(evidence[THERAPY.name]) & (therapy.present >= ALL_TREATED)
    return _where(
        missing,
        "no dose of a T-cell-engaging therapy is on record: the model knows treated patients only",
    )


def _ungraded(
    evidence: Evidence, outcome: Outcome, analytes: Mapping[str, AnalyteReference]
) -> Sentences:
    """A model that knows today's grade takes a patient without one for one without CRS."""
    grade = analytes.get("crs_grade")
    is_usual = grade is not None and grade.present >= USUAL_PRESENCE
    asked = is_usual and outcome is Outcome.SEVERE_CRS
    return _where(
        np.isnan(evidence[bedside.GRADE.name]) & asked,
        "no current CRS grade is on record: the risk is that of a patient without CRS",
    )


def _late(evidence: Evidence, therapy: TherapyReference) -> Sentences:
    longest = therapy.longest_hours
    return [
        f"last dose {hours / 24:.0f} d ago: the model learnt from at most {longest / 24:.0f} d"
        if hours > longest > 0.0
        else ""
        for hours in evidence[THERAPY.name].tolist()
    ]


def _age(rows: pd.DataFrame, reference: Reference) -> Sentences:
    if AGE.name not in rows or AGE.name not in reference.features:
        return [""] * len(rows)
    known = reference.features[AGE.name]
    return [
        _age_words(years, known.low, known.high) if years < known.low or years > known.high else ""
        for years in rows[AGE.name]
    ]


def _age_words(years: float, low: float, high: float) -> str:
    """With as many digits as set the age apart from both limits, two at most.

    >>> _age_words(3.8, 4.2, 86.0)
    'age 3.8 years: the model learnt from 4.2 to 86.0'
    """
    said = [[f"{age:.{digits}f}" for age in (years, low, high)] for digits in range(3)]
    age, *limits = next((one for one in said if one[0] not in one[1:]), said[-1])
    return f"age {age} years: the model learnt from {limits[0]} to {limits[1]}"


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
    known = _by_name(rows)
    return pd.DataFrame(
        {key: _absent(known, key, usual[key]) * usual[key].importance / total for key in order}
    )


def _absent(known: Evidence, key: str, analyte: AnalyteReference) -> np.ndarray:
    shown = [np.isnan(known[name]) for name in (f"{key}.last", f"{key}.age") if name in known]
    if not shown:
        return np.zeros(len(next(iter(known.values()))))
    missing = np.logical_and.reduce(shown)
    if f"{key}.age" not in known:
        return missing.astype(float)
    limit = STALE_FACTOR * max(analyte.usual_age_hours, LEAST_USUAL_AGE)
    return (missing | (known[f"{key}.age"] > limit)).astype(float)


def _outside_training(rows: pd.DataFrame, reference: Reference) -> Sentences:
    """Where many features of a row lie outside what training saw, and of which analytes."""
    place = {name: number for number, name in enumerate(rows.columns.tolist())}
    names = [name for name in reference.features if name in place]
    low = np.array([reference.features[name].low for name in names])
    high = np.array([reference.features[name].high for name in names])
    values = rows.to_numpy()[:, [place[name] for name in names]]
    return [
        _outside_words([names[number] for number in np.flatnonzero(line)])
        if line.sum() >= OUTSIDE_FEATURES
        else ""
        for line in (values < low) | (values > high)
    ]


def _outside_words(names: Sequence[str]) -> str:
    analytes = dict.fromkeys(name_of(analyte) for analyte in analytes_of(names))
    listed = _some_of(list(analytes))
    return (
        f"{len(names)} inputs from {len(analytes)} items of the record lie outside what the model "
        f"was trained on: {listed}"
    )


def _gaps(absent: pd.DataFrame) -> Sentences:
    """Where a good part of the usual evidence is missing or stale."""
    shares = absent.sum(axis=1).to_numpy()
    names = absent.columns.to_numpy()
    return [
        _gap_sentence(share, names[line > 0.0]) if share >= CAUTION_SHARE else ""
        for share, line in zip(shares, absent.to_numpy(), strict=True)
    ]


def _nothing_fresh(absent: pd.DataFrame, evidence: Evidence) -> Sentences:
    measured = [key in MEASURED for key in absent.columns]
    ages = [
        hours
        for name, hours in evidence.items()
        if name.endswith(".age") and name.removesuffix(".age") in MEASURED
    ]
    youngest = np.fmin.reduce([np.full(len(absent), np.nan), *ages])
    stale = (absent.to_numpy()[:, measured] > 0.0).all(axis=1)
    return _where(
        stale | ~(youngest <= FRESH_HOURS),
        "nothing that the model rests on was measured recently",
    )


def _gap_sentence(share: float, gaps: Sequence[str]) -> str:
    named = _some_of([name_of(key) for key in gaps])
    return f"{share:.0%} of the usual evidence is missing or too old: {named}"


def _some_of(names: Sequence[str]) -> str:
    more = f" and {len(names) - GAPS_NAMED} more" if len(names) > GAPS_NAMED else ""
    return ", ".join(names[:GAPS_NAMED]) + more
