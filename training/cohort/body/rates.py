"""Shares and constants of first-order processes."""

import numpy as np

from training.cohort.compiled import inlined

LOG2 = float(np.log(2.0))


@inlined
def share_gone(steps):  # type: ignore[no-untyped-def]
    """How much of its way to a target a first-order process goes in so many time constants."""
    return 1.0 - np.exp(-steps)
