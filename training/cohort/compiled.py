"""Compiled code in many small files: what is cached follows every file that it was made from.

numba renews a cached binary only when the file of the cached function itself changes. So the small
functions are `inlined` and never cached on their own; the two that Python calls (`advance` and
`decide`) are made by a function of `SOURCES`, which numba keeps in the key of its cache.
"""

import hashlib
from pathlib import Path

import numba

inlined = numba.njit(nogil=True)
"""Compiled into whoever calls it."""

entry = numba.njit(cache=True, nogil=True)
"""Called from Python, and cached; to be made by a function of `SOURCES`."""


def _digest(room: Path) -> str:
    """Of every source file below `room`, by name and content."""
    digest = hashlib.sha256()
    for path in sorted(room.rglob("*.py")):
        digest.update(path.relative_to(room).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


SOURCES = _digest(Path(__file__).parent)
"""What compiled code is made from: another text, another cached binary."""
