"""`python -m serving`: start the service, or look into its audit trail."""

import argparse
import os
import re
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import NoReturn

import uvicorn

from features.tables import InvalidInputError
from serving.app import create_app
from serving.audit import HASH, UnreadableEntriesError
from serving.commands import (
    DONE,
    FAULT,
    WRONG_INPUT,
    Shown,
    WrongInputError,
    export_trail,
    list_entries,
    replay_entry,
    show_entry,
    verify_trail,
)
from serving.logs import write_lines_to_stderr
from serving.model_source import ModelSourceError, bundle_from
from serving.settings import PREFIX, SETTINGS, Settings, SettingsError, read_settings
from serving.store import Store, StoreError, open_existing_store, open_store

USAGE_ERRORS = (
    SettingsError, StoreError, WrongInputError, InvalidInputError,
    OSError,  # a path that cannot be read or written
)  # fmt: skip
SERVE_EXAMPLE = "example: python -m serving --model models:/crs-risk@champion --port 8000"


def main(arguments: Sequence[str]) -> int:
    """Run one command; returns its exit status: 0 done, 1 a fault of ours, 2 wrong use or input."""
    try:
        if arguments[:1] == ["audit"]:
            return _audit(arguments[1:])
        return _serve(arguments)
    except USAGE_ERRORS as error:
        return _fail(error, WRONG_INPUT)
    except ModelSourceError as error:
        return _fail(error, error.status)
    except UnreadableEntriesError as error:
        return _fail(error, FAULT)


def _fail(error: Exception, status: int) -> int:
    print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
    return status


def _serve(arguments: Sequence[str]) -> int:
    given = _serve_parser().parse_args(arguments)
    settings = read_settings(
        os.environ, model=given.model, host=given.host, port=given.port, database_url=given.database
    )
    _check_model_is_named(settings.model)
    with _listening(settings) as listening, bundle_from(settings.model) as bundle:
        open_store(settings.database_url).close()  # a wrong database stops the start in one line
        write_lines_to_stderr()
        app = create_app(settings, bundle)
        host, port = listening.getsockname()[:2]
        server = _Server(
            uvicorn.Config(app, log_config=None, access_log=False, server_header=False),
            f"model {bundle.version} answers on http://{_bracketed(host)}:{port}",
        )
        return _until_told_to_stop(server, listening)


class _Server(uvicorn.Server):
    """A server that says where it answers once it does."""

    def __init__(self, config: uvicorn.Config, announcement: str) -> None:
        super().__init__(config)
        self._announcement = announcement

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            print(self._announcement, flush=True)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _until_told_to_stop(server: uvicorn.Server, listening: socket.socket) -> int:
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    server.run(sockets=[listening])
    return DONE if server.started else FAULT


def _stop(_signal: int, _frame: FrameType | None) -> NoReturn:
    """Stopping when told to is done work: the server has already finished its answers."""
    raise SystemExit(DONE)


def _listening(settings: Settings) -> socket.socket:
    """A socket that already queues callers while the model warms up."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family, backlog=128)
    except OSError as error:
        place = f"{settings.host}:{settings.port}"
        raise SettingsError(f"{place}: cannot listen there: {error.strerror}") from None


def _check_model_is_named(model: str) -> None:
    if not model:
        raise SettingsError(f"no model: give --model or set {PREFIX}MODEL")


def _serve_parser() -> argparse.ArgumentParser:
    settings = "\n".join(f"  {PREFIX}{s.variable:<14} {s.meaning}" for s in SETTINGS)
    parser = argparse.ArgumentParser(
        prog="python -m serving",
        description="Answer questions about risk over HTTP, with one audit entry an answer.\n"
        "`python -m serving audit --help` looks into the audit trail.",
        epilog=f"environment (a flag counts more):\n{settings}\n\n{SERVE_EXAMPLE}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--model", metavar="DIR|URI", help="bundle folder, models:/... or runs:/..."
    )
    parser.add_argument("--host", help=f"address to listen on (default: {Settings.host})")
    parser.add_argument("--port", help=f"0: any free one (default: {Settings.port})")
    _add_database(parser)
    return parser


def _audit(arguments: Sequence[str]) -> int:
    given = _audit_parser().parse_args(arguments)
    settings = read_settings(os.environ, database_url=given.database)
    store = open_existing_store(settings.database_url)
    try:
        shown = VERBS[given.verb].run(store, given, settings)
    finally:
        store.close()
    print("\n".join(shown.lines))
    return shown.status


def _replay(store: Store, given: argparse.Namespace, settings: Settings) -> Shown:
    model = given.model or settings.model
    _check_model_is_named(model)
    return replay_entry(store, given.id, model)


@dataclass(frozen=True)
class Verb:
    """One verb of `audit`: what it does, an example's arguments, its flags and its function."""

    meaning: str
    example: str
    add_arguments: Callable[[argparse.ArgumentParser], object]
    run: Callable[[Store, argparse.Namespace, Settings], Shown]


def _add_id(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", help="prediction_id of an answer")


def _add_replay(parser: argparse.ArgumentParser) -> None:
    _add_id(parser)
    parser.add_argument("--model", metavar="DIR|URI", help="the bundle that gave the answer")


def _add_last(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--last", type=_count, default=20, metavar="N", help="how many (default: %(default)s)"
    )


def _add_head(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--head", type=_hash, metavar="HASH", help="an entry's hash noted earlier")


def _count(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to 999999999")
    return int(text)


def _hash(text: str) -> str:
    if not re.fullmatch(HASH, text.lower()):
        raise argparse.ArgumentTypeError(f"{text!r} is not a hash of 64 hexadecimal digits")
    return text.lower()


def _add_out(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="a new folder")


VERBS = {
    "verify": Verb(
        "recompute the whole chain and name the first entry that does not hold (status 1)",
        "--head 3f6c0d...",
        _add_head,
        lambda store, given, _: verify_trail(store, given.head),
    ),
    "list": Verb(
        "list the newest entries, without patients' data",
        "--last 5",
        _add_last,
        lambda store, given, _: list_entries(store, given.last),
    ),
    "show": Verb(
        "show one entry with its request and answer (patient data)",
        "1c9f2a...",
        _add_id,
        lambda store, given, _: show_entry(store, given.id),
    ),
    "replay": Verb(
        "answer the stored request again and compare the bytes",
        "1c9f2a... --model build/bundle",
        _add_replay,
        _replay,
    ),
    "export": Verb(
        "write every entry as a line of JSON (patient data)",
        "--out build/audit",
        _add_out,
        lambda store, given, _: export_trail(store, given.out),
    ),
}


def _audit_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m serving audit",
        description="Look into the audit trail: one sealed entry for every answer that left.",
        epilog="example: python -m serving audit verify",
    )
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for name, verb in VERBS.items():
        meaning = f"{verb.meaning[0].upper()}{verb.meaning[1:]}."
        example = f"example: python -m serving audit {name} {verb.example}"
        one = verbs.add_parser(
            name, help=verb.meaning, description=meaning, epilog=example, allow_abbrev=False
        )
        verb.add_arguments(one)
        _add_database(one)
    return parser


def _add_database(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--database", metavar="URL", help=f"audit trail (default: {Settings.database_url})"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
