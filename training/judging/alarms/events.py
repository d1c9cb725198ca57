"""How good alarms are, event by event: found in time, how long before, at how many alarms.

An event is one onset, with at least one judged row in the hours before it. Every figure comes from
sums per patient, so that the resamples of patients which the row-level figures use serve here too;
the threshold is set on all patients and held in the resamples.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from training.judging.alarms.alarms import (
    BUDGETS,
    SILENT_HOURS,
    Budget,
    Flags,
    Places,
    Watch,
    alarms_within,
)
from training.judging.rows.metrics import MAIN_MODEL
from training.judging.rows.resampled import compared, over
from training.judging.rows.sample import Numbers, Sample

EARLY_HOURS = 72.0
"""An alarm up to so long before the onset counts as an early warning of it (a choice)."""

QUARTILES = (0.25, 0.5, 0.75)


@dataclass(frozen=True)
class EventMetric:
    """One figure of the event level; `better` as in `training.judging.rows.metrics.Metric`."""

    name: str
    title: str
    meaning: str
    better: int


EVENT_METRICS = (
    EventMetric("found", "Events found in the horizon",
                "Share of events with an alarm within the horizon before the onset", 1),
    EventMetric("found_early", f"Events found up to {EARLY_HOURS:g} h before",
                "Share of events with an alarm at any time in these hours before the onset", 1),
    EventMetric("lead_median", "Lead time, median (h)",
                "Hours from the first alarm of these hours to the onset, of the events found", 1),
    EventMetric("lead_low", "Lead time, lower quartile (h)",
                "A quarter of the events found have less", 1),
    EventMetric("lead_high", "Lead time, upper quartile (h)",
                "A quarter of the events found have more", 1),
    EventMetric("ppv", "Right alarms", "Share of alarms with an onset within the horizon", 1),
    EventMetric("alarms_per_found", "Alarms per event found",
                "All alarms over the events found in the horizon", -1),
    EventMetric("false_alarms_per_day", "False alarms per patient-day",
                "Alarms without an onset within the horizon", -1),
    EventMetric("alarms_per_day", "Alarms per patient-day", "Those that sounded", 0),
)  # fmt: skip


@dataclass(frozen=True)
class Onsets:
    """The onsets that a watch could have warned of.

    `of_row`: each row's onset (-1 where none follows within `EARLY_HOURS`), `patient`: each
    onset's.
    """

    of_row: Places
    patient: Places


@dataclass(frozen=True)
class Tally:
    """Sums per patient of one scorer's alarms, and each found event's lead time.

    `counts`: patients by (days, events, found, found early, alarms, right alarms). `lead`: hours of
    the events found early, with `lead_patient` and `lead_weight` (shares of lots).
    """

    counts: Numbers
    lead: Numbers
    lead_patient: Places
    lead_weight: Numbers


def onsets_of(watch: Watch) -> Onsets:
    """Onsets with a judged row in the `EARLY_HOURS` before them."""
    near = watch.ahead <= EARLY_HOURS
    moment = np.round((watch.hour + watch.ahead)[near], 6)
    patient = watch.patient[near]
    distinct, code = np.unique(np.stack([patient, moment], axis=1), axis=0, return_inverse=True)
    of_row = np.full(len(watch), -1, dtype=np.int64)
    of_row[near] = code.ravel()
    return Onsets(of_row, distinct[:, 0].astype(np.int64))


def tally(watch: Watch, onsets: Onsets, horizon: float, runs: Sequence[Flags]) -> Tally:
    """The sums over the alarms of each run (which rows sound), divided by the number of runs."""
    share = 1.0 / len(runs)
    counts = np.zeros((watch.patients, 6))
    counts[:, 0] = watch.days
    counts[:, 1] = _per_patient(watch, onsets.patient)
    leads = []
    for sounds in runs:
        lead = _leads(watch, onsets, sounds)
        in_time = _leads(watch, onsets, sounds & (watch.ahead <= horizon)) > 0
        right = sounds & (watch.ahead <= horizon)
        for column, who in enumerate(
            (onsets.patient[in_time], onsets.patient[lead > 0],
             watch.patient[sounds], watch.patient[right]), start=2,
        ):  # fmt: skip
            counts[:, column] += share * _per_patient(watch, who)
        leads.append(lead)
    every = np.concatenate(leads)
    found = every > 0
    who = np.tile(onsets.patient, len(runs))[found]
    return Tally(counts, every[found], who, np.full(len(who), share))


def _per_patient(watch: Watch, who: Places) -> Numbers:
    return np.bincount(who, minlength=watch.patients).astype(np.float64)


def _leads(watch: Watch, onsets: Onsets, sounds: Flags) -> Numbers:
    """Each onset's hours from its first alarm, 0 where none sounded."""
    lead = np.zeros(len(onsets.patient))
    warned = sounds & (onsets.of_row >= 0)
    np.maximum.at(lead, onsets.of_row[warned], watch.ahead[warned])
    return lead


