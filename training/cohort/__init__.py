"""The virtual cohort: people who never lived, treated, measured and written down like patients."""

from training.cohort.command import (
    add_calibrate_flags,
    add_flags,
    run,
    run_calibrate,
    verdicts,
)
from training.cohort.export import CohortFormat, write
from training.cohort.simulation import VirtualCohort, join, simulate

__all__ = [
    "CohortFormat",
    "VirtualCohort",
    "add_calibrate_flags",
    "add_flags",
    "join",
    "run",
    "run_calibrate",
    "simulate",
    "verdicts",
    "write",
]
