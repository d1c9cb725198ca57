"""The commands of a data scientist: `python -m training VERB --help`."""

import argparse
import logging
import sys
from collections.abc import Sequence

from features.tables import InvalidInputError
from training.exit_status import exit_status
from training.verbs.codes import CODES
from training.verbs.cohort import CALIBRATE, SIMULATE
from training.verbs.evaluate import EVALUATE
from training.verbs.features import FEATURES
from training.verbs.ingest import INGEST
from training.verbs.predict import PREDICT
from training.verbs.register import REGISTER
from training.verbs.release import FETCH, FREEZE, LEDGER, PLAN, PROMOTE, ROLLBACK
from training.verbs.train import TRAIN
from training.verbs.transport import TRANSPORT

VERBS = (
    SIMULATE, CALIBRATE, INGEST, FEATURES, TRAIN,
    EVALUATE, TRANSPORT, PREDICT, REGISTER,
    PLAN, FREEZE, PROMOTE, ROLLBACK, LEDGER, FETCH, CODES,
)  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; returns the exit status.

    0 done, 2 wrong usage or bad input, 130 or 143 stopped by Ctrl-C or SIGTERM.
    """
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    words = sys.argv[1:] if arguments is None else arguments
    return exit_status(lambda: _run(words))


def _run(words: Sequence[str]) -> None:
    for word in words:
        _refuse_undecodable(word)
    options = command_line().parse_args(words)
    options.run(options)


def _refuse_undecodable(word: str) -> None:
    """Bytes that are no UTF-8 reach Python as lone surrogates, which no file and no store takes."""
    try:
        word.encode("utf-8")
    except UnicodeEncodeError as fault:
        told = word.encode("utf-8", "backslashreplace").decode()
        raise InvalidInputError(f"argument {told}: is not UTF-8: write or rename it so") from fault


def command_line() -> argparse.ArgumentParser:
    """Every verb with its flags."""
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    verbs = parser.add_subparsers(title="verbs", required=True, metavar="VERB")
    for verb in VERBS:
        verb.add_to(verbs)
    return parser


if __name__ == "__main__":
    sys.exit(main())
