"""Sampling weights: an enriched cohort that stands for its population, in risks and figures."""

import numpy as np
import pandas as pd
import pytest

from features.outcomes import Outcome
from features.tables import InvalidInputError
from models.baselines import LastValueLogistic, RuleRate
from models.calibration import fit_calibration
from models.recipes import Recipe
from training.fit import TrainingRows, fit_committee, unseen_baseline_risk
from training.judging.rows.evaluation import evaluate
from training.split import fold_plan
from training.weights import read_weights, weights_notes, weights_of
from training.words.sentences import plain_sentences

SHALLOW = Recipe(40, 0.1, 2, 2.0, 5.0, threads=1)


def population(seed: int, patients: int = 1500):
    """Patient of each row, one telling column and labels: about one row in thirty is an event."""
    random = np.random.default_rng(seed)
    patient = np.repeat([f"p{number:04d}" for number in range(patients)], 2)
    signal = random.normal(size=len(patient)).astype(np.float32)
    label = (random.random(len(patient)) < 1 / (1 + np.exp(4.2 - 1.2 * signal))).astype(float)
    return patient, pd.DataFrame({"crp.last": signal}), label


@pytest.fixture(scope="module")
def enriched():
    """Every patient with an event and a tenth of the others, with the weights that undo it."""
    patient, rows, label = population(1)
    has_event = np.isin(patient, patient[label == 1])
    drawn = has_event | (np.unique(patient, return_inverse=True)[1] % 10 == 0)
    weight = np.where(has_event, 1.0, 10.0)[drawn]
    patient, rows, label = patient[drawn], rows[drawn].reset_index(drop=True), label[drawn]
    plan = fold_plan(patient, label, 5, 1, seed=0)
    everywhere = np.ones(len(label), dtype=bool)
    return TrainingRows(Outcome.INFECTION, rows, label, label, everywhere, patient, plan, weight)


def much_crp(rows):
    return (rows["crp.last"] > 1.0).to_numpy(dtype=float)


def unweighted(training):
    return TrainingRows(**{**vars(training), "weight": None})


def observed_to_expected(training, rows, label, patient):
    """The interval of observed over expected events of a committee on another population."""
    fitted = fit_committee(training, ["crp.last"], SHALLOW, 0, "test")
    risk = fitted.calibration.risk(fitted.model.margin(rows))
    lines = scored(patient, label, risk)
    found = evaluate(lines, 100)["outcomes"]["infection"]["models"]["model"]["metrics"]
    return found["observed_to_expected"]


def scored(patient, label, risk, **more):
    hour = pd.Series(patient).groupby(patient).cumcount().to_numpy()
    return pd.DataFrame(
        {
            "patient_id": patient,
            "as_of": pd.Timestamp("2026-03-01", tz="UTC") + pd.to_timedelta(24 * hour, "h"),
            "outcome": "infection", "label": label, "at_risk": True, "model": "model",
            "risk": risk, **more,
        }
    )  # fmt: skip


def test_weights_give_the_populations_probabilities_and_no_weights_the_mixtures(enriched):
    patient, rows, label = population(2)
    weighted = observed_to_expected(enriched, rows, label, patient)
    assert weighted["low"] < 1.0 < weighted["high"]
    mixture = observed_to_expected(unweighted(enriched), rows, label, patient)
    assert mixture["high"] < 0.5  # foretells several times what happens


@pytest.mark.parametrize("make", [LastValueLogistic, lambda: RuleRate(much_crp)])
def test_baselines_speak_of_the_population_too(enriched, make):
    judged = enriched.judged_rows
    risk = unseen_baseline_risk(judged, make)
    rate = np.average(judged.label, weights=judged.weight)
    assert np.average(risk, weights=judged.weight) == pytest.approx(rate, rel=0.1)
    assert judged.label.mean() > 3 * rate


def test_weighted_figures_are_those_of_patients_who_are_there_as_often():
    random = np.random.default_rng(3)
    patient = np.repeat([f"p{number:03d}" for number in range(90)], 3)
    risk = random.uniform(0.02, 0.7, len(patient))
    label = (random.random(len(patient)) < risk).astype(float)
    weight = np.repeat(random.integers(1, 4, 90), 3)
    copies = [
        scored(np.char.add(patient[weight > k], f"-{k}"), label[weight > k], risk[weight > k])
        for k in range(3)
    ]
    ours, theirs = (
        evaluate(lines, 0)["outcomes"]["infection"]["models"]["model"]
        for lines in (scored(patient, label, risk, weight=weight.astype(float)), pd.concat(copies))
    )
    for name, figure in theirs["metrics"].items():
        near = 2e-3 if name == "ici" else 1e-6  # the spline's knots are those of the rows on file
        assert ours["metrics"][name]["value"] == pytest.approx(figure["value"], abs=near), name
    benefit = ours["curves"]["net_benefit"]["net_benefit"]
    assert benefit == pytest.approx(theirs["curves"]["net_benefit"]["net_benefit"], abs=1e-5)


