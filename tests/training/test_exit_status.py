"""A command that is stopped unwinds, once, and says so by its exit status."""

import signal
from contextlib import suppress

import pytest

import training.exit_status as exit_status_module
from training.exit_status import Terminated, exit_status


@pytest.fixture(autouse=True)
def survives():
    """A signal that nothing turns into an exception ends no test run."""
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.mark.parametrize(
    ("number", "status", "said"),
    [(signal.SIGTERM, 143, "stopped: SIGTERM\n"), (signal.SIGINT, 130, "stopped: Ctrl-C\n")],
)
def test_a_stopped_command_closes_what_is_open(number, status, said, capsys):
    closed = []

    def work():
        try:
            signal.raise_signal(number)
        finally:
            if number == signal.SIGTERM:
                signal.raise_signal(number)  # a second one does not break the closing off
            closed.append(True)

    assert exit_status(work) == status
    assert closed == [True]
    assert capsys.readouterr().err == said


def test_a_signal_that_was_swallowed_is_not_the_last(monkeypatch):
    monkeypatch.setattr(exit_status_module, "AGAIN", 0.0)  # the next one comes late enough

    def work():
        with suppress(Terminated):  # as a finaliser does
            signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)

    assert exit_status(work) == 143


def test_afterwards_signals_are_answered_as_before():
    before = signal.getsignal(signal.SIGTERM)
    assert exit_status(lambda: None) == 0
    assert signal.getsignal(signal.SIGTERM) is before
