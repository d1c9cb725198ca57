"""Fitted members on disk until their bundle is written: what a run that was cut off leaves.

    bundle.partial/1f0c...e2.member    one member, named by the digest of all it depends on

A member of other records, settings or code has another name, and so is never taken for this run's.
"""

import logging
import os
import shutil
from pathlib import Path

from features.plurals import counted
from features.tables import InvalidInputError
from models.risk import Member

logger = logging.getLogger("training")

ENDING = ".member"


class Kept:
    """The members in one folder, which is made with the first of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.left = {path.name for path in folder.glob(f"*{ENDING}")}
        self._asked: set[str] = set()
        if self.left:
            logger.info(
                "%s: %s of a run that was cut off", folder, counted(len(self.left), "member")
            )

    def read(self, key: str) -> bytes | None:
        """The member of this key; None where there is none.

        Raises:
            InvalidInputError: a file that is not whole.
        """
        path = self._path(key)
        if path.name not in self.left:
            return None
        self._asked.add(path.name)
        written = path.read_bytes()
        try:
            Member.from_bytes(written)
        except InvalidInputError as fault:
            raise InvalidInputError(f"{path}: is damaged; remove it and start again") from fault
        return written

    def write(self, key: str, member: bytes) -> None:
        """Keep a member; whoever looks finds it whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self._path(key)
        beginning = path.with_suffix(f".{os.getpid()}")
        beginning.write_bytes(member)
        beginning.replace(path)

    def clear(self) -> None:
        """Remove all; says how many were of no use."""
        strange = self.left - self._asked
        if strange:
            logger.info(
                "%s: %s not used: of other records, settings or code",
                self.folder, counted(len(strange), "member"),
            )  # fmt: skip
        if self.folder.exists():
            shutil.rmtree(self.folder)

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}{ENDING}"
