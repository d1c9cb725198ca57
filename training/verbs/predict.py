"""The verb `predict`: a bundle's answers at every as-of time of other patients."""

from argparse import ArgumentParser, BooleanOptionalAction, Namespace
from pathlib import Path

from features.matrix import as_of_grid
from features.plurals import counted
from features.tables import InvalidInputError
from training import apply
from training.dataset import read_moments, without_records
from training.folders import table_ending
from training.verbs import flags
from training.verbs.opened import agree, opened_bundle
from training.verbs.told import tell_notes, tell_set_aside
from training.verbs.verb import Verb


def add_flags(parser: ArgumentParser) -> None:
    """Of `predict`."""
    flags.add_model(parser)
    flags.add_records(parser)
    flags.add_every(parser)
    parser.add_argument(
        "--as-of", type=Path, help="CSV with patient_id and as_of, in the place of the grid"
    )
    flags.add_the_models_own(parser)
    parser.add_argument(
        "--contributions", action=BooleanOptionalAction, default=True,
        help="explain every row (takes most of the time)",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, required=True, help="Parquet or CSV file to write")


def run_predict(options: Namespace) -> None:
    """Write the predictions table."""
    table_ending(options.out)
    with opened_bundle(options.model) as bundle:
        agree(bundle, options.outcomes_from)
        source = apply.events_for(bundle, options.records, options.format)
        tell_notes(source)
        tell_set_aside(source)
        if options.as_of is not None:
            moments = read_moments(options.as_of)
            _tell_strangers(without_records(moments, source.events))
        else:
            moments = as_of_grid(source.events, options.every)
        if moments.empty:
            raise InvalidInputError("no as-of time lies inside any patient's observation")
        predictions = apply.predict(bundle, source, moments, options.contributions)
        apply.write_predictions(predictions, bundle, options.out)
    made, asked = counted(len(predictions), "prediction"), counted(len(moments), "as-of time")
    print(f"{made} at {asked} -> {options.out}")


def _tell_strangers(patients: list[str]) -> None:
    if not patients:
        return
    several = len(patients) > 1
    first = f"have no usable record, the first is {patients[0]!r}: their rows"
    alone = f"has no usable record, {patients[0]!r}: the rows"
    who = f"{counted(len(patients), 'patient')} asked about"
    print(f"{who} {first if several else alone} rest on nothing")


PREDICT = Verb(
    "predict",
    "predict every as-of time of other patients",
    "--model bundle --records others.csv --format table --out predictions.parquet",
    add_flags,
    run_predict,
)
