"""The words for an evaluation: what is claimed, what is warned of, who did better."""

from pathlib import Path

import pytest

import training
from training.judging.rows.metrics import METRICS
from training.judging.rows.resampled import NO_SPREAD
from training.words.calibration import calibration_verdict
from training.words.claims import claim, why_unjudged
from training.words.gaps import Finding
from training.words.judged_patients import FLATTERED
from training.words.sentences import plain_sentences

ROOT = Path(training.__file__).parent


def figure(value, low=None, high=None, reason=None):
    return {"value": value, "low": low, "high": high, "reason": reason}


def judged(gaps=None, patients=30, **metrics):
    """One outcome of 100 rows with 30 events; `gaps` are the model minus other scorers."""
    same = {metric.name: figure(0.5, 0.4, 0.6) for metric in METRICS}
    differences = {
        name: {metric.name: figure(0.0, -0.1, 0.1) for metric in METRICS} | gap
        for name, gap in (gaps or {}).items()
    }
    return {
        "counts": {"events": 30, "rows": 100, "patients_with_event": patients},
        "models": {"model": {"metrics": same | metrics}}
        | {name: {"metrics": same} for name in differences},
        "differences": differences,
    }


@pytest.mark.parametrize(
    ("gap", "finding", "words"),
    [
        (figure(0.04, 0.01, 0.07), Finding.GAIN, "a gain of +0.040 (95 % interval +0.010 to"),
        (figure(-0.04, -0.07, -0.01), Finding.LOSS, "a loss of −0.040 (95 % interval −0.070 to"),
        (figure(0.04, -0.01, 0.07), Finding.NO_GAIN, "the interval includes 0"),
        (figure(0.04, 0.0, 0.07), Finding.NO_GAIN, "the interval includes 0"),
        (figure(0.04, reason="no interval"), Finding.UNKNOWN, "cannot be told"),
        (figure(None, reason="why"), Finding.UNKNOWN, "could not be compared with"),
    ],
)
def test_a_gain_is_claimed_only_when_the_paired_interval_says_so(gap, finding, words):
    found = claim(judged({"persistence": {"auroc": gap}}))
    assert found.finding is finding
    assert words in found.sentence


@pytest.mark.parametrize(
    ("other", "finding"),
    [("last_value_logistic", Finding.BEATEN), ("shipped model", Finding.GAIN),
     ("continued boosting", Finding.GAIN), ("model without grade", Finding.GAIN)],
)  # fmt: skip
def test_only_a_scorer_that_is_no_model_of_ours_is_a_simpler_one(other, finding):
    better = {"auroc": figure(-0.04, -0.07, -0.01)}
    gain = {"auroc": figure(0.04, 0.01, 0.07)}
    assert claim(judged({"persistence": gain, other: better})).finding is finding


def test_of_patients_that_the_model_learnt_from_nothing_is_said_but_a_warning():
    seen = {"seen": "training records", "format": "table", "virtual": False, "patients": 3}
    found = judged({"persistence": {"auroc": figure(0.2, 0.1, 0.3)}})
    assert plain_sentences("severe_crs", found, judged_on=seen) == [FLATTERED]


@pytest.mark.parametrize("patients", [1, 4])
def test_nothing_is_claimed_of_fewer_than_five_patients_with_an_event(patients):
    found = judged({"persistence": {"auroc": figure(0.4, 0.3, 0.5)}}, patients)
    assert claim(found).finding is Finding.UNKNOWN
    assert "too few events to judge" in claim(found).sentence
    assert len(plain_sentences("severe_crs", found)) == 1
    assert why_unjudged(judged(patients=5)) is None


@pytest.mark.parametrize(("coverage", "told"), [(1.0, True), (0.5, True), (0.2, False)])
def test_a_gain_over_rows_that_nobody_would_see_is_told_with_their_share(coverage, told):
    gap = {"value": 0.1, "low": 0.05, "high": 0.15, "reason": None}
    rows = judged({"persistence": {"auroc": gap}})
    found = claim(rows | {"abstention": {"verdicts": {"abstain": {"coverage": coverage}}}})
    assert found.finding is Finding.GAIN
    assert (f"abstains from {coverage:.0%} of these rows" in found.sentence) == told


