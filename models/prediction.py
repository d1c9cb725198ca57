"""The answer about one patient at one moment, in plain values."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd

from features.catalogue.naming import name_of
from features.outcomes import Outcome
from features.tables import InvalidInputError


class Tier(StrEnum):
    """How a risk compares with the thresholds that the bundle states."""

    LOW = "low"
    ELEVATED = "elevated"
    HIGH = "high"


class Verdict(StrEnum):
    """Whether the number may be used."""

    ANSWER = "answer"
    CAUTION = "caution"
    ABSTAIN = "abstain"


@dataclass(frozen=True)
class Reason:
    """One plain sentence with its signed share of the risk.

    `contribution` is in log-odds; `share` is its part (0 to 1) of all absolute contributions.
    """

    analyte: str
    sentence: str
    contribution: float
    share: float


@dataclass(frozen=True)
class OutcomePrediction:
    """One outcome's answer.

    `risk`, `risk_low`, `risk_high` are probabilities (0 to 1) of the outcome within the horizon.
    `elevated_from` and `high_from` are the risks at which the tier is elevated, and high.
    `base` plus the sum of `contributions` (log-odds, one per analyte) is the log-odds of `risk`.
    """

    outcome: Outcome
    at_risk: bool
    risk: float
    risk_low: float
    risk_high: float
    tier: Tier
    elevated_from: float
    high_from: float
    verdict: Verdict
    verdict_reasons: tuple[str, ...]
    base: float
    contributions: Mapping[str, float]
    reasons: tuple[Reason, ...]

    def contribution_table(self) -> pd.DataFrame:
        """The contributions, the weightiest first.

        Returns:
            DataFrame by `analyte` (the catalogue's key): `name`, `contribution` (log-odds) and
            `odds_times`, by which it multiplies the odds.
        """
        shares = pd.Series(self.contributions, name="contribution", dtype=float)
        shares = shares.reindex(shares.abs().sort_values(ascending=False, kind="stable").index)
        table = shares.rename_axis("analyte").to_frame().assign(odds_times=np.exp(shares))
        table.insert(0, "name", [name_of(str(key)) for key in table.index])
        return table


@dataclass(frozen=True)
class DataQuality:
    """What the answer rests on.

    `age_hours` gives each key analyte's hours since its last value, None where there is none;
    `missing` names those; `rejected` counts the records set aside, by reason.
    """

    age_hours: Mapping[str, float | None]
    missing: tuple[str, ...]
    rejected: Mapping[str, int]
    rejected_records: tuple[str, ...]


@dataclass(frozen=True)
class RuleReading:
    """What a published rule says beside the model; `fires` is None where its items are missing."""

    rule: str
    value: float | None
    fires: bool | None
    sentence: str
    source: str


@dataclass(frozen=True)
class PatientPrediction:
    """Everything that one question about one patient is answered with."""

    patient_id: str
    as_of: pd.Timestamp
    horizon_hours: float
    model_version: str
    learnt_from: str
    outcomes: tuple[OutcomePrediction, ...]
    data_quality: DataQuality
    rules: tuple[RuleReading, ...]

    def answer(self, outcome: Outcome) -> OutcomePrediction:
        """One outcome's answer.

        Raises:
            InvalidInputError: the model does not answer this outcome.
        """
        for one in self.outcomes:
            if one.outcome == outcome:
                return one
        answered = ", ".join(str(one.outcome) for one in self.outcomes)
        raise InvalidInputError(f"{outcome}: not answered by this model; answered: {answered}")
