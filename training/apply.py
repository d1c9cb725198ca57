"""A released bundle on other patients: predictions for every as-of time, and how good they were."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet

from features.outcomes import Outcome, happenings
from features.tables import ORIGIN, count_rejects
from models.bundle import Bundle
from models.predict import predict_rows
from training.blas import on_one_blas_thread
from training.config import DAY, HOUR
from training.dataset import Cohort, Events, label_cohort, load_events
from training.folders import CSV_ENDING, arrow_column, table_ending, write_table
from training.judging.alarms.utility import best_threshold
from training.judging.alarms.utility_intervals import utility_intervals
from training.judging.doubt.added import Given, add_doubts
from training.judging.doubt.repair import repair_of
from training.judging.in_full import evaluate_in_full
from training.judging.judged import judged_on, scored_rows
from training.leaks.known_again import known_again, seen_before
from training.prices import Prices
from training.progress import progress
from training.weights import weights_notes

ROWS_AT_ONCE = 20_000
NOTHING_TO_EARN = "no stay has an onset near which an alarm could earn anything"


def predict(
    bundle: Bundle, source: Events, moments: pd.DataFrame, contributions: bool
) -> pd.DataFrame:
    """Predict every as-of row, a slice at a time so that long work shows its progress."""
    slices = [slice(i, i + ROWS_AT_ONCE) for i in range(0, len(moments), ROWS_AT_ONCE)]
    parts = [
        predict_rows(bundle, source.events, moments.iloc[part], contributions)
        for part in progress(slices, len(slices), "predicting")
    ]
    return pd.concat(parts, ignore_index=True)


def write_predictions(predictions: pd.DataFrame, bundle: Bundle, out: Path) -> None:
    """Write predictions; `contributions` becomes a map of analyte to log-odds (in CSV: JSON).

    A Parquet file's metadata say which model answered and from whom it had learnt.
    """
    if table_ending(out) == CSV_ENDING:
        if "contributions" in predictions:
            written = predictions["contributions"].map(json.dumps)
            predictions = predictions.assign(contributions=written)
        write_table(predictions, out, index=False)
        return
    plain = predictions.drop(columns="contributions", errors="ignore")
    table = pa.table({name: arrow_column(plain[name]) for name in plain.columns})
    if "contributions" in predictions:
        pairs = [list(one.items()) for one in predictions["contributions"]]
        maps = pa.array(pairs, type=pa.map_(pa.string(), pa.float64()))
        table = table.append_column("contributions", maps)
    facts = {
        "model_version": bundle.version,
        "learnt_from": bundle.card.learnt_from,
        "virtual": str(bundle.card.virtual).lower(),
    }
    out.parent.mkdir(parents=True, exist_ok=True)
    pa.parquet.write_table(
        table.replace_schema_metadata({**(table.schema.metadata or {}), **facts}), out
    )


@dataclass(frozen=True)
class OnOthers:
    """A bundle's answers on other patients: the evaluation, the judged rows, the cohort.

    The names are those of `training.train.Run`: `scored` has one line a judged row and scorer.
    """

    evaluation: dict[str, Any]
    scored: pd.DataFrame
    cohort: Cohort


def judge_others(
    bundle: Bundle,
    records: Path,
    file_format: str = "table",
    every: pd.Timedelta = DAY,
    bootstrap: int = 200,
    seed: int = 0,
) -> OnOthers:
    """Read other patients' records and judge the bundle on them, beside its baselines.

    Raises:
        InvalidInputError: bad records, or no as-of time inside any patient's observation.
    """
    return _judged(bundle, cohort_for(bundle, records, file_format, every), file_format, bootstrap,
                   seed, None)  # fmt: skip


def judge(
    bundle: Bundle,
    cohort: Cohort,
    file_format: str,
    bootstrap: int,
    seed: int,
    prices: Prices | None = None,
) -> dict[str, Any]:
    """Score a bundle beside the baselines that it carries, on patients of another file."""
    return _judged(bundle, cohort, file_format, bootstrap, seed, prices).evaluation


@on_one_blas_thread
def _judged(
    bundle: Bundle,
    cohort: Cohort,
    file_format: str,
    bootstrap: int,
    seed: int,
    prices: Prices | None,
) -> OnOthers:
    predictions = predict_rows(bundle, cohort.source.events, cohort.as_of, contributions=False)
    parts, given = [], {}
    for outcome, model in bundle.models.items():
        mine = predictions[predictions["outcome"] == outcome]
        ours = mine["risk"].to_numpy()
        given[outcome] = Given(ours, mine["risk_low"].to_numpy(), mine["risk_high"].to_numpy())
        theirs = {name: each.risk(cohort.rows) for name, each in model.baselines.items()}
        parts.append(scored_rows(cohort, outcome, {"model": ours, **theirs}))
    scored = pd.concat(parts, ignore_index=True)
    horizon = pd.Timedelta(hours=bundle.horizon_hours)
    evaluation = evaluate_in_full(scored, cohort, horizon, bootstrap, seed, prices)
    add_doubts(evaluation, cohort, given, bundle.reference, horizon)
    if cohort.weight is None:
        for outcome in bundle.outcomes:
            evaluation["outcomes"][str(outcome)]["repair"] = repair_of(scored, outcome, seed)
    if file_format == "physionet2019" and Outcome.INFECTION in bundle.outcomes:
        best = challenge_utility(cohort, scored)
        evaluation["challenge_utility"] = best
        evaluation["challenge_utility_intervals"] = utility_intervals(
            cohort, scored, best, bootstrap, seed
        )
    evaluation["model_version"] = bundle.version
    found = known_again(bundle, cohort.source)
    seen = seen_before(bundle, cohort.source, found.again)
    about = judged_on(cohort.source, file_format, seen, cohort.weight is not None)
    evaluation["judged_on"] = about | {"known_again": found.again, "able_to_tell": found.able}
    evaluation["fates"] = {str(o): labels.counts for o, labels in cohort.labels.items()}
    evaluation["rejects"] = count_rejects(cohort.source.rejects)
    whom = weights_notes(cohort.as_of["patient_id"], cohort.weight)
    evaluation["notes"] = [*cohort.source.notes, *whom]
    return OnOthers(evaluation, scored[scored["label"].notna()], cohort)


def challenge_utility(cohort: Cohort, scored: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Each scorer's normalised utility in the PhysioNet 2019 challenge, at its best threshold.

    The threshold is chosen on the same patients, so the figure is the most that the scorer can
    reach on them; None where silence is best. `scored` has every hourly row, at risk or not.
    Where no alarm could earn anything, as without any onset, both are None and `reason` says so.
    """
    onsets = happenings(cohort.source.events, Outcome.INFECTION).groupby("patient_id")["time"].min()
    found: dict[str, dict[str, Any]] = {}
    for model, lines in scored[scored["outcome"] == Outcome.INFECTION].groupby("model"):
        hour = (lines["as_of"] - ORIGIN) / HOUR
        onset = (onsets.reindex(lines["patient_id"].astype("str")) - ORIGIN) / HOUR
        best = best_threshold(hour, onset, lines["risk"])
        if not np.isfinite(best.utility):
            found[str(model)] = {"utility": None, "threshold": None, "reason": NOTHING_TO_EARN}
            continue
        threshold = best.threshold if np.isfinite(best.threshold) else None
        found[str(model)] = {"utility": best.utility, "threshold": threshold}
    return found


def events_for(bundle: Bundle, records: Path, file_format: str) -> Events:
    """Read other patients in the way of the bundle's training."""
    return load_events(records, file_format, bundle.reference.filled, bundle.outcomes_from)


def cohort_for(bundle: Bundle, records: Path, file_format: str, every: pd.Timedelta) -> Cohort:
    """Read other patients and label them as the bundle's outcomes and horizon ask."""
    horizon = pd.Timedelta(hours=bundle.horizon_hours)
    source = events_for(bundle, records, file_format)
    return label_cohort(source, every, bundle.outcomes, horizon)
