"""All that a report shows, for machines: the page as JSON, its numbers as tidy Parquet tables."""

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, is_dataclass
from itertools import repeat
from pathlib import Path
from typing import Any

import pandas as pd

from features.catalogue.naming import unit_of
from training.folders import TABLES_FOLDER
from training.report.examples import Course
from training.report.explained import title_of
from training.report.shown import Shown
from training.statements.answers import Statement
from training.words.judged_patients import PUBLIC_FORMATS

Line = tuple[Any, ...]
ENDS = ("value", "low", "high")


@dataclass(frozen=True)
class Sources:
    """What the tables are made of."""

    evaluation: Mapping[str, Any]
    shown: Shown
    statements: Sequence[Statement]

    @property
    def exposes_nobody(self) -> bool:
        """Whether the values of single rows may travel: virtual patients, or published files."""
        judged_on = self.evaluation.get("judged_on") or {}
        return bool(judged_on.get("virtual")) or judged_on.get("format") in PUBLIC_FORMATS


@dataclass(frozen=True)
class Column:
    """A column's name, its type for pandas and what it means."""

    name: str
    dtype: str
    meaning: str


@dataclass(frozen=True)
class Table:
    """One long table: a value a line; `lines` makes its lines in the order of its columns."""

    name: str
    meaning: str
    columns: tuple[Column, ...]
    lines: Callable[[Sources], Iterator[Line]]

    def frame(self, sources: Sources) -> pd.DataFrame:
        """The table; the same columns and types also where it has no line."""
        table = pd.DataFrame(list(self.lines(sources)), columns=[c.name for c in self.columns])
        return table.astype({column.name: column.dtype for column in self.columns})


def write_data(
    values: Mapping[str, Any], evaluation: Mapping[str, Any], shown: Shown, out: Path
) -> None:
    """Write report.json (what the page says), a JSON a statement, and the folder `tables`."""
    write_json(as_plain(values), out / "report.json")
    for statement in values["statements"]:
        write_json(statement.as_json(), out / f"{statement.name}.json")
    folder = out / TABLES_FOLDER
    folder.mkdir(exist_ok=True)
    sources = Sources(evaluation, shown, values["statements"])
    for table in TABLES:
        table.frame(sources).to_parquet(folder / f"{table.name}.parquet", index=False)
    (folder / "README.md").write_text(tables_readme(), encoding="utf-8")


def write_json(value: Mapping[str, Any], path: Path) -> None:
    """Write plain values as JSON for people's eyes."""
    text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def as_plain(value: Any) -> Any:
    """The page's values without drawings; a number without end is told as null.

    >>> as_plain({"svg": "<svg/>", "lines": ({"kind": "roc"},)})
    {'lines': [{'kind': 'roc'}]}
    """
    if isinstance(value, Statement):
        return value.as_json()
    if is_dataclass(value) and not isinstance(value, type):
        return as_plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(key): as_plain(one) for key, one in value.items() if key != "svg"}
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, str | int | float | bool) or value is None:
        return value
    return [as_plain(one) for one in value] if isinstance(value, Sequence) else str(value)


def tables_readme() -> str:
    """What each table and column means, as Markdown."""
    parts = ["# Tables of the report\n", "One value a line; empty where not defined.\n"]
    for table in TABLES:
        parts.append(f"## {table.name}.parquet\n\n{table.meaning}\n")
        parts += [f"- `{c.name}` ({c.dtype}): {c.meaning}" for c in table.columns]
        parts.append("")
    return "\n".join(parts)


# Lines ----------------------------------------------------------------------------------------


def _outcomes(sources: Sources) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield from sources.evaluation["outcomes"].items()


def _figures(figures: Mapping[str, Mapping[str, Any]], *head: str) -> Iterator[Line]:
    for metric, figure in figures.items():
        yield (*head, metric, *(figure[end] for end in ENDS), figure.get("reason"))


def _metrics(sources: Sources) -> Iterator[Line]:
    for outcome, judged in _outcomes(sources):
        for scorer, answer in judged["models"].items():
            yield from _figures(answer["metrics"], outcome, scorer)


def _differences(sources: Sources) -> Iterator[Line]:
    for outcome, judged in _outcomes(sources):
        for other, gaps in judged["differences"].items():
            yield from _figures(gaps, outcome, other)


