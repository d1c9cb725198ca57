"""What the service takes and gives, as types: they check requests and write the OpenAPI page."""

import re
from datetime import datetime
from types import NoneType
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    model_validator,
)

from features.tables import EARLIEST_TIME, LATEST_TIME

MOST_RECORDS = 20_000
"""Forty values an hour for three weeks: more than one patient's stay holds."""
MOST_BODY_BYTES = 8 * 1024 * 1024
LARGEST_NUMBER = 1e300
ISO_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d:?\d\d)?")


def _written_as_time(value: Any) -> Any:
    """Refuse what a lenient reader takes for a time: a number of seconds in quotes, a date."""
    if type(value) is not str or not ISO_TIME.fullmatch(value):
        raise ValueError("is not a time such as 2024-03-05T08:00:00+01:00")
    return value


def _within_limits(value: datetime) -> datetime:
    if not EARLIEST_TIME <= value < LATEST_TIME:
        raise ValueError(f"lies outside {EARLIEST_TIME:%Y-%m-%d} to {LATEST_TIME:%Y-%m-%d}")
    return value


def _number_or_text(value: Any) -> Any:
    if type(value) not in (int, float, str, NoneType):
        raise ValueError('is neither a number nor a text such as "<5"')
    if isinstance(value, int | float) and not abs(value) <= LARGEST_NUMBER:  # so NaN is refused
        raise ValueError("is not a number that a measurement can have")
    return value


def _visible(value: str) -> str:
    if value != value.strip() or not value.isprintable():
        raise ValueError("has spaces at its ends or characters that cannot be seen")
    return value


Time = Annotated[
    AwareDatetime,
    Field(strict=False),  # a text becomes a time; _written_as_time has let nothing else through
    BeforeValidator(_written_as_time),
    AfterValidator(_within_limits),
]
Name = Annotated[str, Field(min_length=1, max_length=128), AfterValidator(_visible)]
Value = Annotated[
    float | Annotated[str, Field(max_length=1000)] | None, BeforeValidator(_number_or_text)
]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


class Record(_Strict):
    """One thing known about the patient: a measurement, a dose, a state or a fact."""

    time: Time | None = Field(
        None, description="When it was taken or given, with offset; null for a fact without a time"
    )
    code: Name = Field(description="LOINC//..., ATC//..., OMOP//... or a catalogue key such as crp")
    value: Value = Field(None, description='A number, or a text such as "<5" or "positive"')
    unit: Name | None = Field(None, description="UCUM, such as mg/L")
    result_time: Time | None = Field(None, description="When it became known; null: at `time`")
    text: Annotated[str, Field(max_length=1000)] | None = Field(
        None, description="A text beside a number, or instead of `value`"
    )

    @model_validator(mode="after")
    def _one_text(self) -> "Record":
        if isinstance(self.value, str) and self.text is not None:
            raise ValueError("has a text in `value` and another in `text`")
        return self


EXAMPLE_REQUEST: dict[str, Any] = {
    "patient_id": "example-1",
    "as_of": "2024-03-06T08:00:00+01:00",
    "records": [
        {"time": None, "code": "sex", "value": "female"},
        {"time": "1958-05-17T00:00:00+01:00", "code": "birth"},
        {"time": None, "code": "disease", "value": "myeloma"},
        {
            "time": "2024-03-04T09:00:00+01:00",
            "code": "teclistamab",
            "value": 0.06,
            "unit": "mg/kg",
        },
        {"time": "2024-03-04T07:30:00+01:00", "code": "LOINC//1988-5", "value": 4, "unit": "mg/L"},
        {"time": "2024-03-05T07:30:00+01:00", "code": "crp", "value": 12, "unit": "mg/L"},
        {
            "time": "2024-03-06T06:40:00+01:00",
            "code": "crp",
            "value": 58,
            "unit": "mg/L",
            "result_time": "2024-03-06T07:25:00+01:00",
        },
        {"time": "2024-03-06T07:00:00+01:00", "code": "temperature", "value": 38.4, "unit": "Cel"},
        {"time": "2024-03-06T07:00:00+01:00", "code": "heart_rate", "value": 96, "unit": "/min"},
        {
            "time": "2024-03-06T07:00:00+01:00",
            "code": "blood_pressure",
            "value": "118/70",
            "unit": "mm[Hg]",
        },
        {"time": "2024-03-06T07:00:00+01:00", "code": "LOINC//59408-5", "value": 96, "unit": "%"},
        {"time": "2024-03-06T07:30:00+01:00", "code": "crs_grade", "value": 1},
        {"time": "2024-03-06T06:40:00+01:00", "code": "platelets", "value": 141, "unit": "10*9/L"},
    ],
}


