"""Transport: each product, site or later time is judged by a model that never saw it."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.outcomes import Outcome
from features.tables import InvalidInputError
from training.config import TrainingConfig
from training.judging.doubt.repair import repair
from training.transport.groups import GroupedBy, groups_of, held_out_groups, only_patients
from training.transport.held_out import SAW_IT, transport
from training.transport.written import page

TWO_PRODUCTS = ("axicabtagene_ciloleucel", "teclistamab")


@pytest.fixture(scope="module")
def transported(verb, tmp_path_factory):
    """Two products of the virtual cohort, each held out once."""
    folder = tmp_path_factory.mktemp("transport")
    words = [word for product in TWO_PRODUCTS for word in ("--product", product)]
    made = verb("simulate", "--patients", 160, "--seed", 3, *words,
                "--out", folder / "c")  # fmt: skip
    assert made.status == 0, made
    done = verb("transport", "--records", folder / "c", "--format", "table", "--by", "product",
                "--outcome", "infection", "--learn-every", "24h", "--repeats", 1,
                "--bootstrap", 40, "--out", folder / "t")  # fmt: skip
    assert done.status == 0, done
    return folder / "t"


def test_each_product_is_judged_beside_persistence_and_the_model_that_saw_it(transported):
    found = json.loads((transported / "transport.json").read_text("utf-8"))
    groups = found["outcomes"]["infection"]
    assert set(groups) == {"Axicabtagene ciloleucel", "Teclistamab"}
    assert sum(found["patients"].values()) == 160
    for judged in groups.values():
        assert set(judged["models"]) == {"model", "persistence", SAW_IT}
        figures = judged["models"]["model"]["metrics"]
        gap = judged["differences"][SAW_IT]["auroc"]["value"]
        saw = judged["models"][SAW_IT]["metrics"]
        assert gap == pytest.approx(figures["auroc"]["value"] - saw["auroc"]["value"])
        assert judged["models"]["model"]["unscored"] == 0
    repaired = groups["Axicabtagene ciloleucel"]["repair"]
    assert repaired["patients"] == 50
    assert set(repaired["after"]) == set(repaired["before"])
    assert "70 at least are needed" in groups["Teclistamab"]["repair"]["reason"]


def test_table_and_page_hold_the_same_figures(transported):
    lines = pd.read_csv(transported / "transport.csv")
    of_model = lines[(lines["scorer"] == "without the group") & (lines["figure"] == "auroc")]
    page = (transported / "transport.md").read_text("utf-8")
    assert len(of_model) == 2
    assert "Virtual patients" in page
    for value in of_model["value"]:
        assert f"{value:.3f}" in page


def test_records_of_one_product_or_without_sites_are_refused(ward_file, verb, tmp_path):
    words = ("transport", "--records", ward_file, "--format", "table", "--outcome", "infection",
             "--learn-every", "24h")  # fmt: skip
    alone = verb(*words, "--by", "product", "--out", tmp_path / "a")
    assert alone.error == (
        "--by product: two groups are needed, but all patients of whom it is known are Teclistamab"
    )
    nowhere = verb(*words, "--by", "site", "--out", tmp_path / "b")
    assert nowhere.error == "--by site: two groups are needed, but nobody's is known"
    together = verb(*words, "--by", "time", "--out", tmp_path / "c")
    assert "all 80 courses start at the same moment" in together.error


def later_by(cohort, days):
    """The cohort with each patient's records so many days later."""
    shift = pd.to_timedelta(np.asarray(days), unit="D")

    def moved(table, *names):
        place = pd.factorize(table["patient_id"].astype("str"), sort=True)[0]
        by = pd.Series(shift[place], index=table.index)
        return table.assign(**{name: table[name] + by for name in names})

    events = moved(cohort.source.events, "time", "known_time", "until_time")
    source = replace(cohort.source, events=events)
    return replace(cohort, source=source, as_of=moved(cohort.as_of, "as_of"))


def test_by_time_the_patients_who_started_last_are_held_out(ward_cohort):
    cohort = later_by(ward_cohort, range(80))
    group = groups_of(cohort, GroupedBy.TIME)
    assert held_out_groups(group, GroupedBy.TIME) == ["later"]
    assert sorted(group.index[group == "later"]) == [f"patient-{n:02d}" for n in range(56, 80)]


