"""The flags of a release's verbs; an empty value is none, as MLproject entries write it."""

import re
from argparse import ArgumentParser, ArgumentTypeError
from datetime import datetime
from pathlib import Path

from training.optional import path_or_none, text_or_none, yes_or_no
from training.release.registry import ALIASES


def add_plan_flags(parser: ArgumentParser) -> None:
    """Of `plan`."""
    parser.add_argument("--out", type=Path, help="file to write the default plan into")
    parser.add_argument("--check", type=Path, metavar="FILE", help="say whether a plan can be used")


def add_promote_flags(parser: ArgumentParser) -> None:
    """Of `promote`."""
    parser.add_argument("run_id", help="the MLflow run that registered the model")
    parser.add_argument("--alias", choices=ALIASES, required=True, help="which")
    parser.add_argument(
        "--frozen",
        type=path_or_none,
        metavar="DIR",
        help="frozen evaluation set to judge both models on",
    )
    parser.add_argument(
        "--plan",
        type=path_or_none,
        metavar="FILE",
        help="change plan (default: what `plan` writes)",
    )
    parser.add_argument(
        "--without-evaluation", type=text_or_none, metavar="REASON",
        help="replace a champion unjudged; the reason goes into the ledger",
    )  # fmt: skip
    _add_yes(
        parser, "--allow-virtual",
        "let a model learnt from virtual patients replace one learnt from real ones",
    )  # fmt: skip
    _add_yes(parser, "--allow-fewer-outcomes", "let a model replace one that answers more outcomes")
    parser.add_argument("--why", default="", help="what the ledger shall say of it")
    add_by(parser)


def add_rollback_flags(parser: ArgumentParser) -> None:
    """Of `rollback`."""
    parser.add_argument("--alias", choices=ALIASES, required=True, help="which")
    parser.add_argument("--why", required=True, help="the reason, for the ledger")
    add_by(parser)


def add_ledger_flags(parser: ArgumentParser) -> None:
    """Of `ledger`."""
    parser.add_argument("--verify", action="store_true", help="check every entry and verdict")
    parser.add_argument("--head", type=_digest, help="verify, and that this noted hash is in it")
    parser.add_argument(
        "--at", type=_moment, metavar="TIME", help="say what was in service then (ISO 8601)"
    )


def add_by(parser: ArgumentParser) -> None:
    """Who acts, of every verb that leaves a trace."""
    parser.add_argument("--by", type=text_or_none, metavar="NAME", help="who (default: this user)")


def _add_yes(parser: ArgumentParser, flag: str, what: str) -> None:
    """A flag that stands alone, or is followed by yes or no."""
    parser.add_argument(
        flag, nargs="?", type=yes_or_no, const=True, default=False, metavar="yes|no", help=what
    )


def _digest(text: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{64}", text):
        raise ArgumentTypeError(f"{text!r} is no hash of 64 signs, 0 to 9 and a to f")
    return text


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is no ISO 8601 time") from error
    if moment.tzinfo is None:
        raise ArgumentTypeError(f"{text!r} needs a zone, such as 2026-03-01T06:00Z")
    return moment
