"""The bundle as MLflow sees it: a file that MLflow runs to make the model (no pickle).

Only `features` and `models` travel with it, so it imports nothing else of this project.
"""

from typing import Any

import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel, PythonModelContext

from features.matrix import events_from_records
from features.plurals import columns_missing
from features.tables import RECORD_COLUMNS, TIME_TYPE, InvalidInputError, InvalidTableError
from models.bundle import Bundle, load_bundle
from models.predict import predict_rows

REQUIRED = ("patient_id", "time", "code")


class BundleModel(PythonModel):
    """Answers records of any number of patients.

    Input is a records table (`patient_id`, `time`, `code`, and what else of the records contract
    is there; times with a zone, or ISO 8601 text). The parameter `as_of` is one moment for all
    patients (ISO 8601 with a zone); empty means each patient's last known time.
    """

    bundle: Bundle

    def load_context(self, context: PythonModelContext) -> None:
        """Read the bundle; an altered one is refused."""
        self.bundle = load_bundle(context.artifacts["bundle"])

    def predict(
        self,
        context: PythonModelContext,  # noqa: ARG002 - MLflow's signature
        model_input: pd.DataFrame,
        params: dict[str, Any] | None = None,
    ) -> pd.DataFrame:
        """The predictions table: a line per patient and outcome.

        Raises:
            InvalidInputError: a missing column, a time without zone, a number that is none.
        """
        records = records_of(model_input)
        moments = _moments(records, str((params or {}).get("as_of") or ""))
        events = events_from_records(records, self.bundle.outcomes_from).events
        return predict_rows(self.bundle, events, moments)


def records_of(table: pd.DataFrame) -> pd.DataFrame:
    """The records contract from a table that came through MLflow: all columns, typed.

    The errors name the column and never repeat a value: this input is patients' data.
    """
    missing = [column for column in REQUIRED if column not in table]
    if missing:
        raise InvalidTableError(f"records: {columns_missing(missing)}")
    lines = table.reset_index(drop=True).reindex(columns=list(RECORD_COLUMNS))
    typed = {name: READ.get(name, _text)(lines[name]) for name in RECORD_COLUMNS}
    return pd.DataFrame(typed).fillna({"source": ""})


def _text(values: pd.Series) -> pd.Series:
    return values.astype("str")


def _times(values: pd.Series) -> pd.Series:
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        return values.astype(TIME_TYPE)
    try:
        moments = [pd.NaT if pd.isna(value) else pd.Timestamp(value) for value in values]
    except ValueError as fault:
        raise InvalidTableError(f"{values.name}: a value is no ISO 8601 time") from fault
    if any(moment is not pd.NaT and moment.tzinfo is None for moment in moments):
        raise InvalidTableError(f"{values.name}: a time has no zone; write 2026-01-31T08:00:00Z")
    return pd.Series(pd.to_datetime(moments, utc=True), name=values.name, dtype=TIME_TYPE)


def _numbers(values: pd.Series) -> pd.Series:
    numbers = pd.to_numeric(values, errors="coerce")
    if (numbers.isna() & values.notna()).any():
        raise InvalidTableError(f"{values.name}: a value is no number")
    return numbers.astype("float64")


READ = {"time": _times, "result_time": _times, "numeric_value": _numbers}
"""How columns are read; the others are text."""


def _moments(records: pd.DataFrame, as_of: str) -> pd.DataFrame:
    """One as-of row per patient: the moment asked for, else each patient's last known time."""
    if as_of:
        moment = pd.Timestamp(as_of)
        if moment.tzinfo is None:
            raise InvalidInputError("as_of needs a zone: write 2026-01-31T08:00:00Z")
        patients = sorted(records["patient_id"].unique())
        return pd.DataFrame({"patient_id": patients, "as_of": moment.tz_convert("UTC")})
    known = records["result_time"].fillna(records["time"])
    last = known.groupby(records["patient_id"]).max()
    if last.isna().any():
        raise InvalidInputError("as_of is needed: a patient has no record with a time")
    return last.rename("as_of").rename_axis("patient_id").reset_index()


set_model(BundleModel())
