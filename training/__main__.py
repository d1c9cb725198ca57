"""The commands of a data scientist: `python -m training VERB --help`."""

import argparse
import logging
import sys
from collections.abc import Sequence

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
    """Run one verb; returns the exit status (0 done, 2 wrong usage or bad input)."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    options = command_line().parse_args(arguments)
    return exit_status(options.run, options)


def command_line() -> argparse.ArgumentParser:
    """Every verb with its flags."""
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    verbs = parser.add_subparsers(title="verbs", required=True, metavar="VERB")
    for verb in VERBS:
        verb.add_to(verbs)
    return parser


if __name__ == "__main__":
    sys.exit(main())
