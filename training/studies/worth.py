"""What each group of features is worth: the same patients and folds, with less and more to see.

python -m training.studies.worth --records CAR-T.xlsx --format prcrs --out worth.csv

A group that gains nothing whose interval leaves zero out stays out of the models' columns.
"""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from features.declared import COLUMNS, Column
from features.kinetics.rows import KINETIC_COLUMNS
from features.matrix import feature_rows
from features.outcomes import Outcome
from features.readers import READERS
from features.scores import SCORES
from models.recipes import recipe_for
from training.blas import on_one_blas_thread
from training.config import DAY, HOUR, TrainingConfig
from training.dataset import label_cohort, load_events
from training.fit import fit_committee, useful_columns
from training.judging.rows.evaluation import evaluate
from training.studies.command import run_study
from training.train import TRAJECTORY_FREE, scored_on_grid, training_rows

MODEL = "model"
BESIDE: tuple[Column, ...] = (*KINETIC_COLUMNS, *SCORES)
"""Declared columns that are no model's: they may earn their place."""


def groups(outcome: Outcome) -> Mapping[str, list[str]]:
    """The columns that each of the compared models may see, by name."""
    declared = [column.name for column in COLUMNS[outcome]]
    kinetic = [column.name for column in KINETIC_COLUMNS]
    scores = [score.name for score in SCORES if score.name not in declared]
    return {
        MODEL: declared,
        "last values": [name for name in declared if name.endswith(TRAJECTORY_FREE)],
        "model and kinetics": [*declared, *kinetic],
        "model and every score": [*declared, *scores],
    }


@on_one_blas_thread
def worth(config: TrainingConfig) -> pd.DataFrame:
    """One line a group: columns, AUROC and average precision, and what the model has more.

    Differences are paired over resampled patients: `*_more`, `*_more_low`, `*_more_high` are the
    model's figure less the group's. The first of `config.outcomes` is judged, patient-wise
    cross-validated.
    """
    outcome = config.outcomes[0]
    source = load_events(config.records, config.format, outcomes_from=config.outcomes_from)
    cohort = label_cohort(source, config.every, (outcome,), config.horizon, config.learn_every)
    training = training_rows(cohort, outcome, config)
    moments = training.rows.index.to_frame(index=False)
    rows = feature_rows(source.events, moments, BESIDE)
    new = [name for name in rows if name not in training.rows]
    training = replace(training, rows=training.rows.join(rows[new]))
    learnt = training.target[~np.isnan(training.target)]
    recipe = recipe_for(float((learnt > 0.0).sum()))
    risks, columns = {}, {}
    for name, wanted in groups(outcome).items():
        seen = useful_columns(training.rows[[c for c in wanted if c in training.rows]])
        columns[name] = len(seen)
        risks[name] = fit_committee(training, seen, recipe, config.seed, name).unseen_risk
    judged = evaluate(scored_on_grid(cohort, outcome, risks), config.bootstrap, config.seed)
    return _table(judged["outcomes"][str(outcome)], columns)


def _table(judged: Mapping[str, Any], columns: Mapping[str, int]) -> pd.DataFrame:
    lines = []
    for name, count in columns.items():
        line: dict[str, Any] = {"group": name, "columns": count}
        for figure in ("auroc", "auprc"):
            line |= _ends(figure, judged["models"][name]["metrics"][figure])
            if name != MODEL:
                line |= _ends(f"{figure}_more", judged["differences"][name][figure])
        lines.append(line)
    return pd.DataFrame(lines)


def _ends(name: str, figure: Mapping[str, Any]) -> dict[str, Any]:
    return {name: figure["value"], f"{name}_low": figure["low"], f"{name}_high": figure["high"]}


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare the groups on records and write a CSV; returns the exit status."""
    return run_study("worth", __doc__, _add_flags, _run, arguments)


def _add_flags(parser: ArgumentParser) -> None:
    parser.add_argument("--records", type=Path, required=True)
    parser.add_argument("--format", choices=sorted(READERS), required=True)
    parser.add_argument("--outcome", choices=list(Outcome), default=Outcome.SEVERE_CRS)
    parser.add_argument("--every", type=pd.Timedelta, default=DAY, help="between as-of times")
    parser.add_argument(
        "--learn-every", type=pd.Timedelta, default=HOUR, help="between times to learn from"
    )
    parser.add_argument("--repeats", type=int, default=None, help="of the cross-validation")
    parser.add_argument("--out", type=Path, required=True, help="CSV to write")


def _run(options: Namespace) -> None:
    config = TrainingConfig(
        options.records, options.format, options.out.parent, (Outcome(options.outcome),),
        every=options.every, learn_every=options.learn_every, repeats=options.repeats,
    )  # fmt: skip
    worth(config).to_csv(options.out, index=False, float_format="%.4f")


if __name__ == "__main__":
    sys.exit(main())
