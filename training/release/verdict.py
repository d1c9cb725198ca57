"""What the plan says of a change: guards and criteria, gathered into one verdict."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from models.bundle import Bundle
from training.release.frozen import FrozenSet
from training.release.judgement import Finding
from training.release.plan import Plan


@dataclass(frozen=True)
class Verdict:
    """What was found: `word` is passed, refused or not judged; `content` all of it, for the ledger.

    A finding without outcome is a guard's.
    """

    word: str
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    content: Mapping[str, Any] = field(default_factory=dict)

    @property
    def refusal(self) -> str:
        """Every failed criterion with number and limit in one line; empty where none failed."""
        failed = [finding for finding in self.findings if finding.kept is False]
        guards = [finding.said for finding in failed if not finding.outcome]
        named = [f"{one.outcome}: {one.criterion}: {one.said}" for one in failed if one.outcome]
        judged = sum(one.kept is not None for one in self.findings if one.outcome)
        counted = f"{len(named)} of {judged} criteria failed: " + "; ".join(named)
        return "; ".join([*guards, *([counted] if named else [])])

    @property
    def summary(self) -> list[str]:
        """How many criteria were kept, and a line for each reason why others were not judged."""
        if not self.findings:
            return []
        unjudged: dict[str, list[str]] = {}
        for one in self.findings:
            if one.kept is None:
                unjudged.setdefault(one.said, []).append(f"{one.outcome} {one.criterion}")
        kept = sum(bool(one.kept) for one in self.findings)
        return [
            f"{kept} criteria kept",
            *(f"not judged, {reason}: {', '.join(names)}" for reason, names in unjudged.items()),
        ]


def concluded(
    plan: Plan, frozen: FrozenSet | None, found: Sequence[Finding], notes: Sequence[str]
) -> Verdict:
    """The verdict on these findings, with the plan and the frozen set that they rest on."""
    failed = any(finding.kept is False for finding in found)
    content = {
        "plan": asdict(plan),
        "frozen": asdict(frozen.manifest) if frozen else None,
        "notes": list(notes),
        "criteria": [asdict(finding) for finding in found],
    }
    judged = any(finding.kept for finding in found)
    word = "refused" if failed else "passed" if frozen and judged else "not judged"
    return Verdict(word, tuple(found), tuple(notes), content)


@dataclass(frozen=True)
class Allowed:
    """What a promotion may do only when told so."""

    virtual: bool = False
    fewer_outcomes: bool = False


def guards(name: str, in_use: Bundle, proposed: Bundle, allowed: Allowed) -> Iterator[Finding]:
    """What a ward would not want to find one morning in the place of its model."""
    if proposed.card.virtual and not in_use.card.virtual and not allowed.virtual:
        said = (
            f"{name} learnt from {in_use.card.learnt_from}; this model learnt from "
            f"{proposed.card.learnt_from}: to replace it all the same: --allow-virtual"
        )
        yield Finding("", "virtual", False, said)
    lost = [outcome for outcome in in_use.outcomes if outcome not in proposed.outcomes]
    if lost and not allowed.fewer_outcomes:
        said = (
            f"{name} answers {', '.join(in_use.outcomes)}; this model does not answer "
            f"{', '.join(lost)}: to replace it all the same: --allow-fewer-outcomes"
        )
        yield Finding("", "fewer_outcomes", False, said)
