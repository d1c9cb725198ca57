"""Who goes into service and who goes back: decided by the plan, written down before it happens."""

import getpass
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from features.tables import InvalidInputError
from models.bundle import Bundle
from models.code_version import code_version
from training.release import ledger_store
from training.release.frozen import FrozenSet, check_fit
from training.release.judgement import Finding, findings, judge_on
from training.release.ledger import Draft, Entry, Kind, Ledger, in_service, standing
from training.release.plan import DEFAULT, Plan
from training.release.registry import ALIASES, alias_holder, fetched, version_at, version_of_run
from training.track import REGISTERED_NAME
from training.tracker import client, told_plainly

CHAMPION = "champion"
WHOLE_CODE = ("features", "models", "training")
LONGEST_WHY = 500
LONGEST_REFUSAL = 2000
FIRST_ONE = "no champion was in service and no frozen set was given: nothing was judged"
NOT_IN_SERVICE = "a challenger is not in service: nothing was judged"


@dataclass(frozen=True)
class Request:
    """What is asked of `promote`.

    `frozen` None where no set was given; `without_evaluation` the reason to do without one;
    `allow_virtual` and `allow_fewer_outcomes` lift the plan's guards once; `by` and `why` go into
    the ledger, `by` None for the user of this machine.
    """

    run_id: str
    alias: str
    plan: Plan = DEFAULT
    frozen: FrozenSet | None = None
    without_evaluation: str | None = None
    allow_virtual: bool = False
    allow_fewer_outcomes: bool = False
    by: str | None = None
    why: str = ""


@dataclass(frozen=True)
class Decision:
    """What became of it: the version the alias names, sentences for the one who asked."""

    version: str
    said: tuple[str, ...]
    entry: Entry | None
    """None where nothing changed."""


@dataclass(frozen=True)
class Verdict:
    """What was found: `word` is passed, refused or not judged."""

    word: str
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    content: Mapping[str, Any] = field(default_factory=dict)

    @property
    def failed(self) -> tuple[Finding, ...]:
        """The criteria that were not kept."""
        return tuple(finding for finding in self.findings if finding.kept is False)


def promote(asked: Request) -> Decision:
    """Let the alias name the model that the run registered, if the plan allows it.

    A refusal by the plan is written into the ledger, too.

    Raises:
        InvalidInputError: the plan refuses; or no such alias or run, a ledger that does not hold,
            a frozen set that can not judge, a champion without an evaluation or a reason.
        InvalidBundleError: the files of either model are not those that were registered.
    """
    _check_request(asked)
    version = version_of_run(asked.run_id, REGISTERED_NAME)
    ledger = ledger_store.intact_ledger()
    with fetched(version, ledger) as proposed:
        held = in_service(ledger, asked.alias)
        if held and held.bundle_version == proposed.version:
            return _nothing_to_do(asked.alias, held)
        number = held.version if held else alias_holder(asked.alias)
        draft = _draft(asked, proposed, str(version.version), number)
        with _in_use(asked, number, ledger) as champion:
            verdict = _verdict(asked, proposed, champion, number)
    return _written(ledger, draft, verdict)


def roll_back(alias: str, why: str, by: str | None = None) -> Decision:
    """Put back the version that stood before, as the ledger tells; again: the one before that.

    Raises:
        InvalidInputError: nothing stood before, no reason, or a ledger that does not hold.
        InvalidBundleError: the files of that version are not those that were promoted.
    """
    _check_alias(alias)
    if not why.strip():
        raise InvalidInputError("--why: a rollback needs a reason for the ledger")
    ledger = ledger_store.intact_ledger()
    stack = standing(ledger, alias)
    if len(stack) < 2:
        now = f"version {stack[-1].version}" if stack else "no version"
        raise InvalidInputError(f"{alias}: {now} is in service and nothing stood there before it")
    left, back = stack[-1], stack[-2]
    with fetched(version_at(f"models:/{REGISTERED_NAME}/{back.version}"), ledger) as bundle:
        asked = Request(back.run_id, alias, by=by, why=why)
        draft = _draft(asked, bundle, back.version, left.version, kind=Kind.ROLLED_BACK)
    return _written(ledger, draft, Verdict("not judged"))


