"""What a smaller panel costs: the same rows judged with everything measured, and with less."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit

from features.declared import COLUMNS
from features.matrix import feature_rows
from features.outcomes import GRADES, Outcome
from features.panels import FULL, PANELS, WITHOUT, Panel, only
from models.recipes import Recipe, monotone_signs, recipe_for
from models.risk import fit_member, join_members
from models.start import GRADE, fit_start
from training.config import TrainingConfig
from training.dataset import Cohort
from training.fit import TrainingRows, useful_columns
from training.judged import scored_rows
from training.metrics import MAIN_MODEL, evaluate
from training.progress import progress

RANKINGS = ("auroc", "auprc")


class Way(StrEnum):
    """How a model meets a smaller panel."""

    AS_IT_IS = "one model"  # learnt from the full panel, answers with what is there
    RETRAINED = "retrained"  # learnt from the smaller panel, too


@dataclass(frozen=True)
class _Task:
    """What every fit of one outcome shares."""

    training: TrainingRows
    recipe: Recipe
    seed: int


def cost_of_missing(
    cohort: Cohort,
    training: TrainingRows,
    config: TrainingConfig,
    panels: Sequence[Panel] = (*PANELS, *WITHOUT),
    graded: bool = True,
) -> pd.DataFrame:
    """Judge each panel on the same patients, folds and resamples as the full one.

    Each patient is judged by members that had not seen them. Rows, labels and as-of times are those
    of the full records; a panel takes events away, nothing else. `graded` False hides today's
    grades from every model, so that measurements alone must tell.

    Args:
        cohort: rows with labels; its `rows` are those of the full panel.
        training: the outcome's rows to learn from and to be judged on, with their folds.
        config: `seed` and `bootstrap` are read.
        panels: what to judge; the full one is always the first.
        graded: whether models see documented grades.

    Returns:
        One line a panel and way: `panel`, `way`, `columns` (how many the model reads), and
        for `auroc` and `auprc` the figure with its 95 % interval (`_low`, `_high`) and what the
        full panel has more (`_cost`, `_cost_low`, `_cost_high`); NaN where it is not defined.
    """
    outcome = training.outcome
    learnt = training.target[~np.isnan(training.target)]
    task = _Task(training, recipe_for(float((learnt > 0.0).sum())), config.seed)
    smaller = [panel for panel in panels if panel != FULL]
    views = {panel.name: _rows_of(cohort, training, panel) for panel in smaller}
    columns = {FULL.name: _columns(outcome, training.rows, graded)}
    columns |= {name: _columns(outcome, view, graded) for name, view in views.items()}
    full = _unseen(task, columns[FULL.name], {FULL.name: training.rows, **views}, FULL.name)
    risks = {MAIN_MODEL: full.pop(FULL.name)}
    risks |= {_scorer(name, Way.AS_IT_IS): risk for name, risk in full.items()}
    for name, view in views.items():
        risk = _unseen(task, columns[name], {name: view}, name, learn_from=view)[name]
        risks[_scorer(name, Way.RETRAINED)] = risk
    judged = _judged(cohort, outcome, risks, config)
    lines = [_line(FULL.name, Way.AS_IT_IS, len(columns[FULL.name]), judged, MAIN_MODEL)]
    for way in Way:
        for name in views:
            read = columns[FULL.name if way is Way.AS_IT_IS else name]
            lines.append(_line(name, way, len(read), judged, _scorer(name, way)))
    return pd.DataFrame(lines)


def _scorer(panel: str, way: Way) -> str:
    return f"{panel}, {way}"


def _rows_of(cohort: Cohort, training: TrainingRows, panel: Panel) -> pd.DataFrame:
    """The training's rows as they are with this panel, columns and order as in the full ones."""
    moments = training.rows.index.to_frame(index=False)
    declared = {column.name: column for columns in COLUMNS.values() for column in columns}
    read = [declared[name] for name in training.rows if name in declared]
    return feature_rows(only(cohort.source.events, panel), moments, read)


def _columns(outcome: Outcome, rows: pd.DataFrame, graded: bool) -> list[str]:
    declared = [column.name for column in COLUMNS[outcome] if column.name in rows]
    seen = [name for name in declared if graded or name.partition(".")[0] not in GRADES]
    return useful_columns(rows[seen])


def _unseen(
    task: _Task,
    columns: Sequence[str],
    views: Mapping[str, pd.DataFrame],
    what: str,
    learn_from: pd.DataFrame | None = None,
) -> dict[str, np.ndarray]:
    """The risk of each judged row in each view, from members that had not seen its patient."""
    training = task.training
    rows = training.rows if learn_from is None else learn_from
    signs = monotone_signs(columns, training.outcome)
    learnt, judged = ~np.isnan(training.target), training.judged
    plan = training.plan
    margins = {name: np.empty((int(judged.sum()), plan.shape[1])) for name in views}
    splits = [(r, f) for r in range(plan.shape[1]) for f in range(training.folds)]
    shown = progress(splits, len(splits), f"{training.outcome}: panel {what}")
    for number, (repeat, fold) in enumerate(shown):
        used = learnt & (plan[:, repeat] != fold)
        known, target = rows.loc[used, list(columns)], training.target[used]
        start = fit_start(known, target, uses_grade=GRADE in columns)
        member = fit_member(known, target, start, task.recipe, signs, task.seed + number)
        alone = join_members([member], columns)
        here = judged & (plan[:, repeat] == fold)
        for name, view in views.items():
            margins[name][here[judged], repeat] = alone.margin(view[here])
    return {name: expit(margin.mean(axis=1)) for name, margin in margins.items()}


def _judged(
    cohort: Cohort, outcome: Outcome, risks: Mapping[str, np.ndarray], config: TrainingConfig
) -> dict[str, Any]:
    labelled = ~np.isnan(cohort.labels[outcome].of(cohort.reported).label)
    on_grid = {name: np.full(len(labelled), np.nan) for name in risks}
    for name, risk in risks.items():
        on_grid[name][labelled] = risk
    scored = scored_rows(cohort, outcome, on_grid)
    return evaluate(scored, config.bootstrap, config.seed, strata=())["outcomes"][str(outcome)]


def _line(
    panel: str, way: Way, columns: int, judged: Mapping[str, Any], scorer: str
) -> dict[str, Any]:
    figures = judged["models"][scorer]["metrics"]
    costs = judged["differences"].get(scorer)
    line: dict[str, Any] = {"panel": panel, "way": str(way), "columns": columns}
    for name in RANKINGS:
        line |= _cells(name, figures[name])
        if costs is not None:
            line |= _cells(f"{name}_cost", costs[name])
    return line


def _cells(name: str, figure: Mapping[str, Any]) -> dict[str, float]:
    parts = {"": "value", "_low": "low", "_high": "high"}
    return {
        name + ending: np.nan if figure[part] is None else figure[part]
        for ending, part in parts.items()
    }
