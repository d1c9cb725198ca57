"""What routes ask for: the running service, the caller with a scope, the body within its limit."""

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request

from serving.problems import Problem, ProblemError
from serving.schemas import MOST_BODY_BYTES
from serving.service import Service
from serving.settings import Auth, Scope, Token

MOST_DISCARDED_BYTES = 8 * MOST_BODY_BYTES
ANYONE = "anyone"
"""The caller's name in the audit trail where authentication is off."""


def running_service(request: Request) -> Service:
    """The service that the application's lifespan put in place."""
    service: Service = request.app.state.service
    return service


Running = Annotated[Service, Depends(running_service)]


def caller_with(scope: Scope) -> Callable[[Request, Service], str]:
    """A dependency that gives the caller's name, or refuses who lacks the scope."""

    def caller(request: Request, service: Running) -> str:
        if service.settings.auth is Auth.OFF:
            return ANYONE
        token = _token(request, service.settings.tokens)
        if not token.scopes & {scope, Scope.ADMIN}:
            raise ProblemError(Problem.NOT_ALLOWED, f"It needs the scope {scope.value}.")
        return token.name

    return caller


def _token(request: Request, tokens: tuple[Token, ...]) -> Token:
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        for token in tokens:
            if token.opens_with(secret.strip()):
                return token
    raise ProblemError(
        Problem.NOT_AUTHENTICATED,
        "Send the header `Authorization: Bearer ...` with a token of this service.",
        headers={"WWW-Authenticate": 'Bearer realm="crs-risk"'},
    )


async def json_body(request: Request) -> bytes:
    """The body's bytes; what goes beyond the limit is read but not kept, so that the caller can
    hear the refusal instead of a broken connection."""
    _check_media_type(request)
    body, size = bytearray(), 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= MOST_BODY_BYTES:
            body += chunk
        elif size > MOST_DISCARDED_BYTES:
            break
    if size > MOST_BODY_BYTES:
        raise ProblemError(Problem.TOO_LARGE, f"The body has more than {MOST_BODY_BYTES} bytes.")
    return bytes(body)


def _check_media_type(request: Request) -> None:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        detail = f"The content type is {media_type or 'missing'!r}, not 'application/json'."
        raise ProblemError(Problem.WRONG_MEDIA_TYPE, detail)


JsonBody = Annotated[bytes, Depends(json_body)]
Predictor = Annotated[str, Depends(caller_with(Scope.PREDICT))]
FOR_READERS = [Depends(caller_with(Scope.READ))]
FOR_AUDITORS = [Depends(caller_with(Scope.AUDIT))]
