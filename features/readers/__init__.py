"""One reader a file format: each turns files into records and knows nothing of medicine."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from features.patient_ids import look_alike_notes
from features.readers import physionet2019, prcrs, table
from features.readers.places import existing
from features.tables import FilledValues, InvalidInputError, Reading

READERS: Mapping[str, Callable[[Path], Reading]] = MappingProxyType(
    {
        "table": table.read,
        "physionet2019": physionet2019.read,
        "prcrs": prcrs.read,
    }
)


def read(path: str | Path, file_format: str, filled: FilledValues | None = None) -> Reading:
    """Read `path` in `file_format`, one of `READERS`.

    `filled` are values that stand for "not measured" in `prcrs` files, as a model knows them from
    the file that it learnt from: these and no others are set aside, none where it is empty. Without
    it (None) they are looked for in the file itself. A note says how many of its patient ids look
    like one patient's.

    Raises:
        InvalidInputError: an unknown format, a missing path, or a file that breaks its format.
    """
    if file_format not in READERS:
        known = ", ".join(READERS)
        raise InvalidInputError(f"format {file_format!r} is unknown; known formats: {known}")
    place = existing(path)
    if filled is not None and file_format == "prcrs":
        reading = prcrs.read(place, filled)
    else:
        reading = READERS[file_format](place)
    ids = reading.records["patient_id"].dropna().unique()
    return replace(reading, notes=(*reading.notes, *look_alike_notes(ids)))
