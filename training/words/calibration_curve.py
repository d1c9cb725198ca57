"""Which curve carries an outcome's scores to risks, and who chose it."""

from collections.abc import Mapping
from typing import Any

from models.calibration_curves import Kind
from training.calibrating import Choice

CURVES = {
    Kind.LOGISTIC: "a straight line in log-odds (logistic)",
    Kind.BETA: "two slopes, one for small and one for large risks (beta)",
    Kind.ISOTONIC: "steps that never fall (isotonic)",
}
BY_ITSELF = (
    "chosen by the run (--calibration auto) as the simplest whose log-loss in patients apart is "
    "within a standard error of the best; each judged fold chose among the other folds alone"
)


def curve_chosen(outcome: str, context: Mapping[str, Any]) -> str:
    """The curve of the bundle's model, from what `card_context` gives; empty where not told.

    >>> curve_chosen("infection", {"calibrated": {"infection": "beta"}})
    'two slopes, one for small and one for large risks (beta)'
    """
    kind = (context.get("calibrated") or {}).get(outcome)
    if kind is None:
        return ""
    itself = (context.get("settings") or {}).get("calibration") == Choice.AUTO
    return f"{CURVES[Kind(kind)]}, {BY_ITSELF}" if itself else CURVES[Kind(kind)]
