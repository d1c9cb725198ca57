"""What the plan says of a change: guards and criteria, gathered into one verdict."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from features.tables import InvalidInputError
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
        """Every failed criterion with number and limit, as the ledger has it; empty where none."""
        named = "; ".join(_named(one) for one in self._criteria if one.kept is False)
        return "; ".join([*self._guards, *([f"{self._counted}: {named}"] if named else [])])

    @property
    def headline(self) -> str:
        """The refusal in short: the guards, and how many criteria failed."""
        failed = any(one.kept is False for one in self._criteria)
        return "; ".join(
            [*self._guards, *([f"{self._counted}, nothing changes"] if failed else [])]
        )

    @property
    def lines(self) -> list[str]:
        """A line for each criterion: those that failed, those not judged, then those kept."""
        return [
            f"{word}: {_named(one)}"
            for kept, word in ((False, "failed"), (None, "not judged"), (True, "kept"))
            for one in self._criteria
            if one.kept is kept
        ]

    @property
    def _guards(self) -> list[str]:
        return [one.said for one in self.findings if not one.outcome and one.kept is False]

    @property
    def _criteria(self) -> list[Finding]:
        return [one for one in self.findings if one.outcome]

    @property
    def _counted(self) -> str:
        judged = [one.kept for one in self._criteria if one.kept is not None]
        return f"{judged.count(False)} of {len(judged)} criteria failed"

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


class RefusedError(InvalidInputError):
    """The plan refuses a model: the message says so in short, `lines` say it of each criterion."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.headline)
        self.lines = verdict.lines


def _named(one: Finding) -> str:
    return f"{one.outcome}: {one.criterion}: {one.said}"


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
