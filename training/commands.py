"""What each verb of `python -m training` does with its options."""

import logging
import tempfile
from argparse import Namespace
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from features.declared import columns_of
from features.matrix import as_of_grid, feature_rows
from features.outcomes import OutcomeSource, with_outcomes
from features.tables import InvalidInputError
from models.bundle import METRICS, Bundle, InvalidBundleError, load_bundle
from models.stated import read_json
from training import apply, cohort, track, transport
from training.adaptation.rows import Records
from training.adaptation.run import train_from
from training.calibrating import Choice
from training.codes import as_table, code_lines
from training.config import HOUR, TrainingConfig
from training.dataset import Cohort, Events, load_events, read_moments, without_records
from training.doubt_plots import doubt_figures
from training.engine import Cost, EngineChoice, Kind, opened
from training.event_level import EARLY_HOURS
from training.flat import flat_metrics
from training.folders import refuse_filled, table_ending, write_table
from training.ingest import reject_summary, write_ingested
from training.judged import Seen
from training.leaks.known_again import told
from training.outcome_quality import outcome_quality
from training.plots import evaluation_figures
from training.prices import Prices, read_prices
from training.progress import counted_progress
from training.release.registry import fetch
from training.report import report_context, write_report
from training.run_figures import run_figures
from training.sentences import claim_lines, findings
from training.shown import shown_of
from training.train import Run, check_places, train
from training.weights import weights_of
from training.wording import words_for

logger = logging.getLogger("training")

EVALUATION_SETTINGS = (
    "model", "records", "format", "every", "bootstrap", "seed", "prices", "out",
)  # fmt: skip
UNSEEN = "Every figure is for patients that the scored model had not seen (cross-validation)."


def run_simulate(options: Namespace) -> None:
    """Write a virtual cohort."""
    bars = counted_progress("simulating"), counted_progress("the oracle")
    for path in cohort.run(options, *bars):
        print(path)


def run_calibrate(options: Namespace) -> None:
    """Fit the virtual cohort to what was published, or only measure it; tell how many match."""
    bar = counted_progress("studies")
    for path in cohort.run_calibrate(options, bar):
        print(path)
    print(cohort.verdicts(options.out))


def run_ingest(options: Namespace) -> None:
    """Write events, rejects and a data-quality report; print what was set aside."""
    refuse_filled(options.out)
    charted = load_events(options.records, options.format)
    outcomes = outcome_quality(charted.events)
    source = replace(charted, events=with_outcomes(charted.events, options.outcomes_from))
    write_ingested(source, options.outcomes_from, outcomes, options.out)
    _tell_notes(source)
    for line in reject_summary(source.rejects):
        print(f"set aside: {line}")
    print(outcomes.sentence)
    print(f"{len(source.events)} events, {len(source.rejects)} rejects -> {options.out}")


def run_codes(options: Namespace) -> None:
    """Print the catalogue's keys, codes and units."""
    lines = code_lines(options.word)
    if not lines:
        raise InvalidInputError(f"{options.word!r}: no key, name, code or unit holds it")
    for line in as_table(lines):
        print(line)


def run_features(options: Namespace) -> None:
    """Write feature rows."""
    table_ending(options.out)
    source = load_events(options.records, options.format, outcomes_from=options.outcomes_from)
    _tell_notes(source)
    events = source.events
    moments = as_of_grid(events, options.every)
    if moments.empty:
        raise InvalidInputError(f"{options.records}: no as-of time; has nobody a timed value?")
    rows = feature_rows(events, moments, columns_of(events["key"].unique()))
    write_table(rows, options.out, index=True)
    print(f"{len(rows)} rows of {rows.shape[1]} features -> {options.out}")


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
    with track.tracking(config.experiment, f"{config.format} {config.records.name}") as tracked:
        tracked.log_settings(config)
        tracked.log_settings({"engine": asked})
        if options.start_from is not None:
            tracked.log_settings(
                {"start_from": options.start_from, "prior": options.prior or "none"}
            )
        run, figures, cost = _train(config, options, asked)
        later = f"python -m training register --model {config.out}"
        with _work_is_safe("not registered", f"the bundle is whole in {config.out}: {later}"):
            tracked.tag({"kind": "training"})
            _log(tracked, run.evaluation, figures, report_folder(config.out))
            tracked.log_cost(cost.figures(), cost.shares())
            tracked.register(config.out, format=config.format)
    print(f"tracked as run {tracked.run_id}")
    _tell_release(tracked.run_id, run.bundle)


