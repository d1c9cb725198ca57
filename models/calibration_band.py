"""What was observed in patients apart at each height of risk: how far the rate may lie from it."""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit
from scipy.stats import beta

from features.tables import InvalidInputError

LEVEL = 0.90
WIDTH = float(np.log(3.0))
"""Log-odds of one group: within it the odds differ up to threefold (choice of this project)."""

FEWEST_EXPECTED = 2.0
"""Expected events, and expected rows without one, below which a group joins its neighbour."""

HALF = 0.5
"""No group counts less than half an event, or half a row without one (Haldane 1956)."""


@dataclass(frozen=True)
class Band:
    """Lower and upper shift of the log-odds at rising calibrated log-odds, one a group of rows.

    Linear between the groups' places and constant beyond; without a group nothing is shifted.
    `low` is never above 0 and `high` never below, so that the risk itself lies inside.
    """

    log_odds: tuple[float, ...] = ()
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()

    def shifts(self, log_odds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """How far the limits lie from these calibrated log-odds."""
        if not self.log_odds:
            return np.zeros_like(log_odds), np.zeros_like(log_odds)
        low, high = (np.interp(log_odds, self.log_odds, ends) for ends in (self.low, self.high))
        return low, high

    def check(self, place: str) -> None:
        """Refuse places that do not rise, and limits that leave the risk outside."""
        if not len(self.log_odds) == len(self.low) == len(self.high):
            raise InvalidInputError(f"{place}: log_odds, low and high differ in length")
        if (np.diff(self.log_odds) <= 0.0).any():
            raise InvalidInputError(f"{place}: log_odds must rise")
        if max(self.low, default=0.0) > 0.0 or min(self.high, default=0.0) < 0.0:
            raise InvalidInputError(f"{place}: low must not lie above 0, nor high below")


def fit_band(log_odds: np.ndarray, label: np.ndarray, patient: np.ndarray) -> Band:
    """The band of rows whose risks came from members that had not seen the patient.

    Rows are grouped by risk; each group's rate has the exact binomial interval of Clopper and
    Pearson at `LEVEL`, its counts divided by the design effect of several rows a patient (Korn and
    Graubard 1998, Survey Methodology 24:193). One design effect serves all groups: most hold too
    few events for one of their own.
    """
    risk = expit(log_odds)
    group = _groups(log_odds, risk)
    rows, events = np.bincount(group), np.bincount(group, label)
    effect = design_effect(group, label, patient)
    low, high = exact_limits(events / effect, rows / effect)
    foretold = logit(np.bincount(group, risk) / rows)
    return Band(
        tuple(map(float, foretold)),
        tuple(map(float, np.minimum(logit(low) - foretold, 0.0))),
        tuple(map(float, np.maximum(logit(high) - foretold, 0.0))),
    )


def exact_limits(events: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Clopper and Pearson's limits of a rate at `LEVEL`, never 0 or 1; counts need not be whole."""
    tail, others = (1.0 - LEVEL) / 2.0, rows - events
    low = beta.ppf(tail, np.maximum(events, HALF), others + 1.0)
    high = beta.ppf(1.0 - tail, events + 1.0, np.maximum(others, HALF))
    return low, high


def design_effect(group: np.ndarray, label: np.ndarray, patient: np.ndarray) -> float:
    """Variance of the groups' rates with patients as clusters, over that of single rows; 1 or more.

    Kish 1965; numerator and denominator are summed over the groups.
    """
    group, cluster = (np.unique(names, return_inverse=True)[1] for names in (group, patient))
    rate = np.bincount(group, label) / np.bincount(group)
    both = cluster * (group.max() + 1) + group
    clustered = (np.bincount(both, label - rate[group]) ** 2).sum()
    single = (rate * (1.0 - rate) * np.bincount(group)).sum()
    return float(max(1.0, clustered / single)) if single > 0.0 else 1.0


def _groups(log_odds: np.ndarray, risk: np.ndarray) -> np.ndarray:
    """The running number of each row's group, from the lowest risks up."""
    _, bin_of = np.unique(np.floor(log_odds / WIDTH), return_inverse=True)
    expected, quiet = np.bincount(bin_of, risk), np.bincount(bin_of, 1.0 - risk)
    number = np.zeros(len(expected), dtype=int)
    events = others = 0.0
    for place in range(len(expected)):
        full = min(events, others) >= FEWEST_EXPECTED
        number[place] = (number[place - 1] if place else 0) + full
        events, others = (0.0, 0.0) if full else (events, others)
        events, others = events + expected[place], others + quiet[place]
    if min(events, others) < FEWEST_EXPECTED and number[-1] > 0:
        number[number == number[-1]] -= 1
    return number[bin_of]
