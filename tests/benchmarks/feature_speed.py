"""The features benchmark: speed beside other tools, growth with size, memory, and one patient.

Every ratio is of two times taken in this run on this machine. A peer that would take too long gets
a share of the patients, and its time is held against ours on all of them, each per event.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numba
import numpy as np
import pandas as pd

from features.catalogue import ANALYTES
from features.declared import COLUMNS as MODEL_COLUMNS
from features.matrix import events_from_records, feature_rows
from features.trajectory import Feature, Statistic, trajectory_rows
from tests.benchmarks.feature_peers import CHANGES, WINDOWS

ROOT = Path(__file__).parents[2]
PEER_PYTHON = ROOT / "build/peers/bin/python"
"""Where `make bench` puts the peers; `CRS_RISK_PEERS` names another interpreter."""
FOLDER = ROOT / "build/benchmark-features"
EVENTS, KEYS, EVENTS_OF_A_KEY, MOMENTS_OF_A_PATIENT = 2_000_000, 25, 40, 30
SIZES = (1_000_000, 2_000_000, 5_000_000, 10_000_000)
"""`CRS_RISK_BENCH_EVENTS` adds one."""
REPEATS = 5
START = pd.Timestamp("2026-01-01", tz="UTC")
RECORDS_OF_A_PATIENT = 300


@dataclass(frozen=True)
class Peer:
    """A tool to be held against, with its share of the patients."""

    name: str
    share: float
    checked: bool = False


PEERS = (
    Peer("pandas rolling", 0.1, checked=True),
    Peer("polars rolling", 1.0, checked=True),
    Peer("tsfresh minimal", 0.002),
    Peer("MEDS-Tab", 0.01),
)


def columns(keys: pd.Index) -> list[Feature]:
    """25 statistics of every key."""
    shapes = [
        (Statistic.LAST, None),
        (Statistic.AGE, None),
        *((Statistic.CHANGE, hours) for hours in CHANGES),
        *(
            (statistic, hours)
            for hours in WINDOWS
            for statistic in (
                Statistic.MINIMUM,
                Statistic.MAXIMUM,
                Statistic.MEAN,
                Statistic.COUNT,
                Statistic.SLOPE,
            )
        ),
    ]
    return [Feature(key, statistic, hours) for key in keys for statistic, hours in shapes]


def drawn_events(size: int) -> pd.DataFrame:
    """Irregular values of 25 analytes over 30 days, sorted as `harmonise` leaves them."""
    random = np.random.default_rng(0)
    patients = size // (KEYS * EVENTS_OF_A_KEY)
    gaps = random.integers(600, 2 * 18 * 3600 - 600, (patients * KEYS, EVENTS_OF_A_KEY))
    after = np.cumsum(gaps, axis=1, out=gaps).ravel()
    after *= 1_000_000
    moment = START.to_datetime64().astype("datetime64[us]") + after
    time_ = pd.Series(moment).dt.tz_localize("UTC")
    patient = np.repeat(np.arange(patients, dtype=np.int32), KEYS * EVENTS_OF_A_KEY)
    key = np.tile(np.repeat(np.arange(KEYS, dtype=np.int8), EVENTS_OF_A_KEY), patients)
    names = pd.Index([f"p{number:06d}" for number in range(patients)])
    return pd.DataFrame(
        {
            "patient_id": pd.Categorical.from_codes(patient, names),
            "time": time_,
            "known_time": time_,
            "until_time": pd.Series(pd.NaT, index=time_.index, dtype=time_.dtype),
            "key": pd.Categorical.from_codes(key, pd.Index(sorted(ANALYTES)[:KEYS])),
            "value": random.lognormal(3, 1, len(time_)),
        }
    )


def drawn_moments(events: pd.DataFrame) -> pd.DataFrame:
    """A daily grid for every patient."""
    names = events["patient_id"].cat.categories
    days = pd.date_range(START, periods=MOMENTS_OF_A_PATIENT + 1, freq="D")[1:].as_unit("us")
    return pd.DataFrame(
        {
            "patient_id": np.repeat(names, MOMENTS_OF_A_PATIENT),
            "as_of": np.tile(days, len(names)),
        }
    )


def seconds(
    work: Callable[[], object],
    repeats: int = REPEATS,
    clock: Callable[[], float] = time.perf_counter,
) -> float:
    """The fastest of a few runs; by `time.process_time` what all cores together worked."""
    times = []
    for _ in range(repeats):
        start = clock()
        work()
        times.append(clock() - start)
    return min(times)


def on_cores(
    cores: int, work: Callable[[], object], clock: Callable[[], float] = time.perf_counter
) -> float:
    """The fastest of a few runs on so many cores."""
    before = numba.get_num_threads()
    numba.set_num_threads(min(cores, before))
    try:
        return seconds(work, clock=clock)
    finally:
        numba.set_num_threads(before)


def peer_seconds(peer: Peer, events: pd.DataFrame, moments: pd.DataFrame) -> dict:
    """Run a peer on its share of the patients: its time for each event, or why it was left out."""
    python = os.environ.get("CRS_RISK_PEERS") or (PEER_PYTHON if PEER_PYTHON.exists() else "")
    patients = max(1, round(peer.share * len(events["patient_id"].cat.categories)))
    some = events[events["patient_id"].cat.codes < patients]
    asked = moments.head(patients * MOMENTS_OF_A_PATIENT)
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "found.npy").unlink(missing_ok=True)
    pd.DataFrame(
        {
            "patient": some["patient_id"].cat.codes.to_numpy(dtype=np.int64),
            "key": some["key"].cat.codes.to_numpy(dtype=np.int64),
            "time": some["time"].dt.tz_localize(None),
            "value": some["value"],
        }
    ).to_parquet(FOLDER / "events.parquet")
    number = np.repeat(np.arange(patients), MOMENTS_OF_A_PATIENT)
    pd.DataFrame({"patient": number, "time": asked["as_of"].dt.tz_localize(None)}).to_parquet(
        FOLDER / "moments.parquet"
    )
    script = ROOT / "tests/benchmarks/feature_peers.py"
    run = subprocess.run(
        [python or sys.executable, script, peer.name, FOLDER],
        check=False,
        capture_output=True,
        text=True,
    )
    if run.returncode:
        return {"skipped": run.stderr.strip().rpartition("\n")[2]}
    said = json.loads(run.stdout.splitlines()[-1])
    if "seconds" in said:
        if peer.checked:
            check(trajectory_rows(some, asked, columns(events["key"].cat.categories)))
        said["per_event"] = said["seconds"] / len(some)
    return said


def check(ours: np.ndarray) -> None:
    """Refuse to compare times of different numbers."""
    theirs = np.load(FOLDER / "found.npy").reshape(ours.shape)
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-3)


def beside_peers() -> dict[str, dict]:
    """2 million events x 25 analytes x 25 statistics, 30 as-of times a patient."""
    events = drawn_events(EVENTS)
    moments, asked = drawn_moments(events), columns(events["key"].cat.categories)
    shuffled = events.sample(frac=1.0, random_state=1).reset_index(drop=True)
    trajectory_rows(events.head(1000), moments.head(30), asked)  # compiles
    cores = numba.get_num_threads()
    one = on_cores(1, lambda: trajectory_rows(events, moments, asked))
    all_ = on_cores(cores, lambda: trajectory_rows(events, moments, asked))
    worked = [
        on_cores(n, lambda: trajectory_rows(events, moments, asked), time.process_time)
        for n in (1, cores)
    ]
    unsorted = on_cores(cores, lambda: trajectory_rows(shuffled, moments, asked))
    told = {peer.name: peer_seconds(peer, events, moments) for peer in PEERS}
    ratios = {
        name: round(said["per_event"] * len(events) / all_, 1) if "per_event" in said else None
        for name, said in told.items()
    }
    return {
        "features.events_per_second": {
            "value": round(len(events) / all_),
            "unit": "events/s, 25 statistics of each, all cores",
            "against": ratios | {"one core": round(one / all_, 2)},
            "left_out": {name: said["skipped"] for name, said in told.items() if "skipped" in said},
            "cores": cores,
        },
        "features.events_per_second_one_core": {
            "value": round(len(events) / one),
            "unit": "events/s, 25 statistics of each, one core",
            "against": {},
        },
        "features.core_seconds": {
            "value": round(worked[1], 3),
            "unit": "s of all cores, which other programs do not stretch",
            "against": {"one core": round(worked[1] / worked[0], 2)},
        },
        "features.events_per_second_shuffled": {
            "value": round(len(events) / unsorted),
            "unit": "events/s, lines in random order, all cores",
            "against": {"sorted lines": round(unsorted / all_, 2)},
        },
    }


def growth() -> dict[str, dict]:
    """Time (of all cores together, which other work does not stretch) and memory as events grow."""
    found = {}
    more = os.environ.get("CRS_RISK_BENCH_EVENTS")
    for size in (*SIZES, *([int(more)] if more else [])):
        run = subprocess.run(
            [sys.executable, "-m", "tests.benchmarks.feature_speed", str(size)],
            capture_output=True, text=True, check=True, cwd=ROOT,
        )  # fmt: skip
        found[size] = json.loads(run.stdout.splitlines()[-1])
    first = found[SIZES[0]]["core_seconds"] / SIZES[0]
    return {
        f"features.growth_{size // 1_000_000}_million": {
            "value": round(said["core_seconds"], 2),
            "unit": "s of all cores",
            "against": {
                "time for each event of 1 million": round(said["core_seconds"] / size / first, 2)
            },
            "seconds": said["seconds"],
            "peak_memory_over_input_and_output": said["memory"],
            "input_gb": said["input_gb"],
            "output_gb": said["output_gb"],
        }
        for size, said in found.items()
    }


def of_size(size: int) -> dict[str, float]:
    """Time of one run, on the clock and of all cores, and peak memory over input and output."""
    events = drawn_events(size)
    moments, asked = drawn_moments(events), columns(events["key"].cat.categories)
    trajectory_rows(events.head(1000), moments.head(30), asked)  # compiles
    before = _memory("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here
    start, worked = time.perf_counter(), time.process_time()
    trajectory_rows(events, moments, asked)
    worked, took = time.process_time() - worked, time.perf_counter() - start
    given = int(events.memory_usage(index=False).sum() + moments.memory_usage(index=False).sum())
    output = 4 * len(moments) * len(asked)
    more = _memory("VmHWM") - before
    return {
        "seconds": round(took, 2),
        "core_seconds": worked,
        "input_gb": round(given / 1e9, 2),
        "output_gb": round(output / 1e9, 2),
        "memory": round((given + more) / (given + output), 2),
    }


def _memory(name: str) -> int:
    """Bytes, from the kernel's account of this process."""
    lines = Path("/proc/self/status").read_text("utf-8").splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith(name))


