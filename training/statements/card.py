"""The model card of a bundle, written from the run alone."""

from collections.abc import Mapping, Sequence
from typing import Any

from features.outcomes import Outcome, OutcomeSource
from models.bundle import Card, OutcomeModel
from training.leaks.finding import Severity
from training.statements.answers import Statement
from training.statements.facts import Facts
from training.statements.hti1 import hti1
from training.words.calibration import must_recalibrate
from training.words.claims import claim
from training.words.context import card_context
from training.words.doubt import doubt_lines
from training.words.judged_patients import who_was_judged
from training.words.names import NOTHING, OUTCOME_SOURCES, words_for
from training.words.rounding import interval, number
from training.words.sentences import plain_sentences

WARNING = (
    "Not a certified medical device. The numbers support a clinician's judgement and never replace "
    "it. Do not treat, withhold or delay treatment on their account alone."
)
VIRTUAL_WARNING = (
    "**Learnt from virtual patients.** Every patient behind this model was simulated. Its figures "
    "say nothing about real patients; retrain it on real ones before any use at a bedside."
)

LEAK_WARNING = (
    "**Learnt with leaks that were accepted.** The audit would have stopped this run: every figure "
    "may flatter the model."
)


def card_text(
    card: Card,
    models: Mapping[Outcome, OutcomeModel],
    evaluation: Mapping[str, Any],
    outcomes_from: OutcomeSource = OutcomeSource.DOCUMENTED,
    horizon_hours: float | None = None,
) -> str:
    """The card as Markdown."""
    parts = ["# Model card\n", WARNING + "\n"]
    if card.virtual:
        parts.append(VIRTUAL_WARNING + "\n")
    parts.append(
        f"- learnt from: {card.learnt_from}\n- as-of times: every {card.every_hours:g} h\n"
        f"- training data digest: {card.data_digest}\n- code version: {card.code_version}\n"
        f"- seed: {card.seed}\n"
    )
    if outcomes_from in OUTCOME_SOURCES:
        parts.append(f"**{OUTCOME_SOURCES[outcomes_from]}**\n")
    parts += leak_lines(evaluation.get("leaks") or ())
    parts += [_outcome_text(outcome, model, evaluation) for outcome, model in models.items()]
    context = card_context(card, models, horizon_hours, outcomes_from)
    parts.append(attributes_text(hti1(Facts(evaluation, context))))
    return "\n".join(parts)


def leak_lines(leaks: Sequence[Mapping[str, str]]) -> list[str]:
    """What the leak audit found, accepted leaks first; no line where it found nothing."""
    accepted = [leak for leak in leaks if leak["severity"] == Severity.STOP]
    told = [leak for leak in leaks if leak["severity"] != Severity.STOP]
    lines = [f"- **accepted leak, {leak['check']}**: {leak['sentence']}" for leak in accepted]
    lines += [f"- {leak['check']}: {leak['sentence']}" for leak in told]
    return [
        *([LEAK_WARNING + "\n"] if accepted else []),
        *(["What the leak audit found:\n", "\n".join(lines) + "\n"] if lines else []),
    ]


def attributes_text(statement: Statement) -> str:
    """A statement's points as a Markdown table."""
    lines = [
        f"## {statement.title}\n",
        f"{statement.source}. {statement.sentence}\n",
        "| attribute | state | what the run says | to be written |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {p.number} {p.topic} | {p.status} | {p.answer} | {p.missing or '–'} |"
        for p in statement.points
    ]
    return "\n".join(lines) + "\n"


def _outcome_text(outcome: Outcome, model: OutcomeModel, evaluation: Mapping[str, Any]) -> str:
    words, judged_on = words_for(evaluation), evaluation.get("judged_on") or NOTHING
    found = evaluation["outcomes"][str(outcome)]
    meaning, source = words.definition(outcome) or (outcome, "")
    warning = must_recalibrate(found)
    lines = [
        f"## {outcome}: {meaning}\n",
        f"Definition: {source}.\n",
        f"**{claim(found, words, judged_on).sentence}**\n",
        *([f"**{warning}**\n"] if warning else []),
        who_was_judged(outcome, found, judged_on, words) + "\n",
        *(f"- {sentence}" for sentence in plain_sentences(outcome, found, words, judged_on)),
        "",
        f"{len(model.risk.names)} features. Counts: {_counts(found['counts'])}.\n",
        f"Tiers: elevated from {model.tiers.elevated:.3f}, high from {model.tiers.high:.3f}.\n",
        *doubt_lines(found),
        "Patient-wise cross-validation, estimate with 95 % interval over resampled patients:\n",
        "| scorer | AUROC | average precision |",
        "|---|---|---|",
    ]
    lines += [
        f"| {name} | {_figure(figures, 'auroc')} | {_figure(figures, 'auprc')} |"
        for name, figures in found["models"].items()
    ]
    return "\n".join(lines) + "\n"


def _counts(counts: Mapping[str, Any]) -> str:
    return ", ".join(f"{value} {name.replace('_', ' ')}" for name, value in counts.items())


def _figure(figures: Mapping[str, Any], name: str) -> str:
    figure = figures["metrics"][name]
    if figure["value"] is None:
        return f"not defined: {figure['reason']}"
    return f"{number(figure['value'])}{interval(figure)}"
