"""Figures against scikit-learn, against the papers' definitions written out slowly, and by hand."""

import json
import math

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    log_loss,
    precision_recall_curve,
    roc_auc_score,
)

from features.tables import InvalidTableError
from training.judging.alarms.utility import best_threshold, normalised_utility, row_utilities
from training.judging.rows.curves import curves, net_benefit
from training.judging.rows.evaluation import evaluate
from training.judging.rows.metrics import METRICS, auprc, auroc, brier, replicated
from training.judging.rows.recalibration import knots_of, spline
from training.judging.rows.resampled import NO_SPREAD, with_interval
from training.judging.rows.sample import Sample, patient_draws


def cohort(patients=60, rows=12, levels=None, seed=0):
    """A sample whose risks are true probabilities; with `levels` they are rounded into ties."""
    generator = np.random.default_rng(seed)
    margin = generator.normal(-1.5, 1.2, patients * rows)
    risk = expit(margin) if levels is None else np.round(expit(margin) * levels) / (levels + 1)
    label = (generator.random(len(risk)) < expit(margin)).astype(float)
    return Sample.of(label, risk, np.repeat(np.arange(patients), rows))


def scored_rows(sample, extra=None, grade=None):
    """The evaluation's input for a sample: a row a day."""
    day = pd.Series(sample.patient).groupby(sample.patient).cumcount()
    rows = pd.DataFrame(
        {
            "patient_id": [f"p{number:04d}" for number in sample.patient],
            "as_of": pd.Timestamp("2026-01-01", tz="UTC") + pd.to_timedelta(day, unit="D"),
            "outcome": "severe_crs",
            "label": sample.label,
            "at_risk": True,
            "grade": 0 if grade is None else grade,
        }
    )
    scorers = {"model": sample.risk} | (extra or {})
    return pd.concat([rows.assign(model=name, risk=risk) for name, risk in scorers.items()])


@pytest.mark.parametrize("levels", [None, 4, 30])
def test_ranking_under_any_resample_is_scikit_learns_with_weights(levels):
    sample = cohort(levels=levels)
    draws = patient_draws(sample.patients, 5, seed=3)
    figures = replicated(sample, draws)
    for draw, ours, precision in zip(draws, figures["auroc"], figures["auprc"], strict=True):
        weight = draw[sample.patient]
        assert ours == pytest.approx(roc_auc_score(sample.label, sample.risk, sample_weight=weight))
        assert precision == pytest.approx(
            average_precision_score(sample.label, sample.risk, sample_weight=weight)
        )


def test_probability_figures_under_any_resample_are_scikit_learns_with_weights():
    sample = cohort()
    draws = patient_draws(sample.patients, 4, seed=5)
    figures = replicated(sample, draws)
    for number, draw in enumerate(draws):
        weight = draw[sample.patient]
        rate = np.average(sample.label, weights=weight)
        square = brier_score_loss(sample.label, sample.risk, sample_weight=weight)
        assert figures["brier"][number] == pytest.approx(square)
        assert figures["scaled_brier"][number] == pytest.approx(1 - square / (rate * (1 - rate)))
        assert figures["log_loss"][number] == pytest.approx(
            log_loss(sample.label, sample.risk, sample_weight=weight)
        )
        assert figures["observed_to_expected"][number] == pytest.approx(
            rate / np.average(sample.risk, weights=weight)
        )


def test_the_calibration_slope_is_that_of_an_unpenalised_regression_on_the_log_odds():
    sample = cohort(patients=300)
    stretched = Sample.of(sample.label, expit(2 * logit(sample.risk)), sample.patient)
    draws = patient_draws(sample.patients, 20, seed=1)
    slopes = replicated(stretched, draws)["calibration_slope"]
    margin = logit(stretched.risk)[:, None]
    for draw, slope in zip(draws, slopes, strict=True):
        reference = LogisticRegression(C=np.inf, tol=1e-10)
        reference.fit(margin, sample.label, sample_weight=draw[sample.patient])
        exact = draw is draws[0]
        assert slope == pytest.approx(reference.coef_[0, 0], rel=1e-5 if exact else 1e-3)
    assert 0.4 < slopes[0] < 0.6


