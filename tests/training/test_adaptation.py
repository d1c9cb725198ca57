"""Adapting a shipped model: what is chosen when, who judges whom, and what the bundle says."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from features.outcomes import Outcome
from features.tables import InvalidInputError
from models.bundle import load_bundle
from models.calibration import fit_calibration, straight
from models.predict import predict_rows
from models.risk import RiskModel, fit_member
from training.adaptation import run, ways
from training.adaptation.blend import shares
from training.adaptation.choice import choose
from training.adaptation.curve import ADAPTED, judged_by_size
from training.adaptation.figures import beats_from, sizes_ahead
from training.adaptation.local import Local, spread_order
from training.adaptation.nested import adapt
from training.adaptation.pieces import Pieces, digest_of
from training.adaptation.rows import local_rows, prior_rows
from training.adaptation.run import _other_patients
from training.adaptation.ways import (
    BLENDED,
    RECALIBRATED,
    SCRATCH,
    SHIPPED,
    WAYS,
    Prior,
    Task,
    _row_weight,
    joined,
    ways_for,
)  # fmt: skip
from training.adaptation.words import NO_CURVE, curve_sentences, headlines
from training.apply import cohort_for
from training.config import DAY
from training.engine.kept import Kept
from training.judging.rows.shrunk import AS_IT_IS, Line, shrunk_line
from training.leaks import Learnt

CRS = Outcome.SEVERE_CRS
COLUMNS = ("crp.last", "crs_grade.last", "platelets.last", "ldh.last", "temperature.last")


@pytest.fixture(scope="module")
def ward(ward_cohort, ward_bundle) -> Local:
    """The drawn ward's rows, each judged, with the log-odds of the bundle."""
    return local_rows(ward_cohort, CRS, ward_bundle.models[CRS])


@pytest.fixture(scope="module")
def task(ward_bundle) -> Task:
    shipped = ward_bundle.models[CRS]
    both = tuple(dict.fromkeys((*shipped.risk.names, *COLUMNS)))
    return Task(CRS, shipped, COLUMNS, both, None, 1)


def with_labels(local: Local, risk: np.ndarray, seed: int) -> Local:
    """Labels drawn anew from a true risk."""
    label = (np.random.default_rng(seed).random(len(risk)) < risk).astype(float)
    return replace(local, label=label, target=label, judged=np.ones(len(label), dtype=bool))


def test_a_shipped_model_that_is_right_stays_as_it_is(ward, task):
    assert adapt(task, with_labels(ward, expit(ward.shipped), 3)).chosen == SHIPPED


def test_one_that_is_right_up_to_a_shift_is_recalibrated(ward, task):
    adapted = adapt(task, with_labels(ward, expit(ward.shipped + 1.5), 3))
    assert adapted.chosen == RECALIBRATED
    line = adapted.choice.pieces[0].line
    assert 0.9 < line.intercept < 2.0
    assert 0.7 < line.slope < 1.3


def test_one_that_is_nonsense_is_left_for_local_trees(ward, task):
    nonsense = np.random.default_rng(8).normal(-2.0, 2.0, len(ward.label))
    graded = ward.rows["crs_grade.last"].fillna(0.0).to_numpy() >= 1.0
    drawn = with_labels(replace(ward, shipped=nonsense), np.where(graded, 0.6, 0.02), 5)
    assert adapt(task, drawn).chosen == SCRATCH


def test_without_any_event_nothing_is_moved(ward, task):
    silent = with_labels(ward, np.zeros(len(ward.label)), 0)
    adapted = adapt(task, silent)
    assert (adapted.chosen, list(adapted.learnt)) == (SHIPPED, [SHIPPED])
    np.testing.assert_allclose(adapted.choice.risk(silent), expit(silent.shipped))
    assert shrunk_line(silent.shipped, silent.label, silent.patient) is AS_IT_IS


def test_few_events_move_the_intercept_alone_and_less_than_they_say(ward, task):
    label = np.zeros(len(ward.label))
    label[[np.flatnonzero(ward.patient == name)[0] for name in ward.patients[:2]]] = 1.0
    few = replace(ward, label=label, target=label, judged=np.ones(len(label), dtype=bool))
    few = replace(few, shipped=np.full(len(label), logit(10.0 / len(label))))
    adapted = adapt(task, few)
    line = adapted.choice.pieces[0].line
    assert (adapted.chosen, line.slope) == (RECALIBRATED, 1.0)
    # 2 seen, 10 foretold: the posterior mode solves 2 - n expit(logit(10 / n) + a) = a
    left = 2.0 - expit(few.shipped + line.intercept).sum()
    assert left == pytest.approx(line.intercept, abs=1e-6)
    assert np.log(2.0 / 10.0) < line.intercept < -0.5


