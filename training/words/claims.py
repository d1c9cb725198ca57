"""The one claim of an outcome: whether the model beats persistence and every simpler scorer."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from features.plurals import counted
from training.judging.judged import Seen
from training.judging.rows.metrics import FIRST_BASELINE, MAIN_MODEL
from training.judging.rows.resampled import FEWEST_EVENT_PATIENTS
from training.words.gaps import Finding, beyond_chance, changes, finding_of, rivals
from training.words.judged_patients import FLATTERED, WEIGHTED, Judged
from training.words.names import NOTHING, THERAPY, Words, outcomes_in_order, words_for
from training.words.rounding import Figure, number

FEWEST_FOR_A_GAIN = 20
"""Patients with an event, overall or within a grade, below which a gain is not simply told: among
several comparisons a narrow interval of so few is met by chance. A choice of this project."""


@dataclass(frozen=True)
class Claim:
    """The one claim of an outcome: what was found, in a word and in a sentence."""

    finding: Finding
    sentence: str


def why_unjudged(judged: Judged) -> str | None:
    """Why the model's ranking is not judged on these rows; None where it is.

    Either a figure is not defined, or fewer than `FEWEST_EVENT_PATIENTS` patients have an event.
    """
    main = judged["models"].get(MAIN_MODEL)
    if main is None:
        return "the model itself was not among the scorers"
    if main["metrics"]["auroc"]["value"] is None:
        return str(main["metrics"]["auroc"]["reason"])
    counts = judged["counts"]
    patients = counts["patients_with_event"]
    if patients >= FEWEST_EVENT_PATIENTS:
        return None
    return (
        f"too few events to judge ({counted(counts['events'], 'row')} before one, in "
        f"{counted(patients, 'patient')}; at least {FEWEST_EVENT_PATIENTS} patients are needed)"
    )


def claim(judged: Judged, words: Words = THERAPY, judged_on: Mapping[str, Any] = NOTHING) -> Claim:
    """Whether the model beats persistence, by the paired interval of AUROC, and what limits that.

    A simpler scorer that does better beyond chance is told first and takes the finding; a gain of
    fewer than `FEWEST_FOR_A_GAIN` patients with an event is told as such.
    """
    if judged_on.get("seen") == Seen.TRAINING_RECORDS:
        return Claim(Finding.UNKNOWN, FLATTERED)
    reason = why_unjudged(judged)
    gap = judged["differences"].get(FIRST_BASELINE, {}).get("auroc")
    if reason is None and (gap is None or gap["value"] is None):
        reason = f"it could not be compared with {words.known} alone"
    if reason is not None or gap is None:
        return Claim(Finding.UNKNOWN, f"Nothing can be claimed: {reason}.")
    against = _against_persistence(judged, gap, words)
    found = _of_few(judged, _beaten(judged, against, words))
    weighted = f" {WEIGHTED}" if judged_on.get("weighted") else ""
    return replace(found, sentence=f"{found.sentence}{weighted}{_unanswered(judged)}")


def _against_persistence(judged: Judged, gap: Figure, words: Words) -> Claim:
    ours, theirs = (
        number(judged["models"][name]["metrics"]["auroc"]["value"])
        for name in (MAIN_MODEL, FIRST_BASELINE)
    )
    against = f"AUROC {ours} against {theirs}"
    finding = finding_of(gap)
    if finding is Finding.GAIN:
        said = f"Better than {words.known} alone: {against}, a gain of {_gap(gap)}."
    elif finding is Finding.LOSS:
        said = (
            f"Worse than {words.known} alone: {against}, a loss of {_gap(gap)}. "
            "The simpler one should be used."
        )
    elif finding is Finding.NO_GAIN:
        said = f"No gain over {words.known} alone was shown: {against}, difference {_gap(gap)}; "
        said += "the interval includes 0."
    else:
        said = f"Whether it beats {words.known} alone cannot be told: {against}, {gap['reason']}."
    return Claim(finding, said)


def _beaten(judged: Judged, found: Claim, words: Words) -> Claim:
    """The claim behind the simpler scorers that do better beyond chance; a loss says so itself."""
    better = [
        f"“{words.scorer(name)}”, {changes(judged['differences'][name])}"
        for name in rivals(judged)
        if beyond_chance(judged["differences"][name], Finding.LOSS)
    ]
    if found.finding is Finding.LOSS or not better:
        return found
    return Claim(
        Finding.BEATEN,
        f"A simpler scorer does better than the model: {'; '.join(better)}. {found.sentence}",
    )


def _of_few(judged: Judged, found: Claim) -> Claim:
    """The claim with a caution where few patients have an event; no gain claims nothing."""
    patients = judged["counts"]["patients_with_event"]
    if patients >= FEWEST_FOR_A_GAIN or found.finding is Finding.NO_GAIN:
        return found
    return Claim(
        Finding.GAIN_OF_FEW if found.finding is Finding.GAIN else found.finding,
        f"{found.sentence} Only {patients} patients have an event, fewer than {FEWEST_FOR_A_GAIN}: "
        "chance may still be behind this; judge on more before relying on it.",
    )


MOSTLY = 0.5
"""From so large a share of rows without an answer on, the claim itself says so (a choice)."""


def _unanswered(judged: Judged) -> str:
    """How many of the judged rows the guard would not have answered, where that is most of them."""
    verdicts = (judged.get("abstention") or {}).get("verdicts") or {}
    silent = (verdicts.get("abstain") or {}).get("coverage") or 0.0
    if silent < MOSTLY:
        return ""
    return (
        f" But the guard abstains from {silent:.0%} of these rows: there nobody would see a risk."
    )


def claim_lines(evaluation: Mapping[str, Any], words: Words) -> list[str]:
    """One line an outcome for the console."""
    judged_on = evaluation.get("judged_on") or NOTHING
    return [
        f"{outcome}: {claim(evaluation['outcomes'][outcome], words, judged_on).sentence}"
        for outcome in outcomes_in_order(list(evaluation["outcomes"]))
    ]


def findings(evaluation: Mapping[str, Any]) -> dict[str, str]:
    """What the comparison with persistence shows, by `finding.<outcome>`: how runs are told apart.

    >>> findings({"outcomes": {}})
    {}
    """
    words, judged_on = words_for(evaluation), evaluation.get("judged_on") or NOTHING
    return {
        f"finding.{outcome}": str(claim(judged, words, judged_on).finding)
        for outcome, judged in evaluation["outcomes"].items()
    }


def _gap(gap: Figure) -> str:
    low, high = number(gap["low"], True), number(gap["high"], True)
    return f"{number(gap['value'], True)} (95 % interval {low} to {high})"
