"""Reads the public daily laboratory values and CRS grades of CAR-T patients (PrCRS).

Wei Z et al. Front Immunol 2023;14:1273507, doi 10.3389/fimmu.2023.1273507; BMC Bioinformatics 2024,
doi 10.1186/s12859-024-05804-8. There are no dates: day 0 is the infusion, at `ORIGIN`; the values
and the grade of day d are known at its end, d + 1 days after `ORIGIN`. A new patient starts where
there is a new `patient`, or, without that column, where `Relative date` is 0 again.

The authors filled missing values with a constant for each grade of the same day, which carries the
grade into every laboratory value. `filled_constants` finds them from the file itself; they become
rejects before anything else is done. A model remembers those of the file it learnt from, so that
what it sees of another file depends on no later day and on no other patient.
"""

import warnings
import zlib
from pathlib import Path
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile

import numpy as np
import openpyxl
import pandas as pd
from scipy.stats import binom

from features.patient_ids import plain_ids
from features.plurals import columns_missing
from features.readers.delimited import read_delimited
from features.tables import (
    LATEST_TIME,
    OLDEST_BORN,
    ORIGIN,
    TIME_TYPE,
    FilledValues,
    InvalidInputError,
    InvalidTableError,
    Reading,
    RejectReason,
    empty_rejects,
)
from features.written_numbers import parse_number

DAILY_COLUMNS: dict[str, tuple[str, str]] = {
    "D-dimer": ("d_dimer", "mg/L{FEU}"),
    "Procalcitonin": ("procalcitonin", "ng/mL"),
    "Type B natriuretic peptide": ("bnp", "pg/mL"),
    "Alpha hydroxybutyrate dehydrogenase": ("hbdh", "U/L"),
    "prealbumin": ("prealbumin", "mg/L"),
    "Plasma prothrombin time": ("pt", "s"),
    "Activated partial prothrombin time": ("aptt", "s"),
    "fibrinogen": ("fibrinogen", "g/L"),
    "red blood cell": ("red_cells", "10*12/L"),
    "hemoglobin": ("hemoglobin", "g/L"),
    "leukocyte": ("wbc", "10*9/L"),
    "Neutrophil percentage": ("neutrophils_percent", "{fraction}"),
    "Neutrophil count": ("neutrophils", "10*9/L"),
    "Lymphocyte percentage": ("lymphocytes_percent", "{fraction}"),
    "Lymphocyte count": ("lymphocytes", "10*9/L"),
    "platelet": ("platelets", "10*9/L"),
    "Monocyte percentage": ("monocytes_percent", "{fraction}"),
    "Monocyte count": ("monocytes", "10*9/L"),
    "sodium": ("sodium", "mmol/L"),
    "potassium": ("potassium", "mmol/L"),
    "chlorine": ("chloride", "mmol/L"),
    "calcium": ("calcium", "mmol/L"),
    "Uric acid": ("uric_acid", "umol/L"),
    "glucose": ("glucose", "mmol/L"),
    "triglyceride": ("triglycerides", "mmol/L"),
    "albumin": ("albumin", "g/L"),
    "Glutamic pyruvic transaminase": ("alt", "U/L"),
    "Glutamic oxalacetic transaminase": ("ast", "U/L"),
    "Alkaline phosphatase": ("alp", "U/L"),
    "gamma glutamyl transpeptidase": ("ggt", "U/L"),
    "Lactate dehydrogenase": ("ldh", "U/L"),
    "creatinine": ("creatinine", "umol/L"),
    "C-reactive protein": ("crp", "mg/L"),
    "ferritin": ("ferritin", "ng/mL"),
    "IL2": ("il2", "pg/mL"),
    "IL4": ("il4", "pg/mL"),
    "IL6": ("il6", "pg/mL"),
    "IL10": ("il10", "pg/mL"),
    "TNFα": ("tnf_alpha", "pg/mL"),
    "IFNγ": ("ifn_gamma", "pg/mL"),
    "IL17A": ("il17a", "pg/mL"),
    "problast": ("blasts", "{fraction}"),
    "Tumor burden": ("tumour_burden", "{fraction}"),
}
"""Column -> (code, unit); units as far as the publication and the size of the values tell them."""

