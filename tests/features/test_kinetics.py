"""CRP kinetics against bodies whose synthesis is known, and the laws that every row keeps."""

from math import exp, log

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.kinetics import rows as kinetic_rows
from features.kinetics.constants import RECEPTOR_BLOCKER, SILTUXIMAB, TURNOVER
from features.kinetics.curve import forecast_curve
from features.kinetics.rows import KINETIC_COLUMNS, crp_forecasts, kinetics_rows
from features.tables import TIME_TYPE, InvalidInputError
from models.bedside import RECEPTOR_BLOCKED_HOURS, SILTUXIMAB_BLOCKED_HOURS

START = pd.Timestamp("2026-03-01T06:00", tz="UTC")
LOSS = log(2.0) / 19.0
NAMES = [column.name for column in KINETIC_COLUMNS]
CRP_NAMES = [
    name for name in NAMES
    if name.startswith("crp.") and name not in ("crp.blocked_share", "crp.cannot_be_trusted")
]  # fmt: skip


def hour(number: float) -> pd.Timestamp:
    return START + pd.Timedelta(hours=number)


def events(*lines: tuple, patient: str = "a") -> pd.DataFrame:
    """Events from (hour, key, value[, known hour[, until hour]]); hour None is static."""
    table = []
    for line in lines:
        at, key, value, known, until = (*line, *(None,) * (5 - len(line)))
        known = at if known is None else known
        times = [pd.NaT if h is None else hour(h) for h in (at, known, until)]
        table.append((patient, *times, key, value))
    columns = ["patient_id", "time", "known_time", "until_time", "key", "value"]
    made = pd.DataFrame(table, columns=columns).astype({"value": "float64"})
    for name in columns[1:4]:
        made[name] = pd.to_datetime(made[name], utc=True).astype(TIME_TYPE)
    return made


def moments(*hours: float, patient: str = "a") -> pd.DataFrame:
    as_of = pd.Series([hour(number) for number in hours]).astype(TIME_TYPE)
    return pd.DataFrame({"patient_id": patient, "as_of": as_of})


def rows(table: pd.DataFrame, *hours: float) -> pd.DataFrame:
    return pd.DataFrame(kinetics_rows(table, moments(*hours)), columns=NAMES)


def row(table: pd.DataFrame, at: float) -> pd.Series:
    return rows(table, at).iloc[0]


def steady(level: float, hours: int = 96, every: int = 12) -> list[tuple]:
    return [(h, "crp", level) for h in range(0, hours + 1, every)]


def body(level: float, synthesis: np.ndarray, hourly: int = 20) -> np.ndarray:
    """CRP at the end of each hour when synthesis holds these levels, by small steps."""
    course = []
    for made in synthesis:
        for _ in range(hourly):
            level += LOSS / hourly * (made - level)
        course.append(level)
    return np.array(course)


# What the filter finds


@pytest.mark.parametrize("synthesis", [8.0, 60.0, 250.0])
def test_a_planted_synthesis_is_found_again(synthesis):
    random = np.random.default_rng(1)
    course = body(10.0, np.full(120, synthesis))
    read = [(h, "crp", course[h - 1] * exp(0.1 * random.normal())) for h in range(6, 121, 6)]
    found = row(events(*read), 120)
    assert found["crp.synthesis_drive"] == pytest.approx(synthesis, rel=0.25)
    assert found["crp.synthesis_rate"] == pytest.approx(LOSS * synthesis, rel=0.25)
    assert found["crp.level_now"] == pytest.approx(course[-1], rel=0.15)


def test_synthesis_lies_above_a_rising_crp_and_below_a_falling_one():
    rising = row(events((0, "crp", 10), (12, "crp", 25), (24, "crp", 60)), 24)
    assert rising["crp.synthesis_drive"] > 1.3 * 60
    assert rising["crp.forecast_24h"] > 60
    falling = row(events((0, "crp", 200), (12, "crp", 135), (24, "crp", 92)), 24)
    assert falling["crp.synthesis_drive"] < 0.65 * 92
    assert 92 * exp(-24 * LOSS) < falling["crp.forecast_24h"] < 92


