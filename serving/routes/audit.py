"""Checking the audit trail, and asking a stored question again."""

from typing import Annotated

from fastapi import APIRouter, Query

from serving.audit import HASH, verify
from serving.dependencies import FOR_AUDITORS, Running
from serving.problems import Problem, ProblemError
from serving.replays import AlteredEntryError, OtherModelError, replay
from serving.routes.predict import stored_entry
from serving.schemas import BrokenAnswer, ChainAnswer, ReplayAnswer

NotedHead = Annotated[str | None, Query(pattern=f"^{HASH}$")]

router = APIRouter(prefix="/v1", tags=["audit"])


@router.get("/audit/verify", dependencies=FOR_AUDITORS)
def verify_audit(service: Running, head: NotedHead = None) -> ChainAnswer:
    """Recompute the whole chain; `head`, an entry's hash noted earlier, must still be in it."""
    report = verify(service.store.entries(), head)
    return ChainAnswer(
        holds=report.holds,
        count=report.count,
        head=report.head.entry_hash,
        broken=BrokenAnswer(**vars(report.broken)) if report.broken else None,
    )


@router.post("/predictions/{prediction_id}/replay", dependencies=FOR_AUDITORS)
def replay_prediction(prediction_id: str, service: Running) -> ReplayAnswer:
    """Answer the stored request again and compare the bytes; nothing is added to the trail."""
    try:
        again = replay(service.bundle, stored_entry(service, prediction_id))
    except OtherModelError as error:
        raise ProblemError(Problem.OTHER_MODEL, str(error)) from None
    except AlteredEntryError as error:
        raise ProblemError(Problem.FAULT, str(error)) from None
    return ReplayAnswer(
        prediction_id=again.prediction_id,
        model_version=again.model_version,
        same_bytes=again.same_bytes,
        difference=again.difference,
    )
