"""Benchmarks as ratios within one run: `make bench [ONLY=features]` -> build/benchmarks.json."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.feature_speed import features_benchmark, seconds
from training.cohort.export import write_parts
from training.cohort.simulation import Asked, parts

OUT = Path("build/benchmarks.json")
VIRTUAL_PATIENTS, COHORT_DAYS = 800, 42


def cohort_benchmark() -> dict[str, dict]:
    """Simulated, observed and written virtual patients; against half as many, time is linear."""
    place = Path("build/benchmark-cohort")

    def written(patients: int) -> Callable[[], object]:
        asked = Asked(patients, seed=1, days=COHORT_DAYS)
        return lambda: write_parts(parts(asked), asked.metadata(0, patients), place)

    written(VIRTUAL_PATIENTS)()  # compiles
    whole, half = (seconds(written(n)) for n in (VIRTUAL_PATIENTS, VIRTUAL_PATIENTS // 2))
    return {
        "cohort.patients_per_second": {
            "value": round(VIRTUAL_PATIENTS / whole, 1),
            "unit": "patients of 42 days/s",
            "against": {"half as many, time for each": round(2.0 * half / whole, 2)},
        }
    }


BENCHMARKS = {"cohort": cohort_benchmark, "features": features_benchmark}


def main() -> int:
    """Run the benchmarks named on the command line, all without a name."""
    chosen = sys.argv[1:] or list(BENCHMARKS)
    unknown = [name for name in chosen if name not in BENCHMARKS]
    if unknown:
        sys.stderr.write(f"error: no benchmark {unknown[0]!r}; known: {', '.join(BENCHMARKS)}\n")
        return 2
    found = {name: row for group in chosen for name, row in BENCHMARKS[group]().items()}
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    sys.stdout.write(OUT.read_text("utf-8"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
