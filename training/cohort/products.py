"""The products: whom they treat, how they are given, how the body answers to each.

`assumed`, `unverified` and T.. read as in parameters. `sensitivity` and `spread` are tuned by hand
to the published rates (docs/cohort.md shows both).
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from training.cohort.choices import named
from training.cohort.fitted import FITTED


class Kind(StrEnum):
    """The two kinds of T-cell engaging therapy."""

    BISPECIFIC = "bispecific"
    CAR_T = "car_t"


@dataclass(frozen=True)
class Dose:
    """One dose: days after the first one, amount (mg, or mg/kg), watch in hospital after it (h)."""

    day: float
    amount: float
    watch_h: float = 0.0


@dataclass(frozen=True)
class Product:
    """A product: whom it treats, how it is given, and how the body answers.

    Bispecifics: concentration counts in fractions of `full_dose`; `half_effect` is the fraction at
    half of the greatest effect; `adaptation_h` is how fast T cells grow used to a
    concentration, `forgetting_h` how fast they forget it, `activation_h` how long activation takes.
    CAR-T: cells double every `doubling_day`, reach half of their peak on `expansion_day` and begin
    to contract on `peak_day`. The antigen they meet is lost at `antigen_loss_per_day`.
    `sensitivity` (median cytokine drive), `spread` (its log-normal SD) and `occasion` (the share of
    that variance which every dose draws anew), `vessels` and `lung` (how easily pressure and
    saturation fall) and `neurotoxicity` are fitted to the rates. `macrophages` is how strongly
    ferritin and LDH answer, `t_cells` how many times the drive IFN-gamma and IL-10 answer to; 1
    where nothing tells. `plasma_cells` is the share of the makers of IgG that the target kills,
    `aplasia` how far its killing weakens against infection (0: DLL3); `infections` multiplies their
    rate where series differ beyond that (I07, I08), `hlh` how easily macrophages run away
    (assumed). `continuous`: each dose is a day's infusion. Without a figure,
    `neurotoxicity` is set so that products stand in the order of their labels (recalled).
    """

    key: str
    kind: Kind
    diseases: tuple[tuple[str, float], ...]
    doses: tuple[Dose, ...]
    source: str
    sensitivity: float
    spread: float
    share: float
    study: str = ""
    per_kg: bool = False
    full_dose: float = 1.0
    absorption_half_life_h: float = 0.0
    elimination_half_life_h: float = 240.0
    half_effect: float = 0.1
    adaptation_h: float = 20.0
    forgetting_h: float = 720.0
    activation_h: float = 7.0
    premedication_mg: float = 16.0
    occasion: float = 0.0
    expansion_day: float = 4.0
    doubling_day: float = 0.5
    peak_day: float = 9.0
    antigen_loss_per_day: float = 0.02
    vessels: float = 1.0
    lung: float = 1.0
    neurotoxicity: float = 0.1
    marrow: float = 1.0
    lymphodepletion: float = 1.0
    plasma_cells: float = 0.0
    aplasia: float = 1.0
    macrophages: float = 1.0
    t_cells: float = 1.0
    continuous: bool = False
    infections: float = 1.0
    hlh: float = 0.0


_SCHEDULE = "US prescribing information (doses read)"
_KINETICS = "absorption and elimination unverified"

_UNFITTED: tuple[Product, ...] = (
    Product(
        "teclistamab",
        Kind.BISPECIFIC,
        (("myeloma", 1.0),),
        (
            Dose(0, 0.06, 48),
            Dose(3, 0.3, 48),
            Dose(6, 1.5, 48),
            Dose(13, 1.5),
            Dose(20, 1.5),
            Dose(27, 1.5),
        ),
        f"{_SCHEDULE}; {_KINETICS}",
        sensitivity=26.4,
        spread=1.21,
        share=0.08,
        neurotoxicity=0.35,
        study="majestec_1",
        occasion=0.6,
        per_kg=True,
        full_dose=1.5,
        absorption_half_life_h=14.0,
        elimination_half_life_h=140.0,
        half_effect=0.10,
        plasma_cells=1.0,
        infections=2.5,
    ),
    Product(
        "elranatamab",
        Kind.BISPECIFIC,
        (("myeloma", 1.0),),
        (Dose(0, 12, 48), Dose(3, 32, 24), Dose(7, 76), Dose(14, 76), Dose(21, 76)),
        f"{_SCHEDULE}; {_KINETICS}",
        sensitivity=14.8,
        spread=1.27,
        share=0.05,
        neurotoxicity=0.25,
        study="magnetismm_3",
        occasion=0.6,
        full_dose=76.0,
        absorption_half_life_h=14.0,
        elimination_half_life_h=200.0,
        half_effect=0.10,
        premedication_mg=20.0,
        plasma_cells=1.0,
        infections=2.5,
    ),
    Product(
        "talquetamab",
        Kind.BISPECIFIC,
        (("myeloma", 1.0),),
        (Dose(0, 0.01, 48), Dose(3, 0.06, 48), Dose(6, 0.4, 48), Dose(9, 0.8, 48), Dose(23, 0.8)),
        f"{_SCHEDULE}, every two weeks; {_KINETICS}",
        sensitivity=27.5,
        spread=1.2,
        share=0.05,
        neurotoxicity=0.3,
        study="monumental_1",
        occasion=0.6,
        per_kg=True,
        full_dose=0.8,
        absorption_half_life_h=14.0,
        elimination_half_life_h=180.0,
        half_effect=0.06,
        plasma_cells=0.3,
        aplasia=0.4,
        infections=1.15,
    ),
    Product(
        "epcoritamab",
        Kind.BISPECIFIC,
        (("dlbcl", 1.0),),
        (Dose(0, 0.16), Dose(7, 0.8), Dose(14, 48, 24), Dose(21, 48), Dose(28, 48)),
        f"{_SCHEDULE}; {_KINETICS}",
        sensitivity=8.35,
        spread=1.79,
        share=0.06,
        study="epcore_nhl_1",
        occasion=0.6,
        full_dose=48.0,
        absorption_half_life_h=16.0,
        elimination_half_life_h=300.0,
        half_effect=0.08,
        plasma_cells=0.25,
    ),
    Product(
        "glofitamab",
        Kind.BISPECIFIC,
        (("dlbcl", 1.0),),
        (Dose(7, 2.5, 24), Dose(14, 10, 24), Dose(28, 30)),
        f"{_SCHEDULE}; obinutuzumab on day 0 spares the first dose; half-life 7.6 d unverified",
        sensitivity=23.2,
        spread=1.48,
        share=0.05,
        study="np30179",
        occasion=0.6,
        full_dose=30.0,
        elimination_half_life_h=182.0,
        half_effect=0.10,
        premedication_mg=20.0,
        plasma_cells=0.25,
    ),
    Product(
        "mosunetuzumab",
        Kind.BISPECIFIC,
        (("fl", 1.0),),
        (Dose(0, 1), Dose(7, 2), Dose(14, 60), Dose(21, 60)),
        f"{_SCHEDULE}; half-life 16 d unverified",
        sensitivity=4.65,
        spread=1.8,
        share=0.03,
        study="go29781",
        occasion=0.6,
        full_dose=60.0,
        elimination_half_life_h=384.0,
        half_effect=0.08,
        premedication_mg=20.0,
        plasma_cells=0.25,
    ),
    Product(
        "tarlatamab",
        Kind.BISPECIFIC,
        (("sclc", 1.0),),
        (Dose(0, 1, 24), Dose(7, 10, 24), Dose(14, 10), Dose(28, 10)),
        f"{_SCHEDULE}; half-life 5.7 d unverified",
        sensitivity=9.9,
        spread=1.48,
        share=0.05,
        study="dellphi",
        occasion=0.6,
        full_dose=10.0,
        elimination_half_life_h=137.0,
        half_effect=0.08,
        premedication_mg=8.0,
        aplasia=0.0,
    ),
    Product(
        "linvoseltamab",
        Kind.BISPECIFIC,
        (("myeloma", 1.0),),
        (Dose(0, 5, 24), Dose(7, 25, 24), Dose(14, 200), Dose(21, 200), Dose(28, 200)),
        f"{_SCHEDULE}; half-life 11-15 d unverified",
        sensitivity=13.2,
        spread=1.56,
        share=0.03,
        neurotoxicity=0.3,
        study="linker_mm1",
        occasion=0.6,
        full_dose=200.0,
        elimination_half_life_h=310.0,
        half_effect=0.10,
        premedication_mg=40.0,
        plasma_cells=1.0,
        infections=2.5,
    ),
    Product(
        "axicabtagene_ciloleucel",
        Kind.CAR_T,
        (("dlbcl", 0.8), ("fl", 0.2)),
        (Dose(0, 1, 240),),
        "onset T62, T69; peak of expansion about day 7 unverified",
        sensitivity=13.2,
        spread=1.52,
        share=0.36,
        study="descar_t",
        expansion_day=3.0,
        doubling_day=0.72,
        peak_day=7.0,
        antigen_loss_per_day=0.18,
        neurotoxicity=0.6,
        plasma_cells=0.25,
        hlh=0.3,
    ),
    Product(
        "tisagenlecleucel",
        Kind.CAR_T,
        (("dlbcl", 0.6), ("b_all", 0.4)),
        (Dose(0, 1, 168),),
        "onset T86, T93; peak of expansion day 9-10 unverified",
        sensitivity=6.16,
        spread=2.0,
        share=0.14,
        study="cibmtr_dlbcl",
        expansion_day=4.5,
        doubling_day=0.9,
        peak_day=9.5,
        antigen_loss_per_day=0.22,
        plasma_cells=0.25,
        hlh=0.6,
    ),
    Product(
        "idecabtagene_vicleucel",
        Kind.CAR_T,
        (("myeloma", 1.0),),
        (Dose(0, 1, 168),),
        "onset T107; peak of expansion day 11 unverified",
        sensitivity=8.25,
        spread=1.43,
        share=0.08,
        study="karmma",
        expansion_day=2.0,
        doubling_day=0.63,
        peak_day=11.0,
        antigen_loss_per_day=0.18,
        plasma_cells=1.0,
        neurotoxicity=0.05,
        hlh=0.3,
    ),
    Product(
        "ciltacabtagene_autoleucel",
        Kind.CAR_T,
        (("myeloma", 1.0),),
        (Dose(0, 1, 240),),
        "onset T111 (median day 7, late); peak of expansion day 12-13 unverified",
        sensitivity=13.2,
        spread=1.15,
        share=0.10,
        study="cartitude_1",
        expansion_day=8.0,
        doubling_day=0.76,
        peak_day=12.5,
        antigen_loss_per_day=0.33,
        plasma_cells=1.0,
        hlh=0.3,
    ),
    Product(
        "brexucabtagene_autoleucel",
        Kind.CAR_T,
        (("mcl", 0.6), ("b_all_adult", 0.4)),
        (Dose(0, 1, 168),),
        "onset T75, T82; peak of expansion unverified",
        sensitivity=13.2,
        spread=1.5,
        share=0.04,
        study="cibmtr_mcl",
        expansion_day=4.0,
        doubling_day=0.81,
        peak_day=9.0,
        antigen_loss_per_day=0.18,
        neurotoxicity=0.8,
        plasma_cells=0.25,
        hlh=0.4,
    ),
    Product(
        "obecabtagene_autoleucel",
        Kind.CAR_T,
        (("b_all_adult", 1.0),),
        (Dose(0, 1, 240), Dose(9, 1)),
        "onset T103; cells counted from the first of two infusions; peak of expansion unverified",
        sensitivity=6.6,
        spread=1.0,
        share=0.03,
        study="felix",
        expansion_day=8.0,
        doubling_day=1.1,
        peak_day=14.0,
        antigen_loss_per_day=0.25,
        plasma_cells=0.25,
        hlh=0.2,
    ),
    Product(
        "blinatumomab",
        Kind.BISPECIFIC,
        (("b_all_adult", 0.6), ("b_all", 0.4)),
        (
            Dose(0, 0.009, 216),
            *(Dose(day, 0.009) for day in range(1, 7)),
            *(Dose(day, 0.028) for day in range(7, 28)),
        ),
        f"{_SCHEDULE}, a bag a day, 5 and 15 ug/m2 below 45 kg; half-life 2.1 h (read); "
        "CRS in 15 %, grade >= 3 in 5 %: label, unverified",
        sensitivity=1.2,
        spread=2.5,
        activation_h=24.0,
        vessels=3.0,
        share=0.0,
        neurotoxicity=0.5,
        occasion=0.3,
        continuous=True,
        full_dose=0.028,
        elimination_half_life_h=2.1,
        half_effect=0.3,
        premedication_mg=20.0,
        plasma_cells=0.25,
        hlh=0.3,
    ),
    Product(
        "lisocabtagene_maraleucel",
        Kind.CAR_T,
        (("dlbcl", 1.0),),
        (Dose(0, 1, 168),),
        "CRS in about 46 %, grade >= 3 in 4 %, onset day 5: label, unverified; peak day 12",
        sensitivity=0.9,
        spread=2.3,
        vessels=1.4,
        share=0.0,
        expansion_day=5.5,
        doubling_day=0.9,
        peak_day=12.0,
        antigen_loss_per_day=0.2,
        neurotoxicity=0.8,
        plasma_cells=0.25,
        hlh=0.3,
    ),
    Product(
        "car_t_unspecified",
        Kind.CAR_T,
        (("b_all_any_age", 1.0),),
        (Dose(0, 1, 168),),
        "investigational CD19 or CD22 CAR-T cells; doubling 0.78 d: Stein 2019",
        sensitivity=8.8,
        spread=1.8,
        share=0.0,
        study="unicar",
        lymphodepletion=0.35,
        expansion_day=5.0,
        doubling_day=1.1,
        peak_day=10.0,
        antigen_loss_per_day=0.18,
        plasma_cells=0.25,
        hlh=1.0,
    ),
)


def _as_fitted(row: Product) -> Product:
    """The product with what was fitted to its study."""
    fitted = {name: value for name, value in FITTED.get(row.study, ()) if hasattr(row, name)}
    return replace(row, **fitted)  # type: ignore[arg-type]


PRODUCTS: tuple[Product, ...] = tuple(_as_fitted(row) for row in _UNFITTED)


def product(key: str) -> Product:
    """The product named `key`; raises UnknownChoiceError with the known names."""
    return named(PRODUCTS, key, "product")