def _tell_release(run_id: str, bundle: Bundle) -> None:
    """How to release a model, and what a promotion would ask for beyond that."""
    print(f"to release it: python -m training promote {run_id} --alias champion")
    print("where a champion is in service: with --frozen DIR (see python -m training freeze)")
    if bundle.card.virtual:
        print("and --allow-virtual where it learnt from real patients: this model's are virtual")


def _agree_on_a_start(options: Namespace) -> None:
    """Refuse what serves adapting alone without a bundle, and what adapting does not do."""
    if options.start_from is None:
        if options.prior is not None:
            raise InvalidInputError(
                "--prior: serves adapting alone; name a bundle with --start-from"
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
        run = _train_from(config, options) if adapts else train(config, engine)
    shown = shown_of(run)
    figures = run_figures(run, shown)
    report = report_folder(config.out)
    write_report(run.evaluation, figures, report_context(run.bundle, config, UNSEEN), report, shown)
    _print_claims(run.evaluation)
    print(f"bundle {run.bundle.version} -> {config.out}")
    print(f"report -> {report / 'report.html'}")
    print(*cost.lines(), sep="\n")
    return run, figures, cost


def _train_from(config: TrainingConfig, options: Namespace) -> Run:
    """The run that starts from a bundle; what was chosen and what it gained is printed."""
    prior = options.prior and Records(options.prior, options.prior_format or options.format)
    with opened_bundle(options.start_from) as parent:
        run = train_from(config, parent, prior)
    for adapted in run.evaluation["adaptation"].values():
        print(*adapted["sentences"], sep="\n")
    return run


def _log(
    tracked: track.Run, evaluation: Mapping[str, Any], figures: Mapping[str, Figure], report: Path
) -> None:
    tracked.log_evaluation(evaluation)
    tracked.log_figures(figures)
    tracked.log_report(report)
    tracked.tag(findings(evaluation))
    tracked.describe(claim_lines(evaluation, words_for(evaluation)))


@contextmanager
def _work_is_safe(failed: str, left: str) -> Iterator[None]:
    """Where the store fails after the work was done, say what is left and how to go on."""
    try:
        yield
    except (InvalidInputError, OSError) as fault:
        raise InvalidInputError(f"{failed}: {fault}; {left}") from fault


def run_register(options: Namespace) -> None:
    """Log a bundle that lies in a folder, and register it."""
    bundle = load_bundle(options.model)
    metrics = _metrics_of(bundle)
    with track.tracking(options.experiment, f"registered {options.model.name}") as tracked:
        tracked.log_evaluation(metrics)
        tracked.register(options.model)
    print(f"bundle {bundle.version} registered by run {tracked.run_id}")
    _tell_release(tracked.run_id, bundle)


def _metrics_of(bundle: Bundle) -> dict[str, Any]:
    """The evaluation that lies in the bundle, proved to be one by flattening it."""
    metrics: dict[str, Any] = read_json(bundle.folder / METRICS)
    try:
        flat_metrics(metrics)
    except (AttributeError, LookupError, TypeError, ValueError) as fault:
        raise InvalidBundleError(f"{bundle.folder}: {METRICS}: is no evaluation") from fault
    return metrics


def run_evaluate(options: Namespace) -> None:
    """Judge a bundle on other patients; write metrics.json and report.html, and track the run."""
    prices = read_prices(options.prices)
    with opened_bundle(options.model) as bundle:
        _agree(bundle, options.outcomes_from)
        # read before a run opens: records that cannot be read leave none behind
        others = apply.cohort_for(bundle, options.records, options.format, options.every)
        others = replace(others, weight=weights_of(options.weights, others.as_of["patient_id"]))
        _tell_notes(others.source)
        if not options.track:
            _evaluate(options, bundle, others, prices)
            return
        with track.tracking(options.experiment, f"evaluate {options.records.name}") as tracked:
            tracked.log_settings({name: getattr(options, name) for name in EVALUATION_SETTINGS})
            evaluation, figures, judged = _evaluate(options, bundle, others, prices)
            with _work_is_safe("not tracked", f"the report is whole in {options.out}"):
                tracked.tag(track.facts_of(bundle) | {"kind": "evaluation", "judged": judged})
                _log(tracked, evaluation, figures, options.out)
    print(f"tracked as run {tracked.run_id}")


def _evaluate(
    options: Namespace, bundle: Bundle, others: Cohort, prices: Prices
) -> tuple[dict[str, Any], dict[str, Figure], str]:
    """The evaluation, written and printed, with its figures and who was judged."""
    evaluation = apply.judge(
        bundle, others, options.format, options.bootstrap, options.seed, prices
    )
    figures = evaluation_figures(evaluation) | doubt_figures(evaluation)
    facts = evaluation["judged_on"]
    judged = told(Seen(facts["seen"]), facts["known_again"], facts["patients"])
    context = report_context(bundle, {"records": options.records}, judged)
    context["every_hours"] = options.every / HOUR
    write_report(evaluation, figures, context, options.out)
    for model, best in evaluation.get("challenge_utility", {}).items():
        if best["utility"] is not None:
            print(f"challenge utility at the best threshold, {model}: {best['utility']:.3f}")
    _print_claims(evaluation)
    print(f"metrics.json and report.html -> {options.out}")
    return evaluation, figures, judged


def run_transport(options: Namespace) -> None:
    """Judge models on groups of patients that they never saw; print where the tables are."""
    for path in transport.run_transport(options):
        print(path)


def _print_claims(evaluation: Mapping[str, Any]) -> None:
    for line in claim_lines(evaluation, words_for(evaluation)):
        print(line)


def run_predict(options: Namespace) -> None:
    """Write the predictions table."""
    table_ending(options.out)
    with opened_bundle(options.model) as bundle:
        _agree(bundle, options.outcomes_from)
        source = apply.events_for(bundle, options.records, options.format)
        _tell_notes(source)
        if options.as_of is not None:
            moments = read_moments(options.as_of)
            _tell_strangers(without_records(moments, source.events))
        else:
            moments = as_of_grid(source.events, options.every)
        if moments.empty:
            raise InvalidInputError("no as-of time lies inside any patient's observation")
        predictions = apply.predict(bundle, source, moments, options.contributions)
        apply.write_predictions(predictions, bundle, options.out)
    print(f"{len(predictions)} predictions at {len(moments)} as-of times -> {options.out}")


def _tell_notes(source: Events) -> None:
    for note in source.notes:
        logger.info("%s", note)


def _agree(bundle: Bundle, asked: OutcomeSource | None) -> None:
    """Refuse another source of outcomes than the bundle's: its features would mean something else.

    Raises:
        InvalidInputError: what was asked for is not what the bundle learnt from.
    """
    if asked not in (None, bundle.outcomes_from):
        raise InvalidInputError(
            f"--outcomes-from {asked}: this model learnt from {bundle.outcomes_from} outcomes "
            "and reads records in the same way; leave the flag out, or train another model"
        )


def _tell_strangers(patients: list[str]) -> None:
    if patients:
        print(
            f"{len(patients)} patient(s) asked about have no usable record, the first is "
            f"{patients[0]!r}: their rows rest on nothing"
        )


@contextmanager
def opened_bundle(model: str) -> Iterator[Bundle]:
    """A bundle from a folder, or from the registry by `models:/...` or `runs:/...`."""
    if not model.startswith(("models:/", "runs:/")):
        yield load_bundle(model)
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "bundle"
        fetch(model, copy)
        yield load_bundle(copy)


def report_folder(bundle: Path) -> Path:
    """Where a training run's report stands: beside its bundle, which nothing may be added to."""
    return bundle.with_name(bundle.name + "-report")
