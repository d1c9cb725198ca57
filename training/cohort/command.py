"""The verb `simulate`: its flags, and what it does with them."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path

from training.cohort.centres import CENTRES
from training.cohort.export import CohortFormat, write
from training.cohort.products import PRODUCTS
from training.cohort.simulation import simulate
from training.folders import refuse_filled


def add_flags(parser: ArgumentParser) -> None:
    """Give `parser` the flags of `simulate`."""
    parser.add_argument("--patients", type=int, default=1000, help="how many virtual patients")
    parser.add_argument("--seed", type=int, default=0, help="the same seed gives the same bytes")
    parser.add_argument(
        "--format", choices=[row.value for row in CohortFormat], default=CohortFormat.TABLE.value
    )
    parser.add_argument("--out", type=Path, required=True, help="new folder to write into")
    parser.add_argument(
        "--product",
        action="append",
        choices=[row.key for row in PRODUCTS],
        help="only this product; may be repeated; without it the default mix",
    )
    parser.add_argument("--centre", choices=[row.key for row in CENTRES], default=CENTRES[0].key)
    parser.add_argument("--days", type=int, default=28, help="days from the first dose on")


def run(
    arguments: Namespace, progress: Callable[[int, int], None] | None = None
) -> tuple[Path, ...]:
    """Simulate and write as the flags say; the paths written.

    `progress` is told patients done and patients in all. Raises InvalidInputError for a bad choice
    or a folder with content.
    """
    refuse_filled(arguments.out)
    cohort = simulate(
        patients=arguments.patients,
        seed=arguments.seed,
        products=tuple(arguments.product) if arguments.product else None,
        centre=arguments.centre,
        days=arguments.days,
        progress=progress,
    )
    return write(cohort, arguments.out, arguments.format)
