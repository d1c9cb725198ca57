"""Doses and days behind each severe event found early: arithmetic on counted alarms, no trial.

    policy          alarms  doses  found early   doses per event found early
    model at 1:10       40     38           20                           1.9
    CRP rule            90     70           18                           3.9

Nobody was treated by these alarms: what a dose would have changed is not known.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from training.judging.alarms.alarms import BUDGETS, Flags, Watch, alarms_of, alarms_within
from training.judging.alarms.events import Onsets, Tally, onsets_of, tally
from training.judging.rows.common_rows import JudgedRows
from training.judging.rows.metrics import FIRST_BASELINE, MAIN_MODEL
from training.judging.rows.resampled import compared, over
from training.judging.rows.sample import Numbers
from training.prices import CURRENCY, Prices

GRADE_RULE = "grade_2_rule"
CRP_RULE = "crp_rule"
TREATED_GRADE = 2.0
"""Anti-IL-6 is advised from grade 2 on: ASCO, doi 10.1200/JCO.21.01992; EBMT and EHA, doi
10.1016/j.annonc.2021.12.003."""


@dataclass(frozen=True)
class EconomicFigure:
    """One figure of the summary."""

    name: str
    title: str


FIGURES = (
    EconomicFigure("found_early", "Severe events found early (share)"),
    EconomicFigure("alarms_per_100", "Alarms per 100 patients"),
    EconomicFigure("doses_per_100", "Doses of anti-IL-6 per 100 patients"),
    EconomicFigure("doses_per_found", "Doses per event found early"),
    EconomicFigure("monitored_days_per_found", "Monitored days per event found early"),
    EconomicFigure("bed_days_per_found", "Bed-days per event found early"),
    EconomicFigure("cost_per_100", f"Cost per 100 patients ({CURRENCY})"),
    EconomicFigure("cost_per_found", f"Cost per event found early ({CURRENCY})"),
)
NOT_PRICED = "the price table lacks a price"
SAID = (
    "Arithmetic, not a trial: alarms of these records are counted and multiplied by the table. "
    "Nobody was treated by them, so what a dose or a bed would have changed is not known."
)


def judge_economics(
    watch: Watch,
    judged: JudgedRows,
    rules: Mapping[str, Flags],
    horizon: float,
    prices: Prices,
) -> dict[str, Any]:
    """The summary of every policy, with intervals, and the model's less each other one's.

    Policies: the model and persistence at the main budget, and `rules`: the rows of `watch` on
    which each says that one would treat.
    """
    onsets = onsets_of(watch)
    policies = _policies(watch, judged, rules)
    sums = {
        name: policy_sums(watch, onsets, runs, horizon, prices) for name, runs in policies.items()
    }
    patients = int((sums[next(iter(sums))][:, 1] > 0).sum())
    values = {name: figures(one, judged.draws, prices) for name, one in sums.items()}
    return {
        "said": SAID,
        "currency": CURRENCY,
        "assumptions": prices.table(),
        **compared(values, patients, MAIN_MODEL, NOT_PRICED),
    }


def _policies(
    watch: Watch, judged: JudgedRows, rules: Mapping[str, Flags]
) -> dict[str, list[Flags]]:
    """Which rows sound under each policy, once a repeat and lot."""
    found: dict[str, list[Flags]] = {}
    for name in (MAIN_MODEL, FIRST_BASELINE):
        if name in judged.samples:
            found[name] = [run for one in judged.samples[name]
                           for run in alarms_within(watch, one.risk, BUDGETS[0])]  # fmt: skip
    return found | {name: [alarms_of(watch, calls)] for name, calls in rules.items()}


def policy_sums(
    watch: Watch, onsets: Onsets, runs: Sequence[Flags], horizon: float, prices: Prices
) -> Numbers:
    """Patients by (1, events, found early, alarms, doses), means over the runs."""
    each = [_of_run(tally(watch, onsets, horizon, [run]), prices) for run in runs]
    found: Numbers = np.mean(each, axis=0)
    return found


def _of_run(one: Tally, prices: Prices) -> Numbers:
    _, events, _, early, alarms, _ = one.counts.T
    doses = np.minimum(alarms * prices.doses_per_alarm, prices.most_doses_per_patient)
    return np.stack([np.ones(len(events)), events, early, alarms, doses], axis=1)


def figures(sums: Numbers, draws: Numbers, prices: Prices) -> dict[str, Numbers]:
    """Every figure of `FIGURES` under every line of `draws`; NaN where it is not defined."""
    patients, events, early, alarms, doses = (draws @ sums).T
    monitored = alarms * prices.monitored_days_per_alarm
    beds = alarms * prices.bed_days_per_alarm
    cost = _cost(doses, monitored, beds, prices)
    return {
        "found_early": over(early, events),
        "alarms_per_100": 100 * over(alarms, patients),
        "doses_per_100": 100 * over(doses, patients),
        "doses_per_found": over(doses, early),
        "monitored_days_per_found": over(monitored, early),
        "bed_days_per_found": over(beds, early),
        "cost_per_100": 100 * over(cost, patients),
        "cost_per_found": over(cost, early),
    }


def _cost(doses: Numbers, monitored: Numbers, beds: Numbers, prices: Prices) -> Numbers:
    """What it all costs; NaN where a price that counts was not given."""
    total = np.zeros(len(doses))
    for amount, price in (
        (doses, prices.anti_il6_dose), (monitored, prices.monitored_day), (beds, prices.bed_day),
    ):  # fmt: skip
        if price is not None:
            total = total + amount * price
        elif amount.any():
            return np.full(len(doses), math.nan)
    return total
