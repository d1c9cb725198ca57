"""The oracle's risk: right on average, finer than its rounds, the same in any cut; what-if."""

import dataclasses
import json
from argparse import ArgumentParser, Namespace
from functools import cache
from pathlib import Path

import numba
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from features.outcomes import Outcome
from features.tables import InvalidInputError
from training.cohort import add_flags, run
from training.cohort.best_possible import beside_the_oracle, true_days
from training.cohort.branches import SHOWN, Crowd
from training.cohort.centres import CENTRES, centre
from training.cohort.chance import patient_keys
from training.cohort.oracle import MORE, Branching, oracle_parts, oracle_risk
from training.cohort.parameters import POLICY
from training.cohort.people import People, make_people
from training.cohort.policies import POLICIES, TreatmentPolicy, policy
from training.cohort.products import PRODUCTS, Kind, product
from training.cohort.simulation import Asked, live, truth_table

DAYS = 8
MOMENTS = range(0, 24 * DAYS, 24)


def crowd(key: str, patients: int, infections: float = 1.0) -> People:
    """People under one product, infected so many times as often."""
    people = make_people(patient_keys(7, 0, patients), (product(key),))
    constants = people.constants.copy()
    constants["infection_per_day"] *= infections
    return dataclasses.replace(people, constants=constants)


