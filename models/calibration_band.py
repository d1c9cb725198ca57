"""What was observed in patients apart: limits of the rate at each height of risk, whatever curve.

They rest on one assumption alone, that the rate does not fall where the model's risk rises. The
rate at a risk is then at most that of the rows from there up, and at least that of the rows from
there down, so that limits exist even where too few rows are alike.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit
from scipy.stats import beta

from features.tables import InvalidInputError

LEVEL = 0.90
WIDTH = float(np.log(2.0))
"""Log-odds of one group: within it the odds differ up to twofold (choice of this project)."""

FEWEST_ROWS = 20
"""A group with fewer rows joins the next one up, the last one the one below."""

HALF = 0.5
"""No pool counts less than half an event, or half a row without one (Haldane 1956)."""


@dataclass(frozen=True)
class Band:
    """Limits of the rate, in log-odds, at rising calibrated log-odds: the places of the groups.

    Linear between the places. Below the first the upper limit stays and the lower one falls with
    the risk; above the last the lower limit stays and the upper one rises with it. Without a place
    nothing was observed and the limits are the risk itself.
    """

    log_odds: tuple[float, ...] = ()
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()

    def limits(self, log_odds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper limit in log-odds at these calibrated log-odds."""
        if not self.log_odds:
            return log_odds, log_odds
        first, last = self.log_odds[0], self.log_odds[-1]
        low = np.interp(log_odds, self.log_odds, self.low) - np.maximum(first - log_odds, 0.0)
        high = np.interp(log_odds, self.log_odds, self.high) + np.maximum(log_odds - last, 0.0)
        return low, high

    def check(self, place: str) -> None:
        """Refuse places that do not rise, and limits that have changed sides."""
        if not len(self.log_odds) == len(self.low) == len(self.high):
            raise InvalidInputError(f"{place}: log_odds, low and high differ in length")
        if (np.diff(self.log_odds) <= 0.0).any():
            raise InvalidInputError(f"{place}: log_odds must rise")
        if np.greater(self.low, self.high).any():
            raise InvalidInputError(f"{place}: low must not lie above high")


def fit_band(
    log_odds: np.ndarray, label: np.ndarray, patient: np.ndarray, counts: np.ndarray | None = None
) -> Band:
    """The band of rows whose risks came from members that had not seen the patient.

    Each limit is Clopper and Pearson's, its counts divided by the design effect of several rows a
    patient (Korn and Graubard 1998, Survey Methodology 24:193); one effect serves all groups, most
    of which hold too few events for one of their own. Of the pools that begin with a group and go
    up (for the lower limit: down) the one is taken whose limit would be tightest if the risks were
    right: a choice that does not look at the events pooled. `counts`, how many rows of the
    population each stands for, are taken down to as many rows as they are worth (Kish 1965).
    """
    worth = np.ones(len(label)) if counts is None else counts * counts.sum() / (counts @ counts)
    risk = expit(log_odds)
    group = _groups(log_odds)
    effect = design_effect(group, label, patient)
    rows, events, expected = (
        np.bincount(group, worth * each) / effect for each in (np.ones(len(label)), label, risk)
    )
    turned = _upper(rows[::-1], (rows - events)[::-1], (rows - expected)[::-1])[::-1]
    places = logit(expected / rows)
    ends = np.stack([logit(1.0 - turned), logit(_upper(rows, events, expected))])
    low, high = np.sort(ends, axis=0)  # they cross only where the rate falls as the risk rises
    return Band(tuple(map(float, places)), tuple(map(float, low)), tuple(map(float, high)))


def _upper(rows: np.ndarray, events: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Each group's upper limit, from a pool of itself and groups that follow it."""
    pooled = np.empty((2, len(rows)))
    for place in range(len(rows)):
        size, seen, foretold = (np.cumsum(counts[place:]) for counts in (rows, events, expected))
        best = int(np.argmin(upper_limit(foretold, size)))
        pooled[:, place] = seen[best], size[best]
    return upper_limit(*pooled)


def exact_limits(events: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Clopper and Pearson's limits of a rate at `LEVEL`, never 0 or 1; counts need not be whole."""
    return 1.0 - upper_limit(rows - events, rows), upper_limit(events, rows)


def upper_limit(events: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The upper one of `exact_limits`."""
    others = np.maximum(rows - events, HALF)
    limit: np.ndarray = beta.ppf((1.0 + LEVEL) / 2.0, events + 1.0, others)
    return limit


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


def _groups(log_odds: np.ndarray) -> np.ndarray:
    """The running number of each row's group, from the lowest risks up."""
    _, bin_of = np.unique(np.floor(log_odds / WIDTH), return_inverse=True)
    in_bin = np.bincount(bin_of)
    number, held = np.zeros(len(in_bin), dtype=int), 0
    for place, count in enumerate(in_bin):
        full = held >= FEWEST_ROWS
        number[place] = (number[place - 1] if place else 0) + full
        held = count + (0 if full else held)
    if held < FEWEST_ROWS and number[-1] > 0:
        number[number == number[-1]] -= 1
    return number[bin_of]