def test_the_slope_never_turns_a_risk_round():
    margin = np.linspace(-3.0, 3.0, 200)
    label = (margin < -1.0).astype(float)
    assert shrunk_line(margin, label, np.arange(200)).slope == 0.0


def test_with_many_events_the_priors_are_outvoted():
    random = np.random.default_rng(2)
    margin = random.normal(-1.0, 1.5, 20_000)
    label = (random.random(20_000) < expit(0.6 + 0.8 * margin)).astype(float)
    patient = np.arange(20_000) // 4
    line, plain = shrunk_line(margin, label, patient), fit_calibration(margin, label, patient, 5)
    assert line.slope == pytest.approx(plain.slope, abs=2e-3)
    assert line.intercept == pytest.approx(plain.intercept, abs=2e-3)
    np.testing.assert_allclose(line.covariance, plain.covariance, rtol=0.02)


def test_a_line_behind_a_calibration_moves_its_risks():
    shipped, line = straight(0.8, -0.5, (0.0, 0.0, 0.0), 5), Line(0.3, 0.7, (0.04, 0.01, 0.09))
    both, margin = line.after(shipped), np.array([-2.0, 0.0, 3.0])
    log_odds = shipped.log_odds(margin)
    np.testing.assert_allclose(both.log_odds(margin), 0.3 + 0.7 * log_odds)
    of_line = 0.04 * log_odds**2 + 2 * 0.01 * log_odds + 0.09  # delta method in the line itself
    slope, covariance, intercept = both.covariance
    np.testing.assert_allclose(slope * margin**2 + 2 * covariance * margin + intercept, of_line)


def losses_of(**more: float) -> dict[str, np.ndarray]:
    """Three patients' log losses; `more` names further ways, all patients alike."""
    known = {
        SHIPPED: np.array([0.5, 0.5, 1.0]),
        RECALIBRATED: np.array([0.3, 0.5, 1.0]),
        "continued boosting": np.array([0.2, 0.2, 1.0]),
        SCRATCH: np.array([0.2, 0.2, 1.0]),
    }
    return known | {name: np.full(3, loss) for name, loss in more.items()}


ROWS = np.array([1.0, 1.0, 2.0])


def test_the_least_log_loss_is_taken_where_there_are_events_to_choose_by():
    chosen, table = choose(losses_of(), ROWS, 5)
    assert chosen == "continued boosting"  # as good as from scratch, and less of a change
    first = table[0]
    assert (first.loss, first.more) == pytest.approx((0.5, 0.15))
    # gaps 0.3, 0.3, 0 less 0.15 a row: residuals 0.15, 0.15, -0.3; times 3/2, over 4 rows
    assert first.standard_error == pytest.approx(np.sqrt(0.135 * 1.5) / 4)
    assert choose(losses_of(), ROWS, 4)[0] == RECALIBRATED
    assert choose(losses_of(), ROWS, 0)[0] == SHIPPED


def test_the_blend_gives_way_only_to_what_is_better_beyond_a_standard_error():
    # its gaps to continued boosting (0.2, 0.2, 1.0): all but the last, which is the spread
    near, far = np.array([0.25, 0.2, 1.0]), np.array([0.35, 0.35, 1.3])
    assert choose(losses_of() | {BLENDED: near}, ROWS, 5)[0] == BLENDED
    assert choose(losses_of() | {BLENDED: far}, ROWS, 5)[0] == "continued boosting"
    assert choose(losses_of() | {BLENDED: near}, ROWS, 2)[0] == BLENDED


def test_the_parts_of_the_blend_count_as_they_foretold():
    # one patient, so every bootstrap draw is the same: likelihoods 1 to e^-1 to e^-10
    one = {"a": np.array([2.0]), "b": np.array([3.0]), "c": np.array([12.0])}
    found = shares(one, 1)
    assert list(found) == ["a", "b"]  # c would count less than a twentieth
    assert found["a"] == pytest.approx(1.0 / (1.0 + np.exp(-1.0)), abs=1e-4)
    assert sum(found.values()) == pytest.approx(1.0)
    # two patients who disagree: both ways keep a share, as only some draws hold either
    split = shares({"a": np.array([0.0, 50.0]), "b": np.array([50.0, 0.0])}, 1)
    assert split["a"] == pytest.approx(0.5, abs=0.05)


