"""The products: whom they treat, how they are given, how the body answers to each.

`assumed`, `unverified` and T.. read as in parameters. `sensitivity` and `spread` are tuned by hand
to the published rates (docs/cohort.md shows both).
"""

from dataclasses import dataclass
from enum import StrEnum

from training.cohort.choices import named


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
    half of the greatest effect; `adaptation_h` is how fast T cells grow used to a concentration.
    CAR-T: cells reach half of their peak on `expansion_day`, over about `expansion_width_day`; the
    antigen they meet is lost at `antigen_loss_per_day`.
    `sensitivity` (median cytokine drive) and `spread` (its log-normal SD) are tuned to the rates.
    """

    key: str
    kind: Kind
    diseases: tuple[tuple[str, float], ...]
    doses: tuple[Dose, ...]
    source: str
    sensitivity: float
    spread: float
    share: float
    per_kg: bool = False
    full_dose: float = 1.0
    absorption_half_life_h: float = 0.0
    elimination_half_life_h: float = 240.0
    half_effect: float = 0.1
    adaptation_h: float = 48.0
    premedication_mg: float = 16.0
    expansion_day: float = 4.0
    expansion_width_day: float = 0.5
    antigen_loss_per_day: float = 0.3
    marrow: float = 1.0
    plasma_cells: float = 0.0


_SCHEDULE = "US prescribing information (doses read)"
_KINETICS = "absorption and elimination unverified"

PRODUCTS: tuple[Product, ...] = (
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
        sensitivity=5.29,
        spread=1.21,
        share=0.08,
        per_kg=True,
        full_dose=1.5,
        absorption_half_life_h=24.0,
        elimination_half_life_h=140.0,
        half_effect=0.10,
        plasma_cells=1.0,
    ),
    Product(
        "elranatamab",
        Kind.BISPECIFIC,
        (("myeloma", 1.0),),
        (Dose(0, 12, 48), Dose(3, 32, 24), Dose(7, 76), Dose(14, 76), Dose(21, 76)),
        f"{_SCHEDULE}; {_KINETICS}",
        sensitivity=2.96,
        spread=1.27,
        share=0.05,
        full_dose=76.0,
        absorption_half_life_h=24.0,
        elimination_half_life_h=200.0,
        half_effect=0.10,
        premedication_mg=20.0,
        plasma_cells=1.0,
    ),
    Product(
        "talquetamab",
        Kind.BISPECIFIC,
        (("myeloma", 1.0),),
        (Dose(0, 0.01, 48), Dose(3, 0.06, 48), Dose(6, 0.4, 48), Dose(9, 0.8, 48), Dose(23, 0.8)),
        f"{_SCHEDULE}, every two weeks; {_KINETICS}",
        sensitivity=5.5,
        spread=1.2,
        share=0.05,
        per_kg=True,
        full_dose=0.8,
        absorption_half_life_h=18.0,
        elimination_half_life_h=180.0,
        half_effect=0.06,
        plasma_cells=0.3,
    ),
    Product(
        "epcoritamab",
        Kind.BISPECIFIC,
        (("dlbcl", 1.0),),
        (Dose(0, 0.16), Dose(7, 0.8), Dose(14, 48, 24), Dose(21, 48), Dose(28, 48)),
        f"{_SCHEDULE}; {_KINETICS}",
        sensitivity=1.67,
        spread=1.79,
        share=0.06,
        full_dose=48.0,
        absorption_half_life_h=30.0,
        elimination_half_life_h=300.0,
        half_effect=0.08,
    ),
    Product(
        "glofitamab",
        Kind.BISPECIFIC,
        (("dlbcl", 1.0),),
        (Dose(7, 2.5, 24), Dose(14, 10, 24), Dose(28, 30)),
        f"{_SCHEDULE}; obinutuzumab on day 0 spares the first dose; half-life 7.6 d unverified",
        sensitivity=4.64,
        spread=1.48,
        share=0.05,
        full_dose=30.0,
        elimination_half_life_h=182.0,
        half_effect=0.10,
        premedication_mg=20.0,
    ),
    Product(
        "mosunetuzumab",
        Kind.BISPECIFIC,
        (("fl", 1.0),),
        (Dose(0, 1), Dose(7, 2), Dose(14, 60), Dose(21, 60)),
        f"{_SCHEDULE}; half-life 16 d unverified",
        sensitivity=0.93,
        spread=1.8,
        share=0.03,
        full_dose=60.0,
        elimination_half_life_h=384.0,
        half_effect=0.08,
        premedication_mg=20.0,
    ),
    Product(
        "tarlatamab",
        Kind.BISPECIFIC,
        (("sclc", 1.0),),
        (Dose(0, 1, 24), Dose(7, 10, 24), Dose(14, 10), Dose(28, 10)),
        f"{_SCHEDULE}; half-life 5.7 d unverified",
        sensitivity=1.98,
        spread=1.48,
        share=0.05,
        full_dose=10.0,
        elimination_half_life_h=137.0,
        half_effect=0.08,
        premedication_mg=8.0,
    ),
    Product(
        "linvoseltamab",
        Kind.BISPECIFIC,
        (("myeloma", 1.0),),
        (Dose(0, 5, 24), Dose(7, 25, 24), Dose(14, 200), Dose(21, 200), Dose(28, 200)),
        f"{_SCHEDULE}; half-life 11-15 d unverified",
        sensitivity=2.65,
        spread=1.56,
        share=0.03,
        full_dose=200.0,
        elimination_half_life_h=310.0,
        half_effect=0.10,
        premedication_mg=40.0,
        plasma_cells=1.0,
    ),
    Product(
        "axicabtagene_ciloleucel",
        Kind.CAR_T,
        (("dlbcl", 0.8), ("fl", 0.2)),
        (Dose(0, 1, 240),),
        "onset T62, T69; peak of expansion about day 7 unverified",
        sensitivity=6.0,
        spread=1.52,
        share=0.36,
        expansion_day=3.0,
        expansion_width_day=0.55,
        antigen_loss_per_day=0.18,
    ),
    Product(
        "tisagenlecleucel",
        Kind.CAR_T,
        (("dlbcl", 0.6), ("b_all", 0.4)),
        (Dose(0, 1, 168),),
        "onset T86, T93; peak of expansion day 9-10 unverified",
        sensitivity=2.8,
        spread=2.0,
        share=0.14,
        expansion_day=4.5,
        expansion_width_day=0.7,
        antigen_loss_per_day=0.22,
    ),
    Product(
        "idecabtagene_vicleucel",
        Kind.CAR_T,
        (("myeloma", 1.0),),
        (Dose(0, 1, 168),),
        "onset T107; peak of expansion day 11 unverified",
        sensitivity=3.75,
        spread=1.43,
        share=0.08,
        expansion_day=2.0,
        expansion_width_day=0.5,
        antigen_loss_per_day=0.18,
        plasma_cells=1.0,
    ),
    Product(
        "ciltacabtagene_autoleucel",
        Kind.CAR_T,
        (("myeloma", 1.0),),
        (Dose(0, 1, 240),),
        "onset T111 (median day 7, late); peak of expansion day 12-13 unverified",
        sensitivity=6.0,
        spread=1.15,
        share=0.10,
        expansion_day=8.0,
        expansion_width_day=0.6,
        antigen_loss_per_day=0.33,
        plasma_cells=1.0,
    ),
)


def product(key: str) -> Product:
    """The product named `key`; raises UnknownChoiceError with the known names."""
    return named(PRODUCTS, key, "product")
