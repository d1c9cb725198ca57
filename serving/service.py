"""The running service: a bundle that answers and a store that remembers."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

from models.bundle import Bundle
from serving.answers import answer_bytes, instant
from serving.audit import Draft, Entry, EntryKind
from serving.settings import Settings
from serving.store import Store


@dataclass(frozen=True)
class Service:
    """What every request shares; all of it is safe to use from several threads."""

    settings: Settings
    bundle: Bundle
    store: Store
    code_version: str

    def ask(self, body: bytes, actor: str) -> Entry:
        """Answer a question; the entry it returns is on the disk, and its answer may leave.

        Raises ProblemError or InvalidInputError for a question that cannot be answered: these
        leave no entry.
        """
        asked_at, prediction_id = datetime.now(UTC), str(uuid4())
        return self.store.append(
            Draft(
                kind=EntryKind.PREDICTION.value,
                prediction_id=prediction_id,
                occurred_at=instant(asked_at),
                actor=actor,
                model_version=self.bundle.version,
                code_version=self.code_version,
                request=body,
                answer=answer_bytes(self.bundle, body, prediction_id, asked_at),
            )
        )