def test_every_start_of_the_order_holds_its_share_of_events():
    events = np.arange(100) < 20
    order = spread_order(events, 7)
    assert sorted(order) == list(range(100))
    running = np.cumsum(events[order])
    assert np.abs(running - 0.2 * np.arange(1, 101)).max() <= 1.0


def test_no_patient_is_judged_by_a_model_that_saw_them(ward, task):
    """Moving a patient's event to another of their rows moves the others' risks, not theirs."""
    some = ward.of(np.isin(ward.patient, ward.patients[:14]))
    name = some.patients[some.with_event][0]
    own = np.flatnonzero(some.judged & (some.patient == name))
    label = some.label.copy()
    label[own] = np.roll(label[own], 1)
    assert not np.array_equal(label, some.label)
    moved = replace(some, label=label, target=label)
    pairs = [judged_by_size(task, one, 1, ()) for one in (some, moved)]
    theirs = some.judged_part.patient == name
    for before, after in zip(*pairs, strict=True):
        assert set(before.risks) == set(after.risks)
        for scorer, risk in before.risks.items():
            np.testing.assert_array_equal(risk[theirs], after.risks[scorer][theirs])
        assert not np.array_equal(before.risks[SCRATCH], after.risks[SCRATCH])
        assert not np.isnan(before.risks[ADAPTED]).any()


def test_every_way_joined_answers_as_its_pieces_do(ward, task):
    local = with_labels(ward, expit(ward.shipped + 0.5), 3)
    prior = Prior(ward.rows, local.label, 80, virtual=True)
    given = replace(task, prior=prior)
    tried = [way.name for way in ways_for(given, local)]
    assert tried == [way.name for way in WAYS if way.prior_counts <= 80]
    adapted = adapt(given, local)
    assert list(adapted.learnt) == [*tried, BLENDED]
    for number, piece in enumerate(adapted.learnt[BLENDED].pieces):
        parts = [
            share * adapted.learnt[name].pieces[number].log_odds(local)
            for name, share in adapted.shares.items()
        ]
        np.testing.assert_allclose(piece.log_odds(local), np.sum(parts, axis=0), atol=1e-5)
    for name, learnt in adapted.learnt.items():
        model = joined(given, learnt.pieces, learnt.final, adapted.folds)
        assert isinstance(model.risk, RiskModel)
        risk = model.calibration.risk(model.risk.margin(local.rows))
        np.testing.assert_allclose(risk, learnt.risk(local), atol=1e-5, err_msg=name)
        values, base = model.risk.contributions(local.rows)
        np.testing.assert_allclose(
            values.sum(axis=1) + base, model.risk.margin(local.rows), atol=1e-4, err_msg=name
        )


def test_a_prior_counts_for_so_many_local_patients_whatever_rows_it_has():
    sparse = Prior(pd.DataFrame(index=range(500)), np.zeros(500), 100, virtual=True)
    dense = Prior(pd.DataFrame(index=range(50_000)), np.zeros(50_000), 100, virtual=True)
    # 30 patients of 20 rows are 600 rows: no row counts for more than one; then 0.012 each
    assert _row_weight(10.0, 20.0, sparse) == pytest.approx(200 / 500)
    assert _row_weight(30.0, 20.0, sparse) == 1.0
    assert _row_weight(30.0, 20.0, dense) == pytest.approx(0.012)


def test_it_beats_from_the_size_after_which_every_interval_leaves_zero_out():
    def entry(patients: int, low: float, high: float) -> dict:
        return {"patients": patients, "differences": {SHIPPED: {"auprc": {
            "value": 0.1, "low": low, "high": high}}}}  # fmt: skip

    curve = [entry(10, 0.01, 0.2), entry(20, -0.1, 0.2), entry(40, 0.02, 0.2), entry(80, 0.1, 0.2)]
    assert beats_from(curve, SHIPPED, "auprc") == 40
    assert beats_from(curve[:2], SHIPPED, "auprc") is None
    assert beats_from(curve, SCRATCH, "auprc") is None
    assert sizes_ahead(curve, SHIPPED, "auprc") == [10, 40, 80]
    assert sizes_ahead([entry(5, -0.2, -0.1)], SHIPPED, "auprc", better=False) == [5]


