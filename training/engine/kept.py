"""Finished pieces on disk until their bundle is written: what a run that was cut off leaves.

    bundle.partial/1f0c...e2.member    one member, named by the digest of all it depends on

A piece of other records, settings or code has another name, and so is never taken for this run's.
"""

import logging
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from features.plurals import counted
from features.tables import InvalidInputError
from models.risk import Member

logger = logging.getLogger("training")


@dataclass(frozen=True)
class Form:
    """How one kind of piece lies on disk: its file's ending, and what reads its bytes.

    `from_bytes` raises InvalidInputError for bytes that are not whole.
    """

    ending: str
    from_bytes: Callable[[bytes], Any]


MEMBER = Form(".member", Member.from_bytes)


class Kept:
    """The pieces in one folder, which is made with the first of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.left = {path.name for path in folder.glob("*.*") if not _is_begun(path)}
        self._asked: set[str] = set()
        if self.left:
            logger.info(
                "%s: %s of a run that was cut off", folder, counted(len(self.left), "piece")
            )

    def read(self, key: str, form: Form = MEMBER) -> bytes | None:
        """The bytes of this key's piece; None where there is none.

        Raises:
            InvalidInputError: a file that is not whole.
        """
        path = self._path(key, form)
        if path.name not in self.left:
            return None
        self._asked.add(path.name)
        written = path.read_bytes()
        try:
            form.from_bytes(written)
        except InvalidInputError as fault:
            raise InvalidInputError(f"{path}: is damaged; remove it and start again") from fault
        return written

    def write(self, key: str, piece: bytes, form: Form = MEMBER) -> None:
        """Keep a piece; whoever looks finds it whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self._path(key, form)
        beginning = path.with_suffix(f".{os.getpid()}")
        beginning.write_bytes(piece)
        beginning.replace(path)

    def clear(self) -> None:
        """Remove all; says how many were of no use."""
        strange = self.left - self._asked
        if strange:
            logger.info(
                "%s: %s not used: of other records, settings or code",
                self.folder, counted(len(strange), "piece"),
            )  # fmt: skip
        if self.folder.exists():
            shutil.rmtree(self.folder)

    def _path(self, key: str, form: Form) -> Path:
        return self.folder / f"{key}{form.ending}"


def _is_begun(path: Path) -> bool:
    """Whether a run was cut off while it wrote this file, which ends in a process's number."""
    return path.suffix[1:].isdigit()
