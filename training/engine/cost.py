"""What the pieces of a run have cost, by worker."""

from dataclasses import dataclass
from time import perf_counter
from typing import Any

from training.engine.work import Done

MIB = 2**20


@dataclass(frozen=True)
class Share:
    """What one worker did: pieces, the seconds they took, and the bytes that went there and back.

    >>> Share(1, 2.0, 10, 20).joined(Share(2, 3.0, 0, 5))
    Share(tasks=3, seconds=5.0, sent=10, received=25)
    """

    tasks: int = 0
    seconds: float = 0.0
    sent: int = 0
    received: int = 0

    def joined(self, other: "Share") -> "Share":
        """Both together."""
        return Share(
            self.tasks + other.tasks,
            self.seconds + other.seconds,
            self.sent + other.sent,
            self.received + other.received,
        )


class Cost:
    """Adds up pieces as they are done; its clock starts with it."""

    def __init__(self) -> None:
        self._began = perf_counter()
        self.by_worker: dict[str, Share] = {}

    def add(self, done: Done) -> None:
        """Count one piece more."""
        known = self.by_worker.get(done.worker, Share())
        piece = Share(1, done.seconds, done.sent, done.received)
        self.by_worker[done.worker] = known.joined(piece)

    @property
    def total(self) -> Share:
        """What all workers did together."""
        total = Share()
        for share in self.by_worker.values():
            total = total.joined(share)
        return total

    def figures(self) -> dict[str, float]:
        """The run so far in numbers: seconds by the clock and of workers, pieces, bytes."""
        total = self.total
        return {
            "work/wall_seconds": perf_counter() - self._began,
            "work/worker_seconds": total.seconds,
            "work/workers": float(len(self.by_worker)),
            "work/tasks": float(total.tasks),
            "work/bytes_sent": float(total.sent),
            "work/bytes_received": float(total.received),
        }

    def shares(self) -> list[dict[str, Any]]:
        """A line a worker, for a table: worker, tasks, seconds, bytes sent and received."""
        return [
            {
                "worker": worker,
                "tasks": share.tasks,
                "seconds": round(share.seconds, 3),
                "bytes_sent": share.sent,
                "bytes_received": share.received,
            }
            for worker, share in sorted(self.by_worker.items())
        ]

    def lines(self) -> list[str]:
        """The same in words: one line of all, then one a worker where there are several."""
        found = self.figures()
        several = self.by_worker.items() if len(self.by_worker) > 1 else ()
        whole = (
            f"work: {found['work/worker_seconds']:.1f} worker-seconds in "
            f"{found['work/wall_seconds']:.1f} s by the clock, {_told(self.total)}"
        )
        return [
            whole,
            *(f"  {worker}: {share.seconds:.1f} s, {_told(share)}" for worker, share in several),
        ]


def _told(share: Share) -> str:
    crossed = share.sent + share.received
    moved = f", {share.sent / MIB:.1f} MiB sent, {share.received / MIB:.1f} MiB back"
    return f"{share.tasks} tasks{moved if crossed else ''}"
