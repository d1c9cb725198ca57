"""The verb `evaluate`: a bundle judged on other patients, beside the baselines it carries."""

from argparse import ArgumentParser, Namespace
from dataclasses import replace
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from models.bundle import Bundle
from training import apply
from training.config import HOUR
from training.dataset import Cohort
from training.judging.judged import Seen
from training.leaks.known_again import Learnt, Recognition, told
from training.prices import Prices, read_prices
from training.progress import stage
from training.report.figures.run import judged_figures
from training.report.page import report_context, write_report
from training.report.shown import shown_on
from training.tracking import runs
from training.tracking.names import place_name, short_version
from training.verbs import flags
from training.verbs.opened import agree, opened_bundle
from training.verbs.told import log_judged, print_claims, tell_notes, tell_set_aside, work_is_safe
from training.verbs.verb import Verb
from training.weights import weights_of

SETTINGS = (
    "model", "records", "format", "every", "bootstrap", "seed", "prices", "weights", "out",
)  # fmt: skip


def add_flags(parser: ArgumentParser) -> None:
    """Of `evaluate`."""
    flags.add_model(parser)
    flags.add_records(parser)
    flags.add_every(parser)
    flags.add_the_models_own(parser)
    flags.add_resamples(parser, 200)
    flags.add_resamples_seed(parser)
    flags.add_prices(parser)
    flags.add_weights(parser)
    flags.add_tracking(parser)
    parser.add_argument("--out", type=Path, required=True, help="folder to write into")


def run_evaluate(options: Namespace) -> None:
    """Judge a bundle on other patients; write metrics.json and report.html, and track the run."""
    prices = read_prices(options.prices)
    with opened_bundle(options.model) as bundle:
        agree(bundle, options.outcomes_from)
        # read before a run opens: records that cannot be read leave none behind
        others = apply.cohort_for(bundle, options.records, options.format, options.every)
        others = replace(others, weight=weights_of(options.weights, others.as_of["patient_id"]))
        tell_notes(others.source)
        tell_set_aside(others.source)
        if not options.track:
            _evaluate(options, bundle, others, prices)
            return
        name = f"evaluate {place_name(options.records)} by {short_version(bundle)}"
        with runs.tracking(options.experiment, name) as tracked:
            tracked.log_settings({name: getattr(options, name) for name in SETTINGS})
            evaluation, figures, judged = _evaluate(options, bundle, others, prices)
            safe = f"the report is whole in {options.out}"
            with work_is_safe("not tracked", safe), stage("tracking"):
                tracked.tag(runs.facts_of(bundle) | {"kind": "evaluation", "judged": judged})
                tracked.log_records(options.records, others.source.digest, "evaluation")
                log_judged(tracked, evaluation, figures, options.out)
    print(f"tracked as run {tracked.run_id}")


def _evaluate(
    options: Namespace, bundle: Bundle, others: Cohort, prices: Prices
) -> tuple[dict[str, Any], dict[str, Figure], str]:
    """The evaluation, written and printed, with its figures and who was judged."""
    evaluation = apply.judge(
        bundle, others, options.format, options.bootstrap, options.seed, prices
    )
    with stage("explanations"):
        shown = shown_on(bundle, others)
    with stage("figures"):
        figures = judged_figures(evaluation, shown)
    facts = evaluation["judged_on"]
    found = Recognition(facts["known_again"], facts["able_to_tell"])
    learnt = Learnt.by(bundle.reference)
    judged = told(Seen(facts["seen"]), found, facts["patients"], learnt)
    context = report_context(bundle, {"records": options.records}, judged)
    context["every_hours"] = options.every / HOUR
    with stage("report"):
        write_report(evaluation, figures, context, options.out, shown)
    for model, best in evaluation.get("challenge_utility", {}).items():
        if best["utility"] is not None:
            print(f"challenge utility at the best threshold, {model}: {best['utility']:.3f}")
    print_claims(evaluation)
    print(f"metrics.json and report.html -> {options.out}")
    return evaluation, figures, judged


EVALUATE = Verb(
    "evaluate",
    "judge a bundle on other patients, beside the baselines it carries",
    "--model bundle --records others.csv --format table --out judged",
    add_flags,
    run_evaluate,
)
