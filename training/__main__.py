"""The commands of a data scientist: `python -m training VERB --help`."""

import argparse
import json
import logging
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from features.harmonise import harmonise
from features.matrix import as_of_grid, feature_rows
from features.declared import columns_of
from features.outcomes import Outcome
from features.readers import READERS
from features.tables import InvalidInputError, count_rejects
from models.bundle import Bundle, load_bundle
from training import apply
from training.config import TrainingConfig
from training.dataset import load_events, read_moments

DONE, OUR_FAULT, BAD_INPUT = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; returns the exit status (0 done, 2 wrong usage or bad input)."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except InvalidInputError as error:
        print(f"error: {error}", file=sys.stderr)
        return BAD_INPUT
    return DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    verbs = parser.add_subparsers(title="verbs", required=True, metavar="VERB")
    _add_simulate(verbs)
    _add_ingest(verbs)
    _add_features(verbs)
    _add_train(verbs)
    _add_evaluate(verbs)
    _add_predict(verbs)
    _add_promote(verbs)
    _add_fetch(verbs)
    return parser


def _verb(
    verbs: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    run: Callable[[argparse.Namespace], None],
    what: str,
    example: str,
) -> argparse.ArgumentParser:
    parser = verbs.add_parser(
        name,
        help=what,
        description=what,
        epilog=f"example: python -m training {name} {example}",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.set_defaults(run=run)
    return parser


def _add_records(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--records", type=Path, required=True, help="file or folder to read")
    parser.add_argument("--format", choices=list(READERS), required=True, help="its format")


def _add_every(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--every", type=_duration, default="24h", help="step between as-of times, such as 1h"
    )


def _duration(text: str) -> pd.Timedelta:
    try:
        duration = pd.Timedelta(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration; write 24h or 30min") from error
    if not duration > pd.Timedelta(0):
        raise argparse.ArgumentTypeError(f"{text!r} is not above 0 h")
    return duration


def _add_ingest(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = _verb(
        verbs,
        "ingest",
        _ingest,
        "read records, write events, rejects and a data-quality report",
        "--records hospital.csv --format table --out ingested",
    )
    _add_records(parser)
    parser.add_argument("--out", type=Path, required=True, help="folder to write into")


def _ingest(options: argparse.Namespace) -> None:
    source = load_events(options.records, options.format)
    options.out.mkdir(parents=True, exist_ok=True)
    source.events.to_parquet(options.out / "events.parquet", index=False)
    source.rejects.astype("str").to_parquet(options.out / "rejects.parquet", index=False)
    per_key = source.events["key"].value_counts()
    quality = {
        "patients": source.patients,
        "records": source.records,
        "events": len(source.events),
        "events_by_key": {str(key): int(n) for key, n in per_key.items() if n},
        "rejects_by_reason": count_rejects(source.rejects),
        "notes": list(source.notes),
    }
    (options.out / "quality.json").write_text(json.dumps(quality, indent=1) + "\n", "utf-8")
    print(f"{len(source.events)} events, {len(source.rejects)} rejects -> {options.out}")


def _add_features(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = _verb(
        verbs,
        "features",
        _features,
        "read records, write feature rows",
        "--records hospital.csv --format table --out rows.parquet --every 24h",
    )
    _add_records(parser)
    _add_every(parser)
    parser.add_argument("--out", type=Path, required=True, help="Parquet file to write")


def _features(options: argparse.Namespace) -> None:
    events = load_events(options.records, options.format).events
    moments = as_of_grid(events, options.every)
    rows = feature_rows(events, moments, columns_of(events["key"].unique()))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    rows.to_parquet(options.out)
    print(f"{len(rows)} rows of {rows.shape[1]} features -> {options.out}")
