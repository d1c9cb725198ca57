"""Whether a row of the past changes when the future of its records is cut away.

A few patients' records are cut at one of their as-of times, made into events and a feature row once
more, and held against the row that the model learns from, bit by bit. A reader that looks ahead, a
derivation that corrects the past, or a feature that sees tomorrow shows here.
"""

import numpy as np
import pandas as pd

from features.declared import MODEL_COLUMNS
from features.known import known_at
from features.matrix import events_from_records, feature_rows
from features.outcomes import OutcomeSource
from models.rules import RULE_COLUMNS
from training.dataset import Cohort
from training.leaks.finding import Finding

CHECK = "future"
MOMENTS = (0.3, 0.7)
"""Where in a patient's as-of times the records are cut."""
DECLARED = {column.name: column for column in (*MODEL_COLUMNS, *RULE_COLUMNS)}
NAMED = 6


def future_changes_the_past(cohort: Cohort, outcomes_from: OutcomeSource) -> list[Finding]:
    """Columns whose value at an as-of time depends on records of later."""
    asked = _asked(cohort)
    if asked.empty:
        return []
    names = [name for name in cohort.rows if name in DECLARED]
    as_known = cohort.rows[names].to_numpy()[asked["row"]]
    events = events_from_records(_cut(cohort.source.specimen, asked), outcomes_from).events
    moments = asked.assign(patient_id=asked["copy"])[["patient_id", "as_of"]]
    alone = feature_rows(events, moments, [DECLARED[name] for name in names]).to_numpy()
    differs = ~((as_known == alone) | (np.isnan(as_known) & np.isnan(alone)))
    changed = [name for name, any_row in zip(names, differs.any(axis=0), strict=True) if any_row]
    return [_finding(changed, differs)] if changed else []


def _asked(cohort: Cohort) -> pd.DataFrame:
    """The as-of times to cut at: `patient_id`, `as_of`, their `row`, and a name for each `copy`."""
    known = {name.strip() for name in cohort.source.specimen["patient_id"].astype("str").unique()}
    rows = cohort.as_of.assign(row=np.arange(len(cohort.as_of)))
    rows = rows[cohort.reported & rows["patient_id"].isin(known).to_numpy()]
    parts = [
        group.iloc[sorted({int(part * (len(group) - 1)) for part in MOMENTS})]
        for _, group in rows.groupby("patient_id", sort=True)
    ]
    if not parts:
        return rows.assign(copy="")
    asked = pd.concat(parts, ignore_index=True)
    return asked.assign(copy=[f"cut-{place}" for place in range(len(asked))])


def _cut(records: pd.DataFrame, asked: pd.DataFrame) -> pd.DataFrame:
    """Each asked patient's records as they were on file at the as-of time, under a new name."""
    mine = records.assign(patient_id=records["patient_id"].astype("str").str.strip())
    joined = mine.merge(asked[["patient_id", "as_of", "copy"]], on="patient_id")
    kept = known_at(joined, joined["as_of"])
    kept = kept.assign(patient_id=kept["copy"])
    return kept[list(records.columns)].reset_index(drop=True)


def _finding(changed: list[str], differs: np.ndarray) -> Finding:
    more = f" and {len(changed) - NAMED} more" if len(changed) > NAMED else ""
    return Finding(
        CHECK,
        ", ".join(changed[:NAMED]) + more,
        f"{len(changed)} of the columns, such as {changed[0]}, have another value at "
        f"{int(differs.any(axis=1).sum())} of {len(differs)} as-of times once later records are "
        "cut away; 0 may: what reads or computes them looks ahead",
    )
