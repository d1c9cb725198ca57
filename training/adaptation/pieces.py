"""Finished pieces of an adaptation, kept until its bundle is written, by what they depend on."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any, TypeVar

from features.tables import InvalidInputError
from models.code_version import LEARNING, code_version
from models.risk import LINE_END, Member
from training.adaptation.local import Local
from training.adaptation.ways import Piece, Task, piece_of
from training.engine.committee import FITTED_BY
from training.engine.kept import Form, Kept
from training.judging.rows.shrunk import Line

Made = TypeVar("Made")
Place = tuple[str | int, ...]
LIBRARIES = (*FITTED_BY, "scipy")
"""The libraries of which another version may make another piece."""


@dataclass(frozen=True)
class Pieces:
    """Makes each piece once: one that a run that was cut off has left is read instead.

    `given` is the digest of all that the pieces of one outcome share (`digest_of`); a piece's place
    among them says the rest. Without `kept` every piece is made.
    """

    kept: Kept | None = None
    given: bytes = b""

    def of_way(self, task: Task, place: Place, fit: Callable[[], Piece]) -> Piece:
        """The fit of one way without one fold."""
        written = self._once(place, FIT, lambda: _fit_bytes(fit()))
        return fit() if written is None else piece_of(task, *_read_fit(written))

    def of_curve(self, place: Place, judge: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """One step of the learning curve, as plain values of JSON."""
        written = self._once(place, STEP, lambda: json.dumps(judge()).encode())
        return judge() if written is None else _read_step(written)

    def _once(self, place: Place, form: Form, make: Callable[[], bytes]) -> bytes | None:
        """The bytes of a piece, read or made and kept; None where nothing is kept."""
        if self.kept is None:
            return None
        key = hashlib.sha256(self.given + json.dumps(place).encode()).hexdigest()
        written = self.kept.read(key, form)
        if written is None:
            written = make()
            self.kept.write(key, written, form)
        return written


def digest_of(task: Task, local: Local, parent: str) -> bytes:
    """SHA-256 over what every piece is a function of: rows, labels, the prior, the shipped bundle's
    version, the seed, code and libraries."""
    prior = task.prior
    stated = {
        "outcome": task.outcome,
        "columns": (task.local_columns, task.all_columns),
        "parent": parent,
        "prior": None if prior is None else (prior.patients, prior.virtual),
        "rows": (list(local.rows), len(local.rows)),
        "patients": local.patient.tolist(),
        "seed": task.seed,
        "code": code_version((*LEARNING, "training")),
        "libraries": {name: version(name) for name in LIBRARIES},
    }
    digest = hashlib.sha256(json.dumps(stated, sort_keys=True).encode())
    tables = [local.rows] if prior is None else [local.rows, prior.rows]
    targets = [] if prior is None else [prior.target]
    for array in (local.target, local.label, local.judged, local.shipped, *targets):
        digest.update(array.tobytes())
    for table in tables:
        for name in table:
            digest.update(table[name].to_numpy().tobytes())
    return digest.digest()


def _fit_bytes(piece: Piece) -> bytes:
    """The line as a line of JSON, and the member behind it."""
    if piece.member is None:
        raise ValueError("only fits with trees are worth keeping")
    return json.dumps(asdict(piece.line)).encode() + LINE_END + piece.member.to_bytes()


def _read_fit(written: bytes) -> tuple[Line, Member]:
    stated, _, member = written.partition(LINE_END)
    try:
        known = json.loads(stated)
        line = Line(known["intercept"], known["slope"], tuple(known["covariance"]))
    except (KeyError, TypeError, ValueError) as fault:
        raise InvalidInputError("these bytes are no fit of a way") from fault
    return line, Member.from_bytes(member)


def _read_step(written: bytes) -> dict[str, Any]:
    try:
        step = json.loads(written)
        return {"chosen": step["chosen"], "risks": step["risks"]}
    except (KeyError, TypeError, ValueError) as fault:
        raise InvalidInputError("these bytes are no step of a learning curve") from fault


FIT, STEP = Form(".fit", _read_fit), Form(".step", _read_step)
