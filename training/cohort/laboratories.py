"""The laboratory values: what moves each, how exactly it is measured, how often it is ordered.

    level follows   rest x exp(sum of weight x driver)   with a lag

CRP and IL-6 have a turnover of their own in the body. Levels at rest stand with the people. All
numbers here are assumed, set so that levels by CRS grade look as published (docs/cohort.md).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

DRIVERS: tuple[str, ...] = (
    "cytokines",  # log(1 + drive), early, not blocked by tocilizumab
    "acute_phase",  # log(1 + delayed IL-6 signal), blocked by tocilizumab
    "slow",  # log(1 + slow inflammation)
    "shock",  # log(1 + leak)
    "infection",  # burden of infection, about 0 to 2
    "dexamethasone",  # effect, 0 to 1
    "stimulus",  # T-cell stimulus, about 0 to 1
    "lymphodepletion",  # 0 to 1
    "g_csf",  # effect, 0 to 1
    "marrow",  # suppression of the marrow by inflammation, about 0 to 2
    "depletion",  # loss of plasma and B cells, 0 to 1
    "counts",  # slow swings of the counts, log
    "lymphopenia",  # lymphocytes killed by lymphodepletion, 1 to 0
    "granulopoiesis",  # log of circulating neutrophils by the marrow's transit, 0 at rest
    "t_cells",  # log(1 + drive x the product's t_cells): rises before the other cytokines
    "bacterial",  # burden of infection as procalcitonin answers to its kind
    "hlh",  # haemophagocytosis, 0 to about 1
)


@dataclass(frozen=True)
class Lag:
    """Time constants (h) with which a level rises and falls towards its target."""

    rise_h: float
    fall_h: float


@dataclass(frozen=True)
class Assay:
    """Coefficient of variation of assay and biology; decimals printed; lowest value printed."""

    noise: float
    decimals: int
    lowest: float


@dataclass(frozen=True)
class Order:
    """Chance of being ordered on a quiet day, with fever or CRS; median delay of the result."""

    routine: float
    worried: float
    delay_h: float


@dataclass(frozen=True)
class Laboratory:
    """One laboratory value in the catalogue's canonical unit; `weights` name drivers."""

    key: str
    unit: str
    lag: Lag
    weights: dict[str, float]
    assay: Assay
    order: Order
    spread: float = 0.15  # between patients, of how strongly the level answers (log SD)


