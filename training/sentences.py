"""What an evaluation says in plain words; nothing is said that was not computed."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from training.judged import Seen
from training.metrics import FIRST_BASELINE, MAIN_MODEL
from training.resampled import FEWEST_EVENT_PATIENTS
from training.rounding import Figure, interval, number, per_cent, times
from training.wording import (
    NOTHING,
    THERAPY,
    Words,
    in_order,
    outcomes_in_order,
    stratum_title,
    words_for,
)

Judged = Mapping[str, Any]
"""One outcome's part of an evaluation."""

ABLATIONS = {
    "model without grade": "today's grade",
    "model without trajectories": "trajectories",
}
"""What each variant of the model does without."""

PUBLIC_FORMATS = ("physionet2019", "prcrs")
"""Formats of published files, whose patients are known to be real."""


SEEN = {
    Seen.CROSS_VALIDATED: "unseen by the members that judged them (cross-validation)",
    Seen.OTHER_RECORDS: "whose records are not those that the model learnt from",
    Seen.SOME_OF_TRAINING: "SOME OF WHOM THE MODEL LEARNT FROM",
    Seen.TRAINING_RECORDS: "WHOSE RECORDS THE MODEL LEARNT FROM",
}
FLATTERED = "The model learnt from these very records: every figure flatters it and proves nothing."


class Finding(StrEnum):
    """What the comparison with persistence shows."""

    GAIN = "gain shown"
    NO_GAIN = "no gain shown"
    LOSS = "worse"
    UNKNOWN = "cannot be judged"


@dataclass(frozen=True)
class Claim:
    """The one claim of an outcome: what was found, in a word and in a sentence."""

    finding: Finding
    sentence: str


@dataclass(frozen=True)
class CalibrationBand:
    """What is said while risks are at most `at_most` times too low or too high."""

    at_most: float
    advice: str


CALIBRATION_BANDS = (
    CalibrationBand(1.25, "they agree well enough to be read as they stand"),
    CalibrationBand(2.0, "recalibrate on local patients before reading them as numbers"),
    CalibrationBand(math.inf, "do not use without recalibration on local patients"),
)
"""Our own convention, stated on the page: there is no published limit for the ratio of observed to
expected events."""


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
        f"too few events to judge ({_counted(counts['events'], 'row')} before one, in "
        f"{_counted(patients, 'patient')}; at least {FEWEST_EVENT_PATIENTS} patients are needed)"
    )


def claim(judged: Judged, words: Words = THERAPY, judged_on: Mapping[str, Any] = NOTHING) -> Claim:
    """Whether the model beats persistence, by the paired interval of AUROC."""
    if judged_on.get("seen") == Seen.TRAINING_RECORDS:
        return Claim(Finding.UNKNOWN, FLATTERED)
    reason = why_unjudged(judged)
    gap = judged["differences"].get(FIRST_BASELINE, {}).get("auroc")
    if reason is None and (gap is None or gap["value"] is None):
        reason = f"it could not be compared with {words.known} alone"
    if reason is not None or gap is None:
        return Claim(Finding.UNKNOWN, f"Nothing can be claimed: {reason}.")
    ours, theirs = (
        number(judged["models"][name]["metrics"]["auroc"]["value"])
        for name in (MAIN_MODEL, FIRST_BASELINE)
    )
    against = f"AUROC {ours} against {theirs}"
    finding = _finding(gap)
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


def who_was_judged(outcome: str, judged: Judged, judged_on: Mapping[str, Any], words: Words) -> str:
    """Patients, rows and events behind an outcome's figures, in a sentence."""
    counts = judged["counts"]
    where = f"Judged on {counts['patients']:,} {describe_patients(judged_on, words)}"
    if judged_on:
        where += f", {SEEN[Seen(judged_on['seen'])]}"
    rows = f"{_counted(counts['rows'], 'row')} at risk with a known outcome"
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


def plain_sentences(
    outcome: str,
    judged: Judged,
    words: Words = THERAPY,
    judged_on: Mapping[str, Any] = NOTHING,
) -> list[str]:
    """What the figures say, without jargon."""
    main = judged["models"].get(MAIN_MODEL)
    if main is None:
        return ["The model itself was not among the scorers."]
    name, figures = words.name(outcome), main["metrics"]
    reason = why_unjudged(judged)
    if reason is not None:
        return [f"Nothing can be said about {name}: {reason}."]
    ranks = per_cent(figures["auroc"])
    pair = f"Shown two rows, one of them before {name}, the model gives that one the higher risk"
    if judged_on.get("seen") == Seen.TRAINING_RECORDS:
        return [FLATTERED]
    said = [f"{pair} {ranks} of the time. Guessing gives 50 %."]
    said += _alarm_sentences(figures)
    said += calibration_sentences(outcome, judged, words)
    said += _ablation_sentences(judged)
    said += _rival_sentences(judged, words)
    return said + _stratum_sentences(judged, words)