def few_events(seed=0):
    """Forty patients of ten rows with some nine events, at risks that are twice too low."""
    generator = np.random.default_rng(seed)
    patient = np.repeat(np.arange(40), 10)
    margin = generator.normal(-4.5, 1.0, 40)[patient] + generator.normal(0, 0.5, 400)
    return Sample.of((generator.random(400) < 2 * expit(margin)) * 1.0, expit(margin), patient)


def test_with_few_events_calibration_is_fitted_anew_in_every_resample():
    sample = few_events()
    draws = patient_draws(sample.patients, 200, seed=2)
    found, margin = replicated(sample, draws), logit(sample.risk)
    usable = np.isfinite(found["calibration_intercept"])
    assert usable.mean() > 0.9
    weight = draws[usable][:, sample.patient]
    # at the answer as many events are expected as came, in every resample
    shifted = expit(margin + found["calibration_intercept"][usable, None])
    np.testing.assert_allclose((weight * shifted).sum(axis=1), weight @ sample.label, rtol=1e-3)
    spread = np.nanstd(found["calibration_slope"])  # about the standard error
    for draw, slope in list(zip(draws, found["calibration_slope"], strict=True))[::20]:
        reference = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000)
        reference.fit(margin[:, None], sample.label, sample_weight=draw[sample.patient])
        assert slope == pytest.approx(reference.coef_[0, 0], abs=0.01 * spread)


def test_a_resample_whose_risks_tell_its_rows_apart_has_no_slope():
    # the one event at a low risk is patient 0's: without it the line has no finite answer
    risk = [0.05, 0.1, 0.2, 0.3, 0.6, 0.7, 0.8]
    sample = Sample.of([1, 0, 0, 0, 1, 1, 1], risk)
    without, doubled = np.ones(7), np.ones(7)
    without[0], doubled[0] = 0.0, 2.0
    found = replicated(sample, np.stack([np.ones(7), without, doubled]))
    assert np.isfinite(found["calibration_slope"]).tolist() == [True, False, True]
    assert np.isfinite(found["calibration_intercept"]).all()


def test_the_calibration_index_follows_the_curve_of_each_resample():
    sample = cohort(patients=80)
    sample = Sample.of(sample.label, expit(0.6 * logit(sample.risk) - 0.5), sample.patient)
    draws = patient_draws(sample.patients, 30, seed=6)
    design = spline(logit(sample.risk), knots_of(logit(sample.risk)))[:, 1:]
    for draw, found in list(zip(draws, replicated(sample, draws)["ici"], strict=True))[::6]:
        weight = draw[sample.patient]
        curve = LogisticRegression(C=np.inf, tol=1e-10, max_iter=5000)
        curve.fit(design, sample.label, sample_weight=weight)
        distance = np.abs(curve.predict_proba(design)[:, 1] - sample.risk)
        assert found == pytest.approx(np.average(distance, weights=weight), abs=1e-4)


def test_calibration_in_the_large_is_the_shift_that_was_put_in():
    margin = np.tile([-2.0, 0.0, 1.0, -0.5], 50)
    label = np.tile([0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0, 1.0], 25)
    shift = replicated(Sample.of(label, expit(margin)), np.ones((1, 200)))["calibration_intercept"]
    # at the answer, as many events are expected as were seen
    assert expit(margin + shift[0]).sum() == pytest.approx(label.sum())


def test_the_calibration_index_of_few_levels_is_the_mean_distance_from_observed_rates():
    # at risk 0.2 a half is observed, at risk 0.6 three quarters: distances 0.3 and 0.15
    found = replicated(Sample.of([0, 1, 0, 1, 1, 1, 0, 1], [0.2] * 4 + [0.6] * 4), np.ones((1, 8)))
    assert found["ici"][0] == pytest.approx(0.225)


