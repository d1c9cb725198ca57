"""A released model as one folder of UBJSON and JSON, whose digest is its version."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from features.declared import FEATURES, Column, columns_named
from features.outcomes import Outcome, OutcomeSource
from features.tables import InvalidInputError
from models.baselines import BASELINES, Baseline
from models.calibration import Calibration, read_calibration
from models.reference import Reference
from models.risk import ALL_CORES, RiskModel
from models.rules import RULE_COLUMNS
from models.sketches import unpacked
from models.start import Start
from models.stated import read_as, read_json

FORMAT_VERSION = 2
WITHOUT_LINES = 1
"""The format whose starts knew the grade alone; it is read as well."""
OUTCOMES_FROM = "outcomes_from"
"""Where grades and infections come from; a bundle that does not say so took documented ones."""
MANIFEST = "MANIFEST.sha256"
DESCRIPTION, METRICS, REFERENCE = "bundle.json", "metrics.json", "reference.json"
NO_FINGERPRINTS: Mapping[str, Any] = {"patients": [], "sketches": []}
"""Of a bundle that does not say by which measurements its patients are known again."""
LARGEST_FILE_BYTES = 256 * 1024 * 1024
"""A hundred times what a model of many thousand patients takes."""

ROW_WITHOUT_VALUES = pd.DataFrame(
    np.nan, index=[0], columns=list({column.name: None for column in (*FEATURES, *RULE_COLUMNS)})
)


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
    `libraries` maps library names to versions; `adapted_from` is the version of the bundle that was
    started from, empty where there was none.
    """

    learnt_from: str
    virtual: bool
    patients: int
    every_hours: float
    data_digest: str
    code_version: str
    seed: int
    libraries: Mapping[str, str]
    adapted_from: str = ""


@dataclass(frozen=True)
class Bundle:
    """A model ready to answer. `version` is the SHA-256 of its manifest.

    `outcomes_from` says where the grades and infections of the training came from: whoever asks
    makes the events in the same way.
    """

    version: str
    folder: Path
    horizon_hours: float
    card: Card
    models: Mapping[Outcome, OutcomeModel]
    reference: Reference
    outcomes_from: OutcomeSource = OutcomeSource.DOCUMENTED

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
    outcomes_from: OutcomeSource = OutcomeSource.DOCUMENTED,
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
    description = _description(horizon_hours, card, models) | {OUTCOMES_FROM: str(outcomes_from)}
    _write_json(folder / DESCRIPTION, description)
    _write_json(folder / REFERENCE, reference.to_json())
    _write_json(folder / "card.json", asdict(card))
    _write_json(folder / METRICS, metrics)
    (folder / "MODEL_CARD.md").write_text(model_card, encoding="utf-8")
    manifest = _manifest(folder, _plain_files(folder))
    (folder / MANIFEST).write_text(manifest, encoding="utf-8")
    return _digest(manifest.encode())


def load_bundle(folder: str | Path, threads: int = ALL_CORES) -> Bundle:
    """Read a bundle, refusing one with a changed, missing or additional file.

    `threads` of each prediction: all cores for a cohort; 1 where several callers ask at once.

    Raises:
        InvalidBundleError: not a bundle, another format version, bytes that do not match, or
            content that is not a bundle's: the message names the file and the field.
    """
    place = Path(folder)
    version = _verify(place)
    try:
        return _read(place, version, threads)
    except InvalidInputError as fault:
        raise InvalidBundleError(f"{place}: {fault}") from fault


@dataclass(frozen=True)
class _Format:
    format_version: int


@dataclass(frozen=True)
class _OlderStart:
    intercept: float
    weights: tuple[float, ...]


@dataclass(frozen=True)
class _OlderOutcome:
    starts: tuple[_OlderStart, ...]


@dataclass(frozen=True)
class _OlderDescription:
    outcomes: Mapping[str, _OlderOutcome]


@dataclass(frozen=True)
class _StatedOutcome:
    feature_names: tuple[str, ...]
    starts: tuple[Start, ...]
    tiers: TierThresholds


@dataclass(frozen=True)
class _Description:
    horizon_hours: float
    outcomes: Mapping[str, _StatedOutcome]
    outcomes_from: str


def _read(folder: Path, version: str, threads: int) -> Bundle:
    stated = read_json(folder / DESCRIPTION)
    found = read_as(_Format, stated, DESCRIPTION).format_version
    if found == WITHOUT_LINES:
        stated = _without_lines(stated)
    elif found != FORMAT_VERSION:
        raise InvalidInputError(
            f"format version {found}, this code reads {WITHOUT_LINES} and {FORMAT_VERSION}"
        )
    documented = {OUTCOMES_FROM: str(OutcomeSource.DOCUMENTED)}
    description = read_as(_Description, documented | stated, DESCRIPTION)
    if description.outcomes_from not in set(OutcomeSource):
        raise InvalidInputError(
            f"{DESCRIPTION}: {OUTCOMES_FROM}: {description.outcomes_from!r}, "
            f"not of {', '.join(OutcomeSource)}"
        )
    if not description.horizon_hours > 0:
        raise InvalidInputError(f"{DESCRIPTION}: horizon_hours: is not above 0 h")
    unknown = sorted(set(description.outcomes) - set(Outcome))
    if unknown or not description.outcomes:
        named = repr(unknown[0]) if unknown else "no outcome"
        raise InvalidInputError(f"{DESCRIPTION}: outcomes: {named}, not of {', '.join(Outcome)}")
    models = {
        outcome: _load_outcome(folder, outcome, description.outcomes[outcome], threads)
        for outcome in Outcome
        if outcome in description.outcomes
    }
    reference = _reference(folder)
    for outcome in models:
        if outcome not in reference.analytes:
            raise InvalidInputError(f"reference.json: analytes: {outcome} is missing")
    card = _card(folder)
    source = OutcomeSource(description.outcomes_from)
    return Bundle(version, folder, description.horizon_hours, card, models, reference, source)


