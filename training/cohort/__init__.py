"""The virtual cohort: people who never lived, treated, measured and written down like patients."""

from training.cohort.command import add_flags, run
from training.cohort.export import CohortFormat, write
from training.cohort.simulation import VirtualCohort, join, simulate

__all__ = ["CohortFormat", "VirtualCohort", "add_flags", "join", "run", "simulate", "write"]
