"""Fitting each study's free values to its published figures, reproducibly.

A one-plus-one evolution strategy (Beyer 2002, doi 10.1023/A:1015059928466): some values are moved
at random, the move stays where the misfit falls, and steps grow with success. The virtual patients
and their chance are the same in every trial, so the misfit is a function, and the same seed gives
the same answer.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.cohort.fitted import FITTED
from training.cohort.lives import live_study
from training.cohort.processes import each_in_a_process
from training.cohort.products import Kind
from training.cohort.studies import Study, study
from training.cohort.targets import TARGETS, Target


@dataclass(frozen=True)
class Free:
    """A value that may move between two bounds: a field of the product, the policy or the body.

    It moves only where a target's figure has one of the words `told_by`; without any, always.
    """

    name: str
    low: float
    high: float
    told_by: tuple[str, ...] = ("",)


_BOTH_FREE = (
    Free("sensitivity", 0.3, 600.0),
    Free("spread", 0.4, 3.0),
    Free("vessels", 0.1, 3.0),
    Free("lung", 0.1, 3.0, told_by=("grade",)),
    Free("activation_h", 2.0, 24.0, told_by=("onset",)),
)
BISPECIFIC_FREE = (
    *_BOTH_FREE,
    Free("occasion", 0.1, 0.98),
    Free("half_effect", 0.004, 2.0),
    Free("adaptation_h", 3.0, 90.0),
    Free("absorption_half_life_h", 3.0, 40.0),
    Free("forgetting_h", 24.0, 3000.0, told_by=("or later",)),
)
CAR_T_FREE = (
    *_BOTH_FREE,
    Free("expansion_day", 0.5, 14.0, told_by=("onset",)),
    Free("peak_day", 4.0, 16.0, told_by=("onset",)),
    Free("doubling_day", 0.3, 1.6),
    Free("antigen_loss_per_day", 0.03, 0.8, told_by=("duration", "highest")),
    Free("macrophages", 0.5, 4.0, told_by=("ferritin",)),
    Free("t_cells", 0.3, 60.0, told_by=("highest IFN-gamma",)),
    Free("il6_at_unit_drive", 3.0, 60.0, told_by=("highest IL-6",)),
    Free("crp_half_drive", 2.0, 30.0, told_by=("weekly CRP",)),
    Free("hlh", 0.05, 12.0, told_by=("HLH, %",)),
    Free("neurotoxicity", 0.005, 1.0, told_by=("ICANS",)),
    Free("tocilizumab_grade_2_share", 0.2, 1.0, told_by=("tocilizumab among",)),
    Free("tocilizumab_grade_1_share", 0.02, 0.9, told_by=("tocilizumab among",)),
    Free("siltuximab_share", 0.01, 1.0, told_by=("siltuximab among",)),
    Free("steroid_grade_2_share", 0.05, 1.0, told_by=("steroids among",)),
    Free("steroid_grade_3_share", 0.1, 1.0, told_by=("steroids among",)),
)
FIT_PATIENTS, FIT_SEED, TRIALS = 400, 5, 250
FIRST_STEP, GROWS, SHRINKS, LEAST_STEP, MOST_STEP = 0.25, 1.3, 0.96, 0.04, 0.6
"""Of the logarithm; it grows at a success and shrinks at a failure, at rest near one in eight."""
MOVED = 0.4  # chance of each value to be moved in a trial

Fields = tuple[tuple[str, float], ...]

FITTED_HEAD = '''"""What `python -m training calibrate` found: the values fitted to each study.

Fields of the product, and of the policy where the study tells what its clinicians did. Written by
the command; the table of matches in docs/cohort.md shows what each fit reaches.
"""

FITTED: dict[str, tuple[tuple[str, float], ...]] = {'''


def misfit(targets: list[Target], where: Study, fields: dict[str, float], patients: int,
           seed: int) -> float:  # fmt: skip
    """Sum of squared distances in half-widths of each interval, milder beyond three."""
    lives = live_study(where, patients, seed, fields)
    total = 0.0
    for target in targets:
        low, high = target.interval
        away = abs(target.measure(lives) - target.value) / (0.5 * (high - low))
        total += (
            10.0 if np.isnan(away) else float(min(away**2, 6.0 * away - 9.0 if away > 3 else 99.0))
        )
    return total


def _targets(key: str) -> list[Target]:
    return [row for row in TARGETS if row.study == key]


def refit(where: Study, patients: int, seed: int, trials: int) -> dict[str, float]:
    """The free values of one study, fitted to its own targets, from those there are now."""
    targets = _targets(where.key)
    item = where.treatment()
    tables = (*where.physiology(), *where.clinicians())
    known = {**{row.name: row.value for row in tables}, **vars(item)}
    free = CAR_T_FREE if item.kind is Kind.CAR_T else BISPECIFIC_FREE
    said = " ".join(row.figure for row in targets)
    moving = [row for row in free if _told(row, said) and known[row.name] > 0.0]
    best = {row.name: float(known[row.name]) for row in moving}
    found = misfit(targets, where, best, patients, seed)
    chance, step = np.random.default_rng(seed), FIRST_STEP
    for _ in range(trials):
        trial = _moved(best, moving, step, chance)
        reached = misfit(targets, where, trial, patients, seed)
        if reached < found:
            best, found, step = trial, reached, min(step * GROWS, MOST_STEP)
        else:
            step = max(step * SHRINKS, LEAST_STEP)
    return {name: float(f"{value:.4g}") for name, value in best.items()}


def _told(value: Free, said: str) -> bool:
    return any(word in said for word in value.told_by)


def _moved(
    fields: dict[str, float], moving: Sequence[Free], step: float, chance: np.random.Generator
) -> dict[str, float]:
    chosen = chance.random(len(moving)) < MOVED
    pushed = np.exp(step * chance.standard_normal(len(moving)))
    return fields | {
        row.name: float(np.clip(fields[row.name] * by, row.low, row.high))
        for row, by, picked in zip(moving, pushed, chosen, strict=True)
        if picked
    }


def refit_all(
    studies: Sequence[str], progress: Callable[[int, int], None] | None = None
) -> dict[str, Fields]:
    """The fitted values of these studies, each from its own figures, beside those of the others."""
    own = [key for key in studies if not study(key).fit and _targets(key)]
    found = each_in_a_process(_refit_named, own, progress)
    return FITTED | dict(zip(own, found, strict=True))


def _refit_named(key: str) -> Fields:
    return tuple(refit(study(key), FIT_PATIENTS, FIT_SEED, TRIALS).items())


def write_fits(fits: Mapping[str, Fields], path: Path) -> Path:
    """Write `fits` as the module `fitted`, to be put in its place."""
    lines = [FITTED_HEAD]
    for key, fields in fits.items():
        lines.append(f'    "{key}": (')
        lines += [f'        ("{name}", {value!r}),' for name, value in fields]
        lines.append("    ),")
    path.write_text("\n".join([*lines, "}", ""]), encoding="utf-8")
    return path