def test_intervals_hold_as_often_as_they_say_for_bodies_drawn_from_the_model():
    random = np.random.default_rng(5)
    fitted, people, days = TURNOVER, 250, 6
    log_made = log(fitted.start_level) + fitted.start_sd * random.normal(size=people)
    log_made = np.clip(log_made, log(0.5), log(800.0))
    crp = np.exp(log_made + fitted.start_apart * random.normal(size=people))
    lines = []
    for at in range(24 * days + 1):
        if at % 24 == 0:
            floor = fitted.assay_floor / crp
            noise = np.sqrt(fitted.assay_sd**2 + floor**2) * random.normal(size=people)
            lines += [(f"{n}", at, value) for n, value in enumerate(crp * np.exp(noise))]
        pull = fitted.return_rate * (log(fitted.rest) - log_made)
        log_made += pull + fitted.diffusion / 24**0.5 * random.normal(size=people)
        flare = random.random(people) < fitted.flare_rate
        drawn = log(fitted.flare) + fitted.flare_sd * random.normal(size=people)
        log_made = np.where(flare, drawn, log_made)
        crp = crp + (1.0 - exp(-LOSS)) * (np.exp(log_made) - crp)
    table = events(*((at, "crp", value) for _, at, value in lines))
    table["patient_id"] = [patient for patient, *_ in lines]
    later = [(patient, at, value) for patient, at, value in lines if at > 0]
    asked = pd.DataFrame(
        {"patient_id": [p for p, *_ in later], "as_of": [hour(at - 24) for _, at, _ in later]}
    )
    told = crp_forecasts(table, asked, np.full(len(later), 24.0), (0.025, 0.1, 0.9, 0.975))
    truth = np.array([value for *_, value in later])
    assert np.mean((truth >= told[:, 1]) & (truth <= told[:, 2])) == pytest.approx(0.8, abs=0.04)
    assert np.mean((truth >= told[:, 0]) & (truth <= told[:, 3])) == pytest.approx(0.95, abs=0.025)


def test_one_value_gives_a_wide_forecast_and_none_gives_none():
    one, many = row(events((0, "crp", 50)), 1), row(events(*steady(50.0)), 97)
    assert one["crp.forecast_24h_low"] < one["crp.forecast_24h"] < one["crp.forecast_24h_high"]
    width = log(one["crp.forecast_24h_high"] / one["crp.forecast_24h_low"])
    assert width > log(many["crp.forecast_24h_high"] / many["crp.forecast_24h_low"])
    nothing = row(events((0, "il6", 50)), 1)
    assert nothing[CRP_NAMES].isna().all()
    assert nothing["crp.cannot_be_trusted"] == 0


def test_a_value_older_than_a_week_forecasts_nothing():
    old = rows(events((0, "crp", 50)), 168, 169)
    assert old.loc[0, "crp.forecast_24h"] > 0
    assert old.loc[1, CRP_NAMES].isna().all()


# Blockade


def test_under_complete_blockade_crp_falls_with_a_half_life_of_19_hours(monkeypatch):
    complete = RECEPTOR_BLOCKER._replace(most_blocked=1.0, half_effect=1e-9)
    monkeypatch.setattr(kinetic_rows, "BLOCKERS", (complete, SILTUXIMAB))
    curve = forecast_curve(
        events(*steady(200.0)), "a", hour(96), (30, 49, 68), "il6_receptor_blocker"
    )
    assert curve.loc[49, "median"] == pytest.approx(curve.loc[30, "median"] / 2, rel=0.02)
    assert curve.loc[68, "median"] == pytest.approx(curve.loc[30, "median"] / 4, rel=0.03)


