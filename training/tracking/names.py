"""What runs are called, so that a table of them tells one from the other."""

from pathlib import Path

from models.bundle import Bundle
from training.config import TrainingConfig
from training.tracking.flat import as_typed

SHORT = 8
"""Characters of a digest in a run's name; its tags and its data set have more."""


def place_name(path: Path) -> str:
    """A file with its folder, for many a file is `records.parquet`; of a folder its name.

    >>> place_name(Path("ward 3/records.csv"))
    'ward 3/records.csv'
    """
    whole = path.resolve()
    return whole.name if whole.is_dir() else f"{whole.parent.name}/{whole.name}".lstrip("/")


def short_version(bundle: Bundle) -> str:
    """A bundle's version as a run's name has it."""
    return f"bundle {bundle.version[:SHORT]}"


def training_name(config: TrainingConfig, adapts: bool) -> str:
    """A training run before its bundle is there: what is learnt from, and what is not the default.

    `train ward/records.csv infection 48h`
    """
    said = ["adapt to" if adapts else "train", place_name(config.records)]
    if set(config.outcomes) != set(TrainingConfig.outcomes):
        said.append(as_typed(config.outcomes))
    if config.horizon != TrainingConfig.horizon:
        said.append(as_typed(config.horizon))
    return " ".join(said)
