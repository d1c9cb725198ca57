"""The verbs `simulate` and `calibrate`: virtual patients, and how well they match what is known."""

from argparse import Namespace

from training import cohort
from training.progress import counted_progress
from training.verbs.verb import Verb


def run_simulate(options: Namespace) -> None:
    """Write a virtual cohort."""
    with counted_progress("simulating", "the oracle") as shows:
        written = cohort.run(options, *shows)
    print(*written, sep="\n")


def run_calibrate(options: Namespace) -> None:
    """Fit the virtual cohort to what was published, or only measure it; tell how many match."""
    with counted_progress("studies") as (show,):
        written = cohort.run_calibrate(options, show)
    print(*written, sep="\n")
    print(cohort.verdicts(options.out))


SIMULATE = Verb(
    "simulate",
    "write a cohort of virtual patients (always labelled as virtual)",
    "--patients 1000 --seed 1 --format table --out cohort",
    cohort.add_flags,
    run_simulate,
)
CALIBRATE = Verb(
    "calibrate",
    "fit the virtual cohort to the published figures, write how well it matches",
    "--no-refit --patients 1000 --out calibration",
    cohort.add_calibrate_flags,
    run_calibrate,
)
