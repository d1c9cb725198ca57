"""Where no terminal watches, progress is a few plain lines."""

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from training.progress import counted_progress, progress


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


@pytest.fixture
def lines(caplog):
    caplog.set_level(logging.INFO, "training")
    return lambda: [record.getMessage() for record in caplog.records]


@pytest.mark.parametrize(
    ("total", "shown"),
    [(1, [1]), (3, [1, 2, 3]), (5, [1, 2, 3, 4, 5]), (100, [20, 40, 60, 80, 100]), (0, [])],
)
def test_a_fifth_of_the_work_is_a_line(total, shown, lines):
    assert list(progress(iter(range(total)), total, "fitting")) == list(range(total))
    assert lines() == [f"fitting: {done} of {total}" for done in shown]


def test_a_line_follows_the_work_that_it_counts(lines):
    work = progress(range(2), 2, "fitting")
    next(work)
    assert lines() == []
    next(work)
    assert lines() == ["fitting: 1 of 2"]


def test_work_that_reports_itself_in_steps_of_any_size_is_told_once_a_fifth(lines):
    show = counted_progress("simulating")
    for done in (10, 19, 20, 39, 90, 99, 100):
        show(done, 100)
    told = [int(line.split()[1]) for line in lines()]
    assert told == [20, 90, 100]


def test_on_a_terminal_there_is_a_bar_and_no_line(lines, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    assert list(progress(range(3), 3, "fitting")) == [0, 1, 2]
    assert "fitting" in terminal.text
    assert "\r" in terminal.text
    assert lines() == []


def test_a_command_without_a_terminal_tells_plain_lines_on_stderr(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "training", "simulate", "--patients", "2", "--days", "1",
         "--out", str(tmp_path)],
        cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0
    assert done.stderr == "simulating: 2 of 2\n"
    names = ("records.parquet", "dataset.json", "truth.parquet")
    assert done.stdout.splitlines() == [str(tmp_path / name) for name in names]