def test_the_calibration_index_is_small_for_true_probabilities_and_finds_distortion():
    sample = cohort(patients=2000)
    distorted = Sample.of(sample.label, sample.risk**2, sample.patient)
    once = np.ones((1, sample.patients))
    assert replicated(sample, once)["ici"][0] < 0.01
    truth = np.abs(sample.risk - sample.risk**2).mean()
    assert replicated(distorted, once)["ici"][0] == pytest.approx(truth, rel=0.1)


@pytest.mark.parametrize(("patients", "seed"), [(60, 2), (200, 0)])
def test_the_interval_of_the_calibration_index_holds_its_estimate(patients, seed):
    """Perfectly calibrated, so that every resample's index is further from 0 than it should be."""
    sample = cohort(patients=patients, seed=seed)
    draws = patient_draws(sample.patients, 200, seed=1)
    values = replicated(sample, draws)["ici"]
    ici = next(metric for metric in METRICS if metric.name == "ici")
    found = ici.interval(values, sample.event_patients)
    assert 0.0 <= found["low"] < found["value"] < found["high"]
    again = replicated(Sample.of(sample.label, sample.risk**1.02, sample.patient), draws)["ici"]
    gap = ici.difference(values, again, sample.event_patients)
    assert gap["low"] <= gap["value"] <= gap["high"]


def test_resamples_that_all_lie_above_the_estimate_are_moved_to_it():
    # resamples 3 to 7 above an estimate of 2: recentred 0 to 4, quantiles at 2.5 and 97.5 %
    ici = next(metric for metric in METRICS if metric.name == "ici")
    found = ici.interval(np.array([2.0, 3.0, 4.0, 5.0, 6.0, 7.0]), 20)
    assert (found["value"], found["low"], found["high"]) == pytest.approx((2.0, 0.1, 3.9))
    near_zero = ici.interval(np.array([0.5, 3.0, 4.0, 5.0, 6.0, 7.0]), 20)
    assert (near_zero["low"], near_zero["high"]) == (0.0, 2.4)


def test_alarms_at_the_budget_are_counted_by_hand():
    # 20 patients, a row each: the budget lets the 2 highest sound; one of them is an event
    label = np.zeros(20)
    label[[0, 5]] = 1
    figures = replicated(Sample.of(label, np.linspace(0.9, 0.1, 20)), np.ones((1, 20)))
    assert figures["sensitivity_at_budget"][0] == pytest.approx(0.5)
    assert figures["ppv_at_budget"][0] == pytest.approx(0.5)
    # 1.6 of 2 events: the first, and 0.6 of the level of the second, which is the sixth patient-day
    assert figures["alarm_rate_at_sensitivity"][0] == pytest.approx(5.6 / 20)


def test_in_a_tie_alarms_sound_by_lot():
    # grade 1 on 4 of 20 days, with both events: half of the four may sound
    risk = np.where(np.arange(20) < 4, 0.5, 0.1)
    label = (np.arange(20) < 2).astype(float)
    figures = replicated(Sample.of(label, risk), np.ones((1, 20)))
    assert figures["sensitivity_at_budget"][0] == pytest.approx(0.5)
    assert figures["ppv_at_budget"][0] == pytest.approx(0.5)


def test_a_day_with_many_alarming_hours_is_one_alarm():
    hours = 24
    times = pd.Timestamp("2026-01-01", tz="UTC") + pd.to_timedelta(np.arange(hours * 10), unit="h")
    risk = np.linspace(0.1, 0.2, hours * 10)
    risk[:hours] = 0.9  # every hour of the first day alarms: a tenth of the days, the whole budget
    label = np.zeros(hours * 10)
    label[3:6] = 1
    rows = pd.DataFrame({"as_of": times, "label": label, "risk": risk}).assign(
        patient_id="p", outcome="infection", at_risk=True, model="model"
    )
    metrics = evaluate(rows, bootstrap=0)["outcomes"]["infection"]["models"]["model"]["metrics"]
    assert metrics["sensitivity_at_budget"]["value"] == pytest.approx(1.0)
    assert metrics["ppv_at_budget"]["value"] == pytest.approx(3 / 24)
    assert metrics["alarm_rate_at_sensitivity"]["value"] == pytest.approx(0.8 / 10)