@pytest.mark.parametrize("drug", ["il6_receptor_blocker", "siltuximab"])
def test_the_decline_after_a_dose_is_that_of_the_body(drug):
    constants = RECEPTOR_BLOCKER if drug == "il6_receptor_blocker" else SILTUXIMAB
    level, open_share, course = 150.0, 1.0, []
    drug_level = constants.usual_mg_per_kg / constants.litres_per_kg
    for _ in range(48 * 60):
        stopped = constants.most_blocked * drug_level / (drug_level + constants.half_effect)
        open_share += (1.0 - stopped - open_share) / (5.0 * 60)
        level += LOSS / 60 * (150.0 * open_share - level)
        drug_level *= 0.5 ** (1.0 / 60 / constants.half_life_h)
        course.append(level)
    curve = forecast_curve(events(*steady(150.0)), "a", hour(96), (24, 48), drug)
    assert curve.loc[24, "median"] == pytest.approx(course[24 * 60 - 1], rel=0.12)
    assert curve.loc[48, "median"] == pytest.approx(course[-1], rel=0.2)
    if drug == "il6_receptor_blocker":
        now = row(events(*steady(150.0)), 96)
        assert now["crp.forecast_24h_if_blocked"] == pytest.approx(course[24 * 60 - 1], rel=0.12)


def test_against_blockade_is_near_zero_where_crp_falls_as_foretold_and_not_where_it_rises():
    given = [*steady(150.0), (96, "il6_receptor_blocker", 560), (None, "weight", 70)]
    told = forecast_curve(events(*given), "a", hour(96), (48,))["median"].iloc[0]
    foretold = row(events(*given, (144, "crp", told)), 144)
    assert foretold["crp.against_blockade"] == pytest.approx(0.0, abs=0.1)
    risen = row(events(*given, (144, "crp", 10 * told)), 144)
    assert risen["crp.against_blockade"] == pytest.approx(log(10), abs=0.1)
    assert risen["crp.surprise"] > 3
    for untreated in (steady(150.0), given):  # nothing to compare: no dose, or no value since
        assert np.isnan(row(events(*untreated), 97)["crp.against_blockade"])


def test_a_second_dose_does_not_move_what_blockade_predicts_from_before_the_first():
    once = [*steady(150.0), (96, "il6_receptor_blocker", 560), (144, "crp", 150.0)]
    twice = [*once, (145, "il6_receptor_blocker", 560)]
    told = [row(events(*doses, (168, "crp", 150.0)), 168) for doses in (once, twice)]
    assert told[0]["crp.against_blockade"] > log(5)
    assert told[1]["crp.against_blockade"] == pytest.approx(
        told[0]["crp.against_blockade"], abs=0.1
    )


def test_a_crp_that_stays_high_under_blockade_is_believed_the_second_time():
    stays = [*steady(150.0), (96, "il6_receptor_blocker", 560), (144, "crp", 150.0)]
    assert row(events(*stays), 144)["crp.level_now"] < 130
    assert row(events(*stays, (168, "crp", 150.0)), 168)["crp.level_now"] > 110


def test_blockade_is_told_and_wears_off():
    given = events((0, "crp", 50), (0, "siltuximab", 770), (None, "weight", 70))
    told = rows(given, 1, 100 * 24)
    levels = 11 / 0.068 * np.array([1, 0.5**5])  # 100 days are five half-lives
    by_hand = 0.98 * levels / (levels + 9.73)
    assert list(told["crp.blocked_share"]) == pytest.approx(list(by_hand), rel=0.01)
    assert list(told["crp.cannot_be_trusted"]) == [1, 0]


def test_crp_is_not_trusted_at_least_as_long_as_the_guard_says():
    assert RECEPTOR_BLOCKER.window_h == RECEPTOR_BLOCKED_HOURS
    assert SILTUXIMAB.window_h == SILTUXIMAB_BLOCKED_HOURS
    for drug, hours in (("il6_receptor_blocker", 21 * 24), ("siltuximab", 90 * 24)):
        given = events((0, drug, 1))  # a trace that blocks little soon
        assert list(rows(given, -1, 0, hours)["crp.cannot_be_trusted"]) == [0, 1, 1]
        assert row(given, 400 * 24)["crp.cannot_be_trusted"] == 0


