"""Where no terminal watches, a stage is one line; on a terminal it is a bar that goes away."""

import logging
import re
import subprocess
import sys
from pathlib import Path

import pytest

from training import progress as told
from training.progress import counted_progress, progress, stage


class Terminal:
    """A stream that says it is a terminal and keeps what is written."""

    def __init__(self):
        self.text = ""

    def isatty(self):
        return True

    def write(self, text):
        self.text += text

    def flush(self):
        pass

    @property
    def last_line(self):
        """What is left to see on the line that the cursor stands on."""
        return self.text.rstrip("\r").rpartition("\r")[2].strip()


@pytest.fixture
def lines(caplog):
    caplog.set_level(logging.INFO, "training")
    return lambda: [record.getMessage() for record in caplog.records]


@pytest.fixture
def clock(monkeypatch):
    """A clock that a test sets; it shows seconds."""
    shown = [0.0]
    monkeypatch.setattr(told, "monotonic", lambda: shown[0])
    return lambda seconds: shown.__setitem__(0, seconds)


@pytest.mark.parametrize("total", [1, 3, 100])
def test_a_stage_is_one_line_with_its_seconds(total, lines, clock):
    work = progress(range(total), total, "fitting")
    for _ in range(total):
        next(work)
        clock(12.4)
    assert lines() == []
    assert list(work) == []
    assert lines() == [f"fitting: {total} of {total} in 12 s"]


def test_no_work_is_no_line(lines):
    assert list(progress([], 0, "fitting")) == []
    assert lines() == []


def test_work_without_a_name_is_passed_on_and_not_shown(lines):
    assert list(progress(iter("abc"), 3, "")) == ["a", "b", "c"]
    assert lines() == []


def test_a_stage_of_minutes_tells_once_a_minute_where_it_stands(lines, clock):
    with counted_progress("simulating") as (show,):
        for done, seconds in ((10, 59), (20, 61), (30, 62), (40, 120), (50, 121), (100, 130)):
            clock(seconds)
            show(done, 100)
    assert lines() == [
        "simulating: 20 of 100 in 61 s",
        "simulating: 50 of 100 in 121 s",
        "simulating: 100 of 100 in 130 s",
    ]


@pytest.mark.parametrize("stages", [("studies",), ("simulating", "the oracle")])
def test_each_round_counts_its_own_seconds(lines, clock, stages):
    with counted_progress(*stages) as shows:
        clock(5)
        shows[0](2, 2)
        clock(8)
        shows[-1](2, 2)
    assert lines() == [f"{stages[0]}: 2 of 2 in 5 s", f"{stages[-1]}: 2 of 2 in 3 s"]


def test_work_in_one_piece_is_one_line_and_none_where_it_breaks_off(lines, clock):
    with stage("figures"):
        clock(7)
    assert lines() == ["figures: 1 of 1 in 7 s"]
    with pytest.raises(ZeroDivisionError), stage("report"):
        1 / 0  # noqa: B018
    assert lines() == ["figures: 1 of 1 in 7 s"]


def test_on_a_terminal_there_is_a_bar_that_goes_away_and_no_line(lines, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    assert list(progress(range(3), 3, "fitting")) == [0, 1, 2]
    assert "fitting: " in terminal.text
    assert terminal.last_line == ""
    assert lines() == []


def test_a_bar_goes_away_from_work_that_is_given_up(lines, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    work = progress(range(3), 3, "fitting")
    next(work)
    next(work)
    work.close()
    assert "fitting: " in terminal.text
    assert terminal.last_line == ""
    assert lines() == []


def test_a_command_without_a_terminal_tells_plain_lines_on_stderr(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "training", "simulate", "--patients", "2", "--days", "1",
         "--out", str(tmp_path)],
        cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0
    assert re.fullmatch(r"simulating: 2 of 2 in \d+ s\n", done.stderr)
    names = ("records.parquet", "dataset.json", "truth.parquet")
    assert done.stdout.splitlines() == [str(tmp_path / name) for name in names]
