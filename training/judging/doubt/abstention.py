"""What abstaining costs and spares: errors among the rows answered against the share answered."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.guard import ABSTAIN_SHARE, CAUTION_SHARE, Cause
from models.prediction import Verdict
from training.judging.rows.metrics import auroc
from training.judging.rows.recalibration import SMALLEST_PROBABILITY
from training.judging.rows.sample import Numbers

LIMITS = tuple(round(0.05 * step, 2) for step in range(1, 21))
"""Shares of the usual evidence that may be absent, from strict to lax; after them no limit."""

FIGURES = ("foretold", "observed", "brier", "scaled_brier", "log_loss", "auroc")
"""Errors of the rows answered. The scaled Brier score is free of how many of them have the event,
which changes along the curve: those with less measured are often the healthier ones."""

CAUSES = {
    Cause.DEATH: "death is on record",
    Cause.INSIDE: "already in the outcome, by what was known then",
    Cause.UNTREATED: "no dose of the therapy on record",
    Cause.BEDSIDE: "treatment, signs or cultures on record argue with the question",
    Cause.NOTHING_FRESH: "nothing measured recently",
    Cause.TOO_LITTLE: "too much of the usual evidence missing or too old",
}


def abstention(
    label: Numbers,
    risk: Numbers,
    verdict: Sequence[str],
    cause: Sequence[Cause | None],
    absent: Numbers,
) -> dict[str, Any]:
    """The guard on judged rows: by verdict, by reason, and along its limit of absent evidence.

    Arrays share the first axis; `absent` is the share of the usual evidence that is absent, `cause`
    why the guard abstains (None = it does not). Along the curve the limit alone moves: rows that
    are refused for another reason stay refused, until at the last point every row is answered.
    """
    why = np.array([None if one is None else str(one) for one in cause], dtype=object)
    verdicts = np.asarray(verdict, dtype=object)
    movable = (why == None) | (why == Cause.TOO_LITTLE)  # noqa: E711 - by element
    points = [_point(limit, movable & (absent < limit), label, risk) for limit in LIMITS]
    points.append(_point(None, movable, label, risk))
    everything = _point(None, np.ones(len(label), dtype=bool), label, risk) | {"guard": False}
    return {
        "caution_limit": CAUTION_SHARE,
        "abstain_limit": ABSTAIN_SHARE,
        "verdicts": {str(one): _figures(verdicts == one, label, risk) for one in (*Verdict,)},
        "answered": _figures(verdicts != Verdict.ABSTAIN, label, risk),
        "events_abstained": int(label[verdicts == Verdict.ABSTAIN].sum()),
        "causes": {
            str(one): {"rows": int((why == one).sum()), "events": int(label[why == one].sum())}
            for one in Cause
        },
        "curve": [*points, everything],
    }


def _point(
    limit: float | None, answered: NDArray[np.bool_], label: Numbers, risk: Numbers
) -> dict[str, Any]:
    return {"limit": limit, "guard": True, **_figures(answered, label, risk)}


def _figures(here: NDArray[np.bool_], label: Numbers, risk: Numbers) -> dict[str, Any]:
    """Counts and errors of some rows; null where nothing can be divided or ranked."""
    rows, events = int(here.sum()), int(label[here].sum())
    found: dict[str, Any] = {
        "rows": rows,
        "coverage": rows / len(label) if len(label) else None,
        "events": events,
        "events_left_out": int(label.sum()) - events,
        **dict.fromkeys(FIGURES),
    }
    if not rows:
        return found
    mine, truth = risk[here], label[here]
    kept = np.clip(mine, SMALLEST_PROBABILITY, 1.0 - SMALLEST_PROBABILITY)
    ranked = auroc(truth, mine) if 0 < events < rows else None
    square, spread = float(np.mean((mine - truth) ** 2)), float(truth.var())
    return found | {
        "foretold": float(mine.mean()),
        "observed": events / rows,
        "brier": square,
        "scaled_brier": 1.0 - square / spread if spread else None,
        "log_loss": float(-np.mean(np.where(truth == 1.0, np.log(kept), np.log1p(-kept)))),
        "auroc": ranked,
    }
