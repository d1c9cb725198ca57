"""Whether one column alone tells tomorrow better than any measurement of today can.

What ranks tomorrow's events almost without error was written with tomorrow in hand: a result
stamped too early, a code that stands for the outcome, a value measured only for those who had the
event. The column, its reverse, and whether it is there at all are each held against persistence.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from features.catalogue import ANALYTES, AnalyteKind
from features.outcomes import GRADES
from models.baselines import Persistence
from training.fit import JudgedRows, TrainingRows
from training.judging.rows.ranking import Ranking
from training.judging.rows.resampled import FEWEST_EVENT_PATIENTS
from training.judging.rows.sample import Sample, patient_draws
from training.leaks.finding import Finding, Severity

CHECK = "single column"
IMPLAUSIBLE_AUROC = 0.95
"""At least; more where persistence itself comes near: halfway from it to 1. In clean cohorts with a
dozen events signs reached 0.98 (mean systolic pressure of 6 h), which is why they are only told."""
HALFWAY = 0.5
"""The limit of average precision: so far from persistence's to 1, from the event rate's where the
score only says whether there is a value: that nobody had to know the grade for."""
HOW_OFTEN = ("count", "rate")
"""How the statistics begin that say how closely a ward looks: it may look because it fears, which
is no leak, and is told."""
OF_VALUES = ("its value", "its reversed value")
DRAWS, TAIL = 200, 0.01
"""Resamples of patients, and the quantile of theirs that must reach the limit as well."""


@dataclass(frozen=True)
class Figures:
    """AUROC and average precision."""

    auroc: float
    auprc: float


def single_column(training: TrainingRows) -> list[Finding]:
    """Columns of the judged rows that alone reach an implausible AUROC or average precision.

    Today's grades are left out: they are the outcome's present state, and persistence judges them.
    With fewer than five patients who have an event nothing can be said.
    """
    judged = training.judged_rows
    if len(np.unique(judged.patient[judged.label == 1])) < FEWEST_EVENT_PATIENTS:
        return []
    known = Persistence().fit(judged.rows, judged.label).risk(judged.rows)
    of_values = _limits(_areas(known, judged.label))
    of_presence = Figures(of_values.auroc, _limits(Figures(0.5, float(judged.label.mean()))).auprc)
    found: dict[str, Finding] = {}
    for name, way, score in _scores(judged):
        limit = of_values if way in OF_VALUES else of_presence
        if name not in found and _passes(_areas(score, judged.label), limit):
            told = _confirmed(judged, score, limit)
            if told is not None:
                found[name] = replace(
                    _finding(training, name, way, told, limit),
                    severity=_severity(name),
                )
    return list(found.values())


def _severity(name: str) -> Severity:
    """A laboratory value stops. Signs and treatments are told: the outcomes are defined by them,
    and among few events one that the very ill show ranks well without knowing tomorrow."""
    key, _, statistic = name.partition(".")
    analyte = ANALYTES.get(key)
    laboratory = analyte is not None and analyte.kind is AnalyteKind.LABORATORY
    return Severity.STOP if laboratory and not statistic.startswith(HOW_OFTEN) else Severity.TELL


def _limits(known: Figures) -> Figures:
    return Figures(
        max(IMPLAUSIBLE_AUROC, (1.0 + known.auroc) / 2.0),
        known.auprc + HALFWAY * (1.0 - known.auprc),
    )


def _scores(judged: JudgedRows) -> Iterator[tuple[str, str, np.ndarray]]:
    """Each column but the grades', upwards, downwards and as there or not; the missing come last.

    A pattern of missing values that many columns share is judged once.
    """
    patterns = set()
    for name in judged.rows.columns:
        if name.partition(".")[0] in GRADES:
            continue
        value = judged.rows[name].to_numpy(dtype=float)
        missing = np.isnan(value)
        if missing.all():
            continue
        yield name, OF_VALUES[0], np.where(missing, -np.inf, value)
        yield name, OF_VALUES[1], np.where(missing, -np.inf, -value)
        pattern = missing.tobytes()
        if missing.any() and pattern not in patterns:
            patterns.add(pattern)
            yield name, "being there", (~missing).astype(float)
            yield name, "being missing", missing.astype(float)


def _areas(score: np.ndarray, label: np.ndarray) -> Figures:
    """Both areas with ties by lot, as `ranking` has them for any weights of patients."""
    order = np.argsort(-score, kind="stable")
    ordered = score[order]
    last = np.append(np.flatnonzero(ordered[1:] != ordered[:-1]), len(ordered) - 1)
    caught, rows = np.cumsum(label[order])[last], last + 1.0
    here = np.diff(caught, prepend=0.0)
    false = rows - caught
    others = false[-1]
    beyond = others - (false + np.append(0.0, false[:-1])) / 2.0
    return Figures(
        float(here @ beyond / (caught[-1] * others)), float(here @ (caught / rows) / caught[-1])
    )


def _passes(figures: Figures, limit: Figures) -> bool:
    return figures.auroc >= limit.auroc or figures.auprc >= limit.auprc


def _confirmed(judged: JudgedRows, score: np.ndarray, limit: Figures) -> Figures | None:
    """The figures where the low end over resampled patients reaches a limit, too; else None."""
    sample = Sample.of(judged.label, np.where(np.isinf(score), np.nan, score), judged.patient)
    draws = patient_draws(sample.patients, DRAWS, seed=0)
    figures = Ranking(sample).replicates(draws)[:, :2]
    low = Figures(*np.nanquantile(figures[1:], TAIL, axis=0))
    return Figures(*figures[0]) if _passes(low, limit) else None


def _finding(
    training: TrainingRows, name: str, way: str, figures: Figures, limit: Figures
) -> Finding:
    return Finding(
        CHECK,
        name,
        f"{training.outcome}: {name} alone, by {way}, has AUROC {figures.auroc:.3f}, average "
        f"precision {figures.auprc:.3f} (limits {limit.auroc:.3f}, {limit.auprc:.3f}): recorded "
        "later than it says, or only where the event came?",
    )