@pytest.mark.parametrize(
    ("ratio", "words"),
    [
        (figure(1.0, 0.9, 1.1), "they agree well enough to be read as they stand"),
        (figure(1.1, 0.99, 1.25), "they agree well enough"),
        (figure(1.1, 0.8, 1.5), "leave room for risks up to 1.5 times off (0.800 to 1.50)"),
        (figure(1.2, 0.54, 2.21), "up to 2.2 times off (0.540 to 2.21): judge on more patients"),
        (figure(1.0, 0.0, 2.0), "any number of times off"),
        (figure(1.25), "no interval tells how sure that is"),
        (figure(1.5, 1.2, 1.8), "1.5 times too low; recalibrate on local patients before"),
        (figure(0.55, 0.4, 0.7), "1.8 times too high; recalibrate on local patients before"),
        (figure(10.55, 8, 13), "11 times too low; do not use without recalibration on local"),
        (figure(0.1, 0.05, 0.2), "10 times too high; do not use without recalibration on local"),
        (figure(2.5, 0.9, 5.0), "chance may explain it: the interval of the ratio (0.900 to 5.00)"),
    ],
)
def test_risks_too_low_or_too_high_are_said_to_be_so(ratio, words):
    assert words in calibration_verdict(ratio)


def test_foretold_events_are_those_observed_over_their_ratio():
    found = judged(observed_to_expected=figure(0.5, 0.4, 0.6))
    said = plain_sentences("infection", found)
    assert any("It foretold 60 rows before an infection; 30 came: its risks are" in s for s in said)
    one = judged(observed_to_expected=figure(30.0, 20.0, 40.0))
    assert any("foretold 1 row before" in s for s in plain_sentences("infection", one))


def test_what_fifty_local_patients_mend_is_told_where_it_was_tried():
    ratio = {"observed_to_expected": figure(0.75, 0.6, 0.9)}
    mended = {"observed_to_expected": figure(0.99, 0.85, 1.12)}
    repair = {"reason": None, "patients": 50, "draws_used": 19, "before": ratio, "after": mended}
    answer = judged(observed_to_expected=figure(0.5)) | {"repair": repair}
    told = [s for s in plain_sentences("infection", answer) if s.startswith("Recalibrated on 50")]
    assert len(told) == 1
    assert "from 0.750 (0.600 to 0.900) to 0.990 (0.850 to 1.12): medians of 19 draws" in told[0]
    few = answer | {"repair": {"reason": "60 patients judged, 70 at least are needed"}}
    assert not any("Recalibrated" in s for s in plain_sentences("infection", few))


def test_all_of_few_events_is_told_without_certainty():
    caught = figure(1.0, reason=NO_SPREAD)
    said = " ".join(plain_sentences("infection", judged(sensitivity_at_budget=caught)))
    assert "it catches 100\N{NO-BREAK SPACE}% (no interval: the same in every resample" in said


@pytest.mark.parametrize("room", ["report", "statements", "verbs", "words"])
def test_no_reader_is_left_to_choose_between_one_and_several(room):
    files = sorted((ROOT / room).glob("*.py"))
    assert files
    assert [file.name for file in files if "(s)" in file.read_text("utf-8")] == []


@pytest.mark.parametrize(
    ("slope", "words"),
    [
        (figure(0.5, 0.3, 0.7), "high risks are too high and low ones too low"),
        (figure(1.5, 1.3, 1.7), "high risks are too low and low ones too high"),
    ],
)
def test_a_slope_that_is_not_one_is_explained(slope, words):
    assert any(words in s for s in plain_sentences("infection", judged(calibration_slope=slope)))


@pytest.mark.parametrize(
    ("gaps", "words"),
    [
        (
            {"model without trajectories": {"auroc": figure(-0.02, -0.05, 0.01)}},
            "Without trajectories no difference was shown: AUROC +0.020 (−0.010 to +0.050; chance",
        ),
        (
            {"model without monotone signs": {"auroc": figure(-0.02, -0.05, -0.01)}},
            "Without monotone signs the model did better by AUROC: AUROC +0.020 (+0.010 to",
        ),
        (
            {
                "model without grade": {
                    "auroc": figure(-0.02, -0.05, -0.01),
                    "auprc": figure(0.2, 0.1, 0.3),
                }
            },
            "the model did better by AUROC but worse by average precision: AUROC +0.020",
        ),
        (
            {"model without grade": {"auprc": figure(0.2, 0.1, 0.3)}},
            "did worse by average precision: AUROC 0.000 (−0.100 to +0.100; chance may explain",
        ),
        (
            {"crp": {"auroc": figure(-0.1, -0.2, -0.05)}, "fever": {}},
            "did better by AUROC, “CRP alone”: AUROC +0.100 (+0.050 to +0.200; beyond chance)",
        ),
        (
            {"crp": {"auroc": figure(-0.1, -0.2, 0.05)}},
            "No difference was shown to a simpler scorer, “CRP alone”: AUROC +0.100 (−0.050 to",
        ),
        ({"crp": {}}, "No simpler scorer did better than the model by AUROC or average precision."),
        (
            {"crp": {}, "model without grade": {"auroc": figure(-0.02, -0.05, -0.01)}},
            "No scorer but the model without today's grade did better than the model by AU",
        ),
    ],
)
def test_a_variant_or_baseline_that_does_better_is_named(gaps, words):
    said = plain_sentences("severe_crs", judged(gaps))
    assert any(words in sentence for sentence in said), said