def _check_alias(alias: str) -> None:
    if alias not in ALIASES:
        raise InvalidInputError(f"alias {alias!r}: one of {', '.join(ALIASES)} is needed")


def _check_request(asked: Request) -> None:
    _check_alias(asked.alias)
    if asked.frozen and asked.alias != CHAMPION:
        raise InvalidInputError("--frozen: a challenger is not in service and is not judged")
    if asked.without_evaluation is None:
        return
    if asked.frozen:
        raise InvalidInputError("--without-evaluation: a frozen set is given: leave out one")
    if not asked.without_evaluation.strip():
        raise InvalidInputError("--without-evaluation: needs a reason for the ledger")


def _nothing_to_do(alias: str, held: Entry) -> Decision:
    """The same model again; an alias that was moved by hand is put back."""
    said = [
        (
            f"bundle {held.bundle_version[:12]} is the {alias} already "
            f"({REGISTERED_NAME} version {held.version}): nothing changes"
        )
    ]
    moved = alias_holder(alias)
    if moved != held.version:
        _set_alias(alias, held.version)
        said.append(f"the alias named version {moved or 'none'} and was put back")
    return Decision(held.version, tuple(said), None)


@contextmanager
def _in_use(asked: Request, number: str, ledger: Ledger) -> Iterator[Bundle | None]:
    """The model that would be replaced; None where there is none or nothing is asked of it."""
    guards_lifted = all(_allowed(asked).values())
    judged = asked.frozen is not None
    if not number or (guards_lifted and not judged):
        yield None
        return
    with fetched(version_at(f"models:/{REGISTERED_NAME}/{number}"), ledger) as bundle:
        yield bundle


def _allowed(asked: Request) -> dict[str, bool]:
    return {
        "virtual": asked.allow_virtual or asked.plan.allow_virtual,
        "fewer_outcomes": asked.allow_fewer_outcomes or asked.plan.allow_fewer_outcomes,
    }


def _verdict(asked: Request, proposed: Bundle, champion: Bundle | None, number: str) -> Verdict:
    """Guards first, then the criteria of the plan where a frozen set is there."""
    found = list(_guards(asked, proposed, champion, number)) if champion else []
    notes = [f"--{flag}" for flag in ("allow_virtual", "allow_fewer_outcomes")
             if getattr(asked, flag)]  # fmt: skip
    if not asked.frozen:
        notes.append(_unjudged(asked, number))
        return _concluded(asked, found, notes, judged=False)
    _check_frozen(asked.frozen, asked.plan, proposed, champion)
    judged = judge_on(asked.frozen, proposed, champion)
    return _concluded(asked, [*found, *findings(asked.plan, judged)], notes, judged=True)


def _unjudged(asked: Request, number: str) -> str:
    """Why nothing is judged; raises InvalidInputError where that is no matter of course."""
    if asked.alias != CHAMPION:
        return NOT_IN_SERVICE
    if asked.without_evaluation is not None:
        return f"without evaluation: {_one_line(asked.without_evaluation)}"
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


def _guards(asked: Request, proposed: Bundle, in_use: Bundle, number: str) -> Iterator[Finding]:
    """What a ward would not want to find one morning in the place of its model."""
    name, allowed = f"the {asked.alias}, version {number},", _allowed(asked)
    if proposed.card.virtual and not in_use.card.virtual and not allowed["virtual"]:
        yield Finding("", "virtual", False, (
            f"{name} learnt from {in_use.card.learnt_from}; this model learnt from "
            f"{proposed.card.learnt_from}: to replace it all the same: --allow-virtual"
        ))  # fmt: skip
    lost = [outcome for outcome in in_use.outcomes if outcome not in proposed.outcomes]
    if lost and not allowed["fewer_outcomes"]:
        yield Finding("", "fewer_outcomes", False, (
            f"{name} answers {', '.join(in_use.outcomes)}; this model does not answer "
            f"{', '.join(lost)}: to replace it all the same: --allow-fewer-outcomes"
        ))  # fmt: skip


def _concluded(asked: Request, found: list[Finding], notes: list[str], judged: bool) -> Verdict:
    failed = any(finding.kept is False for finding in found)
    content = {
        "plan": asdict(asked.plan),
        "frozen": asdict(asked.frozen.manifest) if asked.frozen else None,
        "notes": notes,
        "criteria": [asdict(finding) for finding in found],
    }
    word = "refused" if failed else "passed" if judged else "not judged"
    return Verdict(word, tuple(found), tuple(notes), content)


