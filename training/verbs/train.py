"""The verb `train`: a model trained, judged, reported and tracked, written as a bundle."""

from argparse import SUPPRESS, ArgumentParser, Namespace
from pathlib import Path

from matplotlib.figure import Figure

from features.readers import READERS
from features.tables import InvalidInputError
from training.adaptation.rows import Records
from training.adaptation.run import train_from
from training.adaptation.words import headlines
from training.calibrating import Choice
from training.config import HOUR, TrainingConfig
from training.engine import ROWS_AT_ONCE, Cost, Engine, EngineChoice, Kind, opened
from training.finished import Run
from training.judging.alarms.events import EARLY_HOURS
from training.optional import path_or_none, text_or_none, yes_or_no
from training.prices import read_prices
from training.progress import stage
from training.report.figures.run import judged_figures
from training.report.page import report_context, write_report
from training.report.shown import shown_of
from training.tracking.names import short_version, training_name
from training.tracking.runs import tracking
from training.train import check_places, train
from training.verbs import flags, typed
from training.verbs.opened import opened_bundle
from training.verbs.told import log_judged, print_claims, tell_release, work_is_safe
from training.verbs.verb import Verb

UNSEEN = "Every figure is for patients that the scored model had not seen (cross-validation)."


def add_flags(parser: ArgumentParser) -> None:
    """Of `train`."""
    flags.add_records(parser)
    flags.add_every(parser)
    flags.add_learning(parser)
    flags.add_horizon(parser)
    parser.add_argument(
        "--calibration", choices=[str(one) for one in Choice], default=str(Choice.LOGISTIC),
        help="curve from scores to risks; auto: the simplest that is as good as the best",
    )  # fmt: skip
    flags.add_weights(parser)
    _add_tuning(parser)
    parser.add_argument(
        "--variants", nargs="?", type=yes_or_no, const=True, default=True, metavar="yes|no",
        help="also judge the model without the grade, without trajectories and with less measured "
        "(default: yes)",
    )  # fmt: skip
    parser.add_argument(
        "--no-variants", dest="variants", action="store_false", default=SUPPRESS,
        help="the same as --variants no",
    )  # fmt: skip
    flags.add_prices(parser)
    _add_engine(parser)
    _add_start(parser)
    flags.add_tracking(parser)
    parser.add_argument("--out", type=Path, required=True, help="new folder for the bundle")


def _add_tuning(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--trials", type=typed.trials, default=0,
        help="of other recipes within each split's training patients; 0: the shipped recipe",
    )  # fmt: skip
    parser.add_argument(
        "--minutes",
        type=typed.minutes,
        help="for the trials of all splits together; such a run cannot be repeated to the byte",
    )


def _add_engine(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--engine", choices=[str(one) for one in Kind], default=str(Kind.LOCAL),
        help="who computes rows and fits members: this process, or a dask cluster",
    )  # fmt: skip
    parser.add_argument(
        "--dask-scheduler", type=typed.scheduler, metavar="ADDRESS", default="",
        help="of a cluster that is there, such as tcp://host:8786 (default: a local one)",
    )  # fmt: skip
    parser.add_argument(
        "--rows-at-once", type=typed.rows_at_once, default=ROWS_AT_ONCE,
        help="feature rows computed together: fewer need less memory",
    )  # fmt: skip


def _add_start(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--start-from", type=text_or_none, metavar="BUNDLE",
        help="adapt this bundle to the records: a folder, models:/NAME@ALIAS or runs:/RUN_ID",
    )  # fmt: skip
    parser.add_argument(
        "--prior", type=path_or_none, metavar="RECORDS",
        help="with --start-from: records of other patients to learn from beside the local ones",
    )  # fmt: skip
    parser.add_argument(
        "--no-curve", dest="curve", action="store_false",
        help="with --start-from: do not learn from 10, 20, 40, ... patients, too, which is about "
        "a third of the work",
    )  # fmt: skip
    parser.add_argument(
        "--prior-format", choices=list(READERS), help="of --prior (default: that of --records)"
    )


