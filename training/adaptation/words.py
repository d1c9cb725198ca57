"""What adapting gained, in sentences for the report."""

from collections.abc import Mapping, Sequence
from typing import Any

from scipy.special import expit

from features.plurals import counted
from training.adaptation.figures import beats_from, sizes_ahead
from training.adaptation.local import Local
from training.adaptation.ways import (
    BLENDED,
    MEANINGS,
    NOTHING_KEPT,
    SCRATCH,
    SHIPPED,
    Prior,
)
from training.judging.rows.metrics import FIRST_BASELINE
from training.judging.rows.resampled import FEWEST_EVENT_PATIENTS

TITLES = {"auprc": "average precision", "auroc": "AUROC", "log_loss": "log loss"}
NO_CURVE = "The learning curve was left out (--no-curve): only models of all others were judged."
OPPONENT_TITLES = {
    SHIPPED: "the shipped model",
    SCRATCH: "a model from local patients alone",
    FIRST_BASELINE: "persistence",
}


def choice_sentence(
    chosen: str, patients: int, event_patients: int, shares: Mapping[str, float]
) -> str:
    """Which way was taken, by what rule, and of what it is the mean."""
    if not event_patients:
        return (
            f"None of {patients} local patients has an event on record, so the shipped model stays "
            "as it is: an outcome that did not happen looks like one that nobody wrote down."
        )
    if event_patients < FEWEST_EVENT_PATIENTS and not shares:
        return (
            f"With {counted(event_patients, 'patient')} with an event there is nothing to choose "
            "by: the shipped model's risks are moved by an intercept alone, shrunk towards none."
        )
    return (
        f"Chosen by cross-validation on {patients} local patients, {event_patients} with an event: "
        f"{chosen} ({MEANINGS[chosen]}), {_why(chosen, bool(shares))}."
        + (_parts(shares) if chosen == BLENDED else "")
    )


def _why(chosen: str, with_prior: bool) -> str:
    if not with_prior:
        return "with the least log loss on patients not seen"
    if chosen == BLENDED:
        return "which no way that keeps shipped trees beats by more than a standard error"
    return (
        "whose log loss on patients not seen is less than that of retraining with the prior by "
        "more than a standard error"
    )


def _parts(shares: Mapping[str, float]) -> str:
    parts = ", ".join(f"{way} {share:.0%}" for way, share in shares.items())
    return f" It is made of: {parts}."


def expected_sentence(local: Local) -> str:
    """Rows before an event, counted and foretold by the shipped model."""
    judged = local.judged_part
    seen, foretold = int(judged.label.sum()), float(expit(judged.shipped).sum())
    return f"Rows before an event: {seen} here, {foretold:.1f} foretold by the shipped model."


def prior_sentence(prior: Prior | None) -> str:
    """Whether other patients' rows were at hand."""
    if prior is None:
        return (
            "Retraining with prior patients was not tried: a bundle holds no patients' rows; "
            "name records with --prior."
        )
    kind = "virtual " if prior.virtual else ""
    return f"Prior records: {prior.patients} {kind}patients, weighed down as a whole."


def curve_sentences(curve: Sequence[Mapping[str, Any]]) -> list[str]:
    """How many local patients it takes until adapting beats each opponent, or that it never did."""
    return [
        (
            "The adapted model is chosen anew at each size; it is said to be higher or "
            "lower only where the paired 95 % interval leaves 0 out."
        ),
        *(
            _beats(curve, opponent, figure)
            for opponent in OPPONENT_TITLES
            for figure in ("auprc", "log_loss")
        ),
    ]


def headlines(adapted: Mapping[str, Any]) -> list[str]:
    """Of what an evaluation says of one outcome's adaptation, what a command tells at its end.

    The choice, the rows before an event, and whether the result beats the shipped model where there
    are patients with an event enough to show it.
    """
    choice, expected, *_ = adapted["sentences"]
    if adapted["patients_with_event"] < FEWEST_EVENT_PATIENTS:
        return [choice, expected]
    return [choice, expected, _beats(adapted["learning_curve"], SHIPPED, "log_loss")]


def _beats(curve: Sequence[Mapping[str, Any]], opponent: str, figure: str) -> str:
    good, bad = ("lower", "higher") if figure == "log_loss" else ("higher", "lower")
    than = f"{TITLES[figure]} than {OPPONENT_TITLES[opponent]}"
    first, ahead = beats_from(curve, opponent, figure), sizes_ahead(curve, opponent, figure)
    behind = sizes_ahead(curve, opponent, figure, better=False)
    if first is not None:
        found = f"From {first} local patients on the adapted model has a {good} {than}."
    elif ahead:
        sizes = f"With {_listed(ahead)} local patients"
        found = f"{sizes} the adapted model has a {good} {than}, with more not."
    else:
        sizes = f"Up to {curve[-1]['patients']} local patients"
        found = f"{sizes} the adapted model never showed a {good} {than}."
    return found + (f" With {_listed(behind)} it has a {bad} one." if behind else "")


def _listed(sizes: Sequence[int]) -> str:
    return ", ".join(map(str, sizes))


def card_sentence(chosen: Mapping[str, str], parent: str) -> str:
    """What the card says of the start."""
    ways = ", ".join(f"{outcome}: {_kept(way)}" for outcome, way in chosen.items())
    return f"started from the bundle {parent[:12]} ({ways})"


def _kept(way: str) -> str:
    return f"{way}, nothing of that bundle kept" if way in NOTHING_KEPT else way