def _strata(sources: Sources) -> Iterator[Line]:
    for outcome, judged in _outcomes(sources):
        for stratum, parts in (judged.get("strata") or {}).items():
            for group, part in parts.items():
                for scorer, answer in part["models"].items():
                    yield from _figures(answer["metrics"], outcome, stratum, group, scorer)


def _counts(sources: Sources) -> Iterator[Line]:
    for outcome, judged in _outcomes(sources):
        yield from _counted(judged["counts"], outcome, None, None)
        for stratum, parts in (judged.get("strata") or {}).items():
            for group, part in parts.items():
                yield from _counted(part["counts"], outcome, stratum, group)


def _counted(counts: Mapping[str, int], *head: str | None) -> Iterator[Line]:
    for name, number in counts.items():
        yield (*head, name, number)


def _curves(sources: Sources) -> Iterator[Line]:
    for outcome, judged in _outcomes(sources):
        for scorer, answer in judged["models"].items():
            yield from _points(answer.get("curves") or {}, (outcome, scorer), "")


def _points(curves: Mapping[str, Any], head: tuple[str, str], place: str) -> Iterator[Line]:
    """The points of nested curves; `place` are the names on the way down."""
    for name, inner in curves.items():
        if isinstance(inner, Mapping):
            yield from _points(inner, head, f"{place}/{name}".strip("/"))
        else:
            for point, number in enumerate(inner):
                yield (*head, place, point, name, number)


def _panels(sources: Sources) -> Iterator[Line]:
    for outcome, lines in (sources.evaluation.get("panels") or {}).items():
        for line in lines:
            head = (outcome, line["panel"], line["way"], line["columns"])
            figures = {name: value for name, value in line.items() if isinstance(value, Mapping)}
            for metric, figure in figures.items():
                yield (*head, metric, *(figure[end] for end in ENDS))


def _importance(sources: Sources) -> Iterator[Line]:
    for outcome, found in sources.shown.explained.items():
        for line in found.importance.itertuples():
            yield (outcome, line.analyte, title_of(line.analyte), line.mean_absolute, line.share,
                   line.persistence, len(found.contributions))  # fmt: skip


def _contributions(sources: Sources) -> Iterator[Line]:
    for outcome, found in sources.shown.explained.items():
        rows = range(len(found.contributions))
        told = found.values if sources.exposes_nobody else pd.DataFrame(index=rows)
        for analyte, shares in found.contributions.items():
            values = told[analyte].tolist() if analyte in told else repeat(None)
            yield from zip(
                repeat(outcome), rows, repeat(analyte), shares.tolist(), values, strict=False
            )


def _interactions(sources: Sources) -> Iterator[Line]:
    for outcome, found in sources.shown.explained.items():
        for line in found.pairs.itertuples():
            yield outcome, line.first, line.second, line.strength, found.pair_rows


def _kinds(sources: Sources) -> Iterator[Line]:
    for outcome, found in sources.shown.examples.items():
        for line in found.counted.itertuples():
            yield outcome, line.kind, line.model, line.persistence


def _courses(sources: Sources) -> Iterator[Line]:
    for outcome, found in sources.shown.examples.items():
        for course in found.courses:
            for line in _course(course):
                yield outcome, str(course.kind), *line


def _course(course: Course) -> Iterator[Line]:
    """Day, what, value and unit."""
    for day, ours, theirs in zip(course.day, course.risk, course.persistence, strict=True):
        yield day, "risk", ours, ""
        yield day, "persistence", theirs, ""
    for day, value in zip(course.crp_day, course.crp, strict=True):
        yield day, "crp", value, unit_of("crp")
    for mark in course.marks:
        yield mark.day, mark.line.lower(), float(mark.words) if mark.words else None, ""
    for day in course.onsets:
        yield day, "event", None, ""


def _rejects(sources: Sources) -> Iterator[Line]:
    yield from (sources.evaluation.get("rejects") or {}).items()


def _statements(sources: Sources) -> Iterator[Line]:
    for statement in sources.statements:
        for p in statement.points:
            yield statement.name, p.number, p.group, p.topic, p.status, p.answer, p.missing


# Declarations ---------------------------------------------------------------------------------