def test_a_missing_score_ranks_last_and_is_counted():
    sample = Sample.of([1, 0, 1, 0], [0.9, 0.5, math.nan, math.nan])
    # pairs: 0.9 beats both; the missing event loses to 0.5 and ties with the other missing one
    assert auroc(sample.label, sample.risk) == pytest.approx((1 + 1 + 0 + 0.5) / 4)
    answer = evaluate(scored_rows(sample), bootstrap=0)["outcomes"]["severe_crs"]["models"]["model"]
    assert answer["unscored"] == 2


@pytest.mark.parametrize(
    ("label", "risk", "name", "words"),
    [
        ([0, 0, 0], [0.1, 0.2, 0.3], "auroc", "no event among 3 rows"),
        ([1, 1], [0.1, 0.2], "auroc", "an event follows each of the 2 rows"),
        ([0, 1, 0], [3, 40, 80], "brier", "not a probability"),
        ([0, 1, 0], [0, 1, 1], "brier", "yes or no"),
        ([0, 1, 0], [0.2, 0.2, 0.2], "calibration_slope", "all risks are equal"),
        ([0, 0, 1, 1], [0.1, 0.2, 0.7, 0.8], "calibration_slope", "separate"),
    ],
)
def test_a_figure_that_is_not_defined_is_null_with_its_reason(label, risk, name, words):
    answer = evaluate(scored_rows(Sample.of(label, risk)), bootstrap=3)
    figure = answer["outcomes"]["severe_crs"]["models"]["model"]["metrics"][name]
    assert figure["value"] is None
    assert words in figure["reason"]
    json.dumps(answer, allow_nan=False)


def test_plain_functions_give_nan_where_a_class_is_missing():
    assert math.isnan(auroc([0, 0], [0.1, 0.2]))
    assert math.isnan(auprc([0, 0], [0.1, 0.2]))
    assert math.isnan(brier([1, 1], [0.1, 0.2]))


def test_an_interval_covers_the_estimate_and_few_event_patients_get_none():
    many = evaluate(scored_rows(cohort()), bootstrap=100)
    figures = many["outcomes"]["severe_crs"]["models"]["model"]["metrics"]
    for metric in METRICS:
        figure = figures[metric.name]
        assert figure["low"] <= figure["value"] <= figure["high"], metric.name
    few = evaluate(scored_rows(Sample.of([1, 0, 0, 1], [0.9, 0.2, 0.3, 0.1])), bootstrap=100)
    figure = few["outcomes"]["severe_crs"]["models"]["model"]["metrics"]["auroc"]
    assert figure["low"] is None
    assert figure["reason"] == "no interval: 2 patients with an event"


def all_caught():
    """Sixty patients of one row, eleven before an event, which two scorers put first by far."""
    label = np.repeat([1.0, 0.0], [11, 49])
    risk = np.where(label == 1, 0.9, 0.01) - 0.0001 * np.arange(60)
    return Sample.of(np.tile(label, 3), np.tile(risk, 3), np.tile(np.arange(60), 3))


def test_what_every_resample_repeats_has_no_interval_anywhere():
    sample = all_caught()
    other = np.where(sample.label == 1, sample.risk / 2, sample.risk)
    rows = scored_rows(sample, {"crp": other, "fever": sample.risk})
    found = evaluate(rows, bootstrap=60)["outcomes"]["severe_crs"]
    stratum = found["strata"]["grade"]["0"]
    alike = [part["models"]["model"]["metrics"]["auroc"] for part in (found, stratum)]
    alike += [part["differences"]["crp"]["auroc"] for part in (found, stratum)]
    for figure in alike:
        assert (figure["low"], figure["high"], figure["reason"]) == (None, None, NO_SPREAD)
    assert [figure["value"] for figure in alike] == [1.0, 1.0, 0.0, 0.0]
    # of the same risks in every row the difference is 0 whoever is drawn
    same = found["differences"]["fever"]["auroc"]
    assert (same["value"], same["low"], same["high"], same["reason"]) == (0.0, 0.0, 0.0, None)


