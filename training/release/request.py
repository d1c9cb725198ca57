"""What is asked of a promotion, and what is answered."""

import getpass
from dataclasses import dataclass

from features.tables import InvalidInputError
from training.release.frozen import FrozenSet
from training.release.plan import DEFAULT, Plan
from training.release.registry import ALIASES
from training.release.verdict import Allowed

CHAMPION = "champion"
LONGEST_REASON = 500
NOTHING = Allowed()


@dataclass(frozen=True)
class Request:
    """What is asked of `promote`.

    `frozen` None where no set was given; `without_evaluation` the reason to do without one;
    `allowed` lifts the plan's guards this once; `by` and `why` go into the ledger, `by` None for
    the user of this machine.
    """

    run_id: str
    alias: str
    plan: Plan = DEFAULT
    frozen: FrozenSet | None = None
    without_evaluation: str | None = None
    allowed: Allowed = NOTHING
    by: str | None = None
    why: str = ""

    @property
    def all_allowed(self) -> Allowed:
        """What flags or plan allow."""
        return Allowed(
            self.allowed.virtual or self.plan.allow_virtual,
            self.allowed.fewer_outcomes or self.plan.allow_fewer_outcomes,
        )


@dataclass(frozen=True)
class Decision:
    """What became of it: the version that the alias names, and sentences for the one who asked."""

    version: str
    said: tuple[str, ...]


def check_alias(alias: str) -> None:
    """Raises InvalidInputError for an alias that no model may have."""
    if alias not in ALIASES:
        raise InvalidInputError(f"alias {alias!r}: one of {', '.join(ALIASES)} is needed")


def check_request(asked: Request) -> None:
    """Raises InvalidInputError for what contradicts itself, before anything is looked up."""
    check_alias(asked.alias)
    if asked.frozen and asked.alias != CHAMPION:
        raise InvalidInputError("--frozen: a challenger is not in service and is not judged")
    if asked.without_evaluation is None:
        return
    if asked.frozen:
        raise InvalidInputError("--without-evaluation: a frozen set is given: leave out one")
    if not asked.without_evaluation.strip():
        raise InvalidInputError("--without-evaluation: needs a reason for the ledger")


def user_name() -> str:
    """This machine's user; raises InvalidInputError where, as in a container, it has no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError) as fault:
        raise InvalidInputError("this machine's user has no name: say who with --by") from fault


def one_line(text: str) -> str:
    """The words of a reason on one line; raises InvalidInputError where they are too many."""
    words = " ".join(text.split())
    if len(words) > LONGEST_REASON:
        raise InvalidInputError(f"a reason of {len(words)} characters, {LONGEST_REASON} at most")
    return words
