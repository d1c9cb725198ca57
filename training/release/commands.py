"""What the verbs of a release do: plan, freeze, promote, rollback, ledger, fetch."""

from argparse import Namespace
from collections.abc import Sequence

from features.matrix import as_of_grid
from features.outcomes import Outcome
from features.tables import InvalidInputError
from training.dataset import load_events
from training.folders import refuse_filled
from training.judging.rows.resampled import FEWEST_EVENT_PATIENTS
from training.labels import label_rows
from training.release import registry
from training.release.frozen import Freezing, freeze, open_frozen
from training.release.ledger import Entry, Kind, Ledger, in_service
from training.release.ledger_store import read_ledger, verdict_fault
from training.release.plan import DEFAULT
from training.release.plan_file import read_plan, write_plan
from training.release.promotion import promote, roll_back
from training.release.request import Request, user_name
from training.release.verdict import Allowed, RefusedError
from training.words.rejects import reject_summary

SHORT = 12


def run_plan(options: Namespace) -> None:
    """Write the default change plan, or check one that a hospital edited."""
    if options.check is not None:
        plan = read_plan(options.check)
        print(f"{options.check}: a plan that can be used, digest {plan.digest}")
        return
    if options.out is None:
        raise InvalidInputError("--out FILE writes the default plan, --check FILE reads yours")
    write_plan(DEFAULT, options.out)
    print(f"the default plan, digest {DEFAULT.digest} -> {options.out}")


def run_freeze(options: Namespace) -> None:
    """Freeze an evaluation set; print what it can judge."""
    refuse_filled(options.out)
    source = load_events(options.records, options.format, outcomes_from=options.outcomes_from)
    moments = as_of_grid(source.events, options.every)
    if moments.empty:
        raise InvalidInputError(f"{options.records}: no as-of time; has nobody a timed value?")
    freezing = Freezing(
        options.format,
        options.outcomes_from,
        options.every,
        options.horizon,
        options.bootstrap,
        options.seed,
        options.by or user_name(),
    )
    for note in source.notes:
        print(note)
    for line in reject_summary(source.rejects):
        print(f"set aside: {line}")
    manifest = freeze(source, options.records, freezing, options.out)
    for outcome in Outcome:
        labels = label_rows(source.events, moments, outcome, options.horizon).label
        patients = moments.loc[labels == 1, "patient_id"].nunique()
        few = "" if patients >= FEWEST_EVENT_PATIENTS else ": too few to judge a model by"
        print(
            f"{outcome}: {int((labels == 1).sum())} rows before an event, {patients} patients{few}"
        )
    print(f"{manifest.patients} patients, frozen set {manifest.digest} -> {options.out}")


def run_promote(options: Namespace) -> None:
    """Let an alias name a run's model where the plan allows it; else print what became of each
    criterion, a line each, those that failed first."""
    asked = Request(
        run_id=options.run_id,
        alias=options.alias,
        plan=DEFAULT if options.plan is None else read_plan(options.plan),
        frozen=None if options.frozen is None else open_frozen(options.frozen),
        without_evaluation=options.without_evaluation,
        allowed=Allowed(options.allow_virtual, options.allow_fewer_outcomes),
        by=options.by,
        why=options.why,
    )
    try:
        decision = promote(asked)
    except RefusedError as refusal:
        _print(refusal.lines)
        raise
    _print(decision.said)


def run_rollback(options: Namespace) -> None:
    """Put back the version that stood before."""
    _print(roll_back(options.alias, options.why, options.by).said)


def run_ledger(options: Namespace) -> None:
    """Print the ledger, verify it, or say what was in service at a time."""
    ledger = read_ledger(options.head)
    if options.at is not None:
        _refuse_broken(ledger)
        _refuse_contradicted(ledger)
        for alias in registry.ALIASES:
            print(f"{alias}: {_stood(in_service(ledger, alias, options.at))}")
        return
    for entry in ledger.entries:
        print(entry_line(entry))
    if options.verify or options.head is not None:
        _verify(ledger)
    elif ledger.broken:
        print(f"THE LEDGER DOES NOT HOLD: {ledger.broken}")


def _verify(ledger: Ledger) -> None:
    """Raises InvalidInputError for the first thing that does not hold.

    The entries first, then the aliases, then the files that the versions in service lead to: of
    these every fault is named.
    """
    _refuse_broken(ledger)
    for link in ledger.links:
        if fault := verdict_fault(link):
            raise InvalidInputError(f"the ledger does not hold: {fault}")
    _refuse_contradicted(ledger)
    if faults := registry.faults_in_service(ledger):
        raise InvalidInputError(f"what is in service is not what was promoted: {'; '.join(faults)}")
    for place in ledger.outside:
        print(f"run {place} lies in the ledger's experiment and belongs to no entry: it counts not")
    print(f"the ledger holds: {len(ledger.links)} entries, head {ledger.head}")


def _refuse_broken(ledger: Ledger) -> None:
    if ledger.broken:
        raise InvalidInputError(f"the ledger does not hold: {ledger.broken}")


def _refuse_contradicted(ledger: Ledger) -> None:
    """Raises InvalidInputError where the registry says otherwise than the ledger, or than none."""
    for alias in registry.ALIASES:
        stated, named = in_service(ledger, alias), registry.alias_holder(alias)
        if named != (stated.version if stated else ""):
            raise InvalidInputError(
                f"the alias {alias} names version {named or 'none'}, the ledger "
                f"{stated.version if stated else 'none'}: it was moved past the ledger"
            )
    if not ledger.links and (found := registry.versions_of_bundles()):
        told = ", ".join(f"{count} of {name}" for name, count in sorted(found.items()))
        raise InvalidInputError(
            f"no ledger, but registered versions ({told}): either nothing was ever promoted, or "
            "the ledger was removed; an empty ledger vouches for nothing"
        )


def _stood(entry: Entry | None) -> str:
    if entry is None:
        return "nothing was in service"
    return f"version {entry.version}, bundle {entry.bundle_version}, since {entry.time}"


def entry_line(entry: Entry) -> str:
    """An entry for people; the last field is why."""
    if entry.kind == Kind.OPENED:
        return f"{entry.sequence}  {entry.time}  the ledger was opened by {entry.by}"
    facts = (
        entry.sequence,
        entry.time,
        f"{entry.kind} as {entry.alias}"
        if entry.kind != Kind.ROLLED_BACK
        else f"{entry.alias} {entry.kind}",
        f"version {entry.version} (before: {entry.version_before or 'none'})",
        f"bundle {entry.bundle_version[:SHORT]}",
        (
            f"{entry.verdict}, plan {entry.plan_digest[:SHORT] or 'none'}, "
            f"frozen set {entry.frozen_digest[:SHORT] or 'none'}"
        ),
        f"by {entry.by}",
        entry.why or "no reason given",
    )
    return "  ".join(facts)


def _print(lines: Sequence[str]) -> None:
    """Line by line, and out before an error follows on the other stream."""
    for line in lines:
        print(line, flush=True)


def run_fetch(options: Namespace) -> None:
    """Copy a bundle out of the registry."""
    registry.fetch(options.model, options.out)
