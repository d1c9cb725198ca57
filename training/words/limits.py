"""What the figures of a report do not say: by who taught the model and who it was judged on."""

from collections.abc import Mapping
from typing import Any

from training.judging.judged import Seen
from training.words.names import INTENSIVE_CARE, Words

EVERYWHERE = """\
Figures hold for patients, products, laboratories and habits of measuring like those it was judged \
on. Elsewhere they must be measured again.
Contributions say what the model used, not what causes what.
"""
UNDER_THERAPY = """\
Much of tomorrow's severity is in today's grade: look at the figures by grade before trusting the \
overall ones.
A risk is the one under the usual treatment: a patient who is treated in time looks like a false \
alarm.
An anti-IL-6 drug keeps CRP low whatever happens; antipyretics and corticosteroids hide fever.
"""
IN_INTENSIVE_CARE = """\
The onset of sepsis is a rule applied to the records (Sepsis-3): an ordered culture or antibiotic \
is part of it, so what clinicians already suspected is partly in the outcome.
These stays say nothing about patients under T-cell-engaging therapy or about CRS.
"""
SAME_FILE = """\
Cross-validation tells of other patients of the same file, not of another hospital or another year.
"""
ORIGINS = {
    (True, True): """\
The model learnt from virtual patients and was judged on virtual patients: the figures show that \
the method works on them, not at a bedside.
""",
    (True, False): """\
The model learnt from virtual patients and was judged on real ones: the figures show how far it \
carries over, not how good a model taught by real patients would be.
""",
    (False, True): """\
The model learnt from real patients but was judged on virtual ones: the figures say nothing about \
the bedside.
""",
    (True, None): "The model learnt from virtual patients.\n",
}
"""By whether the patients learnt from, and those judged on (None = not said), are virtual."""


ADAPTED = """\
Virtual patients have a part in the model, which was adapted to real ones and judged on others of \
their file.
"""
"""Of a model that was adapted where its judged patients come from."""


def limits(
    learnt_virtual: bool, judged_on: Mapping[str, Any], words: Words, adapted: bool = False
) -> list[str]:
    """Sentences for the page's part on limits; `adapted`: the model started from another one."""
    origin = ORIGINS.get((learnt_virtual, judged_on.get("virtual")), "")
    real = learnt_virtual and judged_on.get("virtual") is False
    if adapted and real and judged_on.get("seen") == Seen.CROSS_VALIDATED:
        origin = ADAPTED
    setting = IN_INTENSIVE_CARE if words is INTENSIVE_CARE else UNDER_THERAPY
    same = SAME_FILE if judged_on.get("seen") == Seen.CROSS_VALIDATED else ""
    return (origin + setting + same + EVERYWHERE).splitlines()
