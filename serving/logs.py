"""Log lines: one JSON object each, with nothing in it that a patient could be known by.

A request's line has method, route template, status and duration; never a body, a query or a
filled-in path. An exception is written as its type and the places it passed, without its message:
messages quote values.
"""

import json
import logging
import time
import traceback
from datetime import UTC, datetime
from uuid import uuid4

from starlette.types import ASGIApp, Message, Receive, Scope, Send

REQUESTS = logging.getLogger("serving.requests")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class LineFormatter(logging.Formatter):
    """A log record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without a line break at its end."""
        moment = datetime.fromtimestamp(record.created, UTC)
        line = {
            "time": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = error_places(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False)


def error_places(error: BaseException) -> list[str]:
    """The error's type and where it came from, innermost last; causes first; no messages."""
    places = traceback.extract_tb(error.__traceback__)
    own = [type(error).__name__, *(f"{p.filename}:{p.lineno} {p.name}" for p in places)]
    cause = error.__cause__ or error.__context__
    return [*error_places(cause), *own] if cause else own


def write_lines_to_stderr() -> None:
    """Send every logger's lines to standard error in this form."""
    handler = logging.StreamHandler()
    handler.setFormatter(LineFormatter())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)


class RequestLog:
    """Middleware: numbers every request and writes its one line when it is over."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and note what became of it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, status = time.perf_counter(), 500
        state = scope.setdefault("state", {})
        state["request_id"] = str(uuid4())

        async def send_and_note(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self.app(scope, receive, send_and_note)
        finally:
            REQUESTS.info("request", extra={"fields": _line(scope, status, started)})


def _line(scope: Scope, status: int, started: float) -> dict[str, object]:
    state = scope["state"]
    return {
        "request_id": state["request_id"],
        "method": scope["method"] if scope["method"] in METHODS else "other",
        "route": getattr(scope.get("route"), "path", "none"),
        "status": status,
        "duration_ms": round((time.perf_counter() - started) * 1000, 2),
        **state.get("noted", {}),
    }