GRADE_COLUMN, DAY_COLUMN, PATIENT_COLUMN = "CRS", "Relative date", "patient"
HOST_COLUMNS: dict[str, tuple[str, str | None]] = {
    "dose": ("cell_dose", "{cells}"),
    "Multiline treatment": ("prior_lines", "1"),
}
SEX_COLUMN, AGE_COLUMN = "sex", "age"
LAST_DAY = (LATEST_TIME - ORIGIN).days - 2  # known at its end, before `LATEST_TIME`
DAMAGED_WORKBOOK = (
    BadZipFile, zlib.error, ParseError, ValueError, TypeError, AttributeError, LookupError,
    OSError, EOFError, RuntimeError,
)  # fmt: skip  # what openpyxl raises, depending on which part of the archive is damaged
NOT_SET_ASIDE = (
    "VALUES FILLED IN BY GRADE WERE NOT SET ASIDE: the model did not learn from this format and "
    "knows none, so constants that the file's authors wrote in count as measured"
)
HEADER_LINES = 3  # a workbook's header may span lines; more than these are not looked at

# When a value of a column counts as filled in for one grade (see `filled_constants`)
FILLED_ROWS = 5  # rows of that grade that carry it, at least
FILLED_ROWS_RARE = 3  # the same where the grade itself has few rows
RARE_GRADE_ROWS = 20
FILLED_PATIENTS = 3  # patients that carry it
FILLED_SHARE = 0.03  # share of the grade's rows that carry it
FILLED_MEDIAN = 0.65  # at most this share of the grade's rows lies below it, and above it
FILLED_CHANCE = 1e-3  # binomial probability of so many rows of one grade among its rows
FILLED_PURITY = 0.75  # share of its rows that have this one grade, or else
FILLED_CHANCE_IMPURE = 1e-8  # a chance this small


def read(path: Path, filled: FilledValues | None = None) -> Reading:
    """Read the CSV (one header line) or the published workbook (`.xlsx`, header lines on top).

    `filled` are the constants known from elsewhere, by code: these are set aside and no others,
    none where it is empty. None lets them be looked for in the file itself, which needs its `CRS`
    column. A note says what was done.

    Raises:
        InvalidInputError: not such a file, a missing column, or no rows.
    """
    table = _workbook(path) if path.suffix.lower() in (".xlsx", ".xlsm") else _csv(path)
    table = _with_patients(table, path)
    measured = [column for column in DAILY_COLUMNS if column in table]
    numbers, not_numbers = _numbers(table, [*measured, *HOST_COLUMNS, AGE_COLUMN, GRADE_COLUMN])
    constants = _constants_in(numbers, table) if filled is None else filled
    cells = _filled_cells(numbers, constants)
    records = pd.concat(
        [
            _daily_records(numbers.mask(cells)[measured], table),
            _grades(table),
            _host_records(numbers, table),
            _infusions(table),
        ],
        ignore_index=True,
    )
    rejects = pd.concat(
        [part for part in (not_numbers, _filled_rejects(numbers, cells, table)) if len(part)]
        or [empty_rejects()],
        ignore_index=True,
    )
    size = f"{table['patient_id'].nunique()} patients, {len(table)} days"
    note = _filled_note(cells, int(numbers[measured].notna().to_numpy().sum()), table, filled)
    return Reading(records, rejects, (size, note), constants)


def filled_constants(values: pd.DataFrame, grade: pd.Series, patient: pd.Series) -> pd.DataFrame:
    """Values that stand for "missing" because the file's authors wrote one in for each grade.

    A value of a column is taken for filled in on grade g where it is repeated on days of that grade
    (by at least `FILLED_ROWS` rows, `FILLED_PATIENTS` patients and `FILLED_SHARE` of them), sits at
    the middle of that grade's values (a filled-in median stays the median), and keeps to that grade
    far beyond chance (`FILLED_CHANCE`). Values that merely repeat (detection limits, coarse
    rounding) are spread over the grades and stay.

    Returns:
        One line a (column, grade, value): `column`, `grade`, `value`, `rows` of that grade,
        `all_rows` with the value, `patients`.
    """
    found = [
        line
        for column in values.columns
        for level in sorted(grade.dropna().unique())
        for line in _filled_for(values[column].round(9), grade, patient, level)
    ]
    columns = ["column", "grade", "value", "rows", "all_rows", "patients"]
    return pd.DataFrame(found, columns=columns)


