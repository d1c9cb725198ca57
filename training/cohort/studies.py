"""The published studies that the cohort is held against: whom they treated, with what, and how.

A study is a product in its own hands: its disease, its follow-up, and what its clinicians did
otherwise than `parameters.POLICY`. `reactivity` is how strongly its people answered beside the
product's own median (logarithm), fitted to the study's rates; what it stands for - bridging
therapy, tumour load, when fever was looked for - no publication tells.
"""

from dataclasses import dataclass, replace

from training.cohort.choices import named
from training.cohort.parameters import POLICY, Parameter
from training.cohort.products import Product, product


@dataclass(frozen=True)
class Study:
    """One population: `policy` holds what replaces values of the table POLICY there."""

    key: str
    product: str
    diseases: tuple[tuple[str, float], ...] = ()
    reactivity: float = 0.0
    days: int = 28
    centre: str = "university"
    policy: tuple[tuple[str, float], ...] = ()

    def treatment(self) -> Product:
        """The product as this study's people answered to it."""
        item = product(self.product)
        strength = item.sensitivity * 2.718281828459045**self.reactivity
        return replace(item, sensitivity=strength, diseases=self.diseases or item.diseases)

    def clinicians(self) -> tuple[Parameter, ...]:
        """The policy table of this study."""
        own = dict(self.policy)
        return tuple(replace(row, value=own.get(row.name, row.value)) for row in POLICY)


_LBCL, _MYELOMA, _ALL = (("dlbcl", 1.0),), (("myeloma", 1.0),), (("b_all", 1.0),)

STUDIES: tuple[Study, ...] = (
    Study("majestec_1", "teclistamab"),
    Study("monumental_1", "talquetamab"),
    Study("magnetismm_3", "elranatamab"),
    Study("epcore_nhl_1", "epcoritamab"),
    Study("go29781", "mosunetuzumab"),
    Study("dellphi", "tarlatamab", days=42),
    Study("zuma_1", "axicabtagene_ciloleucel", _LBCL),
    Study("zuma_5", "axicabtagene_ciloleucel", (("fl", 1.0),)),
    Study("eliana", "tisagenlecleucel", _ALL),
    Study("juliet", "tisagenlecleucel", _LBCL),
    Study("cibmtr_dlbcl", "tisagenlecleucel", _LBCL),
    Study("cibmtr_children", "tisagenlecleucel", _ALL),
    Study("karmma", "idecabtagene_vicleucel", _MYELOMA),
    Study("cartitude_1", "ciltacabtagene_autoleucel", _MYELOMA),
)


def study(key: str) -> Study:
    """The study named `key`; raises UnknownChoiceError with the known names."""
    return named(STUDIES, key, "study")
