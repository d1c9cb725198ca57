"""The verbs of a release: plan, freeze, promote, rollback, ledger and fetch."""

from argparse import ArgumentParser
from pathlib import Path

from training.release import commands
from training.release import flags as release_flags
from training.verbs import flags
from training.verbs.verb import Verb


def add_freeze_flags(parser: ArgumentParser) -> None:
    """Of `freeze`."""
    flags.add_records(parser)
    flags.add_every(parser)
    flags.add_outcomes_from(parser)
    flags.add_horizon(parser)
    flags.add_resamples(parser, 500)
    flags.add_resamples_seed(parser)
    release_flags.add_by(parser)
    parser.add_argument("--out", type=Path, required=True, help="new folder to write into")


def add_fetch_flags(parser: ArgumentParser) -> None:
    """Of `fetch`."""
    flags.add_model(parser)
    parser.add_argument("--out", type=Path, required=True, help="new folder for the bundle")


PLAN = Verb(
    "plan",
    "write the default change plan, to be edited, or check an edited one",
    "--out plan.json",
    release_flags.add_plan_flags,
    commands.run_plan,
)
FREEZE = Verb(
    "freeze",
    "freeze records as the set on which every new model is judged beside the champion",
    "--records others.csv --format table --out frozen",
    add_freeze_flags,
    commands.run_freeze,
)
PROMOTE = Verb(
    "promote",
    "let an alias of the registry point at a run's model, where the change plan allows it",
    "0123abcd --alias champion --frozen frozen",
    release_flags.add_promote_flags,
    commands.run_promote,
)
ROLLBACK = Verb(
    "rollback",
    "put back the version that was in service before",
    '--alias champion --why "too many alarms on ward 3"',
    release_flags.add_rollback_flags,
    commands.run_rollback,
)
LEDGER = Verb(
    "ledger",
    "print what was in service when, or verify that nothing in it was changed",
    "--verify",
    release_flags.add_ledger_flags,
    commands.run_ledger,
)
FETCH = Verb(
    "fetch",
    "copy a bundle out of the registry into a folder",
    "--model models:/crs-risk@champion --out bundle",
    add_fetch_flags,
    commands.run_fetch,
)
