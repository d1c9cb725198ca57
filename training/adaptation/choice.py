"""Which way is taken: the one that foretold unseen local patients best."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from training.adaptation.ways import BLENDED, NOTHING_KEPT, RECALIBRATED, SHIPPED
from training.judging.rows.resampled import FEWEST_EVENT_PATIENTS


@dataclass(frozen=True)
class Candidate:
    """One way as the choice saw it.

    `loss` is the mean log loss a judged row of patients that the fit had not seen; `more` what it
    has more than the least of all ways, with its standard error over patients.
    """

    way: str
    loss: float
    more: float
    standard_error: float


def choose(
    losses: Mapping[str, np.ndarray], rows: np.ndarray, event_patients: int
) -> tuple[str, tuple[Candidate, ...]]:
    """The chosen way and what it was chosen among.

    The way with the least log loss on patients that its fits had not seen; the least change where
    two are equal. With a prior the blend of the retrained ways is taken, unless a way that keeps
    shipped trees has less by more than a standard error: fits without a fold of few patients do
    worse than fits on all, those that learn most from them worst of all. Without a prior and with
    too few patients with an event to choose by (`FEWEST_EVENT_PATIENTS`) the shipped model is
    recalibrated; without any event it stays as it is. Other rules were tried: see
    docs/adaptation.md.

    Args:
        losses: by way, the least change first: each patient's sum of log loss over judged rows.
        rows: each patient's number of judged rows.
        event_patients: how many patients have an event.
    """
    least = _least(losses)
    table = tuple(_candidate(name, loss, losses[least], rows) for name, loss in losses.items())
    if BLENDED in losses:
        return _blend_or_kept(losses, rows), table
    if event_patients < FEWEST_EVENT_PATIENTS:
        return (RECALIBRATED if event_patients else SHIPPED), table
    return least, table


def _blend_or_kept(losses: Mapping[str, np.ndarray], rows: np.ndarray) -> str:
    kept = _least({name: loss for name, loss in losses.items() if name not in NOTHING_KEPT})
    blend = _candidate(BLENDED, losses[BLENDED], losses[kept], rows)
    return BLENDED if blend.more <= blend.standard_error else kept


def _least(losses: Mapping[str, np.ndarray]) -> str:
    return min(losses, key=lambda name: float(losses[name].sum()))


def _candidate(name: str, loss: np.ndarray, least: np.ndarray, rows: np.ndarray) -> Candidate:
    """Means a row; the standard error of a ratio of sums over patients."""
    gap, count = loss - least, rows.sum()
    more = float(gap.sum() / count)
    residual = gap - more * rows
    patients = len(rows)
    error = float(np.sqrt((residual**2).sum() * patients / max(patients - 1, 1)) / count)
    return Candidate(name, float(loss.sum() / count), more, error)
