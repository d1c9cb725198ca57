"""Criteria held against rows drawn by hand, where every number can be counted."""

import numpy as np
import pandas as pd
import pytest

from training.judging.rows.evaluation import evaluate
from training.release.judgement import Judged, findings
from training.release.plan import Alarms, NoSubgroupWorse, NoWorse, Plan, Within

OUTCOME = "severe_crs"
TIERS = {"elevated": 0.5, "high": 0.8}


def plan(no_worse=(), within=(), no_subgroup_worse=(), alarms=()) -> Plan:
    rows = (tuple(no_worse), tuple(within), tuple(no_subgroup_worse), tuple(alarms))
    return Plan(1, "drawn", "", False, False, *rows)


def judged(ours, theirs, label, sex, champion=True) -> Judged:
    """Forty copies of a few patients with one row each, so that every figure has an interval."""
    copies = 40
    number = np.arange(copies * len(label))
    base = pd.DataFrame(
        {
            "patient_id": [f"p{one:04d}" for one in number],
            "as_of": pd.Timestamp("2026-03-01", tz="UTC"),
            "outcome": OUTCOME,
            "label": np.tile(label, copies).astype(float),
            "at_risk": True,
            "sex": np.tile(sex, copies),
        }
    )
    scorers = {"model": ours} | ({"champion": theirs} if champion else {})
    parts = [base.assign(model=name, risk=np.tile(risk, copies)) for name, risk in scorers.items()]
    scored = pd.concat(parts, ignore_index=True)
    thresholds = {(name, OUTCOME): TIERS for name in scorers}
    return Judged(scored, evaluate(scored, 50, 0, ("sex",)), thresholds)


LABEL = [1, 0, 0, 1, 0, 0]
SEX = ["f", "f", "f", "m", "m", "m"]
# The champion ranks one of two pairs rightly in either sex (AUROC 0.5 within each and over all).
# The new model ranks both pairs of women and none of men: the same over all, and the men pay.
CHAMPION = [0.5, 0.6, 0.4, 0.5, 0.6, 0.4]
FOR_WOMEN = [0.9, 0.2, 0.2, 0.1, 0.8, 0.8]


def one(found):
    assert len(found) == 1
    return found[0]


def test_a_gain_for_women_does_not_pay_for_the_loss_of_men():
    rows = judged(FOR_WOMEN, CHAMPION, LABEL, SEX)
    overall = one(findings(plan([NoWorse("auroc", 0.0, "estimated", "")]), rows))
    assert overall.kept
    assert overall.value == pytest.approx(0.0)
    by_sex = NoSubgroupWorse("auroc", ("sex",), 5, 0.05, "estimated", "")
    women, men = findings(plan(no_subgroup_worse=[by_sex]), rows)
    assert (women.criterion, women.kept) == ("auroc where sex is f", True)
    assert women.value == pytest.approx(-0.5)  # 1.0 against 0.5
    assert (men.criterion, men.kept) == ("auroc where sex is m", False)
    assert men.value == pytest.approx(0.5)  # 0.0 against 0.5
    assert men.said.startswith("0.000 against 0.500, worse by 0.500 (")
    assert men.said.endswith("allowed 0.05 (estimated)")
    few = NoSubgroupWorse("auroc", ("sex",), 41, 0.05, "estimated", "")
    assert [f.kept for f in findings(plan(no_subgroup_worse=[few]), rows)] == [None, None]


def test_less_is_better_is_turned_round():
    better = [0.9, 0.1, 0.1, 0.9, 0.1, 0.1]  # Brier score 0.01
    worse = [0.5, 0.5, 0.5, 0.5, 0.5, 0.6]
    asked = plan([NoWorse("brier", 0.1, "proven", "")])
    assert one(findings(asked, judged(better, worse, LABEL, SEX))).kept
    lost = one(findings(asked, judged(worse, better, LABEL, SEX)))
    assert not lost.kept
    # five rows of 0.25 and one of 0.36, less six of 0.01, over six
    assert lost.value == pytest.approx((5 * 0.25 + 0.36 - 6 * 0.01) / 6)
    assert lost.low <= lost.value <= lost.high


def test_a_number_just_beyond_its_limit_does_not_read_as_the_limit():
    even, shy = [0.5] * 6, [0.4997, *[0.5] * 5]  # the first has the event: (0.5003² - 0.5²) / 6
    asked = plan([NoWorse("brier", 0.0, "estimated", "")])
    lost = one(findings(asked, judged(shy, even, LABEL, SEX)))
    assert not lost.kept
    assert lost.value == pytest.approx(0.00005, rel=0.01)
    assert "worse by 0.0001 (" in lost.said  # not 0.000
    same = one(findings(asked, judged(shy, shy, LABEL, SEX)))
    assert same.kept
    assert "worse by 0.000 (0.000 to 0.000)" in same.said


@pytest.mark.parametrize(
    ("must_be", "lowest", "kept"),
    [
        ("estimated", 0.9, True), ("estimated", 1.01, False),
        ("proven", 0.5, True), ("proven", 0.99, False),
        ("not disproven", 1.01, True), ("not disproven", 3.0, False),
    ],
)  # fmt: skip
def test_who_bears_the_doubt_decides_at_the_limit(must_be, lowest, kept):
    risk = [1 / 3 + d for d in (0.1, 0.0, -0.1, 0.1, 0.0, -0.1)]  # expected = observed: ratio 1
    row = Within("observed_to_expected", lowest, 5.0, must_be, "")
    found = one(findings(plan(within=[row]), judged(risk, risk, LABEL, SEX)))
    assert found.value == pytest.approx(1.0)
    assert found.low < 0.99 < 1.01 < found.high
    assert found.kept is kept


