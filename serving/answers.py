"""From a question's bytes to the answer's bytes: the one path of asking, replaying, warming up."""

from datetime import datetime
from typing import Any

import pandas as pd

from models.bundle import Bundle
from models.predict import predict_patient
from models.prediction import OutcomePrediction, PatientPrediction, Verdict
from serving.canonical import canonical_json, ordered_json
from serving.questions import read_question, records_table, unknown_at_as_of
from serving.schemas import (
    EXAMPLE_REQUEST,
    DataQualityAnswer,
    OutcomeAnswer,
    PredictionAnswer,
    ReasonAnswer,
    RuleAnswer,
)

DISCLAIMER = (
    "Research software, not a certified medical device (neither CE-marked nor FDA-cleared). "
    "It supports the judgement of the treating team and does not replace it."
)


def answer_bytes(bundle: Bundle, body: bytes, prediction_id: str, asked_at: datetime) -> bytes:
    """The answer to a request, as it leaves: the same four arguments give the same bytes.

    Raises ProblemError for a request that breaks its contract, InvalidInputError for records that
    cannot be used.
    """
    question = read_question(body, asked_at)
    prediction = predict_patient(bundle, records_table(question), pd.Timestamp(question.as_of))
    answer = prediction_answer(prediction, prediction_id, unknown_at_as_of(question))
    return ordered_json(answer.model_dump())


def warm_up(bundle: Bundle, now: datetime) -> None:
    """Answer the example of the OpenAPI page once, so that the first caller does not wait."""
    answer_bytes(bundle, canonical_json(EXAMPLE_REQUEST), "warm-up", now)


def prediction_answer(
    prediction: PatientPrediction, prediction_id: str, after_as_of: int
) -> PredictionAnswer:
    """The prediction in the words of the HTTP contract."""
    return PredictionAnswer(
        prediction_id=prediction_id,
        patient_id=prediction.patient_id,
        as_of=instant(prediction.as_of),
        horizon_hours=prediction.horizon_hours,
        outcomes=[_outcome(outcome) for outcome in prediction.outcomes],
        data_quality=_data_quality(prediction, after_as_of),
        rules=[RuleAnswer(**vars(rule)) for rule in prediction.rules],
        model_version=prediction.model_version,
        learnt_from=prediction.learnt_from,
        disclaimer=DISCLAIMER,
    )


def instant(moment: datetime) -> str:
    """ISO 8601 in UTC with a Z."""
    return pd.Timestamp(moment).tz_convert("UTC").isoformat().replace("+00:00", "Z")


def _outcome(outcome: OutcomePrediction) -> OutcomeAnswer:
    verdict: dict[str, Any] = {
        "outcome": outcome.outcome.value,
        "at_risk": outcome.at_risk,
        "verdict": outcome.verdict.value,
        "verdict_reasons": list(outcome.verdict_reasons),
        "tier_from": {"elevated": outcome.elevated_from, "high": outcome.high_from},
    }
    number = _nothing() if outcome.verdict is Verdict.ABSTAIN else _number(outcome)
    return OutcomeAnswer(**verdict, **number)


def _number(outcome: OutcomePrediction) -> dict[str, Any]:
    return {
        "risk": outcome.risk,
        "interval": [outcome.risk_low, outcome.risk_high],
        "tier": outcome.tier.value,
        "reasons": [
            ReasonAnswer(
                sentence=r.sentence,
                analyte=r.analyte,
                contribution=r.contribution,
                share=r.share,
            )
            for r in outcome.reasons
        ],
        "base": outcome.base,
        "contributions": dict(outcome.contributions),
    }


def _nothing() -> dict[str, Any]:
    """What stands where the service cannot say: base and contributions would tell the number."""
    empty: dict[str, Any] = {"reasons": [], "contributions": {}}
    return {"risk": None, "interval": None, "tier": None, "base": None, **empty}


def _data_quality(prediction: PatientPrediction, after_as_of: int) -> DataQualityAnswer:
    quality = prediction.data_quality
    return DataQualityAnswer(
        age_hours=dict(quality.age_hours),
        missing=list(quality.missing),
        rejected=dict(quality.rejected),
        rejected_records=list(quality.rejected_records),
        after_as_of=after_as_of,
    )
