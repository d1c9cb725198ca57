"""The frozen evaluation set: the same patients for every model that wants to replace another."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from features.outcomes import Outcome, OutcomeSource
from features.tables import EVENT_COLUMNS, InvalidInputError, count_rejects, empty_rejects
from models.bundle import Bundle
from models.stated import read_as, read_json
from training.config import HOUR
from training.dataset import Cohort, Events, label_cohort
from training.folders import refuse_filled
from training.leaks.known_again import known_again
from training.release.canonical import digest_of
from training.release.ledger_store import now

FORMAT_VERSION = 1
EVENTS_FILE, MANIFEST_FILE = "events.parquet", "frozen.json"


@dataclass(frozen=True)
class Manifest:
    """What was frozen and how it is to be judged.

    `events_digest` is that of the events, which a bundle states of its training, too; `rejects`
    counts the records that were set aside, by reason.
    """

    format_version: int
    records: str
    format: str
    outcomes_from: str
    events_digest: str
    every_hours: float
    horizon_hours: float
    replicates: int
    seed: int
    patients: int
    virtual: bool
    rejects: Mapping[str, int]
    frozen_at: str
    frozen_by: str

    @property
    def digest(self) -> str:
        """SHA-256 over every field, and so over the events."""
        return digest_of(asdict(self))


@dataclass(frozen=True)
class FrozenSet:
    """A frozen set, read and found whole."""

    manifest: Manifest
    source: Events
    place: str

    def cohort(self, outcomes: tuple[Outcome, ...]) -> Cohort:
        """Its patients with feature rows and labels."""
        every, horizon = self.manifest.every_hours * HOUR, self.manifest.horizon_hours * HOUR
        return label_cohort(self.source, every, outcomes, horizon)


@dataclass(frozen=True)
class Freezing:
    """How a set is to be judged once it is frozen, and who freezes it.

    `replicates` are the resamples behind each interval.
    """

    file_format: str
    outcomes_from: OutcomeSource
    every: pd.Timedelta
    horizon: pd.Timedelta
    replicates: int
    seed: int
    by: str


def freeze(source: Events, records: Path, freezing: Freezing, out: Path) -> Manifest:
    """Write the events and their manifest into the new folder `out`."""
    refuse_filled(out)
    manifest = Manifest(
        FORMAT_VERSION,
        records.name,
        freezing.file_format,
        str(freezing.outcomes_from),
        source.digest,
        freezing.every / HOUR,
        freezing.horizon / HOUR,
        freezing.replicates,
        freezing.seed,
        source.patients,
        source.virtual,
        count_rejects(source.rejects),
        now(),
        freezing.by,
    )
    out.mkdir(parents=True, exist_ok=True)
    source.events.to_parquet(out / EVENTS_FILE, index=False)
    text = json.dumps({"digest": manifest.digest, **asdict(manifest)}, indent=1, ensure_ascii=False)
    (out / MANIFEST_FILE).write_text(text + "\n", encoding="utf-8")
    return manifest


def open_frozen(folder: Path) -> FrozenSet:
    """Read a frozen set.

    Raises:
        InvalidInputError: none lies there, its events lack a column, or its manifest or events
            were changed since.
    """
    if not (folder / MANIFEST_FILE).is_file():
        raise InvalidInputError(f"{folder}: no {MANIFEST_FILE}, so this is no frozen set")
    stated = read_json(folder / MANIFEST_FILE)
    manifest: Manifest = read_as(Manifest, stated, MANIFEST_FILE)
    if manifest.format_version != FORMAT_VERSION:
        found = manifest.format_version
        raise InvalidInputError(
            f"{folder}: format version {found}, this code reads {FORMAT_VERSION}"
        )
    if stated.get("digest") != manifest.digest:
        raise InvalidInputError(f"{folder}: {MANIFEST_FILE} was changed since it was frozen")
    source = Events(_events(folder), empty_rejects(), 0, (), manifest.virtual)
    if source.digest != manifest.events_digest:
        raise InvalidInputError(f"{folder}: {EVENTS_FILE} was changed since it was frozen")
    return FrozenSet(manifest, source, str(folder))


def _events(folder: Path) -> pd.DataFrame:
    try:
        events = pd.read_parquet(folder / EVENTS_FILE)
    except ValueError as fault:  # pyarrow's faults are
        raise InvalidInputError(f"{folder}: {EVENTS_FILE} is no Parquet file") from fault
    missing = [name for name in EVENT_COLUMNS if name not in events]
    if missing:
        raise InvalidInputError(f"{folder}: {EVENTS_FILE}: no column {', '.join(missing)}")
    return events


def check_fit(frozen: FrozenSet, name: str, bundle: Bundle) -> None:
    """Raises InvalidInputError where the set can not judge this bundle fairly."""
    manifest = frozen.manifest
    if bundle.card.data_digest == manifest.events_digest:
        raise InvalidInputError(
            f"{frozen.place}: {name} learnt from these very records; freeze other patients"
        )
    again = known_again(bundle, frozen.source).again
    if again:
        raise InvalidInputError(
            f"{frozen.place}: {name} learnt from {again} of these {manifest.patients} patients, "
            "known again by their measurements; freeze other patients"
        )
    if bundle.horizon_hours != manifest.horizon_hours:
        raise InvalidInputError(
            f"{frozen.place}: is judged {manifest.horizon_hours:g} h ahead, {name} answers "
            f"{bundle.horizon_hours:g} h ahead: freeze the records again with that horizon"
        )
    if str(bundle.outcomes_from) != manifest.outcomes_from:
        raise InvalidInputError(
            f"{frozen.place}: has {manifest.outcomes_from} outcomes, {name} learnt from "
            f"{bundle.outcomes_from} ones: freeze the records again with --outcomes-from"
        )
    if manifest.virtual and not bundle.card.virtual:
        raise InvalidInputError(
            f"{frozen.place}: its patients are virtual, {name} learnt from real ones: virtual "
            "patients prove nothing of it; freeze real ones"
        )
