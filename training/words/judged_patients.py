"""Whom a model was judged on, in a sentence: what patients, and whether it learnt from them."""

from collections.abc import Mapping
from typing import Any

from features.plurals import counted
from training.judging.judged import Seen
from training.words.names import Words

Judged = Mapping[str, Any]
"""One outcome's part of an evaluation."""

PUBLIC_FORMATS = ("physionet2019", "prcrs")
"""Formats of published files, whose patients are known to be real."""


SEEN = {
    Seen.CROSS_VALIDATED: "unseen by the members that judged them (cross-validation)",
    Seen.OTHER_RECORDS: "none of them recognised as one that the model learnt from",
    Seen.SOME_OF_TRAINING: "SOME OF WHOM THE MODEL LEARNT FROM",
    Seen.TRAINING_RECORDS: "WHOSE RECORDS THE MODEL LEARNT FROM",
}
FLATTERED = "The model learnt from these very records: every figure flatters it and proves nothing."
WEIGHTED = (
    "Figures are weighted by the sampling weights given: they stand for the population that these "
    "describe; counts, interval coverage and abstention are of the patients on file."
)
"""Said wherever `judged_on` says that rows were weighted."""


def who_was_judged(outcome: str, judged: Judged, judged_on: Mapping[str, Any], words: Words) -> str:
    """Patients, rows and events behind an outcome's figures, in a sentence."""
    counts = judged["counts"]
    where = f"Judged on {counts['patients']:,} {describe_patients(judged_on, words)}"
    if judged_on:
        where += f", {SEEN[Seen(judged_on['seen'])]}"
    rows = f"{counted(counts['rows'], 'row')} at risk with a known outcome"
    if not counts["events"]:
        return f"{where}: {rows}, none of them before {words.name(outcome)}."
    one = words.people if counts["patients_with_event"] != 1 else words.people[:-1]
    return (
        f"{where}: {rows}, {counts['events']:,} of them before {words.name(outcome)}, "
        f"in {counts['patients_with_event']:,} {one}."
    )


def describe_patients(judged_on: Mapping[str, Any], words: Words) -> str:
    """Virtual or real, of what setting and format."""
    if not judged_on:
        return words.people
    kind, file_format = "real", judged_on["format"]
    aside = f"format {file_format}"
    if judged_on["virtual"]:
        kind = "virtual"
    elif file_format not in PUBLIC_FORMATS:
        aside += "; real as far as the records say"
    return f"{kind} {words.people} {words.setting} ({aside})"
