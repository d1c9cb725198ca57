"""What scorers, outcomes and patients are called before readers; it follows the records judged."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from features.outcomes import DEFINITIONS, Outcome, OutcomeSource

PERSISTENCE = "persistence"

SCORERS = {
    "model": "Model",
    "model without grade": "Model without today's grade",
    "model without trajectories": "Model without trajectories",
    "model without monotone signs": "Model without monotone signs",
    "grade": "Today's grade alone, not fitted",
    PERSISTENCE: "Persistence",
    "last_value_logistic": "Last values, logistic regression",
    "crp": "CRP alone",
    "crp_rule": "CRP rule",
    "fever": "Fever",
    "easix": "EASIX",
    "modified_easix": "m-EASIX",
    "simplified_easix": "s-EASIX",
    "easix_at_start": "EASIX at the start of the course",
    "easix_f_at_start": "EASIX-F criteria at the start of the course",
    "hscore": "HScore of what was measured",
    "news2": "NEWS2 of what was measured",
    "qsofa": "qSOFA of what was measured",
    "sirs": "SIRS of what was measured",
    "sofa": "SOFA of what was measured",
    "shock_index": "Shock index",
    "spo2_fio2": "SpO2/FiO2",
    "neutrophil_lymphocyte_ratio": "Neutrophils over lymphocytes",
    "car_hematotox_at_start": "CAR-HEMATOTOX at the start of the course",
    "four_signs": "Saturation, D-dimer, diastolic pressure and INR",
}
"""Titles in the order in which readers meet them; others follow under their own names."""

OUTCOMES = {
    "severe_crs": "Severe cytokine release syndrome (grade 3 or more)",
    "infection": "Clinically significant infection",
}

OUTCOME_NAMES = {"severe_crs": "severe CRS", "infection": "an infection"}
"""The outcome inside a sentence."""

OUTCOME_SOURCES = {
    OutcomeSource.DERIVED: "Grades and infections were derived from signs, treatments and "
    "cultures; documented ones were not used. A derived grade knows no other cause of a fever.",
    OutcomeSource.EITHER: "Grades and infections are the documented ones; where none was "
    "documented they were derived from signs, treatments and cultures. A derived grade knows no "
    "other cause of a fever.",
}
"""Said of outcomes that were not all documented."""

COUNTS = {
    "patients": "patients",
    "patients_judged": "of them with a row that is judged",
    "patients_with_event": "of them with an event in a horizon",
    "rows_in_all": "rows in all",
    "rows": "rows judged (at risk, horizon observed)",
    "events": "of them before an event",
    "censored": "rows left out: horizon not observed",
    "not_at_risk": "rows left out: not at risk (already in the outcome)",
}
"""What an evaluation counts."""

NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Words:
    """The words for one kind of records.

    `people` is the plural for those judged, `setting` what they have in common, `known` what
    persistence knows. `titles`, `names` and `definitions` (meaning, source) of outcomes replace the
    usual ones.
    """

    people: str
    setting: str
    known: str
    graded: bool
    titles: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    definitions: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def scorer(self, name: str) -> str:
        """What a scorer is called.

        >>> THERAPY.scorer("persistence"), INTENSIVE_CARE.scorer("persistence")
        ("Today's grade and day (persistence)", 'Hours in intensive care (persistence)')
        """
        if name == PERSISTENCE:
            return f"{self.known[:1].upper()}{self.known[1:]} (persistence)"
        return SCORERS.get(name, name.replace("_", " "))

    def title(self, outcome: str) -> str:
        """What an outcome is called."""
        return self.titles.get(outcome) or OUTCOMES.get(outcome) or outcome.replace("_", " ")

    def name(self, outcome: str) -> str:
        """The outcome inside a sentence."""
        return self.names.get(outcome) or OUTCOME_NAMES.get(outcome) or outcome.replace("_", " ")

    def definition(self, outcome: str) -> tuple[str, str] | None:
        """What counts as the outcome and who says so; None for an outcome that is not ours."""
        if outcome in self.definitions:
            return self.definitions[outcome]
        if outcome not in set(Outcome):
            return None
        stated = DEFINITIONS[Outcome(outcome)]
        return stated.meaning, stated.source


THERAPY = Words(
    people="patients",
    setting="under T-cell-engaging therapy",
    known="today's grade and day",
    graded=True,
)
UNGRADED = Words(
    people="patients",
    setting="under T-cell-engaging therapy",
    known="day of therapy",
    graded=False,
)
"""Records without a single grade: persistence has the day alone."""

INTENSIVE_CARE = Words(
    people="stays",
    setting="in intensive care",
    known="hours in intensive care",
    graded=False,
    titles={"infection": "Sepsis in intensive care (onset by Sepsis-3)"},
    names={"infection": "the onset of sepsis"},
    definitions={
        "infection": (
            "onset of sepsis: suspected infection with a rise of the SOFA score by 2 or more",
            "Sepsis-3, doi 10.1001/jama.2016.0287; timed as in doi 10.1097/CCM.0000000000004145",
        )
    },
)

WORDS_OF_FORMATS = {"physionet2019": INTENSIVE_CARE}
"""Formats whose records are not of T-cell-engaging therapy."""


def words_for(evaluation: Mapping[str, Any]) -> Words:
    """The words for an evaluation: by the judged records' format, and whether they hold a grade."""
    judged_on = evaluation.get("judged_on") or NOTHING
    known = WORDS_OF_FORMATS.get(judged_on.get("format", ""))
    if known is not None:
        return known
    grades = [set((one.get("strata") or NOTHING).get("grade") or ())
              for one in evaluation["outcomes"].values()]  # fmt: skip
    return UNGRADED if any(grades) and not set.union(*grades) - {"unknown"} else THERAPY


def in_order(names: list[str]) -> list[str]:
    """Scorers in the order in which readers meet them."""
    known = [name for name in SCORERS if name in names]
    return known + sorted(set(names) - set(known))


def outcomes_in_order(names: list[str]) -> list[str]:
    """Outcomes in the order in which readers meet them."""
    known = [name for name in OUTCOMES if name in names]
    return known + sorted(set(names) - set(known))


def stratum_title(stratum: str, value: str) -> str:
    """What a group of rows is called.

    >>> [stratum_title("grade", value) for value in ("0", "0-1", "unknown")]
    ['No CRS today', 'Grade 0 or 1 today', 'Grade not known']
    """
    if stratum != "grade":
        return f"{stratum.replace('_', ' ')} {value}"
    if value == "unknown":
        return "Grade not known"
    return "No CRS today" if value == "0" else f"Grade {value.replace('-', ' or ')} today"
