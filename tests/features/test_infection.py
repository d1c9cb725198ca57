"""Each definition of infection line by line, and the course of episodes, by hand."""

import numpy as np
import pandas as pd
import pytest

from features.catalogue import CLASS_KEYS, DRUGS
from features.infection import EPISODE_COLUMNS, infection_episodes, onset_events

FEVER = ("temperature", 0.0, 38.5)
CULTURE, GREW, COMMENSAL = (
    "blood_culture",
    ("blood_culture", 0.0, 1.0),
    ("skin_commensal", 0.0, 1.0),
)
DRUG, FOCUS = "antimicrobial_treatment", ("infection_focus", 0.0, 1.0)
FOUR_DAYS = tuple((DRUG, hour, np.nan) for hour in (2.0, 26.0, 50.0, 74.0))
THREE_DAYS = FOUR_DAYS[:3]

CASES = {  # events (key, hour, value[, known]) -> (kind, onset hour, known hour) or none
    "nothing": ((), None),
    "fever alone": ((FEVER,), None),
    "treatment alone": (FOUR_DAYS, None),
    "a fever of unknown origin, treated": ((FEVER, *FOUR_DAYS), None),
    "a pathogen, treated": ((GREW, FEVER, (DRUG, 2.0, np.nan)), ("microbiological", 0, 2)),
    "a pathogen known late": (
        (("blood_culture", 0.0, 1.0, 30.0), FEVER, (DRUG, 2.0, np.nan)), ("microbiological", 0, 30)
    ),
    "a pathogen without treatment": ((GREW, FEVER), None),
    "a pathogen without signs": ((GREW, (DRUG, 2.0, np.nan)), None),
    "a pathogen, signs a day off": (
        (GREW, ("temperature", 24.0, 38.0), (DRUG, 2.0, np.nan)), ("microbiological", 0, 24)
    ),
    "a pathogen, signs later still": (
        (GREW, ("temperature", 24.1, 38.0), (DRUG, 2.0, np.nan)), None
    ),
    "a pathogen in hypothermia": (
        (GREW, ("temperature", 1.0, 35.9), (DRUG, 2.0, np.nan)), ("microbiological", 0, 2)
    ),
    "a pathogen in shock": (
        (GREW, ("systolic_bp", 1.0, 89.0), (DRUG, 2.0, np.nan)), ("microbiological", 0, 2)
    ),
    "a pathogen treated before": ((GREW, FEVER, (DRUG, -5.0, np.nan)), ("microbiological", -5, 0)),
    "a pathogen treated too late": ((GREW, FEVER, (DRUG, 72.1, np.nan)), None),
    "a pathogen under prophylaxis": (
        (GREW, FEVER, ("antimicrobial_prophylaxis", 2.0, np.nan)), None
    ),
    "another test than blood": (
        (("pathogen_test", 0.0, 1.0), FEVER, (DRUG, 2.0, np.nan)), ("microbiological", 0, 2)
    ),
    "a commensal once": ((GREW, COMMENSAL, FEVER, (DRUG, 2.0, np.nan)), None),
    "a commensal twice": (
        (GREW, COMMENSAL, (CULTURE, 10.0, 1.0), ("skin_commensal", 10.0, 1.0), FEVER,
         (DRUG, 2.0, np.nan)),
        ("microbiological", 0, 10),
    ),
    "a commensal again days later": (
        (GREW, COMMENSAL, (CULTURE, 49.0, 1.0), ("skin_commensal", 49.0, 1.0), FEVER,
         (DRUG, 2.0, np.nan)),
        None,
    ),
    "a focus, treated": ((FOCUS, (DRUG, 2.0, np.nan)), ("clinical", 0, 2)),
    "a focus without treatment": ((FOCUS,), None),
    "culture, then four days": (((CULTURE, 0.0, 0.0), *FOUR_DAYS), ("suspected", 0, 74)),
    "culture, then three days": (((CULTURE, 0.0, 0.0), *THREE_DAYS), None),
    "culture, then treatment late": (
        ((CULTURE, -71.0, 0.0), *((k, h + 0.1, v) for k, h, v in FOUR_DAYS)), None
    ),
    "culture three days before": (((CULTURE, -70.0, 0.0), *FOUR_DAYS), ("suspected", -70, 74)),
    "treatment, then culture": (((CULTURE, 26.0, 0.0), *FOUR_DAYS), ("suspected", 2, 74)),
    "treatment, then culture late": (((CULTURE, 26.1, 0.0), *FOUR_DAYS), None),
    "three days, then death": (
        ((CULTURE, 0.0, 0.0), *THREE_DAYS, ("death", 60.0, np.nan)), ("suspected", 0, 60)
    ),
    "three days, then home": (
        ((CULTURE, 0.0, 0.0), *THREE_DAYS, ("discharge", 60.0, np.nan)), ("suspected", 0, 60)
    ),
    "three days, home long after": (
        ((CULTURE, 0.0, 0.0), *THREE_DAYS, ("discharge", 98.1, np.nan)), None
    ),
    "two courses of two days": (
        ((CULTURE, 0.0, 0.0), (DRUG, 2.0, np.nan), (DRUG, 26.0, np.nan), (DRUG, 74.1, np.nan)), None
    ),
    "a stopped drug": ((FOCUS, (DRUG, 2.0, 0.0)), None),
    "an earlier dose charted after the fourth day": (
        ((CULTURE, 0.0, 0.0), *FOUR_DAYS, (DRUG, -40.0, np.nan, 90.0)), ("suspected", 0, 74)
    ),
    "two treatments joined by a dose charted late": (
        ((CULTURE, 0.0, 0.0), *FOUR_DAYS[:1], (DRUG, 90.0, np.nan), (DRUG, 48.0, np.nan, 120.0)),
        ("suspected", 0, 120),
    ),
    "a focus long after the first dose of a long treatment": (
        (*((DRUG, 48.0 * n, np.nan) for n in range(6)), ("infection_focus", 200.0, 1.0)),
        ("clinical", 144, 200),
    ),
}  # fmt: skip


