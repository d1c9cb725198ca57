"""Who goes into service and who goes back: decided by the plan, written down before it happens."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from features.tables import InvalidInputError
from models.bundle import Bundle
from models.code_version import code_version
from training.release import ledger_store
from training.release.changed import other_answers
from training.release.frozen import FrozenSet, check_fit
from training.release.judgement import findings, judge_on
from training.release.ledger import Draft, Entry, Kind, Ledger, in_service, standing
from training.release.plan import Plan
from training.release.registry import alias_holder, fetched, version_at, version_of_run
from training.release.request import (
    CHAMPION,
    Decision,
    Request,
    check_alias,
    check_request,
    one_line,
    user_name,
)
from training.release.verdict import Allowed, RefusedError, Verdict, concluded, guards
from training.tracking.runs import REGISTERED_NAME
from training.tracking.tracker import client, told_plainly

WHOLE_CODE = ("features", "models", "training")
LONGEST_WHY = 2500
"""Characters of an entry's why, which repeats a refusal's first part; the verdict has it whole."""
FIRST_ONE = "no champion was in service and no frozen set was given: nothing was judged"
NOT_IN_SERVICE = "a challenger is not in service: nothing was judged"


def promote(asked: Request) -> Decision:
    """Let the alias name the model that the run registered, if the plan allows it.

    A refusal by the plan is written into the ledger, too.

    Raises:
        RefusedError: the plan refuses; it says so of each criterion.
        InvalidInputError: no such alias or run, a ledger that does not hold,
            a frozen set that can not judge, a champion without an evaluation or a reason.
        InvalidBundleError: the files of either model are not those that were registered.
    """
    check_request(asked)
    version = version_of_run(asked.run_id, REGISTERED_NAME)
    ledger = ledger_store.intact_ledger()
    with fetched(version, ledger) as proposed:
        held = in_service(ledger, asked.alias)
        if held and held.bundle_version == proposed.version:
            return _nothing_to_do(asked.alias, held)
        number = held.version if held else alias_holder(asked.alias)
        draft = _draft(asked, proposed, str(version.version), number)
        with _in_use(asked, number, ledger) as in_use:
            verdict = _verdict(asked, proposed, in_use, number)
    return _written(ledger, draft, verdict)


def roll_back(alias: str, why: str, by: str | None = None) -> Decision:
    """Put back the version that stood before, as the ledger tells; again: the one before that.

    Raises:
        InvalidInputError: nothing stood before, no reason, or a ledger that does not hold.
        InvalidBundleError: the files of that version are not those that were promoted.
    """
    check_alias(alias)
    if not why.strip():
        raise InvalidInputError("--why: a rollback needs a reason for the ledger")
    ledger = ledger_store.intact_ledger()
    stack = standing(ledger, alias)
    if len(stack) < 2:
        there = f"version {stack[-1].version}" if stack else "no version"
        raise InvalidInputError(f"{alias}: {there} is in service and nothing stood there before it")
    left, back = stack[-1], stack[-2]
    asked = Request(back.run_id, alias, by=by, why=why)
    with fetched(version_at(f"models:/{REGISTERED_NAME}/{back.version}"), ledger) as bundle:
        draft = _draft(asked, bundle, back.version, left.version)
    changed = replace(draft, kind=str(Kind.ROLLED_BACK), plan_digest="")
    return _written(ledger, changed, Verdict("not judged"))


def _nothing_to_do(alias: str, held: Entry) -> Decision:
    """The same model again; an alias that was moved by hand is put back."""
    already = (
        f"bundle {held.bundle_version[:12]} is the {alias} already "
        f"({REGISTERED_NAME} version {held.version}): nothing changes"
    )
    moved = alias_holder(alias)
    if moved == held.version:
        return Decision(held.version, (already,))
    _set_alias(alias, held.version)
    return Decision(
        held.version, (already, f"the alias named version {moved or 'none'} and was put back")
    )


@contextmanager
def _in_use(asked: Request, number: str, ledger: Ledger) -> Iterator[Bundle | None]:
    """The model that would be replaced; None where there is none.

    One whose files are not there or not its own is None, too, where nothing is asked of it: it must
    not keep its place for that.
    """
    needed = asked.frozen or asked.all_allowed != Allowed(True, True)
    with ExitStack() as opened:
        bundle = None
        try:
            if number:
                version = version_at(f"models:/{REGISTERED_NAME}/{number}")
                bundle = opened.enter_context(fetched(version, ledger))
        except InvalidInputError:
            if needed:
                raise
        yield bundle


def _verdict(asked: Request, proposed: Bundle, in_use: Bundle | None, number: str) -> Verdict:
    """Guards, and the criteria of the plan where a frozen set is there."""
    name = f"the {asked.alias}, version {number},"
    found = list(guards(name, in_use, proposed, asked.all_allowed)) if in_use else []
    notes = other_answers(name, in_use, proposed) if in_use else []
    if number and not in_use:
        notes.append(f"{name} cannot be read: what it answered is not compared")
    notes += [f"allowed by flag: {flag}" for flag, lifted in vars(asked.allowed).items() if lifted]
    if not asked.frozen:
        notes.append(_why_unjudged(asked, number))
        return concluded(asked.plan, None, found, notes)
    _check_frozen(asked.frozen, asked.plan, proposed, in_use)
    found += findings(asked.plan, judge_on(asked.frozen, asked.plan, proposed, in_use))
    return concluded(asked.plan, asked.frozen, found, notes)


def _why_unjudged(asked: Request, number: str) -> str:
    """Why nothing is judged; raises InvalidInputError where that is no matter of course."""
    if asked.alias != CHAMPION:
        return NOT_IN_SERVICE
    if asked.without_evaluation is not None:
        return f"without evaluation: {one_line(asked.without_evaluation)}"
    if number:
        raise InvalidInputError(
            f"the champion, version {number}, is only replaced by a model that was judged beside "
            "it: --frozen DIR (see python -m training freeze), or --without-evaluation REASON"
        )
    return FIRST_ONE


def _check_frozen(frozen: FrozenSet, plan: Plan, proposed: Bundle, champion: Bundle | None) -> None:
    if plan.frozen_set not in ("", frozen.manifest.digest):
        raise InvalidInputError(
            f"{frozen.place}: is the frozen set {frozen.manifest.digest[:12]}, the plan asks for "
            f"{plan.frozen_set[:12]}"
        )
    check_fit(frozen, "this model", proposed)
    if champion:
        check_fit(frozen, "the champion", champion)


def _draft(asked: Request, bundle: Bundle, version: str, before: str) -> Draft:
    """A promotion as far as it is known before it is judged."""
    return Draft(
        kind=str(Kind.PROMOTED),
        time="",
        alias=asked.alias,
        version=version,
        version_before=before,
        run_id=asked.run_id,
        bundle_version=bundle.version,
        plan_digest=asked.plan.digest,
        frozen_digest=asked.frozen.manifest.digest if asked.frozen else "",
        verdict="",
        verdict_sha256="",
        by=one_line(asked.by or user_name()),
        why=one_line(asked.why),
        code_version=code_version(WHOLE_CODE),
    )


def _written(ledger: Ledger, draft: Draft, verdict: Verdict) -> Decision:
    """Into the ledger first, then into service: what is in service was always written down."""
    why = "; ".join(part for part in (draft.why, *verdict.notes, verdict.refusal) if part)
    kind = str(Kind.REFUSED) if verdict.refusal else draft.kind
    judged = replace(draft, kind=kind, verdict=verdict.word, why=why[:LONGEST_WHY])
    kept = ledger_store.append(ledger, judged, verdict.content)
    if verdict.refusal:
        raise RefusedError(verdict)
    _set_alias(draft.alias, draft.version)
    entry = kept.entries[-1]
    said = (
        f"{REGISTERED_NAME} version {entry.version} is now the {entry.alias}",
        *verdict.notes,
        *verdict.summary,
        *_changed_since(kept),
        f"ledger entry {entry.sequence}, hash {entry.entry_hash}",
    )
    return Decision(draft.version, said)


def _changed_since(ledger: Ledger) -> list[str]:
    """A sentence where plan or frozen set are others than they were last."""
    entry, *earlier = reversed(ledger.entries)
    earlier = [each for each in earlier if each.alias == entry.alias]
    said = []
    for name, field in (("plan", "plan_digest"), ("frozen set", "frozen_digest")):
        last = next((each for each in earlier if getattr(each, field)), None)
        old, new = getattr(last, field, ""), getattr(entry, field)
        if last and new and old != new:
            said.append(
                f"the {name} is another than in entry {last.sequence}: {old[:12]} -> {new[:12]}"
            )
    return said


def _set_alias(alias: str, version: str) -> None:
    with told_plainly():
        client().set_registered_model_alias(REGISTERED_NAME, alias, version)
