"""The verb `ingest`: a source's events, its rejects and a report on both, in a new folder."""

import json
from dataclasses import asdict
from pathlib import Path

from features.outcomes import OutcomeSource
from features.tables import count_rejects
from training.dataset import Events
from training.folders import write_csv
from training.judging.outcome_quality import OutcomeQuality


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
