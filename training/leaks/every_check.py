"""Every check on one cohort, before anything is fitted, and what becomes of their findings."""

import logging
from collections.abc import Mapping, Sequence

from features.declared import COLUMNS
from features.outcomes import Outcome
from features.tables import InvalidInputError
from training.config import TrainingConfig
from training.dataset import Cohort
from training.fit import TrainingRows
from training.leaks.event_bound import event_bound
from training.leaks.filled_values import filled_values
from training.leaks.finding import Finding
from training.leaks.folds import one_person_twice, shared_folds
from training.leaks.future import future_changes_the_past
from training.leaks.one_name import two_persons_under_one_name
from training.leaks.shuffling import shuffled_labels
from training.leaks.single_column import single_column
from training.leaks.stamps import early_results, known_at_once

logger = logging.getLogger("training")

HOW_TO_GO_ON = "mend the records, or go on all the same: --accept-leaks"


def audit(
    cohort: Cohort, trainings: Mapping[Outcome, TrainingRows], config: TrainingConfig
) -> list[Finding]:
    """What every check found: of the records first, then of each outcome's rows and folds."""
    events = cohort.source.events
    found = [
        *filled_values(events, tuple(Outcome)),
        *early_results(cohort.source),
        *known_at_once(events),
        *one_person_twice(events),
        *two_persons_under_one_name(cohort.source),
        *future_changes_the_past(cohort, config.outcomes_from),
    ]
    for outcome, training in trainings.items():
        names = [column.name for column in COLUMNS[outcome] if column.name in training.rows]
        found += event_bound(events, outcome, config.horizon)
        found += shared_folds(training)
        found += single_column(training)
        found += shuffled_labels(training, names, config.seed)
    return found


def refuse(findings: Sequence[Finding], accepted: bool) -> None:
    """Tell every finding, then stop where one stops a run and none of that was `accepted`.

    Raises:
        InvalidInputError: every reason to stop, in one line.
    """
    for finding in findings:
        logger.info("leak audit: %s: %s", finding.check, finding.sentence)
    reasons = [f"{finding.check}: {finding.sentence}" for finding in findings if finding.stops]
    if reasons and not accepted:
        raise InvalidInputError(f"leak: {'; '.join(reasons)}; {HOW_TO_GO_ON}")
