"""The compiled kernel against a plain, slow computation of every statistic."""

import math
import pickle
from dataclasses import dataclass
from fractions import Fraction
from statistics import fmean, stdev

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.tables import InvalidInputError
from features.trajectory import PATIENTS_WORTH_ALL_CORES, Feature, Statistic, trajectory_rows

S = Statistic
WINDOWED = (
    S.COUNT, S.MINIMUM, S.MAXIMUM, S.MEAN, S.SPREAD, S.SLOPE, S.LOG_SLOPE, S.SUM,
    S.TIME_WEIGHTED_MEAN, S.AREA,
)  # fmt: skip
WHOLE = (
    S.LAST, S.AGE, S.AGE_OF_SECOND, S.AGE_OF_THIRD, S.HOURS_SINCE_FIRST, S.BASELINE,
    S.CHANGE_FROM_BASELINE, S.FOLD_OF_BASELINE, S.HOURS_UNCHANGED, S.HOURS_SINCE_POSITIVE,
    S.PEAK_SINCE_START, S.HOURS_SINCE_PEAK,
)  # fmt: skip
LEVELS = (0.0, 1.5)
FEATURES = (
    *(Feature("crp", s, h) for s in (*WINDOWED, S.CHANGE, S.RATE) for h in (6, 24, 72)),
    *(Feature("crp", s) for s in (*WINDOWED, *WHOLE)),
    *(Feature("crp", s, level=x) for s in (S.RUN_AT_LEAST, S.RUN_BELOW) for x in LEVELS),
    *(
        Feature("crp", s, h, x)
        for s in (S.HOURS_AT_LEAST, S.HOURS_BELOW)
        for h in (24, None)
        for x in LEVELS
    ),
)
START_KEYS = ("therapy", "admission")
MICROSECOND = Fraction(1, 3_600_000_000)  # hours


def test_the_plain_computation_knows_every_statistic():
    assert {feature.statistic for feature in FEATURES} == set(Statistic)


@dataclass(frozen=True)
class Seen:
    """What one key's (hour, value) pairs, oldest first, say at a moment; slow and plain."""

    pairs: list[tuple[Fraction, float]]
    as_of: Fraction
    start: Fraction | None
    hours: int | None
    level: float | None

    @property
    def opened(self) -> Fraction | None:
        return None if self.hours is None else self.as_of - self.hours

    @property
    def inside(self) -> list[tuple[Fraction, float]]:
        return [(t, v) for t, v in self.pairs if self.opened is None or t > self.opened]

    @property
    def values(self) -> list[float]:
        return [value for _, value in self.inside]

    @property
    def held(self) -> list[tuple[float, float]]:
        """(hours, value) of each stretch of the window over which a value was the latest."""
        ends = [t for t, _ in self.pairs[1:]] + [self.as_of]
        begins = [t if self.opened is None else max(t, self.opened) for t, _ in self.pairs]
        stretches = zip(begins, ends, self.pairs, strict=True)
        return [(float(end - begin), v) for begin, end, (_, v) in stretches if end > begin]

    @property
    def baseline(self) -> int:
        before = [p for p, (t, _) in enumerate(self.pairs) if self.start and t <= self.start]
        return before[-1] if before else 0

    @property
    def since_baseline(self) -> bool:
        return self.baseline < len(self.pairs) - 1

    def age(self, place: int) -> float:
        is_there = -len(self.pairs) <= place < len(self.pairs)
        return float(self.as_of - self.pairs[place][0]) if is_there else math.nan


def _slope(inside: list[tuple[Fraction, float]]) -> float:
    """By exact arithmetic."""
    if not inside:
        return math.nan
    middle = sum(t for t, _ in inside) / len(inside)
    across = sum((t - middle) ** 2 for t, _ in inside)
    if across <= 1e-9:
        return math.nan
    return float(sum((t - middle) * Fraction(v) for t, v in inside) / across)


def _log_slope(inside: list[tuple[Fraction, float]]) -> float:
    return _slope([(t, math.log2(v)) for t, v in inside if v > 0])


def _mean_held(seen: Seen) -> float:
    hours = math.fsum(h for h, _ in seen.held)
    return math.fsum(h * v for h, v in seen.held) / hours if hours else math.nan


def _held_where(seen: Seen, at_least: bool) -> float:
    chosen = [h for h, v in seen.held if (v >= seen.level) == at_least]
    return math.fsum(chosen) if seen.held else math.nan


