"""What compiled code must know of a product, as records."""

import numpy as np

from training.cohort.body.rates import LOG2
from training.cohort.products import Kind, Product

PRODUCT = np.dtype(
    [
        ("cells", np.bool_),
        ("continuous", np.bool_),
        ("absorption", np.float64),  # 1/h; 0 for intravenous
        ("elimination", np.float64),  # 1/h
        ("half_effect", np.float64),
        ("adaptation", np.float64),  # 1/h
        ("occasion", np.float64),
        ("forgetting_h", np.float64),
        ("activation_h", np.float64),
        ("expansion_h", np.float64),
        ("doubling_h", np.float64),
        ("peak_h", np.float64),
        ("antigen_loss", np.float64),  # 1/h
        ("sensitivity", np.float64),
        ("spread", np.float64),
        ("vessels", np.float64),
        ("lung", np.float64),
        ("neurotoxicity", np.float64),
        ("marrow", np.float64),
        ("lymphodepletion", np.float64),
        ("plasma_cells", np.float64),
        ("aplasia", np.float64),
        ("t_cells", np.float64),
        ("infections", np.float64),
        ("hlh", np.float64),
        ("macrophages", np.float64),
    ]
)


def product_record(row: Product) -> tuple[float, ...]:
    """The fields of PRODUCT for one product."""
    absorption = LOG2 / row.absorption_half_life_h if row.absorption_half_life_h else 0.0
    return (
        row.kind is Kind.CAR_T,
        row.continuous,
        absorption,
        LOG2 / row.elimination_half_life_h,
        row.half_effect,
        1.0 / row.adaptation_h,
        row.occasion,
        row.forgetting_h,
        row.activation_h,
        24.0 * row.expansion_day,
        24.0 * row.doubling_day,
        24.0 * row.peak_day,
        row.antigen_loss_per_day / 24.0,
        row.sensitivity,
        row.spread,
        row.vessels,
        row.lung,
        row.neurotoxicity,
        row.marrow,
        row.lymphodepletion,
        row.plasma_cells,
        row.aplasia,
        row.t_cells,
        row.infections,
        row.hlh,
        row.macrophages,
    )
