"""What documented outcomes and derived ones say of each other, in a line."""

from features.plurals import counted
from training.judging.outcome_quality import CrsAgreement, OutcomeQuality

DERIVED_FROM = "a dose of the therapy on record and after it temperature, pressure or oxygen"


def outcomes_line(quality: OutcomeQuality) -> str:
    """How far CRS grades agree, where any is documented, and how many infections there are."""
    infections = ", ".join(f"{count} {name}" for name, count in quality.infections.items())
    told = [*_agreement(quality.crs_agreement), f"infections: {infections}"]
    return f"outcomes: {'; '.join(told)}"


def _agreement(found: CrsAgreement) -> list[str]:
    """The kappa, or why nobody can tell; nothing without a documented grade."""
    if found.weighted_kappa is not None:
        kappa = f"{found.weighted_kappa:.2f} at {counted(found.moments, 'moment')}"
        return [f"CRS grades documented and derived agree with weighted kappa {kappa}"]
    if found.moments:
        return [f"CRS grades: {found.reason}, at {counted(found.moments, 'moment')}"]
    if not found.without_derived:
        return []
    alone = counted(found.without_derived, "documented CRS grade")
    return [f"{alone}, and no derived one to compare with: deriving one takes {DERIVED_FROM}"]
