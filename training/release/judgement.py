"""A new model beside the one in service on the frozen set, figure by figure as the plan asks."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from models.bundle import Bundle
from models.predict import predict_rows
from training.blas import on_one_blas_thread
from training.judging.judged import scored_rows
from training.judging.rows.evaluation import evaluate
from training.judging.rows.metrics import MAIN_MODEL, METRICS
from training.release.frozen import FrozenSet
from training.release.plan import (
    Alarms,
    Burden,
    NoSubgroupWorse,
    NoWorse,
    Plan,
    Thresholds,
    Within,
)
from training.release.subgroups import with_subgroups

CHAMPION = "champion"
BETTER = {metric.name: metric.better for metric in METRICS}
DAY = pd.Timedelta(hours=24)
ROUNDING = 1e-9
"""A limit is kept where only the last bits of a sum say otherwise."""
MOST_DIGITS = 6
WHOSE: Mapping[str, str] = {Thresholds.OWN: "its own", Thresholds.CHAMPION: "the champion's"}
SILENT_CHAMPION = "the champion sounds on no patient-day: no multiple of none"
NO_PATIENT_DAY = "not defined: no row at risk with a known outcome"

Estimate = Mapping[str, Any]


@dataclass(frozen=True)
class Finding:
    """One criterion on one outcome: kept (True), failed (False) or not judged (None), in words.

    `value` is what was held against `limit`, with its interval where it has one: how much worse
    than the champion, the figure itself, or alarms.
    """

    outcome: str
    criterion: str
    kept: bool | None
    said: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    limit: str = ""


@dataclass(frozen=True)
class Judged:
    """The rows of the frozen set as both models scored them, and what came of it."""

    scored: pd.DataFrame
    evaluation: Mapping[str, Any]
    thresholds: Mapping[tuple[str, str], Mapping[str, float]]
    """By scorer and outcome, the risk from which each tier sounds."""


@on_one_blas_thread
def judge_on(frozen: FrozenSet, plan: Plan, proposed: Bundle, champion: Bundle | None) -> Judged:
    """Score both on the same rows; their differences rest on the same resamples of patients.

    Of the subgroups, those that the plan asks about are looked into.
    """
    cohort = frozen.cohort(proposed.outcomes)
    scorers = {MAIN_MODEL: proposed} | ({CHAMPION: champion} if champion else {})
    predicted = {
        name: predict_rows(bundle, cohort.source.events, cohort.as_of, contributions=False)
        for name, bundle in scorers.items()
    }
    parts = []
    for outcome in proposed.outcomes:
        risks = {
            name: table.loc[table["outcome"] == outcome, "risk"].to_numpy()
            for name, table in predicted.items()
            if outcome in scorers[name].outcomes
        }
        parts.append(scored_rows(cohort, outcome, risks))
    asked = tuple(dict.fromkeys(s for row in plan.no_subgroup_worse for s in row.subgroups))
    scored = with_subgroups(pd.concat(parts, ignore_index=True), cohort, asked)
    how = frozen.manifest
    evaluation = evaluate(scored, how.replicates, how.seed, asked)
    return Judged(scored, evaluation, _thresholds(scorers))


def _thresholds(scorers: Mapping[str, Bundle]) -> dict[tuple[str, str], dict[str, float]]:
    return {
        (name, str(outcome)): asdict(model.tiers)
        for name, bundle in scorers.items()
        for outcome, model in bundle.models.items()
    }


def findings(plan: Plan, judged: Judged) -> list[Finding]:
    """Every criterion of the plan on every outcome of the new model."""
    return [
        finding
        for outcome in judged.evaluation["outcomes"]
        for finding in (
            *(_no_worse(row, judged, outcome) for row in plan.no_worse),
            *(_within(row, judged, outcome) for row in plan.within),
            *(one for row in plan.no_subgroup_worse for one in _subgroups(row, judged, outcome)),
            *(one for row in plan.alarms for one in _alarms(row, judged, outcome)),
        )
    ]


def _no_worse(row: NoWorse, judged: Judged, outcome: str) -> Finding:
    found = judged.evaluation["outcomes"][outcome]
    return _beside_champion(row, outcome, row.figure, found)


def _beside_champion(
    row: NoWorse | NoSubgroupWorse, outcome: str, name: str, found: Mapping[str, Any]
) -> Finding:
    """The paired difference to the champion against what is allowed.

    Where the champion alone has no such figure there is nothing to hold the new model against: not
    judged. Where the new model has none, it fails.
    """
    if CHAMPION not in found["differences"]:
        return Finding(outcome, name, None, "no champion answers this outcome")
    limit = f"at most {row.most_worse_by:g} worse"
    gap = found["differences"][CHAMPION][row.figure]
    ours, theirs = (found["models"][m]["metrics"][row.figure] for m in (MAIN_MODEL, CHAMPION))
    if gap["value"] is None:
        return _undefined(outcome, name, ours, theirs, limit)
    worse = _turned(gap, -BETTER[row.figure])
    if row.must_be != Burden.ESTIMATED and worse["high"] is None:
        return Finding(outcome, name, False, str(gap["reason"]), worse["value"], limit=limit)
    held = {Burden.PROVEN: "high", Burden.ESTIMATED: "value", Burden.NOT_DISPROVEN: "low"}
    kept = bool(worse[held[Burden(row.must_be)]] <= row.most_worse_by + ROUNDING)
    said = (
        f"{ours['value']:.3f} against {theirs['value']:.3f}, "
        f"worse by {_shown(worse, row.most_worse_by)}, "
        f"allowed {row.most_worse_by:g} ({row.must_be})"
    )
    return Finding(outcome, name, kept, said, worse["value"], worse["low"], worse["high"], limit)


def _undefined(outcome: str, name: str, ours: Estimate, theirs: Estimate, limit: str) -> Finding:
    """What a criterion says where one of the two figures, or both, cannot be computed."""
    if ours["value"] is None:
        return Finding(outcome, name, False, f"not defined: {ours['reason']}", limit=limit)
    said = f"the champion has no such figure: {theirs['reason']}"
    return Finding(outcome, name, None, said, limit=limit)


def _turned(gap: Estimate, sign: int) -> dict[str, Any]:
    """A difference as how much worse: above 0 is worse."""
    if sign > 0 or gap["low"] is None:
        value = sign * gap["value"] + 0.0  # no negative zero
        return {"value": value, "low": gap["low"], "high": gap["high"]}
    return {"value": 0.0 - gap["value"], "low": 0.0 - gap["high"], "high": 0.0 - gap["low"]}


def _shown(estimate: Estimate, *limits: float) -> str:
    """A number with its interval, where it has one."""
    value, low, high = (estimate[name] for name in ("value", "low", "high"))
    if low is None:
        return _told(value, *limits)
    return f"{_told(value, *limits)} ({_told(low, *limits)} to {_told(high, *limits)})"


def _told(value: float, *limits: float) -> str:
    """Three decimals, or as many more as tell a number apart from a limit that it is not."""
    digits = next(
        (few for few in range(3, MOST_DIGITS) if not _alike(value, limits, few)), MOST_DIGITS
    )
    return f"{value:.{digits}f}"


def _alike(value: float, limits: Sequence[float], digits: int) -> bool:
    near = (limit for limit in limits if abs(value - limit) > ROUNDING)
    return any(round(value, digits) == round(limit, digits) for limit in near)


def _within(row: Within, judged: Judged, outcome: str) -> Finding:
    """The new model's own figure against its limits."""
    found = judged.evaluation["outcomes"][outcome]["models"][MAIN_MODEL]["metrics"][row.figure]
    limit = f"{row.lowest:g} to {row.highest:g}"
    if found["value"] is None:
        return Finding(outcome, row.figure, False, f"not defined: {found['reason']}", limit=limit)
    if row.must_be != Burden.ESTIMATED and found["low"] is None:
        return Finding(
            outcome, row.figure, False, str(found["reason"]), found["value"], limit=limit
        )
    low, high = found["low"], found["high"]
    kept = {
        Burden.PROVEN: lambda: row.lowest <= low and high <= row.highest,
        Burden.ESTIMATED: lambda: row.lowest <= found["value"] <= row.highest,
        Burden.NOT_DISPROVEN: lambda: row.lowest <= high and low <= row.highest,
    }[Burden(row.must_be)]()
    said = f"{_shown(found, row.lowest, row.highest)}, allowed {limit} ({row.must_be})"
    return Finding(outcome, row.figure, bool(kept), said, found["value"], low, high, limit)


