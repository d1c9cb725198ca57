"""The main job from nothing to an answer, by the commands that a user would type.

Simulates virtual patients, trains and judges both models, registers them, starts the service, sends
it one patient's records and prints the answer. `python quickstart.py --no-serve` stops the service
after that answer. Everything stays below build/quickstart, in a registry and an audit trail of its
own: a virtual model never comes near those of a hospital.
"""

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

PLACE = Path("build/quickstart")
COHORT, OTHERS, BUNDLE = PLACE / "cohort", PLACE / "others", PLACE / "bundle"
QUESTION = PLACE / "question.json"
TRACKING = f"sqlite:///{PLACE.as_posix()}/mlflow.db"
AUDIT = f"sqlite:///{PLACE.as_posix()}/audit.db"
FOREIGN = ("MLFLOW_", "CRS_RISK_")
PATIENTS, OTHER_PATIENTS = 800, 200
SERVICE_READY_SECONDS = 600
"""Twenty times what it takes at rest: a laden machine is slow, and one that never starts stops."""


def main() -> int:
    """Run every step; returns the exit status."""
    options = _options()
    make_room()
    own_store()
    step("Simulate virtual patients to learn from, and others to be judged on")
    simulate(PATIENTS, seed=1, out=COHORT)
    simulate(OTHER_PATIENTS, seed=2, out=OTHERS)
    step("Train both models beside their baselines, track the run")
    printed = command(
        "training", "train", *records(COHORT), "--learn-every", "12h", "--out", str(BUNDLE)
    )
    run_id = printed.partition("tracked as run ")[2].split()[0]
    step("Release the model, judge it on the others")
    command("training", "promote", run_id, "--alias", "champion")
    model = ("--model", "models:/crs-risk@champion")
    command("training", "evaluate", *model, *records(OTHERS), "--out", str(PLACE / "evaluation"))
    command("training", "predict", *model, *records(OTHERS), "--no-contributions",
            "--out", str(PLACE / "predictions.parquet"))  # fmt: skip
    step("Start the service and ask it about one patient")
    question = patient_to_ask(PLACE / "predictions.parquet", OTHERS)
    QUESTION.write_text(json.dumps(question, indent=1), encoding="utf-8")
    with service(options.port) as address:
        show(post(f"{address}/v1/predictions", question))
        where_things_are(address, options.serve)
        if options.serve:
            wait_for_interrupt()
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--serve", action=argparse.BooleanOptionalAction, default=True,
        help="keep the service up at the end",
    )  # fmt: skip
    parser.add_argument("--port", type=int, default=0, help="of the service (default: a free one)")
    return parser.parse_args()


def make_room() -> None:
    """Remove what an earlier run left, and say so."""
    if PLACE.exists():
        print(f"{PLACE} of an earlier run is replaced", flush=True)
        shutil.rmtree(PLACE)
    PLACE.mkdir(parents=True)


def own_store() -> None:
    """Let every command use this run's registry, whatever the shell was set to."""
    for name in [name for name in os.environ if name.startswith(FOREIGN)]:
        del os.environ[name]
    os.environ["MLFLOW_TRACKING_URI"] = TRACKING
    print(f"$ export MLFLOW_TRACKING_URI={TRACKING}", flush=True)


def step(title: str) -> None:
    """Announce a step."""
    print(f"\n== {title}", flush=True)


def command(package: str, *arguments: str) -> str:
    """Run `python -m PACKAGE ...` as a user would, show it, return what it printed.

    Raises:
        SystemExit: with the command's status, when it fails.
    """
    print(f"$ python -m {package} {' '.join(arguments)}", flush=True)
    done = subprocess.run(
        [sys.executable, "-m", package, *arguments], stdout=subprocess.PIPE, text=True, check=False
    )
    print(done.stdout, end="", flush=True)
    if done.returncode:
        raise SystemExit(done.returncode)
    return done.stdout


def simulate(patients: int, seed: int, out: Path) -> None:
    """Write a virtual cohort."""
    command("training", "simulate", "--patients", str(patients), "--seed", str(seed),
            "--out", str(out))  # fmt: skip


def records(folder: Path) -> tuple[str, ...]:
    """The flags that name a virtual cohort's records."""
    return ("--records", str(folder / "records.parquet"), "--format", "table")


