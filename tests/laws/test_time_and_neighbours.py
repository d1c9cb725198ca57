"""Laws of every feature: no row sees the future, another patient or the order of lines."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.catalogue import KEYS as EVERY_KEY
from features.catalogue.naming import is_measured
from features.declared import FEATURES, columns_of
from features.matrix import feature_rows
from features.trajectory import PATIENTS_WORTH_ALL_CORES, Feature

Compute = Callable[[pd.DataFrame, pd.DataFrame], pd.DataFrame]

MICROSECOND = 1 / 3.6e9
AS_OF = 100.0  # hours after the drawn start
EDGES = (0.0, 6.0, 24.0, 72.0, 168.0)  # ages at which a declared window opens
AGES = [edge + step for edge in EDGES for step in (-MICROSECOND, 0.0, MICROSECOND)]
AGES += [-30.0, -1.0, 1.0, 23.5, 50.0, 99.0, 400.0]
DELAYS = (0.0, 0.0, MICROSECOND, 1.0, 24.0, 60.0)
MEASURED = ("crp", "temperature", "platelets", "ldh", "creatinine", "ferritin", "spo2", "fio2")
GIVEN = ("therapy", "icu_admission", "admission", "il6_blocker", "corticosteroid", "blood_culture")
KEYS = (*MEASURED, "crs_grade", "crp", "crp", *GIVEN)
STATIC = ("sex", "weight", "prior_lines", "tumour_burden")
DRAWN = columns_of((*KEYS, *STATIC))
"""Every declared column that a drawn history can fill; the rest are put to the test by one long
history of every key."""
SLOW = settings(
    max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)


@st.composite
def histories(draw: st.DrawFn, patient: str = "a") -> list[tuple]:
    """Lines (patient, key, hour, value, known hour, until hour) full of ties and late results."""
    lines = []
    for _ in range(draw(st.integers(0, 14))):
        key = draw(st.sampled_from(KEYS))
        hour = AS_OF - draw(st.sampled_from(AGES))
        known = hour + draw(st.sampled_from(DELAYS))
        until = draw(st.sampled_from((None, None, known + MICROSECOND, known + 24.0, AS_OF)))
        value = draw(st.sampled_from((0.0, 1.0, 3.0, 38.5, 250.0)))
        missing = key in GIVEN and draw(st.booleans())
        until = None if until is not None and until <= known else until
        lines.append((patient, key, hour, np.nan if missing else value, known, until))
    lines += [(patient, key, None, 1.0) for key in draw(st.sets(st.sampled_from(STATIC)))]
    return lines


def known_by(events: pd.DataFrame, moment: pd.Timestamp) -> pd.DataFrame:
    """The events table as it stood at that moment: nothing later, no correction to come."""
    happened = events["time"].isna() | (events["time"] <= moment)
    known = events["known_time"].isna() | (events["known_time"] <= moment)
    standing = events["until_time"].isna() | (events["until_time"] > moment)
    return never_superseded(events[happened & known & standing])


def never_superseded(events: pd.DataFrame) -> pd.DataFrame:
    return events.assign(until_time=events["until_time"].mask(events["until_time"].notna()))


def drawn_rows(events: pd.DataFrame, as_of: pd.DataFrame) -> pd.DataFrame:
    return feature_rows(events, as_of, DRAWN)


def sees_the_future(compute: Compute, events: pd.DataFrame, as_of: pd.DataFrame) -> bool:
    """Whether any row differs when all that was not known at its moment is taken away."""
    full = compute(events, as_of).to_numpy()
    rows = range(len(as_of))
    alone = [
        compute(known_by(events, as_of["as_of"].iloc[row]), as_of.iloc[[row]]).to_numpy()[0]
        for row in rows
    ]
    return not all(same_bits(full[row], alone[row]) for row in rows)


def sees_neighbours(compute: Compute, events: pd.DataFrame, as_of: pd.DataFrame) -> bool:
    """Whether any patient's rows differ when the others' events are taken away."""
    full = compute(events, as_of).to_numpy()
    alone = [
        compute(events[events["patient_id"] == patient], as_of.iloc[[row]]).to_numpy()[0]
        for row, patient in enumerate(as_of["patient_id"])
    ]
    return not all(same_bits(one, rest) for one, rest in zip(full, alone, strict=True))


def same_bits(left: np.ndarray, right: np.ndarray) -> bool:
    return left.dtype == right.dtype and np.array_equal(left, right, equal_nan=True)


@SLOW
@given(lines=histories())
def test_the_future_never_changes_the_past(lines, draw_events, ask_at):
    events = draw_events(*lines)
    moments = ask_at(*[("a", AS_OF + step) for step in (-MICROSECOND, 0.0, MICROSECOND, 24.0)])
    assert not sees_the_future(drawn_rows, events, moments)


NEAR_LEVELS = {
    "neutrophils": 0.15, "igg": 4.0, "temperature": 38.5, "systolic_bp": 90.0, "spo2": 90.0,
}  # fmt: skip
"""So that the columns with a limit lie on both sides of it."""


@pytest.fixture(scope="module")
def ward_of_every_key(draw_events):
    """Three patients with 60 events of every key in 12 days: late, corrected, tied and undated."""
    random = np.random.default_rng(11)
    lines = [(name, "therapy", hour, 1.5) for name in "abc" for hour in (30.0, 78.0, 150.0)]
    for name in "abc":
        for key in EVERY_KEY:
            level = NEAR_LEVELS.get(key, 5.0)
            for _ in range(60):
                hour = float(random.integers(0, 12 * 24))
                value = float(np.round(level * random.lognormal(0, 0.4), 2))
                known = hour + float(random.choice([0, 0, MICROSECOND, 1.5, 30]))
                until = known + 9.0 if random.random() < 0.1 else None
                lines.append((name, key, hour, value, known, until))
            if random.random() < 0.1:
                lines.append((name, key, None, level))
    return draw_events(*lines)


@pytest.fixture(scope="module")
def asked_of_every_key(ask_at):
    return ask_at(*((name, hour) for hour in (31.0, 78.0, 101.5, 170.0, 250.0) for name in "abc"))


def test_every_declared_column_keeps_both_laws_and_none_stands_idle(
    ward_of_every_key, asked_of_every_key
):
    rows = feature_rows(ward_of_every_key, asked_of_every_key)
    assert list(rows.columns) == [column.name for column in FEATURES]
    idle = rows.columns[~(rows.notna() & (rows != 0.0)).any()]
    assert not {column.name for column in FEATURES if isinstance(column, Feature)} & set(idle)
    assert not sees_the_future(feature_rows, ward_of_every_key, asked_of_every_key)
    assert not sees_neighbours(feature_rows, ward_of_every_key, asked_of_every_key)


def _knows_early(events: pd.DataFrame, as_of: pd.DataFrame) -> pd.DataFrame:
    return feature_rows(events.assign(known_time=events["time"]), as_of)


def _corrects_early(events: pd.DataFrame, as_of: pd.DataFrame) -> pd.DataFrame:
    return feature_rows(events[events["until_time"].isna()], as_of)


def _keeps_superseded(events: pd.DataFrame, as_of: pd.DataFrame) -> pd.DataFrame:
    return feature_rows(never_superseded(events), as_of)


def _fills_backwards(events: pd.DataFrame, as_of: pd.DataFrame) -> pd.DataFrame:
    worst = events["value"].max()
    return feature_rows(events, as_of).assign(worst=np.float32(worst))


def _takes_the_first_dose_ever(events: pd.DataFrame, as_of: pd.DataFrame) -> pd.DataFrame:
    doses = events.loc[events["key"] == "therapy", "time"]
    start = doses.min() if len(doses) else pd.Timestamp("2200-01-01", tz="UTC")
    before = events[is_measured(events["key"]) & (events["time"] <= start)]
    return feature_rows(events, as_of).assign(baseline=np.float32(before["value"].sum()))


def _centres_its_window(events: pd.DataFrame, as_of: pd.DataFrame) -> pd.DataFrame:
    return feature_rows(events, as_of.assign(as_of=as_of["as_of"] + pd.Timedelta(hours=12)))


@pytest.mark.parametrize(
    "leak",
    [
        _knows_early,
        _corrects_early,
        _keeps_superseded,
        _fills_backwards,
        _takes_the_first_dose_ever,
        _centres_its_window,
    ],
)
def test_the_law_catches_a_planted_leak(leak, draw_events, ask_at):
    events = draw_events(
        ("a", "crp", 1.0, 5.0),
        ("a", "crp", 2.0, 90.0, 9.0),  # known late
        ("a", "ferritin", 1.0, 700.0, 1.0, 9.0),  # corrected later
        ("a", "ferritin", 1.0, 800.0, 9.0),
        ("a", "ldh", 0.5, 200.0, 0.5, 2.0),  # corrected before
        ("a", "therapy", 8.0, np.nan),
    )
    moments = ask_at(("a", 4.0))
    assert not sees_the_future(feature_rows, events, moments)
    assert sees_the_future(leak, events, moments)


def _shifts_ungrouped(events: pd.DataFrame, as_of: pd.DataFrame) -> pd.DataFrame:
    """The value before each patient's first one, in a table sorted by patient and time."""
    shifted = events.sort_values(["patient_id", "time"])
    shifted = shifted.assign(before=shifted["value"].shift())
    before = shifted.groupby("patient_id")["before"].first()
    found = before.reindex(as_of["patient_id"]).to_numpy(dtype=np.float32)
    return feature_rows(events, as_of).assign(before=found)


