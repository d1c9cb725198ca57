"""The verb `transport`: models judged on groups of patients that they never saw."""

from argparse import ArgumentParser, Namespace

from training import transport
from training.verbs import flags
from training.verbs.verb import Verb


def add_flags(parser: ArgumentParser) -> None:
    """Of `transport`."""
    flags.add_records(parser)
    flags.add_every(parser)
    flags.add_learning(parser)
    flags.add_resamples(parser, 200)
    transport.add_flags(parser)


def run_transport(options: Namespace) -> None:
    """Judge models on groups of patients that they never saw; print where the tables are."""
    for path in transport.run_transport(options):
        print(path)


TRANSPORT = Verb(
    "transport",
    "train without each product, class of therapy, site or later time, and judge on it",
    "--records hospital.csv --format table --by product --out transported",
    add_flags,
    run_transport,
)
