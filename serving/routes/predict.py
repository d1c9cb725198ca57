"""Asking for a prediction, reading one again, and the model that answers."""

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from serving.answers import DISCLAIMER
from serving.audit import Entry, is_intact
from serving.dependencies import FOR_READERS, JsonBody, Predictor, Running
from serving.problems import Problem, ProblemError
from serving.schemas import ModelAnswer, PredictionAnswer
from serving.service import Service

router = APIRouter(prefix="/v1", tags=["predictions"])

REQUEST_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/PredictionRequest"}}
        },
    }
}


@router.post(
    "/predictions", status_code=201, response_model=PredictionAnswer, openapi_extra=REQUEST_BODY
)
def create_prediction(
    request: Request, caller: Predictor, body: JsonBody, service: Running
) -> Response:
    """Predict from the records in the body, and keep question and answer in the audit trail.

    `Location` is where the answer can be read again. `Audit-Entry` is the number and hash of the
    entry: kept by the caller, it shows whether the trail was shortened or rewritten later.
    """
    entry = service.ask(body, caller)
    _note(request, entry)
    headers = {
        "Location": f"/v1/predictions/{entry.prediction_id}",
        "Audit-Entry": f"{entry.sequence} {entry.entry_hash}",
    }
    return Response(entry.answer, 201, headers, media_type="application/json")


@router.get(
    "/predictions/{prediction_id}", response_model=PredictionAnswer, dependencies=FOR_READERS
)
def read_prediction(request: Request, prediction_id: str, service: Running) -> Response:
    """An earlier answer, byte for byte as it left."""
    entry = stored_entry(service, prediction_id)
    _note(request, entry)
    if not is_intact(entry):
        raise ProblemError(Problem.FAULT, "The stored answer was altered and is not given out.")
    return Response(entry.answer, media_type="application/json")


@router.get("/model", dependencies=FOR_READERS)
def read_model(service: Running) -> ModelAnswer:
    """The model that answers: version, outcomes, what it learnt from, its card."""
    bundle = service.bundle
    return ModelAnswer(
        model_version=bundle.version,
        outcomes=[str(outcome) for outcome in bundle.outcomes],
        horizon_hours=bundle.horizon_hours,
        features=len(bundle.feature_names),
        learnt_from=bundle.card.learnt_from,
        card=asdict(bundle.card),
        disclaimer=DISCLAIMER,
    )


def stored_entry(service: Service, prediction_id: str) -> Entry:
    """The entry of the prediction; raises ProblemError NOT_FOUND where there is none."""
    entry = service.store.entry(prediction_id)
    if entry is None:
        raise ProblemError(Problem.NOT_FOUND, "No prediction has this number.")
    return entry


def _note(request: Request, entry: Entry) -> None:
    """Put the prediction into the request's log line."""
    request.state.noted = {"prediction_id": entry.prediction_id, "audit_entry": entry.entry_hash}