def _run(seen: Seen, at_least: bool) -> float:
    if not seen.pairs:
        return math.nan
    broken = [p for p, (_, v) in enumerate(seen.pairs) if (v >= seen.level) != at_least]
    begins = broken[-1] + 1 if broken else 0
    return seen.age(begins) if begins < len(seen.pairs) else 0.0


def _peak(seen: Seen) -> tuple[float, float]:
    after = [(v, t) for t, v in seen.pairs if seen.start is not None and t >= seen.start]
    value, time = max(after, default=(math.nan, None))
    return value, math.nan if time is None else float(seen.as_of - time)


def _before_window(seen: Seen) -> float:
    earlier = [v for t, v in seen.pairs if t <= seen.opened]
    return seen.pairs[-1][1] - earlier[-1] if earlier else math.nan


def _unchanged(seen: Seen) -> float:
    last = seen.pairs[-1][1]
    return seen.age(max((p for p, (_, v) in enumerate(seen.pairs) if v != last), default=-1) + 1)


def _first_positive(seen: Seen) -> float:
    return next((seen.age(p) for p, (_, v) in enumerate(seen.pairs) if v > 0), math.nan)


def _fold(seen: Seen) -> float:
    base = seen.pairs[seen.baseline][1]
    return seen.pairs[-1][1] / base if seen.since_baseline and base > 0 else math.nan


PLAIN = {
    S.LAST: lambda seen: seen.pairs[-1][1],
    S.AGE: lambda seen: seen.age(-1),
    S.AGE_OF_SECOND: lambda seen: seen.age(-2),
    S.AGE_OF_THIRD: lambda seen: seen.age(-3),
    S.HOURS_SINCE_FIRST: lambda seen: seen.age(0),
    S.BASELINE: lambda seen: seen.pairs[seen.baseline][1],
    S.CHANGE_FROM_BASELINE: lambda seen: (
        seen.pairs[-1][1] - seen.pairs[seen.baseline][1] if seen.since_baseline else math.nan
    ),
    S.FOLD_OF_BASELINE: _fold,
    S.HOURS_UNCHANGED: _unchanged,
    S.HOURS_SINCE_POSITIVE: _first_positive,
    S.PEAK_SINCE_START: lambda seen: _peak(seen)[0],
    S.HOURS_SINCE_PEAK: lambda seen: _peak(seen)[1],
    S.RUN_AT_LEAST: lambda seen: _run(seen, True),
    S.RUN_BELOW: lambda seen: _run(seen, False),
    S.COUNT: lambda seen: len(seen.values),
    S.RATE: lambda seen: len(seen.values) * 24 / seen.hours,
    S.MINIMUM: lambda seen: min(seen.values, default=math.nan),
    S.MAXIMUM: lambda seen: max(seen.values, default=math.nan),
    S.MEAN: lambda seen: fmean(seen.values) if seen.values else math.nan,
    S.SPREAD: lambda seen: stdev(seen.values) if len(seen.values) > 1 else math.nan,
    S.SLOPE: lambda seen: _slope(seen.inside),
    S.LOG_SLOPE: lambda seen: _log_slope(seen.inside),
    S.CHANGE: _before_window,
    S.SUM: lambda seen: math.fsum(seen.values),
    S.TIME_WEIGHTED_MEAN: _mean_held,
    S.AREA: lambda seen: math.fsum(h * v for h, v in seen.held) if seen.held else math.nan,
    S.HOURS_AT_LEAST: lambda seen: _held_where(seen, True),
    S.HOURS_BELOW: lambda seen: _held_where(seen, False),
}
ZERO_WITHOUT_EVENTS = {S.COUNT, S.RATE, S.SUM}


def plain(feature: Feature, pairs: list, as_of: Fraction, start: Fraction | None) -> float:
    """One number by hand from (hour, value) pairs in time order."""
    if not pairs:
        return 0.0 if feature.statistic in ZERO_WITHOUT_EVENTS else math.nan
    seen = Seen(pairs, as_of, start, feature.hours, feature.level)
    return PLAIN[feature.statistic](seen)


def seen_at(lines: list[tuple], key: str, as_of: Fraction) -> list[tuple]:
    """The (hour, value) pairs of a key that are known and standing, in time order."""
    standing = [
        (hour, known, value)
        for _, own, hour, value, known, until in lines
        if own == key and hour <= as_of and known <= as_of and (until is None or as_of < until)
    ]
    return [(hour, value) for hour, _, value in sorted(standing)]