def _scales_over_everybody(events: pd.DataFrame, as_of: pd.DataFrame) -> pd.DataFrame:
    scaled = events.assign(value=events["value"] / events.groupby("key")["value"].transform("max"))
    return feature_rows(scaled, as_of)


@pytest.mark.parametrize("leak", [_shifts_ungrouped, _scales_over_everybody])
def test_the_law_catches_a_planted_neighbour(leak, draw_events, ask_at):
    events = draw_events(("a", "crp", 1.0, 5.0), ("b", "crp", 2.0, 90.0), ("b", "crp", 3.0, 70.0))
    moments = ask_at(("a", 4.0), ("b", 4.0))
    assert not sees_neighbours(feature_rows, events, moments)
    assert sees_neighbours(leak, events, moments)


def test_a_later_first_dose_does_not_move_an_earlier_baseline(draw_events, ask_at):
    history = (("a", "admission", 0.0, np.nan), ("a", "crp", 0.0, 10.0), ("a", "crp", 24.0, 50.0))
    moments = ask_at(("a", 30.0))
    rows = feature_rows(draw_events(*history, ("a", "therapy", 72.0, np.nan)), moments)
    assert rows["crp.fold_of_baseline"].iloc[0] == 5.0


def test_a_dose_charted_late_starts_the_course_only_once_charted(draw_events, ask_at):
    events = draw_events(
        ("a", "admission", 0.0, np.nan),
        ("a", "crp", 0.0, 10.0),
        ("a", "crp", 24.0, 50.0),
        ("a", "therapy", 25.0, np.nan, 40.0),
        ("a", "crp", 30.0, 100.0),
    )
    fold = feature_rows(events, ask_at(("a", 39.0), ("a", 40.0)))["crp.fold_of_baseline"]
    assert fold.tolist() == [10.0, 2.0]


