"""Doses by body size: what is written of a drug that is given by weight or by body surface."""

from dataclasses import dataclass
from math import inf

import numpy as np
import numpy.typing as npt

_LABEL = "US prescribing information (recalled)"


@dataclass(frozen=True)
class Dosing:
    """One dose of a drug: `fixed` mg, or mg by kg or square metre, at most `most`, in steps."""

    drug: str
    fixed: float = 0.0
    per_kg: float = 0.0
    per_m2: float = 0.0
    most: float = inf
    step: float = 1.0
    source: str = _LABEL

    def doses(
        self, weight: npt.NDArray[np.float64], height: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        """Doses (mg) for people of these weights (kg) and heights (cm).

        >>> G_CSF.doses(np.array([62.0]), np.array([170.0])).tolist()
        [0.31]
        """
        size = self.fixed + self.per_kg * weight + self.per_m2 * body_surface(weight, height)
        steps = np.maximum(np.round(np.minimum(size, self.most) / self.step), 1.0)
        return np.asarray(np.round(steps * self.step, 3))


def body_surface(
    weight: npt.NDArray[np.float64], height: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Square metres, of kg and cm: Mosteller 1987, doi 10.1056/NEJM198710223171717.

    >>> body_surface(np.array([80.0]), np.array([180.0])).tolist()
    [2.0]
    """
    return np.asarray(np.sqrt(weight * height / 3600.0))


G_CSF = Dosing("filgrastim", per_kg=0.005, step=0.01)
ACICLOVIR = Dosing("aciclovir", per_kg=10.0, most=400.0, step=10.0)

ANTIMICROBIAL_DOSINGS = {
    row.drug: row
    for row in (
        Dosing("piperacillin_tazobactam", per_kg=112.5, most=4500.0, step=10.0),
        Dosing("meropenem", per_kg=20.0, most=1000.0, step=10.0),
        Dosing("ganciclovir", per_kg=5.0, step=5.0),
        Dosing("caspofungin", per_m2=50.0, most=50.0),
    )
}
"""Children get the adult's dose by weight or surface, never more than the adult's."""

_FLUDARABINE = Dosing("fludarabine", per_m2=30.0)
USUAL_LYMPHODEPLETION = (_FLUDARABINE, Dosing("cyclophosphamide", per_m2=500.0, step=10.0))
_MYELOMA = (_FLUDARABINE, Dosing("cyclophosphamide", per_m2=300.0, step=10.0))
LYMPHODEPLETION = {
    "idecabtagene_vicleucel": _MYELOMA,
    "ciltacabtagene_autoleucel": _MYELOMA,
    "tisagenlecleucel": (
        Dosing("fludarabine", per_m2=25.0),
        Dosing("cyclophosphamide", per_m2=250.0, step=10.0),
    ),
}
"""Before these cells, on each of three days; before all others `USUAL_LYMPHODEPLETION`."""
LYMPHODEPLETION_DAYS = (-5, -4, -3)
"""Days from the infusion (labels, recalled: some give one drug longer; here all are alike)."""

OBINUTUZUMAB = Dosing("obinutuzumab", fixed=1000.0, source="glofitamab: US label (read)")
OBINUTUZUMAB_BEFORE_D, AFTER_OBINUTUZUMAB = 7, "glofitamab"
"""One dose a week before the first of glofitamab."""
