"""The commands of a data scientist: `python -m training VERB --help`."""

import argparse
import logging
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from features.outcomes import Outcome, OutcomeSource
from features.readers import READERS
from features.tables import InvalidInputError
from training import cohort, commands, transport
from training.calibrating import Choice
from training.engine import ROWS_AT_ONCE, Kind
from training.release import commands as release
from training.release import flags

DONE, BAD_INPUT = 0, 2
SHORTEST, LONGEST = pd.Timedelta(minutes=1), pd.Timedelta(days=366)
LONGEST_TUNING = 100_000  # minutes: ten weeks
UNITS = {"min": pd.Timedelta(minutes=1), "h": pd.Timedelta(hours=1), "d": pd.Timedelta(days=1)}

if TYPE_CHECKING:
    Verbs = argparse._SubParsersAction[argparse.ArgumentParser]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; returns the exit status (0 done, 2 wrong usage or bad input)."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    words = sys.argv[1:] if arguments is None else arguments
    try:
        for word in words:
            _refuse_undecodable(word)
        options = command_line().parse_args(words)
        options.run(options)
    except (InvalidInputError, OSError) as error:  # a path that cannot be read or written
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return BAD_INPUT
    return DONE


def _refuse_undecodable(word: str) -> None:
    """Bytes that are no UTF-8 reach Python as lone surrogates, which no file and no store takes."""
    try:
        word.encode("utf-8")
    except UnicodeEncodeError as fault:
        told = word.encode("utf-8", "backslashreplace").decode()
        raise InvalidInputError(f"argument {told}: is not UTF-8: write or rename it so") from fault


def command_line() -> argparse.ArgumentParser:
    """Every verb with its flags."""
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    verbs = parser.add_subparsers(title="verbs", required=True, metavar="VERB")
    for add in (
        _add_simulate, _add_calibrate, _add_ingest, _add_features, _add_train,
        _add_evaluate, _add_transport, _add_predict, _add_register,
        _add_plan, _add_freeze, _add_promote,
        _add_rollback, _add_ledger, _add_fetch, _add_codes,
    ):  # fmt: skip
        add(verbs)
    return parser


def _add_simulate(verbs: "Verbs") -> None:
    parser = _verb(
        verbs,
        "simulate",
        commands.run_simulate,
        "write a cohort of virtual patients (always labelled as virtual)",
        "--patients 1000 --seed 1 --format table --out cohort",
    )
    cohort.add_flags(parser)


def _add_calibrate(verbs: "Verbs") -> None:
    parser = _verb(
        verbs,
        "calibrate",
        commands.run_calibrate,
        "fit the virtual cohort to the published figures, write how well it matches",
        "--no-refit --patients 1000 --out calibration",
    )
    cohort.add_calibrate_flags(parser)


def _add_ingest(verbs: "Verbs") -> None:
    parser = _verb(
        verbs,
        "ingest",
        commands.run_ingest,
        "read records; write events, rejects and a data-quality report",
        "--records hospital.csv --format table --out ingested",
    )
    _add_records(parser)
    _add_outcomes_from(parser)
    parser.add_argument("--out", type=Path, required=True, help="new folder to write into")


def _add_features(verbs: "Verbs") -> None:
    parser = _verb(
        verbs,
        "features",
        commands.run_features,
        "read records; write feature rows",
        "--records hospital.csv --format table --out rows.parquet --every 24h",
    )
    _add_records(parser)
    _add_every(parser)
    _add_outcomes_from(parser)
    parser.add_argument("--out", type=Path, required=True, help="Parquet or CSV file to write")


def _add_train(verbs: "Verbs") -> None:
    parser = _verb(
        verbs,
        "train",
        commands.run_train,
        "train, judge and track a model; write it as a bundle",
        "--records hospital.csv --format table --out bundle",
    )
    _add_records(parser)
    _add_every(parser)
    _add_learning(parser)
    parser.add_argument("--horizon", type=_duration, default="24h", help="how far ahead")
    parser.add_argument(
        "--calibration", choices=[str(one) for one in Choice], default=str(Choice.LOGISTIC),
        help="curve from scores to risks; auto: the simplest that is as good as the best",
    )  # fmt: skip
    _add_weights(parser)
    parser.add_argument(
        "--trials", type=_trials, default=0,
        help="of other recipes within each split's training patients; 0: the shipped recipe",
    )  # fmt: skip
    parser.add_argument(
        "--minutes",
        type=_minutes,
        help="for the trials of all splits together; such a run cannot be repeated to the byte",
    )
    parser.add_argument(
        "--variants", action=argparse.BooleanOptionalAction, default=True,
        help="also judge the model without the grade, without trajectories and with less measured",
    )  # fmt: skip
    _add_prices(parser)
    _add_engine(parser)
    parser.add_argument(
        "--start-from", metavar="BUNDLE",
        help="adapt this bundle to the records: a folder, models:/NAME@ALIAS or runs:/RUN_ID",
    )  # fmt: skip
    parser.add_argument(
        "--prior", type=Path, metavar="RECORDS",
        help="with --start-from: records of other patients to learn from beside the local ones",
    )  # fmt: skip
    parser.add_argument(
        "--prior-format", choices=list(READERS), help="of --prior (default: that of --records)"
    )
    _add_tracking(parser)
    parser.add_argument("--out", type=Path, required=True, help="new folder for the bundle")


