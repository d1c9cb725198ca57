"""What a smaller panel costs: the same rows judged with everything measured, and with less."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit

from features.declared import COLUMNS
from features.outcomes import GRADES, Outcome
from features.panels import FULL, MEASURED, PANELS, WITHOUT, Panel, only
from models.recipes import Recipe, recipe_for
from models.risk import join_members
from training.config import TrainingConfig
from training.dataset import Cohort
from training.engine import LOCAL, Engine
from training.fit import TrainingRows, taken, useful_columns
from training.judging.rows.ranking import Ranking
from training.judging.rows.resampled import FEWEST_EVENT_PATIENTS, percentile_interval
from training.judging.rows.sample import Sample, patient_draws, weighted_draws

RANKINGS = ("auroc", "auprc")
UNDEFINED = "no event among the rows, or nothing else"


class Way(StrEnum):
    """How a model meets a smaller panel."""

    AS_IT_IS = "one model"  # learnt from the full panel, answers with what is there
    RETRAINED = "retrained"  # learnt from the smaller panel, too


Scorer = tuple[str, Way]


@dataclass(frozen=True)
class _Task:
    """What every fit of one outcome shares."""

    training: TrainingRows
    recipe: Recipe
    seed: int
    engine: Engine


def cost_of_missing(
    cohort: Cohort,
    training: TrainingRows,
    config: TrainingConfig,
    panels: Sequence[Panel] = (*PANELS, *WITHOUT),
    graded: bool = True,
    retrained: Collection[Panel] | None = None,
    engine: Engine = LOCAL,
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
        retrained: the panels that a model is also fitted anew for; None takes all.
        engine: what computes rows and fits members.

    Returns:
        One line a panel and way: `panel`, `way`, `columns` (how many the model reads), and
        for `auroc` and `auprc` the figure with its 95 % interval (`_low`, `_high`) and what the
        full panel has more (`_cost`, `_cost_low`, `_cost_high`); NaN where it is not defined.
    """
    views = {FULL.name: training.rows}
    smaller = [panel for panel in panels if panel != FULL]
    views |= {panel.name: _rows_of(cohort, training, panel, engine) for panel in smaller}
    columns = {name: _columns(training.outcome, view, graded) for name, view in views.items()}
    anew = {panel.name for panel in (panels if retrained is None else retrained)}
    learnt = training.target[~np.isnan(training.target)]
    task = _Task(training, recipe_for(float((learnt > 0.0).sum())), config.seed, engine)
    risks = _risks(task, views, columns, anew - {FULL.name})
    full = risks[FULL.name, Way.AS_IT_IS]
    alike = {name for name, risk in risks.items() if np.array_equal(risk, full)}
    return _table(_figures(training, risks, config), columns, alike)


def that_take_something(events: pd.DataFrame, panels: Sequence[Panel]) -> list[Panel]:
    """The full panel, and those of the others that lack something which these events hold."""
    held = MEASURED & set(events["key"].unique())
    return [panel for panel in panels if panel == FULL or held - panel.keys]


def for_the_report(
    cohort: Cohort, training: TrainingRows, config: TrainingConfig, engine: Engine = LOCAL
) -> list[dict[str, Any]]:
    """The cost of each panel as the evaluation holds it: figures with `value`, `low`, `high`.

    Only panels that take something away, learnt from the rows of the grid alone, and models fitted
    anew only for `PANELS`: the question is what panels lose against each other, and the rest costs
    much time.
    """
    panels = that_take_something(cohort.source.events, (*PANELS, *WITHOUT))
    if len(panels) < 2:
        return []
    table = cost_of_missing(
        cohort, _of_the_grid(training), config, panels,
        retrained=set(PANELS) & set(panels), engine=engine,
    )  # fmt: skip
    return [_stated(line) for line in table.to_dict("records")]


def _of_the_grid(training: TrainingRows) -> TrainingRows:
    here = training.judged
    return replace(
        training,
        rows=training.rows[here],
        target=training.target[here],
        label=training.label[here],
        judged=here[here],
        patient=training.patient[here],
        plan=training.plan[here],
        weight=taken(training.weight, here),
    )


def _stated(line: Mapping[str, Any]) -> dict[str, Any]:
    """A line of the table as plain values: null, with a reason, where a figure is not defined."""
    stated: dict[str, Any] = {key: line[key] for key in ("panel", "way", "columns")}
    for name in (*RANKINGS, *(f"{name}_cost" for name in RANKINGS)):
        ends = {"value": line[name], "low": line[f"{name}_low"], "high": line[f"{name}_high"]}
        known = {key: float(value) if np.isfinite(value) else None for key, value in ends.items()}
        full = name.endswith("_cost") and line["panel"] == FULL.name
        reason = (
            None if known["value"] is not None else "the full panel itself" if full else UNDEFINED
        )
        stated[name] = known | {"reason": reason}
    return stated


