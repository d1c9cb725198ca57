"""The flags that several verbs share."""

from argparse import ArgumentParser, BooleanOptionalAction
from pathlib import Path

from features.outcomes import OutcomeSource
from features.readers import READERS
from training.optional import path_or_none
from training.verbs import typed


def add_records(parser: ArgumentParser) -> None:
    """What to read."""
    parser.add_argument("--records", type=Path, required=True, help="file or folder to read")
    parser.add_argument("--format", choices=list(READERS), required=True, help="its format")


def add_every(parser: ArgumentParser) -> None:
    """The step of the as-of grid."""
    parser.add_argument(
        "--every", type=typed.duration, default="24h", help="step between as-of times, such as 1h"
    )


def add_horizon(parser: ArgumentParser) -> None:
    """How far ahead an outcome counts."""
    parser.add_argument("--horizon", type=typed.duration, default="24h", help="how far ahead")


def add_outcomes_from(parser: ArgumentParser) -> None:
    """Where grades and infections come from."""
    parser.add_argument(
        "--outcomes-from", type=typed.outcome_source, metavar="SOURCE",
        default=OutcomeSource.DOCUMENTED,
        help="where grades and infections come from: documented (as charted), derived (from "
        "signs, drugs and cultures alone) or either (derived where none was charted)",
    )  # fmt: skip


def add_the_models_own(parser: ArgumentParser) -> None:
    """Where outcomes come from where a model has decided it already."""
    parser.add_argument(
        "--outcomes-from", type=typed.outcome_source, metavar="SOURCE",
        help="documented, derived or either: what the model learnt from, which is also what is "
        "taken without this flag; another is refused",
    )  # fmt: skip


def add_learning(parser: ArgumentParser) -> None:
    """What is learnt from the records, and how it is cross-validated."""
    parser.add_argument(
        "--outcome", action="extend", type=typed.outcomes,
        help="severe_crs, infection, or both with a comma; may be repeated (default: both)",
    )  # fmt: skip
    add_outcomes_from(parser)
    parser.add_argument(
        "--learn-every", type=typed.duration, default="1h",
        help="step between times to learn from, where something new was known",
    )  # fmt: skip
    parser.add_argument(
        "--repeats", type=typed.repeats, default="auto", help="of cross-validation; auto: by size"
    )
    parser.add_argument(
        "--seed", type=typed.seed, default=0, help="the same seed gives the same bytes"
    )
    parser.add_argument(
        "--accept-leaks", action="store_true",
        help="go on where the leak audit would stop; its findings then stand in every result",
    )  # fmt: skip


def add_resamples(parser: ArgumentParser, number: int) -> None:
    """How many resamples of the patients intervals rest on."""
    parser.add_argument(
        "--bootstrap",
        type=typed.resamples,
        default=number,
        help="resamples for intervals, 40 to 10000",
    )


def add_resamples_seed(parser: ArgumentParser) -> None:
    """What the resamples are drawn by."""
    parser.add_argument("--seed", type=typed.seed, default=0, help="of the resamples")


def add_weights(parser: ArgumentParser) -> None:
    """Whom each patient stands for."""
    parser.add_argument(
        "--weights", type=path_or_none, metavar="FILE",
        help="CSV with patient_id and weight: how many of the population each stands for",
    )  # fmt: skip


def add_prices(parser: ArgumentParser) -> None:
    """What doses and days cost."""
    parser.add_argument(
        "--prices", type=Path,
        help="CSV of prices and of doses and days an alarm; docs/prices.csv is one to start from",
    )  # fmt: skip


def add_model(parser: ArgumentParser) -> None:
    """Which bundle."""
    parser.add_argument(
        "--model", required=True, help="bundle folder, models:/crs-risk@champion or runs:/RUN_ID"
    )


def add_experiment(parser: ArgumentParser) -> None:
    """Where the tracker keeps the run."""
    parser.add_argument("--experiment", default="crs-risk", help="MLflow experiment")


def add_tracking(parser: ArgumentParser) -> None:
    """Whether the run is tracked, and where."""
    add_experiment(parser)
    parser.add_argument(
        "--track", action=BooleanOptionalAction, default=True,
        help="log to MLflow (MLFLOW_TRACKING_URI, else mlflow.db here)",
    )  # fmt: skip
