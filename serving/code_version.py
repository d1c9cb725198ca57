"""Which code answered: a digest of the source files that an answer depends on."""

import hashlib
from pathlib import Path

PACKAGES = ("features", "models", "serving")


def code_version() -> str:
    """SHA-256 (hexadecimal) over names and bytes of every Python file of the three packages."""
    root = Path(__file__).parent.parent
    digest = hashlib.sha256()
    for file in sorted(path for package in PACKAGES for path in (root / package).rglob("*.py")):
        content = hashlib.sha256(file.read_bytes()).hexdigest()
        digest.update(f"{file.relative_to(root).as_posix()} {content}\n".encode())
    return digest.hexdigest()