def patient_to_ask(predictions: Path, cohort: Path) -> dict:
    """The patient at highest risk of severe CRS that the model answers about, as a request."""
    table = pd.read_parquet(predictions)
    asked = table[(table["outcome"] == "severe_crs") & table["at_risk"]]
    asked = asked[asked["verdict"] != "abstain"]
    top = asked.loc[asked["risk"].idxmax()]
    known = pd.read_parquet(cohort / "records.parquet")
    known = known[known["patient_id"] == top["patient_id"]]
    time_known = known["result_time"].fillna(known["time"])
    known = known[time_known.isna() | (time_known <= top["as_of"])]
    return {
        "patient_id": top["patient_id"],
        "as_of": top["as_of"].isoformat(),
        "records": [request_record(row) for row in known.to_dict("records")],
    }


def request_record(row: dict) -> dict:
    """One record as the service takes it; what is missing is left out."""
    value = row["numeric_value"] if pd.notna(row["numeric_value"]) else row["text_value"]
    fields = {
        "time": None if pd.isna(row["time"]) else row["time"].isoformat(),
        "code": row["code"],
        "value": value,
        "unit": row["unit"],
        "result_time": None if pd.isna(row["result_time"]) else row["result_time"].isoformat(),
    }
    return {name: field for name, field in fields.items() if not pd.isna(field)}


@contextmanager
def service(port: int) -> Iterator[str]:
    """The service on loopback, stopped at the end; yields its address."""
    port = port or free_port()
    arguments = ["--model", "models:/crs-risk@champion", "--database", AUDIT, "--port", str(port)]
    print(f"$ python -m serving {' '.join(arguments)}", flush=True)
    with subprocess.Popen([sys.executable, "-m", "serving", *arguments]) as process:
        address = f"http://127.0.0.1:{port}"
        try:
            wait_until_ready(address, process)
            yield address
        finally:
            process.terminate()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_ready(address: str, process: subprocess.Popen) -> None:
    """Wait for /readyz to answer.

    Raises:
        SystemExit: the service stopped, or was not ready in time.
    """
    deadline = time.monotonic() + SERVICE_READY_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SystemExit(f"the service stopped with status {process.returncode}: see above")
        try:
            with urllib.request.urlopen(f"{address}/readyz", timeout=5):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    raise SystemExit(
        f"the service was not ready within {SERVICE_READY_SECONDS} s; all before it is whole in "
        f"{PLACE}: the command above starts it again"
    )


def post(address: str, body: dict) -> dict:
    """POST a JSON body, return the JSON answer."""
    request = urllib.request.Request(
        address, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)


def show(answer: dict) -> None:
    """Print an answer as a clinician would read it."""
    print(f"\npatient {answer['patient_id']}, as of {answer['as_of']}")
    print(f"model {answer['model_version'][:12]}, learnt from {answer['learnt_from']}")
    for outcome, found in outcomes_of(answer):
        print(f"\n{outcome}: {risk_words(found)}")
        for reason in found["verdict_reasons"]:
            print(f"  ! {reason}")
        for reason in found["reasons"]:
            sign = "raises" if reason["contribution"] > 0 else "lowers"
            print(f"  {sign} {abs(reason['contribution']):.2f}  {reason['sentence']}")
    print(f"\n{answer['disclaimer']}")


def outcomes_of(answer: dict) -> list[tuple[str, dict]]:
    """The outcomes of an answer with their names."""
    return [(found["outcome"], found) for found in answer["outcomes"]]


def risk_words(found: dict) -> str:
    """Risk, interval, tier and verdict in one line."""
    if found["risk"] is None:
        return "cannot say"
    low, high = found["interval"]
    tier = f"{found['tier']} (high from {found['tier_from']['high']:.1%})"
    return f"{found['risk']:.1%} ({low:.1%} to {high:.1%}), {tier}, {found['verdict']}"


def where_things_are(address: str, serving: bool) -> None:
    """Tell where to look next."""
    step("Where things are")
    print(f"report of the run     {BUNDLE}-report/report.html")
    print(f"report on the others  {PLACE / 'evaluation' / 'report.html'}")
    print(f"model                 {BUNDLE}  (models:/crs-risk@champion)")
    print(f"what was asked        {QUESTION}")
    print(f"runs and registry     .venv/bin/mlflow ui --backend-store-uri {TRACKING}")
    print(f"audit trail           .venv/bin/python -m serving audit list --database {AUDIT}")
    if serving:
        print(f"the service's pages   {address}/docs  (Ctrl-C stops it)")


def wait_for_interrupt() -> None:
    """Stay until Ctrl-C."""
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        print("\nstopped")


if __name__ == "__main__":
    sys.exit(main())
