"""The verbs `simulate` and `calibrate`: their flags, and what they do with them."""

import re
import tempfile
from argparse import ArgumentParser, ArgumentTypeError, BooleanOptionalAction, Namespace
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd

from features.tables import InvalidInputError
from training.cohort.calibrate import refit_all, write_fits
from training.cohort.centres import CENTRES
from training.cohort.comparison import compare
from training.cohort.export import CohortFormat, write_parts
from training.cohort.fitted import FITTED
from training.cohort.oracle import Branching, oracle_parts, write_oracle
from training.cohort.policies import POLICIES
from training.cohort.products import PRODUCTS
from training.cohort.simulation import Asked, parts
from training.cohort.studies import STUDIES
from training.cohort.targets import Verdict
from training.folders import refuse_filled

MATCHES = "matches.csv"
ORACLE = "oracle.parquet"
BRANCHES = 100
"""The oracle's first round for `calibrate`: more rank the rare risks better."""
ORACLE_DAYS = 21
LONGEST_STEP_H = 366 * 24


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
    parser.add_argument(
        "--policy",
        choices=[row.key for row in POLICIES],
        default=POLICIES[0].key,
        help="how patients are treated: the same seed gives the same patients with the same chance",
    )
    parser.add_argument("--days", type=int, default=28, help="days from the first dose on")
    parser.add_argument(
        "--oracle",
        type=int,
        metavar="BRANCHES",
        help="also write the best possible risk by so many continuations of each moment (slow)",
    )
    parser.add_argument(
        "--oracle-every", type=_hours, default="24h", help="step between the oracle's moments"
    )


def run(
    arguments: Namespace,
    progress: Callable[[int, int], None] | None = None,
    oracle_progress: Callable[[int, int], None] | None = None,
) -> tuple[Path, ...]:
    """Simulate and write as the flags say; the paths written.

    Each `progress` is told patients done and patients in all. Raises InvalidInputError for a bad
    choice or a folder with content.
    """
    refuse_filled(arguments.out)
    asked = Asked(
        patients=arguments.patients,
        seed=arguments.seed,
        products=tuple(dict.fromkeys(arguments.product)) if arguments.product else None,
        centre=arguments.centre,
        days=arguments.days,
        policy=arguments.policy,
    )
    branching = None if arguments.oracle is None else Branching(arguments.oracle)
    metadata = asked.metadata(0, asked.patients)
    written = write_parts(parts(asked, progress), metadata, arguments.out, arguments.format)
    if branching is None:
        return written
    moments = range(0, 24 * asked.days, arguments.oracle_every)
    risks = oracle_parts(asked, moments, branching, oracle_progress)
    return (*written, write_oracle(risks, branching, metadata, arguments.out / ORACLE))


def _hours(text: str) -> int:
    """A step in whole hours; the unit is written."""
    found = re.fullmatch(r"(\d{1,4})\s*(h|d)", text.strip())
    hours = int(found[1]) * (24 if found[2] == "d" else 1) if found else 0
    if not 1 <= hours <= LONGEST_STEP_H:
        limit = f"1h to {LONGEST_STEP_H}h"
        raise ArgumentTypeError(f"{text!r} is no step of whole hours from {limit}; write 24h or 2d")
    return hours


def add_calibrate_flags(parser: ArgumentParser) -> None:
    """Give `parser` the flags of `calibrate`."""
    parser.add_argument("--out", type=Path, required=True, help="folder to write into")
    parser.add_argument("--patients", type=int, default=4000, help="patients a study, to measure")
    parser.add_argument("--seed", type=int, default=2026, help="to measure; the fit has its own")
    parser.add_argument("--study", action="append", choices=[row.key for row in STUDIES])
    parser.add_argument(
        "--refit", action=BooleanOptionalAction, default=True, help="fit the free values first"
    )
    parser.add_argument("--real", type=Path, help="the public daily file of CAR-T patients")
    parser.add_argument(
        "--cytokines", type=Path, help="folder of the public series of CD22 CAR-T cells in children"
    )
    parser.add_argument(
        "--page", type=Path, help="folder of documents to write cohort.md into; asks for --real"
    )