def test_a_dose_means_the_same_per_kg_as_in_mg_and_a_missing_one_is_the_labels():
    written = [(560, 70), (8, 70), (8, 40), (np.nan, 55), (560, np.nan), (560, 0)]
    shares = [
        row(events((0, "il6_receptor_blocker", dose), (None, "weight", weight)), 500)
        ["crp.blocked_share"] for dose, weight in written
    ]  # fmt: skip
    assert shares == pytest.approx([shares[0]] * len(shares))
    double = events((0, "il6_receptor_blocker", 560), (None, "weight", 35))
    assert row(double, 500)["crp.blocked_share"] > shares[0]


def test_il6_is_read_by_the_drug_that_was_given():
    before = [(0, "il6", 80)]
    toci = [*before, (10, "il6_receptor_blocker", 560), (12, "il6", 900), (22 * 24, "il6", 5)]
    told = rows(events(*toci), 1, 13, 22 * 24)
    assert list(told["il6.unblocked"]) == [80, 80, 5]
    assert list(told["il6.under_receptor_blockade"].fillna(-1)) == [-1, 900, -1]
    siltuximab = row(events(*before, (10, "siltuximab", 770), (12, "il6", 9000)), 13)
    assert siltuximab["il6.unblocked"] == 80
    assert np.isnan(siltuximab["il6.under_receptor_blockade"])


def test_a_fall_faster_than_crp_can_is_not_trusted_and_hardly_moves_the_belief():
    seen = [(0, "crp", 80), (24, "crp", 76), (48, "crp", 70)]
    lost_zero = row(events(*seen, (72, "crp", 7.0)), 72)
    assert lost_zero["crp.cannot_be_trusted"] == 1
    assert lost_zero["crp.level_now"] > 15
    assert row(events(*seen, (72, "crp", 35.0)), 72)["crp.cannot_be_trusted"] == 0
    told = [
        crp_forecasts(events(*seen, (72, "crp", last)), moments(72), np.zeros(1), (0.1, 0.9))[0]
        for last in (7.0, 65.0)
    ]
    assert told[0][1] / told[0][0] > 2 * told[1][1] / told[1][0]  # either may be wrong
    righted = row(events(*seen, (72, "crp", 7.0, 72, 80), (72, "crp", 70.0, 80)), 81)
    assert righted["crp.cannot_be_trusted"] == 0


# Laws


HOURS = st.sampled_from([0.0, 0.25, 3.0, 12.0, 12.4, 24.0, 60.0, 200.0])
DELAYS = st.sampled_from([0.0, 0.0, 1.5, 30.0])
DRAWN = st.one_of(
    st.tuples(HOURS, st.just("crp"), st.sampled_from([0.0, 0.3, 5.0, 40.0, 250.0, 1e9]), DELAYS),
    st.tuples(HOURS, st.just("il6"), st.sampled_from([0.0, 20.0, 1e5]), DELAYS),
    st.tuples(
        HOURS, st.sampled_from(["il6_receptor_blocker", "siltuximab"]),
        st.sampled_from([8.0, 560.0, np.nan]), DELAYS,
    ),
    st.tuples(HOURS, st.just("weight"), st.sampled_from([20.0, 90.0]), DELAYS),
)  # fmt: skip
ASKED = (-1.0, 0.0, 1.0, 12.4, 13.0, 26.0, 31.0, 61.0, 90.0, 230.0)


def drawn_events(lines: list[tuple], corrected: int) -> pd.DataFrame:
    """Drawn lines as events; the first `corrected` of them are superseded 6 h after being known."""
    made = []
    for place, (at, key, value, delay) in enumerate(lines):
        known = at + delay
        made.append((at, key, value, known, known + 6 if place < corrected else None))
        if place < corrected:
            made.append((at, key, value * 1.5, known + 6))
    return events(*made)


@settings(max_examples=25, deadline=None)
@given(st.lists(DRAWN, min_size=1, max_size=8), st.integers(0, 3))
def test_a_row_depends_on_what_was_known_alone_and_on_no_other_row(lines, corrected):
    table = drawn_events(lines, corrected)
    together = rows(table, *ASKED)
    for place, at in enumerate(ASKED):
        known = table[(table["known_time"] <= hour(at)) & (table["time"] <= hour(at))]
        current = known[~(known["until_time"] <= hour(at))]
        for seen in (known.assign(until_time=known["until_time"].where(
            known["until_time"] <= hour(at))), current):  # fmt: skip
            pd.testing.assert_series_equal(
                row(seen, at), together.iloc[place], check_names=False, rtol=0, atol=0
            )