def _reference(folder: Path) -> Reference:
    """The frame, its sketches tried once so that a broken one is told here."""
    stated = read_json(folder / REFERENCE)
    whole = {**NO_FINGERPRINTS, **stated} if isinstance(stated, dict) else stated
    reference: Reference = read_as(Reference, whole, REFERENCE)
    try:
        unpacked(reference.sketches)
    except InvalidInputError as fault:
        raise InvalidInputError(f"{REFERENCE}: {fault}") from fault
    return reference


def _without_lines(stated: dict[str, Any]) -> dict[str, Any]:
    """A description of the older format with what its starts did not have yet."""
    read_as(_OlderDescription, stated, DESCRIPTION)
    outcomes = {
        name: {**told, "starts": [{**start, "lines": []} for start in told["starts"]]}
        for name, told in stated["outcomes"].items()
    }
    return {**stated, "outcomes": outcomes}


def _card(folder: Path) -> Card:
    """The card; one that does not say what it was adapted from was not."""
    stated = read_json(folder / "card.json")
    whole = {"adapted_from": ""} | stated if isinstance(stated, dict) else stated
    card: Card = read_as(Card, whole, "card.json")
    return card


def _stated(folder: Path, name: str, kind: Any) -> Any:
    return read_as(kind, read_json(folder / name), name)


def _load_outcome(
    folder: Path, outcome: Outcome, stated: _StatedOutcome, threads: int
) -> OutcomeModel:
    columns_named(stated.feature_names)  # one that this version does not declare is told here
    booster = folder / f"{outcome}.ubj"
    return OutcomeModel(
        RiskModel.load(booster, stated.feature_names, stated.starts, threads),
        _calibration(folder, outcome),
        stated.tiers,
        _opponents(folder, outcome),
    )


def _calibration(folder: Path, outcome: Outcome) -> Calibration:
    name = f"{outcome}.calibration.json"
    return read_calibration(read_json(folder / name), name)


def _opponents(folder: Path, outcome: Outcome) -> dict[str, Baseline]:
    """The baselines that the bundle carries, each tried on a row without values."""
    name = f"{outcome}.baselines.json"
    states = read_as(Mapping[str, Mapping[str, Any]], read_json(folder / name), name)
    return {kind: _opponent(outcome, kind, state, name) for kind, state in states.items()}


def _opponent(outcome: Outcome, kind: str, state: Mapping[str, Any], file: str) -> Baseline:
    if kind not in BASELINES[outcome]:
        raise InvalidInputError(f"{file}: {kind!r} is no baseline of this version")
    try:
        restored = BASELINES[outcome][kind]().restore(state)
        answers = np.isfinite(restored.risk(ROW_WITHOUT_VALUES)).all()
    except (LookupError, TypeError, ValueError) as fault:
        raise InvalidInputError(f"{file}: {kind}: is not what it learnt: {fault!r}") from fault
    if not answers:
        raise InvalidInputError(f"{file}: {kind}: gives no finite risk")
    return restored


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
    files = _plain_files(folder)
    stated = manifest.read_bytes()
    actual = _manifest(folder, files).encode()
    if stated != actual:
        differing = sorted(set(stated.splitlines()) ^ set(actual.splitlines()))
        names = sorted({line.split(b"  ")[-1].decode("utf-8", "replace") for line in differing})
        raise InvalidBundleError(
            f"{folder}: altered since it was written: {', '.join(names) or MANIFEST}"
        )
    return _digest(stated)


def _plain_files(folder: Path) -> list[Path]:
    """Every file, in order; refused are links, which lead elsewhere, and what has no end."""
    files = sorted(path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    for path in files:
        name = path.relative_to(folder).as_posix()
        if path.is_symlink() or not path.is_file():
            raise InvalidBundleError(f"{folder}: {name}: is a link or a device, not a file")
        if path.stat().st_size > LARGEST_FILE_BYTES:
            size, most = path.stat().st_size >> 20, LARGEST_FILE_BYTES >> 20
            raise InvalidBundleError(f"{folder}: {name}: has {size} MiB, more than {most} MiB")
    return files


def _manifest(folder: Path, files: Iterable[Path]) -> str:
    named = (path for path in files if path != folder / MANIFEST)
    lines = (f"{_digest(p.read_bytes())}  {p.relative_to(folder).as_posix()}" for p in named)
    return "\n".join(lines) + "\n"


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _write_json(path: Path, value: Mapping[str, Any]) -> None:
    text = json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")