def calibration_sentences(outcome: str, judged: Judged, words: Words = THERAPY) -> list[str]:
    """How many events were foretold and how many came, and what follows from that."""
    counts, figures = judged["counts"], judged["models"][MAIN_MODEL]["metrics"]
    ratio, slope = figures["observed_to_expected"], figures["calibration_slope"]
    if ratio["value"] is None:
        return [f"Its calibration could not be judged: {ratio['reason']}."]
    expected = counts["events"] / ratio["value"]
    said = f"It foretold {expected:,.0f} rows before {words.name(outcome)}; "
    said += f"{counts['events']:,} came: {calibration_verdict(ratio)}."
    return [said, *_slope_sentences(slope)]


def _slope_sentences(slope: Figure) -> list[str]:
    if slope["value"] is None:
        return []
    said = f"Calibration slope {number(slope['value'])}{interval(slope)}, ideal 1"
    if slope["low"] is not None and slope["high"] < 1:
        said += ": high risks are too high and low ones too low"
    elif slope["low"] is not None and slope["low"] > 1:
        said += ": high risks are too low and low ones too high"
    return [said + "."]


def calibration_verdict(ratio: Figure) -> str:
    """What the ratio of observed to expected events means for the use of the risks."""
    fold = _fold(ratio["value"])
    band = next(band for band in CALIBRATION_BANDS if fold <= band.at_most)
    if band is CALIBRATION_BANDS[0]:
        return _good_as_far_as_known(ratio)
    way = "low" if ratio["value"] > 1 else "high"
    said = f"its risks are {times(fold)} times too {way}; {band.advice}"
    if ratio["low"] is not None and ratio["low"] <= 1 <= ratio["high"]:
        said += f" (chance may explain it: the interval of the ratio{interval(ratio)} includes 1)"
    return said


def _good_as_far_as_known(ratio: Figure) -> str:
    """What is said of a good ratio: only its whole interval makes it more than a guess."""
    best = CALIBRATION_BANDS[0]
    if ratio["low"] is None:
        return "they agree on average, but no interval tells how sure that is"
    most = max(_fold(ratio["low"]), _fold(ratio["high"]))
    if most <= best.at_most:
        return best.advice
    off = f"up to {times(most)} times" if math.isfinite(most) else "any number of times"
    return (
        f"they agree on average, but so few events leave room for risks {off} off"
        f"{interval(ratio)}: judge on more patients before reading them as numbers"
    )


def _fold(ratio: float) -> float:
    """How many times too low or too high risks of this ratio are."""
    return max(ratio, 1 / ratio) if ratio > 0 else math.inf


def must_recalibrate(judged: Judged) -> str | None:
    """The warning for the top of the page where risks must not be used as they stand."""
    main = judged["models"].get(MAIN_MODEL)
    ratio = main["metrics"]["observed_to_expected"] if main else None
    if ratio is None or ratio["value"] is None or why_unjudged(judged):
        return None
    verdict = calibration_verdict(ratio)
    return (
        f"{verdict[:1].upper()}{verdict[1:]}." if CALIBRATION_BANDS[-1].advice in verdict else None
    )


# Parts of the whole ---------------------------------------------------------------------------


def _finding(gap: Figure) -> Finding:
    if gap["low"] is None:
        return Finding.UNKNOWN
    if gap["low"] > 0:
        return Finding.GAIN
    return Finding.LOSS if gap["high"] < 0 else Finding.NO_GAIN


def _gap(gap: Figure) -> str:
    low, high = number(gap["low"], True), number(gap["high"], True)
    return f"{number(gap['value'], True)} (95 % interval {low} to {high})"


def _alarm_sentences(figures: Mapping[str, Figure]) -> list[str]:
    caught, right = figures["sensitivity_at_budget"], figures["ppv_at_budget"]
    if caught["value"] is None or right["value"] is None:
        return []
    return [
        (
            f"If one patient-day in ten may raise an alarm, it catches {per_cent(caught)} of the "
            f"rows before an event, and {per_cent(right)} of the alarms are right."
        )
    ]


def _ablation_sentences(judged: Judged) -> list[str]:
    """Whether the grade and the trajectories help, by the model without them."""
    said = []
    for name, part in ABLATIONS.items():
        gaps = judged["differences"].get(name)
        if gaps is not None:
            shown = Finding.GAIN in [_finding(gaps[metric]) for metric in METRIC_NAMES]
            behind = "worse" if shown else "no better"
            how = f"better by {_ahead(gaps)}" if _ahead(gaps) else behind
            said.append(f"Without {part} the model did {how}: {_changes(gaps)}.")
    return said


