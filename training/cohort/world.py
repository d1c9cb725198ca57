"""What does not change while the hours pass, as arrays for compiled code."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from training.cohort.body.treatment import PRODUCT, product_record
from training.cohort.centres import Centre
from training.cohort.clinicians.schedule import SITE, schedule_records
from training.cohort.infections import kind_records
from training.cohort.laboratories import CRP, LABORATORIES, PLACE, laboratory_arrays
from training.cohort.parameters import STEPS_PER_HOUR, Table, as_record
from training.cohort.people import People
from training.cohort.products import Product


class World(NamedTuple):
    """Handed whole to the compiled functions; `neutrophils`, `igg`, `crp` are columns of `rest`.

    `hourly` (laboratory x rise, fall) is the share of its way that a level goes in an hour.
    """

    keys: npt.NDArray[np.uint64]
    persons: npt.NDArray[np.void]
    rest: npt.NDArray[np.float64]
    gains: npt.NDArray[np.float64]
    products: npt.NDArray[np.void]
    schedules: npt.NDArray[np.void]
    site: npt.NDArray[np.void]
    constants: npt.NDArray[np.void]
    policy: npt.NDArray[np.void]  # one a product
    weights: npt.NDArray[np.float64]
    hourly: npt.NDArray[np.float64]
    infection_kinds: npt.NDArray[np.void]
    neutrophils: int
    igg: int
    crp: int
    crp_noise: float
    steps_per_hour: int


def make_world(
    people: People,
    products: tuple[Product, ...],
    centre: Centre,
    policy: Table | list[Table],
    steps_per_hour: int = STEPS_PER_HOUR,
) -> World:
    """The world of these people under these products, at this centre.

    `policy` is the table POLICY as it is followed here, or a list of such tables, one a product.
    """
    tables = policy if isinstance(policy, list) else [policy] * len(products)
    weights, lags = laboratory_arrays()
    site = (centre.ward_check_h, centre.home_checks, centre.stays_in, centre.home_crp)
    return World(
        keys=people.keys,
        persons=people.persons,
        rest=people.rest,
        gains=people.gains,
        products=np.array([product_record(row) for row in products], dtype=PRODUCT),
        schedules=schedule_records(products),
        site=np.array([site], dtype=SITE),
        constants=people.constants,
        policy=np.concatenate([as_record(table) for table in tables]),
        weights=weights,
        hourly=1.0 - np.exp(-1.0 / lags),
        infection_kinds=kind_records(),
        neutrophils=PLACE["neutrophils"],
        igg=PLACE["igg"],
        crp=CRP,
        crp_noise=LABORATORIES[CRP].assay.noise,
        steps_per_hour=steps_per_hour,
    )
