"""From events to guarded, calibrated, explained risks, for a cohort and for one patient."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import logit

from features.arrays import EventArrays, Moments, moments_of
from features.catalogue.naming import name_of
from features.matrix import events_from_records, feature_rows
from features.outcomes import DEFINITIONS, Outcome, at_risk
from features.patient_ids import plain_ids
from features.tables import InvalidInputError, count_rejects
from models.bundle import Bundle, OutcomeModel, TierThresholds
from models.calibration import CONTRIBUTION
from models.calibration_curves import Kind
from models.explain import Recent, by_analyte, keys_behind, reasons, recent_values
from models.guard import evidence_columns, judge
from models.prediction import DataQuality, OutcomePrediction, PatientPrediction, Tier
from models.reference import analytes_of
from models.rules import read_rules

PREDICTION_COLUMNS = (
    "patient_id", "as_of", "outcome", "risk", "risk_low", "risk_high", "tier", "verdict",
    "at_risk", "model_version",
)  # fmt: skip
REJECTS_SHOWN = 20
KEY_ANALYTES = ("crp", "temperature", "platelets", "neutrophils", "il6", "ferritin")
"""Whose age every answer states: what wards watch in CRS and infection."""


@dataclass(frozen=True)
class Risks:
    """One outcome's numbers for many rows: arrays of shape (rows,)."""

    margin: np.ndarray
    risk: np.ndarray
    low: np.ndarray
    high: np.ndarray


def risks(model: OutcomeModel, rows: pd.DataFrame) -> Risks:
    """Calibrated risks and intervals of feature rows that hold the model's columns."""
    margin = model.risk.margin(rows)
    low, high = model.calibration.interval(margin, model.risk.member_margins(rows))
    return Risks(margin, model.calibration.risk(margin), low, high)


def explain(
    model: OutcomeModel, rows: pd.DataFrame, log_odds: np.ndarray
) -> tuple[pd.DataFrame, np.ndarray]:
    """Contributions by analyte (rows x analytes, calibrated log-odds) and their base.

    Each TreeSHAP value is carried through the calibration's line by its slope; what another curve
    adds stands beside the analytes as `CONTRIBUTION`. Base plus contributions is `log_odds`
    exactly: the base takes up TreeSHAP's rounding (below 1e-4).
    """
    values, _ = model.risk.contributions(rows)
    shares = by_analyte(model.calibration.slope * values, model.risk.names)
    if model.calibration.kind != Kind.LOGISTIC:
        shares[CONTRIBUTION] = model.calibration.remainder(model.risk.margin(rows))
    total = np.cumsum(shares.to_numpy(), axis=1)[:, -1]  # in order, so one row rounds as many do
    return shares, log_odds - total


def tier_of(risk: float, tiers: TierThresholds) -> Tier:
    """The tier of a risk."""
    if risk >= tiers.high:
        return Tier.HIGH
    return Tier.ELEVATED if risk >= tiers.elevated else Tier.LOW


def predict_rows(
    bundle: Bundle, events: pd.DataFrame, as_of: pd.DataFrame, contributions: bool = True
) -> pd.DataFrame:
    """Predict every as-of row for every outcome of the bundle.

    `events` are what `events_from_records` makes with the bundle's `outcomes_from`. Rows that are
    not at risk are predicted too; `at_risk` and `verdict` say so.

    Returns:
        DataFrame with `PREDICTION_COLUMNS`, `verdict_reasons` (joined sentences) and, on demand,
        `contributions` (a dictionary of log-odds by analyte, with the base under `base`).
    """
    rows = feature_rows(events, as_of, bundle.columns)
    evidence = feature_rows(events, as_of, evidence_columns(bundle.reference))
    parts = [
        _predict_outcome(bundle, outcome, events, as_of, rows, evidence, contributions)
        for outcome in bundle.models
    ]
    return pd.concat(parts, ignore_index=True)


def _predict_outcome(
    bundle: Bundle,
    outcome: Outcome,
    events: pd.DataFrame,
    as_of: pd.DataFrame,
    rows: pd.DataFrame,
    evidence: pd.DataFrame,
    contributions: bool,
) -> pd.DataFrame:
    model = bundle.models[outcome]
    found = risks(model, rows)
    eligible = at_risk(events, as_of, outcome)
    judged = judge(rows, evidence, outcome, eligible, bundle.reference)
    table = pd.DataFrame(
        {
            "patient_id": rows.index.get_level_values("patient_id"),
            "as_of": rows.index.get_level_values("as_of"),
            "outcome": str(outcome),
            "risk": found.risk,
            "risk_low": found.low,
            "risk_high": found.high,
            "tier": [str(tier_of(risk, model.tiers)) for risk in found.risk],
            "verdict": [str(judgement.verdict) for judgement in judged],
            "at_risk": eligible,
            "model_version": bundle.version,
            "virtual": bundle.card.virtual,
            "verdict_reasons": ["; ".join(judgement.reasons) for judgement in judged],
        }
    )
    if contributions:
        shares, base = explain(model, rows, logit(found.risk))
        table["contributions"] = shares.assign(base=base).to_dict("records")
    return table