def _add_evaluate(verbs: "Verbs") -> None:
    parser = _verb(
        verbs,
        "evaluate",
        commands.run_evaluate,
        "judge a bundle on other patients, beside the baselines it carries",
        "--model bundle --records others.csv --format table --out judged",
    )
    _add_model(parser)
    _add_records(parser)
    _add_every(parser)
    _add_the_models_own(parser)
    parser.add_argument("--bootstrap", type=_count, default=200, help="resamples for intervals")
    parser.add_argument("--seed", type=_seed, default=0, help="of the resamples")
    _add_prices(parser)
    _add_weights(parser)
    _add_tracking(parser)
    parser.add_argument("--out", type=Path, required=True, help="folder to write into")


def _add_transport(verbs: "Verbs") -> None:
    parser = _verb(
        verbs,
        "transport",
        commands.run_transport,
        "train without each product, class of therapy, site or later time, and judge on it",
        "--records hospital.csv --format table --by product --out transported",
    )
    _add_records(parser)
    _add_every(parser)
    _add_learning(parser)
    parser.add_argument("--bootstrap", type=_count, default=200, help="resamples for intervals")
    transport.add_flags(parser)


def _add_predict(verbs: "Verbs") -> None:
    parser = _verb(
        verbs,
        "predict",
        commands.run_predict,
        "predict every as-of time of other patients",
        "--model bundle --records others.csv --format table --out predictions.parquet",
    )
    _add_model(parser)
    _add_records(parser)
    _add_every(parser)
    parser.add_argument(
        "--as-of", type=Path, help="CSV with patient_id and as_of, in the place of the grid"
    )
    _add_the_models_own(parser)
    parser.add_argument(
        "--contributions", action=argparse.BooleanOptionalAction, default=True,
        help="explain every row (takes most of the time)",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, required=True, help="Parquet or CSV file to write")


def _add_register(verbs: "Verbs") -> None:
    parser = _verb(
        verbs,
        "register",
        commands.run_register,
        "register a bundle that lies in a folder, such as one from elsewhere",
        "--model bundle",
    )
    parser.add_argument("--model", type=Path, required=True, help="bundle folder")
    _add_experiment(parser)


def _add_plan(verbs: "Verbs") -> None:
    parser = _verb(
        verbs,
        "plan",
        release.run_plan,
        "write the default change plan, to be edited, or check an edited one",
        "--out plan.json",
    )
    flags.add_plan_flags(parser)


def _add_freeze(verbs: "Verbs") -> None:
    parser = _verb(
        verbs,
        "freeze",
        release.run_freeze,
        "freeze records as the set on which every new model is judged beside the champion",
        "--records others.csv --format table --out frozen",
    )
    _add_records(parser)
    _add_every(parser)
    _add_outcomes_from(parser)
    parser.add_argument("--horizon", type=_duration, default="24h", help="how far ahead")
    parser.add_argument("--bootstrap", type=_count, default=500, help="resamples for intervals")
    parser.add_argument("--seed", type=_seed, default=0, help="of the resamples")
    flags.add_by(parser)
    parser.add_argument("--out", type=Path, required=True, help="new folder to write into")


def _add_promote(verbs: "Verbs") -> None:
    parser = _verb(
        verbs,
        "promote",
        release.run_promote,
        "let an alias of the registry point at a run's model, where the change plan allows it",
        "0123abcd --alias champion --frozen frozen",
    )
    flags.add_promote_flags(parser)


def _add_rollback(verbs: "Verbs") -> None:
    parser = _verb(
        verbs,
        "rollback",
        release.run_rollback,
        "put back the version that was in service before",
        '--alias champion --why "too many alarms on ward 3"',
    )
    flags.add_rollback_flags(parser)


def _add_ledger(verbs: "Verbs") -> None:
    parser = _verb(
        verbs,
        "ledger",
        release.run_ledger,
        "print what was in service when, or verify that nothing in it was changed",
        "--verify",
    )
    flags.add_ledger_flags(parser)


def _add_fetch(verbs: "Verbs") -> None:
    parser = _verb(
        verbs,
        "fetch",
        release.run_fetch,
        "copy a bundle out of the registry into a folder",
        "--model models:/crs-risk@champion --out bundle",
    )
    _add_model(parser)
    parser.add_argument("--out", type=Path, required=True, help="new folder for the bundle")


def _add_codes(verbs: "Verbs") -> None:
    parser = _verb(
        verbs,
        "codes",
        commands.run_codes,
        "print the keys, codes and units that a records table may use",
        "ferritin",
    )
    parser.add_argument("word", nargs="?", default="", help="only lines that hold this")


