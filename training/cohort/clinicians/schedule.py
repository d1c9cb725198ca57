"""The schedules of the products, as records for compiled code."""

import numpy as np
import numpy.typing as npt

from training.cohort.products import Kind, Product

MOST_DOSES = 32

SCHEDULE = np.dtype(
    [
        ("doses", np.int64),
        ("at", np.float64, (MOST_DOSES,)),  # hours after day 0
        ("amount", np.float64, (MOST_DOSES,)),  # as the label prints it
        ("fraction", np.float64, (MOST_DOSES,)),  # of the full dose
        ("watch", np.float64, (MOST_DOSES,)),  # h in hospital
        ("premedication", np.float64),  # mg of dexamethasone
        ("per_kg", np.bool_),
        ("cells", np.bool_),
        ("continuous", np.bool_),
    ]
)

SITE = np.dtype(
    [
        ("ward_check_h", np.int64),
        ("home_checks", np.int64),
        ("stays_in", np.bool_),
        ("home_crp", np.bool_),
    ]
)


def schedule_records(products: tuple[Product, ...]) -> npt.NDArray[np.void]:
    """The schedules as records for compiled code, one a product."""
    table = np.zeros(len(products), dtype=SCHEDULE)
    for row, item in zip(table, products, strict=True):
        count = len(item.doses)
        row["doses"] = count
        row["at"][:count] = [24.0 * dose.day for dose in item.doses]
        row["amount"][:count] = [dose.amount for dose in item.doses]
        row["fraction"][:count] = [dose.amount / item.full_dose for dose in item.doses]
        row["watch"][:count] = [dose.watch_h for dose in item.doses]
        row["premedication"] = item.premedication_mg
        row["per_kg"] = item.per_kg
        row["cells"] = item.kind is Kind.CAR_T
        row["continuous"] = item.continuous
    return table