@SLOW
@given(own=histories(), other=histories("b"), third=histories("c"))
def test_a_patient_alone_gives_the_rows_of_the_cohort(own, other, third, draw_events, ask_at):
    moments = ask_at(("a", AS_OF), ("a", AS_OF - 24.0))
    alone = drawn_rows(draw_events(*own), moments)
    inside = drawn_rows(draw_events(*other, *own, *third), moments)
    assert same_bits(alone.to_numpy(), inside.to_numpy())


def test_many_patients_on_all_cores_give_the_rows_of_each_alone(ward_events):
    patients = sorted(ward_events["patient_id"].astype(str).unique())
    assert len(patients) >= PATIENTS_WORTH_ALL_CORES
    moments = pd.DataFrame(
        [(p, ward_events["time"].min() + pd.Timedelta(h, "h")) for p in patients for h in (47, 99)],
        columns=["patient_id", "as_of"],
    )
    cohort = feature_rows(ward_events, moments)
    names = ward_events["patient_id"].astype(str)
    for patient in patients[::7]:
        mine = moments[moments["patient_id"] == patient]
        alone = feature_rows(ward_events[names == patient], mine)
        fresh = feature_rows(ward_events[names == patient].astype({"patient_id": "str"}), mine)
        inside = cohort.to_numpy()[mine.index]
        assert same_bits(alone.to_numpy(), inside)
        assert same_bits(fresh.to_numpy(), inside)


@SLOW
@given(own=histories(), other=histories("b"), seed=st.integers(0, 99))
def test_the_order_of_lines_and_of_questions_does_not_matter(own, other, seed, draw_events, ask_at):
    lines = [*own, *other]
    questions = [(name, AS_OF + hour) for name in "ba" for hour in (-24.0, 0.0, -24.0)]
    expected = drawn_rows(draw_events(*lines), ask_at(*questions)).to_numpy()
    random = np.random.default_rng(seed)
    shuffled = [lines[place] for place in random.permutation(len(lines))]
    place = random.permutation(len(questions))
    found = drawn_rows(draw_events(*shuffled), ask_at(*[questions[i] for i in place])).to_numpy()
    assert same_bits(found, expected[place])


def test_the_order_of_lines_does_not_decide_between_two_values_of_one_moment(draw_events, ask_at):
    tie = [("a", "crp", 9.0, 50.0), ("a", "crp", 9.0, 5.0), ("a", "crp", 9.0, 7.0, 9.5)]
    one, two = (
        feature_rows(draw_events(*lines), ask_at(("a", 9.0), ("a", 12.0))).to_numpy()
        for lines in (tie, tie[::-1])
    )
    assert same_bits(one, two)


def test_an_unknown_patient_gets_a_row_like_one_without_events(draw_events, ask_at):
    events = draw_events(("a", "crp", 1.0, 5.0))
    unknown = feature_rows(events, ask_at(("nobody", 4.0)))
    empty = feature_rows(draw_events(), ask_at(("nobody", 4.0)))
    assert same_bits(unknown.to_numpy(), empty.to_numpy())
    assert set(unknown.iloc[0].dropna()) == {0.0}