def _filled_for(
    value: pd.Series, grade: pd.Series, patient: pd.Series, level: float
) -> list[tuple[str, float, float, int, int, int]]:
    here = value[grade == level].dropna()
    rate = float((grade == level).mean())
    least = FILLED_ROWS if (grade == level).sum() >= RARE_GRADE_ROWS else FILLED_ROWS_RARE
    counts = here.value_counts()
    found = []
    for candidate, rows in counts[counts >= max(least, FILLED_SHARE * len(here))].items():
        carriers = value == candidate
        all_rows, patients = (
            int(carriers.sum()),
            int(patient[carriers & (grade == level)].nunique()),
        )
        middle = max((here < candidate).mean(), (here > candidate).mean()) <= FILLED_MEDIAN
        chance = float(binom.sf(rows - 1, all_rows, rate))
        pure = rows / all_rows >= FILLED_PURITY
        bound = FILLED_CHANCE if pure else FILLED_CHANCE_IMPURE
        if middle and patients >= FILLED_PATIENTS and chance < bound:
            found.append((str(value.name), level, float(candidate), int(rows), all_rows, patients))
    return found


def _csv(path: Path) -> pd.DataFrame:
    table = read_delimited(path)
    source = path.name + ":" + pd.Series(table.index).astype("str")
    named = table.rename(columns={column: _known_name(column) for column in table.columns})
    return named.reset_index(drop=True).assign(source=source)


def _workbook(path: Path) -> pd.DataFrame:
    if path.is_dir():
        raise InvalidInputError(f"{path}: is a folder; name one file")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and drawings, which are not read
            # not by pandas, which takes an error cell (#DIV/0!) for an empty one
            shown, written = (_sheet(path, data_only) for data_only in (True, False))
            sheet = shown.where(shown.notna(), written)  # a formula never calculated: no number
    except DAMAGED_WORKBOOK as error:
        raise InvalidInputError(f"{path}: not a readable workbook (damaged or cut?)") from error
    names = [_header_name(sheet[column].head(HEADER_LINES)) for column in sheet.columns]
    if DAY_COLUMN not in names:
        raise InvalidTableError(
            f"{path}: no column {DAY_COLUMN!r} in its first {HEADER_LINES} lines"
        )
    day = pd.to_numeric(sheet[names.index(DAY_COLUMN)], errors="coerce")
    if day.notna().sum() == 0:
        raise InvalidTableError(f"{path}: no row with a number under {DAY_COLUMN!r}")
    first = int(day.notna().to_numpy().argmax())
    table = sheet.iloc[first:].set_axis(names, axis=1)
    table = table.loc[:, [bool(name) for name in names]]
    lines = pd.Series(table.index + 1).astype("str").to_numpy()
    text = table.astype("str").mask(table.isna(), "")
    return text.reset_index(drop=True).assign(source=path.name + ":" + pd.Series(lines))


def _sheet(path: Path, data_only: bool) -> pd.DataFrame:
    """The first sheet's cells: calculated values (`data_only`), or formulas as they are written."""
    book = openpyxl.load_workbook(path, read_only=True, data_only=data_only)
    return pd.DataFrame(list(book.worksheets[0].values), dtype=object)


def _header_name(cells: pd.Series) -> str:
    """The first of a column's header cells that is a known name, else its last text."""
    texts = [str(cell).strip() for cell in cells if isinstance(cell, str) and cell.strip()]
    known = [_known_name(text) for text in texts if _known_name(text) in _KNOWN]
    return known[0] if known else (texts[-1] if texts else "")


_KNOWN = (
    PATIENT_COLUMN, DAY_COLUMN, GRADE_COLUMN, SEX_COLUMN, AGE_COLUMN, *HOST_COLUMNS, *DAILY_COLUMNS
)  # fmt: skip
_BY_SPELLING = {"".join(filter(str.isalnum, name.lower())): name for name in _KNOWN}


def _known_name(text: str) -> str:
    """The name as this reader knows it, whatever its case, blanks and hyphens."""
    return _BY_SPELLING.get("".join(filter(str.isalnum, text.lower())), text)