def test_what_nearly_every_resample_repeats_has_no_interval():
    once = np.append(np.ones(100), 0.9)
    assert with_interval(once, 11) == {"value": 1.0, "low": None, "high": None, "reason": NO_SPREAD}
    often = np.append(np.ones(91), np.full(10, 0.9))
    assert (with_interval(often, 11)["low"], with_interval(often, 11)["high"]) == (0.9, 1.0)


def test_resampling_patients_is_wider_than_resampling_rows():
    generator = np.random.default_rng(2)
    patient = np.repeat(np.arange(40), 25)
    ill = generator.random(40) < 0.5
    margin = np.where(ill, 1.0, -1.0)[patient] * 0.7 + generator.normal(0, 0.2, 1000)
    label = np.where(ill, generator.random(40) < 0.7, generator.random(40) < 0.3)[patient]
    by_patient = Sample.of(label, expit(margin), patient)
    by_row = Sample.of(label, expit(margin))
    spread = {
        name: np.std(replicated(sample, patient_draws(sample.patients, 100, 0))["auroc"][1:])
        for name, sample in (("patient", by_patient), ("row", by_row))
    }
    assert spread["patient"] > 2 * spread["row"]


def test_paired_differences_use_the_same_resamples():
    sample = cohort(patients=80)
    noisy = expit(logit(sample.risk) + np.random.default_rng(9).normal(0, 1.5, len(sample)))
    answer = evaluate(
        scored_rows(sample, {"fever": sample.risk, "persistence": noisy}), bootstrap=80, seed=4
    )
    differences = answer["outcomes"]["severe_crs"]["differences"]
    assert list(differences) == ["persistence", "fever"]
    assert differences["fever"]["auroc"] | {"reason": ""} == {
        "value": 0.0, "low": 0.0, "high": 0.0, "reason": "",
    }  # fmt: skip
    draws = patient_draws(80, 80, 4)
    worse = Sample.of(sample.label, noisy, sample.patient)
    gaps = [
        roc_auc_score(sample.label, sample.risk, sample_weight=draw[sample.patient])
        - roc_auc_score(worse.label, worse.risk, sample_weight=draw[worse.patient])
        for draw in draws
    ]
    figure = differences["persistence"]["auroc"]
    assert figure["value"] == pytest.approx(gaps[0])
    assert figure["low"] == pytest.approx(np.quantile(gaps[1:], 0.025))
    assert figure["high"] == pytest.approx(np.quantile(gaps[1:], 0.975))


def test_grades_are_judged_apart_and_nothing_is_dropped_uncounted():
    sample = cohort(patients=50)
    grade = np.where(np.arange(len(sample)) % 3 == 0, 2.0, 0.0)
    grade[5] = np.nan
    rows = scored_rows(sample, grade=grade)
    rows.loc[rows.index[:7], "label"] = np.nan
    rows.loc[rows.index[7:10], "at_risk"] = False
    answer = evaluate(rows, bootstrap=10)["outcomes"]["severe_crs"]
    counts = answer["counts"]
    assert (counts["censored"], counts["not_at_risk"]) == (7, 3)
    assert counts["rows"] + counts["censored"] + counts["not_at_risk"] == counts["rows_in_all"]
    by_grade = answer["strata"]["grade"]
    assert list(by_grade) == ["0", "2", "unknown"]
    for key in ("rows", "events", "censored", "not_at_risk"):
        assert sum(stratum["counts"][key] for stratum in by_grade.values()) == counts[key]
    keep = np.flatnonzero(grade == 2.0)
    keep = keep[keep >= 10]
    expected = roc_auc_score(sample.label[keep], sample.risk[keep])
    found = by_grade["2"]["models"]["model"]["metrics"]["auroc"]["value"]
    assert found == pytest.approx(expected)


