"""The guard's price on six rows, by hand."""

import json

import numpy as np
import pytest

from models.guard import Cause
from training.judging.doubt.abstention import abstention

LABEL = np.array([1.0, 0.0, 0.0, 1.0, 0.0, 1.0])
RISK = np.array([0.8, 0.1, 0.2, 0.4, 0.5, 0.3])
VERDICT = ["answer", "answer", "answer", "caution", "abstain", "abstain"]
CAUSE = [None, None, None, None, Cause.TOO_LITTLE, Cause.BEDSIDE]
ABSENT = np.array([0.0, 0.07, 0.2, 0.3, 0.6, 0.0])


@pytest.fixture(scope="module")
def found():
    return abstention(LABEL, RISK, VERDICT, CAUSE, ABSENT)


def test_verdicts_and_causes_are_counted_with_their_events(found):
    answer, caution = found["verdicts"]["answer"], found["verdicts"]["caution"]
    assert (answer["rows"], answer["events"], answer["events_left_out"]) == (3, 1, 2)
    assert (answer["coverage"], answer["auroc"]) == (0.5, 1.0)
    assert answer["brier"] == pytest.approx((0.04 + 0.01 + 0.04) / 3)
    assert answer["scaled_brier"] == pytest.approx(1 - 0.03 / (2 / 9))
    assert answer["log_loss"] == pytest.approx(-np.log([0.8, 0.9, 0.8]).mean())
    assert (caution["rows"], caution["auroc"], caution["scaled_brier"]) == (1, None, None)
    assert found["events_abstained"] == 1
    assert {c: n["rows"] for c, n in found["causes"].items() if n["rows"]} == {
        "bedside": 1, "too_little": 1,
    }  # fmt: skip
    assert found["causes"]["bedside"]["events"] == 1


def test_the_curve_moves_the_limit_alone(found):
    rows = {point["limit"]: point["rows"] for point in found["curve"][:-1]}
    # absent 0, 0.07, 0.2, 0.3 and 0.6; the row that the bedside refuses stays out
    assert (rows[0.05], rows[0.1], rows[0.2], rows[0.25], rows[0.55]) == (1, 2, 2, 3, 4)
    assert (rows[0.65], rows[None]) == (5, 5)
    last = found["curve"][-1]
    assert (last["rows"], last["guard"], last["coverage"]) == (6, False, 1.0)
    at_work = next(p for p in found["curve"] if p["limit"] == found["abstain_limit"])
    assert at_work["rows"] == found["answered"]["rows"]  # the curve passes through the verdicts
    assert [p["events"] + p["events_left_out"] for p in found["curve"]] == [3] * len(found["curve"])


def test_nothing_to_judge_is_null_and_fits_into_json():
    empty = abstention(np.zeros(0), np.zeros(0), [], [], np.zeros(0))
    assert json.loads(json.dumps(empty, allow_nan=False))["curve"][0]["coverage"] is None
