"""The kinds of infection: how often, how fast they show, what they do to CRP and procalcitonin."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class InfectionKind:
    """One kind: `share` of all, `doubling_h` (median) while it grows.

    `crp` and `procalcitonin` multiply what a bacterial infection of that burden does to each;
    `grows` is the chance that a blood culture grows it, `recognised` that a ward
    finds out at all; a severe one always shows itself.
    """

    name: str
    share: float
    doubling_h: float
    crp: float
    procalcitonin: float
    grows: float
    recognised: float


KINDS: tuple[InfectionKind, ...] = (
    InfectionKind("bloodstream", 0.30, 4.0, 1.2, 1.5, 0.75, 0.98),
    InfectionKind("pneumonia", 0.27, 7.0, 1.0, 0.7, 0.15, 0.92),
    InfectionKind("other bacterial", 0.16, 7.0, 0.9, 0.7, 0.12, 0.85),
    InfectionKind("viral", 0.21, 10.0, 0.35, 0.1, 0.02, 0.7),
    InfectionKind("fungal", 0.06, 14.0, 0.8, 0.25, 0.02, 0.9),
)
"""Shares: mainly bacterial in the first month (Hill 2018, Blood 131:121), else assumed. Viruses
raise procalcitonin little: Simon 2004, doi 10.1086/421997 (recalled). Speeds are assumed:
a bloodstream infection takes some 6 to 40 hours from its seed to its signs, a virus one to four
days. State holds the running number from 1 on, 0 for none."""

KIND = np.dtype(
    [("until", np.float64), ("doubling_h", np.float64), ("crp", np.float64),
     ("procalcitonin", np.float64), ("recognised", np.float64)]
)  # fmt: skip


def kind_records() -> npt.NDArray[np.void]:
    """The kinds for compiled code; `until` is the cumulative share."""
    until = np.cumsum([row.share for row in KINDS])
    rows = [
        (u, k.doubling_h, k.crp, k.procalcitonin, k.recognised)
        for u, k in zip(until, KINDS, strict=True)
    ]
    return np.array(rows, dtype=KIND)
