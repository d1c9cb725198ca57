"""Prices as a user writes them, net benefit, and doses and days, each computed by hand."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from features.tables import InvalidInputError
from training.judging.alarms.alarms import Watch, alarms_of
from training.judging.alarms.decisions import ON_ALL, ON_NONE, THRESHOLDS, judge_decisions
from training.judging.alarms.economics import figures, policy_sums
from training.judging.alarms.events import onsets_of
from training.judging.rows.curves import DECISION_THRESHOLDS, net_benefit
from training.judging.rows.sample import Sample, patient_draws
from training.prices import Prices, read_prices

TEMPLATE = Path(__file__).parents[3] / "docs" / "prices.csv"


def table(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(("item,value", *lines)) + "\n", encoding="utf-8")
    return path


def test_the_table_to_start_from_says_what_is_assumed_without_one():
    assert read_prices(TEMPLATE) == read_prices(None) == Prices()
    assert Prices().anti_il6_dose is None


def test_every_item_can_be_changed(tmp_path):
    path = table(tmp_path / "prices.csv", "anti_il6_dose,700.5", "bed_days_per_alarm,2", "bed_day,")
    found = read_prices(path)
    assert replace(found, sources=()) == replace(
        Prices(), anti_il6_dose=700.5, bed_days_per_alarm=2.0
    )
    lines = {line["item"]: line["source"] for line in found.table()}
    assert lines["anti_il6_dose"] == "the table, which names no source"
    assert (lines["bed_day"], lines["doses_per_alarm"]) == ("not given", "assumption")


def test_the_report_names_the_source_that_the_table_names(tmp_path):
    path = tmp_path / "prices.csv"
    path.write_text("item,value,unit,source\nbed_day,800,EUR,controlling 2026\n", encoding="utf-8")
    (line,) = [one for one in read_prices(path).table() if one["item"] == "bed_day"]
    assert (line["value"], line["unit"], line["source"]) == (800.0, "EUR", "controlling 2026")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("bed_day,800,USD,x", "prices.csv:2: bed_day: unit 'USD' where EUR is needed"),
        ("bed_day,800,,x", "prices.csv:2: bed_day: unit '' where EUR is needed"),
        ("doses_per_alarm,1,mg,x", "doses_per_alarm: unit 'mg' where doses is needed"),
        ("bed_day,800,EUR,", "prices.csv:2: bed_day: 800 has no source"),
    ],
)
def test_a_wrong_unit_and_a_value_without_a_source_are_refused(tmp_path, line, said):
    path = tmp_path / "prices.csv"
    path.write_text(f"item,value,unit,source\n{line}\n", encoding="utf-8")
    with pytest.raises(InvalidInputError) as refused:
        read_prices(path)
    assert said in str(refused.value)


def test_the_highest_price_is_taken_and_no_zero_has_a_sign(tmp_path):
    lines = ("anti_il6_dose,1e6", "bed_day,-0", "doses_per_alarm,-0.0", "monitored_day,-1e-999")
    found = read_prices(table(tmp_path / "prices.csv", *lines))
    assert found.anti_il6_dose == 1_000_000.0
    zeros = (found.bed_day, found.doses_per_alarm, found.monitored_day)
    assert [str(zero) for zero in zeros] == ["0.0"] * 3


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("bed_dya,3", "prices.csv:2: item 'bed_dya' is none of"),
        ("bed_day,cheap", "prices.csv:2: bed_day: 'cheap' is no number"),
        ("bed_day,-3", "prices.csv:2: bed_day: -3 where 0 to 1,000,000 EUR is needed"),
        ("bed_day,1000001", "bed_day: 1000001 where 0 to 1,000,000 EUR is needed"),
        ("bed_day,1e308", "bed_day: 1e308 where 0 to 1,000,000 EUR is needed"),
        ("doses_per_alarm,1001", "doses_per_alarm: 1001 where 0 to 1,000 doses is needed"),
        ("bed_day,nan", "bed_day: 'nan' is no number"),
        ("bed_day,1_000", "prices.csv:2: bed_day: '1_000' is no number"),
        ("bed_day,1e999", "bed_day: 1e999 where 0 to 1,000,000 EUR is needed"),
        ("doses_per_alarm,", "doses_per_alarm: '' is no number"),
        ("bed_day,3\nbed_day,4", "prices.csv:3: item 'bed_day' stands there twice"),
    ],
)
def test_a_slip_in_the_table_is_told_with_its_place(tmp_path, line, said):
    with pytest.raises(InvalidInputError, match=r"prices\.csv") as refused:
        read_prices(table(tmp_path / "prices.csv", line))
    assert said in str(refused.value)


def test_a_wrong_table_of_prices_stops_a_command_before_its_work(verb, tmp_path):
    path = tmp_path / "prices.csv"
    path.write_text("thing,cost\nbed_day,3\n", encoding="utf-8")
    answer = verb("evaluate", "--model", tmp_path / "none", "--records", tmp_path / "none",
                  "--format", "table", "--prices", path, "--out", tmp_path / "out")  # fmt: skip
    assert "columns missing: item, value" in answer.error


def ward():
    """Patient 0: onset after its third day; patient 1: none. A row a day."""
    patient = np.array([0, 0, 0, 1, 1, 1])
    hour = np.array([0.0, 24.0, 48.0] * 2)
    ahead = np.array([60.0, 36.0, 12.0, np.nan, np.nan, np.nan])
    return Watch(patient, hour, ahead, 2, np.array([3.0, 3.0]))


def test_doses_days_and_costs_by_hand():
    watch = ward()
    runs = [alarms_of(watch, np.array([False, True, True, True, True, True]))]
    prices = Prices(100.0, 10.0, 1.0, doses_per_alarm=2.0, most_doses_per_patient=5.0,
                    monitored_days_per_alarm=1.5, bed_days_per_alarm=3.0)  # fmt: skip
    # alarms 2 and 3; doses 4 and 5 (6 were asked for); the one event is found early
    sums = policy_sums(watch, onsets_of(watch), runs, 24.0, prices)
    found = figures(sums, np.ones((1, 2)), prices)
    assert {name: value[0] for name, value in found.items()} == pytest.approx(
        {
            "found_early": 1.0,
            "alarms_per_100": 250.0,
            "doses_per_100": 450.0,
            "doses_per_found": 9.0,
            "monitored_days_per_found": 7.5,
            "bed_days_per_found": 15.0,
            "cost_per_100": 50 * (900 + 75 + 15),
            "cost_per_found": 990.0,
        }
    )


def test_without_a_price_nothing_is_said_of_costs():
    watch = ward()
    runs = [alarms_of(watch, np.ones(6, dtype=bool))]
    for prices in (Prices(), replace(Prices(), anti_il6_dose=100.0, monitored_day=1.0)):
        sums = policy_sums(watch, onsets_of(watch), runs, 24.0, prices)
        found = figures(sums, np.ones((1, 2)), prices)
        assert np.isnan(found["cost_per_found"]).all()
        assert found["doses_per_found"][0] == 6.0


def test_net_benefit_at_stated_thresholds_is_that_of_the_curve():
    generator = np.random.default_rng(0)
    risk = generator.random(500) ** 3
    label = (generator.random(500) < risk).astype(float)
    sample = Sample.of(label, risk, np.repeat(np.arange(100), 5))
    rule = Sample.of(label, (risk > 0.3).astype(float), np.repeat(np.arange(100), 5))
    score = Sample.of(label, 10 * risk, np.repeat(np.arange(100), 5))
    draws = patient_draws(100, 40, 0)
    found = judge_decisions({"model": [sample], "crp_rule": [rule], "easix": [score]}, draws)
    curves = {"model": net_benefit(sample), "crp_rule": net_benefit(rule)}
    for threshold in THRESHOLDS:
        at = int(np.flatnonzero(threshold == DECISION_THRESHOLDS)[0])
        models = found[f"{threshold:g}"]["models"]
        assert set(models) == {"model", "crp_rule", ON_ALL, ON_NONE}
        for name, curve in curves.items():
            value = models[name]["net_benefit"]["value"]
            assert value == pytest.approx(curve["net_benefit"][at], abs=1e-6)
        on_all = models[ON_ALL]["net_benefit"]["value"]
        assert on_all == pytest.approx(curves["model"]["act_on_all"][at], abs=1e-6)
        gap = found[f"{threshold:g}"]["differences"][ON_ALL]["net_benefit"]
        assert gap["value"] == pytest.approx(models["model"]["net_benefit"]["value"] - on_all)
    assert found["0.2"]["differences"][ON_ALL]["net_benefit"]["low"] > 0
    assert judge_decisions({"model": [score]}, draws) == {}