def test_grades_0_and_1_are_also_judged_as_one():
    sample = cohort(patients=50)
    grade = np.arange(len(sample)) % 3.0
    by_grade = evaluate(scored_rows(sample, grade=grade), 0)["outcomes"]["severe_crs"]["strata"]
    assert list(by_grade["grade"]) == ["0", "1", "0-1", "2"]
    keep = grade < 2.0
    found = by_grade["grade"]["0-1"]
    assert found["counts"]["rows"] == keep.sum()
    expected = roc_auc_score(sample.label[keep], sample.risk[keep])
    assert found["models"]["model"]["metrics"]["auroc"]["value"] == pytest.approx(expected)


def test_the_order_of_lines_changes_nothing():
    sample = cohort(patients=30)
    rows = scored_rows(sample, {"persistence": np.round(sample.risk, 1)})
    shuffled = rows.sample(frac=1, random_state=0)
    assert json.dumps(evaluate(rows, 20), sort_keys=True) == json.dumps(
        evaluate(shuffled, 20), sort_keys=True
    )


def test_figures_of_repeated_cross_validation_are_means_over_the_repeats():
    first, second = cohort(seed=0), cohort(seed=0)
    weaker = expit(logit(second.risk) + np.random.default_rng(0).normal(0, 1, len(second)))
    rows = pd.concat(
        [
            scored_rows(first).assign(repeat=0),
            scored_rows(Sample.of(first.label, weaker, first.patient)).assign(repeat=1),
        ]
    )
    found = evaluate(rows, bootstrap=0)["outcomes"]["severe_crs"]
    expected = (auroc(first.label, first.risk) + auroc(first.label, weaker)) / 2
    assert found["models"]["model"]["metrics"]["auroc"]["value"] == pytest.approx(expected)
    assert found["counts"]["rows"] == len(first)


def test_a_rule_is_told_as_it_stands():
    answer = evaluate(scored_rows(Sample.of([1, 0, 1, 0], [1, 1, 0, 0])), bootstrap=0)
    rule = answer["outcomes"]["severe_crs"]["models"]["model"]["as_rule"]
    assert rule == {"sensitivity": 0.5, "ppv": 0.5, "alarms_per_patient_day": 0.5}


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda rows: rows.drop(columns="risk"), "column missing: risk"),
        (lambda rows: rows.iloc[:0], "empty"),
        (lambda rows: rows.assign(label=2.0), "other than 0, 1"),
        (lambda rows: rows.iloc[1:], "does not judge the same rows"),
        (lambda rows: pd.concat([rows, rows]), "same as-of time twice"),
    ],
)
def test_a_table_that_cannot_be_judged_is_refused(spoil, words):
    rows = scored_rows(cohort(patients=3), {"persistence": cohort(patients=3).risk})
    with pytest.raises(InvalidTableError) as refusal:
        evaluate(spoil(rows.reset_index(drop=True)), bootstrap=0)
    assert words in str(refusal.value)


def test_curves_pass_through_scikit_learns_points():
    sample = cohort(levels=6)
    found = curves(sample)
    precision, recall, _ = precision_recall_curve(sample.label, sample.risk)
    ours = found["precision_recall"]
    theirs = {(round(r, 5), round(p, 5)) for r, p in zip(recall, precision, strict=True)}
    assert set(zip(ours["sensitivity"], ours["precision"], strict=True)) <= theirs
    area = np.trapezoid(found["roc"]["sensitivity"], found["roc"]["false_alarm_rate"])
    assert area == pytest.approx(roc_auc_score(sample.label, sample.risk), abs=1e-4)


def test_net_benefit_is_counted_by_hand():
    # at 0.2: two of three that act are right; (2 - 1 * 0.25) / 5
    found = net_benefit(Sample.of([1, 1, 0, 0, 0], [0.9, 0.2, 0.3, 0.1, 0.05]))
    place = found["threshold"].index(0.2)
    assert found["net_benefit"][place] == pytest.approx(0.35)
    assert found["act_on_all"][place] == pytest.approx(0.4 - 0.6 * 0.25)


# The 2019 challenge's utility ------------------------------------------------------------------


