"""The model card of a bundle, written from the run alone."""

from collections.abc import Mapping
from typing import Any

from features.outcomes import DEFINITIONS, Outcome
from models.bundle import Card, OutcomeModel

WARNING = (
    "Not a certified medical device. The numbers support a clinician's judgement and never replace "
    "it. Do not treat, withhold or delay treatment on their account alone."
)
VIRTUAL_WARNING = (
    "**Learnt from virtual patients.** Every patient behind this model was simulated. Its figures "
    "say nothing about real patients; retrain it on real ones before any use at a bedside."
)


def card_text(
    card: Card, models: Mapping[Outcome, OutcomeModel], evaluation: Mapping[str, Any]
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
    parts += [_outcome_text(o, m, evaluation["outcomes"][str(o)]) for o, m in models.items()]
    return "\n".join(parts)


def _outcome_text(outcome: Outcome, model: OutcomeModel, found: Mapping[str, Any]) -> str:
    counts = found["counts"]
    lines = [
        f"## {outcome}: {DEFINITIONS[outcome].meaning}\n",
        f"Definition: {DEFINITIONS[outcome].source}.\n",
        f"{len(model.risk.names)} features. Counts: {_counts(counts)}.\n",
        f"Tiers: elevated from {model.tiers.elevated:.3f}, high from {model.tiers.high:.3f}.\n",
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
        return f"not defined: {figure.get('reason', '')}"
    low, high = figure.get("low"), figure.get("high")
    interval = "" if low is None or high is None else f" ({low:.3f} to {high:.3f})"
    return f"{figure['value']:.3f}{interval}"
