"""Whether patients to judge a model on are among those it learnt from, whatever they are called."""

from models.bundle import Bundle
from training.dataset import Events
from training.judging.judged import Seen
from training.leaks.fingerprints import fingerprints

OTHERS = "These records are not the ones that the model learnt from."
THE_SAME = "The model LEARNT FROM THESE VERY RECORDS: every figure flatters it and proves nothing."
SOME = (
    "The model LEARNT FROM {again} OF THESE {patients} PATIENTS (their first measurements are "
    "the same): every figure flatters it; take them out to judge it."
)


def known_again(bundle: Bundle, source: Events) -> int:
    """How many patients have the fingerprint of one that the bundle learnt from.

    A bundle without fingerprints knows nobody again.
    """
    learnt = set(bundle.reference.patients)
    return int(fingerprints(source.events).isin(learnt).sum()) if learnt else 0


def seen_before(bundle: Bundle, source: Events, again: int) -> Seen:
    """What the model knew of these patients, `again` of whom were known again."""
    if source.digest == bundle.card.data_digest or again == source.patients:
        return Seen.TRAINING_RECORDS
    return Seen.SOME_OF_TRAINING if again else Seen.OTHER_RECORDS


def told(seen: Seen, again: int, patients: int) -> str:
    """The same as a sentence for the page."""
    if seen is Seen.SOME_OF_TRAINING:
        return SOME.format(again=again, patients=patients)
    return THE_SAME if seen is Seen.TRAINING_RECORDS else OTHERS