def run_calibrate(
    arguments: Namespace, progress: Callable[[int, int], None] | None = None
) -> tuple[Path, ...]:
    """Refit where asked, measure every target, write the tables; the paths written.

    `progress` is told studies done and studies in all. Raises InvalidInputError for a bad choice.
    """
    if arguments.page is not None and arguments.real is None:
        raise InvalidInputError("--page needs --real: half of the page is about real patients")
    series = _series(arguments.cytokines)  # read before the long part: a wrong folder ends here
    chosen = tuple(arguments.study) if arguments.study else None
    own = chosen or tuple(row.key for row in STUDIES)
    fits = refit_all(own, progress) if arguments.refit else FITTED
    out: Path = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    written = [write_fits(fits, out / "fitted.py")]
    matches = compare(arguments.patients, arguments.seed, chosen, dict(fits), progress)
    written.append(_table_to(matches, out / MATCHES))
    if arguments.real is not None:
        written += [_table_to(table, out / f"{name}.csv") for name, table in held(arguments)]
    if series is not None:
        tables = held_by_cytokines(series, arguments)
        written += [_table_to(table, out / f"{name}.csv") for name, table in tables]
    if arguments.page is not None:
        from training.cohort.page import write_page

        written += write_page(out, arguments.page)
    return tuple(written)


def verdicts(out: Path) -> str:
    """How many targets lie inside, near and outside, in one line."""
    counts = pd.read_csv(out / MATCHES)["verdict"].value_counts()
    return ", ".join(f"{int(counts.get(verdict, 0))} {verdict}" for verdict in Verdict)


def held(arguments: Namespace) -> Iterator[tuple[str, pd.DataFrame]]:
    """The tables of the cohort held against the public file, by name."""
    from training.cohort import held_against as against
    from training.cohort.best_possible import beside_the_oracle

    records = against.virtual_records(arguments.patients, arguments.seed)
    real, virtual = (
        against.days_of(rows) for rows in (against.real_records(arguments.real), records)
    )
    yield "by_grade", against.quartiles_by_grade(real, virtual)
    yield "by_day", against.quartiles_by_day(real, virtual)
    learners = max(arguments.patients // 4, 50)
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "records.parquet"
        records.to_parquet(path)
        merits = against.transport(arguments.real, path, arguments.seed)
        merits["told_apart_auroc"] = against.told_apart(real, virtual, arguments.seed)
        merits["correlations_apart"] = against.correlations_apart(real, virtual)
        merits["weighted_kappa"] = against.grades_agree(learners, arguments.seed)
        yield "transport", pd.DataFrame(merits.items(), columns=["figure", "value"])
        judged = Asked(learners // 2, arguments.seed + 1, days=ORACLE_DAYS)
        oracle = beside_the_oracle(judged, learners, BRANCHES, Path(scratch))
    yield "oracle", oracle


def _series(folder: Path | None) -> pd.DataFrame | None:
    """The series with daily cytokines in `folder`, where one is named."""
    if folder is None:
        return None
    from training.cohort.held_against_cytokines import real

    return real(folder)


def held_by_cytokines(
    series: pd.DataFrame, arguments: Namespace
) -> Iterator[tuple[str, pd.DataFrame]]:
    """The tables of the cohort held against the series with daily cytokines, by name."""
    from training.cohort import held_against_cytokines as against

    virtual = against.virtual(arguments.patients, arguments.seed)
    yield "cytokines", against.quartiles_by_day(series, virtual)
    yield "lags", against.lags(series, virtual)


def _table_to(table: pd.DataFrame, path: Path) -> Path:
    table.to_csv(path, index=False, float_format="%.6g", lineterminator="\n")
    return path