def test_for_a_group_with_too_few_events_no_model_is_fitted(ward_cohort, caplog):
    labels = ward_cohort.labels[Outcome.INFECTION].label
    before_event = ward_cohort.as_of.loc[labels == 1, "patient_id"]
    few = set(before_event.unique()[:4])
    everybody = sorted(ward_cohort.as_of["patient_id"].unique())
    cohort = later_by(ward_cohort, [5 if name in few else 0 for name in everybody])
    config = TrainingConfig(Path(), "table", Path(), outcomes=(Outcome.INFECTION,), repeats=1)
    with caplog.at_level("INFO", "training"):
        found = transport(cohort, GroupedBy.TIME, config)
    told = "4 patients with an event, 5 are needed"
    assert found["outcomes"] == {"infection": {"later": {"reason": f"not tried: {told}"}}}
    assert caplog.messages == [f"infection: later is not tried: {told}"]  # and nothing was learnt
    assert f"### later: 4 patients\n\nNot tried: {told}.\n" in page(found)


def test_patients_who_started_together_stay_together(ward_cohort):
    cohort = later_by(ward_cohort, [0] * 70 + [5] * 10)
    group = groups_of(cohort, GroupedBy.TIME)
    assert (group == "later").sum() == 10


def test_a_patient_is_learnt_from_or_judged_never_both(ward_cohort):
    some = only_patients(ward_cohort, ["patient-03", "patient-09"])
    assert set(some.as_of["patient_id"]) == {"patient-03", "patient-09"}
    assert len(some.rows) == len(some.as_of) == len(some.reported)
    assert len(some.labels[Outcome.INFECTION].label) == len(some.targets[Outcome.INFECTION])
    assert list(some.rows.index.get_level_values(0)) == list(some.as_of["patient_id"])


def test_recalibration_on_fifty_patients_repairs_risks_three_times_too_high():
    random = np.random.default_rng(4)
    patient = np.repeat(np.arange(400), 5)
    true = 1 / (1 + np.exp(-random.normal(-2.0, 1.0, 2000)))
    label = (random.random(2000) < true).astype(float)
    too_high = 3 * true / (1 - true) / (1 + 3 * true / (1 - true))  # three times the odds
    found = repair(label, too_high, patient, seed=0)
    assert found["before"]["calibration_intercept"]["value"] == pytest.approx(-np.log(3), abs=0.2)
    assert found["before"]["observed_to_expected"]["value"] < 0.6
    assert found["after"]["observed_to_expected"]["value"] == pytest.approx(1.0, abs=0.15)
    assert found["draws_used"] == found["draws"]


def test_a_handful_of_events_moves_the_level_and_leaves_the_slope():
    found = repair(*few_events(3), seed=0)
    before, after = found["before"]["calibration_slope"], found["after"]["calibration_slope"]
    assert after["value"] == pytest.approx(before["value"], abs=0.02)
    level = found["after"]["calibration_intercept"]["value"]
    assert abs(level) < abs(found["before"]["calibration_intercept"]["value"])


def few_events(times):
    """400 patients, 5 in a hundred with an event; the model's odds are so many times the true."""
    random = np.random.default_rng(4)
    odds = np.exp(random.normal(-4.6, 0.5, 2000))
    label = (random.random(2000) < odds / (1 + odds)).astype(float)
    return label, times * odds / (1 + times * odds), np.repeat(np.arange(400), 5)


def test_a_handful_of_events_does_not_move_a_level_that_is_right_far_away():
    found = repair(*few_events(1), seed=0)
    before, after = (found[when]["observed_to_expected"] for when in ("before", "after"))
    assert before["value"] == pytest.approx(1.0, abs=0.1)
    assert after["value"] == pytest.approx(1.0, abs=0.2)
    assert 0.6 < after["low"] < after["high"] < 1.5
    assert found["draws_used"] == found["draws"]  # without an event nothing is moved


@pytest.mark.parametrize("times", [1 / 3, 3])
def test_a_level_that_is_three_times_off_is_brought_nearer(times):
    found = repair(*few_events(times), seed=0)
    off = [
        abs(np.log(found[when]["observed_to_expected"]["value"])) for when in ("before", "after")
    ]
    assert off[0] > 1.0
    assert off[1] < 0.85 * off[0]


def test_two_groups_are_needed():
    with pytest.raises(InvalidInputError, match="two groups are needed"):
        held_out_groups(pd.Series("unknown", index=["a", "b"]), GroupedBy.SITE)