def _subgroups(row: NoSubgroupWorse, judged: Judged, outcome: str) -> Iterator[Finding]:
    """One finding a part of a subgroup that holds a judged row."""
    strata = judged.evaluation["outcomes"][outcome]["strata"]
    for subgroup in row.subgroups:
        for part, found in strata[subgroup].items():
            name = f"{row.figure} where {subgroup} is {part}"
            patients = found["counts"]["patients_with_event"]
            if patients < row.fewest_event_patients:
                said = f"fewer than {row.fewest_event_patients} patients with an event"
                yield Finding(outcome, f"{name} ({patients})", None, said)
            else:
                yield _beside_champion(row, outcome, name, found)


def _alarms(row: Alarms, judged: Judged, outcome: str) -> Iterator[Finding]:
    """What sounds in a patient-day, and as a multiple of what the champion sounds.

    A champion that sounds on no patient-day leaves nothing to hold a multiple against: that
    criterion is not judged, and the limit per patient-day alone binds.
    """
    name = f"alarms of tier {row.tier} at {WHOSE[row.thresholds]} thresholds"
    champion = judged.thresholds.get((CHAMPION, outcome))
    own = judged.thresholds[MAIN_MODEL, outcome]
    thresholds = own if row.thresholds == Thresholds.OWN else champion
    if thresholds is None:
        yield Finding(outcome, name, None, "no champion answers this outcome")
        return
    ours = _alarm_days(judged.scored, outcome, MAIN_MODEL, thresholds[row.tier])
    most = row.most_per_patient_day
    if ours is None:
        yield Finding(outcome, name, False, NO_PATIENT_DAY, limit=f"at most {most:g}")
        return
    said = f"{_told(ours, most)} per patient-day, allowed {most:g}"
    yield Finding(outcome, name, ours <= most + ROUNDING, said, ours, limit=f"at most {most:g}")
    if champion is not None:
        theirs = _alarm_days(judged.scored, outcome, CHAMPION, champion[row.tier])
        yield _times_champion(row, outcome, name, ours, theirs)


