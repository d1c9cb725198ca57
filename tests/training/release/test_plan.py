"""The change plan as a file: written whole, read back the same, a senseless value refused."""

import json
from dataclasses import replace

import pytest

from features.tables import InvalidInputError
from training.release.plan import DEFAULT
from training.release.plan_file import check_plan, read_plan


@pytest.fixture
def written(verb, tmp_path):
    """The default plan as the command writes it, and a function that reads it with a change."""
    path = tmp_path / "plan.json"
    done = verb("plan", "--out", path)
    assert done.printed == f"the default plan, digest {DEFAULT.digest} -> {path}\n"

    def edited(change):
        stated = json.loads(path.read_text("utf-8"))
        change(stated)
        path.write_text(json.dumps(stated), "utf-8")
        return read_plan(path)

    return edited


def test_the_default_is_written_explained_and_read_back_the_same(written):
    assert written(lambda stated: None) == DEFAULT
    assert written(lambda stated: stated.pop("about")).digest == DEFAULT.digest
    check_plan(DEFAULT, "plan.json")
    rows = (*DEFAULT.no_worse, *DEFAULT.within, *DEFAULT.no_subgroup_worse, *DEFAULT.alarms)
    assert all(row.explained.endswith(".") for row in rows)


def test_an_edited_limit_gives_another_digest(written):
    plan = written(lambda stated: stated["no_worse"][0].update(most_worse_by=0.02))
    assert plan.no_worse[0].most_worse_by == 0.02
    assert plan.digest != DEFAULT.digest


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda plan: plan["no_worse"][0].update(most_worse_by=3),
         "no_worse: value 1: most_worse_by: 3.0 where 0 to 1 in the figure's own unit is needed"),
        (lambda plan: plan["no_worse"][1].update(most_worse_by="much"),
         "no_worse: value 2: most_worse_by: is a text, not a number"),
        (lambda plan: plan["no_worse"][0].update(most_wors_by=0.1),
         "no_worse: value 1: 'most_wors_by' is no field; there are figure, most_worse_by,"),
        (lambda plan: plan["no_worse"][0].update(figure="roc"),
         "no_worse: value 1: figure: 'roc' where one of auroc, auprc,"),
        (lambda plan: plan["no_worse"][0].update(figure="calibration_slope"),
         "no_worse: value 1: figure: 'calibration_slope' is best at one value; put it under"),
        (lambda plan: plan["no_worse"][0].update(must_be="sure"),
         "no_worse: value 1: must_be: 'sure' where one of proven, estimated, not disproven"),
        (lambda plan: plan["within"][0].update(lowest=2),
         "within: value 1: lowest: 2.0 where below highest, which is 1.25 is needed"),
        (lambda plan: plan["no_subgroup_worse"][0].update(subgroups=["shoe size"]),
         "no_subgroup_worse: value 1: subgroups: 'shoe size' where one of sex, age,"),
        (lambda plan: plan["no_subgroup_worse"][0].update(fewest_event_patients=0),
         "fewest_event_patients: 0 where 1 to 1e+06 patients with an event is needed"),
        (lambda plan: plan["alarms"][1].update(tier="low"),
         "alarms: value 2: tier: 'low' where one of elevated, high is needed"),
        (lambda plan: plan["alarms"][0].update(most_per_patient_day=7),
         "most_per_patient_day: 7.0 where 0 to 1 patient-days with an alarm, per patient-day"),
        (lambda plan: plan.update(frozen_set="abc"), "frozen_set: 'abc' where a digest of 64"),
        (lambda plan: plan.update(format_version=9), "format_version: 9 where 1 is needed"),
        (lambda plan: plan.pop("alarms"), "alarms is missing"),
        (lambda plan: plan.update(no_worse=[], within=[], no_subgroup_worse=[], alarms=[]),
         "has no criterion, so every model would pass"),
    ],
)  # fmt: skip
def test_a_senseless_value_is_refused_by_its_place(written, change, words):
    with pytest.raises(InvalidInputError) as refusal:
        written(change)
    assert str(refusal.value).startswith("plan.json: ")
    assert words in str(refusal.value)


def test_a_plan_is_checked_by_the_command_and_never_written_over(verb, tmp_path):
    path = tmp_path / "plan.json"
    assert verb("plan", "--out", path).status == 0
    assert "is there already" in verb("plan", "--out", path).error
    assert verb("plan", "--check", path).printed.endswith(f"digest {DEFAULT.digest}\n")
    path.write_text("{")
    assert "plan.json: is not JSON" in verb("plan", "--check", path).error
    assert "--out FILE" in verb("plan").error


def test_the_order_of_rows_counts_and_names_of_files_do_not():
    turned = replace(DEFAULT, no_worse=DEFAULT.no_worse[::-1])
    assert turned.digest != DEFAULT.digest