def run_train(options: Namespace) -> None:
    """Train, judge, write the bundle and its report, and track the run."""
    config = TrainingConfig(
        records=options.records,
        format=options.format,
        out=options.out,
        outcomes=tuple(dict.fromkeys(options.outcome or TrainingConfig.outcomes)),
        every=options.every,
        horizon=options.horizon,
        learn_every=min(options.learn_every, options.every),
        experiment=options.experiment,
        seed=options.seed,
        repeats=options.repeats,
        variants=options.variants,
        curve=options.curve,
        outcomes_from=options.outcomes_from,
        prices=read_prices(options.prices),
        accept_leaks=options.accept_leaks,
        calibration=Choice(options.calibration),
        weights=options.weights,
        trials=options.trials,
        minutes=options.minutes,
    )
    if options.horizon / HOUR > EARLY_HOURS:
        raise InvalidInputError(
            f"--horizon {options.horizon / HOUR:g} h: at most {EARLY_HOURS:g} h, as far as "
            "events are traced back to alarms"
        )
    _agree_on_a_start(options)
    asked = EngineChoice(Kind(options.engine), options.dask_scheduler or None, options.rows_at_once)
    if options.start_from is not None and asked != EngineChoice():
        raise InvalidInputError("--start-from: has no choice of --engine or --rows-at-once")
    check_places(config)  # a slip of the pen leaves no run behind, and starts no cluster
    if not options.track:
        _train(config, options, asked)
        return
    # The run opens before the work: a store that cannot be used shows before the long work
    name = training_name(config, adapts=options.start_from is not None)
    with tracking(config.experiment, name) as tracked:
        tracked.log_settings(config)
        tracked.log_settings({"engine": asked})
        if options.start_from is not None:
            tracked.log_settings(
                {"start_from": options.start_from, "prior": options.prior or "none"}
            )
        run, figures, cost = _train(config, options, asked)
        later = f"python -m training register --model {config.out}"
        safe = f"the bundle is whole in {config.out}: {later}"
        with work_is_safe("not registered", safe), stage("tracking"):
            tracked.rename(f"{name} {short_version(run.bundle)}")
            tracked.tag({"kind": "training"})
            tracked.log_records(config.records, run.bundle.card.data_digest, "training")
            log_judged(tracked, run.evaluation, figures, report_folder(config.out))
            tracked.log_cost(cost.figures(), cost.shares())
            tracked.register(config.out, format=config.format)
    print(f"tracked as run {tracked.run_id}")
    tell_release(tracked.run_id, run.bundle)


def _agree_on_a_start(options: Namespace) -> None:
    """Refuse what serves adapting alone without a bundle, and what adapting does not do."""
    if options.start_from is None:
        if options.prior is not None:
            raise InvalidInputError(
                "--prior: serves adapting alone; name a bundle with --start-from"
            )
        if not options.curve:
            raise InvalidInputError(
                "--no-curve: serves adapting alone; name a bundle with --start-from"
            )
        return
    for flag in ("weights", "trials", "minutes"):
        if getattr(options, flag):
            raise InvalidInputError(f"--{flag}: not with --start-from; adapting does not use it")
    if options.calibration != Choice.LOGISTIC:
        raise InvalidInputError(
            f"--calibration {options.calibration}: adapting calibrates by a line alone"
        )


def _train(
    config: TrainingConfig, options: Namespace, asked: EngineChoice
) -> tuple[Run, dict[str, Figure], Cost]:
    """The run, its bundle and report written, with its figures and what its work has cost."""
    with opened(asked, config.out) as (engine, cost):
        adapts = options.start_from is not None
        run = _train_from(config, options, engine) if adapts else train(config, engine)
    with stage("explanations"):
        shown = shown_of(run)
    with stage("figures"):
        figures = judged_figures(run.evaluation, shown)
    report, context = report_folder(config.out), report_context(run.bundle, config, UNSEEN)
    with stage("report"):
        write_report(run.evaluation, figures, context, report, shown)
    print_claims(run.evaluation)
    print(f"bundle {run.bundle.version} -> {config.out}")
    print(f"report -> {report / 'report.html'}")
    if cost.total.tasks:
        print(*cost.lines(), sep="\n")
    return run, figures, cost


def _train_from(config: TrainingConfig, options: Namespace, engine: Engine) -> Run:
    """The run that starts from a bundle; what was chosen and whether it gained is printed."""
    prior = options.prior and Records(options.prior, options.prior_format or options.format)
    with opened_bundle(options.start_from) as parent:
        run = train_from(config, parent, prior, engine.kept)
    for outcome, adapted in run.evaluation["adaptation"].items():
        print(*(f"{outcome}: {sentence}" for sentence in headlines(adapted)), sep="\n")
    return run


def report_folder(bundle: Path) -> Path:
    """Where a training run's report stands: beside its bundle, which nothing may be added to."""
    return bundle.with_name(bundle.name + "-report")


TRAIN = Verb(
    "train",
    "train, judge and track a model; write it as a bundle",
    "--records hospital.csv --format table --out bundle",
    add_flags,
    run_train,
)
