"""The verb `ingest`: a source's events, its rejects and a report on both, in a new folder."""

import json
from argparse import ArgumentParser, Namespace
from dataclasses import asdict, replace
from pathlib import Path

from features.outcomes import OutcomeSource, with_outcomes
from features.plurals import counted
from features.tables import count_rejects
from training.dataset import Events, load_events
from training.folders import refuse_filled, write_csv
from training.judging.outcome_quality import OutcomeQuality, outcome_quality
from training.verbs import flags
from training.verbs.told import tell_notes, tell_set_aside
from training.verbs.verb import Verb
from training.words.outcomes import outcomes_line


def add_flags(parser: ArgumentParser) -> None:
    """Of `ingest`."""
    flags.add_records(parser)
    flags.add_outcomes_from(parser)
    parser.add_argument("--out", type=Path, required=True, help="new folder to write into")


def run_ingest(options: Namespace) -> None:
    """Write events, rejects and a data-quality report; print what was set aside."""
    refuse_filled(options.out)
    charted = load_events(options.records, options.format)
    outcomes = outcome_quality(charted.events)
    source = replace(charted, events=with_outcomes(charted.events, options.outcomes_from))
    write_ingested(source, options.outcomes_from, outcomes, options.out)
    tell_notes(source)
    tell_set_aside(source)
    print(outcomes_line(outcomes))
    events, rejects = counted(len(source.events), "event"), counted(len(source.rejects), "reject")
    print(f"{events}, {rejects} -> {options.out}")


def write_ingested(
    source: Events, outcomes_from: OutcomeSource, outcomes: OutcomeQuality, out: Path
) -> None:
    """Write events.parquet, rejects.parquet, rejects.csv and quality.json below `out`."""
    out.mkdir(parents=True, exist_ok=True)
    source.events.to_parquet(out / "events.parquet", index=False)
    rejects = source.rejects.astype("str")
    rejects.to_parquet(out / "rejects.parquet", index=False)
    write_csv(source.rejects, out / "rejects.csv", index=False)
    per_key = source.events["key"].value_counts()
    quality = {
        "patients": source.patients,
        "records": source.records,
        "events": len(source.events),
        "events_by_key": {str(key): int(n) for key, n in per_key.items() if n},
        "rejects_by_reason": count_rejects(source.rejects),
        "notes": list(source.notes),
        "outcomes_from": str(outcomes_from),
        "outcomes": asdict(outcomes),
    }
    (out / "quality.json").write_text(json.dumps(quality, indent=1) + "\n", "utf-8")


INGEST = Verb(
    "ingest",
    "read records; write events, rejects and a data-quality report",
    "--records hospital.csv --format table --out ingested",
    add_flags,
    run_ingest,
)
