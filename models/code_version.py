"""Which code made a model, or answered: a digest of the source files that matter."""

import hashlib
from functools import cache
from pathlib import Path

LEARNING = ("features", "models")
ANSWERING = ("features", "models", "serving")


@cache
def code_version(packages: tuple[str, ...] = LEARNING) -> str:
    """SHA-256 (hexadecimal) over names and bytes of every Python file of these packages."""
    root = Path(__file__).parent.parent
    digest = hashlib.sha256()
    for file in sorted(path for package in packages for path in (root / package).rglob("*.py")):
        content = hashlib.sha256(file.read_bytes()).hexdigest()
        digest.update(f"{file.relative_to(root).as_posix()} {content}\n".encode())
    return digest.hexdigest()
