"""A command that is stopped unwinds, once, and says so by its exit status."""

import signal

import pytest

from training.exit_status import exit_status


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


def test_afterwards_signals_are_answered_as_before():
    before = signal.getsignal(signal.SIGTERM)
    assert exit_status(lambda: None) == 0
    assert signal.getsignal(signal.SIGTERM) is before
