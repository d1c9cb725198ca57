"""Whether patients to judge a model on are among those it learnt from, whatever they are called."""

from dataclasses import dataclass

import pandas as pd

from models.bundle import Bundle
from models.reference import Reference
from models.sketches import unpacked
from training.dataset import Events
from training.judging.judged import Seen
from training.leaks.fingerprints import fingerprints
from training.leaks.shingles import names, shingles
from training.leaks.sketches import FEWEST_SHARED, alike, texts

OTHERS = (
    "No patient of these records was recognised as one that the model learnt from ({able} of "
    "{patients} have enough measurements to tell)."
)
NOTHING_KEPT = (
    "Whether the model learnt from these patients cannot be told: its bundle keeps nothing to "
    "recognise them by."
)
OLDER = " This older bundle knows first values alone: a record that was cut is strange to it."
THE_SAME = "The model LEARNT FROM THESE VERY RECORDS: every figure flatters it and proves nothing."
SOME = (
    "The model LEARNT FROM {again} OF THESE {patients} PATIENTS (their measurements are the "
    "same): every figure flatters it; take them out to judge it."
)


@dataclass(frozen=True)
class Learnt:
    """Patients as a bundle keeps them: sketches, and what an older bundle had in their place."""

    sketches: frozenset[str] = frozenset()
    fingerprints: frozenset[str] = frozenset()

    @classmethod
    def of(cls, events: pd.DataFrame) -> "Learnt":
        """The patients of a cohort."""
        return cls(texts(shingles(events)))

    @classmethod
    def by(cls, reference: Reference) -> "Learnt":
        """The patients that a bundle learnt from."""
        return cls(frozenset(reference.sketches), frozenset(reference.patients))

    def __or__(self, more: "Learnt") -> "Learnt":
        return Learnt(self.sketches | more.sketches, self.fingerprints | more.fingerprints)

    def __bool__(self) -> bool:
        return bool(self.sketches or self.fingerprints)


@dataclass(frozen=True)
class Recognition:
    """How many patients were recognised, and of how many it could be told at all."""

    again: int
    able: int


def recognised(learnt: Learnt, events: pd.DataFrame) -> Recognition:
    """The patients of `events` whose measurements are those of patients learnt from."""
    able, again = set[str](), set[str]()
    if learnt.sketches:
        own, named = shingles(events), names(events)
        counts = own["patient"].value_counts()
        able |= set(named[counts.index[counts >= FEWEST_SHARED]])
        again |= set(named[alike(own, *unpacked(sorted(learnt.sketches)))["patient"].unique()])
    if learnt.fingerprints:
        prints = fingerprints(events)
        able |= set(prints.index)
        again |= set(prints.index[prints.isin(learnt.fingerprints)])
    return Recognition(len(again), len(able))


def known_again(bundle: Bundle, source: Events) -> Recognition:
    """The patients of these records whom the bundle learnt from."""
    return recognised(Learnt.by(bundle.reference), source.events)


def seen_before(bundle: Bundle, source: Events, again: int) -> Seen:
    """What the model knew of these patients, `again` of whom were known again."""
    if source.digest == bundle.card.data_digest or again == source.patients:
        return Seen.TRAINING_RECORDS
    return Seen.SOME_OF_TRAINING if again else Seen.OTHER_RECORDS


def told(seen: Seen, found: Recognition, patients: int, learnt: Learnt) -> str:
    """The same as a sentence for the page; `learnt`: whom the bundle can recognise."""
    if seen is Seen.TRAINING_RECORDS:
        return THE_SAME
    if seen is Seen.SOME_OF_TRAINING:
        return SOME.format(again=found.again, patients=patients)
    if not learnt:
        return NOTHING_KEPT
    said = OTHERS.format(able=found.able, patients=patients)
    return said if learnt.sketches and not learnt.fingerprints else said + OLDER
