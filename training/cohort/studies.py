"""The published studies that the cohort is held against: whom they treated, with what, and how.

A study is a product in its own hands: its disease, its follow-up, and what its clinicians did
otherwise than `parameters.POLICY`. Two studies of one product never agree; the fields of the
product that were fitted to each stand in `fitted`. What the difference stands for - bridging
therapy, tumour load, when fever was looked for - no publication tells.
"""

from dataclasses import dataclass, replace

from training.cohort.centres import centre
from training.cohort.choices import named
from training.cohort.fitted import FITTED
from training.cohort.parameters import PHYSIOLOGY, POLICY, Parameter
from training.cohort.products import Product, product


@dataclass(frozen=True)
class Study:
    """One population.

    `diseases` where they are not the product's; `policy` and `body` replace values of the
    tables POLICY and PHYSIOLOGY; `fit` names the study whose fitted values it shares, where it
    has none of its own.
    """

    key: str
    product: str
    diseases: tuple[tuple[str, float], ...] = ()
    days: int = 28
    centre: str = "university"
    policy: tuple[tuple[str, float], ...] = ()
    body: tuple[tuple[str, float], ...] = ()
    fit: str = ""

    def fields(self) -> dict[str, float]:
        """The fitted values, of the product's fields and of the policy's."""
        return dict(FITTED.get(self.fit or self.key, ()))

    def treatment(self, fields: dict[str, float] | None = None) -> Product:
        """The product as this study's people answered to it."""
        item = product(self.product)
        own = {k: v for k, v in (fields or self.fields()).items() if hasattr(item, k)}
        return replace(item, diseases=self.diseases or item.diseases, **own)  # type: ignore[arg-type]

    def clinicians(self, fields: dict[str, float] | None = None) -> tuple[Parameter, ...]:
        """The policy table of this study."""
        habits = dict(centre(self.centre).policy)
        return _with(POLICY, {**habits, **(fields or self.fields()), **dict(self.policy)})

    def physiology(self, fields: dict[str, float] | None = None) -> tuple[Parameter, ...]:
        """The body's table of this study: how often infections were looked for, for instance."""
        return _with(PHYSIOLOGY, {**(fields or self.fields()), **dict(self.body)})


def _with(table: tuple[Parameter, ...], own: dict[str, float]) -> tuple[Parameter, ...]:
    return tuple(replace(row, value=own.get(row.name, row.value)) for row in table)


_LBCL, _CHILDREN = (("dlbcl", 1.0),), (("b_all", 1.0),)
_BEFORE_DOSE_1 = (("prophylaxis_before_dose", 1.0),)

STUDIES: tuple[Study, ...] = (
    Study("majestec_1", "teclistamab"),
    Study("majestec_1_long", "teclistamab", days=690, fit="majestec_1",
          body=(("infection_per_day", 0.0004),)),
    Study("teclistamab_practice", "teclistamab"),
    Study("teclistamab_before_dose_2", "teclistamab", fit="majestec_1",
          policy=(("prophylaxis_before_dose", 2.0),)),
    Study("bcma_prophylaxis", "teclistamab", fit="teclistamab_practice", policy=_BEFORE_DOSE_1),
    Study("bcma_outpatient", "teclistamab", fit="majestec_1", centre="home_based",
          policy=(*_BEFORE_DOSE_1, ("phones_share", 0.2))),
    Study("bcma_practice", "teclistamab", days=252, fit="teclistamab_practice"),
    Study("crp_rule", "teclistamab", fit="majestec_1", policy=(("siltuximab_rule", 1.0),)),
    Study("monumental_1", "talquetamab"),
    Study("gprc5d_practice", "talquetamab", days=152, fit="monumental_1"),
    Study("magnetismm_3", "elranatamab"),
    Study("linker_mm1", "linvoseltamab"),
    Study("epcore_nhl_1", "epcoritamab"),
    Study("cd20_practice", "epcoritamab"),
    Study("np30179", "glofitamab"),
    Study("go29781", "mosunetuzumab"),
    Study("dellphi", "tarlatamab", days=42),
    Study("zuma_1", "axicabtagene_ciloleucel", _LBCL),
    Study("zuma_5", "axicabtagene_ciloleucel", (("fl", 1.0),)),
    Study("descar_t", "axicabtagene_ciloleucel", _LBCL, days=100),
    Study("zuma_2", "brexucabtagene_autoleucel", (("mcl", 1.0),)),
    Study("cibmtr_mcl", "brexucabtagene_autoleucel", (("mcl", 1.0),)),
    Study("eliana", "tisagenlecleucel", _CHILDREN),
    Study("juliet", "tisagenlecleucel", _LBCL),
    Study("cibmtr_dlbcl", "tisagenlecleucel", _LBCL),
    Study("cibmtr_children", "tisagenlecleucel", _CHILDREN),
    Study("felix", "obecabtagene_autoleucel"),
    Study("karmma", "idecabtagene_vicleucel"),
    Study("karmma_long", "idecabtagene_vicleucel", days=100, fit="karmma"),
    Study("cartitude_1", "ciltacabtagene_autoleucel"),
    Study("seattle", "car_t_unspecified", (("dlbcl", 0.5), ("cll", 0.15), ("b_all_adult", 0.35)),
          days=90),
    Study("nih", "car_t_unspecified", _CHILDREN, days=30, fit="seattle"),
    Study("msk", "car_t_unspecified", (("b_all_adult", 1.0),), fit="unicar"),
    Study("spain", "car_t_unspecified", _CHILDREN, policy=()),
    Study("unicar", "car_t_unspecified", (("b_all_any_age", 1.0),), centre="registry"),
    Study("cd19_cd22_children", "car_t_unspecified", _CHILDREN),
    Study("cd22_children", "car_t_unspecified", (("b_all_relapsed_young", 1.0),), days=31),
)  # fmt: skip


def study(key: str) -> Study:
    """The study named `key`; raises UnknownChoiceError with the known names."""
    return named(STUDIES, key, "study")
