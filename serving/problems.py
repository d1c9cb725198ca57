"""Errors as RFC 9457 problem documents: every refusal says what, where and which limit."""

import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from features.tables import InvalidInputError
from serving.canonical import ordered_json
from serving.store import StoreError

LOG = logging.getLogger("serving.problems")
Handler = Callable[[Request, Exception], Coroutine[Any, Any, Response]]
MEDIA_TYPE = "application/problem+json"
MOST_ERRORS = 100
"""Places named in one answer; the detail counts the rest."""


@dataclass(frozen=True)
class ProblemType:
    """One kind of problem: the last part of its URN, the status and the title it always has."""

    name: str
    status: int
    title: str


class Problem(Enum):
    """Every problem that the service answers with."""

    NOT_JSON = ProblemType("not-json", 400, "The body is not JSON")
    DUPLICATE_KEY = ProblemType("duplicate-key", 400, "A key stands twice in the body")
    NOT_AUTHENTICATED = ProblemType("not-authenticated", 401, "A valid bearer token is needed")
    NOT_ALLOWED = ProblemType("not-allowed", 403, "The token's scopes do not allow this")
    NOT_FOUND = ProblemType("not-found", 404, "There is nothing here")
    WRONG_METHOD = ProblemType("wrong-method", 405, "This method is not offered here")
    OTHER_MODEL = ProblemType("other-model", 409, "Another model answered this question")
    TOO_LARGE = ProblemType("too-large", 413, "The body is too large")
    WRONG_MEDIA_TYPE = ProblemType("wrong-media-type", 415, "The body must be application/json")
    INVALID_REQUEST = ProblemType("invalid-request", 422, "The request breaks its contract")
    INVALID_RECORDS = ProblemType("invalid-records", 422, "The records cannot be used")
    REFUSED = ProblemType("refused", 400, "The request was refused")
    FAULT = ProblemType("fault", 500, "A fault of this service")
    NOT_READY = ProblemType("not-ready", 503, "The service cannot answer now")


@dataclass(frozen=True)
class FieldError:
    """What is wrong at one place of the body; `pointer` is a JSON pointer (RFC 6901)."""

    pointer: str
    detail: str


class ProblemError(Exception):
    """A refusal that becomes a problem document."""

    def __init__(
        self,
        problem: Problem,
        detail: str,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(problem.name)
        self.problem, self.detail = problem, detail
        self.errors, self.headers = tuple(errors), headers


BY_STATUS = {
    404: Problem.NOT_FOUND,
    405: Problem.WRONG_METHOD,
    413: Problem.TOO_LARGE,
    415: Problem.WRONG_MEDIA_TYPE,
}


def problem_response(request: Request, error: ProblemError) -> Response:
    """The problem document of an error; `instance` is the request's number in the log."""
    kind = error.problem.value
    document: dict[str, object] = {
        "type": f"urn:crs-risk:problem:{kind.name}",
        "title": kind.title,
        "status": kind.status,
        "detail": error.detail,
        "instance": f"urn:uuid:{request.state.request_id}",
    }
    if error.errors:
        shown = error.errors[:MOST_ERRORS]
        document["errors"] = [{"pointer": e.pointer, "detail": e.detail} for e in shown]
    return Response(
        ordered_json(document), kind.status, dict(error.headers or {}), media_type=MEDIA_TYPE
    )


def _of_parameters(error: RequestValidationError) -> ProblemError:
    places = [FieldError("/".join(map(str, e["loc"])), e["msg"]) for e in error.errors()]
    detail = "A parameter of the address is not as it should be."
    return ProblemError(Problem.INVALID_REQUEST, detail, places)


def _of_framework(error: HTTPException) -> ProblemError:
    problem = BY_STATUS.get(error.status_code, Problem.REFUSED)
    return ProblemError(problem, "See /openapi.json for what is offered.", headers=error.headers)


def _of_store(error: StoreError) -> ProblemError:
    LOG.error("audit trail not available", extra={"fields": {"reason": str(error)}})
    return ProblemError(Problem.NOT_READY, NO_DATABASE, headers={"Retry-After": "5"})


NO_DATABASE = "The audit trail cannot be reached, and no answer leaves without its entry."
OUR_FAULT = "It is in the log under the number of this instance; the request may be fine."

TRANSLATIONS: tuple[tuple[type[Exception], Callable[[Any], ProblemError]], ...] = (
    (ProblemError, lambda error: error),
    (InvalidInputError, lambda error: ProblemError(Problem.INVALID_RECORDS, str(error))),
    (RequestValidationError, _of_parameters),
    (HTTPException, _of_framework),
    (StoreError, _of_store),
    (Exception, lambda _: ProblemError(Problem.FAULT, OUR_FAULT)),
)
"""What each kind of error is to the caller; the last is for all that nobody thought of."""


def answer_with_problems(app: FastAPI) -> None:
    """Let every error leave the application as a problem document."""
    for error, translate in TRANSLATIONS:
        app.add_exception_handler(error, _handler(translate))


def _handler(translate: Callable[[Any], ProblemError]) -> Handler:
    async def handle(request: Request, error: Exception) -> Response:
        return problem_response(request, translate(error))

    return handle