def _draft(
    asked: Request, bundle: Bundle, version: str, before: str, kind: Kind = Kind.PROMOTED
) -> Draft:
    promoted = kind == Kind.PROMOTED
    return Draft(
        kind=str(kind),
        time=ledger_store.now(),
        alias=asked.alias,
        version=version,
        version_before=before,
        run_id=asked.run_id,
        bundle_version=bundle.version,
        plan_digest=asked.plan.digest if promoted else "",
        frozen_digest=asked.frozen.manifest.digest if asked.frozen else "",
        verdict="",
        verdict_sha256="",
        by=_one_line(asked.by) if asked.by else _user(),
        why=_one_line(asked.why),
        code_version=code_version(WHOLE_CODE),
    )


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError) as fault:  # a container whose user has no name
        raise InvalidInputError(
            "this machine's user has no name: say who with --by NAME"
        ) from fault


def _one_line(text: str) -> str:
    words = " ".join(text.split())
    if len(words) > LONGEST_WHY:
        raise InvalidInputError(f"a reason has {len(words)} characters, {LONGEST_WHY} at most")
    return words


def _written(ledger: Ledger, draft: Draft, verdict: Verdict) -> Decision:
    """Into the ledger first, then into service: what is in service was always written down."""
    refusal = refusal_of(verdict)
    why = "; ".join(part for part in (draft.why, *verdict.notes, refusal) if part)
    facts = {"verdict": verdict.word, "why": why[: LONGEST_WHY + LONGEST_REFUSAL]}
    if refusal:
        facts["kind"] = str(Kind.REFUSED)
    kept = ledger_store.append(ledger, Draft(**(vars(draft) | facts)), verdict.content)
    if refusal:
        raise InvalidInputError(refusal)
    _set_alias(draft.alias, draft.version)
    return Decision(draft.version, _told(kept, verdict), kept.entries[-1])


def refusal_of(verdict: Verdict) -> str:
    """Every failed criterion with number and limit in one line; empty where none failed."""
    failed = verdict.failed
    if not failed:
        return ""
    guards = [finding.said for finding in failed if not finding.outcome]
    named = [f"{one.outcome}: {one.criterion}: {one.said}" for one in failed if one.outcome]
    judged = sum(finding.kept is not None for finding in verdict.findings if finding.outcome)
    counted = [f"{len(named)} of {judged} criteria failed: " + "; ".join(named)] if named else []
    return "; ".join([*guards, *counted])


def _told(ledger: Ledger, verdict: Verdict) -> tuple[str, ...]:
    """What whoever asked should read."""
    entry = ledger.entries[-1]
    skipped = [one for one in verdict.findings if one.kept is None]
    kept = sum(bool(one.kept) for one in verdict.findings)
    lines = [f"{REGISTERED_NAME} version {entry.version} is now the {entry.alias}", *verdict.notes]
    if verdict.findings:
        lines.append(f"{kept} criteria kept, {len(skipped)} not judged")
    lines += [f"not judged: {one.outcome}: {one.criterion}: {one.said}" for one in skipped]
    lines += _changed_since(ledger)
    return (*lines, f"ledger entry {entry.sequence}, hash {entry.entry_hash}")


def _changed_since(ledger: Ledger) -> list[str]:
    """A sentence where plan or frozen set are others than at the promotion before."""
    entry, *before = reversed(ledger.entries)
    last = next((e for e in before if e.alias == entry.alias and e.plan_digest), None)
    if last is None or not entry.plan_digest:
        return []
    pairs = {
        "plan": (last.plan_digest, entry.plan_digest),
        "frozen set": (last.frozen_digest, entry.frozen_digest),
    }
    return [
        f"the {name} is another than in entry {last.sequence}: {old[:12] or 'none'} -> "
        f"{new[:12] or 'none'}"
        for name, (old, new) in pairs.items()
        if old != new
    ]


def _set_alias(alias: str, version: str) -> None:
    with told_plainly():
        client().set_registered_model_alias(REGISTERED_NAME, alias, version)