def event_figures(found: Tally, draws: Numbers) -> dict[str, Numbers]:
    """Every figure of `EVENT_METRICS` under every line of `draws`; NaN where it is not defined."""
    days, events, in_time, early, alarms, right = (draws @ found.counts).T
    low, median, high = _quantiles(found, draws)
    return {
        "found": over(in_time, events),
        "found_early": over(early, events),
        "lead_median": median,
        "lead_low": low,
        "lead_high": high,
        "ppv": over(right, alarms),
        "alarms_per_found": over(alarms, in_time),
        "false_alarms_per_day": over(alarms - right, days),
        "alarms_per_day": over(alarms, days),
    }


def _quantiles(found: Tally, draws: Numbers) -> Numbers:
    """Quartiles of the lead times under each draw; between two values their mean, as of a median.

    The averaged inverse of the distribution function: Hyndman and Fan 1996, definition 2, doi
    10.1080/00031305.1996.10473566.
    """
    if not len(found.lead):
        return np.full((len(QUARTILES), len(draws)), math.nan)
    order = np.argsort(found.lead, kind="stable")
    weight = draws[:, found.lead_patient[order]] * found.lead_weight[order]
    running = np.cumsum(weight, axis=1)
    total = running[:, -1:]
    leads = np.append(found.lead[order], math.nan)
    between = [
        (leads[(running < share * total - 1e-9).sum(axis=1)]
         + leads[(running <= share * total + 1e-9).sum(axis=1)]) / 2.0
        for share in QUARTILES
    ]  # fmt: skip
    return np.where(total[:, 0] > 0, np.stack(between), math.nan)


def judge_events(
    watch: Watch,
    samples: Mapping[str, Sequence[Sample]],
    draws: Numbers,
    horizon: float,
    budgets: Iterable[Budget] = BUDGETS,
) -> dict[str, Any]:
    """Every scorer's alarms at every budget, with intervals, and the model's paired differences.

    `samples` hold the rows of `watch` in its order, one sample a repeat of the cross-validation.
    """
    onsets = onsets_of(watch)
    patients = len(np.unique(onsets.patient))
    found = {}
    for budget in budgets:
        tallies = {
            name: tally(watch, onsets, horizon,
                        [run for one in repeats for run in alarms_within(watch, one.risk, budget)])
            for name, repeats in samples.items()
        }  # fmt: skip
        values = {name: event_figures(one, draws) for name, one in tallies.items()}
        found[budget.title] = {"alarms_per_day_allowed": budget.per_day} | compared(
            values, patients, MAIN_MODEL, "no alarm or no event"
        )
    return {
        "horizon_hours": horizon,
        "early_hours": EARLY_HOURS,
        "silent_hours": SILENT_HOURS,
        "events": len(onsets.patient),
        "patients_with_event": patients,
        "patient_days": int(watch.days.sum()),
        "budgets": found,
    }


def watch_of(sample: Sample, hour: Numbers, ahead: Numbers) -> Watch:
    """The judged rows as rows on which alarms may sound; sorted by patient and hour already."""
    _, first = np.unique(sample.day, return_index=True)
    days = np.bincount(sample.patient[first], minlength=sample.patients).astype(np.float64)
    return Watch(sample.patient.astype(np.int64), hour, ahead, sample.patients, days)