@pytest.mark.parametrize("must_be", ["proven", "not disproven"])
def test_what_every_resample_repeats_proves_nothing(must_be):
    ours = [0.9, 0.1, 0.1, 0.9, 0.1, 0.1]  # ranks all rightly, as the champion does
    theirs = [0.8, 0.2, 0.1, 0.7, 0.2, 0.1]
    asked = plan([NoWorse("auroc", 0.1, must_be, "")], [Within("auroc", 0.5, 1.0, must_be, "")])
    for found in findings(asked, judged(ours, theirs, LABEL, SEX)):
        assert (found.kept, found.low) == (False, None)
        assert found.said == "no interval: the same in every resample, or nearly every one"
    same = findings(asked, judged(ours, ours, LABEL, SEX))[0]
    assert (same.kept, same.low, same.high) == (True, 0.0, 0.0)  # the same risks: nothing to prove


def test_alarms_are_counted_in_patient_days():
    loud = [0.9, 0.9, 0.1, 0.9, 0.1, 0.1]  # three of six patient-days sound
    quiet = [0.9, 0.1, 0.1, 0.1, 0.1, 0.1]  # one of six
    row = Alarms("high", "own", 0.6, 2.0, "")
    alone, beside = findings(plan(alarms=[row]), judged(loud, quiet, LABEL, SEX))
    assert (alone.kept, alone.value) == (True, 0.5)
    assert (beside.kept, beside.value) == (False, pytest.approx(3.0))
    assert beside.said == "0.500 per patient-day against 0.167, allowed 2 times as many"
    assert all(f.kept for f in findings(plan(alarms=[row]), judged(quiet, loud, LABEL, SEX)))
    budget = Alarms("high", "own", 0.1, 100.0, "")
    assert not findings(plan(alarms=[budget]), judged(loud, quiet, LABEL, SEX))[0].kept


def test_a_champion_that_never_sounds_leaves_the_limit_per_patient_day():
    loud = [0.9, 0.9, 0.1, 0.1, 0.1, 0.1]  # two of six patient-days sound
    silent = [0.3, 0.2, 0.1, 0.3, 0.2, 0.1]
    rows = judged(loud, silent, LABEL, SEX)
    for asked, kept in ((0.4, True), (0.3, False)):
        alone, beside = findings(plan(alarms=[Alarms("high", "own", asked, 1.5, "")]), rows)
        assert (alone.kept, alone.value) == (kept, pytest.approx(1 / 3))
        assert beside.criterion == "alarms of tier high at its own thresholds beside the champion"
        assert (beside.kept, beside.value, beside.limit) == (None, None, "at most 1.5 times")
        assert beside.said == "the champion sounds on no patient-day: no multiple of none"


def test_a_figure_that_only_the_champion_lacks_is_not_judged():
    mute = [np.nan] * 6
    asked = plan([NoWorse("brier", 0.1, "estimated", "")])
    ours = one(findings(asked, judged(FOR_WOMEN, mute, LABEL, SEX)))
    assert ours.kept is None
    assert ours.said == "the champion has no such figure: it gave no score on these rows"
    theirs = one(findings(asked, judged(mute, FOR_WOMEN, LABEL, SEX)))
    assert (theirs.kept, theirs.said) == (False, "not defined: it gave no score on these rows")


def test_alarms_on_no_judged_day_fail():
    unknown = judged(CHAMPION, CHAMPION, [np.nan] * 6, SEX)
    found = one(findings(plan(alarms=[Alarms("high", "own", 1.0, 9.0, "")]), unknown))
    assert (found.kept, found.said) == (
        False,
        "not defined: no row at risk with a known outcome",
    )


def test_without_a_champion_only_what_needs_none_is_judged():
    rows = judged(FOR_WOMEN, None, LABEL, SEX, champion=False)
    asked = plan(
        [NoWorse("auroc", 0.0, "proven", "")],
        [Within("observed_to_expected", 0.1, 9.0, "estimated", "")],
        [NoSubgroupWorse("auroc", ("sex",), 5, 0.0, "proven", "")],
        [Alarms("high", "own", 1.0, 1.0, ""), Alarms("high", "champion", 1.0, 1.0, "")],
    )
    found = {finding.criterion: finding.kept for finding in findings(asked, rows)}
    assert found == {
        "auroc": None,
        "observed_to_expected": True,
        "auroc where sex is f": None,
        "auroc where sex is m": None,
        "alarms of tier high at its own thresholds": True,
        "alarms of tier high at the champion's thresholds": None,
    }


def test_a_set_without_an_event_vouches_for_nothing():
    rows = judged(CHAMPION, CHAMPION, [0] * 6, SEX)
    asked = plan(
        [NoWorse("auroc", 0.1, "estimated", "")],
        [Within("calibration_slope", 0.1, 9.0, "estimated", "")],
    )
    for found in findings(asked, rows):
        assert found.kept is False
        assert found.said == "not defined: no event among 240 rows"
