"""What a logged model needs to answer elsewhere, in the versions of the lock file."""

import re
from pathlib import Path

from features.tables import InvalidInputError

LOCK = Path(__file__).parents[2] / "requirements.lock"
NEEDED_TO_ANSWER = (
    "mlflow", "numba", "numpy", "openpyxl", "pandas", "pyarrow", "scikit-learn", "scipy", "xgboost",
)  # fmt: skip
"""What `features`, `models` and `pyfunc.py` import: the requirements of the logged model."""


def pinned_requirements(lock: Path) -> list[str]:
    """What a logged model needs, in the versions of the lock file.

    Raises:
        InvalidInputError: the lock lacks one of them.
    """
    pins = dict(re.findall(r"^([a-z0-9-]+)==([^ ;\\]+)", lock.read_text("utf-8"), re.MULTILINE))
    missing = [name for name in NEEDED_TO_ANSWER if name not in pins]
    if missing:
        raise InvalidInputError(f"{lock.name}: no version of {', '.join(missing)}")
    return [f"{name}=={pins[name]}" for name in NEEDED_TO_ANSWER]