TEXT, FLOAT, WHOLE, YES_NO = "str", "float64", "int64", "bool"
OUTCOME = Column("outcome", TEXT, "what is foretold")
SCORER = Column("scorer", TEXT, "the model, persistence or another simpler scorer")
FIGURE = (
    Column("metric", TEXT, "the figure's name, as in metrics.json"),
    Column("value", FLOAT, "estimate"),
    Column("low", FLOAT, "lower end of the 95 % interval"),
    Column("high", FLOAT, "upper end of the 95 % interval"),
)
REASON = Column("reason", TEXT, "why a value or an interval is missing")
STRATUM = (
    Column("stratum", TEXT, "by what rows are grouped; empty for all rows"),
    Column("group", TEXT, "the group's value"),
)
ANALYTE = Column("analyte", TEXT, "the catalogue's key")

TABLES = (
    Table("metrics", "Every figure of every scorer, persistence among them.",
          (OUTCOME, SCORER, *FIGURE, REASON), _metrics),
    Table("differences", "The model minus each other scorer, paired: the gain.",
          (OUTCOME, Column("minus", TEXT, "the other scorer"), *FIGURE, REASON), _differences),
    Table("strata", "The same figures within groups of rows, such as today's grade.",
          (OUTCOME, *STRATUM, SCORER, *FIGURE, REASON), _strata),
    Table("counts", "Patients and rows judged and left out.",
          (OUTCOME, *STRATUM, Column("count", TEXT, "what is counted"),
           Column("number", WHOLE, "how many")), _counts),
    Table("curves", "The points of all curves.",
          (OUTCOME, SCORER, Column("curve", TEXT, "which curve, part after part"),
           Column("point", WHOLE, "place along the curve, from 0"),
           Column("quantity", TEXT, "what the number is"),
           Column("number", FLOAT, "the point's value")), _curves),
    Table("panels", "What less measured costs.",
          (OUTCOME, Column("panel", TEXT, "what was measured"),
           Column("way", TEXT, "one model, or retrained"),
           Column("columns", WHOLE, "features left"), *FIGURE), _panels),
    Table("importance", "How much each analyte moves the risks.",
          (OUTCOME, ANALYTE, Column("name", TEXT, "the analyte's name"),
           Column("mean_absolute", FLOAT, "mean absolute contribution, log-odds"),
           Column("share", FLOAT, "its share of all analytes' sum"),
           Column("persistence", YES_NO, "whether persistence reads it, too"),
           Column("rows", WHOLE, "rows explained")), _importance),
    Table("contributions", "Each explained row's contributions; rows carry no patient.",
          (OUTCOME, Column("row", WHOLE, "running number of the row"), ANALYTE,
           Column("log_odds", FLOAT, "contribution"),
           Column("value", FLOAT, "the last value; of a drug 1 where it was given before, else 0; "
                  "missing too where patients are real and not published")), _contributions),
    Table("interactions", "How strongly pairs of analytes act together.",
          (OUTCOME, Column("first", TEXT, "one analyte"), Column("second", TEXT, "the other"),
           Column("mean_absolute", FLOAT, "mean absolute effect together, log-odds"),
           Column("rows", WHOLE, "rows explained")), _interactions),
    Table("example_kinds", "Patients by how their alarms met what happened.",
          (OUTCOME, Column("kind", TEXT, "true alarm, missed event, false alarm, quiet course"),
           Column("model", WHOLE, "patients by the model's alarms"),
           Column("persistence", WHOLE, "patients by persistence's alarms")), _kinds),
    Table("example_courses", "The drawn patients' courses; virtual or published patients only.",
          (OUTCOME, Column("kind", TEXT, "which example"),
           Column("day", FLOAT, "days since the first row"),
           Column("quantity", TEXT, "risk, persistence, crp, grade, a dose, event"),
           Column("value", FLOAT, "its value; missing for doses and events"),
           Column("unit", TEXT, "its unit")), _courses),
    Table("rejects", "Records set aside.",
          (Column("reason", TEXT, "why"), Column("records", WHOLE, "how many")), _rejects),
    Table("statements", "TRIPOD+AI and the HTI-1 source attributes, answered.",
          (Column("statement", TEXT, "which"), Column("number", TEXT, "the source's number"),
           Column("group", TEXT, "its part"), Column("topic", TEXT, "what is asked, our words"),
           Column("status", TEXT, "filled, in part, or open"),
           Column("answer", TEXT, "what the run says"),
           Column("missing", TEXT, "what people must write")), _statements),
)  # fmt: skip
