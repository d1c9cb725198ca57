"""Benchmarks as ratios within one run: `make bench [ONLY=features]` -> build/benchmarks.json."""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from features.matrix import feature_rows
from features.trajectory import Feature, Statistic
from training.cohort.export import write_parts
from training.cohort.simulation import Asked, parts

OUT = Path("build/benchmarks.json")
PATIENTS, EVENTS_EACH, ANALYTES, MOMENTS_EACH = 400, 60, 10, 30
WINDOW_HOURS = 72
STATISTICS = (Statistic.MINIMUM, Statistic.MAXIMUM, Statistic.MEAN, Statistic.COUNT)
REPEATS = 3
VIRTUAL_PATIENTS, COHORT_DAYS = 800, 42


def drawn_events() -> pd.DataFrame:
    """Irregular values of several analytes over 30 days."""
    random = np.random.default_rng(0)
    size = PATIENTS * ANALYTES * EVENTS_EACH
    keys = np.array(["crp", "ferritin", "ldh", "platelets", "il6", "albumin", "ast", "alt", "wbc",
                     "sodium"])  # fmt: skip
    time_ = pd.Timestamp("2026-01-01", tz="UTC") + pd.to_timedelta(
        random.uniform(0, 720, size), "h"
    )
    stamps = pd.Series(time_).dt.round("s").astype("datetime64[us, UTC]")
    return pd.DataFrame(
        {
            "patient_id": np.repeat([f"p{i:04d}" for i in range(PATIENTS)], ANALYTES * EVENTS_EACH),
            "time": stamps,
            "known_time": stamps,
            "until_time": pd.Series(pd.NaT, index=range(size), dtype="datetime64[us, UTC]"),
            "key": np.tile(np.repeat(keys, EVENTS_EACH), PATIENTS),
            "value": random.lognormal(3, 1, size),
        }
    )


def drawn_moments() -> pd.DataFrame:
    """A daily grid for every patient."""
    days = pd.Series(pd.date_range("2026-01-01", periods=MOMENTS_EACH, freq="D", tz="UTC"))
    return pd.DataFrame(
        {
            "patient_id": np.repeat([f"p{i:04d}" for i in range(PATIENTS)], MOMENTS_EACH),
            "as_of": pd.concat([days] * PATIENTS, ignore_index=True),
        }
    )


def pandas_rolling(events: pd.DataFrame, moments: pd.DataFrame) -> pd.DataFrame:
    """The same windows the usual way: as-of rows put among the events, then rolling windows."""
    asked = moments.rename(columns={"as_of": "time"}).assign(asked=True)
    parts = []
    for key, group in events.groupby("key"):
        both = pd.concat([group[["patient_id", "time", "value"]].assign(asked=False), asked])
        both = both.sort_values(["patient_id", "time", "asked"]).set_index("time")
        rolled = both.groupby("patient_id")["value"].rolling(f"{WINDOW_HOURS}h")
        table = rolled.agg(["min", "max", "mean", "count"])
        parts.append(table[both["asked"].to_numpy()].add_prefix(f"{key}."))
    return pd.concat(parts, axis=1)


def seconds(work: Callable[[], object]) -> float:
    """The fastest of a few runs."""
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def features_benchmark() -> dict[str, dict]:
    """The compiled pass against pandas' rolling windows on the same events and moments."""
    events, moments = drawn_events(), drawn_moments()
    columns = [
        Feature(key, statistic, WINDOW_HOURS)
        for key in sorted(events["key"].unique())
        for statistic in STATISTICS
    ]
    ours = feature_rows(events, moments, columns)  # compiles, and is what must be equal
    theirs = pandas_rolling(events, moments)
    for left, right in (("minimum", "min"), ("maximum", "max"), ("mean", "mean")):
        mine = ours[f"crp.{left}_{WINDOW_HOURS}h"].to_numpy()
        np.testing.assert_allclose(mine, theirs[f"crp.{right}"].to_numpy(), rtol=1e-5)
    own = seconds(lambda: feature_rows(events, moments, columns))
    other = seconds(lambda: pandas_rolling(events, moments))
    rate = len(events) / own
    return {
        "features.events_per_second": {
            "value": round(rate),
            "unit": "events/s",
            "against": {"pandas rolling": round(other / own, 1)},
        }
    }


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
