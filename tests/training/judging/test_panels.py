"""The cost of a smaller panel: none where nothing is lost, and what was planted where it is."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.outcomes import Outcome
from features.panels import FULL, MEASURED, PANEL, PANELS, WITHOUT, Panel, only
from models.predict import predict_rows
from training.config import TrainingConfig
from training.dataset import label_cohort, load_events
from training.judging.panels import Way, cost_of_missing, for_the_report, that_take_something
from training.report.tables import panel_table
from training.train import training_rows
from training.words.names import THERAPY

CONFIG = TrainingConfig(Path(), "table", Path(), folds=3, repeats=1, bootstrap=40)
SAME = Panel("same", MEASURED, "everything once more")
BLIND = Panel("blind", frozenset(), "nothing")
DAY = pd.Timedelta(hours=24)


@pytest.fixture(scope="module")
def costs(ward_cohort):
    training = training_rows(ward_cohort, Outcome.SEVERE_CRS, CONFIG)
    return cost_of_missing(ward_cohort, training, CONFIG, (FULL, SAME, BLIND), graded=False)


def _line(costs, panel, way):
    return costs[(costs["panel"] == panel) & (costs["way"] == way)].iloc[0]


def test_there_is_a_line_for_the_full_panel_and_two_for_each_other(costs):
    assert costs[["panel", "way"]].to_numpy().tolist() == [
        ["full", "one model"],
        ["same", "one model"],
        ["blind", "one model"],
        ["same", "retrained"],
        ["blind", "retrained"],
    ]


@pytest.mark.parametrize("way", Way)
def test_a_panel_that_lacks_nothing_costs_nothing(way, costs):
    same, full = _line(costs, "same", way), _line(costs, "full", Way.AS_IT_IS)
    assert same["auroc"] == full["auroc"] > 0.8
    cells = [f"{name}_cost{end}" for name in ("auroc", "auprc") for end in ("", "_low", "_high")]
    assert (same[cells] == 0.0).all()


@pytest.mark.parametrize("way", Way)
def test_a_cost_is_what_the_full_panel_has_more_and_lies_in_its_interval(way, costs):
    blind, full = _line(costs, "blind", way), _line(costs, "full", Way.AS_IT_IS)
    for name in ("auroc", "auprc"):
        assert blind[f"{name}_cost"] == pytest.approx(full[name] - blind[name])
        low, cost, high = (blind[f"{name}_cost{end}"] for end in ("_low", "", "_high"))
        assert low <= cost <= high


def test_a_model_that_no_longer_sees_what_it_learnt_from_ranks_worse(costs):
    assert _line(costs, "blind", Way.AS_IT_IS)["auroc_cost"] > 0.1


def test_a_retrained_model_reads_no_more_than_its_panel(costs):
    read = costs.set_index(["panel", "way"])["columns"]
    assert read["blind", "retrained"] < read["blind", "one model"] == read["full", "one model"]


@pytest.mark.parametrize("name", ["standard", "minimal", "without IL-6"])
def test_the_same_bundle_answers_with_whatever_is_there(name, ward_bundle, ward_cohort):
    moments = ward_cohort.as_of.head(40)
    events = only(ward_cohort.source.events, PANEL[name])
    answers = predict_rows(ward_bundle, events, moments, contributions=False)
    assert len(answers) == 40 * len(ward_bundle.models)
    assert answers["risk"].between(0.0, 1.0).all()


def test_on_real_patients_the_minimal_panel_is_worse_than_the_full_one(shared_data):
    source = load_events(shared_data / "car_t_b_all/daily_labs.csv", "prcrs")
    config = TrainingConfig(Path(), "prcrs", Path(), folds=5, repeats=1, bootstrap=100)
    cohort = label_cohort(source, DAY, (Outcome.SEVERE_CRS,), DAY)
    training = training_rows(cohort, Outcome.SEVERE_CRS, config)
    costs = cost_of_missing(cohort, training, config, (FULL, PANEL["minimal"]), graded=False)
    assert _line(costs, "full", Way.AS_IT_IS)["auroc"] > 0.88
    for way in Way:
        minimal = _line(costs, "minimal", way)
        assert minimal["auroc_cost_low"] > 0.0
        assert np.isfinite(minimal["auprc_cost"])


def test_only_panels_that_take_something_away_are_worth_judging(ward_events):
    found = that_take_something(ward_events, (FULL, SAME, *PANELS[1:], *WITHOUT, BLIND))
    assert [panel.name for panel in found] == ["full", "minimal", "blind"]


def test_the_report_states_each_panels_cost(ward_cohort):
    training = training_rows(ward_cohort, Outcome.SEVERE_CRS, CONFIG)
    lines = for_the_report(ward_cohort, training, CONFIG)
    assert [(line["panel"], line["way"]) for line in lines] == [
        ("full", "one model"), ("minimal", "one model"), ("minimal", "retrained"),
    ]  # fmt: skip
    assert json.loads(json.dumps(lines, allow_nan=False)) == lines
    full, minimal = lines[0], lines[1]
    assert full["auroc_cost"] == {
        "value": None, "low": None, "high": None, "reason": "the full panel itself",
    }  # fmt: skip
    assert minimal["auroc_cost"]["value"] == pytest.approx(
        full["auroc"]["value"] - minimal["auroc"]["value"]
    )
    judged = {"models": {}}
    table = panel_table(lines, judged, THERAPY)
    assert [line["panel"] for line in table] == ["full", "minimal", "minimal"]
    assert table[0]["cells"][1]["value"] == "–"
    assert table[1]["cells"][1]["value"][0] in "+-−±0"
    assert panel_table((), judged, THERAPY) == []


def test_records_that_no_panel_takes_anything_from_have_no_cost(draw_events, ward_cohort):
    source = replace(ward_cohort.source, events=draw_events(("a", "crp", 1.0, 5.0)))
    cohort = replace(ward_cohort, source=source)
    training = training_rows(ward_cohort, Outcome.SEVERE_CRS, CONFIG)
    assert for_the_report(cohort, training, CONFIG) == []