def test_what_was_foretold_and_what_came_are_of_one_population():
    label, risk, weight = (np.tile(each, 8) for each in ([1, 1, 0], [0.5, 0.25, 0.25], [5, 5, 15]))
    patient = np.array([f"p{number:02d}" for number in range(24)])
    found = evaluate(scored(patient, label, risk, weight=weight), 40)["outcomes"]["infection"]
    # a group of three stands for 25 rows: 2.5 + 1.25 + 3.75 = 7.5 foretold, 10 came; eight groups
    assert found["population"] == {"rows": 200.0, "events": 80.0}
    assert found["counts"]["events"] == 16
    said = " ".join(plain_sentences("infection", found))
    assert "In the population that the weights stand for it foretold 60 rows before an" in said
    assert "; 80 came: " in said
    alone = evaluate(scored(patient, label, risk), 40)["outcomes"]["infection"]
    assert "It foretold 8 rows before an infection; 16 came" in " ".join(
        plain_sentences("infection", alone)
    )


def test_a_rule_is_weighted_as_it_stands():
    lines = scored(np.array(["a", "b", "c"]), [1.0, 0.0, 1.0], [1.0, 1.0, 0.0], weight=[1, 3, 4.0])
    found = evaluate(lines, 0)["outcomes"]["infection"]["models"]["model"]["as_rule"]
    assert found == {"sensitivity": 0.2, "ppv": 0.25, "alarms_per_patient_day": 0.5}


@pytest.mark.parametrize("weighted", [False, True])
def test_rare_events_need_no_class_weight_for_the_mean_risk_to_be_their_rate(weighted):
    patient, rows, label = population(4)
    weight = np.where(label == 1, 1.0, 7.0) if weighted else None
    margin = 0.3 * rows["crp.last"].to_numpy(dtype=float) + 2.0  # far too high and too flat
    calibration = fit_calibration(margin, label, patient, 5, weight=weight)
    mean = np.average(calibration.risk(margin), weights=weight)
    assert mean == pytest.approx(np.average(label, weights=weight), rel=1e-4)


@pytest.mark.parametrize(("text", "told"), [
    ("patient,weight\na,1\n", "missing: patient_id"),
    ("patient_id,weight\n", "missing: no lines"),
    ("patient_id,weight\na,1\na,2\n", r":3: patient 'a' is empty or there twice"),
    ("patient_id,weight\n,1\n", r":2: patient '' is empty"),
    ("patient_id,weight\na,0\n", r":2: weight '0' is not a number above 0"),
    ("patient_id,weight\na,ten\n", r":2: weight 'ten' is not a number above 0"),
    ("patient_id,weight\na,nan\n", r":2: weight 'nan' is not a number above 0"),
    ("patient_id,weight\na,2e6\n", r"at most 1000000"),
])  # fmt: skip
def test_a_bad_file_of_weights_is_named_with_its_line(tmp_path, text, told):
    path = tmp_path / "weights.csv"
    path.write_text(text)
    with pytest.raises(InvalidInputError, match=told):
        read_weights(path)


def test_every_patient_of_the_records_needs_a_weight(tmp_path, ward_file, verb):
    path = tmp_path / "weights.csv"
    path.write_text("patient_id,weight\npatient-00,1\n")
    refused = verb(
        "train", "--records", ward_file, "--format", "table", "--weights", path, "--no-track",
        "--out", tmp_path / "bundle",
    )  # fmt: skip
    assert refused.error.endswith(
        "no weight for 79 patients of the records, the first is 'patient-01'"
    )


def test_a_note_says_whom_the_figures_are_of(tmp_path):
    path = tmp_path / "weights.csv"
    path.write_text("patient_id,weight\na,1\nb,9\nnobody,3\n")
    patient = pd.Series(["b", "a", "b"])
    weight = weights_of(path, patient)
    assert weight.tolist() == [9.0, 1.0, 9.0]
    (note,) = weights_notes(patient, weight)
    assert "2 patients stand for 10;" in note
    assert "effective size 1 patients" in note  # 10 squared over 82
    assert weights_of(None, patient) is None
    assert weights_notes(patient, None) == []
