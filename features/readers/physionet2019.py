"""Reads the stays of the PhysioNet/Computing in Cardiology Challenge 2019.

Reyna MA et al. Crit Care Med 2020;48:210-217, doi 10.1097/CCM.0000000000004145; the files have no
dates, so time counts from `ORIGIN`: a row with `ICULOS` = t is known at t hours after it.
"""

import lzma
import re
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv

from features.patient_ids import plain_id, plain_ids
from features.plurals import counted, plural
from features.readers.delimited import refuse_doubled, utf8_text
from features.tables import (
    LATEST_TIME,
    OLDEST_BORN,
    ORIGIN,
    InvalidInputError,
    Reading,
    RejectReason,
    empty_rejects,
)

MEASURED_COLUMNS: dict[str, tuple[str, str]] = {
    "HR": ("heart_rate", "/min"),
    "O2Sat": ("spo2", "%"),
    "Temp": ("temperature", "Cel"),
    "SBP": ("systolic_bp", "mm[Hg]"),
    "MAP": ("mean_arterial_pressure", "mm[Hg]"),
    "DBP": ("diastolic_bp", "mm[Hg]"),
    "Resp": ("respiratory_rate", "/min"),
    "EtCO2": ("etco2", "mm[Hg]"),
    "BaseExcess": ("base_excess", "mmol/L"),
    "HCO3": ("bicarbonate", "mmol/L"),
    "FiO2": ("fio2", "1"),
    "pH": ("ph", "[pH]"),
    "PaCO2": ("paco2", "mm[Hg]"),
    "SaO2": ("sao2", "%"),
    "AST": ("ast", "[IU]/L"),
    "BUN": ("LOINC//3094-0", "mg/dL"),
    "Alkalinephos": ("alp", "[IU]/L"),
    "Calcium": ("calcium", "mg/dL"),
    "Chloride": ("chloride", "mmol/L"),
    "Creatinine": ("creatinine", "mg/dL"),
    "Bilirubin_direct": ("bilirubin_direct", "mg/dL"),
    "Glucose": ("glucose", "mg/dL"),
    "Lactate": ("lactate", "mmol/L"),
    "Magnesium": ("magnesium", "mg/dL"),
    "Phosphate": ("phosphate", "mg/dL"),
    "Potassium": ("potassium", "mmol/L"),
    "Bilirubin_total": ("bilirubin_total", "mg/dL"),
    "TroponinI": ("troponin_i", "ng/mL"),
    "Hct": ("hematocrit", "%"),
    "Hgb": ("hemoglobin", "g/dL"),
    "PTT": ("aptt", "s"),
    "WBC": ("wbc", "10*3/uL"),
    "Fibrinogen": ("fibrinogen", "mg/dL"),
    "Platelets": ("platelets", "10*3/uL"),
}
"""Column -> (code, unit) as the challenge's page states them, but for two units that its own values
refute: lactate (page mg/dL) has median 2.0 and maximum 20, magnesium (page mmol/dL) has median 2.0:
read as mmol/L and mg/dL they are the usual values of intensive care."""

IONISED_CALCIUM_BELOW = 3.0
"""A `Calcium` below this is ionised calcium in mmol/L: some 20 % of the column's values lie between
1.0 and 1.3, its usual range, and no one survives 3 mg/dL of total calcium."""

STATIC_COLUMNS: dict[str, tuple[str, str | None]] = {
    "Gender": ("sex", None),
    "Unit1": ("medical_icu", None),
    "Unit2": ("surgical_icu", None),
    "HospAdmTime": ("hospital_to_icu", "h"),
}
HOUR_COLUMN = "ICULOS"
LABEL_COLUMN = "SepsisLabel"
AGE_COLUMN = "Age"
NAMED_COLUMNS = 8  # of the missing ones, in a message
LAST_HOUR = (LATEST_TIME - ORIGIN) // pd.Timedelta(hours=1) - 1
LABEL_LEAD_HOURS = 6  # the label turns 1 six hours before onset (Reyna 2020)


@dataclass(frozen=True)
class StayFile:
    """One stay's bytes under its file name."""

    name: str
    content: bytes

    @property
    def header(self) -> str:
        """The column line, which decides how the rest is read."""
        return self.content.split(b"\n", 1)[0].decode("utf-8-sig", "replace").strip()


