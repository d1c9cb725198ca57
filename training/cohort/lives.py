"""What a study would have counted: one row a patient, a CRS event, an infection, from the hours.

An event of CRS is over after `APART_H` hours without; durations and onsets count whole days as
trials do: the day of infusion or dose is day 1 of the first 24 hours.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from training.cohort.centres import centre
from training.cohort.chance import patient_keys
from training.cohort.infections import KINDS
from training.cohort.laboratories import PLACE
from training.cohort.observation import Columns, History
from training.cohort.parameters import CLOCK_AT_START, HOURS_BEFORE_FIRST_DOSE
from training.cohort.people import make_people
from training.cohort.simulation import live
from training.cohort.studies import Study

APART_H = 24
_PATIENT_HOURS_AT_ONCE = 400_000
_FUNGAL = [kind.name for kind in KINDS].index("fungal") + 1


@dataclass(frozen=True)
class Lives:
    """A study's virtual patients: `people` (one row each), `events` of CRS, `infections`.

    All hours count from day 0; NaN where something never happened.
    """

    people: pd.DataFrame
    events: pd.DataFrame
    infections: pd.DataFrame


def live_study(
    study: Study, patients: int, seed: int, fields: dict[str, float] | None = None
) -> Lives:
    """Simulate `patients` of the study and count as it did; `fields` in place of those fitted."""
    parts = [_count(history, first) for first, history in histories(study, patients, seed, fields)]
    return Lives(
        *(_joined([part[i] for part in parts]) for i in range(3)),
    )


def histories(
    study: Study, patients: int, seed: int, fields: dict[str, float] | None = None
) -> Iterator[tuple[int, History]]:
    """The study's patients some at a time: the number of the first of them, and what happened."""
    hours = HOURS_BEFORE_FIRST_DOSE + 24 * study.days
    at_once = max(1, _PATIENT_HOURS_AT_ONCE // hours)
    products = (study.treatment(fields),)
    place, clinicians = centre(study.centre), study.clinicians(fields)
    for first in range(0, patients, at_once):
        keys = patient_keys(seed, first, min(at_once, patients - first))
        people = make_people(keys, products, study.physiology(fields))
        yield first, live(people, products, place, study.days, clinicians)


def _joined(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    filled = [part for part in parts if len(part)] or [parts[0]]
    return pd.concat(filled, ignore_index=True)


def _count(history: History, first: int) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    people = _people(history).assign(patient=lambda table: table.index + first)
    events, infections = crs_events(history), _infections(history)
    return (
        people,
        events.assign(patient=events["patient"] + first),
        infections.assign(patient=infections["patient"] + first),
    )


def _first_hour(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Hours from day 0 to the first True (hour x patient); NaN without one."""
    first = mask.argmax(axis=0).astype(float) - HOURS_BEFORE_FIRST_DOSE
    return np.where(mask.any(axis=0), first, np.nan)


def _people(history: History) -> pd.DataFrame:
    state, care, persons = history.state, history.care, history.people.persons
    sick = care["charted"] > 0
    neutrophils = history.labs[:, :, PLACE["neutrophils"]][HOURS_BEFORE_FIRST_DOSE:]
    lee_3 = (care["oxygen_device"] >= 2) | (care["vasopressors"] >= 2)
    lee_3 |= care["norepinephrine"] >= LEE_HIGH_DOSE
    penn_3 = (care["vasopressors"] >= 1) | (care["oxygen_device"] >= 1)
    penn_3 |= care["fluid"] > PENN_FLUIDS
    return pd.DataFrame(
        {
            "age": persons["age"],
            "worst": care["charted"].max(axis=0),
            "worst_lee_3": (sick & lee_3).any(axis=0),
            "worst_penn_3": (sick & penn_3).any(axis=0),
            "onset_h": _first_hour(sick),
            "severe_h": _first_hour(care["charted"] >= 3),
            "end_h": history.hours - 1 - sick[::-1].argmax(axis=0) - HOURS_BEFORE_FIRST_DOSE,
            "hottest": np.where(sick & care["checked"], care["temperature"], 0.0).max(axis=0),
            "hypotension": (sick & (_pressed(care) | (care["vasopressors"] > 0))).any(axis=0),
            "hypoxia": (sick & (care["oxygen_device"] > 0)).any(axis=0),
            "tocilizumab": (sick & (care["tocilizumab"] > 0)).any(axis=0),
            "tocilizumab_h": _first_hour(care["tocilizumab"] > 0),
            "siltuximab": (care["siltuximab"] > 0).any(axis=0),
            "improved": _improved(care),
            "treated": (sick & _treated(care)).any(axis=0),
            "icans": (care["icans"] > 0).any(axis=0),
            "in_hospital_with_crs": (sick & care["inside"]).any(axis=0),
            "sensed_earlier_h": _sensed_earlier(history),
            "steroid": (sick & care["steroids"]).any(axis=0),
            "il6_peak_day": _peak_day(history, "il6"),
            "ifn_gamma_peak_day": _peak_day(history, "ifn_gamma"),
            "il6_highest": morning(history, "il6")[:29].max(axis=0),
            "ifn_gamma_highest": morning(history, "ifn_gamma")[:29].max(axis=0),
            "ifn_gamma_day_7": morning(history, "ifn_gamma")[7],
            "il6_day_15": morning(history, "il6")[15],
            "ferritin_weekly_peak": morning(history, "ferritin")[::7].max(axis=0),
            "crp_weekly_peak": morning(history, "crp")[::7].max(axis=0),
            "ferritin_peak": history.labs[:, :, PLACE["ferritin"]].max(axis=0),
            "crp_peak": history.labs[:, :, PLACE["crp"]].max(axis=0),
            "il6_crp": _il6_crp(history),
            "neutropenic_d": (neutrophils < 0.5).sum(axis=0) / 24.0,
            "neutropenia_3_4": (neutrophils < 1.0).any(axis=0),
            "igg_lowest": history.labs[:, :, PLACE["igg"]].min(axis=0),
            "m_easix": _m_easix(history.people.rest),
            "m_easix_before": _m_easix(history.labs[HOURS_BEFORE_FIRST_DOSE - 24]),
            "m_easix_after": _m_easix(history.labs[HOURS_BEFORE_FIRST_DOSE + 24]),
            "hematotox": _hematotox(history.people.rest),
            **_first_fever(history),
            "hlh": (state["hlh"] > HLH).any(axis=0),
            "alive_h": state["alive"].sum(axis=0) - HOURS_BEFORE_FIRST_DOSE,
        }
    )


HLH = 0.3
"""Haemophagocytosis that would be diagnosed (assumed)."""


def _m_easix(labs: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    ldh, crp, platelets = (labs[:, PLACE[key]] for key in ("ldh", "crp", "platelets"))
    return np.asarray(ldh * crp / platelets, dtype=np.float64)


def _hematotox(labs: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """CAR-HEMATOTOX, 0 to 7 (Rejeski 2021, Blood 138:2499): high from 2 on."""
    platelets, ferritin = labs[:, PLACE["platelets"]], labs[:, PLACE["ferritin"]]
    return np.asarray(
        (platelets <= 175.0).astype(int) + (platelets < 75.0)
        + (labs[:, PLACE["neutrophils"]] <= 1.2)
        + (labs[:, PLACE["hemoglobin"]] <= 90.0)
        + (labs[:, PLACE["crp"]] >= 30.0)
        + (ferritin >= 650.0) + (ferritin > 2000.0)
    )  # fmt: skip


def _first_fever(history: History) -> dict[str, npt.NDArray[np.float64]]:
    """The first measured fever from the first dose on: procalcitonin 12 h later, infection then."""
    hour = np.arange(history.hours)[:, None]
    hot = (history.care["any_fever_at"] == hour) & (hour >= HOURS_BEFORE_FIRST_DOSE)
    who = np.arange(hot.shape[1])
    later = np.minimum(hot.argmax(axis=0) + 12, history.hours - 1)
    level = history.labs[later, who, PLACE["procalcitonin"]]
    infected = history.state["burden"][later, who] > 0.1
    seen = hot.any(axis=0)
    return {
        "fever_procalcitonin": np.where(seen, level, np.nan),
        "fever_of_infection": np.where(seen, infected, np.nan),
    }


LEE_HIGH_DOSE = 0.25
"""ug/kg/min: norepinephrine of 20 ug/min for 80 kg is the high dose of Lee 2014 (Blood 124:188)."""

LYMPHODEPLETION_D = 5
"""Infections are kept from lymphodepletion on, so many days before day 0."""

PENN_FLUIDS = 12.0
"""mm[Hg] of fluids in effect: more than one bolus, grade 3 of Porter 2018 (doi
10.1186/s13045-018-0571-y)."""


MORNING = 5
"""Hour of the day at which blood is drawn from patients who stay in."""


def morning(history: History, key: str) -> npt.NDArray[np.float32]:
    """The true level (day x patient) at five in the morning, from the day of the first dose on."""
    start = HOURS_BEFORE_FIRST_DOSE + MORNING - CLOCK_AT_START
    return history.labs[start::24, :, PLACE[key]]


def _peak_day(history: History, key: str) -> npt.NDArray[np.int64]:
    """Calendar days from the first dose to the highest morning value within four weeks."""
    return morning(history, key)[:29].argmax(axis=0)


def _treated(care: Columns) -> npt.NDArray[np.bool_]:
    blocked = (care["tocilizumab"] > 0) | (care["siltuximab"] > 0)
    return np.asarray(blocked | care["steroids"])


def _improved(care: Columns) -> npt.NDArray[np.float64]:
    """1 where CRS was of lower grade three days after siltuximab, 0 where not; NaN without it."""
    given = care["siltuximab"] > 0
    hour = given.argmax(axis=0)
    later = np.minimum(hour + 72, len(given) - 1)
    who = np.arange(given.shape[1])
    better = care["charted"][later, who] < np.maximum(care["charted"][hour, who], 1)
    return np.where(given.any(axis=0), better.astype(float), np.nan)


def _sensed_earlier(history: History) -> npt.NDArray[np.float64]:
    """Hours from the moment of the first true 38.0 Cel of CRS to the first measured; else NaN."""
    temperature = history.state["temperature"]
    hot = (temperature >= 38.0) & (history.state["fever_of_drive"] > 0.5)
    first, who = np.maximum(hot.argmax(axis=0), 1), np.arange(hot.shape[1])
    before, at = temperature[first - 1, who], temperature[first, who]
    part_of_hour = np.where(before < 38.0, (at - 38.0) / np.maximum(at - before, 1e-6), 0.0)
    true, measured = _first_hour(hot), _first_hour(history.care["charted"] > 0)
    return np.where(true <= measured, measured - true + part_of_hour, np.nan)


def _pressed(care: Columns) -> npt.NDArray[np.bool_]:
    hour = np.arange(len(care["charted"]))[:, None]
    return np.asarray(care["hypotension_at"] == hour)


def _il6_crp(history: History) -> npt.NDArray[np.float64]:
    """Rank correlation cannot be had from one patient: see `targets`; peak IL-6 before blockade."""
    free = history.state["blocked"] < 0.05
    return np.where(free, history.labs[:, :, PLACE["il6"]], 0.0).max(axis=0)


def crs_events(history: History) -> pd.DataFrame:
    """One row an event of CRS: patient, dose (running number before it), from_dose_h, hours, worst.

    `tocilizumab` tells whether it was given within the event.
    """
    sick = history.care["charted"] > 0
    hour, patient = np.nonzero(sick)
    order = np.lexsort((hour, patient))
    hour, patient = hour[order], patient[order]
    new = np.ones(len(hour), dtype=bool)
    new[1:] = (patient[1:] != patient[:-1]) | (hour[1:] - hour[:-1] > APART_H)
    event = np.cumsum(new) - 1
    grade = history.care["charted"][hour, patient]
    given = history.care["tocilizumab"][hour, patient] > 0
    table = pd.DataFrame(
        {"event": event, "patient": patient, "hour": hour, "grade": grade, "given": given}
    )
    events = table.groupby("event").agg(
        patient=("patient", "first"),
        start=("hour", "first"),
        end=("hour", "last"),
        worst=("grade", "max"),
        tocilizumab=("given", "max"),
        hours=("hour", "size"),
    )
    dosed = history.care["dose"] > 0
    number = np.cumsum(dosed, axis=0)
    latest = np.maximum.accumulate(np.where(dosed, np.arange(len(dosed))[:, None], 0), axis=0)
    start, who = events["start"].to_numpy(), events["patient"].to_numpy()
    return events.assign(
        dose=number[start, who],
        from_dose_h=start - latest[start, who],
        start_h=start - HOURS_BEFORE_FIRST_DOSE,
    ).reset_index(drop=True)


def _infections(history: History) -> pd.DataFrame:
    """What was recognised or presumed, as a study would count it."""
    state, care = history.state, history.care
    hour, patient = np.nonzero((care["documented"] > 0) & state["alive"])
    onset = care["documented_onset"][hour, patient]
    table = pd.DataFrame(
        {
            "patient": patient,
            "day": (onset - HOURS_BEFORE_FIRST_DOSE) / 24.0,
            "severe": (state["severe_infection"] & (state["burden"] > 0))[hour, patient],
            "fungal": care["documented"][hour, patient] == _FUNGAL,
        }
    )
    return table[table["day"] >= -LYMPHODEPLETION_D].reset_index(drop=True)
