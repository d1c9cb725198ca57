"""The verb `register`: a bundle that lies in a folder, known to the registry."""

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from models.bundle import METRICS, Bundle, InvalidBundleError, load_bundle
from models.stated import read_json
from training.tracking.compared import compared_figures
from training.tracking.names import short_version
from training.tracking.runs import tracking
from training.verbs import flags
from training.verbs.told import tell_release
from training.verbs.verb import Verb


def add_flags(parser: ArgumentParser) -> None:
    """Of `register`."""
    parser.add_argument("--model", type=Path, required=True, help="bundle folder")
    flags.add_experiment(parser)


def run_register(options: Namespace) -> None:
    """Log a bundle that lies in a folder, and register it."""
    bundle = load_bundle(options.model)
    metrics = _metrics_of(bundle)
    name = f"register {options.model.name} {short_version(bundle)}"
    with tracking(options.experiment, name) as tracked:
        tracked.log_evaluation(metrics)
        tracked.register(options.model)
    print(f"bundle {bundle.version} registered by run {tracked.run_id}")
    tell_release(tracked.run_id, bundle)


def _metrics_of(bundle: Bundle) -> dict[str, Any]:
    """The evaluation that lies in the bundle, proved to be one by what is compared."""
    metrics: dict[str, Any] = read_json(bundle.folder / METRICS)
    try:
        compared_figures(metrics)
    except (AttributeError, LookupError, TypeError, ValueError) as fault:
        raise InvalidBundleError(f"{bundle.folder}: {METRICS}: is no evaluation") from fault
    return metrics


REGISTER = Verb(
    "register",
    "register a bundle that lies in a folder, such as one from elsewhere",
    "--model bundle",
    add_flags,
    run_register,
)
