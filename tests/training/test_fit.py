"""Folds of patients, and a committee whose members are judged on patients they never saw."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from features.outcomes import Outcome
from features.tables import InvalidInputError
from models.baselines import LastValueLogistic
from models.recipes import Recipe
from training.fit import TrainingRows, fit_committee, unseen_baseline_risk, useful_columns
from training.split import fold_plan

DEEP = Recipe(30, 0.5, 6, 0.01, 0.1, threads=1)


def training_of(rows, label, patient, plan):
    """Rows that are all learnt from and all judged; infection has no monotone signs."""
    everywhere = np.ones(len(label), dtype=bool)
    return TrainingRows(Outcome.INFECTION, rows, label, label, everywhere, patient, plan)


def cohort(patients: int = 60, rows: int = 8, seed: int = 0):
    """Patient numbers, and labels that hit some patients often and others never."""
    random = np.random.default_rng(seed)
    patient = np.repeat([f"p{n:03d}" for n in range(patients)], rows)
    prone = np.repeat(random.random(patients) < 0.4, rows)
    label = ((random.random(len(patient)) < 0.7) & prone).astype(float)
    return patient, label


def test_no_patient_stands_in_two_folds():
    patient, label = cohort()
    plan = fold_plan(patient, label, 5, 3, seed=7)
    assert plan.shape == (len(label), 3)
    for repeat in plan.T:
        folds = pd.Series(repeat).groupby(patient).nunique()
        assert (folds == 1).all()
        assert sorted(set(repeat)) == [0, 1, 2, 3, 4]
        assert all(label[repeat == fold].sum() > 0 for fold in range(5))


def test_the_same_seed_gives_the_same_folds_and_repeats_differ():
    patient, label = cohort()
    plan = fold_plan(patient, label, 5, 2, seed=7)
    assert (plan == fold_plan(patient, label, 5, 2, seed=7)).all()
    assert (plan[:, 0] != plan[:, 1]).any()


def test_too_few_patients_with_an_event_are_counted_in_the_error():
    patient = np.repeat(list("abcdefgh"), 3)
    label = np.isin(patient, list("abcd")).astype(float)  # four patients, twelve rows
    with pytest.raises(InvalidInputError, match=r"4 patients with an event; 5 folds"):
        fold_plan(patient, label, 5, 1, seed=0)


@pytest.fixture(scope="module")
def fingerprint():
    """Rows whose only feature names the patient: all that can be learnt is who is who."""
    patient, label = cohort()
    number = np.unique(patient, return_inverse=True)[1]
    shuffled = np.random.default_rng(1).permutation(number.max() + 1)
    rows = pd.DataFrame({"who.last": shuffled[number].astype(np.float32)})
    return training_of(rows, label, patient, fold_plan(patient, label, 5, 2, seed=3))


def test_members_never_saw_the_patients_they_are_judged_on(fingerprint):
    fitted = fit_committee(fingerprint, ["who.last"], DEEP, 0, "test")
    own = roc_auc_score(fingerprint.label, fitted.model.margin(fingerprint.rows))
    unseen = roc_auc_score(fingerprint.label, fitted.unseen_risk)
    assert own > 0.85  # whoever had seen a patient would know
    assert unseen < 0.65


def test_a_fingerprint_without_signal_is_calibrated_to_little_or_nothing(fingerprint):
    fitted = fit_committee(fingerprint, ["who.last"], DEEP, 0, "test")
    assert 0.0 <= fitted.calibration.slope < 0.3


def test_what_members_give_does_not_depend_on_the_held_out_labels(fingerprint):
    fold = fingerprint.plan[:, 0] == 0
    one_repeat = fingerprint.plan[:, :1]
    turned = fingerprint.label.copy()
    turned[fold] = turned[fold][::-1]
    first, second = (
        fit_committee(
            training_of(fingerprint.rows, label, fingerprint.patient, one_repeat),
            ["who.last"], DEEP, 0, "test",
        ).model.member_margins(fingerprint.rows)[:, 0]
        for label in (fingerprint.label, turned)
    )  # fmt: skip
    assert (fingerprint.label[fold] != turned[fold]).any()
    assert (first == second).all()


def test_the_same_seed_gives_the_same_committee(fingerprint):
    one, two = (fit_committee(fingerprint, ["who.last"], DEEP, 5, "test") for _ in range(2))
    assert (one.unseen_risk == two.unseen_risk).all()
    assert one.calibration == two.calibration
    assert one.model.members == 10


def test_a_real_signal_is_found_on_unseen_patients(fingerprint):
    random = np.random.default_rng(2)
    signal = fingerprint.label * 1.5 + random.normal(size=len(fingerprint.label))
    rows = pd.DataFrame({"crp.last": signal.astype(np.float32)})
    training = training_of(rows, fingerprint.label, fingerprint.patient, fingerprint.plan)
    shallow = Recipe(20, 0.2, 2, 5.0, 5.0, threads=1)
    fitted = fit_committee(training, ["crp.last"], shallow, 0, "test")
    assert roc_auc_score(training.label, fitted.unseen_risk) > 0.75
    assert fitted.unseen_risk.mean() == pytest.approx(training.label.mean(), abs=0.03)
    opponent = unseen_baseline_risk(training.judged_rows, LastValueLogistic)
    assert roc_auc_score(training.label, opponent) > 0.75


def test_a_baseline_is_judged_on_unseen_patients_too(fingerprint):
    class Memory:
        def fit(self, rows, label, weight=None):
            self.seen = set(rows["who.last"])
            return self

        def risk(self, rows):
            return rows["who.last"].isin(self.seen).to_numpy(dtype=float)

    assert (unseen_baseline_risk(fingerprint.judged_rows, Memory) == 0.0).all()


def test_columns_without_variation_or_values_are_left_out():
    rows = pd.DataFrame(
        {
            "same": [1.0] * 30,
            "rare": [1.0, 2.0] + [np.nan] * 28,
            "useful": np.arange(30.0),
            "nothing": [np.nan] * 30,
        }
    )
    assert useful_columns(rows) == ["useful"]
    assert useful_columns(rows, least_values=2) == ["rare", "useful"]