def predict_patient(
    bundle: Bundle, records: pd.DataFrame, as_of: pd.Timestamp
) -> PatientPrediction:
    """Answer one question about one patient.

    Args:
        bundle: the model.
        records: the patient's records (records contract; one patient_id throughout).
        as_of: the moment asked about, with a time zone.

    Raises:
        InvalidInputError: records of no or of several patients, or a moment without a time zone.
    """
    harmonised = events_from_records(records, bundle.outcomes_from)
    patients = plain_ids(records["patient_id"]).unique()
    if len(patients) != 1:
        raise InvalidInputError(f"records of {len(patients)} patients where one is asked about")
    if as_of.tzinfo is None:
        raise InvalidInputError(f"as_of {as_of} needs a time zone")
    asked = pd.DataFrame({"patient_id": patients, "as_of": [as_of.tz_convert("UTC")]})
    question = _question(bundle, harmonised.arrays, moments_of(asked))
    return PatientPrediction(
        patient_id=str(patients[0]),
        as_of=as_of,
        horizon_hours=bundle.horizon_hours,
        model_version=bundle.version,
        learnt_from=bundle.card.learnt_from,
        outcomes=tuple(_answer(bundle, outcome, question) for outcome in bundle.models),
        data_quality=_data_quality(question.recent, harmonised.rejects),
        rules=read_rules(question.events, question.moment),
    )


@dataclass(frozen=True)
class _Question:
    """One patient at one moment: what every outcome's answer is made of, computed once."""

    events: EventArrays
    moment: Moments
    rows: pd.DataFrame
    evidence: pd.DataFrame
    recent: Mapping[str, Recent]


def _question(bundle: Bundle, events: EventArrays, moment: Moments) -> _Question:
    analytes = [analyte for m in bundle.models.values() for analyte in analytes_of(m.risk.names)]
    keys = dict.fromkeys((*KEY_ANALYTES, *keys_behind(analytes)))
    return _Question(
        events,
        moment,
        rows=feature_rows(events, moment, bundle.columns),
        evidence=feature_rows(events, moment, evidence_columns(bundle.reference)),
        recent=recent_values(events, moment, tuple(keys)),
    )


def _answer(bundle: Bundle, outcome: Outcome, question: _Question) -> OutcomePrediction:
    model, rows = bundle.models[outcome], question.rows
    found = risks(model, rows)
    eligible = at_risk(question.events, question.moment, outcome)
    judgement = judge(rows, question.evidence, outcome, eligible, bundle.reference)[0]
    shares, base = explain(model, rows, logit(found.risk))
    contributions = {str(key): float(value) for key, value in shares.iloc[0].items()}
    return OutcomePrediction(
        outcome=outcome,
        at_risk=bool(eligible[0]),
        risk=float(found.risk[0]),
        risk_low=float(found.low[0]),
        risk_high=float(found.high[0]),
        tier=tier_of(float(found.risk[0]), model.tiers),
        elevated_from=model.tiers.elevated,
        high_from=model.tiers.high,
        verdict=judgement.verdict,
        verdict_reasons=judgement.reasons,
        base=float(base[0]),
        contributions=contributions,
        reasons=reasons(contributions, rows.iloc[0], question.recent),
    )


def _data_quality(recent: Mapping[str, Recent], rejects: pd.DataFrame) -> DataQuality:
    hours = {key: recent[key].age_hours for key in KEY_ANALYTES}
    ages = {key: None if np.isnan(age) else age for key, age in hours.items()}
    shown = rejects.head(REJECTS_SHOWN)
    return DataQuality(
        age_hours=ages,
        missing=tuple(name_of(key) for key, age in ages.items() if age is None),
        rejected=count_rejects(rejects),
        rejected_records=tuple(
            f"{code} {detail} ({source})"
            for code, detail, source in zip(
                shown["code"], shown["detail"], shown["source"], strict=True
            )
        ),
    )


def meaning_of(outcome: Outcome) -> str:
    """The outcome in a sentence's words."""
    return DEFINITIONS[outcome].meaning
