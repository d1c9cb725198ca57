"""The application: where settings, bundle, store and routes come together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from fastapi import FastAPI
from pydantic.json_schema import models_json_schema

from models.bundle import Bundle
from models.code_version import ANSWERING, code_version
from serving.answers import DISCLAIMER, warm_up
from serving.logs import RequestLog
from serving.problems import MEDIA_TYPE, answer_with_problems
from serving.routes import audit, health, pages, predict
from serving.schemas import PredictionRequest, ProblemAnswer
from serving.service import Service
from serving.settings import Settings
from serving.store import open_store

TITLE = "crs-risk"
API_VERSION = "1"
PROBLEM_RESPONSE: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "A problem (RFC 9457)",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemAnswer"}}},
    }
}


class Application(FastAPI):
    """FastAPI, whose OpenAPI document also has the types that routes read and write as bytes."""

    def openapi(self) -> dict[str, Any]:
        """The document; its components hold every type that a route names."""
        document = super().openapi()
        document["components"]["schemas"] |= _types_of_bytes()
        return document


def _types_of_bytes() -> dict[str, Any]:
    _, definitions = models_json_schema(
        [(PredictionRequest, "validation"), (ProblemAnswer, "serialization")],
        ref_template="#/components/schemas/{model}",
    )
    schemas: dict[str, Any] = definitions["$defs"]
    return schemas


def create_app(settings: Settings, bundle: Bundle) -> FastAPI:
    """The application around one bundle; its lifespan opens the store and warms the model up."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        store = open_store(settings.database_url)
        try:
            warm_up(bundle, datetime.now(UTC))
            app.state.service = Service(settings, bundle, store, code_version(ANSWERING))
            yield
        finally:
            store.close()

    app = Application(
        title=TITLE,
        version=API_VERSION,
        description=DISCLAIMER,
        lifespan=lifespan,
        docs_url=None,  # FastAPI's page runs scripts from another host beside patients' data
        redoc_url=None,
        redirect_slashes=False,
        responses=PROBLEM_RESPONSE,
        # Its telemetry would hand messages of exceptions, which quote values, to any exporter.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    app.add_middleware(RequestLog)
    answer_with_problems(app)
    for group in (predict, audit, health, pages):
        app.include_router(group.router)
    return app
