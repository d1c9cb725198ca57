"""Everything that a model is judged by: rows, events, groups, decisions and doses.

`rows.metrics.evaluate` judges rows. What is added here needs the cohort: onsets to judge alarms by,
and what was known of each patient to part the rows into groups.
"""

from typing import Any

import numpy as np
import pandas as pd

from features.outcomes import Outcome, happenings
from features.tables import ORIGIN
from models.rules import crp_rule
from training.config import HOUR
from training.dataset import Cohort
from training.judging.alarms.alarms import Watch
from training.judging.alarms.decisions import judge_decisions
from training.judging.alarms.economics import CRP_RULE, GRADE_RULE, TREATED_GRADE, judge_economics
from training.judging.alarms.events import judge_events, onsets_of, watch_of
from training.judging.groups.by_group import groups_of
from training.judging.groups.strata import strata_rows
from training.judging.rows.common_rows import JudgedRows, judged_rows
from training.judging.rows.evaluation import evaluate
from training.judging.rows.sample import Numbers
from training.labels import hours_to_event
from training.prices import Prices
from training.progress import progress


def evaluate_in_full(
    scored: pd.DataFrame,
    cohort: Cohort,
    horizon: pd.Timedelta,
    bootstrap: int = 200,
    seed: int = 0,
    prices: Prices | None = None,
) -> dict[str, Any]:
    """`evaluate`, and for each outcome `events`, `groups`, `decisions` and `economics`.

    `scored` are lines of `cohort`'s reported rows, as `judged.scored_rows` makes them.
    All figures share the resamples of `evaluate`.
    """
    evaluation = evaluate(scored, bootstrap, seed, what="rows and grades judged")
    known = _known_then(cohort)
    parts = list(scored.groupby("outcome", observed=True))
    for outcome, lines in progress(parts, len(parts), "alarms and strata judged"):
        judged = judged_rows(lines, bootstrap, seed, ["grade"])
        evaluation["outcomes"][str(outcome)] |= _further(
            Outcome(outcome), judged, cohort, known, horizon / HOUR, prices or Prices()
        )
    return evaluation


def _known_then(cohort: Cohort) -> pd.DataFrame:
    """What was known at each reported row: its groups, and whether the CRP rule fires."""
    here = cohort.as_of[cohort.reported].reset_index(drop=True)
    fires = pd.Series(crp_rule(cohort.rows[cohort.reported]), name="crp_rule")
    return pd.concat([here, strata_rows(cohort.source, here), fires], axis=1)


def _further(
    outcome: Outcome,
    judged: JudgedRows,
    cohort: Cohort,
    known: pd.DataFrame,
    horizon: float,
    prices: Prices,
) -> dict[str, Any]:
    """What is judged beside rows; nothing where no row is judged or no event is among them."""
    if not judged.judged.any() or not next(iter(judged.samples.values()))[0].label.any():
        return {}
    keys = ["patient_id", "as_of"]
    known = judged.rows[[*keys, "grade"]].merge(known, on=keys, how="left", validate="one_to_one")
    watch = _watch(outcome, judged, cohort)
    events = judge_events(watch, judged.samples, judged.draws, horizon)
    found = {
        "events": events | _without_warning(outcome, judged, cohort, watch),
        "groups": groups_of(judged, known),
        "decisions": judge_decisions(judged.samples, judged.draws),
    }
    if outcome == Outcome.SEVERE_CRS:
        rules = {CRP_RULE: known["crp_rule"] == 1.0, GRADE_RULE: known["grade"] >= TREATED_GRADE}
        calls = {name: rule.to_numpy()[judged.judged] for name, rule in rules.items()}
        found["economics"] = judge_economics(watch, judged, calls, horizon, prices)
    return found


def _watch(outcome: Outcome, judged: JudgedRows, cohort: Cohort) -> Watch:
    rows = judged.rows.loc[judged.judged, ["patient_id", "as_of"]]
    ahead = hours_to_event(cohort.source.events, rows, outcome)
    hour: Numbers = ((rows["as_of"] - ORIGIN) / HOUR).to_numpy(dtype=float)
    return watch_of(next(iter(judged.samples.values()))[0], hour, ahead)


def _without_warning(
    outcome: Outcome, judged: JudgedRows, cohort: Cohort, watch: Watch
) -> dict[str, int]:
    """Patients whose every onset came before any judged row could have warned of it."""
    names = judged.rows.loc[judged.judged, "patient_id"].to_numpy()
    warned = set(names[np.isin(watch.patient, onsets_of(watch).patient)])
    everyone = set(happenings(cohort.source.events, outcome)["patient_id"])
    return {"patients_without_warning": len(everyone - warned)}
