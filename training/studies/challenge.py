"""The infection model on the terms of the PhysioNet 2019 challenge, patient-wise cross-validated.

python -m training.studies.challenge --records training_setB.tar.xz --out challenge.csv

Every hour of every stay is scored by a member that had not seen the patient, also hours after the
onset, which the 24-hour question leaves out: label and utility are the challenge's (Reyna 2020, doi
10.1097/CCM.0000000000004145), and the threshold for a fold's alarms is chosen on the other folds.
"""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.declared import COLUMNS
from features.outcomes import Outcome, happenings
from features.readers.physionet2019 import LABEL_LEAD_HOURS
from features.tables import ORIGIN
from models.recipes import monotone_signs, recipe_for
from models.risk import fit_member, join_members
from models.start import fit_start
from training.blas import on_one_blas_thread
from training.config import HOUR, TrainingConfig
from training.dataset import Cohort, label_cohort, load_events
from training.fit import TrainingRows, useful_columns
from training.judging.alarms.utility import best_threshold, row_utilities
from training.judging.rows.ranking import Ranking
from training.judging.rows.resampled import INTERVAL_LEVEL
from training.judging.rows.sample import Sample, patient_draws
from training.progress import progress
from training.studies.command import run_study
from training.train import training_rows

INFECTION = Outcome.INFECTION
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Hours:
    """Every hour of every stay: arrays share the axis; `onset` is NaN where a stay has none."""

    patient: NDArray[np.object_]
    hour: Numbers
    onset: Numbers
    fold: NDArray[np.int64]
    margin: Numbers

    @property
    def label(self) -> Numbers:
        """The challenge's label: 1 from `LABEL_LEAD_HOURS` before the onset on."""
        return (self.hour >= self.onset - LABEL_LEAD_HOURS).astype(float)


@on_one_blas_thread
def challenge(config: TrainingConfig) -> pd.DataFrame:
    """One line a figure: `auroc`, `auprc` and `utility`, with 95 % intervals over resampled stays.

    Raises:
        InvalidInputError: bad records, or too few stays with an onset.
    """
    source = load_events(config.records, "physionet2019")
    cohort = label_cohort(source, HOUR, (INFECTION,), config.horizon)
    training = training_rows(cohort, INFECTION, config)
    hours = _scored(cohort, training, config.seed)
    sample = Sample.of(hours.label, hours.margin, hours.patient)
    draws = patient_draws(sample.patients, config.bootstrap, config.seed)
    ranked = Ranking(sample).replicates(draws)
    found = {"auroc": ranked[:, 0], "auprc": ranked[:, 1], "utility": _utility(hours, draws)}
    return pd.DataFrame([_line(name, values) for name, values in found.items()])


def _scored(cohort: Cohort, training: TrainingRows, seed: int) -> Hours:
    """Every hour's mean margin of the members, one a repeat, that had not seen the patient.

    `fold` is that of the first repeat.
    """
    patient = cohort.as_of["patient_id"].astype("str").to_numpy()
    plan = pd.DataFrame(training.plan).groupby(training.patient.astype(str)).first()
    fold = plan.reindex(patient).fillna(0).to_numpy(dtype=np.int64)  # no row learnt: any fold
    declared = [column.name for column in COLUMNS[INFECTION] if column.name in cohort.rows]
    columns = useful_columns(training.rows[declared])
    signs = monotone_signs(columns, INFECTION)
    recipe = recipe_for(float((training.target > 0.0).sum()))
    margin = np.zeros(len(patient))
    splits = training.splits
    for number, split in enumerate(progress(splits, len(splits), "challenge")):
        used, unseen = training.used_by(split), fold[:, split[0]] == split[1]
        rows, target = training.rows.loc[used, columns], training.target[used]
        start = fit_start(rows, target, signs, lines=recipe.lines)
        member = fit_member(rows, target, start, recipe, signs, seed + number)
        margin[unseen] += join_members([member], columns).margin(cohort.rows[unseen])
    margin /= training.plan.shape[1]
    onsets = happenings(cohort.source.events, INFECTION).groupby("patient_id")["time"].min()
    onset = (onsets.reindex(patient) - ORIGIN) / HOUR
    hour = (cohort.as_of["as_of"] - ORIGIN) / HOUR
    return Hours(patient, hour.to_numpy(), onset.to_numpy(dtype=float), fold[:, 0], margin)


def _utility(hours: Hours, draws: Numbers) -> Numbers:
    """Normalised utility of each resample, each fold's alarms by the others' best threshold."""
    alarm = np.zeros(len(hours.hour), dtype=bool)
    for fold in np.unique(hours.fold):
        here = hours.fold == fold
        others = (each[~here] for each in (hours.hour, hours.onset, hours.margin))
        alarm[here] = hours.margin[here] >= best_threshold(*others).threshold
    sounded, silent = row_utilities(hours.hour, hours.onset)
    _, code = np.unique(hours.patient, return_inverse=True)
    earned = np.bincount(code, np.where(alarm, sounded - silent, 0.0))
    possible = np.bincount(code, np.maximum(sounded, silent) - silent)
    reached: Numbers = (draws @ earned) / (draws @ possible)
    return reached


def _line(name: str, values: Numbers) -> dict[str, float | str]:
    tail = (1.0 - INTERVAL_LEVEL) / 2.0
    low, high = np.nanquantile(values[1:], (tail, 1.0 - tail))
    return {"figure": name, "value": values[0], "low": float(low), "high": float(high)}


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge on records and write a CSV; returns the exit status."""
    return run_study("challenge", __doc__, _add_flags, _run, arguments)


def _add_flags(parser: ArgumentParser) -> None:
    parser.add_argument("--records", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True, help="CSV to write")


def _run(options: Namespace) -> None:
    config = TrainingConfig(
        options.records, "physionet2019", options.out.parent, (INFECTION,), every=HOUR,
        seed=options.seed,
    )  # fmt: skip
    challenge(config).to_csv(options.out, index=False, float_format="%.4f")


if __name__ == "__main__":
    sys.exit(main())
