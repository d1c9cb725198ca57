"""What a statement is made of: points that ask, and answers that say who still has to write."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from training.statements.facts import Facts


class Status(StrEnum):
    """How far the run answers a point."""

    FILLED = "filled from the run"
    PARTLY = "filled in part"
    OPEN = "open"


@dataclass(frozen=True)
class Answer:
    """What the run says; `missing` is what people must still write, empty where nothing is."""

    status: Status
    text: str
    missing: str = ""


def filled(text: str) -> Answer:
    """The run answers all of it."""
    return Answer(Status.FILLED, text)


def partly(text: str, missing: str) -> Answer:
    """The run answers a part of it."""
    return Answer(Status.PARTLY, text, missing)


def left_open(missing: str, text: str = "") -> Answer:
    """The run does not answer it."""
    return Answer(Status.OPEN, text or "Not answerable from a run.", missing)


@dataclass(frozen=True)
class Point:
    """One thing that is asked: its number in the source, its group and topic in our own words."""

    number: str
    group: str
    topic: str
    answer: Callable[[Facts], Answer]


@dataclass(frozen=True)
class Answered:
    """One point with what the run answers."""

    number: str
    group: str
    topic: str
    status: str
    answer: str
    missing: str


@dataclass(frozen=True)
class Statement:
    """A guideline or rule, answered: its title, where it is published, and its points in order."""

    name: str
    title: str
    source: str
    points: tuple[Answered, ...]

    @property
    def counted(self) -> dict[str, int]:
        """How many points have each status, all of them named."""
        found = Counter(point.status for point in self.points)
        return {str(status): found[str(status)] for status in Status}

    @property
    def sentence(self) -> str:
        """How much of it is filled."""
        counted = self.counted
        return (
            f"{len(self.points)} points: {counted[Status.FILLED]} filled from the run, "
            f"{counted[Status.PARTLY]} in part, {counted[Status.OPEN]} open for people to write."
        )

    def as_json(self) -> dict[str, Any]:
        """Plain values, the counts among them."""
        return asdict(self) | {"counted": self.counted, "sentence": self.sentence}


def answered(
    name: str, title: str, source: str, points: Sequence[Point], facts: Facts
) -> Statement:
    """Put every point to the run's facts."""
    return Statement(name, title, source, tuple(_answered(point, facts) for point in points))


def _answered(point: Point, facts: Facts) -> Answered:
    found = point.answer(facts)
    return Answered(
        point.number, point.group, point.topic, str(found.status), found.text, found.missing
    )
