"""The virtual cohort: people who never lived, treated, measured and written down like patients."""

from training.cohort.export import CohortFormat, write
from training.cohort.simulation import VirtualCohort, join, simulate

__all__ = ["CohortFormat", "VirtualCohort", "join", "simulate", "write"]
