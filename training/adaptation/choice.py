"""Which way is taken: the one that foretold unseen local patients best."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from training.adaptation.ways import RECALIBRATED, SHIPPED, Way
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
    ways: Sequence[Way], losses: Mapping[str, np.ndarray], rows: np.ndarray, event_patients: int
) -> tuple[str, tuple[Candidate, ...]]:
    """The chosen way and what it was chosen among.

    The way with the least log loss on patients that its fits had not seen; the least change where
    two are equal. With too few patients with an event to choose by (`FEWEST_EVENT_PATIENTS`) the
    shipped model is recalibrated; without any it stays as it is. (The rule of one standard error
    towards the least change was tried and kept shipped models for too long: docs/adaptation.md.)

    Args:
        ways: those tried.
        losses: by way, each patient's sum of log loss over judged rows.
        rows: each patient's number of judged rows.
        event_patients: how many patients have an event.
    """
    least = min(ways, key=lambda way: float(losses[way.name].sum())).name
    table = tuple(_candidate(way.name, losses[way.name], losses[least], rows) for way in ways)
    if event_patients < FEWEST_EVENT_PATIENTS:
        return (RECALIBRATED if event_patients else SHIPPED), table
    return least, table


def _candidate(name: str, loss: np.ndarray, least: np.ndarray, rows: np.ndarray) -> Candidate:
    """Means a row; the standard error of a ratio of sums over patients."""
    gap, count = loss - least, rows.sum()
    more = float(gap.sum() / count)
    residual = gap - more * rows
    patients = len(rows)
    error = float(np.sqrt((residual**2).sum() * patients / max(patients - 1, 1)) / count)
    return Candidate(name, float(loss.sum() / count), more, error)
