"""The compiled kernel against a plain, slow computation of every statistic."""

import math
from statistics import fmean, stdev

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.tables import InvalidInputError
from features.trajectory import PATIENTS_WORTH_ALL_CORES, Feature, Statistic, trajectory_rows

S = Statistic
WINDOWED = (S.COUNT, S.MINIMUM, S.MAXIMUM, S.MEAN, S.SPREAD, S.SLOPE, S.SUM)
WHOLE = (
    S.LAST, S.AGE, S.HOURS_SINCE_FIRST, S.BASELINE, S.CHANGE_FROM_BASELINE, S.FOLD_OF_BASELINE,
    S.HOURS_UNCHANGED, S.HOURS_SINCE_POSITIVE,
)  # fmt: skip
FEATURES = (
    *(Feature("crp", s, h) for s in (*WINDOWED, S.CHANGE) for h in (6, 24, 72)),
    *(Feature("crp", s) for s in (*WINDOWED, *WHOLE)),
)
START_KEYS = ("therapy", "admission")


def test_the_plain_computation_knows_every_statistic():
    assert {feature.statistic for feature in FEATURES} == set(Statistic)


def plain(feature: Feature, seen: list[tuple], as_of: float, start: float) -> float:
    """One number by hand from (hour, value) pairs in time order; -inf is a static event's hour."""
    first_hour = -math.inf if feature.hours is None else as_of - feature.hours
    inside = [(t, v) for t, v in seen if feature.hours is None or t > first_hour]
    values = [v for _, v in inside]
    statistic = feature.statistic
    if statistic is S.COUNT:
        return len(values)
    if statistic is S.SUM:
        return math.fsum(values)
    if statistic in (S.MINIMUM, S.MAXIMUM, S.MEAN):
        how = {S.MINIMUM: min, S.MAXIMUM: max, S.MEAN: fmean}[statistic]
        return how(values) if values else math.nan
    if statistic is S.SPREAD:
        return stdev(values) if len(values) > 1 else math.nan
    if statistic is S.SLOPE:
        return _slope(inside)
    if not seen:
        return math.nan
    last_hour, last = seen[-1]
    before = [place for place, (t, _) in enumerate(seen) if t <= start]
    based = before[-1] if before else 0
    baseline, since = seen[based][1], based < len(seen) - 1
    run = next((p for p in range(len(seen) - 1, -1, -1) if seen[p][1] != last), -1) + 1
    positive = [t for t, v in seen if v > 0]
    current = [v for t, v in seen if t <= first_hour]
    return {
        S.LAST: last,
        S.AGE: as_of - last_hour if last_hour > -math.inf else math.nan,
        S.HOURS_SINCE_FIRST: as_of - seen[0][0] if seen[0][0] > -math.inf else math.nan,
        S.CHANGE: last - current[-1] if current else math.nan,
        S.BASELINE: baseline,
        S.CHANGE_FROM_BASELINE: last - baseline if since else math.nan,
        S.FOLD_OF_BASELINE: last / baseline if since and baseline > 0 else math.nan,
        S.HOURS_UNCHANGED: as_of - seen[run][0],
        S.HOURS_SINCE_POSITIVE: as_of - positive[0] if positive else math.nan,
    }[statistic]


def _slope(inside: list[tuple]) -> float:
    hours = [t for t, _ in inside]
    if len(set(hours)) < 2:
        return math.nan
    middle = fmean(hours)
    across = math.fsum((t - middle) ** 2 for t in hours)
    return math.fsum((t - middle) * v for t, v in inside) / across


def seen_at(lines: list[tuple], key: str, as_of: float) -> list[tuple]:
    """The (hour, value) pairs of a key that are known and standing, in time order."""
    standing = [
        (hour, known, value)
        for _, own, hour, value, known, until in lines
        if own == key and hour <= as_of and known <= as_of and (until is None or as_of < until)
    ]
    return [(hour, value) for hour, _, value in sorted(standing)]


@st.composite
def lines(draw: st.DrawFn) -> list[tuple]:
    found = []
    for _ in range(draw(st.integers(0, 12))):
        key = draw(st.sampled_from(("crp", "crp", "crp", "crp", "therapy", "admission")))
        hour = draw(st.integers(0, 480)) / 4.0
        known = hour + draw(st.sampled_from((0.0, 0.0, 0.25, 5.0, 30.0)))
        until = draw(st.sampled_from((None, None, None, known + 0.25, known + 20.0)))
        found.append(
            (
                "a",
                key,
                hour,
                draw(st.sampled_from((-5.0, 0.0, 1.0, 2.0, 40.5, 499.9))),
                known,
                until,
            )
        )
    return found


@settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
@given(history=lines(), as_of=st.integers(0, 520).map(lambda quarter: quarter / 4.0))
def test_every_statistic_equals_the_plain_computation(history, as_of, draw_events, ask_at):
    found = trajectory_rows(draw_events(*history), ask_at(("a", as_of)), FEATURES, START_KEYS)[0]
    starts = [seen_at(history, key, as_of) for key in START_KEYS]
    start = next((known[0][0] for known in starts if known), -math.inf)
    seen = seen_at(history, "crp", as_of)
    expected = [plain(feature, seen, as_of, start) for feature in FEATURES]
    for feature, got, wanted in zip(FEATURES, found, expected, strict=True):
        assert got == pytest.approx(wanted, rel=1e-5, abs=1e-5, nan_ok=True), feature.name