def test_the_sentences_name_sizes_where_it_is_ahead_and_behind():
    def entry(patients: int, low: float, high: float) -> dict:
        ends = {"value": 0.0, "low": low, "high": high}
        gap = {"auprc": ends, "log_loss": ends}
        return {"patients": patients, "differences": {SHIPPED: gap, SCRATCH: gap}}

    curve = [entry(10, -0.2, -0.1), entry(20, 0.1, 0.2)]
    said = " ".join(curve_sentences(curve))
    assert "From 20 local patients on the adapted model has a higher average precision" in said
    assert "With 10 local patients the adapted model has a lower log loss than the shipped" in said
    assert "With 20 it has a higher one." in said
    assert "never showed a higher average precision than persistence" in said
    told = {"sentences": ["chosen", "expected", "more"], "learning_curve": curve}
    assert headlines(told | {"patients_with_event": 4}) == ["chosen", "expected"]
    *_, gain = headlines(told | {"patients_with_event": 5})
    assert gain in said
    assert "log loss than the shipped model" in gain


@pytest.fixture(scope="module")
def few_records(ward_file, tmp_path_factory):
    """Twelve patients of the ward."""
    table = pd.read_csv(ward_file)
    names = sorted(table["patient_id"].unique())[:12]
    path = tmp_path_factory.mktemp("hospital") / "hospital.csv"
    table[table["patient_id"].isin(names)].to_csv(path, index=False)
    return path


def order(records, parent, out, *more):
    return (
        "train", "--records", records, "--format", "table", "--start-from", parent.folder,
        "--learn-every", "24h", "--repeats", 1, "--no-track", "--out", out, *more,
    )  # fmt: skip


@pytest.fixture(scope="module")
def adapted_bundle(few_records, ward_bundle, verb, tmp_path_factory):
    """A bundle adapted on the command line, with what was printed."""
    out = tmp_path_factory.mktemp("adapted") / "bundle"
    answer = verb(*order(few_records, ward_bundle, out, "--outcome", "severe_crs"))
    assert answer.status == 0, answer
    return load_bundle(out), answer.printed


def test_the_adapted_bundle_says_where_it_comes_from(adapted_bundle, ward_bundle):
    bundle, printed = adapted_bundle
    assert bundle.card.adapted_from == ward_bundle.version
    assert ward_bundle.version[:12] in bundle.card.learnt_from
    assert ward_bundle.card.adapted_from == ""
    assert bundle.card.virtual  # the parent was learnt from virtual patients
    *told, written, report = printed.splitlines()
    assert all(line.startswith("severe_crs: ") for line in told)  # no worker was asked for anything
    assert written.startswith(f"bundle {bundle.version} -> ")
    choice, expected, _claim = told
    assert "with an event" in choice
    assert "foretold by the shipped model" in expected
    page = Path(report.removeprefix("report -> ")).read_text(encoding="utf-8")
    assert "Adapted from another model" in page
    assert "--prior" in page


def test_it_knows_again_whoever_its_parts_learnt_from(ward_bundle, ward_cohort):
    older = replace(ward_bundle.reference, patients=("a",), sketches=("b",))
    parent, behind = replace(ward_bundle, reference=older), Learnt(frozenset("b"), frozenset("a"))
    prior = Learnt.of(ward_cohort.source.events)
    assert _other_patients(ward_cohort, parent, {RECALIBRATED}) == behind
    assert _other_patients(ward_cohort, parent, {BLENDED}) == prior
    assert _other_patients(ward_cohort, parent, {BLENDED, SHIPPED}) == behind | prior
    assert _other_patients(ward_cohort, parent, {SCRATCH}) == Learnt()
    assert len(prior.sketches) == 80


def test_its_contributions_add_up(adapted_bundle, few_records):
    bundle, _ = adapted_bundle
    cohort = cohort_for(bundle, few_records, "table", DAY)
    predictions = predict_rows(bundle, cohort.source.events, cohort.as_of)
    total = [sum(each.values()) for each in predictions["contributions"]]
    np.testing.assert_allclose(total, logit(predictions["risk"]), atol=1e-6)


def test_the_same_seed_gives_the_same_bundle(
    adapted_bundle, few_records, ward_bundle, verb, tmp_path
):
    again = verb(*order(few_records, ward_bundle, tmp_path / "b", "--outcome", "severe_crs"))
    assert again.status == 0
    assert load_bundle(tmp_path / "b").version == adapted_bundle[0].version


@pytest.fixture
def fitted(monkeypatch) -> list[int]:
    """The rows of each member that adapting has fitted."""
    rows: list[int] = []

    def counted(*given, **named):
        rows.append(len(given[0]))
        return fit_member(*given, **named)

    monkeypatch.setattr(ways, "fit_member", counted)
    return rows