@settings(max_examples=25, deadline=None)
@given(st.lists(DRAWN, min_size=1, max_size=10), st.integers(0, 3))
def test_numbers_stay_sound_whatever_was_written(lines, corrected):
    told = rows(drawn_events(lines, corrected), *ASKED)
    assert not np.isinf(told.to_numpy()).any()
    assert told["crp.blocked_share"].between(0, 1).all()
    known = told[told["crp.level_now"].notna()]
    assert known["crp.forecast_24h"].between(0.04, 2100).all()
    assert (known["crp.forecast_24h_low"] <= known["crp.forecast_24h"]).all()
    assert (known["crp.forecast_24h"] <= known["crp.forecast_24h_high"]).all()
    assert (known[["crp.synthesis_drive", "crp.synthesis_rate"]] > 0).all(axis=None)


def test_neither_neighbours_nor_order_change_a_row():
    random = np.random.default_rng(2)
    people = [f"p{n:03d}" for n in range(80)]  # enough for several threads
    table = pd.concat(
        [
            events(
                *((h, "crp", random.lognormal(3, 1)) for h in range(0, 97, 12)),
                (48, "il6_receptor_blocker", 560) if n % 3 == 0 else (48, "il6", 70),
                patient=patient,
            )
            for n, patient in enumerate(people)
        ]
    )
    asked = pd.concat([moments(30, 60, 100, patient=patient) for patient in people])
    together = kinetics_rows(table, asked)
    mixed = random.permutation(len(asked))
    shuffled = kinetics_rows(table.sample(frac=1, random_state=1), asked.iloc[mixed])
    np.testing.assert_array_equal(shuffled, together[mixed])
    for patient in people[:4]:
        mine = (asked["patient_id"] == patient).to_numpy()
        alone = kinetics_rows(table[table["patient_id"] == patient], asked[mine])
        np.testing.assert_array_equal(alone, together[mine])


def test_a_patient_of_whom_nothing_is_known_has_nothing_blocked():
    told = pd.DataFrame(
        kinetics_rows(events((0, "crp", 5)), moments(1, patient="b")), columns=NAMES
    )
    assert told[CRP_NAMES].isna().all(axis=None)
    assert list(told["crp.blocked_share"]) == list(told["crp.cannot_be_trusted"]) == [0]


def test_two_values_at_one_time_count_both_in_one_order():
    two = [(0, "crp", 30), (24, "crp", 50), (24, "crp", 70)]
    told = [row(events(*order), 24) for order in (two, two[::-1])]
    pd.testing.assert_series_equal(told[0], told[1])
    assert 45 < told[0]["crp.level_now"] < 75


# The curve


def test_a_curve_widens_with_time_and_says_what_it_cannot_do():
    known = events(*steady(50.0))
    curve = forecast_curve(known, "a", hour(96))
    assert (curve["low_95"] < curve["low_80"]).all()
    assert (curve["high_80"] < curve["high_95"]).all()
    width = np.log(curve["high_80"] / curve["low_80"])
    assert (width.diff().dropna() > 0).all()
    assert row(known, 96)["crp.forecast_24h"] == pytest.approx(curve.loc[24, "median"], rel=1e-6)
    assert forecast_curve(known, "nobody", hour(96)).isna().all(axis=None)
    with pytest.raises(InvalidInputError, match="0 to 168 h"):
        forecast_curve(known, "a", hour(96), (200,))
    with pytest.raises(InvalidInputError, match="'aspirin' is none of il6_receptor_blocker"):
        forecast_curve(known, "a", hour(96), dose_of="aspirin")
    with pytest.raises(InvalidInputError, match="time zone"):
        forecast_curve(known, "a", pd.Timestamp("2026-03-05"))