def read(path: Path) -> Reading:
    """Read stays from a tar archive (any compression), a folder of `.psv` files, or one file.

    A missing `SepsisLabel` column is fine (stays to predict). Records carry the stay's file stem as
    `patient_id`; onset is `LABEL_LEAD_HOURS` after the label first turns 1. Cells that are not
    numbers, and labels that are neither 0 nor 1, become rejects.

    Raises:
        InvalidInputError: no stay, two of one name, a truncated archive or one with links, a column
            that is missing or there twice, a row of wrong length or without an hour, bytes that are
            no text.
    """
    stays = list(_stay_files(path))
    if not stays:
        raise InvalidInputError(f"{path}: holds no .psv file")
    names, counts = np.unique([plain_id(stay.name) for stay in stays], return_counts=True)
    if counts.max() > 1:
        raise InvalidInputError(
            f"{path}: holds {counts.max()} files named {names[counts.argmax()]}"
        )
    by_header: dict[str, list[StayFile]] = {}
    for stay in stays:
        by_header.setdefault(stay.header, []).append(stay)
    tables = [_parse(group, header) for header, group in by_header.items()]
    cells, rejects = _numeric_cells(pd.concat(tables, ignore_index=True))
    records = pd.concat(
        [_measurements(cells), _static_values(cells), _stay_bounds(cells), _onsets(cells)],
        ignore_index=True,
    )
    for column in ("patient_id", "code", "unit", "source"):
        records[column] = records[column].astype("category")
    note = f"{len(stays)} stays, {len(cells)} hourly rows"
    return Reading(records, rejects, (note,))


def _stay_files(path: Path) -> Iterator[StayFile]:
    if path.is_dir():
        for file in sorted(file for file in path.rglob("*.psv") if not file.is_dir()):
            yield StayFile(file.name, file.read_bytes())
    elif path.suffix == ".psv":
        yield StayFile(path.name, path.read_bytes())
    else:
        yield from _archive_members(path)


def _archive_members(path: Path) -> Iterator[StayFile]:
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                if not member.name.endswith(".psv") or member.isdir():
                    continue
                if not member.isfile():
                    raise tarfile.ReadError(f"{member.name} is a link or a device")
                content = archive.extractfile(member)
                if content is not None:
                    yield StayFile(PurePosixPath(member.name).name, content.read())
            _refuse_missing_end(archive)
    except (tarfile.TarError, EOFError, lzma.LZMAError, zlib.error, OSError) as error:
        told = str(error).partition("\n")[0].rstrip(":")  # the rest names every compression tried
        raise InvalidInputError(
            f"{path}: not a whole tar archive of .psv files ({told}); is the download complete?"
        ) from error


def _refuse_missing_end(archive: tarfile.TarFile) -> None:
    """A whole archive ends in zero blocks; `tarfile` takes any other end for one without a word."""
    rest = archive.fileobj.read(-1) if archive.fileobj else b""
    if not rest or rest.strip(b"\0"):
        raise tarfile.ReadError("its end is missing")


def _parse(stays: list[StayFile], header: str) -> pd.DataFrame:
    """All stays that share one header, in one pass of the parser.

    Adds `patient_id` and `source` (file and line). Numeric where every cell is; text else.
    """
    columns = header.split("|")
    required = [HOUR_COLUMN, AGE_COLUMN, *STATIC_COLUMNS, *MEASURED_COLUMNS]
    missing = [column for column in required if column not in columns]
    if missing:
        rest = len(missing) - NAMED_COLUMNS
        named = ", ".join(missing[:NAMED_COLUMNS]) + (f" and {rest} more" if rest > 0 else "")
        raise InvalidInputError(
            f"{stays[0].name}: {plural(len(missing), 'column')} missing: {named}"
        )
    refuse_doubled(columns, stays[0].name)
    bodies = [stay.content.partition(b"\n")[2].strip() for stay in stays]
    lengths = np.array([body.count(b"\n") + 1 if body else 0 for body in bodies])
    empty = [stay.name for stay, length in zip(stays, lengths, strict=True) if length == 0]
    if empty:
        raise InvalidInputError(
            f"{empty[0]}: has a header and no rows ({counted(len(empty), 'such file')})"
        )
    gaps = [s.name for s, body in zip(stays, bodies, strict=True) if _EMPTY_LINE.search(body)]
    if gaps:
        raise InvalidInputError(f"{gaps[0]}: an empty line between its rows")
    table = _parse_body(b"\n".join(bodies), columns, stays)
    which = np.repeat(np.arange(len(stays)), lengths)
    if len(table) != len(which):
        raise InvalidInputError(f"{stays[0].name}: lines end in more than one way (CR and LF)")
    line = np.arange(len(which)) - np.repeat(np.cumsum(lengths) - lengths, lengths) + 2
    names = pd.Series([stay.name for stay in stays], dtype="str")
    table["patient_id"] = plain_ids(names.str.removesuffix(".psv")).take(which).array
    table["source"] = (
        names.take(which).reset_index(drop=True) + ":" + pd.Series(line).astype("str")
    ).array
    return table


