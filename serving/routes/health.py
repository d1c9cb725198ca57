"""Whether the process lives, and whether it can answer; open to everybody, and without content."""

from fastapi import APIRouter

from serving.dependencies import Running

router = APIRouter(tags=["health"])


@router.get("/healthz")
def process_lives() -> dict[str, str]:
    """The process answers."""
    return {"status": "alive"}


@router.get("/readyz")
def service_is_ready(service: Running) -> dict[str, str]:
    """The model is loaded and the audit trail can be read; 503 where it cannot."""
    service.store.head()
    return {"status": "ready"}