def test_within_a_grade_the_model_is_told_beside_persistence():
    part = judged({"persistence": {"auroc": figure(0.1, 0.05, 0.2)}}, auroc=figure(0.3, 0.2, 0.4))
    whole = judged() | {"strata": {"grade": {"2": part, "4": part | {"counts": {"rows": 0}}}}}
    said = plain_sentences("severe_crs", whole)
    told = [sentence for sentence in said if sentence.startswith("Grade")]
    assert len(told) == 1
    assert told[0].startswith("Grade 2 today: AUROC 0.300 (0.200 to 0.400), worse than guessing,")
    assert "against 0.500 of today's grade and day alone: gain shown; 30 of 100 rows" in told[0]


def test_a_variant_of_the_model_is_never_called_a_simpler_scorer():
    better = {"auroc": figure(-0.02, -0.05, -0.01)}
    said = plain_sentences("severe_crs", judged({"model without monotone signs": better}))
    assert not any("simpler scorer" in sentence for sentence in said)


GAIN = {"auroc": figure(0.17, 0.06, 0.33)}


def test_a_simpler_scorer_that_is_better_beyond_chance_comes_before_the_gain():
    logistic = {"auroc": figure(-0.1, -0.167, -0.033)}
    found = claim(judged({"persistence": GAIN, "last_value_logistic": logistic}))
    assert found.finding is Finding.BEATEN
    assert found.sentence.startswith(
        "A simpler scorer does better than the model: “Last values, logistic regression”, "
        "AUROC +0.100 (+0.033 to +0.167; beyond chance)"
    )
    assert "a gain of +0.170" in found.sentence


@pytest.mark.parametrize(
    "others",
    [
        {"crp": {"auroc": figure(-0.1, -0.2, 0.01)}},  # chance may explain it
        {"model without grade": {"auroc": figure(-0.1, -0.2, -0.05)}},  # not a simpler scorer
    ],
)
def test_neither_chance_nor_a_variant_takes_the_gain_away(others):
    found = claim(judged({"persistence": GAIN} | others))
    assert found.finding is Finding.GAIN
    assert found.sentence.startswith("Better than")


@pytest.mark.parametrize(("patients", "told"), [(19, True), (20, False)])
def test_a_gain_of_few_patients_with_an_event_is_told_with_a_caution(patients, told):
    found = claim(judged({"persistence": GAIN}, patients))
    assert found.finding is (Finding.GAIN_OF_FEW if told else Finding.GAIN)
    assert ("Only 19 patients have an event, fewer than 20" in found.sentence) == told


def test_figures_of_a_weighted_population_say_so_in_the_claim():
    seen = {"seen": "cross-validated", "format": "table", "virtual": False, "patients": 3}
    rows = judged({"persistence": GAIN})
    for weighted in (True, False):
        said = claim(rows, judged_on=seen | {"weighted": weighted}).sentence
        assert ("weighted by the sampling weights" in said) == weighted


def within_grade(theirs, patients, gap):
    part = judged({"persistence": {"auroc": gap}}, patients)
    part["models"]["persistence"] = {"metrics": {"auroc": theirs}}
    whole = judged() | {"strata": {"grade": {"1": part}}}
    said = plain_sentences("severe_crs", whole)
    return next(sentence for sentence in said if sentence.startswith("Grade 1"))


def test_within_a_grade_no_gain_is_claimed_over_less_than_guessing_or_of_a_few_patients():
    gain, loss, theirs = figure(0.2, 0.1, 0.3), figure(-0.2, -0.3, -0.1), figure(0.55, 0.5, 0.6)
    assert "alone: gain shown;" in within_grade(theirs, 20, gain)
    assert "alone: worse;" in within_grade(figure(0.41, 0.3, 0.49), 20, loss)
    below = within_grade(figure(0.41, 0.3, 0.49), 20, gain)
    assert "gain shown" not in below
    assert "no gain is claimed, for the latter ranks worse than guessing there" in below
    few = within_grade(theirs, 19, gain)
    assert "too few to judge a gain (19 patients with an event, 20 needed)" in few
    assert "gain shown" not in few