class _Help(argparse.ArgumentDefaultsHelpFormatter):
    """Tells a flag's default once: not where its words do already, nor where there is none."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        none = action.default is None or action.default is False or action.default == ""
        if none or "default" in (action.help or ""):
            return action.help
        return super()._get_help_string(action)


def _verb(
    verbs: "Verbs", name: str, run: Callable[[argparse.Namespace], None], what: str, example: str
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = verbs.add_parser(
        name,
        help=what,
        description=what,
        epilog=f"example: python -m training {name} {example}",
        formatter_class=_Help,
    )
    parser.set_defaults(run=run)
    return parser


def _add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model", required=True, help="bundle folder, models:/crs-risk@champion or runs:/RUN_ID"
    )


def _add_records(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--records", type=Path, required=True, help="file or folder to read")
    parser.add_argument("--format", choices=list(READERS), required=True, help="its format")


def _add_learning(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--outcome", action="extend", type=_outcomes,
        help="severe_crs, infection, or both with a comma; may be repeated (default: both)",
    )  # fmt: skip
    _add_outcomes_from(parser)
    parser.add_argument(
        "--learn-every", type=_duration, default="1h",
        help="step between times to learn from, where something new was known",
    )  # fmt: skip
    parser.add_argument(
        "--repeats", type=_repeats, default="auto", help="of cross-validation; auto: by size"
    )
    parser.add_argument("--seed", type=_seed, default=0, help="the same seed gives the same bytes")
    parser.add_argument(
        "--accept-leaks", action="store_true",
        help="go on where the leak audit would stop; its findings then stand in every result",
    )  # fmt: skip


def _add_outcomes_from(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--outcomes-from", type=_outcome_source, metavar="SOURCE",
        default=OutcomeSource.DOCUMENTED,
        help="where grades and infections come from: documented (as charted), derived (from "
        "signs, drugs and cultures alone) or either (derived where none was charted)",
    )  # fmt: skip


def _add_the_models_own(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--outcomes-from", type=_outcome_source, metavar="SOURCE",
        help="documented, derived or either: what the model learnt from, which is also what is "
        "taken without this flag; another is refused",
    )  # fmt: skip


def _add_weights(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--weights", type=Path, metavar="FILE",
        help="CSV with patient_id and weight: how many of the population each stands for",
    )  # fmt: skip


def _add_engine(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--engine", choices=[str(one) for one in Kind], default=str(Kind.LOCAL),
        help="who computes rows and fits members: this process, or a dask cluster",
    )  # fmt: skip
    parser.add_argument(
        "--dask-scheduler", type=_scheduler, metavar="ADDRESS", default="",
        help="of a cluster that is there, such as tcp://host:8786 (default: a local one)",
    )  # fmt: skip
    parser.add_argument(
        "--rows-at-once", type=_count, default=ROWS_AT_ONCE,
        help="feature rows computed together: fewer need less memory",
    )  # fmt: skip


def _add_tracking(parser: argparse.ArgumentParser) -> None:
    _add_experiment(parser)
    parser.add_argument(
        "--track", action=argparse.BooleanOptionalAction, default=True,
        help="log to MLflow (MLFLOW_TRACKING_URI, else mlflow.db here)",
    )  # fmt: skip


def _add_prices(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--prices", type=Path,
        help="CSV of prices and of doses and days an alarm; docs/prices.csv is one to start from",
    )  # fmt: skip


def _add_experiment(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--experiment", default="crs-risk", help="MLflow experiment")


def _add_every(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--every", type=_duration, default="24h", help="step between as-of times, such as 1h"
    )


def _outcomes(text: str) -> list[Outcome]:
    try:
        return [Outcome(name.strip()) for name in text.split(",")]
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r}: write severe_crs or infection") from error


def _outcome_source(text: str) -> OutcomeSource:
    try:
        return OutcomeSource(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r}: write {', '.join(OutcomeSource)}") from error


def _duration(text: str) -> pd.Timedelta:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(min|h|d)", text.strip())
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration; write 24h, 30min or 2d")
    amount, unit = float(found.group(1)), UNITS[found.group(2)]
    if not SHORTEST / unit <= amount <= LONGEST / unit:  # before pandas, whose years end in 2262
        raise argparse.ArgumentTypeError(f"{text!r} is not within 1min and 366d")
    return pd.Timedelta(text.replace("d", "D"))  # pandas writes a day with a capital


def _scheduler(text: str) -> str:
    if text and not re.fullmatch(r"(tcp|tls)://[\w.-]+:\d{1,5}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no address; write tcp://host:8786")
    return text


def _seed(text: str) -> int:
    if not text.isdigit() or int(text) >= 2**31:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 to 2147483647")
    return int(text)


def _trials(text: str) -> int:
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 on")
    return int(text)


def _minutes(text: str) -> float:
    if not re.fullmatch(r"\d+(\.\d+)?", text) or not 0.0 < float(text) <= LONGEST_TUNING:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a number of minutes above 0 and at most {LONGEST_TUNING}"
        )
    return float(text)


def _repeats(text: str) -> int | None:
    return None if text == "auto" else _count(text)


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 on")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
