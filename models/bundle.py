"""A released model as one folder of UBJSON and JSON, whose digest is its version."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from features.declared import Column, columns_named
from features.outcomes import Outcome
from features.tables import InvalidInputError
from models.baselines import BASELINES, Baseline
from models.calibration import Calibration
from models.reference import Reference
from models.risk import ALL_CORES, RiskModel

FORMAT_VERSION = 1
MANIFEST = "MANIFEST.sha256"


class InvalidBundleError(InvalidInputError):
    """A folder that is not a whole, unaltered bundle of this format."""


@dataclass(frozen=True)
class TierThresholds:
    """Risks from which a tier is elevated or high."""

    elevated: float
    high: float


@dataclass(frozen=True)
class OutcomeModel:
    """All that one outcome's answer needs, and the opponents it was judged beside."""

    risk: RiskModel
    calibration: Calibration
    tiers: TierThresholds
    baselines: Mapping[str, Baseline]


@dataclass(frozen=True)
class Card:
    """Where the bundle comes from.

    `learnt_from` is a plain sentence; `virtual` is true where any training patient was virtual;
    `libraries` maps library names to versions.
    """

    learnt_from: str
    virtual: bool
    patients: int
    every_hours: float
    data_digest: str
    code_version: str
    seed: int
    libraries: Mapping[str, str]


@dataclass(frozen=True)
class Bundle:
    """A model ready to answer. `version` is the SHA-256 of its manifest."""

    version: str
    folder: Path
    horizon_hours: float
    card: Card
    models: Mapping[Outcome, OutcomeModel]
    reference: Reference

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """The outcomes it answers."""
        return tuple(self.models)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Every feature that any of its models reads, each once."""
        names = (name for model in self.models.values() for name in model.risk.names)
        return tuple(dict.fromkeys(names))

    @property
    def columns(self) -> tuple[Column, ...]:
        """The declared columns behind `feature_names`."""
        return columns_named(self.feature_names)


def save_bundle(
    folder: Path,
    horizon_hours: float,
    card: Card,
    models: Mapping[Outcome, OutcomeModel],
    reference: Reference,
    metrics: Mapping[str, Any],
    model_card: str,
) -> str:
    """Write a bundle into `folder` (made, must be empty) and return its version.

    Raises:
        InvalidInputError: the folder holds something already.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise InvalidInputError(f"{folder}: not empty; a bundle is never written over another")
    for outcome, model in models.items():
        model.risk.save(folder / f"{outcome}.ubj")
        _write_json(folder / f"{outcome}.calibration.json", model.calibration.to_json())
        opponents = {name: baseline.state for name, baseline in model.baselines.items()}
        _write_json(folder / f"{outcome}.baselines.json", opponents)
    _write_json(folder / "bundle.json", _description(horizon_hours, card, models))
    _write_json(folder / "reference.json", reference.to_json())
    _write_json(folder / "card.json", asdict(card))
    _write_json(folder / "metrics.json", metrics)
    (folder / "MODEL_CARD.md").write_text(model_card, encoding="utf-8")
    manifest = _manifest(folder)
    (folder / MANIFEST).write_text(manifest, encoding="utf-8")
    return _digest(manifest.encode())


def load_bundle(folder: str | Path, threads: int = ALL_CORES) -> Bundle:
    """Read a bundle, refusing one with a changed, missing or additional file.

    `threads` of each prediction: all cores for a cohort; 1 where several callers ask at once.

    Raises:
        InvalidBundleError: not a bundle, another format version, or bytes that do not match.
    """
    place = Path(folder)
    version = _verify(place)
    description = _read_json(place / "bundle.json")
    if description["format_version"] != FORMAT_VERSION:
        raise InvalidBundleError(
            f"{place}: format version {description['format_version']}, "
            f"this code reads {FORMAT_VERSION}"
        )
    models = {
        outcome: _load_outcome(place, outcome, description["outcomes"][outcome], threads)
        for outcome in Outcome
        if outcome in description["outcomes"]
    }
    return Bundle(
        version=version,
        folder=place,
        horizon_hours=description["horizon_hours"],
        card=Card(**_read_json(place / "card.json")),
        models=models,
        reference=Reference.from_json(_read_json(place / "reference.json")),
    )


def _load_outcome(
    folder: Path, outcome: Outcome, stated: Mapping[str, Any], threads: int
) -> OutcomeModel:
    opponents = _read_json(folder / f"{outcome}.baselines.json")
    return OutcomeModel(
        RiskModel.load(folder / f"{outcome}.ubj", stated, threads),
        Calibration.from_json(_read_json(folder / f"{outcome}.calibration.json")),
        TierThresholds(**stated["tiers"]),
        {name: BASELINES[outcome][name]().restore(state) for name, state in opponents.items()},
    )


def _description(
    horizon_hours: float, card: Card, models: Mapping[Outcome, OutcomeModel]
) -> dict[str, Any]:
    return {
        "format_version": FORMAT_VERSION,
        "horizon_hours": horizon_hours,
        "training_data_digest": card.data_digest,
        "code_version": card.code_version,
        "libraries": dict(card.libraries),
        "seed": card.seed,
        "outcomes": {
            str(outcome): {
                **model.risk.state,
                "tiers": asdict(model.tiers),
            }
            for outcome, model in models.items()
        },
    }


def _verify(folder: Path) -> str:
    manifest = folder / MANIFEST
    if not manifest.is_file():
        raise InvalidBundleError(f"{folder}: no {MANIFEST}, so this is not a bundle")
    stated = manifest.read_bytes()
    actual = _manifest(folder).encode()
    if stated != actual:
        differing = sorted(set(stated.splitlines()) ^ set(actual.splitlines()))
        names = sorted({line.split(b"  ")[-1].decode("utf-8", "replace") for line in differing})
        raise InvalidBundleError(
            f"{folder}: altered since it was written: {', '.join(names) or MANIFEST}"
        )
    return _digest(stated)


def _manifest(folder: Path) -> str:
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p != folder / MANIFEST)
    lines = (f"{_digest(p.read_bytes())}  {p.relative_to(folder).as_posix()}" for p in files)
    return "\n".join(lines) + "\n"


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _write_json(path: Path, value: Mapping[str, Any]) -> None:
    text = json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def _read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
