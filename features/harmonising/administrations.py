"""What the chart's words say of a dose: that it was given, that it was not, or neither.

    words                          read as
    given, 8 mg/kg                 given, without a dose
    560                            a dose of 560
    stopped                        an infusion's rate of 0; of any other drug: not given
    held, refused by patient       not given
    to discuss                     not understood

Each list is closed: a text that holds none of its words is counted as not understood, never as a
dose.
"""

from features.catalogue import Drug
from features.harmonising.meaning import Meaning
from features.harmonising.phrases import any_of, plain
from features.tables import RejectReason
from features.written_numbers import parse_amount, parse_number

GIVEN = frozenset({
    "given", "administered", "done", "yes", "y", "true", "infused", "injected", "complete",
    "completed", "taken", "applied", "received", "delivered", "started", "start", "running",
    "ongoing", "continued", "bolus", "dose given", "given late", "given early", "given as ordered",
    "given as planned", "given per order", "administered as ordered", "administered as planned",
    "full dose", "full dose given", "partial dose", "partial dose given", "partially given",
})  # fmt: skip
STOPPED = frozenset({"stopped", "stop", "discontinued", "off", "paused"})
NOT_GIVEN = frozenset({
    "no", "n", "none", "false", "never", "hold", "on hold", "ordered", "planned", "scheduled",
    "prescribed", "pending", "due", "delayed", "postponed", "deferred", "error", "void", "not yet",
    "not required", "not needed",
})  # fmt: skip
"""Whole texts; "given as ordered" is another matter."""
NEVER_GIVEN = any_of((
    "not given", "not administered", "not done", "not infused", "not injected", "not taken",
    "not received", "not started", "never given", "held", "withheld", "refused", "declined",
    "omitted", "missed", "skipped", "cancel*", "in error",
))  # fmt: skip
"""Words that say so wherever they stand."""


def administration_meaning(drug: Drug, text: str) -> Meaning:
    """The dose that a text states (NaN: given without one), or the reason why it states none.

    >>> from features.catalogue import DRUGS
    >>> administration_meaning(DRUGS["tocilizumab"], "Given").number
    nan
    >>> administration_meaning(DRUGS["tocilizumab"], "held").reason
    <RejectReason.NOT_GIVEN: 'not_given'>
    >>> administration_meaning(DRUGS["norepinephrine"], "stopped").number
    0.0
    """
    words = plain(text)
    if words in GIVEN:
        return Meaning()
    if words in STOPPED and drug.is_infusion:
        return Meaning(0.0)
    if words in NOT_GIVEN | STOPPED or NEVER_GIVEN.search(words):
        return Meaning(reason=RejectReason.NOT_GIVEN)
    number, amount = parse_number(text), parse_amount(text)
    if number is not None:
        return Meaning(number)
    if amount is not None:  # its unit is no column of the record: a dose, but how much stays open
        return Meaning() if amount.number else Meaning(reason=RejectReason.NOT_GIVEN)
    return Meaning(
        reason=RejectReason.NOT_A_NUMBER,
        detail=f"{drug.key}: tells neither that it was given nor that it was not",
    )
