"""The ledger in MLflow: an entry is a run, its fields the run's parameters, which MLflow keeps.

MLflow refuses to change a logged parameter. So the entry before is told, by such a parameter, which
entry follows it: of two promotions at once the second is refused. The first entry has none before
it: there the experiment's name decides, which MLflow gives once.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

from features.tables import InvalidInputError
from models.code_version import code_version
from training.release.canonical import canonical_json, text_digest
from training.release.ledger import (
    ENTRY_FIELDS,
    FIRST_PREVIOUS_HASH,
    Draft,
    Entry,
    Kind,
    Ledger,
    Link,
    follow,
    seal,
)
from training.tracking.tracker import (
    TrackerError,
    client,
    experiment_id,
    mlflow,
    new_experiment,
    told_plainly,
)

LEDGER = "crs-risk ledger"
NEXT = "next_hash"
VERDICT_FILE = "verdict.json"
ALREADY_SAID = "INVALID_PARAMETER_VALUE"
"""What MLflow calls it when a logged parameter would be changed."""


def read_ledger(noted_head: str | None = None) -> Ledger:
    """The ledger of the store as it stands, which may be broken; empty where none was begun.

    Raises:
        TrackerError: the store fails, or the ledger was deleted from it or renamed.
    """
    with told_plainly():
        experiment = client().get_experiment_by_name(LEDGER)
        _refuse_renamed(experiment)
        if experiment is None:
            return follow([], noted_head)
        if experiment.lifecycle_stage == "deleted":
            raise TrackerError(f"the ledger was deleted: restore the experiment {LEDGER!r}")
        runs = mlflow().search_runs(
            [experiment.experiment_id],
            run_view_type=import_module("mlflow.entities").ViewType.ALL,
            output_format="list",
        )
    return follow([_link(run) for run in runs if run.data.params], noted_head)


def _refuse_renamed(experiment: Any) -> None:
    """Raises TrackerError where a ledger's first entry lies in an experiment of another name."""
    kinds = import_module("mlflow.entities").ViewType.ALL
    others = {
        other.experiment_id: other.name
        for other in client().search_experiments(view_type=kinds)
        if experiment is None or other.experiment_id != experiment.experiment_id
    }
    first = mlflow().search_runs(
        list(others), f"params.previous_hash = '{FIRST_PREVIOUS_HASH}'", kinds, 1,
        output_format="list",
    ) if others else []  # fmt: skip
    if first:
        name = others[first[0].info.experiment_id]
        raise TrackerError(
            f"a ledger lies in the experiment {name!r}: it was renamed; name it {LEDGER!r} again"
        )


def intact_ledger() -> Ledger:
    """The ledger, which holds.

    Raises:
        InvalidInputError: it does not: then it vouches for nothing.
    """
    ledger = read_ledger()
    if ledger.broken:
        raise InvalidInputError(
            f"the ledger does not hold: {ledger.broken}; see python -m training ledger --verify, "
            "and restore the tracking store from its backup"
        )
    return ledger


def append(ledger: Ledger, draft: Draft, verdict: Mapping[str, Any]) -> Ledger:
    """Write the draft, timed now, behind the entry that the decision rested on.

    Returns the ledger with it.

    Raises:
        InvalidInputError: another entry has followed in the meantime, or another has begun.
    """
    if not ledger.links:
        ledger = _opened(draft)
    text = canonical_json(verdict)
    said = text_digest(text) if verdict else ""
    entry = seal(replace(draft, time=now(), verdict_sha256=said), ledger)
    place = _write(entry, text)
    _claim(ledger.links[-1].place, entry.entry_hash, place)
    told = replace(ledger.links[-1], next_hash=entry.entry_hash)
    return Ledger((*ledger.links[:-1], told, Link(entry, "", place)))


def now() -> str:
    """This moment as an entry states it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def verdict_fault(link: Link) -> str | None:
    """What is wrong with the verdict that lies beside an entry, or None."""
    if not link.entry.verdict_sha256:
        return None
    try:
        text = read_verdict(link)
    except (TrackerError, OSError):
        return f"the verdict of entry {link.entry.sequence} is gone"
    same = text_digest(text) == link.entry.verdict_sha256
    return None if same else f"the verdict of entry {link.entry.sequence} was changed"


def read_verdict(link: Link) -> str:
    """The JSON of the verdict that lies beside an entry."""
    with told_plainly():
        return str(mlflow().artifacts.load_text(f"runs:/{link.place}/{VERDICT_FILE}"))


def _link(run: Any) -> Link:
    said = run.data.params
    entry = Entry(**{name: said.get(name, "") for name in ENTRY_FIELDS})
    deleted = run.info.lifecycle_stage == "deleted"
    return Link(entry, said.get(NEXT, ""), run.info.run_id, deleted)


def _opened(first: Draft) -> Ledger:
    """Begin a ledger, by whoever writes its first entry: the one who creates the experiment."""
    if new_experiment(LEDGER) is None:
        raise InvalidInputError(
            "another promotion has begun the ledger meanwhile: look at it with python -m training "
            "ledger, then run this again; if it stays empty, beginning it was cut off: rename "
            f"the experiment {LEDGER!r} first"
        )
    nothing = dict.fromkeys(vars(first), "")
    facts = {"kind": str(Kind.OPENED), "time": now(), "by": first.by}
    draft = Draft(**(nothing | facts | {"code_version": code_version(("training",))}))
    entry = seal(draft, Ledger())
    return Ledger((Link(entry, "", _write(entry, "")),))


def _write(entry: Entry, verdict: str) -> str:
    """The entry as a run, whole before the chain leads to it; returns the run's identifier."""
    with told_plainly():
        asked, place = client(), experiment_id(LEDGER)
        name = f"{entry.sequence}: {entry.kind} {entry.alias} {entry.version}".rstrip()
        run_id = str(asked.create_run(place, run_name=name).info.run_id)
        param = import_module("mlflow.entities").Param
        asked.log_batch(run_id, params=[param(name, value) for name, value in vars(entry).items()])
        if entry.verdict_sha256:
            asked.log_text(run_id, verdict, VERDICT_FILE)
        asked.set_terminated(run_id)
    return run_id


def _claim(place_before: str, entry_hash: str, place: str) -> None:
    """Tell the entry before which one follows it; the first to do so is the one that follows."""
    with told_plainly():
        try:
            client().log_param(place_before, NEXT, entry_hash)
        except mlflow().exceptions.MlflowException as fault:
            if fault.error_code != ALREADY_SAID:
                raise
            client().delete_run(place)
            raise InvalidInputError(
                "another entry was written into the ledger meanwhile: look at it with "
                "python -m training ledger, then run this again"
            ) from fault