def episodes(draw_events, lines: tuple) -> pd.DataFrame:
    events = draw_events(("a", "therapy", 0.0, np.nan), *(("a", *line) for line in lines))
    start = events["time"].iloc[0]
    found = infection_episodes(events)
    hours = {name: (found[name] - start) / pd.Timedelta(hours=1) for name in ("onset", "known")}
    return found.assign(**hours)


@pytest.mark.parametrize("case", CASES)
def test_each_line_of_the_definitions(case, draw_events):
    lines, expected = CASES[case]
    found = episodes(draw_events, lines)
    shown = list(zip(found["kind"], found["onset"], found["known"], strict=True))
    assert shown == ([] if expected is None else [pytest.approx(expected)])


def test_what_falls_within_two_weeks_belongs_to_the_episode_before(draw_events):
    second = [("infection_focus", 24.0 * 14, 1.0), (DRUG, 24.0 * 14, np.nan)]
    third = [("infection_focus", 24.0 * 29, 1.0), (DRUG, 24.0 * 29, np.nan)]
    found = episodes(draw_events, (FOCUS, (DRUG, 2.0, np.nan), *second, *third))
    assert found["onset"].tolist() == [0.0, 24.0 * 29]


def test_an_episode_ends_a_day_after_its_last_dose(draw_events):
    found = episodes(draw_events, (FOCUS, *FOUR_DAYS))
    start = draw_events(("a", "therapy", 0.0, np.nan))["time"].iloc[0]
    assert (found["end"].iloc[0] - start) / pd.Timedelta(hours=1) == 98.0


def test_onsets_are_events_known_when_the_definition_was_met(draw_events):
    events = draw_events(("a", CULTURE, 0.0, 0.0), *(("a", *line) for line in FOUR_DAYS))
    found = onset_events(events)
    assert found["key"].tolist() == ["infection_onset"]
    assert (found["known_time"] - found["time"]).tolist() == [pd.Timedelta(hours=74)]


def test_no_events_no_episodes(draw_events):
    assert infection_episodes(draw_events()).empty
    assert list(infection_episodes(draw_events())) == list(EPISODE_COLUMNS)
    assert onset_events(draw_events()).empty


def test_patients_keep_apart(draw_events):
    events = draw_events(("a", *FOCUS), ("b", DRUG, 2.0, np.nan))
    assert infection_episodes(events).empty


@pytest.mark.parametrize(
    "drug",
    ["aciclovir", "sulfamethoxazole_trimethoprim", "fluconazole", "posaconazole", "levofloxacin"],
)
def test_prophylaxis_is_no_treatment(drug):
    assert DRUG not in CLASS_KEYS[DRUGS[drug].drug_class]
    assert DRUG in CLASS_KEYS[DRUGS["meropenem"].drug_class]
