"""The challenge's utility under resamples equals the utility of the resampled stays."""

import numpy as np
import pandas as pd
import pytest

from training.apply import challenge_utility
from training.dataset import Cohort, Events
from training.judging.alarms.utility import normalised_utility
from training.judging.alarms.utility_intervals import utility_intervals
from training.judging.rows.sample import patient_draws

STAYS, HOURS = 12, 30


@pytest.fixture(scope="module")
def stays(draw_events):
    """Every second stay has an onset at its hour 20; a cohort of them, and scored hours."""
    onsets = [(f"s{n:02d}", "infection_onset", 20.0, None) for n in range(0, STAYS, 2)]
    events = draw_events(*onsets, ("s01", "crp", 1.0, 5.0))
    source = Events(events, pd.DataFrame({"reason": []}), len(events), (), virtual=False)
    nothing = np.zeros(0, dtype=bool)
    return Cohort(source, pd.DataFrame(), nothing, pd.DataFrame(), {}, {})


def scored(ask_at):
    generator = np.random.default_rng(0)
    rows = ask_at(*[(f"s{n:02d}", float(h)) for n in range(STAYS) for h in range(HOURS)])
    near = np.tile(np.arange(HOURS) >= 12, STAYS) & np.repeat(np.arange(STAYS) % 2 == 0, HOURS)
    risks = {"model": 0.45 * near + 0.7 * generator.random(len(rows)),
             "persistence": generator.random(len(rows))}  # fmt: skip
    return pd.concat([rows.assign(outcome="infection", model=n, risk=r) for n, r in risks.items()])


def test_a_resample_of_stays_has_the_utility_of_its_stays(stays, ask_at):
    table = scored(ask_at)
    best = challenge_utility(stays, table)
    found = utility_intervals(stays, table, best, 60, 0)
    model = table[table["model"] == "model"]
    alarm = (model["risk"] >= best["model"]["threshold"]).to_numpy().reshape(STAYS, HOURS)
    hour, values = np.arange(HOURS, dtype=float), []
    for draw in patient_draws(STAYS, 60, 0)[1:]:
        drawn = np.repeat(np.arange(STAYS), draw.astype(int))
        onset = np.repeat(np.where(drawn % 2 == 0, 20.0, np.nan), HOURS)
        if not np.isnan(onset).all():
            hours = np.tile(hour, len(drawn))
            values.append(normalised_utility(hours, onset, alarm[drawn].ravel()))
    utility = found["models"]["model"]["utility"]
    assert utility["value"] == pytest.approx(best["model"]["utility"])
    expected = np.quantile(values, (0.025, 0.975))
    assert [utility["low"], utility["high"]] == pytest.approx(list(expected))
    gap = best["model"]["utility"] - best["persistence"]["utility"]
    assert found["differences"]["persistence"]["utility"]["value"] == pytest.approx(gap)


def test_stays_without_any_onset_have_no_interval(draw_events, ask_at):
    events = draw_events(("s00", "crp", 1.0, 5.0))
    source = Events(events, pd.DataFrame({"reason": []}), 1, (), virtual=False)
    nothing = np.zeros(0, dtype=bool)
    cohort = Cohort(source, pd.DataFrame(), nothing, pd.DataFrame(), {}, {})
    table = scored(ask_at)
    assert utility_intervals(cohort, table, challenge_utility(cohort, table), 10, 0) == {}
