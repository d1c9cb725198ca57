"""From the bytes of a request to a checked question, or to a problem that names each place."""

import json
from collections import Counter
from datetime import datetime, timedelta

import pandas as pd
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from features.tables import RECORD_COLUMNS, TIME_TYPE
from serving.problems import MOST_ERRORS, FieldError, Problem, ProblemError
from serving.schemas import MOST_RECORDS, PredictionRequest, Record

KNOWN = frozenset({*PredictionRequest.model_fields, *Record.model_fields})
"""Every key that a question may hold."""
TOO_STRANGE = f"holds more than {MOST_ERRORS} keys that are no field of the contract"

CLOCK_TOLERANCE = timedelta(minutes=5)
"""How far a caller's clock may be ahead of ours."""

MESSAGES = {
    "missing": "is missing",
    "extra_forbidden": "is not a field of this object",
    "timezone_aware": "has no offset from UTC: write 2024-03-05T08:00:00+01:00, or Z for UTC",
    "string_type": "is not a text",
    "datetime_type": "is not a time such as 2024-03-05T08:00:00+01:00",
    "model_type": "is not an object",
    "list_type": "is not a list",
    "string_too_short": "is empty",
    "string_too_long": "is longer than {max_length} characters",
    "too_short": "holds nothing: at least {min_length} record is needed",
    "too_long": "holds more than {max_length} records",
    "value_error": "{error}",
    "datetime_from_date_parsing": "is not a time such as 2024-03-05T08:00:00+01:00",
    "datetime_parsing": "is not a time such as 2024-03-05T08:00:00+01:00",
}
"""Our sentence for each kind of pydantic error; another kind keeps pydantic's own."""


def read_question(body: bytes, asked_at: datetime) -> PredictionRequest:
    """The question in the bytes, with `as_of` filled in.

    Raises ProblemError: NOT_JSON, DUPLICATE_KEY, or INVALID_REQUEST with a pointer and a sentence a
    place.
    """
    _refuse_bulk(body)
    try:
        question = PredictionRequest.model_validate_json(body)
    except ValidationError as error:
        raise _problem(error) from None
    as_of = question.as_of or asked_at
    if as_of > asked_at + CLOCK_TOLERANCE:
        raise _invalid([FieldError("/as_of", _too_late(as_of, asked_at))])
    return question.model_copy(update={"as_of": as_of})


def _refuse_bulk(body: bytes) -> None:
    """Refuse what no question holds, before pydantic collects an error for each of many places.

    Which of two values of one key was meant cannot be known; and two readers could take different
    ones. What is no JSON is left for pydantic, which says where.
    """
    strange = 0

    def checked(pairs: list[tuple[str, object]]) -> dict[str, object]:
        nonlocal strange
        strange += sum(name not in KNOWN for name, _ in pairs)
        if strange > MOST_ERRORS:
            raise _invalid([FieldError("", TOO_STRANGE)])
        found = dict(pairs)
        if len(found) < len(pairs):
            twin = Counter(name for name, _ in pairs).most_common(1)[0][0]
            detail = f"The key {json.dumps(twin)} stands more than once in one object."
            raise ProblemError(Problem.DUPLICATE_KEY, detail)
        return found

    try:
        read = json.loads(body, object_pairs_hook=checked, parse_int=float)
    except (ValueError, RecursionError):
        return
    records = read.get("records") if isinstance(read, dict) else None
    if isinstance(records, list) and len(records) > MOST_RECORDS:
        sentence = MESSAGES["too_long"].format(max_length=MOST_RECORDS)
        raise _invalid([FieldError("/records", sentence)])


def _too_late(as_of: datetime, asked_at: datetime) -> str:
    limit = int(CLOCK_TOLERANCE.total_seconds() // 60)
    return (
        f"{as_of.isoformat()} lies in the future: it may be at most {limit} min "
        f"after {asked_at.isoformat()}, when the question arrived"
    )


def _problem(error: ValidationError) -> ProblemError:
    errors = error.errors(include_url=False)
    if errors[0]["type"] == "json_invalid":
        return ProblemError(Problem.NOT_JSON, errors[0]["msg"])
    shown = [FieldError(_pointer(e), _sentence(e)) for e in errors[:MOST_ERRORS]]
    return _invalid(shown, len(errors))


def _invalid(shown: list[FieldError], count: int = 1) -> ProblemError:
    places = "1 place is" if count == 1 else f"{count} places are"
    detail = f"{places} not as the contract says; first {shown[0].pointer or '/'}."
    return ProblemError(Problem.INVALID_REQUEST, detail, shown)


def _pointer(error: ErrorDetails) -> str:
    steps = (str(step).replace("~", "~0").replace("/", "~1") for step in error["loc"])
    return "".join(f"/{step}" for step in steps)


def _sentence(error: ErrorDetails) -> str:
    pattern = MESSAGES.get(error["type"], "{message}")
    sentence = pattern.format(message=error["msg"], **error.get("ctx", {}))
    is_plain = isinstance(error["input"], str | int | float)
    if error["type"] == "extra_forbidden" or not is_plain:
        return sentence
    return f"{_shown(error['input'])} {sentence}"


def _shown(value: object) -> str:
    shown = json.dumps(value, ensure_ascii=False)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."


def records_table(question: PredictionRequest) -> pd.DataFrame:
    """The records as the table that features read; `source` is the place in the request."""
    records = question.records
    columns = {
        "patient_id": [question.patient_id] * len(records),
        "time": _times([record.time for record in records]),
        "code": [record.code for record in records],
        "numeric_value": [_number(record) for record in records],
        "text_value": pd.array([_text(record) for record in records], dtype="str"),
        "unit": pd.array([record.unit for record in records], dtype="str"),
        "result_time": _times([record.result_time for record in records]),
        "source": [f"/records/{place}" for place in range(len(records))],
    }
    return pd.DataFrame(columns, columns=list(RECORD_COLUMNS))


def unknown_at_as_of(question: PredictionRequest) -> int:
    """How many records lie, or became known, after the moment asked about."""
    as_of = question.as_of
    moments = ((r.time, r.result_time) for r in question.records)
    return sum(
        any(m is not None and as_of is not None and m > as_of for m in pair) for pair in moments
    )


def _times(times: list[datetime | None]) -> pd.Series:
    return pd.Series(pd.to_datetime(pd.Series(times, dtype=object), utc=True)).astype(TIME_TYPE)


def _number(record: Record) -> float:
    return float(record.value) if isinstance(record.value, int | float) else float("nan")


def _text(record: Record) -> str | None:
    return record.value if isinstance(record.value, str) else record.text
