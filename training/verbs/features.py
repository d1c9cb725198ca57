"""The verb `features`: the feature rows of records, as a table."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from features.declared import columns_of
from features.matrix import as_of_grid, feature_rows
from features.plurals import counted
from features.tables import InvalidInputError
from training.dataset import load_events
from training.folders import table_ending, write_table
from training.verbs import flags
from training.verbs.told import tell_notes
from training.verbs.verb import Verb


def add_flags(parser: ArgumentParser) -> None:
    """Of `features`."""
    flags.add_records(parser)
    flags.add_every(parser)
    flags.add_outcomes_from(parser)
    parser.add_argument("--out", type=Path, required=True, help="Parquet or CSV file to write")


def run_features(options: Namespace) -> None:
    """Write feature rows."""
    table_ending(options.out)
    source = load_events(options.records, options.format, outcomes_from=options.outcomes_from)
    tell_notes(source)
    events = source.events
    moments = as_of_grid(events, options.every)
    if moments.empty:
        raise InvalidInputError(f"{options.records}: no as-of time; has nobody a timed value?")
    rows = feature_rows(events, moments, columns_of(events["key"].unique()))
    write_table(rows, options.out, index=True)
    print(f"{counted(len(rows), 'row')} of {rows.shape[1]} features -> {options.out}")


FEATURES = Verb(
    "features",
    "read records; write feature rows",
    "--records hospital.csv --format table --out rows.parquet --every 24h",
    add_flags,
    run_features,
)