def slow_stay_utility(onset, alarms):
    """Figure 1 of the paper for one stay, hour by hour; `onset` None where there is none."""
    total = 0.0
    for hour, alarm in enumerate(alarms):
        if onset is None:
            total += -0.05 if alarm else 0.0
            continue
        before = onset - hour
        if before < -3:
            continue
        if alarm:
            if before > 12:
                total += -0.05
            elif before >= 6:
                total += max((12 - before) / 6, -0.05)
            else:
                total += (3 + before) / 9
        elif before < 6:
            total += -2 * (6 - before) / 9
    return total


def slow_normalised_utility(stays, alarms):
    observed = sum(slow_stay_utility(o, a) for (o, _), a in zip(stays, alarms, strict=True))
    silence = sum(slow_stay_utility(onset, [False] * length) for onset, length in stays)
    best = 0.0
    for onset, length in stays:
        ideal = [onset is not None and -12 <= hour - onset <= 3 for hour in range(length)]
        best += slow_stay_utility(onset, ideal)
    return (observed - silence) / (best - silence)


def stays_as_rows(stays):
    hours = np.concatenate([np.arange(length) for _, length in stays])
    onsets = np.concatenate([np.full(n, math.nan if o is None else o) for o, n in stays])
    return hours, onsets


STAYS = [(None, 30), (20, 40), (4, 9), (None, 8), (45, 46), (8, 60)]


def test_the_utility_is_the_papers_told_slowly():
    generator = np.random.default_rng(1)
    hours, onsets = stays_as_rows(STAYS)
    for share in (0.0, 0.1, 0.5, 1.0):
        alarms = [generator.random(length) < share for _, length in STAYS]
        expected = slow_normalised_utility(STAYS, alarms)
        assert normalised_utility(hours, onsets, np.concatenate(alarms)) == pytest.approx(expected)


def test_an_alarm_and_silence_are_worth_what_the_paper_says_at_its_corners():
    from_onset = np.array([-13.0, -12.0, -9.0, -6.0, -1.5, 3.0, 4.0])
    alarm, silence = row_utilities(from_onset, np.zeros(7))
    assert alarm.tolist() == pytest.approx([-0.05, 0.0, 0.5, 1.0, 0.5, 0.0, 0.0])
    assert silence.tolist() == pytest.approx([0.0, 0.0, 0.0, 0.0, -1.0, -2.0, 0.0])
    without = row_utilities([5.0], [math.nan])
    assert (without[0][0], without[1][0]) == (-0.05, 0.0)


def test_the_best_threshold_beats_every_other():
    generator = np.random.default_rng(7)
    hours, onsets = stays_as_rows(STAYS)
    near = np.exp(-np.abs(np.nan_to_num(hours - onsets + 4, nan=50)) / 10)
    risk = np.round(near + generator.random(len(hours)) * 0.6, 1)
    best = best_threshold(hours, onsets, risk)
    all_of_them = [normalised_utility(hours, onsets, risk >= cut) for cut in np.unique(risk)]
    assert best.utility == pytest.approx(max(all_of_them))
    assert normalised_utility(hours, onsets, risk >= best.threshold) == pytest.approx(best.utility)


def test_without_an_onset_there_is_no_utility_and_silence_can_be_best():
    assert math.isnan(normalised_utility([0, 1], [math.nan, math.nan], [0, 1]))
    backwards = best_threshold([0, 0, 0], [9, math.nan, math.nan], [0.1, math.nan, 0.1])
    assert backwards.utility > 0
    wrong = best_threshold([0] * 41, [9] + [math.nan] * 40, [0.1] + [0.5] * 40)
    assert (wrong.threshold, wrong.utility) == (math.inf, 0.0)


def test_a_scorer_that_gives_no_score_at_all_is_told_as_such():
    sample = cohort()
    found = evaluate(scored_rows(sample, {"crp_rule": np.full(len(sample), np.nan)}), 10)
    told = found["outcomes"]["severe_crs"]["models"]["crp_rule"]
    assert told["unscored"] == len(sample)
    assert told["metrics"]["brier"]["reason"] == "it gave no score on these rows"
    assert "net_benefit" not in told["curves"]
