"""The ways of treating that a centre may declare: each replaces some values of the table POLICY.

The same seed under two of them is the same patients with the same chance, treated otherwise.
"""

from dataclasses import dataclass, replace

from training.cohort.centres import Centre
from training.cohort.choices import named
from training.cohort.fitted import FITTED
from training.cohort.parameters import POLICY, Table
from training.cohort.products import Product


@dataclass(frozen=True)
class TreatmentPolicy:
    """One way: `values` in the place of those of POLICY."""

    key: str
    meaning: str
    values: tuple[tuple[str, float], ...] = ()

    def table(self, centre: Centre, product: Product | None = None) -> Table:
        """The whole table POLICY under this way at a centre, whose own habits yield to it.

        Habits fitted to the study of `product` yield to the centre's.
        """
        fitted = dict(FITTED.get(product.study, ())) if product is not None else {}
        own = {**fitted, **dict(centre.policy), **dict(self.values)}
        return tuple(replace(row, value=own.get(row.name, row.value)) for row in POLICY)

    def tables(self, centre: Centre, products: tuple[Product, ...]) -> list[Table]:
        """The table of each product, in their order."""
        return [self.table(centre, row) for row in products]


POLICIES: tuple[TreatmentPolicy, ...] = (
    TreatmentPolicy("usual", "tocilizumab from grade 2, steroids from grade 3 or without answer"),
    TreatmentPolicy(
        "no_tocilizumab", "never tocilizumab: for comparison only", (("tocilizumab_doses", 0.0),)
    ),
    TreatmentPolicy(
        "prophylaxis",
        "tocilizumab two hours before the first dose of an engager; cells as usual",
        (("prophylaxis_before_dose", 1.0),),
    ),
    TreatmentPolicy(
        "crp_rule",
        "siltuximab in the place of steroids at CRP > 40 mg/L that rises fast (Rossi 2026)",
        (("siltuximab_rule", 1.0),),
    ),
)


def policy(key: str) -> TreatmentPolicy:
    """The policy named `key`; raises UnknownChoiceError with the known names."""
    return named(POLICIES, key, "policy")