def drawn_records() -> pd.DataFrame:
    """300 raw records of one patient over a week."""
    random = np.random.default_rng(0)
    middle = {
        "crp": 40.0, "ferritin": 900.0, "ldh": 250.0, "platelets": 120.0, "creatinine": 80.0,
        "wbc": 4.0, "neutrophils": 2.0, "albumin": 35.0, "temperature": 37.6, "heart_rate": 95.0,
        "respiratory_rate": 18.0, "systolic_bp": 115.0, "spo2": 96.0,
    }  # fmt: skip
    key = random.choice(list(middle), RECORDS_OF_A_PATIENT)
    hours = np.sort(random.integers(0, 7 * 24 * 60, RECORDS_OF_A_PATIENT))
    taken = pd.Series(START + pd.to_timedelta(hours, "min")).astype("datetime64[us, UTC]")
    return pd.DataFrame(
        {
            "patient_id": "a",
            "time": taken,
            "code": key,
            "numeric_value": [middle[name] * random.lognormal(0, 0.03) for name in key],
            "text_value": pd.Series([None] * len(key), dtype="str"),
            "unit": [ANALYTES[name].unit for name in key],
            "result_time": taken + pd.Timedelta(hours=1),
            "source": "drawn",
        }
    )


def one_patient() -> dict[str, dict]:
    """Milliseconds from 300 raw records to one row of every column that a model may see.

    A table of records and a table with the as-of time go in, a table with the row comes out.
    """
    records = drawn_records()
    asked = pd.DataFrame({"patient_id": ["a"], "as_of": [records["time"].iloc[-1]]})
    shown = tuple(dict.fromkeys(c for group in MODEL_COLUMNS.values() for c in group))

    def row() -> pd.DataFrame:
        return feature_rows(events_from_records(records).arrays, asked, shown)

    row()  # compiles
    arrays = events_from_records(records).arrays
    steps = {
        "records_to_row": row,
        "records_to_events": lambda: events_from_records(records),
        "events_to_row": lambda: feature_rows(arrays, asked, shown),
        "with_events_table": lambda: events_from_records(records).events,
        "with_rejects": lambda: events_from_records(records).rejects,
    }
    took = {name: 1000 * seconds(work, repeats=200) for name, work in steps.items()}
    read = took["records_to_events"]
    return {
        "features.one_row": {
            "value": round(took["records_to_row"], 2),
            "unit": f"ms from {RECORDS_OF_A_PATIENT} records to {len(shown)} columns",
            "against": {},
            "records_to_events_ms": round(read, 2),
            "events_to_row_ms": round(took["events_to_row"], 2),
            "events_table_when_asked_for_ms": round(took["with_events_table"] - read, 2),
            "rejects_when_asked_for_ms": round(took["with_rejects"] - read, 2),
        }
    }


def features_benchmark() -> dict[str, dict]:
    """All of it."""
    return {**beside_peers(), **growth(), **one_patient()}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(of_size(int(sys.argv[1]))) + "\n")