def _with_patients(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    """The table with `patient_id`, numeric `day` and `grade`, day columns checked."""
    repeated = table.columns[table.columns.duplicated() & table.columns.isin(_KNOWN)]
    if len(repeated):
        raise InvalidTableError(f"{path}: column {repeated[0]!r} stands there twice")
    required = [DAY_COLUMN, SEX_COLUMN, AGE_COLUMN]
    missing = [column for column in required if column not in table]
    if missing or not set(DAILY_COLUMNS) & set(table.columns):
        raise InvalidTableError(f"{path}: {columns_missing(missing or ['every laboratory value'])}")
    if table.empty:
        raise InvalidTableError(f"{path}: has a header and no rows")
    day = pd.to_numeric(table[DAY_COLUMN], errors="coerce")
    wrong = ~day.between(0, LAST_DAY) | (day % 1 != 0)
    if wrong.any():
        place, shown = table["source"][wrong].iloc[0], table[DAY_COLUMN][wrong].iloc[0]
        raise InvalidTableError(
            f"{place}: {DAY_COLUMN} {shown!r} is not a whole day from 0 to {LAST_DAY}"
        )
    if PATIENT_COLUMN in table:
        patient = plain_ids(table[PATIENT_COLUMN])
    else:
        patient = _running_patients(day, table)
    grade = pd.to_numeric(table[GRADE_COLUMN], errors="coerce") if GRADE_COLUMN in table else np.nan
    return table.assign(patient_id=patient, day=day.astype("int64"), grade=grade)


def _running_patients(day: pd.Series, table: pd.DataFrame) -> pd.Series:
    """Running numbers of patients whose rows follow each other, each from day 0 on, days rising."""
    starts = day == 0
    astray = ~starts & ~(day.diff() > 0)
    if astray.any():
        raise InvalidTableError(
            f"{table['source'][astray].iloc[0]}: {DAY_COLUMN} {day[astray].iloc[0]:g} neither "
            f"follows an earlier day nor is 0; without a column {PATIENT_COLUMN!r} each "
            f"patient's rows must follow each other from day 0 on"
        )
    return starts.cumsum().astype("str")


def _numbers(table: pd.DataFrame, columns: list[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """These columns as numbers (NaN = empty), and rejects for texts that are none."""
    present = [column for column in columns if column in table]
    text = table[present].apply(lambda column: column.str.strip())
    numbers = text.apply(_as_numbers)
    wrong = numbers.isna() & (text != "")
    return numbers, _rejects(
        table, wrong, text, RejectReason.NOT_A_NUMBER, "{column} is not a number"
    )


def _as_numbers(text: pd.Series) -> pd.Series:
    """Numbers of one column, decimal commas too; NaN where there is none."""
    number = pd.to_numeric(text, errors="coerce").astype("float64")
    unread = text[number.isna() & (text != "")]
    return number.fillna(unread.map(parse_number).astype("float64"))


def _constants_in(numbers: pd.DataFrame, table: pd.DataFrame) -> FilledValues:
    """The filled constants of this file by code; none where it has no grades to find them by."""
    daily = numbers[[column for column in DAILY_COLUMNS if column in numbers]]
    found = filled_constants(daily, table["grade"], table["patient_id"])
    return {
        DAILY_COLUMNS[str(column)][0]: tuple(sorted(set(group)))
        for column, group in found.groupby("column")["value"]
    }


def _filled_cells(numbers: pd.DataFrame, constants: FilledValues) -> pd.DataFrame:
    """Which cells hold a filled constant, whatever that row's own grade."""
    cells = pd.DataFrame(False, index=numbers.index, columns=numbers.columns)
    for column in numbers.columns.intersection(list(DAILY_COLUMNS)):
        cells[column] = numbers[column].round(9).isin(constants.get(DAILY_COLUMNS[column][0], ()))
    return cells


def _filled_note(
    cells: pd.DataFrame, values: int, table: pd.DataFrame, filled: FilledValues | None
) -> str:
    if filled is not None and not filled:
        return NOT_SET_ASIDE
    if filled is None and table["grade"].isna().all():
        return "no CRS grade in the file: constants filled in by grade cannot be found"
    number, columns = int(cells.to_numpy().sum()), int(cells.any().sum())
    share = number / max(1, values)
    origin = (
        "found from this file" if filled is None else "as in the file that the model learnt from"
    )
    return (
        f"{number} values in {columns} columns ({share:.0%} of all) are constants "
        f"filled in by the same day's CRS grade ({origin}); they are set to missing"
    )


def _filled_rejects(
    numbers: pd.DataFrame, filled: pd.DataFrame, table: pd.DataFrame
) -> pd.DataFrame:
    detail = "{column}: a constant filled in by the same day's grade"
    return _rejects(table, filled, numbers.astype("str"), RejectReason.FILLED_CONSTANT, detail)


def _rejects(
    table: pd.DataFrame, chosen: pd.DataFrame, text: pd.DataFrame, reason: RejectReason, detail: str
) -> pd.DataFrame:
    row, position = np.nonzero(chosen.to_numpy())
    columns = chosen.columns.to_numpy()[position]
    known = {**DAILY_COLUMNS, **HOST_COLUMNS, GRADE_COLUMN: ("crs_grade", None)}
    lines = table.iloc[row].reset_index(drop=True)
    return pd.DataFrame(
        {
            "patient_id": lines["patient_id"],
            "time": _end_of_day(lines["day"]),
            "code": [known.get(column, (column, None))[0] for column in columns],
            "numeric_value": np.nan,
            "text_value": text.to_numpy()[row, position],
            "unit": [known.get(column, (column, None))[1] for column in columns],
            "result_time": pd.Series(pd.NaT, index=range(len(row)), dtype=TIME_TYPE),
            "source": lines["source"],
            "reason": str(reason),
            "detail": [detail.format(column=column) for column in columns],
        }
    )


def _end_of_day(day: pd.Series) -> pd.Series:
    return (ORIGIN + pd.to_timedelta(day + 1, unit="D")).astype(TIME_TYPE)


def _records(
    lines: pd.DataFrame,
    time: pd.Series | pd.Timestamp,
    code: object,
    value: object,
    unit: object,
    text: object = np.nan,
) -> pd.DataFrame:
    index = range(len(lines))
    return pd.DataFrame(
        {
            "patient_id": lines["patient_id"].to_numpy(),
            "time": pd.Series(time, index=index, dtype=TIME_TYPE),
            "code": pd.Series(code, index=index, dtype="str"),
            "numeric_value": pd.Series(value, index=index, dtype="float64"),
            "text_value": pd.Series(text, index=index, dtype="str"),
            "unit": pd.Series(unit, index=index, dtype="str"),
            "result_time": pd.Series(pd.NaT, index=index, dtype=TIME_TYPE),
            "source": lines["source"].to_numpy(),
        }
    )


def _daily_records(numbers: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """One record a laboratory value, known at the end of its day."""
    values = numbers.to_numpy()
    row, position = np.nonzero(~np.isnan(values))
    codes = np.array([DAILY_COLUMNS[column] for column in numbers.columns], dtype=object)
    lines = table.iloc[row].reset_index(drop=True)
    return _records(
        lines,
        _end_of_day(lines["day"]),
        codes[position, 0],
        values[row, position],
        codes[position, 1],
    )


def _grades(table: pd.DataFrame) -> pd.DataFrame:
    graded = table[table["grade"].notna()].reset_index(drop=True)
    value = graded["grade"].astype("float64")
    return _records(graded, _end_of_day(graded["day"]), "crs_grade", value, None)


def _host_records(numbers: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Birth, sex, cell dose and prior lines from each patient's first row.

    An age that gives no birth goes as `age`, which harmonising refuses with its limits.
    """
    first = ~table["patient_id"].duplicated()
    lines, values = table[first].reset_index(drop=True), numbers[first].reset_index(drop=True)
    age = values[AGE_COLUMN]
    born = age.between(0, OLDEST_BORN).to_numpy()
    birth = (ORIGIN - pd.to_timedelta(age.where(born) * 365.25, unit="D")).astype(TIME_TYPE)
    parts = [
        _records(lines, birth, "birth", np.nan, None)[born],
        _records(lines, pd.NaT, "age", age, "a")[~born & age.notna().to_numpy()],
        _records(lines, pd.NaT, "sex", np.nan, None, lines[SEX_COLUMN].str.strip()),
        *(
            _records(lines, pd.NaT, code, values[column], unit)[values[column].notna().to_numpy()]
            for column, (code, unit) in HOST_COLUMNS.items()
            if column in values
        ),
    ]
    return pd.concat(parts, ignore_index=True)


def _infusions(table: pd.DataFrame) -> pd.DataFrame:
    """The CAR-T infusion at `ORIGIN`; the product is not stated, so its class stands for it."""
    lines = table[~table["patient_id"].duplicated()].reset_index(drop=True)
    return _records(lines, ORIGIN, "car_t_unspecified", np.nan, None)