@cache
def judged(key: str, place: str, way: str, known: bool) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Risks, and what was and became true of the same moments of the same people, row by row."""
    people, products, ward = crowd(key, 50, infections=20.0), (product(key),), centre(place)
    clinicians = policy(way).table(ward)
    asked = Branching(branches=20, sensitivity_known=known)
    risk = oracle_risk(people, products, ward, MOMENTS, asked, clinicians)
    names = [str(number) for number in range(50)]
    truth = truth_table(live(people, products, ward, DAYS + 1, clinicians), names)
    then = truth[["patient_id", "time", "hours_from_first_dose", "crs_grade"]]
    then = then.astype({"patient_id": "int64"}).rename(columns={"patient_id": "patient"})
    rows = risk.merge(then, on=["patient", "hours_from_first_dose"], how="left")
    as_of = pd.DataFrame({"patient_id": rows["patient"].astype("str"), "as_of": rows["time"]})
    return risk, true_days(truth, as_of).assign(grade=rows["crs_grade"])


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize(
    ("key", "place", "way"),
    [
        ("axicabtagene_ciloleucel", "university", "no_tocilizumab"),
        ("idecabtagene_vicleucel", "low_income", "usual"),
    ],
)
def test_the_oracle_is_right_on_average(key: str, place: str, way: str, known: bool) -> None:
    risk, days = judged(key, place, way, known)
    counted = {str(outcome): str(outcome) for outcome in Outcome} | {"new_infection": "infection"}
    for told, came in counted.items():
        asked = days[came].notna() & ~(days["incubating"] & (told == "new_infection"))
        expected, happened = risk.loc[asked, told], days.loc[asked, came]
        chance = np.sqrt((expected * (1.0 - expected)).sum())
        assert happened.sum() >= 1
        assert chance > 0.5  # no branch lives the very life that follows
        assert abs(happened.sum() - expected.sum()) < 3.0 * chance + 1.0


def test_the_risk_of_infections_to_come_is_how_often_they_come() -> None:
    """Nobody is dosed, infections are frequent: plain counts against weighed ones."""
    people, ward = crowd("teclistamab", 1500, infections=600.0), centre("university")
    never_dosed = (dataclasses.replace(product("teclistamab"), doses=()),)
    risk = oracle_risk(people, never_dosed, ward, [-166, -142], Branching(2))
    lived = live(people, never_dosed, ward, 1).state
    hour, who = 168 + risk["hours_from_first_dose"].to_numpy(), risk["patient"].to_numpy()
    free = lived["infection"][hour, who] == 0
    came = np.array(
        [lived["onset"][h + 1 : h + 25, i].any() for h, i in zip(hour, who, strict=True)]
    )
    expected = risk["new_infection"].to_numpy()[free].sum()
    assert came[free].sum() > 30
    assert abs(came[free].sum() - expected) < 3.0 * np.sqrt(expected)


def test_the_oracle_beats_todays_grade_even_where_that_has_seen_the_answers() -> None:
    risk, days = judged("axicabtagene_ciloleucel", "university", "no_tocilizumab", known=True)
    asked = days["severe_crs"].notna()
    oracle, happened = risk.loc[asked, "severe_crs"], days.loc[asked, "severe_crs"]
    persistence = happened.groupby(days.loc[asked, "grade"]).transform("mean")
    assert happened.sum() >= 10
    for figure in (roc_auc_score, average_precision_score):
        assert figure(happened, oracle) > figure(happened, persistence)
    assert ((oracle - happened) ** 2).mean() < ((persistence - happened) ** 2).mean()


def test_rare_risks_have_ranks_of_their_own() -> None:
    people, ward = crowd("axicabtagene_ciloleucel", 20), centre("university")
    risk = oracle_risk(people, (product("axicabtagene_ciloleucel"),), ward, [0], Branching(40))
    # hits among forty branches would be none, or 0.025 and more: most risks lie between
    new = risk["new_infection"].dropna()
    assert new.between(1e-9, 0.02).mean() > 0.8
    assert new[new > 0.0].is_unique
    assert (risk["branches"] == 40 * (1 + MORE)).all()  # a dose in this very hour


def test_far_from_any_dose_severe_crs_is_out_of_reach_and_costs_one_round() -> None:
    people, ward = crowd("axicabtagene_ciloleucel", 30), centre("university")
    products = (product("axicabtagene_ciloleucel"),)
    before = oracle_risk(people, products, ward, [-24 * 6], Branching(5))
    assert (before["severe_crs"] == 0.0).all()
    assert (before["branches"] == 5).all()


def test_threads_and_cuts_change_no_risk() -> None:
    whole_cohort, moments = Asked(13, seed=4, days=3), [0, 31]
    before = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        whole = pd.concat(oracle_parts(whole_cohort, moments, Branching(4)))
    finally:
        numba.set_num_threads(before)
    cuts = [
        pd.concat(oracle_parts(Asked(n, seed=4, days=3, start_at=first), moments, Branching(4)))
        for first, n in ((0, 5), (5, 8))
    ]
    whole, cut = (
        table.astype({"patient_id": "str"}).sort_values(["patient_id", "as_of"], ignore_index=True)
        for table in (whole, pd.concat(cuts))
    )
    pd.testing.assert_frame_equal(whole, cut)


def test_what_if_tocilizumab_were_given_or_withheld_now() -> None:
    """Two futures of one past: until the moment everybody was treated as usual."""
    people, ward = crowd("axicabtagene_ciloleucel", 120), centre("university")
    products, moments = (product("axicabtagene_ciloleucel"),), [72]
    at_once = TreatmentPolicy(
        "at_once",
        "tocilizumab at the next check of whoever has CRS",
        (
            ("tocilizumab_grade_1_share", 1.0),
            ("tocilizumab_grade_1_after_h", 0.0),
            ("tocilizumab_grade_2_share", 1.0),
            ("tocilizumab_act", 1.0),
        ),
    )
    as_lived, given, withheld = (
        oracle_risk(people, products, ward, moments, Branching(20, then=then))
        for then in (None, at_once.table(ward), policy("no_tocilizumab").table(ward))
    )
    for other in (given, withheld):
        now = ["patient", "hours_from_first_dose", "at_risk"]
        pd.testing.assert_frame_equal(other[now], as_lived[now])
    treated = live(people, products, ward, 3).care["tocilizumab"].max(axis=0) > 0.0
    threatened = ~treated & (withheld["severe_crs"] > 0.05).to_numpy()
    assert threatened.sum() >= 5
    mean = [table.loc[threatened, "severe_crs"].mean() for table in (given, as_lived, withheld)]
    assert mean[0] < 0.75 * mean[2]
    assert mean[0] <= mean[1] <= mean[2]


def test_a_sensitivity_that_has_shown_is_kept_and_another_stays_below_what_would_show() -> None:
    key = "axicabtagene_ciloleucel"
    people, row = crowd(key, 4000), product(key)
    highest = np.zeros(4000)
    highest[:1000], highest[1000:2000] = 2.0 * SHOWN, SHOWN / np.e
    other = Crowd(people, (row,), centre("university"), POLICY)
    drawn = other.with_unshown_sensitivity(highest, hour=168).people.persons["sensitivity_score"]
    own = people.persons["sensitivity_score"]
    np.testing.assert_array_equal(drawn[:1000], own[:1000])
    # a drive e times too low to show: the sensitivity is at most one of its logarithms higher
    most = own + 1.0 / (row.spread * np.sqrt(1.0 - row.occasion))
    assert (drawn <= most)[1000:2000].all()
    assert (drawn > own)[1000:2000].any()
    assert abs(drawn[2000:].mean()) < 0.1  # nothing is known where no drive has ever been
    assert abs(drawn[2000:].std() - 1.0) < 0.1
    assert abs(np.corrcoef(drawn[2000:], own[2000:])[0, 1]) < 0.1


def test_true_days_by_hand() -> None:
    """One patient of 60 hours, one who dies after 40: grade 3 at hour 30, an onset at hour 20."""
    hours = [*range(60), *range(40)]
    truth = pd.DataFrame(
        {
            "patient_id": ["a"] * 60 + ["b"] * 40,
            "hours_from_first_dose": hours,
            "time": pd.Timestamp("2020-01-01", tz="UTC") + pd.to_timedelta(hours, unit="h"),
            "crs_grade": [3 if 30 <= hour < 33 else 1 for hour in range(60)] + [0] * 40,
            "infection": [hour >= 20 for hour in range(60)] + [False] * 40,
            "infection_onset": [hour == 20 for hour in range(60)] + [False] * 40,
            "infection_burden": [0.1 if hour >= 10 else 0.0 for hour in range(60)] + [0.0] * 40,
        }
    )
    asked = [("a", 0), ("a", 5), ("a", 6), ("a", 12), ("a", 31), ("a", 40), ("b", 20), ("b", 50)]
    start = pd.Timestamp("2020-01-01", tz="UTC")
    as_of = pd.DataFrame(
        [(who, start + pd.Timedelta(hours=hour)) for who, hour in asked],
        columns=["patient_id", "as_of"],
    )
    days = true_days(truth, as_of)
    nan = np.nan  # inside it, or not watched to the end
    np.testing.assert_array_equal(days["severe_crs"], [0, 0, 1, 1, nan, nan, 0, nan])
    np.testing.assert_array_equal(days["infection"], [1, 1, 1, 1, nan, nan, 0, nan])
    assert days["incubating"].tolist() == [False, False, False, True, *[False] * 4]


def flags(text: str) -> Namespace:
    parser = ArgumentParser()
    add_flags(parser)
    return parser.parse_args(text.split())


def test_the_oracle_stands_beside_the_truth_and_says_that_it_is_virtual(tmp_path: Path) -> None:
    asked = "--patients 3 --seed 2 --days 2 --oracle 4 --oracle-every 12h --out"
    told: list[tuple[int, int]] = []
    for name in ("one", "other"):
        written = run(
            flags(f"{asked} {tmp_path / name}"),
            oracle_progress=lambda done, of: told.append((done, of)),
        )
        assert written[-1] == tmp_path / name / "oracle.parquet"
    assert told == [(3, 3)] * 2
    assert written[-1].read_bytes() == (tmp_path / "one" / "oracle.parquet").read_bytes()
    labels = pq.read_schema(written[-1]).metadata
    assert (labels[b"virtual"], labels[b"content"]) == (b"true", b"oracle")
    assert json.loads(labels[b"cohort"])["oracle"] == {"branches": 4, "horizon_h": 24}
    table = pd.read_parquet(written[-1])
    assert list(table.columns) == [
        "patient_id", "as_of", "hours_from_first_dose", "at_risk", "severe_crs", "infection",
        "new_infection", "branches",
    ]  # fmt: skip
    truth = pd.read_parquet(tmp_path / "one" / "truth.parquet")
    both = table.merge(truth, left_on=["patient_id", "as_of"], right_on=["patient_id", "time"])
    assert len(both) == len(table) == 3 * 4
    assert (both["hours_from_first_dose_x"] == both["hours_from_first_dose_y"]).all()
    assert (both["at_risk"] == (both["crs_grade"] < 3)).all()


@pytest.mark.parametrize("number", range(len(PRODUCTS)))
def test_every_product_centre_and_policy_has_an_oracle(number: int) -> None:
    engager = PRODUCTS[number].kind is not Kind.CAR_T
    places = [row.key for row in CENTRES if not (engager and row.daily_lines)]
    place, way = places[number % len(places)], POLICIES[number % len(POLICIES)].key
    asked = Asked(2, 3, (PRODUCTS[number].key,), place, days=1, policy=way)
    risk = pd.concat(oracle_parts(asked, [0], Branching(2)))
    assert len(risk) == 2
    for outcome in Outcome:
        told = risk[str(outcome)].dropna()  # none in severe CRS, or inside an infection
        assert told.between(0.0, 1.0).all()


def test_what_cannot_be_asked_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="branches: 0 is outside 1 to 1000000"):
        run(flags(f"--patients 1 --oracle 0 --out {tmp_path / 'a'}"))
    assert not (tmp_path / "a").exists()
    people, row = crowd("teclistamab", 1), product("teclistamab")
    for moments in ([], [-169]):
        with pytest.raises(InvalidInputError, match="name at least one, none before"):
            oracle_risk(people, (row,), centre("university"), moments, Branching(1))
    for step in ("90min", "0h", "24", "9999d"):
        with pytest.raises(SystemExit):
            flags(f"--out x --oracle 1 --oracle-every {step}")


def test_the_oracle_bounds_every_scorer_of_what_was_true(tmp_path: Path) -> None:
    asked = Asked(90, 1, ("axicabtagene_ciloleucel",), "community", days=10)
    table = beside_the_oracle(asked, learners=60, branches=10, scratch=tmp_path)
    assert set(table["label"]) == {"true", "charted", "true, begun later"}
    true = table[(table["label"] == "true") & (table["outcome"] == "severe_crs")]
    true = true.set_index("scorer")
    assert {"oracle", "oracle until shown", "model", "persistence", "crp_rule"} <= set(true.index)
    assert true["events"].min() >= 5
    oracles = ["oracle", "oracle until shown"]
    learnt = true.drop(index=oracles)
    for scorer in oracles:  # one knows more than the other in the mean; on few events, either may
        assert (learnt["auroc"] <= true.loc[scorer, "auroc"]).all()
        assert (learnt["average_precision"] <= true.loc[scorer, "average_precision"]).all()
        assert (learnt["brier"] >= true.loc[scorer, "brier"]).all()