def test_a_run_that_was_cut_off_goes_on_to_the_same_bundle(
    adapted_bundle, few_records, ward_bundle, verb, fitted, monkeypatch, tmp_path
):
    def cut_off(*given):
        raise InvalidInputError("cut off")

    out, partial = tmp_path / "b", tmp_path / "b.partial"
    asked = order(few_records, ward_bundle, out, "--outcome", "severe_crs")
    with monkeypatch.context() as patch:
        patch.setattr(run, "finished", cut_off)
        assert verb(*asked).error == "cut off"
    kept = {form: sorted(partial.glob(f"*{form}")) for form in (".step", ".fit")}
    # ten folds, learnt from all others; the bundle's one way with trees, each fold left out once
    folds = len(kept[".fit"])
    assert len(kept[".step"]) == 10
    assert 4 * folds < len(fitted) <= (10 + 1) * folds
    for paths in kept.values():
        paths[0].unlink()
    fitted.clear()
    assert verb(*asked).status == 0
    assert 1 < len(fitted) <= folds + 1
    assert load_bundle(out).version == adapted_bundle[0].version
    assert not partial.exists()


def test_pieces_of_other_rows_settings_or_parents_are_not_taken(ward, task):
    prior = Prior(ward.rows, ward.target, 80, virtual=True)
    known = digest_of(task, ward, "parent")
    assert digest_of(task, ward, "parent") == known
    others = [
        digest_of(task, ward, "another"),
        digest_of(replace(task, seed=2), ward, "parent"),
        digest_of(replace(task, local_columns=COLUMNS[:2]), ward, "parent"),
        digest_of(replace(task, prior=prior), ward, "parent"),
        digest_of(replace(task, prior=replace(prior, rows=ward.rows + 1)), ward, "parent"),
        digest_of(task, replace(ward, rows=ward.rows + 1), "parent"),
        digest_of(task, replace(ward, label=1 - ward.label), "parent"),
        digest_of(task, replace(ward, shipped=ward.shipped + 1), "parent"),
    ]
    assert len({known, *others}) == 1 + len(others)


@pytest.mark.parametrize("ending", [".fit", ".step"])
def test_a_damaged_piece_is_refused_by_its_name(ward, task, tmp_path, ending):
    few = ward.of(np.isin(ward.patient, ward.patients[:14]))
    pieces = Pieces(Kept(tmp_path), digest_of(task, few, "parent"))
    judged_by_size(task, few, 1, (), pieces)
    adapt(task, few, 1, pieces)
    path = next(tmp_path.glob(f"*{ending}"))
    path.write_bytes(path.read_bytes()[:20])
    again = replace(pieces, kept=Kept(tmp_path))
    with pytest.raises(InvalidInputError, match=f"{path.name}: is damaged; remove it"):
        (judged_by_size(task, few, 1, (), again), adapt(task, few, 1, again))


def test_without_a_curve_only_models_of_all_others_are_judged(
    few_records, ward_bundle, verb, tmp_path
):
    out = tmp_path / "b"
    asked = order(few_records, ward_bundle, out, "--outcome", "severe_crs", "--no-curve")
    assert verb(*asked).status == 0
    told = json.loads((out / "metrics.json").read_text())["adaptation"]["severe_crs"]
    assert [entry["patients"] for entry in told["learning_curve"]] == [10]
    assert NO_CURVE in told["sentences"]
    alone = verb("train", "--records", few_records, "--format", "table", "--no-curve",
                 "--no-track", "--out", tmp_path / "c").error  # fmt: skip
    assert alone.startswith("--no-curve: serves adapting alone")


def test_what_does_not_fit_the_parent_is_refused(few_records, ward_bundle, verb, tmp_path):
    far = verb(*order(few_records, ward_bundle, tmp_path / "b", "--horizon", "48h")).error
    assert "48 h" in far
    assert "24 h ahead" in far
    lone = verb("train", "--records", few_records, "--format", "table", "--prior", few_records,
                "--no-track", "--out", tmp_path / "c").error  # fmt: skip
    assert "--start-from" in lone
    other = verb(*order(few_records, ward_bundle, tmp_path / "d", "--prior", few_records,
                        "--prior-format", "prcrs")).error  # fmt: skip
    assert "--prior, read as prcrs: " in other


def test_a_prior_without_events_is_refused(ward_cohort):
    silent = replace(ward_cohort, targets={CRS: np.zeros(len(ward_cohort.rows))})
    with pytest.raises(ValueError, match="no row before an event"):
        prior_rows(silent, CRS)
