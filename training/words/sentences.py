"""What an evaluation says in plain words; nothing is said that was not computed."""

from collections.abc import Mapping, Sequence
from typing import Any

from features.plurals import counted
from training.judging.judged import Seen
from training.judging.rows.metrics import FIRST_BASELINE, MAIN_MODEL
from training.words.calibration import calibration_sentences
from training.words.claims import Finding, finding_of, why_unjudged
from training.words.judged_patients import FLATTERED, Judged
from training.words.names import NOTHING, THERAPY, Words, in_order, stratum_title
from training.words.rounding import Figure, interval, number, per_cent

ABLATIONS = {
    "model without grade": "today's grade",
    "model without trajectories": "trajectories",
}
"""What each variant of the model does without."""


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
            shown = Finding.GAIN in [finding_of(gaps[metric]) for metric in METRIC_NAMES]
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
            sure = finding_of(gap) in (Finding.GAIN, Finding.LOSS)
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
        told = counted(patients, "patient")
        return f"too few to judge a gain ({told} with an event, {FEWEST_WITHIN} needed)"
    finding = finding_of(part["differences"][FIRST_BASELINE]["auroc"])
    theirs = part["models"][FIRST_BASELINE]["metrics"]["auroc"]["value"]
    if finding is Finding.GAIN and theirs < GUESSING:
        return "no gain is claimed, for the latter ranks worse than guessing there"
    return str(finding)
