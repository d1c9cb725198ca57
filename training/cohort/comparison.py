"""Every published figure beside its simulated value, study by study on all processors."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from training.cohort.experiments import ONE_BODY, OneBody, one_body
from training.cohort.fitted import FITTED
from training.cohort.lives import Lives, live_study
from training.cohort.processes import each_in_a_process
from training.cohort.studies import STUDIES, study
from training.cohort.targets import TARGETS, Target

MOST_BODIES = 1000
"""Patients of an experiment: their medians do not move with more."""


def compare(
    patients: int,
    seed: int,
    studies: Sequence[str] | None = None,
    fits: Mapping[str, Sequence[tuple[str, float]]] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Every target beside its simulated value: one row a target.

    Columns: key, study, figure, published, low, high, simulated, verdict, status, fitted (the
    study's values were fitted to it), source.
    `studies` None takes all; `fits` stand in the place of those of `fitted`; `progress` is told
    studies done and in all. Raises UnknownChoiceError for a study that is not there.
    """
    named = {target.study for target in TARGETS}
    keys = [*(row.key for row in STUDIES), ONE_BODY]
    wanted = [key for key in keys if key in (named if studies is None else studies)]
    asked = [_Asked(key, patients, seed, _fields(key, fits)) for key in wanted]
    rows = each_in_a_process(_compared, asked, progress)
    return pd.DataFrame([row for found in rows for row in found])


class _Asked(NamedTuple):
    study: str
    patients: int
    seed: int
    fields: dict[str, float] | None


def _fields(
    key: str, fits: Mapping[str, Sequence[tuple[str, float]]] | None
) -> dict[str, float] | None:
    if fits is None or key == ONE_BODY:
        return None
    return dict(fits.get(study(key).fit or key, ()))


def _compared(asked: _Asked) -> list[dict[str, object]]:
    if asked.study == ONE_BODY:
        shown: Lives | OneBody = one_body(min(asked.patients, MOST_BODIES), asked.seed)
    else:
        shown = live_study(study(asked.study), asked.patients, asked.seed, asked.fields)
    return [_row(target, shown) for target in TARGETS if target.study == asked.study]


def _row(target: Target, shown: Lives | OneBody) -> dict[str, object]:
    simulated = target.measure(shown)
    low, high = target.interval
    return {
        "key": target.key,
        "study": target.study,
        "figure": target.figure,
        "published": target.value,
        "low": low,
        "high": high,
        "simulated": simulated,
        "verdict": str(target.verdict(simulated)),
        "status": target.status,
        "fitted": target.study in FITTED,
        "source": target.source,
    }