def _times_champion(
    row: Alarms, outcome: str, name: str, ours: float, theirs: float | None
) -> Finding:
    most, name = row.most_times_champion, f"{name} beside the champion"
    if not theirs:
        return Finding(outcome, name, None, SILENT_CHAMPION, limit=f"at most {most:g} times")
    kept = ours <= most * theirs + ROUNDING
    said = (
        f"{_told(ours, most * theirs)} per patient-day against {theirs:.3f}, "
        f"allowed {most:g} times as many"
    )
    return Finding(outcome, name, kept, said, ours / theirs, limit=f"at most {most:g} times")


def _alarm_days(scored: pd.DataFrame, outcome: str, scorer: str, threshold: float) -> float | None:
    """Share of patient-days with a risk from the threshold on; a day counts from the first row.

    Rows at risk with a known outcome count, as in every other figure; None where there are none.
    """
    rows = scored[(scored["outcome"] == outcome) & (scored["model"] == scorer)]
    rows = rows[rows["at_risk"] & rows["label"].notna()]
    since = rows["as_of"] - rows.groupby("patient_id")["as_of"].transform("min")
    sounding = (rows["risk"] >= threshold).groupby([rows["patient_id"], since // DAY]).any()
    return float(sounding.mean()) if len(sounding) else None
