"""Figures within groups and the gaps between them, against scikit-learn and by hand."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from training.judging.groups.by_group import alarm_shares, group_figures, groups_of
from training.judging.groups.fairness import Gap, gaps
from training.judging.groups.strata import STRATA
from training.judging.rows.common_rows import judged_rows
from training.judging.rows.evaluation import evaluate
from training.judging.rows.sample import Sample, patient_draws
from training.words.fairness import fairness_sentences


def lines(patients=120, rows=5, seed=0):
    """Scored lines whose model ranks women's rows well and men's by lot."""
    generator = np.random.default_rng(seed)
    patient = np.repeat(np.arange(patients), rows)
    label = (generator.random(len(patient)) < 0.15).astype(float)
    female = patient % 2 == 0
    guess = generator.random(len(patient))
    table = pd.DataFrame(
        {
            "patient_id": [f"p{number:03d}" for number in patient],
            "as_of": pd.Timestamp("2026-01-01", tz="UTC")
            + pd.to_timedelta(np.tile(np.arange(rows), patients), unit="D"),
            "outcome": "severe_crs",
            "label": label,
            "at_risk": True,
            "grade": 0.0,
        }
    )
    risk = np.where(female, np.clip(0.1 + 0.7 * label + 0.05 * guess, 0, 1), guess)
    both = [table.assign(model="model", risk=risk), table.assign(model="persistence", risk=guess)]
    groups = pd.DataFrame({s.name: "unknown" for s in STRATA}, index=table.index)
    groups["sex"] = np.where(female, "female", "male")
    groups["site"] = np.where(patient < 4, "small", "large")
    return pd.concat(both, ignore_index=True), groups


@pytest.fixture(scope="module")
def found():
    scored, groups = lines()
    judged = judged_rows(scored, 60, 0)
    return judged, groups, groups_of(judged, groups)


def test_auroc_of_a_group_is_that_of_its_rows_alone_under_any_resample():
    sample = Sample.of(*np.random.default_rng(2).random((2, 400)).round(1).clip(0, 1)[[0, 1]],
                       np.repeat(np.arange(80), 5))  # fmt: skip
    sample = Sample((sample.label > 0.7).astype(float), sample.risk, sample.patient, 80, sample.day)
    member = np.random.default_rng(3).random(400) < 0.5
    draws = patient_draws(80, 4, seed=1)
    figures = group_figures([sample], [alarm_shares(sample)], member, draws)
    for draw, ours in zip(draws, figures["auroc"], strict=True):
        weight = draw[sample.patient][member]
        label, risk = sample.label[member], sample.risk[member]
        assert ours == pytest.approx(roc_auc_score(label, risk, sample_weight=weight))


def test_all_groups_share_the_threshold_of_all_rows():
    # 20 patients, a row each: the budget lets the two highest sound, both of them in group A
    label = np.zeros(20)
    label[[0, 5, 12]] = 1
    sample = Sample.of(label, np.linspace(0.9, 0.1, 20))
    shares = alarm_shares(sample)
    assert shares.tolist() == [1.0, 1.0] + [0.0] * 18
    first = np.arange(20) < 10
    once = np.ones((1, 20))
    assert group_figures([sample], [shares], first, once)["sensitivity"][0] == pytest.approx(0.5)
    assert group_figures([sample], [shares], ~first, once)["sensitivity"][0] == 0.0
    assert group_figures([sample], [shares], first, once)["ppv"][0] == pytest.approx(0.5)


def test_rows_of_equal_risk_sound_in_part():
    sample = Sample.of([1, 0] * 10, [0.5] * 20)
    assert alarm_shares(sample) == pytest.approx(np.full(20, 0.1))


def test_groups_hold_the_model_beside_persistence_and_name_who_has_too_few(found):
    _, groups, told = found
    assert set(told) == {"sex", "site"}
    female = told["sex"]["groups"]["female"]
    assert set(female["models"]) == {"model", "persistence"}
    whole = evaluate(lines()[0][groups.loc[:, "sex"].eq("female").tolist() * 2], 0, 0)
    expected = whole["outcomes"]["severe_crs"]["models"]["model"]["metrics"]
    for name in ("auroc", "auprc", "observed_to_expected", "scaled_brier"):
        assert female["models"]["model"][name]["value"] == pytest.approx(expected[name]["value"])
    assert female["differences"]["persistence"]["auroc"]["low"] > 0
    small = told["site"]["groups"]["small"]
    assert "are needed" in small["reason"]
    assert "models" not in small


def test_a_gap_is_named_where_chance_does_not_explain_it(found):
    _, _, told = found
    gap = told["sex"]["gaps"]["model"]["auroc"]
    assert (gap["finding"], gap["highest"], gap["lowest"]) == (Gap.SHOWN, "female", "male")
    parts = told["sex"]["groups"]
    values = [parts[name]["models"]["model"]["auroc"]["value"] for name in ("female", "male")]
    assert gap["value"] == pytest.approx(values[0] - values[1])
    assert told["sex"]["gaps"]["persistence"]["auroc"]["finding"] == Gap.NOT_SHOWN
    sentences = fairness_sentences(told)
    assert any(s.startswith("Sex, AUROC: A GAP IS SHOWN, female over male") for s in sentences)
    assert any(s.startswith("Site of care: these records cannot tell") for s in sentences)


def test_the_interval_of_a_gap_is_widened_for_every_pair_that_could_have_been_picked():
    draws = np.array([0.0, -0.1, 0.1, -0.1, 0.1])  # after the estimate: standard deviation 0.1155
    groups = {name: {"auroc": at + part, "sensitivity": at + part, "observed_to_expected":
                     np.exp(at + part)} for name, at, part in
              (("a", 0.9, draws), ("b", 0.6, 0 * draws), ("c", 0.7, 0 * draws))}  # fmt: skip
    found = gaps(groups)
    half = 2.3940 * 0.11547  # normal quantile of 1 - 0.05 / (2 x 3 pairs)
    assert (found["auroc"]["highest"], found["auroc"]["lowest"]) == ("a", "b")
    assert found["auroc"]["value"] == pytest.approx(0.3)
    assert found["auroc"]["low"] == pytest.approx(0.3 - half, abs=1e-4)
    ratio = found["observed_to_expected"]
    assert ratio["value"] == pytest.approx(np.exp(0.3))
    assert ratio["high"] == pytest.approx(np.exp(0.3 + half), rel=1e-3)
    same = {
        name: {key: np.full(5, at) for key in groups["a"]} for name, at in (("a", 1.0), ("b", 0.5))
    }
    assert gaps(same)["sensitivity"]["finding"] == Gap.UNKNOWN
    assert gaps({"a": groups["a"]})["auroc"]["finding"] == Gap.UNKNOWN
