"""The verb `transport`: its flags, and what it does with them."""

import argparse
import logging
from pathlib import Path

from training import leaks
from training.config import DAY, TrainingConfig
from training.dataset import label_cohort, load_events
from training.folders import refuse_filled
from training.judging.judged import Seen, judged_on
from training.train import training_rows
from training.transport.groups import GroupedBy, groups_of, held_out_groups
from training.transport.held_out import transport
from training.transport.written import write_transport

logger = logging.getLogger("training")


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Give `parser` the flags that no other verb has."""
    parser.add_argument(
        "--by", choices=[str(by) for by in GroupedBy], required=True,
        help="what is held out: each product, class of therapy or site, or those who came later",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, required=True, help="new folder to write into")


def run_transport(options: argparse.Namespace) -> tuple[Path, ...]:
    """Train without each group, judge on it, write the table; the paths written.

    Raises:
        InvalidInputError: bad records, fewer than two groups, a leak, or a folder with content.
    """
    refuse_filled(options.out)
    config = TrainingConfig(
        records=options.records,
        format=options.format,
        out=options.out,
        outcomes=tuple(dict.fromkeys(options.outcome or TrainingConfig.outcomes)),
        every=options.every,
        horizon=DAY,
        learn_every=min(options.learn_every, options.every),
        seed=options.seed,
        repeats=options.repeats,
        bootstrap=options.bootstrap,
        variants=False,
        outcomes_from=options.outcomes_from,
        accept_leaks=options.accept_leaks,
    )
    source = load_events(config.records, config.format, outcomes_from=config.outcomes_from)
    for note in source.notes:
        logger.info("%s", note)
    cohort = label_cohort(source, config.every, config.outcomes, config.horizon, config.learn_every)
    by = GroupedBy(options.by)
    held_out_groups(groups_of(cohort, by), by)  # what cannot be parted shows before the long work
    trainings = {outcome: training_rows(cohort, outcome, config) for outcome in config.outcomes}
    findings = leaks.audit(cohort, trainings, config)
    leaks.refuse(findings, config.accept_leaks)
    found = transport(cohort, by, config)
    found |= {
        "virtual": source.virtual,
        "judged_on": judged_on(source, config.format, Seen.OTHER_RECORDS),
        "leaks": [finding.stated() for finding in findings],
    }
    return write_transport(found, options.out)
