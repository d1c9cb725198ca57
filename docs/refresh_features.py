"""Writes docs/features.md, the page of every declared column, from the declarations.

.venv/bin/python docs/refresh_features.py
"""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from features.declared import COLUMNS, FEATURES
from features.families import FAMILIES, Family
from features.kinetics.rows import KINETIC_COLUMNS
from features.meanings import (
    MEANINGS,
    meaning_of_feature,
    name_of_key,
    unit_of_key,
)
from features.scores import SCORES
from features.trajectory import Statistic

PAGE = ROOT / "docs/features.md"
OPENING = """# Declared features

Written by `docs/refresh_features.py` from the declarations in `features/`; a test keeps it current.

A row of features belongs to one patient and one as-of time, and uses only what was known then: an
event counts from the moment its result was known until a correction replaced it. A window of *h*
hours runs backwards from the as-of time; it holds what was measured after as-of minus *h* and up to
the as-of time. The course starts with the first dose of therapy, else with admission to intensive
care, else with admission. Every column is a float32, missing where there is no number. A grade of
CRS or ICANS that nobody renewed for three days is not known any more; its age, its peak and the
hours since stay.

{count} columns are declared: {trajectory} trajectory columns in {families} families, a statistic of
one key each, {kinetic} of CRP kinetics, and {scores} scores. {used} of them may be seen by the
model of severe CRS and {infection} by that of infection (`features/declared.py`); each model keeps
those that its training data fill.
"""


def table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    rows = [head, ["---"] * len(head), *lines]
    return "".join(f"| {' | '.join(cell.replace('|', '/') for cell in row)} |\n" for row in rows)


def statistics() -> str:
    """What each statistic is, in general."""
    lines = []
    for statistic in Statistic:
        said = MEANINGS[statistic]
        filled = {"window": "in the window", "level": "a limit"}
        unit = said.unit.format(unit="the key's")
        missing = said.missing.format(**filled)
        lines.append((f"`{statistic}`", said.words.format(**filled), unit, missing))
    return table(("statistic", "meaning", "unit", "missing where"), lines)


def family_part(family: Family) -> str:
    """One family: why, by whom, its keys and its columns."""
    first, many = family.keys[0], len(family.keys) > 1
    own_unit = "the key's" if many else unit_of_key(first)
    columns = [
        (
            f"*key*{feature.name.removeprefix(first)}" if many else f"`{feature.name}`",
            meaning_of_feature(feature),
            MEANINGS[feature.statistic].unit.format(unit=own_unit),
        )
        for shape in family.shapes
        for feature in shape.of(first)
    ]
    keys = [(f"`{key}`", name_of_key(key), unit_of_key(key)) for key in family.keys]
    return "\n".join(
        (
            f"## {family.name}\n",
            f"{len(family.features)} columns. {family.why}\n",
            f"Source: {family.source}.\n",
            table(("key", "name", "unit"), keys),
            table(("column", "meaning", "unit"), columns),
        )
    )


def scores_part() -> str:
    """Columns computed from others."""
    lines = [(f"`{score.name}`", score.meaning, score.source) for score in SCORES]
    return "## Ratios and published scores\n\n" + table(("column", "meaning", "source"), lines)


def kinetics_part() -> str:
    """Columns of the CRP kinetics."""
    lines = [(f"`{row.name}`", row.meaning, row.unit) for row in KINETIC_COLUMNS]
    said = (
        "Of the turnover of CRP, and of what blockade of IL-6 hides; see [kinetics](kinetics.md).\n"
    )
    return f"## CRP kinetics\n\n{said}\n" + table(("column", "meaning", "unit"), lines)


def page() -> str:
    """The page's text."""
    opening = OPENING.format(
        count=len(FEATURES),
        trajectory=len(FEATURES) - len(SCORES) - len(KINETIC_COLUMNS),
        kinetic=len(KINETIC_COLUMNS),
        families=len(FAMILIES),
        scores=len(SCORES),
        **dict(zip(("used", "infection"), map(len, COLUMNS.values()), strict=True)),
    )
    parts = [opening, "## Statistics\n\n" + statistics()]
    return "\n".join([*parts, *map(family_part, FAMILIES), kinetics_part(), scores_part()])


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
