"""Where a model comes from: a bundle folder, or a registry address fetched by a child process."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from models.bundle import Bundle, load_bundle

REGISTRY_SCHEMES = ("models:/", "runs:/")
USAGE_STATUS = 2


class ModelSourceError(Exception):
    """A model that cannot be had: the message says which and why; `status` is the exit status."""

    def __init__(self, message: str, status: int = USAGE_STATUS) -> None:
        super().__init__(message)
        self.status = status


@contextmanager
def bundle_from(model: str) -> Iterator[Bundle]:
    """The bundle in a folder or at a registry address; a fetched folder lives as long as this.

    Raises ModelSourceError where there is none, InvalidBundleError where a byte of it changed.
    """
    if not model.startswith(REGISTRY_SCHEMES):
        if not Path(model).is_dir():
            raise ModelSourceError(f"{model}: there is no such bundle folder")
        yield load_bundle(Path(model), threads=1)
        return
    with TemporaryDirectory(prefix="crs-risk-bundle-") as folder:
        _fetch(model, Path(folder) / "bundle")
        yield load_bundle(Path(folder) / "bundle", threads=1)


def _fetch(model: str, folder: Path) -> None:
    """Let training fetch it: the registry's library stays out of this process."""
    command = [sys.executable, "-m", "training", "fetch", "--model", model, "--out", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own words
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        status = USAGE_STATUS if done.returncode == USAGE_STATUS else 1
        raise ModelSourceError(
            f"{model}: it cannot be fetched: {lines[-1].removeprefix('error: ')}", status
        )