_EMPTY_LINE = re.compile(rb"\n[ \t\r]*\n")


def _parse_body(body: bytes, columns: list[str], stays: list[StayFile]) -> pd.DataFrame:
    try:
        parsed = _parse_text(body, columns, pa.float64())
    except pa.ArrowInvalid:
        _refuse_ragged_rows(stays, len(columns))
        try:
            parsed = _parse_text(body, columns, pa.string())
        except pa.ArrowInvalid as error:  # a carriage return inside a line ends it for the parser
            raise InvalidInputError(
                f"{stays[0].name}: a line that cannot be split into cells"
            ) from error
    return parsed.to_pandas()


def _parse_text(body: bytes, columns: list[str], cell_type: pa.DataType) -> pa.Table:
    return pa.csv.read_csv(
        pa.BufferReader(body),
        read_options=pa.csv.ReadOptions(column_names=columns),
        parse_options=pa.csv.ParseOptions(delimiter="|", quote_char=False),
        convert_options=pa.csv.ConvertOptions(
            column_types=dict.fromkeys(columns, cell_type),
            null_values=["NaN", "nan", ""],
            strings_can_be_null=True,
        ),
    )


def _refuse_ragged_rows(stays: list[StayFile], width: int) -> None:
    for stay in stays:
        text = utf8_text(stay.content, stay.name)
        for number, line in enumerate(text.split("\n"), start=1):
            cells = line.count("|") + 1
            if line.strip() and cells != width:
                raise InvalidInputError(
                    f"{stay.name}:{number}: {cells} cells where the header has {width}"
                )


