"""What a run asks of an engine: the feature rows of a cohort, and the members of a committee."""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from features.arrays import moments_of
from features.declared import Column
from models.risk import Member
from training.engine.chunks import chunk_numbers, chunks_of, rows_of
from training.engine.committee import Committee, fit_bytes
from training.engine.kept import Kept
from training.engine.work import Done, Function, ThisProcess, Workers
from training.progress import progress

logger = logging.getLogger("training")

ROWS_AT_ONCE = 50_000
"""Feature rows computed together: some 100 MiB of a chunk, and nothing to gain from more."""


def _nobody(_done: Done) -> None:
    """Hear of a piece that was done, and do nothing."""


@dataclass(frozen=True)
class Engine:
    """Does the long work of a run; its answers do not depend on who its workers are.

    `rows_at_once` bounds the feature rows that are computed together, `kept` is where fitted
    members outlive a run that is cut off (None: nowhere), `tell` hears of each piece done.
    """

    workers: Workers = field(default_factory=ThisProcess)
    rows_at_once: int = ROWS_AT_ONCE
    kept: Kept | None = None
    tell: Callable[[Done], None] = _nobody

    def feature_rows(
        self,
        events: pd.DataFrame,
        as_of: pd.DataFrame,
        columns: Sequence[Column],
        what: str = "feature rows",
    ) -> pd.DataFrame:
        """What `features.matrix.feature_rows` gives, computed in chunks of whole patients."""
        numbers = chunk_numbers(as_of, self.rows_at_once)
        values = np.empty((len(as_of), len(columns)), dtype=np.float32)
        chunks = chunks_of(events, as_of, numbers)
        for done in self._each(rows_of, tuple(columns), chunks, int(numbers.max()) + 1, what):
            places, found = done.result
            values[places] = found
        names = pd.Index([column.name for column in columns])
        return pd.DataFrame(values, index=moments_of(as_of).index, columns=names, copy=False)

    def members(self, committee: Committee, what: str) -> list[Member]:
        """A committee's members, in the order of its splits."""
        numbers = range(len(committee.splits))
        found = self._kept_of(committee, what)
        missing = [number for number in numbers if number not in found]
        sent = committee.compact() if self.workers.apart and missing else committee
        for done in self._each(fit_bytes, sent, missing, len(missing), what):
            number = missing[done.place]
            found[number] = done.result
            if self.kept is not None:
                self.kept.write(committee.key(number), done.result)
        return [Member.from_bytes(found[number]) for number in numbers]

    def _kept_of(self, committee: Committee, what: str) -> dict[int, bytes]:
        """The members that an interrupted run has left, by number."""
        if self.kept is None:
            return {}
        keys = {number: committee.key(number) for number in range(len(committee.splits))}
        found = {number: self.kept.read(key) for number, key in keys.items()}
        known = {number: member for number, member in found.items() if member is not None}
        if known:
            logger.info("%s: %d of %d taken up again", what, len(known), len(keys))
        return known

    def _each(
        self, function: Function, shared: Any, pieces: Iterable[Any], total: int, what: str
    ) -> Iterator[Done]:
        """Do the pieces, telling of each, with a bar where there are several."""
        work = self.workers.each(function, shared, pieces)
        for done in progress(work, total, what) if total > 1 else work:
            self.tell(done)
            yield done


LOCAL = Engine()
"""Everything in this process; nothing is kept, nobody is told."""