class PredictionRequest(_Strict):
    """One question: the risk of this patient at this moment, from these records."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_REQUEST]})

    patient_id: Name = Field(description="Any name that is the same for the same patient")
    as_of: Time | None = Field(None, description="The moment asked about, with offset; null: now")
    records: Annotated[list[Record], Field(min_length=1, max_length=MOST_RECORDS)]


class ReasonAnswer(_Strict):
    """One plain sentence with its signed part of the risk."""

    sentence: str
    analyte: str
    contribution: float = Field(description="log-odds")
    share: float = Field(description="part (0 to 1) of the sum of absolute contributions")


class OutcomeAnswer(_Strict):
    """The answer for one outcome.

    Where `verdict` is abstain the service cannot say: risk, interval, tier and base are null, and
    there is nothing to explain. Else base plus contributions is the log-odds of the risk.
    """

    outcome: str = Field(description="severe_crs or infection")
    at_risk: bool = Field(description="false: the outcome is already there, so it is not asked")
    verdict: str = Field(description="answer, caution or abstain")
    verdict_reasons: list[str]
    risk: float | None = Field(description="probability (0 to 1) within the horizon")
    interval: Annotated[list[float], Field(min_length=2, max_length=2)] | None = Field(
        description="[low, high]: at least nine times in ten it holds the rate of the outcome "
        "among patients given such a risk"
    )
    tier: str | None = Field(description="low, elevated or high, by `tier_from`")
    tier_from: dict[str, float] = Field(
        description="the risks from which this model's tier is elevated, and high: those of the "
        "highest 10 and 3 in 100 of its training rows"
    )
    reasons: list[ReasonAnswer]
    base: float | None = Field(description="log-odds before any contribution")
    contributions: dict[str, float] = Field(
        description="log-odds, one for each analyte, and `calibration` where it is no line"
    )


class DataQualityAnswer(_Strict):
    """What the answer rests on."""

    age_hours: dict[str, float | None] = Field(description="hours since the last value; null: none")
    missing: list[str]
    rejected: dict[str, int] = Field(description="records set aside, by reason")
    rejected_records: list[str]
    after_as_of: int = Field(description="records not known yet at `as_of`, and so not used")


class RuleAnswer(_Strict):
    """What a published rule says beside the model; `fires` is null where its items are missing."""

    rule: str
    value: float | None
    fires: bool | None
    sentence: str
    source: str


class PredictionAnswer(_Strict):
    """The answer to one question."""

    prediction_id: str
    patient_id: str
    as_of: str
    horizon_hours: float
    outcomes: list[OutcomeAnswer]
    data_quality: DataQualityAnswer
    rules: list[RuleAnswer]
    model_version: str = Field(description="SHA-256 of the bundle that answered")
    learnt_from: str
    disclaimer: str


class ModelAnswer(_Strict):
    """The model that answers."""

    model_version: str
    outcomes: list[str]
    horizon_hours: float
    features: int
    learnt_from: str
    card: dict[str, JsonValue]
    disclaimer: str


class ReplayAnswer(_Strict):
    """Whether the stored request still gives the stored answer, byte for byte."""

    prediction_id: str
    model_version: str
    same_bytes: bool
    difference: str | None


class BrokenAnswer(_Strict):
    """The first entry that does not hold."""

    sequence: int
    prediction_id: str | None
    reason: str


class ChainAnswer(_Strict):
    """The state of the audit trail: note `head` elsewhere, for it shows a later truncation."""

    holds: bool
    count: int
    head: str
    broken: BrokenAnswer | None


class ProblemFieldAnswer(_Strict):
    """What is wrong at one place."""

    pointer: str
    detail: str


class ProblemAnswer(_Strict):
    """An RFC 9457 problem document."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: list[ProblemFieldAnswer] | None = None
