"""What each verb of `python -m training` does with its options."""

import json
import tempfile
from argparse import Namespace
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from matplotlib.figure import Figure

from features.declared import columns_of
from features.matrix import as_of_grid, feature_rows
from features.tables import InvalidInputError, count_rejects
from models.bundle import Bundle, load_bundle
from training import apply, cohort, track
from training.config import HOUR, TrainingConfig
from training.dataset import Events, load_events, read_moments
from training.plots import evaluation_figures
from training.progress import counted_progress
from training.report import report_context, write_report
from training.run_figures import run_figures
from training.train import Run, train

UNSEEN = "Every figure is for patients that the scored model had not seen (cross-validation)."
OTHERS = "These records are not the ones that the model learnt from."
THE_SAME = "The model LEARNT FROM THESE VERY RECORDS: every figure flatters it and proves nothing."


def run_simulate(options: Namespace) -> None:
    """Write a virtual cohort."""
    bar = counted_progress("simulating")
    for path in cohort.run(options, bar):
        print(path)


def run_ingest(options: Namespace) -> None:
    """Write events, rejects and a data-quality report."""
    source = load_events(options.records, options.format)
    options.out.mkdir(parents=True, exist_ok=True)
    source.events.to_parquet(options.out / "events.parquet", index=False)
    source.rejects.astype("str").to_parquet(options.out / "rejects.parquet", index=False)
    per_key = source.events["key"].value_counts()
    quality = {
        "patients": source.patients,
        "records": source.records,
        "events": len(source.events),
        "events_by_key": {str(key): int(n) for key, n in per_key.items() if n},
        "rejects_by_reason": count_rejects(source.rejects),
        "notes": list(source.notes),
    }
    (options.out / "quality.json").write_text(json.dumps(quality, indent=1) + "\n", "utf-8")
    print(f"{len(source.events)} events, {len(source.rejects)} rejects -> {options.out}")


def run_features(options: Namespace) -> None:
    """Write feature rows."""
    events = load_events(options.records, options.format).events
    moments = as_of_grid(events, options.every)
    rows = feature_rows(events, moments, columns_of(events["key"].unique()))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    rows.to_parquet(options.out)
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
    )
    run = train(config)
    report = report_folder(options.out)
    figures = run_figures(run)
    write_report(run.evaluation, figures, report_context(run.bundle, config, UNSEEN), report)
    print(f"bundle {run.bundle.version} -> {options.out}")
    print(f"report -> {report / 'report.html'}")
    if options.track:
        run_id = _track(config, run, figures, report)
        print(f"tracked as run {run_id}")
        print(f"to release it: python -m training promote {run_id} --alias champion")


def _track(config: TrainingConfig, run: Run, figures: Mapping[str, Figure], report: Path) -> str:
    """Log everything to MLflow and register the bundle; returns the run's identifier."""
    with track.tracking(config.experiment, f"{config.format} {config.records.name}") as tracked:
        tracked.log_settings(config)
        tracked.log_evaluation(run.evaluation)
        tracked.log_figures(figures)
        tracked.log_file(report / "report.html")
        tracked.register(config.out)
    return tracked.run_id


def run_evaluate(options: Namespace) -> None:
    """Judge a bundle on other patients; write metrics.json and report.html."""
    with opened_bundle(options.model) as bundle:
        others = apply.cohort_for(bundle, options.records, options.format, options.every)
        evaluation = apply.judge(bundle, others, options.format, options.bootstrap, options.seed)
        figures = evaluation_figures(evaluation)
        judged = who_was_judged(bundle, others.source)
        context = report_context(bundle, {"records": options.records}, judged)
        context["every_hours"] = options.every / HOUR
        write_report(evaluation, figures, context, options.out)
    for model, best in evaluation.get("challenge_utility", {}).items():
        if best["utility"] is not None:
            print(f"challenge utility at the best threshold, {model}: {best['utility']:.3f}")
    print(f"metrics.json and report.html -> {options.out}")


def who_was_judged(bundle: Bundle, source: Events) -> str:
    """Whether the patients judged are those of the training, as far as the data's digest tells."""
    return THE_SAME if source.digest == bundle.card.data_digest else OTHERS


def run_predict(options: Namespace) -> None:
    """Write the predictions table."""
    with opened_bundle(options.model) as bundle:
        source = load_events(options.records, options.format)
        if options.as_of is not None:
            moments = read_moments(options.as_of)
        else:
            moments = as_of_grid(source.events, options.every)
        if moments.empty:
            raise InvalidInputError("no as-of time lies inside any patient's observation")
        predictions = apply.predict(bundle, source, moments, options.contributions)
        apply.write_predictions(predictions, bundle, options.out)
    print(f"{len(predictions)} predictions at {len(moments)} as-of times -> {options.out}")


def run_promote(options: Namespace) -> None:
    """Point an alias of the registry at a run's model and note it in the ledger."""
    version = track.promote(options.run_id, options.alias)
    print(f"{track.REGISTERED_NAME} version {version} is now the {options.alias}")


def run_fetch(options: Namespace) -> None:
    """Copy a bundle out of the registry."""
    track.fetch(options.model, options.out)


@contextmanager
def opened_bundle(model: str) -> Iterator[Bundle]:
    """A bundle from a folder, or from the registry by `models:/...` or `runs:/...`."""
    if not model.startswith(("models:/", "runs:/")):
        yield load_bundle(model)
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "bundle"
        track.fetch(model, copy)
        yield load_bundle(copy)


def report_folder(bundle: Path) -> Path:
    """Where a training run's report stands: beside its bundle, which nothing may be added to."""
    return bundle.with_name(bundle.name + "-report")
