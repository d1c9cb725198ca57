"""Which way is taken: the least change that unseen local patients do not speak against."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from training.adaptation.ways import RECALIBRATED, SHIPPED, Way
from training.metrics import FEWEST_EVENT_PATIENTS


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

    Of all ways that change as little as possible, the one with the least log loss, provided that it
    is within one standard error of the least of all (the rule of Breiman 1984, with the paired
    error over patients). So the shipped model stays unless recalibrating it is clearly better, and
    trees stay unless new ones are. With too few patients with an event to choose by
    (`FEWEST_EVENT_PATIENTS`) the shipped model is recalibrated; without any it stays as it is.

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
    near = {one.way for one in table if one.more <= one.standard_error}
    change = min(way.change for way in ways if way.name in near)
    kept = [way for way in ways if way.change == change]
    return min(kept, key=lambda way: float(losses[way.name].sum())).name, table


def _candidate(name: str, loss: np.ndarray, least: np.ndarray, rows: np.ndarray) -> Candidate:
    """Means a row; the standard error of a ratio of sums over patients."""
    gap, count = loss - least, rows.sum()
    more = float(gap.sum() / count)
    residual = gap - more * rows
    patients = len(rows)
    error = float(np.sqrt((residual**2).sum() * patients / max(patients - 1, 1)) / count)
    return Candidate(name, float(loss.sum() / count), more, error)