def _rival_sentences(judged: Judged, words: Words) -> list[str]:
    """Every baseline that did better than the model by AUROC or average precision."""
    rivals = [name for name in in_order(list(judged["differences"])) if name not in ABLATIONS]
    said = []
    for name in rivals:
        gaps = judged["differences"][name]
        if _ahead(gaps):
            who = f"by {_ahead(gaps)}, “{words.scorer(name)}”"
            said.append(f"A simpler scorer did better {who}: {_changes(gaps)}.")
    if rivals and not said:
        return [
            f"{_only_variants(judged)} did better than the model by AUROC or average precision."
        ]
    return said


def _only_variants(judged: Judged) -> str:
    """Who alone is ahead where no baseline is: variants of the model, or nobody."""
    gaps = judged["differences"]
    parts = [part for name, part in ABLATIONS.items() if name in gaps and _ahead(gaps[name])]
    if not parts:
        return "No simpler scorer"
    return f"No simpler scorer but the model without {' and that without '.join(parts)}"


GUESSING = 0.5  # AUROC of a score that knows nothing
FEWEST_WITHIN = 20
"""Patients with an event within a grade, below which no gain is told: among several grades a narrow
interval of so few is met by chance. A choice of this project."""
METRIC_NAMES = {"auroc": "AUROC", "auprc": "average precision"}


def _ahead(gaps: Mapping[str, Figure]) -> str:
    """The metrics in which the other scorer is ahead; `gaps` are the model minus it."""
    return " and ".join(
        title for metric, title in METRIC_NAMES.items() if (gaps[metric]["value"] or 0.0) < 0
    )


def _changes(gaps: Mapping[str, Figure]) -> str:
    """The other scorer's figures minus the model's."""
    told = []
    for metric, title in METRIC_NAMES.items():
        gap = gaps[metric]
        if gap["value"] is None:
            told.append(f"{title} not comparable ({gap['reason']})")
        elif gap["low"] is None:
            told.append(f"{title} {number(-gap['value'], True)} ({gap['reason']})")
        else:
            low, high = number(-gap["high"], True), number(-gap["low"], True)
            sure = _finding(gap) in (Finding.GAIN, Finding.LOSS)
            chance = "beyond chance" if sure else "chance may explain it"
            told.append(f"{title} {number(-gap['value'], True)} ({low} to {high}; {chance})")
    return ", ".join(told)


def _stratum_sentences(judged: Judged, words: Words) -> list[str]:
    """The model beside persistence among rows of the same grade."""
    if not words.graded:
        return []
    return [
        f"{stratum_title('grade', value)}: {_in_stratum(part, words)}."
        for value, part in judged_strata(judged)
        if MAIN_MODEL in part["models"]
    ]


def judged_strata(judged: Judged, stratum: str = "grade") -> Sequence[tuple[str, Judged]]:
    """The groups of rows that hold at least one judged row, by their value."""
    parts = (judged.get("strata") or {}).get(stratum) or {}
    return [(value, part) for value, part in parts.items() if part["counts"]["rows"]]


def _in_stratum(part: Judged, words: Words) -> str:
    reason = why_unjudged(part)
    if reason is not None:
        return reason
    figure = part["models"][MAIN_MODEL]["metrics"]["auroc"]
    said = f"AUROC {number(figure['value'])}{interval(figure)}"
    if figure["low"] is not None and figure["low"] <= GUESSING:
        worse = figure["high"] < GUESSING
        said += ", worse than guessing," if worse else ", not told from guessing,"
    if FIRST_BASELINE in part["models"]:
        theirs = part["models"][FIRST_BASELINE]["metrics"]["auroc"]
        said += f" against {number(theirs['value'])} of {words.known} alone: {_gain_within(part)}"
    counts = part["counts"]
    return f"{said}; {counts['events']:,} of {counts['rows']:,} rows before an event"


def _gain_within(part: Judged) -> str:
    """What the comparison with persistence shows within one grade, where it can show anything."""
    patients = part["counts"]["patients_with_event"]
    if patients < FEWEST_WITHIN:
        told = _counted(patients, "patient")
        return f"too few to judge a gain ({told} with an event, {FEWEST_WITHIN} needed)"
    finding = _finding(part["differences"][FIRST_BASELINE]["auroc"])
    theirs = part["models"][FIRST_BASELINE]["metrics"]["auroc"]["value"]
    if finding is Finding.GAIN and theirs < GUESSING:
        return "no gain is claimed, for the latter ranks worse than guessing there"
    return str(finding)


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"
