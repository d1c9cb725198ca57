"""How members are fitted, chosen beforehand by how many events there are to learn from."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from types import MappingProxyType

from features.outcomes import Outcome


@dataclass(frozen=True)
class Recipe:
    """XGBoost's parameters of one member.

    `row_share`, `tree_column_share` and `node_column_share` are drawn anew for each tree or node.
    `lines`: boosting starts from straight lines through today's values (`start.py`).
    """

    rounds: int
    learning_rate: float
    depth: int
    min_child_weight: float
    l2: float
    row_share: float = 1.0
    tree_column_share: float = 1.0
    node_column_share: float = 1.0
    lines: bool = False
    bins: int = 64
    threads: int = 2

    def as_numbers(self) -> dict[str, float]:
        """The recipe as plain numbers, for records of a run."""
        return asdict(self)


FEW_EVENTS = 75

RECIPES: tuple[tuple[float, Recipe], ...] = (
    (FEW_EVENTS, Recipe(80, 0.05, 2, 1.0, 5.0, node_column_share=0.3, lines=True)),
    (1000, Recipe(200, 0.05, 4, 3.0, 20.0, row_share=0.8, node_column_share=0.3)),
    (float("inf"), Recipe(150, 0.05, 5, 50.0, 50.0, row_share=0.6, tree_column_share=0.25)),
)
"""(rows before an event below, recipe): the fewest want shallow trees, a short boosting and a start
from lines, the most strong penalties. Found by patient-wise cross-validation on the public CAR-T
patients (first; the limit of 75 and the lines too, see docs/horizons.md), the public intensive-care
stays on a daily grid (second; its depth on unseen virtual patients, too) and on an hourly one
(third), which lines make no better or worse; flat around each (docs/challenge.md)."""


def recipe_for(event_rows: float) -> Recipe:
    """The recipe for a cohort with this many rows before an event."""
    return next(recipe for limit, recipe in RECIPES if event_rows < limit)


RISES, FALLS = 1, -1

SIGNS: Mapping[Outcome, Mapping[str, int]] = MappingProxyType(
    {
        Outcome.SEVERE_CRS: MappingProxyType(
            {
                "crs_grade": RISES,
                "crp": RISES,
                "ferritin": RISES,
                "ifn_gamma": RISES,
                "il10": RISES,
                "d_dimer": RISES,
                "ldh": RISES,
                "ast": RISES,
                "procalcitonin": RISES,
                "creatinine": RISES,
                "aptt": RISES,
                "lactate": RISES,
                "temperature": RISES,
                "heart_rate": RISES,
                "respiratory_rate": RISES,
                "shock_index": RISES,
                "alt": RISES,
                "bilirubin_total": RISES,
                "urea": RISES,
                "pt": RISES,
                "inr": RISES,
                "triglycerides": RISES,
                "hbdh": RISES,
                "platelets": FALLS,
                "hemoglobin": FALLS,
                "albumin": FALLS,
                "prealbumin": FALLS,
                "calcium": FALLS,
                "systolic_bp": FALLS,
                "mean_arterial_pressure": FALLS,
                "spo2": FALLS,
            }
        ),
        Outcome.INFECTION: MappingProxyType({}),
    }
)
"""Which way a risk may move with an analyte's values, all else equal: the direction in which each
moves with severity (Teachey 2016, Cancer Discov 6:664; Hay 2017, Blood 130:2295: cytokines,
ferritin and CRP; capillary leak; liver, kidney and coagulation; cytopenia). Hydroxybutyrate
dehydrogenase goes with LDH, of which it is an isoenzyme, prealbumin with albumin, triglycerides
with macrophage activation (Hines 2023, doi 10.1016/j.jtct.2023.03.006), the shock index with its
pulse and pressure. IL-6 is left free because it rises after tocilizumab without worsening,
fibrinogen because it rises first and falls late. Infection has no signs: they made no difference
on the public stays."""

VALUE_STATISTICS = ("last", "change", "fold", "slope", "minimum", "maximum", "mean")
"""What a sign holds for: statistics in the direction of the value itself, not ages or counts."""


def monotone_signs(names: Sequence[str], outcome: Outcome) -> tuple[int, ...]:
    """The sign of each feature: 1 the risk never falls with it, -1 never rises, 0 free.

    >>> monotone_signs(("crp.last", "crp.age", "platelets.minimum_72h"), Outcome.SEVERE_CRS)
    (1, 0, -1)
    """
    signs = SIGNS[outcome]
    parts = [name.partition(".") for name in names]
    return tuple(
        signs.get(key, 0) if statistic.startswith(VALUE_STATISTICS) else 0
        for key, _, statistic in parts
    )
