"""What the figures of a report do not say: by who taught the model and who it was judged on."""

from collections.abc import Mapping
from typing import Any

from training.wording import INTENSIVE_CARE, Words

EVERYWHERE = (
    "Figures hold for patients, products, laboratories and habits of measuring like those it was "
    "judged on. Elsewhere they must be measured again.",
)
UNDER_THERAPY = (
    "Much of tomorrow's severity is in today's grade: look at the figures by grade before trusting "
    "the overall ones.",
    "An anti-IL-6 drug keeps CRP low whatever happens; antipyretics and corticosteroids hide fever.",
)
IN_INTENSIVE_CARE = (
    "The onset of sepsis is a rule applied to the records (Sepsis-3): a culture or an antibiotic "
    "that was ordered is part of it, so what clinicians already suspected is partly in the outcome.",
    "These stays say nothing about patients under T-cell-engaging therapy or about CRS.",
)
CAUSES = ("Contributions say what the model used, not what causes what.",)


def limits(learnt_virtual: bool, judged_on: Mapping[str, Any], words: Words) -> list[str]:
    """Sentences for the page's part on limits."""
    setting = IN_INTENSIVE_CARE if words is INTENSIVE_CARE else UNDER_THERAPY
    return [*_origin(learnt_virtual, judged_on.get("virtual")), *EVERYWHERE, *setting, *CAUSES]


def _origin(learnt_virtual: bool, judged_virtual: bool | None) -> list[str]:
    """What the kinds of patients, learnt from and judged on, allow to conclude; None = not said."""
    if judged_virtual is None:
        return ["The model learnt from virtual patients."] if learnt_virtual else []
    if learnt_virtual and judged_virtual:
        return [
            "The model learnt from virtual patients and was judged on virtual patients: the figures "
            "show that the method works on them, not at a bedside."
        ]
    if learnt_virtual:
        return [
            "The model learnt from virtual patients and was judged on real ones: the figures show "
            "how far it carries over, not how good a model taught by real patients would be."
        ]
    if judged_virtual:
        return [
            "The model learnt from real patients but was judged on virtual ones: the figures say "
            "nothing about the bedside."
        ]
    return []
