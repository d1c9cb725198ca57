"""What a report and a card say of a bundle, beside its figures."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from features.outcomes import Outcome, OutcomeSource
from models.bundle import Card, OutcomeModel
from training.words.names import OUTCOME_SOURCES


def card_context(
    card: Card,
    models: Mapping[Outcome, OutcomeModel],
    horizon_hours: float | None,
    outcomes_from: OutcomeSource,
) -> dict[str, Any]:
    """Facts of a bundle by name; `features` counts an outcome's features by analyte, and
    `calibrated` names the curve from its scores to risks."""
    features = {
        str(outcome): dict(Counter(name.partition(".")[0] for name in model.risk.names))
        for outcome, model in models.items()
    }
    return {
        "learnt_from": card.learnt_from,
        "adapted_from": card.adapted_from,
        "virtual": card.virtual,
        "outcomes_from": OUTCOME_SOURCES.get(outcomes_from),
        "horizon_hours": horizon_hours,
        "every_hours": card.every_hours,
        "features": features,
        "calibrated": {str(o): str(model.calibration.kind) for o, model in models.items()},
        "tiers": {str(outcome): asdict(model.tiers) for outcome, model in models.items()},
        "libraries": dict(card.libraries),
        "code_version": card.code_version,
        "data_digest": card.data_digest,
        "seed": card.seed,
    }