def test_all_cores_and_one_core_give_the_same_bits(draw_events, ask_at):
    random = np.random.default_rng(2)
    names = [f"p{n:03d}" for n in range(PATIENTS_WORTH_ALL_CORES + 6)]
    lines = [
        (name, key, float(random.integers(0, 100)), float(random.normal(50, 20)))
        for name in names
        for key in ("crp", "crp", "crp", "crp", "therapy")
    ]
    asked = [(name, hour) for name in names for hour in (60.0, 30.0)]
    together = trajectory_rows(draw_events(*lines), ask_at(*asked), FEATURES, START_KEYS)
    for place in range(0, len(names), 9):
        mine = [line for line in lines if line[0] == names[place]]
        pair = slice(2 * place, 2 * place + 2)
        alone = trajectory_rows(draw_events(*mine), ask_at(*asked[pair]), FEATURES, START_KEYS)
        assert np.array_equal(alone, together[pair], equal_nan=True)
    assert np.isfinite(together).mean() > 0.5


def _one(draw_events, ask_at, feature, *events, at=100.0):
    lines = [("a", feature.key, *event) for event in events]
    return trajectory_rows(draw_events(*lines), ask_at(("a", at)), (feature,))[0, 0]


def test_a_window_is_open_at_its_old_end_and_closed_at_the_as_of_time(draw_events, ask_at):
    count = Feature("crp", S.COUNT, 24)
    inside = (76.0 + 1 / 3.6e9, 100.0)
    outside = (76.0, 100.0 + 1 / 3.6e9)
    assert _one(draw_events, ask_at, count, *((hour, 1.0) for hour in (*inside, *outside))) == 2


def test_a_drug_without_a_dose_makes_sums_and_extremes_unknown(draw_events, ask_at):
    given = ((90.0, 4.0), (95.0, math.nan), (99.0, 8.0))
    for statistic in (S.SUM, S.MINIMUM, S.MAXIMUM, S.MEAN, S.SPREAD, S.SLOPE):
        feature = Feature("corticosteroid", statistic, 24)
        assert math.isnan(_one(draw_events, ask_at, feature, *given)), statistic
        assert math.isnan(_one(draw_events, ask_at, feature, (95.0, math.nan))), statistic
    assert _one(draw_events, ask_at, Feature("corticosteroid", S.COUNT, 24), *given) == 3
    assert _one(draw_events, ask_at, Feature("corticosteroid", S.SUM, 3), *given) == 8.0


def test_a_static_value_is_known_always_and_stands_in_no_window(draw_events, ask_at):
    static = ((None, 70.0),)
    wanted = {(S.LAST, None): 70.0, (S.COUNT, 24): 0.0, (S.COUNT, None): 1.0, (S.SUM, 24): 0.0}
    for (statistic, hours), expected in wanted.items():
        assert _one(draw_events, ask_at, Feature("weight", statistic, hours), *static) == expected
    for statistic in (S.AGE, S.HOURS_SINCE_FIRST):
        assert math.isnan(_one(draw_events, ask_at, Feature("weight", statistic), *static))


def test_of_two_values_at_one_moment_the_one_known_later_is_the_last(draw_events, ask_at):
    last = Feature("crp", S.LAST)
    tie = ((90.0, 50.0, 90.0), (90.0, 20.0, 95.0))
    assert _one(draw_events, ask_at, last, *tie) == 20.0
    assert _one(draw_events, ask_at, last, *tie, at=94.0) == 50.0


def test_a_correction_replaces_its_value_at_the_moment_it_is_known(draw_events, ask_at):
    last = Feature("crp", S.LAST)
    corrected = ((90.0, 500.0, 90.0, 95.0), (90.0, 50.0, 95.0))
    just_before = 95.0 - 1 / 3.6e9
    assert _one(draw_events, ask_at, last, *corrected, at=just_before) == 500.0
    assert _one(draw_events, ask_at, last, *corrected, at=95.0) == 50.0


def test_the_spread_of_large_and_nearly_constant_values_is_exact(draw_events, ask_at):
    counts = ((90.0, 1e9), (91.0, 1e9 + 1), (92.0, 1e9 + 2))
    assert _one(draw_events, ask_at, Feature("wbc", S.SPREAD, 24), *counts) == 1.0


def test_names_state_key_statistic_and_window():
    assert Feature("il6", S.SLOPE, 72).name == "il6.slope_72h"
    assert Feature("il6", S.LAST).name == "il6.last"


def test_an_as_of_time_that_is_none_is_refused(draw_events, ask_at):
    from features.matrix import feature_rows

    events, moments = draw_events(("a", "crp", 1.0, 5.0)), ask_at(("a", 2.0))
    naive = moments.assign(as_of=moments["as_of"].dt.tz_localize(None))
    text = moments.assign(as_of=["2026-03-01T06:00Z"])
    empty = moments.assign(as_of=pd.Series([pd.NaT], dtype=moments["as_of"].dtype))
    for wrong, words in ((naive, "time zone"), (text, "time zone"), (empty, "missing")):
        with pytest.raises(InvalidInputError, match=words):
            feature_rows(events, wrong)
    with pytest.raises(InvalidInputError, match="as_of"):
        feature_rows(events, moments[["patient_id"]])