LABORATORIES: tuple[Laboratory, ...] = (
    Laboratory(
        "crp",
        "mg/L",
        Lag(1, 1),
        {},
        Assay(0.15, 1, 0.3),
        Order(0.95, 1.0, 1.5),
        spread=0.3,
    ),
    Laboratory(
        "il6",
        "pg/mL",
        Lag(1, 1),
        {},
        Assay(0.3, 1, 1.5),
        Order(0.2, 0.75, 3.0),
        spread=0.5,
    ),
    Laboratory(
        "ferritin",
        "ng/mL",
        Lag(14, 140),
        {"slow": 0.56, "infection": 0.25, "hlh": 3.9},
        Assay(0.12, 0, 1.0),
        Order(0.4, 0.85, 2.5),
        spread=0.3,
    ),
    Laboratory(
        "ldh",
        "U/L",
        Lag(30, 96),
        {"slow": 0.24, "infection": 0.08, "shock": 0.06, "hlh": 0.5},
        Assay(0.09, 0, 5.0),
        Order(0.9, 1.0, 1.5),
        spread=0.5,
    ),
    Laboratory(
        "ast",
        "U/L",
        Lag(36, 72),
        {"slow": 0.2, "infection": 0.12, "shock": 0.2, "hlh": 0.6},
        Assay(0.16, 0, 3.0),
        Order(0.9, 1.0, 1.5),
        spread=0.4,
    ),
    Laboratory(
        "alt",
        "U/L",
        Lag(40, 90),
        {"slow": 0.26, "infection": 0.12, "shock": 0.12},
        Assay(0.16, 0, 3.0),
        Order(0.9, 1.0, 1.5),
    ),
    Laboratory(
        "bilirubin_total",
        "umol/L",
        Lag(30, 60),
        {"slow": 0.16, "infection": 0.15, "shock": 0.1},
        Assay(0.1, 0, 2.0),
        Order(0.9, 1.0, 1.5),
    ),
    Laboratory(
        "creatinine",
        "umol/L",
        Lag(24, 60),
        {"shock": 0.17, "infection": 0.05},
        Assay(0.08, 0, 10.0),
        Order(1.0, 1.0, 1.5),
        spread=0.4,
    ),
    Laboratory(
        "albumin",
        "g/L",
        Lag(220, 30),
        {"slow": -0.08, "infection": -0.08, "cytokines": -0.01},
        Assay(0.045, 0, 8.0),
        Order(0.9, 1.0, 1.5),
        spread=0.3,
    ),
    Laboratory(
        "platelets",
        "10*9/L",
        Lag(110, 40),
        {
            "slow": -0.2,
            "cytokines": -0.22,
            "lymphodepletion": -0.9,
            "infection": -0.15,
            "marrow": -0.2,
            "counts": 0.4,
            "hlh": -0.5,
        },
        Assay(0.12, 0, 2.0),
        Order(1.0, 1.0, 1.0),
        spread=0.3,
    ),
    Laboratory(
        "neutrophils",
        "10*9/L",
        Lag(7, 22),
        {
            "granulopoiesis": 1.0,
            "counts": 1.0,
            "dexamethasone": 0.6,
            "infection": 0.45,
            "g_csf": 1.5,
        },
        Assay(0.28, 2, 0.01),
        Order(1.0, 1.0, 1.0),
    ),
    Laboratory(
        "lymphocytes",
        "10*9/L",
        Lag(60, 9),
        {"stimulus": -0.7, "lymphopenia": -1.6, "dexamethasone": -0.7, "counts": 0.5},
        Assay(0.25, 2, 0.01),
        Order(1.0, 1.0, 1.0),
    ),
    Laboratory(
        "hemoglobin",
        "g/L",
        Lag(240, 72),
        {"slow": -0.08, "lymphodepletion": -0.16, "marrow": -0.04, "counts": 0.1},
        Assay(0.05, 0, 40.0),
        Order(1.0, 1.0, 1.0),
    ),
    Laboratory(
        "d_dimer",
        "mg/L{FEU}",
        Lag(18, 72),
        {"slow": 0.45, "cytokines": 0.4, "infection": 0.35},
        Assay(0.15, 2, 0.1),
        Order(0.35, 0.8, 2.0),
        spread=0.3,
    ),
    Laboratory(
        "fibrinogen",
        "g/L",
        Lag(20, 60),
        {"acute_phase": 0.26, "slow": -0.22, "infection": 0.10, "hlh": -0.6},
        Assay(0.08, 2, 0.3),
        Order(0.4, 0.8, 2.0),
    ),
    Laboratory(
        "ifn_gamma",
        "pg/mL",
        Lag(3, 8),
        {"t_cells": 1.1, "infection": 0.4},
        Assay(0.4, 1, 0.5),
        Order(0.1, 0.45, 6.0),
        spread=0.3,
    ),
    Laboratory(
        "il10",
        "pg/mL",
        Lag(6, 14),
        {"t_cells": 0.7, "infection": 0.6},
        Assay(0.3, 1, 0.5),
        Order(0.1, 0.45, 6.0),
        spread=0.3,
    ),
    Laboratory(
        "calcium",
        "mmol/L",
        Lag(96, 24),
        {"slow": -0.04, "infection": -0.02},
        Assay(0.03, 2, 1.0),
        Order(0.9, 1.0, 1.5),
    ),
    Laboratory(
        "aptt",
        "s",
        Lag(18, 48),
        {"slow": 0.1, "shock": 0.06, "infection": 0.06},
        Assay(0.05, 1, 15.0),
        Order(0.4, 0.8, 1.5),
        spread=0.3,
    ),
    Laboratory(
        "procalcitonin",
        "ng/mL",
        Lag(9, 36),
        {"cytokines": 0.75, "bacterial": 3.2},
        Assay(0.2, 2, 0.02),
        Order(0.12, 0.7, 2.0),
    ),
    Laboratory(
        "lactate",
        "mmol/L",
        Lag(4, 8),
        {"shock": 0.32, "infection": 0.15},
        Assay(0.1, 1, 0.3),
        Order(0.05, 0.5, 0.5),
    ),
    Laboratory(
        "glucose",
        "mmol/L",
        Lag(8, 20),
        {"dexamethasone": 0.45, "cytokines": 0.05},
        Assay(0.15, 1, 2.0),
        Order(0.9, 1.0, 1.0),
    ),
    Laboratory(
        "igg",
        "g/L",
        Lag(400, 400),
        {"depletion": -0.6},
        Assay(0.05, 1, 0.3),
        Order(0.06, 0.06, 6.0),
    ),
)

PLACE = {row.key: index for index, row in enumerate(LABORATORIES)}
"""Column of each laboratory value in the arrays of the simulation."""

CRP, IL6 = PLACE["crp"], PLACE["il6"]


def laboratory_arrays() -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Weights (laboratory x driver) and lags (laboratory x rise, fall; h), for compiled code."""
    weights = np.array([[row.weights.get(name, 0.0) for name in DRIVERS] for row in LABORATORIES])
    lags = np.array([[row.lag.rise_h, row.lag.fall_h] for row in LABORATORIES])
    return weights, lags