NEAR = (0, 1, 2, 1_000_000, 3_600_000_000)  # microseconds apart
VALUES = (
    st.sampled_from((-5.0, 0.0, 1.0, 1.5, 2.0, 40.5, 499.9))
    | st.sampled_from((1e-6, 1e9, 1e9 + 1, 1e9 + 2))
    | st.floats(-1e6, 1e6, width=32)
)
EDGES = (0, 6, 24, 72)


@st.composite
def moments(draw: st.DrawFn) -> Fraction:
    """An hour: on a grid of windows' edges, or microseconds beside one."""
    hour = Fraction(draw(st.integers(0, 480)), 4) + draw(st.sampled_from(EDGES))
    return hour + draw(st.sampled_from(NEAR)) * MICROSECOND


@st.composite
def lines(draw: st.DrawFn) -> list[tuple]:
    """A history; in half of them all is known at once and for good."""
    found, late = [], draw(st.booleans())
    for _ in range(draw(st.integers(0, 40))):
        key = draw(st.sampled_from(("crp",) * 8 + START_KEYS))
        hour = draw(moments())
        known, until = hour, None
        if late:
            known += draw(st.sampled_from((0, 0, MICROSECOND, Fraction(1, 4), 5, 30)))
            until = draw(st.sampled_from((None, None, None, known + MICROSECOND, known + 20)))
        found.append(("a", key, hour, draw(VALUES), known, until))
    return found


@settings(
    max_examples=120, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
@given(
    history=lines(),
    asked=st.lists(moments(), min_size=1, max_size=5),
    start_keys=st.permutations(START_KEYS),
)
def test_every_statistic_equals_the_plain_computation(
    history, asked, start_keys, draw_events, ask_at
):
    """Ties, microseconds, late results, corrections and values of any size, several times asked."""
    questions = ask_at(*(("a", as_of) for as_of in asked))
    rows = trajectory_rows(draw_events(*history), questions, FEATURES, start_keys)
    for as_of, row in zip(asked, rows, strict=True):
        starts = [seen_at(history, key, as_of) for key in start_keys]
        start = next((known[0][0] for known in starts if known), None)
        seen = seen_at(history, "crp", as_of)
        for feature, got in zip(FEATURES, row, strict=True):
            wanted = plain(feature, seen, as_of, start)
            size = max((abs(v) for _, v in seen), default=0.0)
            slack = 1e-5 + size * 1e-9 * (72.0 if feature.statistic is S.AREA else 1.0)
            if feature.statistic in (S.SLOPE, S.LOG_SLOPE):
                slack = max(slack, 1e-4 * abs(wanted))
            assert got == pytest.approx(wanted, rel=1e-5, abs=slack, nan_ok=True), feature.name


def test_long_and_shuffled_histories_equal_the_plain_computation(draw_events, ask_at):
    random = np.random.default_rng(8)
    hours = [Fraction(int(h), 60) for h in random.integers(0, 60 * 400, 700)]
    history = [("a", "crp", h, float(random.lognormal(3, 1)), h + 1, None) for h in hours]
    history.append(("a", "therapy", Fraction(50), 1.0, Fraction(50), None))
    rows = trajectory_rows(draw_events(*history), ask_at(("a", 300.0)), FEATURES, START_KEYS)
    seen = seen_at(history, "crp", Fraction(300))
    for feature, got in zip(FEATURES, rows[0], strict=True):
        wanted = plain(feature, seen, Fraction(300), Fraction(50))
        assert got == pytest.approx(wanted, rel=1e-5, abs=1e-5), feature.name


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


def test_a_value_without_a_result_time_is_known_at_its_time_and_not_before(draw_events, ask_at):
    events = draw_events(("a", "crp", 10.0, 5.0), ("a", "crp", 20.0, 8.0))
    events["known_time"] = events["known_time"].where([True, False])
    asked = ask_at(("a", 15.0), ("a", 20.0))
    assert trajectory_rows(events, asked, (Feature("crp", S.LAST),))[:, 0].tolist() == [5.0, 8.0]


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


def test_a_column_that_travels_to_another_process_leaves_its_hash_behind():
    column = Feature("il6", S.HOURS_BELOW, 72, 4.0)
    assert hash(column) == hash(Feature("il6", S.HOURS_BELOW, 72, 4.0))
    arrived = pickle.loads(pickle.dumps(column))  # noqa: S301 - what was just written
    assert arrived == column
    assert "_hash" not in vars(arrived)


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
