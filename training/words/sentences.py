"""What an evaluation says in plain words; nothing is said that was not computed."""

from collections.abc import Mapping, Sequence
from typing import Any

from features.plurals import counted
from training.judging.judged import Seen
from training.judging.rows.metrics import FIRST_BASELINE, MAIN_MODEL
from training.words.calibration import calibration_sentences
from training.words.claims import FEWEST_FOR_A_GAIN, why_unjudged
from training.words.gaps import (
    VARIANTS,
    Finding,
    beyond_chance,
    changes,
    finding_of,
    is_ahead,
    rivals,
)
from training.words.judged_patients import FLATTERED, Judged
from training.words.names import NOTHING, THERAPY, Words, stratum_title
from training.words.rounding import Figure, interval, number, per_cent


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
    said += _variant_sentences(judged)
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


def _variant_sentences(judged: Judged) -> list[str]:
    """Whether the grade, the trajectories and the signs help, by the model without them."""
    gaps = judged["differences"]
    return [
        f"Without {part} {_did(gaps[name])}: {changes(gaps[name])}."
        for name, part in VARIANTS.items()
        if name in gaps
    ]


def _did(gaps: Mapping[str, Figure]) -> str:
    """How a variant did, as far as chance cannot explain it."""
    ways = (("better", Finding.LOSS), ("worse", Finding.GAIN))  # `gaps` are the model minus it
    told = [f"{way} by {beyond_chance(gaps, f)}" for way, f in ways if beyond_chance(gaps, f)]
    return f"the model did {' but '.join(told)}" if told else "no difference was shown"


def _rival_sentences(judged: Judged, words: Words) -> list[str]:
    """Every baseline whose estimate is ahead of the model's by AUROC or average precision."""
    gaps = judged["differences"]
    ahead = [name for name in rivals(judged) if is_ahead(gaps[name])]
    if rivals(judged) and not ahead:
        return [
            f"{_only_variants(judged)} did better than the model by AUROC or average precision."
        ]
    return [f"{_ahead(gaps[name], words.scorer(name))}: {changes(gaps[name])}." for name in ahead]


def _ahead(gaps: Mapping[str, Figure], title: str) -> str:
    better = beyond_chance(gaps, Finding.LOSS)
    if better:
        return f"A simpler scorer did better by {better}, “{title}”"
    return f"No difference was shown to a simpler scorer, “{title}”"


def _only_variants(judged: Judged) -> str:
    """Who alone is ahead beyond chance where no baseline is: variants of the model, or nobody."""
    gaps = judged["differences"]
    parts = [
        part
        for name, part in VARIANTS.items()
        if name in gaps and beyond_chance(gaps[name], Finding.LOSS)
    ]
    if not parts:
        return "No simpler scorer"
    return f"No scorer but the model without {' and that without '.join(parts)}"


GUESSING = 0.5  # AUROC of a score that knows nothing


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
    if patients < FEWEST_FOR_A_GAIN:
        told = counted(patients, "patient")
        return f"too few to judge a gain ({told} with an event, {FEWEST_FOR_A_GAIN} needed)"
    finding = finding_of(part["differences"][FIRST_BASELINE]["auroc"])
    theirs = part["models"][FIRST_BASELINE]["metrics"]["auroc"]["value"]
    if finding is Finding.GAIN and theirs < GUESSING:
        return "no gain is claimed, for the latter ranks worse than guessing there"
    return str(finding)