def _numeric_cells(table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The table with every cell a number; cells that are not become rejects."""
    rejects = [empty_rejects()]
    text_columns = [
        column
        for column in table.columns.difference(["patient_id", "source"])
        if not pd.api.types.is_float_dtype(table[column])
    ]
    numbers = {column: pd.to_numeric(table[column], errors="coerce") for column in text_columns}
    cells = table.assign(**numbers)
    lost = ~cells[HOUR_COLUMN].between(0, LAST_HOUR)
    if lost.any():
        place = cells.loc[lost, "source"].iloc[0]
        raise InvalidInputError(
            f"{place}: {HOUR_COLUMN} is not a number of hours from 0 to {LAST_HOUR}, "
            f"so the row has no time"
        )
    for column in text_columns:
        wrong = table[column].notna() & cells[column].isna()
        rejects.append(_refused(table, cells, wrong, column, RejectReason.NOT_A_NUMBER))
    if LABEL_COLUMN in cells:
        wrong = cells[LABEL_COLUMN].notna() & ~cells[LABEL_COLUMN].isin([0, 1])
        rejects.append(_refused(table, cells, wrong, LABEL_COLUMN, RejectReason.IMPLAUSIBLE))
    return cells, pd.concat([part for part in rejects if len(part)] or rejects, ignore_index=True)


_REFUSED_SINCE = {
    RejectReason.NOT_A_NUMBER: "is not a number",
    RejectReason.IMPLAUSIBLE: "is neither 0 nor 1",
}


def _refused(
    table: pd.DataFrame, cells: pd.DataFrame, wrong: pd.Series, column: str, reason: RejectReason
) -> pd.DataFrame:
    """The rejects of one column's cells where `wrong`."""
    rows, hours = table[wrong], cells.loc[wrong, HOUR_COLUMN]
    code, unit = {**MEASURED_COLUMNS, **STATIC_COLUMNS}.get(column, (column, None))
    return pd.DataFrame(
        {
            "patient_id": rows["patient_id"],
            "time": ORIGIN + pd.to_timedelta(hours, unit="h"),
            "code": code,
            "numeric_value": np.nan,
            "text_value": rows[column].astype("str"),
            "unit": unit,
            "result_time": pd.NaT,
            "source": rows["source"],
            "reason": reason,
            "detail": f"{column} {_REFUSED_SINCE[reason]}",
        }
    )


def _hours(hours: pd.Series | np.ndarray) -> pd.Series:
    """Hours after `ORIGIN` as timestamps."""
    microseconds = np.round(np.asarray(hours, dtype=float) * 3.6e9).astype("int64")
    stamps = microseconds.astype("timedelta64[us]") + np.datetime64(ORIGIN.tz_localize(None), "us")
    return pd.Series(stamps).dt.tz_localize("UTC")


def _records(
    patient_id: pd.Series | np.ndarray,
    time: pd.Series | pd.Timestamp,
    code: str | pd.Categorical,
    value: pd.Series | np.ndarray | float,
    unit: str | pd.Categorical | None,
    source: pd.Series | np.ndarray,
) -> pd.DataFrame:
    rows = len(patient_id)
    return pd.DataFrame(
        {
            "patient_id": np.asarray(patient_id),
            "time": pd.Series(time, index=range(rows), dtype="datetime64[us, UTC]"),
            "code": code,
            "numeric_value": np.broadcast_to(np.asarray(value, dtype=float), rows),
            "text_value": pd.Series(np.nan, index=range(rows), dtype="str"),
            "unit": unit,
            "result_time": pd.Series(pd.NaT, index=range(rows), dtype="datetime64[us, UTC]"),
            "source": np.asarray(source),
        }
    )


def _measurements(cells: pd.DataFrame) -> pd.DataFrame:
    """One record a measured cell, row by row of the file."""
    values = cells[list(MEASURED_COLUMNS)].to_numpy()
    row, column = np.nonzero(~np.isnan(values))
    codes = [code for code, _ in MEASURED_COLUMNS.values()] + ["calcium_ionized"]
    units = [unit for _, unit in MEASURED_COLUMNS.values()] + ["mmol/L"]
    calcium = list(MEASURED_COLUMNS).index("Calcium")
    ionised = (column == calcium) & (values[row, column] < IONISED_CALCIUM_BELOW)
    value, column = values[row, column], np.where(ionised, len(MEASURED_COLUMNS), column)
    distinct_units = list(dict.fromkeys(units))
    unit_of_column = np.array([distinct_units.index(unit) for unit in units])
    return _records(
        cells["patient_id"].to_numpy()[row],
        _hours(cells[HOUR_COLUMN].to_numpy()[row]),
        pd.Categorical.from_codes(column, codes),
        value,
        pd.Categorical.from_codes(unit_of_column[column], distinct_units),
        cells["source"].to_numpy()[row],
    )


def _static_values(cells: pd.DataFrame) -> pd.DataFrame:
    """Birth, sex, unit and time from hospital to intensive care, from each stay's first row.

    An age that gives no birth goes as `age`, which harmonising refuses with its limits.
    """
    first = cells.drop_duplicates("patient_id")
    age = first[AGE_COLUMN]
    aged, odd = (
        first[age.between(0, OLDEST_BORN)],
        first[age.notna() & ~age.between(0, OLDEST_BORN)],
    )
    birth = _hours(-aged[AGE_COLUMN].to_numpy() * 365.25 * 24)
    parts = [
        _records(aged["patient_id"], birth, "birth", np.nan, None, aged["source"]),
        _records(odd["patient_id"], pd.NaT, "age", odd[AGE_COLUMN], "a", odd["source"]),
    ]
    for column, (code, unit) in STATIC_COLUMNS.items():
        value = first[column].to_numpy() * (-1.0 if column == "HospAdmTime" else 1.0)
        known = ~np.isnan(value)
        parts.append(
            _records(first["patient_id"], pd.NaT, code, value, unit, first["source"])[known]
        )
    return pd.concat(parts, ignore_index=True)


def _stay_bounds(cells: pd.DataFrame) -> pd.DataFrame:
    """Admission at `ORIGIN`; the first and the last hour on file; leaving the unit at the last."""
    stay = cells.groupby("patient_id", sort=False).agg(
        first=(HOUR_COLUMN, "min"), last=(HOUR_COLUMN, "max"), source=("source", "first")
    )
    patient = stay.index.to_numpy()
    return pd.concat(
        [
            _records(patient, ORIGIN, "icu_admission", np.nan, None, stay["source"]),
            _records(
                patient, _hours(stay["first"]), "observation_start", np.nan, None, stay["source"]
            ),
            _records(
                patient, _hours(stay["last"]), "observation_end", np.nan, None, stay["source"]
            ),
            _records(patient, _hours(stay["last"]), "discharge", np.nan, None, stay["source"]),
        ],
        ignore_index=True,
    )


def _onsets(cells: pd.DataFrame) -> pd.DataFrame:
    """Sepsis onset, `LABEL_LEAD_HOURS` after the label first turns 1."""
    labelled = cells[cells[LABEL_COLUMN] == 1] if LABEL_COLUMN in cells else cells[:0]
    first = labelled.groupby("patient_id", sort=False).agg(
        hour=(HOUR_COLUMN, "min"), source=("source", "first")
    )
    hours = first["hour"].to_numpy() + LABEL_LEAD_HOURS
    return _records(
        first.index.to_numpy(), _hours(hours), "infection_onset", np.nan, None, first["source"]
    )
