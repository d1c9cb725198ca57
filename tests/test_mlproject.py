"""MLproject says what the command line says: the same flags, the same defaults."""

import re
import shlex
from pathlib import Path

import pandas as pd
import pytest
import yaml

from training.__main__ import command_line
from training.config import TrainingConfig

ROOT = Path(__file__).parents[1]
PROJECT = yaml.safe_load((ROOT / "MLproject").read_text("utf-8"))
ENTRIES = PROJECT["entry_points"]
NEEDED = {"records": "r.csv", "run_id": "0123abcd", "alias": "champion", "model": "bundle"}
NEEDED["why"] = "too many alarms"
WANTED = (
    "simulate", "ingest", "train", "evaluate", "predict", "freeze", "promote", "rollback", "fetch",
)  # fmt: skip


def read(words: list[str]) -> dict:
    """What the command line makes of these words."""
    options = vars(command_line().parse_args(words))
    if "outcome" in options and options["outcome"] is None:  # `train` takes both then
        options["outcome"] = list(TrainingConfig.outcomes)
    return options


def words_of(entry: dict, **values: str) -> list[str]:
    """The entry's command after `python -m training`, with its defaults and these values."""
    stated = {name: str(row.get("default", "")) for name, row in entry["parameters"].items()}
    stated |= {name: value for name, value in values.items() if name in stated}
    quoted = {name: shlex.quote(value) for name, value in stated.items()}
    words = shlex.split(entry["command"].format(**quoted))
    assert words[:3] == ["python", "-m", "training"]
    return words[3:]


def test_the_entries_are_the_verbs_that_users_need():
    assert tuple(ENTRIES) == WANTED


@pytest.mark.parametrize("name", WANTED)
def test_every_flag_exists_and_every_default_is_that_of_the_command_line(name):
    entry = ENTRIES[name]
    required = {n for n, row in entry["parameters"].items() if "default" not in row}
    by_project = read(words_of(entry, **{n: NEEDED[n] for n in required}))
    # a flag that the command line requires has no default there to agree with
    actions = command_line()._subparsers._group_actions[0].choices[name]._actions
    asked = [action for action in actions if action.required]
    minimal = [name]
    for action in asked:
        value = str(by_project[action.dest])
        minimal += [action.option_strings[0], value] if action.option_strings else [value]
    assert by_project == read(minimal)
    assert required <= {action.dest for action in asked}
    assert set(re.findall(r"\{(\w+)\}", entry["command"])) == set(entry["parameters"])


@pytest.mark.parametrize("name", WANTED)
def test_a_flag_carries_its_parameter(name):
    for flag, parameter in re.findall(r"--([a-z-]+) \{(\w+)\}", ENTRIES[name]["command"]):
        assert flag.replace("-", "_") == parameter


def test_a_training_run_takes_what_it_starts_from_and_what_it_leaves_out():
    asked = {"weights": "w.csv", "start_from": "models:/crs-risk@champion", "prior": "p.parquet",
             "variants": "no", "horizon": "48h"}  # fmt: skip
    options = read(words_of(ENTRIES["train"], **asked))
    assert (options["weights"], options["prior"]) == (Path("w.csv"), Path("p.parquet"))
    assert options["start_from"] == asked["start_from"]
    assert options["variants"] is False
    assert options["horizon"] == pd.Timedelta("48h")
    plain = read(words_of(ENTRIES["train"]))
    assert [plain[name] for name in ("weights", "start_from", "prior")] == [None] * 3
    assert plain["variants"] is True


def test_types_are_those_that_mlflow_checks():
    rows = [row for entry in ENTRIES.values() for row in entry["parameters"].values()]
    assert {row["type"] for row in rows} == {"string", "float"}


def test_the_environment_is_the_lock_and_a_supported_python():
    environment = yaml.safe_load((ROOT / PROJECT["python_env"]).read_text("utf-8"))
    assert environment["dependencies"] == ["-r requirements.lock"]
    assert environment["python"] == "3.11"