def _risks(
    task: _Task,
    views: Mapping[str, pd.DataFrame],
    columns: Mapping[str, Sequence[str]],
    anew: Collection[str],
) -> dict[Scorer, np.ndarray]:
    """Each judged row's risk with each panel: from one model of the full panel, then, for panels
    in `anew`, from models of their own."""
    answers = _unseen(task, columns[FULL.name], views[FULL.name], views, FULL.name)
    risks = {(name, Way.AS_IT_IS): risk for name, risk in answers.items()}
    for name, view in views.items():
        if name in anew:
            alone = _unseen(task, columns[name], view, {name: view}, name)
            risks[name, Way.RETRAINED] = alone[name]
    return risks


def _rows_of(cohort: Cohort, training: TrainingRows, panel: Panel, engine: Engine) -> pd.DataFrame:
    """The training's rows as they are with this panel, columns and order as in the full ones."""
    moments = training.rows.index.to_frame(index=False)
    declared = {column.name: column for columns in COLUMNS.values() for column in columns}
    read = [declared[name] for name in training.rows if name in declared]
    what = f"rows of panel {panel.name}"
    return engine.feature_rows(only(cohort.source.events, panel), moments, read, what)


def _columns(outcome: Outcome, rows: pd.DataFrame, graded: bool) -> list[str]:
    declared = [column.name for column in COLUMNS[outcome] if column.name in rows]
    seen = [name for name in declared if graded or name.partition(".")[0] not in GRADES]
    return useful_columns(rows[seen])


def _unseen(
    task: _Task,
    columns: Sequence[str],
    rows: pd.DataFrame,
    views: Mapping[str, pd.DataFrame],
    what: str,
) -> dict[str, np.ndarray]:
    """The risk of each judged row in each view, from members that learnt from `rows` of others."""
    judged, plan = task.training.judged, task.training.plan
    committee = task.training.committee(rows, columns, task.recipe, task.seed)
    members = task.engine.members(committee, f"{task.training.outcome}: panel {what}")
    margins = {name: np.empty((int(judged.sum()), plan.shape[1])) for name in views}
    for (repeat, fold), member in zip(committee.splits, members, strict=True):
        alone = join_members([member], columns)
        here = judged & (plan[:, repeat] == fold)
        for name, view in views.items():
            margins[name][here[judged], repeat] = alone.margin(view[here])
    return {name: expit(margin.mean(axis=1)) for name, margin in margins.items()}


def _figures(
    training: TrainingRows, risks: Mapping[Scorer, np.ndarray], config: TrainingConfig
) -> dict[Scorer, np.ndarray]:
    """AUROC and average precision of each scorer: of all patients, then of each resample of them.

    Shape (1 + resamples, 2); all scorers share the resamples. NaN where one class is missing. There
    are no resamples where fewer than `FEWEST_EVENT_PATIENTS` patients have an event.
    """
    judged = training.judged_rows
    enough = len(np.unique(judged.patient[judged.label == 1])) >= FEWEST_EVENT_PATIENTS
    resamples = config.bootstrap if enough else 0
    draws = patient_draws(len(np.unique(judged.patient)), resamples, config.seed)
    draws = weighted_draws(draws, judged.patient, judged.weight)
    samples = {name: Sample.of(judged.label, risk, judged.patient) for name, risk in risks.items()}
    return {
        name: Ranking(sample).replicates(draws)[:, : len(RANKINGS)]
        for name, sample in samples.items()
    }


def _table(
    figures: Mapping[Scorer, np.ndarray],
    columns: Mapping[str, Sequence[str]],
    alike: Collection[Scorer],
) -> pd.DataFrame:
    """One line a scorer, the full panel's first; those `alike` give every row the same risk."""
    full = figures[FULL.name, Way.AS_IT_IS]
    lines = []
    for (panel, way), found in figures.items():
        read = columns[FULL.name if way is Way.AS_IT_IS else panel]
        line: dict[str, Any] = {"panel": panel, "way": str(way), "columns": len(read)}
        for place, name in enumerate(RANKINGS):
            line |= _cells(name, found[:, place])
            if panel != FULL.name:
                line |= _cells(f"{name}_cost", full[:, place] - found[:, place],
                               (panel, way) in alike)  # fmt: skip
        lines.append(line)
    return pd.DataFrame(lines)


def _cells(name: str, figures: np.ndarray, by_nature: bool = False) -> dict[str, float]:
    """The first figure with the percentile interval of the others; NaN where there are none."""
    low, high = percentile_interval(figures[1:], by_nature) or (np.nan, np.nan)
    return {name: float(figures[0]), f"{name}_low": low, f"{name}_high": high}
